/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Datagrams between a worker and its broker, as each receives them; the first byte chooses which. What is understood
 * must encode to the same bytes again, and a broker's rules must bear it.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "broker/names.h"
#include "common/log.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void be_silent(enum log_level level, const char *text, void *context)
{
    (void)level;
    (void)text;
    (void)context;
}

static void obey(const struct reach_request *request)
{
    static const struct reach_address KNOWN = { .family = REACH_IPV4, .bytes = { 192, 0, 2, 1 } };
    struct sockaddr_storage address;
    struct places places = { .count = 0 };
    struct names names;
    char text[256];
    places_add(&places, "tcp db.test 5432");
    places_add(&places, "unix /run/db");
    names_init(&names, &places);
    name_learn(&names.name[0], 0, &KNOWN, 1, true, 0);
    names_find(&names, request->host);
    if (request->type != REACH_CONNECT)
        return;
    reach_describe_place(&request->place, text, sizeof text);
    if (reach_sockaddr_of(&request->place, &address) > sizeof address)
        abort();
    bool is_known = request->place.port == 5432 && reach_same_address(&request->place.address, &KNOWN);
    bool is_file = request->place.address.family == REACH_UNIX && strcmp(request->place.path, "/run/db") == 0;
    if (places_has(&places, &request->place) != is_file || names_allow(&names, &places, &request->place) != is_known)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t again[REACH_MESSAGE_MAX_BYTES];
    struct reach_request request;
    struct reach_answer answer;
    size_t encoded;
    log_set_sink(be_silent, NULL);
    if (size == 0 || size - 1 > REACH_MESSAGE_MAX_BYTES)
        return 0;
    if (data[0] % 2 == 0) {
        if (!reach_decode_request(data + 1, size - 1, &request))
            return 0;
        encoded = reach_encode_request(&request, again);
        obey(&request);
    } else {
        if (!reach_decode_answer(data + 1, size - 1, &answer))
            return 0;
        encoded = reach_encode_answer(&answer, again);
    }
    if (encoded != size - 1 || memcmp(again, data + 1, encoded) != 0)
        abort();
    return 0;
}
