/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/places.h"

#include <stdlib.h>
#include <string.h>

#include "common/text.h"

#define TCP "tcp "
#define UNIX "unix "

static bool take_unix(struct place *place, const char *path)
{
    place->where.address.family = REACH_UNIX;
    return path[0] == '/' && text_format(place->where.path, sizeof place->where.path, "%s", path);
}

static bool take_tcp(struct place *place, const char *text)
{
    const char *space = strrchr(text, ' ');
    char *end = NULL;
    unsigned long port = space == NULL ? 0 : strtoul(space + 1, &end, 10);
    if (port < 1 || port > UINT16_MAX || *end != '\0' || space == text ||
        !text_format(place->host, sizeof place->host, "%.*s", (int)(space - text), text))
        return false;
    place->where.port = (uint16_t)port;
    if (reach_parse_address(place->host, &place->where.address))
        place->host[0] = '\0';
    return true;
}

bool places_add(struct places *places, const char *text)
{
    struct place place = { .host = "" };
    bool is_good = false;
    if (strncmp(text, TCP, strlen(TCP)) == 0)
        is_good = take_tcp(&place, text + strlen(TCP));
    else if (strncmp(text, UNIX, strlen(UNIX)) == 0)
        is_good = take_unix(&place, text + strlen(UNIX));
    if (!is_good || places->count == PLACES_MAX)
        return false;
    places->place[places->count++] = place;
    return true;
}

bool places_are_same(const struct reach_place *one, const struct reach_place *other)
{
    if (one->address.family == REACH_UNIX)
        return other->address.family == REACH_UNIX && strcmp(one->path, other->path) == 0;
    return one->port == other->port && reach_same_address(&one->address, &other->address);
}

bool places_has(const struct places *places, const struct reach_place *where)
{
    for (unsigned i = 0; i < places->count; i++)
        if (places->place[i].host[0] == '\0' && places_are_same(&places->place[i].where, where))
            return true;
    return false;
}

bool places_is_database(const struct places *places, const struct reach_place *where)
{
    for (unsigned i = 0; i < places->count; i++) {
        const struct reach_place *place = &places->place[i].where;
        bool is_unix = where->address.family == REACH_UNIX;
        if (!places->place[i].is_database || (place->address.family == REACH_UNIX) != is_unix)
            continue;
        if (is_unix ? strcmp(place->path, where->path) == 0 : place->port == where->port)
            return true;
    }
    return false;
}

void places_describe(const struct places *places, char *out, size_t out_bytes)
{
    char text[CONFIG_TEXT_BYTES + 16];
    size_t used = 0;
    text_format(out, out_bytes, "nothing");
    for (unsigned i = 0; i < places->count; i++) {
        const struct place *place = &places->place[i];
        if (place->host[0] != '\0')
            text_format(text, sizeof text, "%s port %u", place->host, place->where.port);
        else
            reach_describe_place(&place->where, text, sizeof text);
        if (!text_format(out + used, out_bytes - used, "%s%s", used > 0 ? ", " : "", text))
            break;
        used += strlen(out + used);
    }
}
