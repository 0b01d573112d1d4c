/* SPDX-License-Identifier: Apache-2.0 */
/* What a worker and its broker say to each other: every message comes back whole, and addresses stay what they are. */
#include <CUnit/CUnit.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "common/reach.h"
#include "tests/tap/cunit_tap.h"

static struct reach_address address_of(const char *text)
{
    struct reach_address address;
    CU_ASSERT_TRUE_FATAL(reach_parse_address(text, &address));
    return address;
}

/* Whole, and none of its beginnings is a message. */
static void check_request(const struct reach_request *request)
{
    uint8_t bytes[REACH_MESSAGE_MAX_BYTES];
    struct reach_request again;
    size_t size = reach_encode_request(request, bytes);
    CU_ASSERT_TRUE_FATAL(reach_decode_request(bytes, size, &again));
    CU_ASSERT_EQUAL(again.id, request->id);
    CU_ASSERT_EQUAL(again.type, request->type);
    CU_ASSERT_STRING_EQUAL(again.host, request->host);
    CU_ASSERT_EQUAL(again.kind, request->kind);
    CU_ASSERT_EQUAL(again.place.port, request->place.port);
    CU_ASSERT_STRING_EQUAL(again.place.path, request->place.path);
    CU_ASSERT_TRUE(reach_same_address(&again.place.address, &request->place.address));
    for (size_t i = 0; i < size; i++)
        CU_ASSERT_FALSE(reach_decode_request(bytes, i, &again));
    bytes[size] = 0;
    CU_ASSERT_FALSE(reach_decode_request(bytes, size + 1, &again));
}

static void requests_come_back_whole(void)
{
    struct reach_request request = { .id = UINT32_MAX, .type = REACH_LOOKUP };
    check_request(&request);
    memset(request.host, 'x', sizeof request.host - 1);
    check_request(&request);
    request = (struct reach_request){ .id = 1, .type = REACH_CONNECT, .kind = REACH_DATAGRAM };
    request.place.address = address_of("192.0.2.1");
    request.place.port = UINT16_MAX;
    check_request(&request);
    request.place.address = address_of("2001:db8::1");
    request.place.address.scope = 7;
    check_request(&request);
    memset(&request.place, 0, sizeof request.place);
    request.place.address.family = REACH_UNIX;
    memset(request.place.path, '/', sizeof request.place.path - 1);
    check_request(&request);
}

static void answers_come_back_whole(void)
{
    uint8_t bytes[REACH_MESSAGE_MAX_BYTES + 1];
    struct reach_answer again, answer = { .id = 3, .type = REACH_LOOKUP, .error = -2, .count = NAME_ADDRESSES_MAX };
    for (unsigned i = 0; i < NAME_ADDRESSES_MAX; i++)
        answer.addresses[i] = address_of(i % 2 == 0 ? "192.0.2.1" : "2001:db8::1");
    size_t size = reach_encode_answer(&answer, bytes);
    CU_ASSERT_TRUE_FATAL(reach_decode_answer(bytes, size, &again));
    CU_ASSERT_EQUAL(again.id, 3);
    CU_ASSERT_EQUAL(again.error, -2);
    CU_ASSERT_EQUAL_FATAL(again.count, NAME_ADDRESSES_MAX);
    for (unsigned i = 0; i < NAME_ADDRESSES_MAX; i++)
        CU_ASSERT_TRUE(reach_same_address(&again.addresses[i], &answer.addresses[i]));
    for (size_t i = 0; i < size; i++)
        CU_ASSERT_FALSE(reach_decode_answer(bytes, i, &again));
    answer = (struct reach_answer){ .id = 4, .type = REACH_CONNECT, .error = EINPROGRESS };
    size = reach_encode_answer(&answer, bytes);
    CU_ASSERT_TRUE(reach_decode_answer(bytes, size, &again));
    CU_ASSERT_EQUAL(again.error, EINPROGRESS);
    CU_ASSERT_FALSE(reach_decode_answer(bytes, size + 1, &again));
}

static void nonsense_is_refused(void)
{
    const uint8_t unknown_type[] = { 1, 0, 0, 0, 3 }, no_type[] = { 1, 0, 0, 0, 0 };
    const uint8_t unknown_kind[] = { 1, 0, 0, 0, REACH_CONNECT, REACH_KIND_COUNT, REACH_IPV4, 1, 2, 3, 4, 5, 6 };
    const uint8_t unknown_family[] = { 1, 0, 0, 0, REACH_CONNECT, 0, 5, 1, 2 };
    const uint8_t name_with_nul[] = { 1, 0, 0, 0, REACH_LOOKUP, 3, 0, 'a', 0, 'b' };
    const uint8_t too_many[] = { 1, 0, 0, 0, REACH_LOOKUP, 0, 0, 0, 0, NAME_ADDRESSES_MAX + 1 };
    const uint8_t no_number[] = { 1, 0, 0, 0, REACH_LOOKUP, 0, 0, 0, 0, 1, REACH_UNIX };
    struct reach_request request;
    struct reach_answer answer;
    CU_ASSERT_FALSE(reach_decode_request(unknown_type, sizeof unknown_type, &request));
    CU_ASSERT_FALSE(reach_decode_request(no_type, sizeof no_type, &request));
    CU_ASSERT_FALSE(reach_decode_request(unknown_kind, sizeof unknown_kind, &request));
    CU_ASSERT_FALSE(reach_decode_request(unknown_family, sizeof unknown_family, &request));
    CU_ASSERT_FALSE(reach_decode_request(name_with_nul, sizeof name_with_nul, &request));
    CU_ASSERT_FALSE(reach_decode_answer(unknown_type, sizeof unknown_type, &answer));
    CU_ASSERT_FALSE(reach_decode_answer(too_many, sizeof too_many, &answer));
    CU_ASSERT_FALSE(reach_decode_answer(no_number, sizeof no_number, &answer));
}

