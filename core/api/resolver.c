/* SPDX-License-Identifier: Apache-2.0 */
#include "api/resolver.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "common/contract.h"
#include "common/text.h"

#define STACK_BYTES (512u * 1024) /* the libraries of the name service keep answers of 64 KiB on it */

/* Held by the resolver and by the thread; the last one frees it. */
struct lookup {
    atomic_int holders;
    int descriptor;
    int code; /* of getaddrinfo(); written before the descriptor becomes readable */
    char host[URL_HOST_MAX_BYTES + 1];
    char addresses[RESOLVER_TEXT_BYTES];
};

static void release(struct lookup *lookup)
{
    if (atomic_fetch_sub(&lookup->holders, 1) > 1)
        return;
    close(lookup->descriptor);
    free(lookup);
}

static void list_addresses(const struct addrinfo *found, char *out, size_t out_bytes)
{
    size_t used = 0;
    out[0] = '\0';
    for (int count = 0; found != NULL && count < RESOLVER_ADDRESSES_MAX; found = found->ai_next, count++) {
        char text[INET6_ADDRSTRLEN];
        const void *address = found->ai_family == AF_INET6
                                  ? (const void *)&((const struct sockaddr_in6 *)(const void *)found->ai_addr)->sin6_addr
                                  : (const void *)&((const struct sockaddr_in *)(const void *)found->ai_addr)->sin_addr;
        if (inet_ntop(found->ai_family, address, text, sizeof text) == NULL ||
            !text_format(out + used, out_bytes - used, "%s%s", used > 0 ? "," : "", text))
            break;
        used += strlen(out + used);
    }
}

static void *look(void *argument)
{
    struct lookup *lookup = argument;
    const struct addrinfo wanted = { .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM };
    struct addrinfo *found = NULL;
    lookup->code = getaddrinfo(lookup->host, NULL, &wanted, &found);
    if (lookup->code == 0) {
        list_addresses(found, lookup->addresses, sizeof lookup->addresses);
        freeaddrinfo(found);
    }
    const uint64_t one = 1;
    ssize_t written = write(lookup->descriptor, &one, sizeof one);
    (void)written; /* the counter of an eventfd has room for it */
    release(lookup);
    return NULL;
}

void resolver_init(struct resolver *resolver, const char *host)
{
    memset(resolver, 0, sizeof *resolver);
    resolver->host = host;
}

bool resolver_is_fresh(const struct resolver *resolver, int64_t now_ms)
{
    return resolver->addresses[0] != '\0' && now_ms < resolver->known_until_ms;
}

/* Signals are the main thread's business. */
static int start_thread(struct lookup *lookup)
{
    pthread_attr_t attributes;
    pthread_t thread;
    sigset_t all, before;
    int error = pthread_attr_init(&attributes);
    if (error != 0)
        return error;
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attributes, STACK_BYTES);
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    error = pthread_create(&thread, &attributes, look, lookup);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
    return error;
}

int resolver_begin(struct resolver *resolver)
{
    if (resolver->lookup != NULL)
        return resolver->lookup->descriptor;
    struct lookup *lookup = calloc(1, sizeof *lookup);
    int error = lookup == NULL ? ENOMEM : 0;
    if (error == 0) {
        atomic_init(&lookup->holders, 2);
        text_format(lookup->host, sizeof lookup->host, "%s", resolver->host);
        lookup->descriptor = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        error = lookup->descriptor < 0 ? errno : start_thread(lookup);
    }
    if (error == 0) {
        resolver->lookup = lookup;
        return lookup->descriptor;
    }
    if (lookup != NULL && lookup->descriptor >= 0)
        close(lookup->descriptor);
    free(lookup);
    text_format(resolver->error, sizeof resolver->error, "%s", strerror(error));
    return -1;
}

void resolver_take(struct resolver *resolver, int64_t now_ms)
{
    struct lookup *lookup = resolver->lookup;
    resolver->error[0] = '\0';
    if (lookup->code == EAI_AGAIN)
        text_format(resolver->error, sizeof resolver->error, RESOLVER_SILENT);
    else if (lookup->code != 0)
        text_format(resolver->error, sizeof resolver->error, "%s", gai_strerror(lookup->code));
    else if (lookup->addresses[0] == '\0')
        text_format(resolver->error, sizeof resolver->error, "it has no address");
    else
        memcpy(resolver->addresses, lookup->addresses, sizeof resolver->addresses);
    /* Also after a failure: addresses that work are not given up because the name service is away. */
    resolver->known_until_ms = now_ms + API_NAME_AGE_MAX_MS;
    resolver->lookup = NULL;
    release(lookup);
}

void resolver_distrust(struct resolver *resolver)
{
    resolver->known_until_ms = 0;
}

void resolver_destroy(struct resolver *resolver)
{
    if (resolver->lookup != NULL)
        release(resolver->lookup);
    resolver->lookup = NULL;
}
