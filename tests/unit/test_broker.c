/* SPDX-License-Identifier: Apache-2.0 */
/* What a broker allows: the places of its slot, the addresses of their names, and nothing beside them. */
#include <CUnit/CUnit.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>

#include "broker/names.h"
#include "broker/pace.h"
#include "broker/places.h"
#include "broker/refusals.h"
#include "common/log.h"
#include "tests/tap/cunit_tap.h"

static unsigned lines;
static char last_line[LOG_LINE_MAX_BYTES];

static void count_line(enum log_level level, const char *text, void *context)
{
    (void)level;
    (void)context;
    lines++;
    snprintf(last_line, sizeof last_line, "%s", text);
}

static struct reach_place at(const char *address, unsigned port)
{
    struct reach_place place = { .port = (uint16_t)port };
    CU_ASSERT_TRUE_FATAL(reach_parse_address(address, &place.address));
    return place;
}

static struct reach_place file(const char *path)
{
    struct reach_place place = { .address.family = REACH_UNIX };
    snprintf(place.path, sizeof place.path, "%s", path);
    return place;
}

static bool has(const struct places *places, struct reach_place place)
{
    return places_has(places, &place);
}

static bool allows(const struct names *names, const struct places *places, struct reach_place place)
{
    return names_allow(names, places, &place);
}

static void places_are_exact(void)
{
    struct places places = { .count = 0 };
    char text[128];
    CU_ASSERT_TRUE(places_add(&places, "tcp 192.0.2.1 5432"));
    CU_ASSERT_TRUE(places_add(&places, "tcp 2001:db8::1 80"));
    CU_ASSERT_TRUE(places_add(&places, "unix /run/a b/s"));
    CU_ASSERT_TRUE(has(&places, at("192.0.2.1", 5432)));
    CU_ASSERT_TRUE(has(&places, at("2001:db8::1", 80)));
    CU_ASSERT_TRUE(has(&places, file("/run/a b/s")));
    CU_ASSERT_FALSE(has(&places, at("192.0.2.1", 80)));
    CU_ASSERT_FALSE(has(&places, at("192.0.2.2", 5432)));
    CU_ASSERT_FALSE(has(&places, at("2001:db8::1", 5432)));
    CU_ASSERT_FALSE(has(&places, at("::ffff:192.0.2.1", 5432)));
    CU_ASSERT_FALSE(has(&places, file("/run/a b/s2")));
    CU_ASSERT_FALSE(has(&places, file("/run/a b/../a b/s")));
    CU_ASSERT_FALSE(has(&places, file("@/run/a b/s")));
    CU_ASSERT_FALSE(has(&places, file("")));
    places_describe(&places, text, sizeof text);
    CU_ASSERT_STRING_EQUAL(text, "192.0.2.1 port 5432, 2001:db8::1 port 80, /run/a b/s");
}

static void wrong_places_are_refused(void)
{
    static const char *const WRONG[] = { "",          "tcp",          "tcp host",       "tcp host 0",     "tcp host 65536",
                                         "tcp  80",   "tcp host 80x", "tcp host 80 ",   "udp host 80",    "unix run/a",
                                         "unix @/run/a" };
    struct places places = { .count = 0 };
    for (size_t i = 0; i < sizeof WRONG / sizeof WRONG[0]; i++)
        CU_ASSERT_FALSE(places_add(&places, WRONG[i]));
    CU_ASSERT_EQUAL(places.count, 0);
    for (unsigned i = 0; i < PLACES_MAX; i++)
        CU_ASSERT_TRUE(places_add(&places, "tcp host 1"));
    CU_ASSERT_FALSE(places_add(&places, "tcp host 2"));
}

static void names_stand_for_their_addresses_and_ports(void)
{
    struct places places = { .count = 0 };
    struct names names;
    places_add(&places, "tcp db.test 5432");
    places_add(&places, "tcp DB.test 443");
    places_add(&places, "tcp other.test 80");
    places_add(&places, "tcp 192.0.2.9 22");
    names_init(&names, &places);
    CU_ASSERT_EQUAL(names.count, 2);
    CU_ASSERT_PTR_NULL(names_find(&names, "192.0.2.9"));
    CU_ASSERT_PTR_NULL(names_find(&names, "db.test.evil.test"));
    struct name *name = names_find(&names, "Db.TEST");
    CU_ASSERT_PTR_NOT_NULL_FATAL(name);
    CU_ASSERT_FALSE(allows(&names, &places, at("192.0.2.1", 5432))); /* nobody has looked yet */
    const struct reach_address found[] = { at("192.0.2.1", 0).address, at("2001:db8::1", 0).address };
    CU_ASSERT_EQUAL(name_learn(name, 0, found, 2, true, 1000), 0);
    CU_ASSERT_TRUE(allows(&names, &places, at("192.0.2.1", 5432)));
    CU_ASSERT_TRUE(allows(&names, &places, at("192.0.2.1", 443)));
    CU_ASSERT_TRUE(allows(&names, &places, at("2001:db8::1", 5432)));
    CU_ASSERT_FALSE(allows(&names, &places, at("192.0.2.1", 80))); /* the port of another name */
    CU_ASSERT_FALSE(allows(&names, &places, at("192.0.2.2", 5432)));
    CU_ASSERT_FALSE(allows(&names, &places, file("192.0.2.1")));
}