static void numbers_are_told_from_names(void)
{
    struct reach_address address;
    CU_ASSERT_TRUE(reach_parse_address("127.0.0.1", &address));
    CU_ASSERT_EQUAL(address.family, REACH_IPV4);
    CU_ASSERT_TRUE(reach_parse_address("::1", &address));
    CU_ASSERT_EQUAL(address.family, REACH_IPV6);
    CU_ASSERT_TRUE(reach_parse_address("fe80::1%lo", &address));
    CU_ASSERT_NOT_EQUAL(address.scope, 0);
    const char *const names[] = { "", "localhost", "127.1", "1.2.3.4.5", "127.0.0.1.example.org", "fe80::1%none",
                                  "::1 ", "[::1]" };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        CU_ASSERT_FALSE(reach_parse_address(names[i], &address));
}

static void addresses_of_the_c_library_stay_what_they_are(void)
{
    struct sockaddr_storage made, again;
    struct reach_place place = { .address = address_of("192.0.2.7"), .port = 5432 }, back;
    size_t size = reach_sockaddr_of(&place, &made);
    CU_ASSERT_TRUE_FATAL(reach_place_of((struct sockaddr *)&made, size, &back));
    CU_ASSERT_TRUE(reach_same_address(&back.address, &place.address) && back.port == 5432);
    place = (struct reach_place){ .address = address_of("2001:db8::7"), .port = 1 };
    place.address.scope = 3;
    size = reach_sockaddr_of(&place, &made);
    CU_ASSERT_TRUE_FATAL(reach_place_of((struct sockaddr *)&made, size, &back));
    CU_ASSERT_TRUE(reach_same_address(&back.address, &place.address) && back.port == 1);
    memset(&place, 0, sizeof place);
    place.address.family = REACH_UNIX;
    memset(place.path, 'x', sizeof ((struct sockaddr_un *)0)->sun_path);
    size = reach_sockaddr_of(&place, &made);
    CU_ASSERT_EQUAL(size, sizeof(struct sockaddr_un));
    CU_ASSERT_TRUE_FATAL(reach_place_of((struct sockaddr *)&made, size, &back));
    CU_ASSERT_STRING_EQUAL(back.path, place.path);
    CU_ASSERT_EQUAL(reach_sockaddr_of(&back, &again), size);
    CU_ASSERT_EQUAL(memcmp(&made, &again, size), 0);
}

static void odd_addresses_are_looked_at_in_full(void)
{
    struct sockaddr_un local = { .sun_family = AF_UNIX, .sun_path = "/run/a" };
    struct sockaddr_in number = { .sin_family = AF_INET };
    struct reach_place place;
    char text[64];
    CU_ASSERT_TRUE(reach_place_of((struct sockaddr *)&local, sizeof local, &place));
    CU_ASSERT_STRING_EQUAL(place.path, "/run/a");
    /* Without an end. */
    CU_ASSERT_TRUE(reach_place_of((struct sockaddr *)&local, offsetof(struct sockaddr_un, sun_path) + 4, &place));
    CU_ASSERT_STRING_EQUAL(place.path, "/run");
    memcpy(local.sun_path, "\0/run/b\0c", 9);
    CU_ASSERT_TRUE(reach_place_of((struct sockaddr *)&local, offsetof(struct sockaddr_un, sun_path) + 9, &place));
    CU_ASSERT_STRING_EQUAL(place.path, "@/run/b c");
    reach_describe_place(&place, text, sizeof text);
    CU_ASSERT_STRING_EQUAL(text, "@/run/b c");
    CU_ASSERT_FALSE(reach_place_of((struct sockaddr *)&local, offsetof(struct sockaddr_un, sun_path), &place));
    CU_ASSERT_FALSE(reach_place_of((struct sockaddr *)&local, sizeof local + 1, &place));
    CU_ASSERT_FALSE(reach_place_of((struct sockaddr *)&number, sizeof number - 1, &place));
    CU_ASSERT_FALSE(reach_place_of((struct sockaddr *)&number, 1, &place));
    number.sin_family = AF_UNSPEC;
    CU_ASSERT_FALSE(reach_place_of((struct sockaddr *)&number, sizeof number, &place));
}

int main(void)
{
    CU_TestInfo tests[] = {
        { "requests come back whole", requests_come_back_whole },
        { "answers come back whole", answers_come_back_whole },
        { "nonsense is refused", nonsense_is_refused },
        { "numbers are told from names", numbers_are_told_from_names },
        { "addresses of the C library stay what they are", addresses_of_the_c_library_stay_what_they_are },
        { "odd addresses are looked at in full", odd_addresses_are_looked_at_in_full },
        CU_TEST_INFO_NULL,
    };
    CU_SuiteInfo suites[] = { { "reach", NULL, NULL, NULL, NULL, tests }, CU_SUITE_INFO_NULL };
    return cunit_tap_main(suites);
}
