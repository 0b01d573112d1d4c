/* SPDX-License-Identifier: Apache-2.0 */
#include "front/probe.h"

#include <string.h>

static const char parameter[] = "target";

static bool is_of_target(const void *context, const char *collector, const char *target)
{
    (void)collector;
    return strcmp(http_request_parameter(context, parameter), target) == 0;
}

static bool is_not_ours(const void *context, const char *name, size_t size)
{
    static const char *const prefixes[] = {"minotor_", "process_", "promhttp_"};
    (void)context;
    for (size_t i = 0; i < sizeof prefixes / sizeof prefixes[0]; i++)
        if (size >= strlen(prefixes[i]) && memcmp(name, prefixes[i], strlen(prefixes[i])) == 0)
            return false;
    return true;
}

static bool is_target(const struct store *store, const char *name)
{
    for (size_t i = 0; i < SLOTS_MAX; i++)
        if (store->slots[i].used && strcmp(store->slots[i].identity.target, name) == 0)
            return true;
    return false;
}

void probe_read(struct probe *probe, const struct http_request *request, const struct store *store)
{
    const char *target = http_request_parameter(request, parameter);
    *probe = (struct probe){.status = 200,
                            .page = {.wants_slot = is_of_target, .wants_family = is_not_ours, .context = request}};
    if (request->fault || !target || target[0] == '\0') {
        probe->status = 400;
        probe->fault = "400 say which target: /probe?target=NAME\n";
    } else if (!is_target(store, target)) {
        probe->status = 404;
        probe->fault = "404 there is no such target; the status page at / lists them\n";
    }
}