static void old_addresses_stay(void)
{
    struct places places = { .count = 0 };
    struct names names;
    places_add(&places, "tcp db.test 5432");
    names_init(&names, &places);
    struct name *name = &names.name[0];
    const struct reach_address old = at("192.0.2.1", 0).address, new = at("192.0.2.2", 0).address;
    CU_ASSERT_EQUAL(name_learn(name, EAI_AGAIN, NULL, 0, true, 0), EAI_AGAIN);
    CU_ASSERT_FALSE(name->is_stale); /* there is nothing from before */
    CU_ASSERT_EQUAL(name_learn(name, 0, NULL, 0, true, 0), EAI_NONAME); /* a name without addresses */
    name_learn(name, 0, &old, 1, true, 0);
    name_learn(name, 0, &new, 1, true, 0);
    CU_ASSERT_EQUAL(name->now_count, 1);
    CU_ASSERT_TRUE(reach_same_address(&name->now[0], &new));
    CU_ASSERT_TRUE(allows(&names, &places, at("192.0.2.1", 5432))); /* a session may still be there */
    CU_ASSERT_TRUE(allows(&names, &places, at("192.0.2.2", 5432)));
    lines = 0;
    for (int i = 0; i < 3; i++)
        CU_ASSERT_EQUAL(name_learn(name, EAI_AGAIN, NULL, 0, true, 0), 0); /* the service is away */
    name_doubt(name, "it is late");
    CU_ASSERT_EQUAL(lines, 1);
    CU_ASSERT_TRUE(name->is_stale);
    CU_ASSERT_TRUE(reach_same_address(&name->now[0], &new));
    name_learn(name, 0, &new, 1, true, 0);
    CU_ASSERT_EQUAL(lines, 2);
}

static void kept_addresses_are_bounded(void)
{
    struct places places = { .count = 0 };
    struct names names;
    places_add(&places, "tcp db.test 1");
    names_init(&names, &places);
    for (unsigned i = 0; i <= NAME_ADDRESSES_KEPT_MAX; i++) {
        struct reach_address found[] = { at("192.0.2.1", 0).address, at("198.51.100.0", 0).address };
        found[1].bytes[3] = (uint8_t)i;
        name_learn(&names.name[0], 0, found, 2, true, 0);
    }
    CU_ASSERT_EQUAL(names.name[0].kept_count, NAME_ADDRESSES_KEPT_MAX);
    CU_ASSERT_TRUE(allows(&names, &places, at("192.0.2.1", 1))); /* heard of each time */
    CU_ASSERT_FALSE(allows(&names, &places, at("198.51.100.0", 1)));
    CU_ASSERT_FALSE(allows(&names, &places, at("198.51.100.1", 1)));
    CU_ASSERT_TRUE(allows(&names, &places, at("198.51.100.2", 1)));
}

static void results_are_fresh_for_a_moment(void)
{
    struct places places = { .count = 0 };
    struct names names;
    places_add(&places, "tcp db.test 5432");
    names_init(&names, &places);
    struct name *name = &names.name[0];
    const struct reach_address found = at("192.0.2.1", 0).address;
    CU_ASSERT_FALSE(name_is_fresh(name, 0));
    name_learn(name, 0, &found, 1, true, 0);
    CU_ASSERT_TRUE(name_is_fresh(name, NAME_FRESH_MS - 1));
    CU_ASSERT_FALSE(name_is_fresh(name, NAME_FRESH_MS));
    name_learn(name, 0, &found, 1, false, 0); /* nobody has had it yet */
    CU_ASSERT_TRUE(name_is_fresh(name, NAME_FRESH_MS));
    CU_ASSERT_FALSE(name_is_fresh(name, API_NAME_AGE_MAX_MS));
}

