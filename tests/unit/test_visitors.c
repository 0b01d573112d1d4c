/* SPDX-License-Identifier: Apache-2.0 */
/* Who may stay and for how long, with a clock of paper. */
#include "tests/tap/cunit_tap.h"

#include <arpa/inet.h>
#include <limits.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "front/store.h"
#include "front/visitors.h"

static struct visitors visitors;
static int64_t now;

static void begin(unsigned connections, unsigned per_address, unsigned in_flight)
{
    struct web_limits limits;
    web_limits_default(&limits);
    limits.connections = connections;
    limits.per_address = per_address;
    limits.in_flight = in_flight;
    visitors_init(&visitors, &limits);
    now = 1000;
}

static struct visitor_address host(unsigned number)
{
    return (struct visitor_address){4, {10, 0, 0, (uint8_t)number}};
}

static unsigned enter(unsigned number, unsigned *gives_way)
{
    struct visitor_address address = host(number);
    return visitors_enter(&visitors, &address, now++, gives_way);
}

static unsigned enter_freely(unsigned number)
{
    unsigned gives_way;
    unsigned index = enter(number, &gives_way);
    CU_ASSERT_EQUAL(gives_way, VISITOR_NONE);
    return index;
}

static void serve(unsigned index, size_t bytes)
{
    visitors_ask(&visitors, index, now);
    visitors_hear(&visitors, index);
    visitors_answer(&visitors, index, bytes, now);
}

static void a_head_has_one_deadline(void)
{
    begin(10, 10, 10);
    unsigned index = enter_freely(1);
    int64_t end_ms = 1000 + HTTP_HEAD_DEFAULT_MS;
    now = end_ms - 1;
    CU_ASSERT_EQUAL(visitors_overdue(&visitors, now), VISITOR_NONE);
    visitors_ask(&visitors, index, now); /* gains nothing */
    CU_ASSERT_EQUAL(visitors_overdue(&visitors, now), VISITOR_NONE);
    CU_ASSERT_EQUAL(visitors.next_ms, end_ms);
    CU_ASSERT_EQUAL(visitors_overdue(&visitors, end_ms), index);
    visitors_dismiss(&visitors, index);
    CU_ASSERT_EQUAL(visitors_overdue(&visitors, end_ms), VISITOR_NONE);
    CU_ASSERT_EQUAL(visitors.next_ms, NEVER_MS);
    visitors_leave(&visitors, index);
    CU_ASSERT_EQUAL(visitors.bound, 0);
}

static void an_answer_has_time_for_its_size(void)
{
    begin(10, 10, 10);
    unsigned index = enter_freely(1);
    now = 5000;
    serve(index, 1000 * HTTP_WRITE_BYTES_PER_MS);
    int64_t end_ms = 5000 + HTTP_WRITE_DEFAULT_MS + 1000;
    CU_ASSERT_EQUAL(visitors_overdue(&visitors, end_ms - 1), VISITOR_NONE);
    CU_ASSERT_EQUAL(visitors_overdue(&visitors, end_ms), index);
}

static void idling_and_the_next_request_have_their_own(void)
{
    begin(10, 10, 10);
    unsigned index = enter_freely(1);
    serve(index, 10);
    now = 2000;
    visitors_rest(&visitors, index, now);
    now += HTTP_IDLE_DEFAULT_MS - 1;
    CU_ASSERT_EQUAL(visitors_overdue(&visitors, now), VISITOR_NONE);
    CU_ASSERT_EQUAL(visitors_overdue(&visitors, now + 1), index);
    visitors_ask(&visitors, index, now);
    CU_ASSERT_EQUAL(visitors_overdue(&visitors, now + HTTP_HEAD_DEFAULT_MS - 1), VISITOR_NONE);
    CU_ASSERT_EQUAL(visitors_overdue(&visitors, now + HTTP_HEAD_DEFAULT_MS), index);
}

static void the_oldest_without_a_request_gives_way(void)
{
    begin(10, 3, 10);
    unsigned gives_way;
    unsigned asking = enter_freely(1);
    unsigned silent = enter_freely(1);
    unsigned younger = enter_freely(1);
    visitors_ask(&visitors, asking, now);
    enter_freely(2);
    CU_ASSERT_NOT_EQUAL(enter(1, &gives_way), VISITOR_NONE);
    CU_ASSERT_EQUAL(gives_way, asking);
    CU_ASSERT_EQUAL(visitors.visitor[asking].state, VISITOR_LEAVING);
    CU_ASSERT_EQUAL(visitors.present, 4);
    enter(1, &gives_way);
    CU_ASSERT_EQUAL(gives_way, silent);
    enter(1, &gives_way);
    CU_ASSERT_EQUAL(gives_way, younger);
}

static void who_was_served_is_dearer_than_who_asks_slowly(void)
{
    begin(3, 3, 10);
    unsigned gives_way;
    unsigned served = enter_freely(1);
    serve(served, 10);
    visitors_rest(&visitors, served, now);
    unsigned asking = enter_freely(1);
    unsigned reading = enter_freely(1);
    visitors_ask(&visitors, asking, now);
    serve(reading, 10);
    unsigned next = enter(2, &gives_way);
    CU_ASSERT_EQUAL(gives_way, asking);
    serve(next, 10);
    next = enter(3, &gives_way);
    CU_ASSERT_EQUAL(gives_way, served);
    serve(next, 10);
    next = enter(4, &gives_way); /* all others are being answered, in time */
    CU_ASSERT_EQUAL(gives_way, VISITOR_NONE);
    CU_ASSERT_EQUAL(visitors.visitor[next].state, VISITOR_LEAVING);
    now += HTTP_FAIR_MS;
    enter(4, &gives_way);
    CU_ASSERT_EQUAL(gives_way, reading);
}

