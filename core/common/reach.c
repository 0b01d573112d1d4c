/* SPDX-License-Identifier: Apache-2.0 */
#include "common/reach.h"

#include <arpa/inet.h>
#include <assert.h>
#include <net/if.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "common/text.h"
#include "common/wire.h"

/* Codec -------------------------------------------------------------------------------------------------------- */

static size_t address_bytes(uint8_t family)
{
    return family == REACH_IPV4 ? 4 : family == REACH_IPV6 ? 16 : 0;
}

static void put_address(struct wire_writer *writer, const struct reach_address *address)
{
    wire_put_u8(writer, address->family);
    for (size_t i = 0; i < address_bytes(address->family); i++)
        wire_put_u8(writer, address->bytes[i]);
    if (address->family == REACH_IPV6)
        wire_put_u32(writer, address->scope);
}

static void get_address(struct wire_reader *reader, struct reach_address *address)
{
    address->family = wire_get_u8(reader);
    for (size_t i = 0; i < address_bytes(address->family); i++)
        address->bytes[i] = wire_get_u8(reader);
    if (address->family == REACH_IPV6)
        address->scope = wire_get_u32(reader);
    if (address_bytes(address->family) == 0 && address->family != REACH_UNIX)
        reader->broken = true;
}

size_t reach_encode_request(const struct reach_request *request, uint8_t *bytes)
{
    struct wire_writer writer;
    wire_writer_init(&writer, bytes, REACH_MESSAGE_MAX_BYTES);
    wire_put_u32(&writer, request->id);
    wire_put_u8(&writer, (uint8_t)request->type);
    if (request->type == REACH_LOOKUP) {
        wire_put_string(&writer, request->host);
    } else {
        wire_put_u8(&writer, (uint8_t)request->kind);
        put_address(&writer, &request->place.address);
        if (request->place.address.family == REACH_UNIX)
            wire_put_string(&writer, request->place.path);
        else
            wire_put_u16(&writer, request->place.port);
    }
    assert(!writer.overflow);
    return writer.size;
}

bool reach_decode_request(const uint8_t *bytes, size_t size, struct reach_request *request)
{
    struct wire_reader reader;
    wire_reader_init(&reader, bytes, size);
    memset(request, 0, sizeof *request);
    request->id = wire_get_u32(&reader);
    uint8_t type = wire_get_u8(&reader);
    if (type == REACH_LOOKUP) {
        wire_get_string(&reader, request->host, sizeof request->host);
    } else if (type == REACH_CONNECT) {
        uint8_t kind = wire_get_u8(&reader);
        if (kind >= REACH_KIND_COUNT)
            return false;
        request->kind = (enum reach_kind)kind;
        get_address(&reader, &request->place.address);
        if (request->place.address.family == REACH_UNIX)
            wire_get_string(&reader, request->place.path, sizeof request->place.path);
        else
            request->place.port = wire_get_u16(&reader);
    } else {
        return false;
    }
    request->type = (enum reach_type)type;
    return wire_done(&reader);
}

size_t reach_encode_answer(const struct reach_answer *answer, uint8_t *bytes)
{
    struct wire_writer writer;
    wire_writer_init(&writer, bytes, REACH_MESSAGE_MAX_BYTES);
    wire_put_u32(&writer, answer->id);
    wire_put_u8(&writer, (uint8_t)answer->type);
    wire_put_u32(&writer, (uint32_t)answer->error);
    if (answer->type == REACH_LOOKUP) {
        wire_put_u8(&writer, (uint8_t)answer->count);
        for (unsigned i = 0; i < answer->count; i++)
            put_address(&writer, &answer->addresses[i]);
    }
    assert(!writer.overflow);
    return writer.size;
}

bool reach_decode_answer(const uint8_t *bytes, size_t size, struct reach_answer *answer)
{
    struct wire_reader reader;
    wire_reader_init(&reader, bytes, size);
    memset(answer, 0, sizeof *answer);
    answer->id = wire_get_u32(&reader);
    uint8_t type = wire_get_u8(&reader);
    if (type != REACH_LOOKUP && type != REACH_CONNECT)
        return false;
    answer->type = (enum reach_type)type;
    answer->error = (int32_t)wire_get_u32(&reader);
    if (type == REACH_CONNECT)
        return wire_done(&reader);
    answer->count = wire_get_u8(&reader);
    if (answer->count > NAME_ADDRESSES_MAX)
        return false;
    for (unsigned i = 0; i < answer->count; i++) {
        get_address(&reader, &answer->addresses[i]);
        if (answer->addresses[i].family == REACH_UNIX)
            return false;
    }
    return wire_done(&reader);
}

