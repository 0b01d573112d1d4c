/* SPDX-License-Identifier: Apache-2.0 */
#include "common/lookup.h"

#include <errno.h>
#include <netdb.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/text.h"

#define STACK_BYTES (512u * 1024) /* the libraries of the name service keep answers of 64 KiB on it */

/* Held by whoever began it and by the thread; the last one frees it. */
struct lookup {
    atomic_int holders;
    int descriptor;
    int code; /* of getaddrinfo(); this and the next are written before the descriptor becomes readable */
    unsigned count;
    struct reach_address addresses[NAME_ADDRESSES_MAX];
    char host[CONFIG_TEXT_BYTES];
};

void lookup_release(struct lookup *lookup)
{
    if (lookup == NULL || atomic_fetch_sub(&lookup->holders, 1) > 1)
        return;
    close(lookup->descriptor);
    free(lookup);
}

static void list_addresses(struct lookup *lookup, const struct addrinfo *found)
{
    struct reach_place place;
    for (; found != NULL && lookup->count < NAME_ADDRESSES_MAX; found = found->ai_next) {
        /* What the entry says goes before its length: libraries of the name service leave that out. */
        size_t size = found->ai_family == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
        if (reach_place_of(found->ai_addr, size, &place))
            lookup->addresses[lookup->count++] = place.address;
    }
}

static void *look(void *argument)
{
    struct lookup *lookup = argument;
    const struct addrinfo wanted = { .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM };
    struct addrinfo *found = NULL;
    lookup->code = getaddrinfo(lookup->host, NULL, &wanted, &found);
    if (lookup->code == 0) {
        list_addresses(lookup, found);
        freeaddrinfo(found);
    }
    const uint64_t one = 1;
    ssize_t written = write(lookup->descriptor, &one, sizeof one);
    (void)written; /* the counter of an eventfd has room for it */
    lookup_release(lookup);
    return NULL;
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

struct lookup *lookup_begin(const char *host)
{
    struct lookup *lookup = calloc(1, sizeof *lookup);
    if (lookup == NULL)
        return NULL;
    atomic_init(&lookup->holders, 2);
    lookup->descriptor = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    int error = lookup->descriptor < 0 ? errno : 0;
    if (!text_format(lookup->host, sizeof lookup->host, "%s", host))
        error = ENAMETOOLONG;
    if (error == 0)
        error = start_thread(lookup);
    if (error == 0)
        return lookup;
    if (lookup->descriptor >= 0)
        close(lookup->descriptor);
    free(lookup);
    errno = error;
    return NULL;
}

int lookup_descriptor(const struct lookup *lookup)
{
    return lookup->descriptor;
}

int lookup_code(const struct lookup *lookup)
{
    return lookup->code;
}

unsigned lookup_addresses(const struct lookup *lookup, const struct reach_address **addresses)
{
    *addresses = lookup->addresses;
    return lookup->count;
}