/* How many of `times` tries, one every `every_ms`. */
static unsigned takes(struct paces *paces, struct reach_place where, int64_t *now_ms, unsigned times, int64_t every_ms)
{
    unsigned taken = 0;
    for (unsigned i = 0; i < times; i++, *now_ms += every_ms)
        taken += paces_take(paces, &where, DATABASE_PAUSE_MS, *now_ms);
    return taken;
}

static void connections_have_a_pace(void)
{
    struct paces paces = { .count = 0 };
    const struct reach_place database = at("192.0.2.1", 5432);
    int64_t now_ms = 1000000;
    CU_ASSERT_EQUAL(takes(&paces, database, &now_ms, 1000, 0), CONNECTIONS_AT_ONCE_MAX);
    CU_ASSERT_EQUAL(takes(&paces, database, &now_ms, 1, DATABASE_PAUSE_MS), 0);
    /* Who tries once in a pause is never refused again. */
    CU_ASSERT_EQUAL(takes(&paces, database, &now_ms, 100, DATABASE_PAUSE_MS), 100);
    CU_ASSERT_EQUAL(takes(&paces, database, &now_ms, 1000, 10), 10);
    now_ms += 1000000;
    CU_ASSERT_EQUAL(takes(&paces, database, &now_ms, 1000, 0), CONNECTIONS_AT_ONCE_MAX);
    /* A place that is down uses up nothing of another. */
    CU_ASSERT_EQUAL(takes(&paces, at("192.0.2.2", 5432), &now_ms, 1000, 0), CONNECTIONS_AT_ONCE_MAX);
    CU_ASSERT_EQUAL(takes(&paces, file("/run/a"), &now_ms, 1000, 0), CONNECTIONS_AT_ONCE_MAX);
    CU_ASSERT_EQUAL(takes(&paces, file("/run/b"), &now_ms, 1000, 0), CONNECTIONS_AT_ONCE_MAX);
    for (unsigned port = 1; port <= 1000; port++)
        CU_ASSERT_EQUAL(takes(&paces, at("192.0.2.2", port), &now_ms, 1, 0), 1);
    CU_ASSERT_EQUAL(paces.count, PACES_MAX);
    CU_ASSERT_EQUAL(takes(&paces, database, &now_ms, 1, 0), 0); /* those that have rested longest were forgotten */
}

static void databases_are_known(void)
{
    struct places places = { .count = 0 };
    places_add(&places, "tcp db.test 5432");
    places_add(&places, "unix /run/db");
    places.place[0].is_database = places.place[1].is_database = true;
    places_add(&places, "tcp db.test 80");
    struct reach_place places_of[] = { at("192.0.2.1", 5432), file("/run/db"), at("192.0.2.1", 80), file("/run/api") };
    for (unsigned i = 0; i < 4; i++)
        CU_ASSERT_EQUAL(places_is_database(&places, &places_of[i]), i < 2);
}

static void each_refusal_is_told_once(void)
{
    struct refusals refusals = { .count = 0 };
    char what[32];
    lines = 0;
    refusals_tell(&refusals, "to connect to a", "b");
    refusals_tell(&refusals, "to connect to a", "b");
    CU_ASSERT_EQUAL(lines, 1);
    CU_ASSERT_STRING_EQUAL(last_line, "refused: to connect to a; allowed is: b");
    for (int i = 0; i < 1000; i++) {
        snprintf(what, sizeof what, "to connect to %d", i);
        refusals_tell(&refusals, what, "b");
    }
    CU_ASSERT_EQUAL(lines, REFUSALS_MAX + 1);
}

int main(void)
{
    CU_TestInfo tests[] = {
        { "places are exact", places_are_exact },
        { "wrong places are refused", wrong_places_are_refused },
        { "names stand for their addresses and ports", names_stand_for_their_addresses_and_ports },
        { "old addresses stay", old_addresses_stay },
        { "kept addresses are bounded", kept_addresses_are_bounded },
        { "results are fresh for a moment", results_are_fresh_for_a_moment },
        { "connections have a pace", connections_have_a_pace },
        { "databases are known", databases_are_known },
        { "each refusal is told once", each_refusal_is_told_once },
        CU_TEST_INFO_NULL,
    };
    CU_SuiteInfo suites[] = { { "broker", NULL, NULL, NULL, NULL, tests }, CU_SUITE_INFO_NULL };
    log_set_sink(count_line, NULL);
    return cunit_tap_main(suites);
}
