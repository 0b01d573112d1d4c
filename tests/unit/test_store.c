/* SPDX-License-Identifier: Apache-2.0 */
/* What a slot remembers: whole rounds only, until they are stale, on a clock of the test's own. */
#include <CUnit/CUnit.h>
#include <stdio.h>
#include <string.h>

#include "front/intake.h"
#include "tests/tap/cunit_tap.h"
#include "tests/unit/frame_stream.h"

static struct frame_stream stream;
static struct store store;
static struct intake *intake;
static struct slot *slot;
static struct moment now;

static void pass(int64_t ms)
{
    now.monotonic_ms += ms;
    now.wall_ms += ms;
}

static struct control_slot identity_of(uint32_t number, const char *collector, const char *target)
{
    struct control_slot identity = {
        .slot = number, .generation = 1, .interval_ms = 10000, .stale_after_ms = 30000, .samples_max = SAMPLES_MAX, .bytes_max = ROUND_MAX_BYTES};
    snprintf(identity.collector, sizeof identity.collector, "%s", collector);
    snprintf(identity.target, sizeof identity.target, "%s", target);
    return identity;
}

/* An empty store with slot 2, whose stream has its descriptions. */
static void set_up(void)
{
    struct control_slot identity = identity_of(2, "kpi", "mattermost");
    now = (struct moment){5000, 1700000000000};
    intake_free(intake);
    store_free(&store);
    CU_ASSERT_TRUE_FATAL(store_set_slot(&store, &identity, now));
    slot = store_slot(&store, 2);
    intake = intake_new(&store, 2, 1, -1);
    CU_ASSERT_PTR_NOT_NULL_FATAL(intake);
    stream_start(&stream);
}

static void tear_down(void)
{
    intake_free(intake);
    intake = NULL;
    store_free(&store);
}

/* Feeds what the stream has and empties it. */
static enum intake_result feed(void)
{
    enum intake_result result = intake_feed(intake, stream.bytes, stream.size, now);
    stream.size = 0;
    return result;
}

/* A round with one sample in each of the families 0 and 1. */
static void feed_round(enum round_status status, uint64_t value, int unknown)
{
    stream_begin(&stream);
    stream_u64(&stream, 0, "", value);
    stream_u64(&stream, 1, "public,active", value);
    stream_end(&stream, status, unknown, status == ROUND_OK ? "" : "it did not work");
    CU_ASSERT_EQUAL(feed(), INTAKE_OPEN);
}

/* `lines` are without the family's name and the brace behind it. */
static bool family_is(size_t family, const char *lines)
{
    const struct block *block = &slot->families[family].block;
    const char *name = slot->families[family].name;
    for (size_t i = 0; i < block->lines.count; i++) {
        const struct piece *piece = block->lines.items[i];
        for (size_t offset = 0; offset < piece->size;) {
            const char *line = piece->bytes + offset;
            size_t size = (size_t)((const char *)memchr(line, '\n', piece->size - offset) - line) + 1;
            size_t before = strlen(name) + (line[strlen(name)] == '{');
            if (strncmp(line, name, strlen(name)) != 0 || strncmp(lines, line + before, size - before) != 0)
                return false;
            lines += size - before;
            offset += size;
        }
    }
    return *lines == '\0' && block->size == pieces_size(&block->lines);
}

static void test_ok_replaces_everything(void)
{
    set_up();
    feed_round(ROUND_OK, 1, -1);
    CU_ASSERT_TRUE(family_is(0, " 1\n"));
    CU_ASSERT_TRUE(family_is(1, "type=\"public\",state=\"active\"} 1\n"));
    CU_ASSERT_EQUAL(slot_samples(slot), 2);
    stream_begin(&stream);
    stream_u64(&stream, 1, "private,active", 2);
    stream_end(&stream, ROUND_OK, -1, "");
    feed();
    CU_ASSERT_TRUE(family_is(0, ""));
    CU_ASSERT_TRUE(family_is(1, "type=\"private\",state=\"active\"} 2\n"));
    CU_ASSERT_EQUAL(slot->rounds[ROUND_OK], 2);
    CU_ASSERT_TRUE(slot->last_round_ok && slot->succeeded);
    tear_down();
}

