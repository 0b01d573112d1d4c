/* SPDX-License-Identifier: Apache-2.0 */
#include "api/resolver.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <string.h>

#include "common/text.h"

static void list_addresses(const struct lookup *lookup, char *out, size_t out_bytes)
{
    const struct reach_address *addresses;
    unsigned count = lookup_addresses(lookup, &addresses);
    size_t used = 0;
    out[0] = '\0';
    for (unsigned i = 0; i < count; i++) {
        char text[INET6_ADDRSTRLEN];
        int family = addresses[i].family == REACH_IPV6 ? AF_INET6 : AF_INET;
        if (inet_ntop(family, addresses[i].bytes, text, sizeof text) == NULL ||
            !text_format(out + used, out_bytes - used, "%s%s", used > 0 ? "," : "", text))
            break;
        used += strlen(out + used);
    }
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

int resolver_begin(struct resolver *resolver)
{
    if (resolver->lookup == NULL)
        resolver->lookup = lookup_begin(resolver->host);
    if (resolver->lookup != NULL)
        return lookup_descriptor(resolver->lookup);
    text_format(resolver->error, sizeof resolver->error, "%s", strerror(errno));
    return -1;
}

void resolver_take(struct resolver *resolver, int64_t now_ms)
{
    char addresses[RESOLVER_TEXT_BYTES];
    int code = lookup_code(resolver->lookup);
    list_addresses(resolver->lookup, addresses, sizeof addresses);
    resolver->error[0] = '\0';
    if (code == EAI_AGAIN)
        text_format(resolver->error, sizeof resolver->error, RESOLVER_SILENT);
    else if (code != 0)
        text_format(resolver->error, sizeof resolver->error, "%s", gai_strerror(code));
    else if (addresses[0] == '\0')
        text_format(resolver->error, sizeof resolver->error, "it has no address");
    else
        memcpy(resolver->addresses, addresses, sizeof resolver->addresses);
    /* Also after a failure: addresses that work are not given up because the name service is away. */
    resolver->known_until_ms = now_ms + API_NAME_AGE_MAX_MS;
    lookup_release(resolver->lookup);
    resolver->lookup = NULL;
}

void resolver_distrust(struct resolver *resolver)
{
    resolver->known_until_ms = 0;
}

void resolver_destroy(struct resolver *resolver)
{
    lookup_release(resolver->lookup);
    resolver->lookup = NULL;
}
