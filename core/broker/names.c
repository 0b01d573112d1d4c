/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/names.h"

#include <netdb.h>
#include <string.h>
#include <strings.h>

#include "common/log.h"

void names_init(struct names *names, const struct places *places)
{
    memset(names, 0, sizeof *names);
    for (unsigned i = 0; i < places->count; i++)
        if (places->place[i].host[0] != '\0' && names_find(names, places->place[i].host) == NULL)
            names->name[names->count++].host = places->place[i].host;
}

struct name *names_find(struct names *names, const char *host)
{
    for (unsigned i = 0; i < names->count; i++)
        if (strcasecmp(names->name[i].host, host) == 0)
            return &names->name[i];
    return NULL;
}

static bool had(const struct name *name, const struct reach_address *address)
{
    for (unsigned i = 0; i < name->kept_count; i++)
        if (reach_same_address(&name->kept[i], address))
            return true;
    return false;
}

bool names_allow(const struct names *names, const struct places *places, const struct reach_place *where)
{
    for (unsigned i = 0; i < places->count; i++) {
        const struct place *place = &places->place[i];
        if (place->host[0] == '\0' || place->where.port != where->port)
            continue;
        for (unsigned k = 0; k < names->count; k++)
            if (strcasecmp(names->name[k].host, place->host) == 0 && had(&names->name[k], &where->address))
                return true;
    }
    return false;
}

bool name_is_fresh(const struct name *name, int64_t now_ms)
{
    return name->now_count > 0 && now_ms < name->fresh_until_ms;
}

void name_doubt(struct name *name, const char *why)
{
    if (name->now_count == 0)
        return;
    if (!name->is_stale)
        log_warning("%s: %s; its addresses from before are used", name->host, why);
    name->is_stale = true;
}

bool name_look(struct name *name)
{
    if (name->lookup == NULL)
        name->lookup = lookup_begin(name->host);
    return name->lookup != NULL;
}

/* To the front; the one that has not been heard of for longest makes room. */
static void keep(struct name *name, const struct reach_address *address)
{
    unsigned place = 0;
    while (place < name->kept_count && !reach_same_address(&name->kept[place], address))
        place++;
    if (place == NAME_ADDRESSES_KEPT_MAX)
        place--;
    if (place == name->kept_count)
        name->kept_count++;
    memmove(&name->kept[1], &name->kept[0], place * sizeof name->kept[0]);
    name->kept[0] = *address;
}

int name_learn(struct name *name, int code, const struct reach_address *addresses, unsigned count, bool is_awaited,
               int64_t now_ms)
{
    if (code == 0 && count == 0)
        code = EAI_NONAME;
    if (code == 0) {
        if (name->is_stale)
            log_info("%s: the name service knows its addresses again", name->host);
        name->is_stale = false;
        name->now_count = count;
        memcpy(name->now, addresses, count * sizeof *addresses);
        for (unsigned i = 0; i < count; i++)
            keep(name, &addresses[i]);
        name->fresh_until_ms = now_ms + (is_awaited ? NAME_FRESH_MS : API_NAME_AGE_MAX_MS);
        return 0;
    }
    name_doubt(name, gai_strerror(code));
    return name->now_count > 0 ? 0 : code;
}

int name_take(struct name *name, bool is_awaited, int64_t now_ms)
{
    const struct reach_address *addresses;
    unsigned count = lookup_addresses(name->lookup, &addresses);
    int code = name_learn(name, lookup_code(name->lookup), addresses, count, is_awaited, now_ms);
    lookup_release(name->lookup);
    name->lookup = NULL;
    return code;
}