static void test_partial_keeps_the_unknown(void)
{
    set_up();
    feed_round(ROUND_OK, 1, -1);
    pass(10000);
    feed_round(ROUND_PARTIAL, 2, 1);
    CU_ASSERT_TRUE(family_is(0, " 2\n"));
    CU_ASSERT_TRUE(family_is(1, "type=\"public\",state=\"active\"} 1\n"));
    CU_ASSERT_EQUAL(slot->families[0].success_ms, now.monotonic_ms);
    CU_ASSERT_EQUAL(slot->families[1].success_ms, now.monotonic_ms - 10000);
    CU_ASSERT_FALSE(slot->last_round_ok);
    CU_ASSERT_STRING_EQUAL(slot->last_error, "it did not work");
    CU_ASSERT_EQUAL(slot->last_success_wall_ms, now.wall_ms - 10000);
    tear_down();
}

static void test_failures_keep_all(void)
{
    static const enum round_status statuses[] = {ROUND_FAILED, ROUND_TIMEOUT, ROUND_NOT_READY};
    for (size_t i = 0; i < 3; i++) {
        set_up();
        feed_round(ROUND_OK, 1, -1);
        feed_round(statuses[i], 2, -1);
        CU_ASSERT_TRUE(family_is(0, " 1\n"));
        CU_ASSERT_EQUAL(slot_samples(slot), 2);
        CU_ASSERT_EQUAL(slot->rounds[statuses[i]], 1);
        CU_ASSERT_EQUAL(slot->last_status, statuses[i]);
        CU_ASSERT_FALSE(slot->last_round_ok);
        tear_down();
    }
}

static void test_no_data_withdraws(void)
{
    set_up();
    feed_round(ROUND_OK, 1, -1);
    feed_round(ROUND_NO_DATA, 2, -1);
    CU_ASSERT_EQUAL(slot_samples(slot), 0);
    pass(60000);
    store_tick(&store, now);
    CU_ASSERT_TRUE(slot->stale);
    CU_ASSERT_FALSE(slot->families[0].stale); /* it was withdrawn for another reason */
    tear_down();
}

static void test_a_torn_round_is_never_seen(void)
{
    set_up();
    feed_round(ROUND_OK, 1, -1);
    stream_begin(&stream);
    stream_u64(&stream, 0, "", 2);
    feed();
    CU_ASSERT_TRUE(slot->round_under_way);
    CU_ASSERT_EQUAL(slot->round_timeout_ms, 10000);
    CU_ASSERT_TRUE(family_is(0, " 1\n"));
    intake_free(intake);
    intake = NULL;
    CU_ASSERT_FALSE(slot->round_under_way);
    CU_ASSERT_FALSE(slot->last_round_ok);
    CU_ASSERT_TRUE(family_is(0, " 1\n"));
    tear_down();
}

static void test_a_pipe_that_ends_between_rounds_loses_nothing(void)
{
    set_up();
    feed_round(ROUND_OK, 1, -1);
    intake_free(intake);
    intake = NULL;
    CU_ASSERT_TRUE(slot->last_round_ok);
    CU_ASSERT_EQUAL(slot_samples(slot), 2);
    tear_down();
}

static void test_a_duplicate_breaks_the_stream(void)
{
    set_up();
    feed_round(ROUND_OK, 1, -1);
    stream_begin(&stream);
    stream_u64(&stream, 1, "a,b", 1);
    stream_u64(&stream, 1, "a,c", 1);
    stream_u64(&stream, 2, "a", 1);
    CU_ASSERT_EQUAL(feed(), INTAKE_OPEN);
    stream_u64(&stream, 1, "a,b", 2);
    CU_ASSERT_EQUAL(feed(), INTAKE_BAD_FRAME);
    CU_ASSERT_PTR_NOT_NULL(strstr(intake->reader.fault.reason, "channels: the same series twice"));
    CU_ASSERT_EQUAL(slot->bad_frames, 1);
    CU_ASSERT_TRUE(family_is(0, " 1\n"));
    CU_ASSERT_EQUAL(feed(), INTAKE_BAD_FRAME);
    CU_ASSERT_EQUAL(slot->bad_frames, 1);
    tear_down();
}