/* Addresses ---------------------------------------------------------------------------------------------------- */

bool reach_parse_address(const char *text, struct reach_address *address)
{
    char bare[INET6_ADDRSTRLEN];
    const char *zone = strchr(text, '%');
    memset(address, 0, sizeof *address);
    if (inet_pton(AF_INET, text, address->bytes) == 1) {
        address->family = REACH_IPV4;
        return true;
    }
    if (!text_format(bare, sizeof bare, "%.*s", (int)strcspn(text, "%"), text) ||
        inet_pton(AF_INET6, bare, address->bytes) != 1)
        return false;
    address->family = REACH_IPV6;
    if (zone != NULL)
        address->scope = if_nametoindex(zone + 1);
    return zone == NULL || address->scope != 0;
}

bool reach_same_address(const struct reach_address *one, const struct reach_address *other)
{
    return one->family == other->family && one->scope == other->scope &&
           memcmp(one->bytes, other->bytes, sizeof one->bytes) == 0;
}

void reach_describe_place(const struct reach_place *place, char *out, size_t out_bytes)
{
    char text[INET6_ADDRSTRLEN] = "?";
    if (place->address.family == REACH_UNIX) {
        text_one_line(out, out_bytes, place->path);
        return;
    }
    inet_ntop(place->address.family == REACH_IPV4 ? AF_INET : AF_INET6, place->address.bytes, text, sizeof text);
    text_format(out, out_bytes, "%s port %u", text, place->port);
}

static bool unix_place_of(const struct sockaddr *address, size_t size, struct reach_place *place)
{
    const size_t start = offsetof(struct sockaddr_un, sun_path);
    const struct sockaddr_un *given = (const struct sockaddr_un *)(const void *)address;
    place->address.family = REACH_UNIX;
    if (size <= start || size - start > sizeof given->sun_path)
        return false;
    size_t path_bytes = size - start;
    bool is_abstract = given->sun_path[0] == '\0';
    if (!is_abstract)
        path_bytes = strnlen(given->sun_path, path_bytes);
    memcpy(place->path, given->sun_path, path_bytes);
    for (size_t i = 0; is_abstract && i < path_bytes; i++)
        if (place->path[i] == '\0')
            place->path[i] = i == 0 ? '@' : ' '; /* it is only to be refused */
    place->path[path_bytes] = '\0';
    return true;
}

bool reach_place_of(const struct sockaddr *address, size_t size, struct reach_place *place)
{
    memset(place, 0, sizeof *place);
    if (size >= sizeof(struct sockaddr_in) && address->sa_family == AF_INET) {
        const struct sockaddr_in *given = (const struct sockaddr_in *)(const void *)address;
        place->address.family = REACH_IPV4;
        memcpy(place->address.bytes, &given->sin_addr, sizeof given->sin_addr);
        place->port = ntohs(given->sin_port);
        return true;
    }
    if (size >= sizeof(struct sockaddr_in6) && address->sa_family == AF_INET6) {
        const struct sockaddr_in6 *given = (const struct sockaddr_in6 *)(const void *)address;
        place->address.family = REACH_IPV6;
        memcpy(place->address.bytes, &given->sin6_addr, sizeof given->sin6_addr);
        place->address.scope = given->sin6_scope_id;
        place->port = ntohs(given->sin6_port);
        return true;
    }
    return size >= sizeof address->sa_family && address->sa_family == AF_UNIX && unix_place_of(address, size, place);
}

size_t reach_sockaddr_of(const struct reach_place *place, void *out)
{
    memset(out, 0, sizeof(struct sockaddr_storage));
    if (place->address.family == REACH_UNIX) {
        struct sockaddr_un *made = out;
        made->sun_family = AF_UNIX;
        size_t path_bytes = strnlen(place->path, sizeof made->sun_path);
        memcpy(made->sun_path, place->path, path_bytes);
        return offsetof(struct sockaddr_un, sun_path) + path_bytes + (path_bytes < sizeof made->sun_path);
    }
    if (place->address.family == REACH_IPV4) {
        struct sockaddr_in *made = out;
        made->sin_family = AF_INET;
        made->sin_port = htons(place->port);
        memcpy(&made->sin_addr, place->address.bytes, sizeof made->sin_addr);
        return sizeof *made;
    }
    struct sockaddr_in6 *made = out;
    made->sin6_family = AF_INET6;
    made->sin6_port = htons(place->port);
    made->sin6_scope_id = place->address.scope;
    memcpy(&made->sin6_addr, place->address.bytes, sizeof made->sin6_addr);
    return sizeof *made;
}