static void answers_at_once_are_bounded(void)
{
    begin(10, 10, 2);
    unsigned gives_way;
    unsigned first = enter_freely(1);
    unsigned second = enter_freely(1);
    serve(first, HTTP_FAIR_BYTES_PER_MS);
    CU_ASSERT_TRUE(visitors_may_answer(&visitors, now, &gives_way));
    serve(second, 0);
    CU_ASSERT_FALSE(visitors_may_answer(&visitors, now, &gives_way));
    now += HTTP_FAIR_MS;
    CU_ASSERT_TRUE(visitors_may_answer(&visitors, now, &gives_way));
    CU_ASSERT_EQUAL(gives_way, second);
    CU_ASSERT_EQUAL(visitors.reading, 1);
    visitors_rest(&visitors, second, now); /* its answer had been written at last; that changes nothing */
    CU_ASSERT_EQUAL(visitors.visitor[second].state, VISITOR_LEAVING);
}

static void a_flood_finds_no_place_at_all(void)
{
    begin(1, 1, 1);
    unsigned gives_way;
    unsigned places = HTTP_CONNECTIONS_MAX + HTTP_CONNECTIONS_SPARE;
    for (unsigned i = 0; i < places; i++)
        CU_ASSERT_NOT_EQUAL(enter(1, &gives_way), VISITOR_NONE);
    CU_ASSERT_EQUAL(enter(1, &gives_way), VISITOR_NONE);
    CU_ASSERT_EQUAL(gives_way, VISITOR_NONE);
    CU_ASSERT_EQUAL(visitors.present, 1);
    for (unsigned i = 0; i < places; i++)
        visitors_leave(&visitors, i);
    CU_ASSERT_EQUAL(visitors.present + visitors.unheard + visitors.reading + visitors.bound, 0);
}

static void who_has_not_spoken_yet_is_counted(void)
{
    begin(10, 10, 10);
    unsigned first = enter_freely(1);
    unsigned second = enter_freely(1);
    CU_ASSERT_EQUAL(visitors.unheard, 2);
    visitors_ask(&visitors, first, now);
    CU_ASSERT_EQUAL(visitors.unheard, 2);
    visitors_hear(&visitors, first);
    visitors_hear(&visitors, first);
    CU_ASSERT_EQUAL(visitors.unheard, 1);
    visitors_dismiss(&visitors, second);
    visitors_hear(&visitors, second);
    CU_ASSERT_EQUAL(visitors.unheard, 0);
    visitors_leave(&visitors, second);
    visitors_leave(&visitors, first);
    CU_ASSERT_EQUAL(visitors.unheard, 0);
}

static bool same(const char *one, const char *other)
{
    struct visitor_address addresses[2];
    const char *texts[2] = {one, other};
    for (int i = 0; i < 2; i++) {
        struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons((uint16_t)(1 + i))};
        struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)(1 + i))};
        struct sockaddr_un local = {.sun_family = AF_UNIX, .sun_path = {(char)('a' + i)}};
        const struct sockaddr *address = (const struct sockaddr *)&local;
        if (inet_pton(AF_INET, texts[i], &v4.sin_addr) == 1)
            address = (const struct sockaddr *)&v4;
        else if (inet_pton(AF_INET6, texts[i], &v6.sin6_addr) == 1)
            address = (const struct sockaddr *)&v6;
        visitor_address_of(&addresses[i], address);
    }
    return memcmp(&addresses[0], &addresses[1], sizeof addresses[0]) == 0;
}

static void addresses(void)
{
    CU_ASSERT_TRUE(same("127.0.0.1", "127.0.0.1"));
    CU_ASSERT_FALSE(same("127.0.0.1", "127.0.0.2"));
    CU_ASSERT_TRUE(same("2001:db8::1", "2001:db8::ffff:2"));
    CU_ASSERT_FALSE(same("2001:db8::1", "2001:db8:0:1::1"));
    CU_ASSERT_TRUE(same("::ffff:10.0.0.1", "10.0.0.1"));
    CU_ASSERT_FALSE(same("::ffff:10.0.0.1", "::ffff:10.0.0.2"));
    CU_ASSERT_TRUE(same("unix", "unix"));
    CU_ASSERT_FALSE(same("unix", "0.0.0.0"));
    struct visitor_address none;
    visitor_address_of(&none, NULL);
    CU_ASSERT_EQUAL(none.family, 0);
}

static CU_TestInfo time_tests[] = {
    {"a head has one deadline", a_head_has_one_deadline},
    {"an answer has time for its size", an_answer_has_time_for_its_size},
    {"idling and the next request have their own", idling_and_the_next_request_have_their_own},
    CU_TEST_INFO_NULL,
};

static CU_TestInfo room_tests[] = {
    {"the oldest without a request gives way", the_oldest_without_a_request_gives_way},
    {"who was served is dearer than who asks slowly", who_was_served_is_dearer_than_who_asks_slowly},
    {"answers at once are bounded", answers_at_once_are_bounded},
    {"a flood finds no place at all", a_flood_finds_no_place_at_all},
    {"who has not spoken yet is counted", who_has_not_spoken_yet_is_counted},
    {"addresses", addresses},
    CU_TEST_INFO_NULL,
};

static CU_SuiteInfo suites[] = {
    {"time", NULL, NULL, NULL, NULL, time_tests},
    {"room", NULL, NULL, NULL, NULL, room_tests},
    CU_SUITE_INFO_NULL,
};

int main(void)
{
    return cunit_tap_main(suites);
}