/* Where one label value ends and the next begins makes another series. */
static void test_what_is_no_duplicate(void)
{
    set_up();
    stream_begin(&stream);
    stream_u64(&stream, 1, "ab,c", 1);
    stream_u64(&stream, 1, "a,bc", 1);
    stream_u64(&stream, 1, "a\"b,c", 1);
    stream_u64(&stream, 1, "a,b\"c", 1);
    stream_u64(&stream, 2, "ab", 1);
    stream_end(&stream, ROUND_OK, -1, "");
    CU_ASSERT_EQUAL(feed(), INTAKE_OPEN);
    CU_ASSERT_EQUAL(slot_samples(slot), 5);
    tear_down();
}

static void test_a_round_has_a_bound(void)
{
    static char value[LABEL_VALUE_MAX_BYTES + 1];
    enum intake_result result = INTAKE_OPEN;
    unsigned sent = 0;
    set_up();
    stream_begin(&stream);
    memset(value, '\n', LABEL_VALUE_MAX_BYTES); /* twice as long on the page */
    for (; result == INTAKE_OPEN && sent < SAMPLES_MAX; sent++) {
        snprintf(value, sizeof value, "%u", sent);
        value[strlen(value)] = '\n';
        stream_u64(&stream, 2, value, 1);
        result = feed();
    }
    CU_ASSERT_EQUAL(result, INTAKE_BAD_FRAME);
    CU_ASSERT_PTR_NOT_NULL(strstr(intake->reader.fault.reason, "limits.bytes is 8192 KiB"));
    CU_ASSERT_TRUE(sent > 3000 && sent < 4500);
    CU_ASSERT_EQUAL(intake->staging.bytes, 0);
    tear_down();
}

/* A worker keeps them itself; whoever forges frames does not. */
static void test_limits_of_the_slot(void)
{
    set_up();
    slot->identity.samples_max = 3;
    intake_free(intake);
    intake = intake_new(&store, 2, 1, -1);
    stream_start(&stream);
    stream_begin(&stream);
    for (unsigned i = 0; i < 4; i++)
        stream_u64(&stream, 2, (const char *[]){"a", "b", "c", "d"}[i], 1);
    CU_ASSERT_EQUAL(feed(), INTAKE_BAD_FRAME);
    CU_ASSERT_PTR_NOT_NULL(strstr(intake->reader.fault.reason, "too many samples in a round: limits.samples is 3"));
    CU_ASSERT_EQUAL(slot->bad_frames, 1);
    tear_down();
}

static void test_rounds_need_a_pause(void)
{
    set_up();
    for (unsigned i = 0; i < ROUNDS_PER_TURN_MAX; i++)
        feed_round(ROUND_OK, i, -1);
    stream_begin(&stream);
    stream_end(&stream, ROUND_OK, -1, "");
    CU_ASSERT_EQUAL(feed(), INTAKE_BAD_FRAME);
    CU_ASSERT_PTR_NOT_NULL(strstr(intake->reader.fault.reason, "without a pause"));
    tear_down();
}

static void test_late(void)
{
    set_up();
    CU_ASSERT_EQUAL(store_next_tick_ms(&store), now.monotonic_ms + 12500);
    pass(12499);
    store_tick(&store, now);
    CU_ASSERT_FALSE(slot->late);
    pass(1);
    store_tick(&store, now);
    CU_ASSERT_TRUE(slot->late); /* although it never was on time */
    feed_round(ROUND_OK, 1, -1);
    CU_ASSERT_FALSE(slot->late);
    pass(12000);
    feed_round(ROUND_PARTIAL, 1, 1);
    CU_ASSERT_FALSE(slot->late);
    pass(500);
    feed_round(ROUND_PARTIAL, 1, 1);
    CU_ASSERT_TRUE(slot->late); /* a partial round is not a good one */
    tear_down();
}

static void test_a_short_interval_has_a_second_of_slack(void)
{
    struct control_slot identity = identity_of(2, "kpi", "mattermost");
    set_up();
    identity.interval_ms = 200;
    store_set_slot(&store, &identity, now);
    CU_ASSERT_EQUAL(store_next_tick_ms(&store), now.monotonic_ms + 1200);
    tear_down();
}

static void test_stale_family_by_family(void)
{
    set_up();
    feed_round(ROUND_OK, 1, -1);
    pass(20000);
    feed_round(ROUND_PARTIAL, 2, 1);
    store.families_changed = false;
    pass(9999);
    store_tick(&store, now);
    CU_ASSERT_FALSE(store.families_changed);
    CU_ASSERT_EQUAL(store_next_tick_ms(&store), now.monotonic_ms + 1);
    pass(1);
    store_tick(&store, now);
    CU_ASSERT_TRUE(store.families_changed);
    CU_ASSERT_TRUE(family_is(0, " 2\n"));
    CU_ASSERT_TRUE(family_is(1, ""));
    CU_ASSERT_TRUE(slot->families[1].stale && slot->stale);
    feed_round(ROUND_OK, 3, -1);
    CU_ASSERT_FALSE(slot->stale);
    pass(30000);
    store_tick(&store, now);
    CU_ASSERT_EQUAL(slot_samples(slot), 0);
    CU_ASSERT_TRUE(slot->stale);
    CU_ASSERT_EQUAL(store_next_tick_ms(&store), NEVER_MS);
    tear_down();
}

static void test_a_slot_that_never_spoke_becomes_stale(void)
{
    set_up();
    pass(30000);
    store_tick(&store, now);
    CU_ASSERT_TRUE(slot->stale && slot->late);
    CU_ASSERT_FALSE(slot->attempted);
    tear_down();
}

/* The next generation's worker is another version of the collector. */
static void test_other_families(void)
{
    set_up();
    feed_round(ROUND_OK, 1, -1);
    intake_free(intake);
    intake = intake_new(&store, 2, 2, -1);
    stream_init(&stream);
    stream_hello(&stream, 3);
    stream_desc(&stream, 0, FRAME_FAMILY_GAUGE, "new_one", "", "New.");
    stream_desc(&stream, 1, FRAME_FAMILY_GAUGE, "channels", "type", "Channels.");
    stream_desc(&stream, 2, FRAME_FAMILY_GAUGE, "posts", "", "Other words.");
    stream_begin(&stream);
    stream_u64(&stream, 0, "", 5);
    stream_end(&stream, ROUND_FAILED, -1, "");
    feed();
    CU_ASSERT_EQUAL(slot_samples(slot), 2); /* nothing changes before a round delivers */
    stream_begin(&stream);
    stream_u64(&stream, 0, "", 6);
    stream_end(&stream, ROUND_PARTIAL, 2, "");
    feed();
    CU_ASSERT_EQUAL(slot->family_count, 3);
    CU_ASSERT_TRUE(family_is(0, " 6\n"));
    CU_ASSERT_TRUE(family_is(1, "")); /* known to be empty */
    CU_ASSERT_TRUE(family_is(2, " 1\n"));
    CU_ASSERT_PTR_NOT_NULL(strstr(slot->families[2].head, "Other words."));
    tear_down();
}

static void test_other_labels_drop_old_samples(void)
{
    set_up();
    feed_round(ROUND_OK, 1, -1);
    intake_free(intake);
    intake = intake_new(&store, 2, 2, -1);
    stream_init(&stream);
    stream_hello(&stream, 1);
    stream_desc(&stream, 0, FRAME_FAMILY_GAUGE, "channels", "type", "Channels.");
    stream_begin(&stream);
    stream_end(&stream, ROUND_PARTIAL, 0, "");
    feed();
    CU_ASSERT_EQUAL(slot->family_count, 1);
    CU_ASSERT_EQUAL(slot_samples(slot), 0);
    tear_down();
}

static void test_orders_that_make_no_sense(void)
{
    struct control_slot identity = identity_of(SLOTS_MAX, "kpi", "mattermost");
    struct control_slot_state state = {.slot = 5, .state = CHILD_READY};
    set_up();
    CU_ASSERT_FALSE(store_set_slot(&store, &identity, now));
    identity = identity_of(0, "K pi", "mattermost");
    CU_ASSERT_FALSE(store_set_slot(&store, &identity, now));
    identity = identity_of(0, "kpi", "\"");
    CU_ASSERT_FALSE(store_set_slot(&store, &identity, now));
    CU_ASSERT_FALSE(store_set_state(&store, &state));
    state.slot = 2;
    state.state = CHILD_STATE_COUNT;
    CU_ASSERT_FALSE(store_set_state(&store, &state));
    tear_down();
}

static void test_slots_come_and_go(void)
{
    struct control_slot other = identity_of(7, "usage", "elsewhere");
    set_up();
    feed_round(ROUND_OK, 1, -1);
    CU_ASSERT_EQUAL(store.target_count, 1);
    CU_ASSERT_TRUE(store_set_slot(&store, &other, now));
    CU_ASSERT_EQUAL(store.target_count, 2);
    other.interval_ms = 0;
    CU_ASSERT_TRUE(store_set_slot(&store, &other, now));
    CU_ASSERT_EQUAL(store.target_count, 1);
    CU_ASSERT_PTR_NULL(store_slot(&store, 7));
    other = identity_of(2, "kpi", "mattermost");
    other.generation = 9;
    CU_ASSERT_TRUE(store_set_slot(&store, &other, now));
    CU_ASSERT_EQUAL(slot_samples(slot), 2); /* a new generation keeps what the last one knew */
    other = identity_of(2, "usage", "mattermost");
    CU_ASSERT_TRUE(store_set_slot(&store, &other, now));
    CU_ASSERT_EQUAL(slot_samples(slot), 0); /* another collector does not */
    CU_ASSERT_EQUAL(slot->rounds[ROUND_OK], 0);
    tear_down();
}

static void test_settled(void)
{
    struct control_slot_state state = {.slot = 2};
    set_up();
    for (unsigned i = 0; i < CHILD_STATE_COUNT; i++) {
        state.state = (uint8_t)i;
        CU_ASSERT_TRUE(store_set_state(&store, &state));
        CU_ASSERT_EQUAL(slot_is_settled(slot), i == CHILD_BACKOFF || i == CHILD_PARKED || i == CHILD_STUCK);
        CU_ASSERT_EQUAL(slot_is_up(slot), i == CHILD_READY || i == CHILD_BUSY);
    }
    state.state = CHILD_READY;
    store_set_state(&store, &state);
    feed_round(ROUND_NOT_READY, 1, -1);
    CU_ASSERT_TRUE(slot_is_settled(slot));
    tear_down();
}

static void test_the_page_is_marked_only_for_what_it_shows(void)
{
    struct control_slot_state state = {.slot = 2, .state = CHILD_READY};
    set_up();
    store_set_state(&store, &state);
    store.collectors_changed = store.families_changed = false;
    state.state = CHILD_BUSY;
    store_set_state(&store, &state);
    store_tick(&store, now);
    CU_ASSERT_FALSE(store.collectors_changed || store.families_changed);
    state.restarts[RESTART_SIGNAL] = 1;
    store_set_state(&store, &state);
    CU_ASSERT_TRUE(store.collectors_changed);
    CU_ASSERT_FALSE(store.families_changed);
    feed_round(ROUND_FAILED, 1, -1);
    CU_ASSERT_FALSE(store.families_changed);
    tear_down();
}

static CU_TestInfo tests[] = {
    {"OK replaces everything", test_ok_replaces_everything},
    {"PARTIAL keeps the unknown families", test_partial_keeps_the_unknown},
    {"FAILED, TIMEOUT and NOT_READY keep all", test_failures_keep_all},
    {"NO_DATA withdraws", test_no_data_withdraws},
    {"a torn round is never seen", test_a_torn_round_is_never_seen},
    {"a pipe that ends between rounds loses nothing", test_a_pipe_that_ends_between_rounds_loses_nothing},
    {"violation: a duplicate series", test_a_duplicate_breaks_the_stream},
    {"what is no duplicate", test_what_is_no_duplicate},
    {"violation: a round larger than allowed", test_a_round_has_a_bound},
        {"limits of the slot", test_limits_of_the_slot},
    {"violation: rounds without a pause", test_rounds_need_a_pause},
    {"late", test_late},
    {"a short interval has a second of slack", test_a_short_interval_has_a_second_of_slack},
    {"stale, family by family", test_stale_family_by_family},
    {"a slot that never spoke becomes stale", test_a_slot_that_never_spoke_becomes_stale},
    {"a generation with other families", test_other_families},
    {"other labels drop old samples", test_other_labels_drop_old_samples},
    {"orders that make no sense", test_orders_that_make_no_sense},
    {"slots come and go", test_slots_come_and_go},
    {"settled and up", test_settled},
    {"the page is marked only for what it shows", test_the_page_is_marked_only_for_what_it_shows},
    CU_TEST_INFO_NULL,
};

static CU_SuiteInfo suites[] = {
    {"store", NULL, NULL, NULL, NULL, tests},
    CU_SUITE_INFO_NULL,
};

int main(void)
{
    return cunit_tap_main(suites);
}
