/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Counting on from a baseline, against a table that lives: rows come and go by the clock of the servers, a replica
 * shows them later, our own clock is wrong, rounds are left out. What is shown must be what can be seen, in each round.
 */
#include "tests/tap/cunit_tap.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "running.h"

#define BEGIN_MS  INT64_C(1700000000000)
#define SECOND_MS INT64_C(1000)
#define MINUTE_MS (60 * SECOND_MS)
#define HOUR_MS   (60 * MINUTE_MS)
#define DAY_MS    (24 * HOUR_MS)
#define NEVER_MS  (700 * HOUR_MS)
#define LAG_MS    (2 * MINUTE_MS)
#define ROUND_MS  (15 * SECOND_MS)
#define ROWS_MAX  60000

/* One row: its times as they stand in it, and when either became visible on the primary. 0: not deleted. */
struct row {
    int64_t create_at, created_ms;
    int64_t delete_at, deleted_ms;
    bool is_purged;
};

static struct world {
    int64_t true_ms;     /* the clock of the servers */
    int64_t skew_ms;     /* how far ours is ahead of it */
    int64_t step_ms;     /* by which it is changed in the middle of the next baseline */
    int64_t replica_ms;  /* how far behind the server is that we read */
    int64_t snapshot_ms; /* what the round sees is of this moment */
    struct row rows[ROWS_MAX];
    size_t row_count;
    int64_t purged, jobs_done;

    int64_t round_ends_ms, timeout_ms, total_takes_ms, row_takes_us;
    int64_t cells[4];
    bool nulls[4];
    bool has_row;
    unsigned totals, queries, notices;
    int64_t widest_ms; /* the longest window between two bounds */
    char error[MINOTOR_TEXT_MAX];

    struct running running;
    struct running_settings settings;
    struct running_value value;
} world;

/* ---- the server */

static bool is_visible(int64_t since_ms)
{
    return since_ms != 0 && since_ms <= world.snapshot_ms;
}

static int64_t live_rows(void)
{
    int64_t live = 0;
    for (size_t i = 0; i < world.row_count; i++) {
        const struct row *row = &world.rows[i];
        live += !row->is_purged && is_visible(row->created_ms) && !is_visible(row->deleted_ms);
    }
    return live;
}

static void answer(int count, ...)
{
    va_list arguments;
    va_start(arguments, count);
    for (int i = 0; i < count; i++) {
        world.cells[i] = va_arg(arguments, int64_t);
        world.nulls[i] = world.cells[i] < 0;
    }
    va_end(arguments);
}

static int64_t count_window(const char *const *bounds)
{
    int64_t limits[4], created = 0, deleted = 0;
    for (int i = 0; i < 4; i++)
        limits[i] = strtoll(bounds[i], NULL, 10);
    if (limits[1] != INT64_MAX && limits[1] - limits[0] > world.widest_ms)
        world.widest_ms = limits[1] - limits[0];
    for (size_t i = 0; i < world.row_count; i++) {
        const struct row *row = &world.rows[i];
        if (row->is_purged || !is_visible(row->created_ms))
            continue;
        created += row->create_at > limits[0] && row->create_at <= limits[1];
        deleted += is_visible(row->deleted_ms) && row->delete_at > limits[2] && row->delete_at <= limits[3];
    }
    answer(4, created, created, deleted, deleted);
    return created + deleted;
}

static void find_edges(int64_t from_ms, int64_t *oldest_ms, int64_t *created_ms, int64_t *deleted_ms)
{
    *oldest_ms = *created_ms = *deleted_ms = -1;
    for (size_t i = 0; i < world.row_count; i++) {
        const struct row *row = &world.rows[i];
        if (row->is_purged || !is_visible(row->created_ms))
            continue;
        if (row->create_at >= from_ms && (*oldest_ms < 0 || row->create_at < *oldest_ms))
            *oldest_ms = row->create_at;
        *created_ms = row->create_at > *created_ms ? row->create_at : *created_ms;
        if (is_visible(row->deleted_ms) && row->delete_at > *deleted_ms)
            *deleted_ms = row->delete_at;
    }
}

/* Ends at the deadline what would take longer. */
static int pass_time(int64_t ms)
{
    int64_t left_ms = world.round_ends_ms - world.true_ms;
    world.true_ms += ms < left_ms ? ms : left_ms;
    if (ms < left_ms)
        return MINOTOR_OK;
    snprintf(world.error, sizeof world.error, "canceling statement due to statement timeout");
    return MINOTOR_CANCELLED;
}

static int query(const struct minotor_host *host, const struct minotor_query *asked)
{
    int64_t oldest_ms, created_ms, deleted_ms;
    (void)host;
    world.queries++;
    world.has_row = true;
    if (strcmp(asked->name, "total") == 0) {
        world.totals++;
        world.skew_ms += world.step_ms;
        world.step_ms = 0;
        answer(2, live_rows(), live_rows());
        return pass_time(world.total_takes_ms);
    }
    if (strcmp(asked->name, "window") == 0)
        return pass_time(count_window(asked->parameters) * world.row_takes_us / 1000);
    find_edges(asked->parameter_count > 0 ? strtoll(asked->parameters[0], NULL, 10) : 0, &oldest_ms, &created_ms,
               &deleted_ms);
    if (strcmp(asked->name, "newest") == 0)
        answer(2, created_ms, deleted_ms);
    else
        answer(3, oldest_ms, world.jobs_done, world.purged);
    return MINOTOR_OK;
}

static int next_row(const struct minotor_host *host)
{
    (void)host;
    bool has_row = world.has_row;
    world.has_row = false;
    return has_row ? MINOTOR_OK : MINOTOR_END;
}

static const char *cell(const struct minotor_host *host, uint32_t column)
{
    static char text[24];
    (void)host;
    snprintf(text, sizeof text, "%lld", (long long)world.cells[column]);
    return world.nulls[column] ? NULL : text;
}

/* ---- the rest of the host */

static int64_t now_ms(const struct minotor_host *host)
{
    (void)host;
    return world.true_ms + world.skew_ms;
}

static int64_t remaining_ms(const struct minotor_host *host)
{
    (void)host;
    return world.round_ends_ms - world.true_ms;
}

static void set_error(const struct minotor_host *host, const char *text)
{
    (void)host;
    snprintf(world.error, sizeof world.error, "%s", text);
}

static const char *error_text(const struct minotor_host *host)
{
    (void)host;
    return world.error;
}

static void take_notice(const struct minotor_host *host, int level, const char *text)
{
    (void)host, (void)level, (void)text;
    world.notices++;
}

static const struct minotor_host host = {
    .size = sizeof host,
    .log = take_notice,
    .now_ms = now_ms,
    .remaining_ms = remaining_ms,
    .set_error = set_error,
    .error = error_text,
    .query = query,
    .next_row = next_row,
    .cell = cell,
};

#define QUERY(text) { .name = (text), .postgresql = (text), .mysql = (text) }
static struct running_source source = {
    .total = QUERY("total"),
    .window = QUERY("window"),
    .newest = QUERY("newest"),
    .marks = QUERY("marks"),
    .has_sum = 1,
};

/* ---- what happens */

static void new_world(void)
{
    memset(&world, 0, sizeof world);
    world.true_ms = BEGIN_MS;
    world.timeout_ms = 10 * SECOND_MS;
    world.settings = (struct running_settings){ .lag_ms = LAG_MS, .baseline_interval_ms = NEVER_MS,
                                                .repair_interval_ms = NEVER_MS, .salt = 1 };
    source.delay_ms = 0;
    srand(4711);
}

/* A row as of now; `late_ms` later it is there. */
static struct row *create(int64_t late_ms)
{
    CU_ASSERT_FATAL(world.row_count < ROWS_MAX);
    struct row *row = &world.rows[world.row_count++];
    *row = (struct row){ .create_at = world.true_ms, .created_ms = world.true_ms + late_ms };
    return row;
}

static void delete(struct row *row)
{
    if (row->deleted_ms == 0 && row->created_ms <= world.true_ms)
        row->delete_at = row->deleted_ms = world.true_ms;
}

/* Time goes by, and people write and delete. */
static void live(int64_t ms, int64_t each_ms)
{
    int64_t until_ms = world.true_ms + ms;
    while (world.true_ms < until_ms) {
        world.true_ms += each_ms < until_ms - world.true_ms ? each_ms : until_ms - world.true_ms;
        create(rand() % (10 * SECOND_MS));
        if (rand() % 4 == 0)
            delete(&world.rows[(size_t)rand() % world.row_count]);
    }
}

static int run_round(void)
{
    world.error[0] = '\0';
    world.snapshot_ms = world.true_ms - world.replica_ms;
    world.round_ends_ms = world.true_ms + world.timeout_ms;
    return running_count(&host, &source, &world.running, &world.settings, 0, &world.value);
}

/* A round that shows what can be seen. */
static void expect_truth(void)
{
    CU_ASSERT_EQUAL_FATAL(run_round(), MINOTOR_OK);
    CU_ASSERT_EQUAL_FATAL(world.value.rows, live_rows());
    CU_ASSERT_EQUAL_FATAL(world.value.sum, live_rows());
}

static void expect_truth_for(int64_t ms, int64_t each_ms)
{
    for (int64_t until_ms = world.true_ms + ms; world.true_ms < until_ms;) {
        live(ROUND_MS, each_ms);
        expect_truth();
    }
}

/* 1000 rows of the past, some deleted. */
static void populate(void)
{
    world.true_ms -= 1000 * HOUR_MS;
    live(1000 * HOUR_MS, HOUR_MS);
    live(5 * MINUTE_MS, 5 * SECOND_MS);
}

/* ---- */

static void test_a_day(void)
{
    new_world();
    populate();
    world.settings.baseline_interval_ms = 6 * HOUR_MS;
    expect_truth_for(DAY_MS, 10 * SECOND_MS);
    CU_ASSERT(world.totals >= 4 && world.totals <= 5);
}

/* Once is enough: what follows never looks at the whole table. */
static void test_our_clock_is_wrong(void)
{
    static const int64_t skews[] = { 5 * HOUR_MS, -5 * HOUR_MS, 3 * MINUTE_MS, 400 * DAY_MS };
    for (size_t i = 0; i < sizeof skews / sizeof skews[0]; i++) {
        new_world();
        populate();
        world.skew_ms = skews[i];
        expect_truth_for(2 * HOUR_MS, 10 * SECOND_MS);
        CU_ASSERT_EQUAL(world.totals, 1);
    }
}

static void test_our_clock_is_put_right(void)
{
    static const int64_t skews[] = { 5 * HOUR_MS, -5 * HOUR_MS, 30 * SECOND_MS, -30 * SECOND_MS, 3 * DAY_MS };
    for (size_t i = 0; i < sizeof skews / sizeof skews[0]; i++) {
        new_world();
        populate();
        expect_truth_for(HOUR_MS, 10 * SECOND_MS);
        world.skew_ms = skews[i];
        expect_truth_for(HOUR_MS, 10 * SECOND_MS);
        world.skew_ms = 0;
        expect_truth_for(HOUR_MS, 10 * SECOND_MS);
        CU_ASSERT(world.totals <= 3);
    }
}

/* By hours, in the middle of a baseline: that did not take hours, and is not put off for weeks. */
static void test_our_clock_is_put_right_meanwhile(void)
{
    static const int64_t steps[] = { 5 * HOUR_MS, -5 * HOUR_MS };
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        new_world();
        populate();
        world.settings.baseline_interval_ms = HOUR_MS;
        world.skew_ms = -steps[i];
        world.step_ms = steps[i];
        expect_truth_for(6 * HOUR_MS, MINUTE_MS);
        CU_ASSERT(world.totals >= 6 && world.totals <= 8);
    }
}

/* A server of Mattermost was ahead and wrote rows of the future: nothing that comes after them may be missed. */
static void test_their_clock_is_put_right(void)
{
    new_world();
    populate();
    expect_truth_for(10 * MINUTE_MS, 10 * SECOND_MS);
    world.true_ms += 3 * HOUR_MS;
    world.skew_ms = -3 * HOUR_MS;
    expect_truth_for(10 * MINUTE_MS, 10 * SECOND_MS);
    world.true_ms -= 3 * HOUR_MS;
    world.skew_ms = 0;
    for (size_t i = 0; i < world.row_count; i++) /* they are there all the same */
        if (world.rows[i].created_ms > world.true_ms)
            world.rows[i].created_ms = world.true_ms;
    for (size_t i = 0; i < world.row_count; i++)
        if (world.rows[i].deleted_ms > world.true_ms)
            world.rows[i].deleted_ms = world.true_ms;
    expect_truth_for(4 * HOUR_MS, 10 * SECOND_MS);
}

/* It stops for an hour, catches up slowly, stops again. */
static void test_a_replica_that_lags(void)
{
    new_world();
    populate();
    for (int hour = 0; hour < 12; hour++) {
        for (int round = 0; round < HOUR_MS / ROUND_MS; round++) {
            live(ROUND_MS, 10 * SECOND_MS);
            world.replica_ms += hour % 3 == 0 ? ROUND_MS : -ROUND_MS / 2;
            expect_truth();
        }
    }
    CU_ASSERT_EQUAL(world.totals, 1);
}

/* Behind one name stand several, each behind by another time. What one has shown, the other shows later. */
static void test_replicas_in_turns(void)
{
    new_world();
    populate();
    for (int round = 0; round < 4 * 60; round++) {
        live(ROUND_MS, 10 * SECOND_MS);
        world.replica_ms = round / 20 % 2 == 0 ? 0 : 10 * MINUTE_MS;
        CU_ASSERT_EQUAL(run_round(), MINOTOR_OK);
    }
    world.replica_ms = 0;
    expect_truth_for(10 * MINUTE_MS, 10 * SECOND_MS);
    CU_ASSERT_EQUAL(world.totals, 1);
}

/* Other collectors' queries came first: what the round sees is older than the lag when its turn comes. */
static void test_a_snapshot_that_is_old(void)
{
    new_world();
    populate();
    world.timeout_ms = 30 * MINUTE_MS;
    for (int round = 0; round < 50; round++) {
        live(MINUTE_MS, 10 * SECOND_MS);
        world.snapshot_ms = world.true_ms;
        world.round_ends_ms = world.true_ms + world.timeout_ms;
        live(10 * MINUTE_MS, 10 * SECOND_MS);
        CU_ASSERT_EQUAL(running_count(&host, &source, &world.running, &world.settings, 0, &world.value), MINOTOR_OK);
        CU_ASSERT_EQUAL(world.value.rows, live_rows());
    }
    CU_ASSERT_EQUAL(world.totals, 1);
}

static void test_rows_of_the_future(void)
{
    new_world();
    populate();
    expect_truth();
    create(0)->create_at += 3 * HOUR_MS;
    struct row *far = create(0);
    far->create_at += 3000 * DAY_MS;
    expect_truth_for(4 * HOUR_MS, 10 * SECOND_MS);
    delete(far);
    expect_truth_for(HOUR_MS, 10 * SECOND_MS);
    CU_ASSERT_EQUAL(world.totals, 1);
}

/* Nobody writes: there is nothing to do, and the first row after weeks is seen. */
static void test_nobody_is_there(void)
{
    new_world();
    populate();
    expect_truth();
    for (int day = 0; day < 20; day++) {
        world.true_ms += DAY_MS;
        expect_truth();
    }
    world.queries = 0;
    expect_truth_for(HOUR_MS, 10 * MINUTE_MS);
    CU_ASSERT_EQUAL(world.totals, 1);
    CU_ASSERT(world.queries < 4 * 240 + 30);
}

static void test_an_empty_table(void)
{
    new_world();
    for (int round = 0; round < 20; round++, world.true_ms += HOUR_MS)
        expect_truth();
    CU_ASSERT_EQUAL(world.totals, 1);
    world.queries = 0;
    expect_truth_for(HOUR_MS, 10 * SECOND_MS);
    CU_ASSERT(world.queries < 4 * 240 + 30);
    /* All of it goes. */
    world.settings.repair_interval_ms = MINUTE_MS;
    for (size_t i = 0; i < world.row_count; i++)
        world.rows[i].is_purged = true;
    for (int round = 0; round < 20; round++, world.true_ms += MINUTE_MS)
        run_round();
    expect_truth();
    unsigned totals = world.totals;
    for (int round = 0; round < 20; round++, world.true_ms += MINUTE_MS)
        expect_truth();
    CU_ASSERT_EQUAL(world.totals, totals);
}

/* Nobody has counted for three days: caught up in pieces, never with one query, over as many rounds as it takes. */
static void test_a_long_pause(void)
{
    new_world();
    populate();
    expect_truth_for(HOUR_MS, 10 * SECOND_MS);
    live(3 * DAY_MS, 20 * SECOND_MS);
    world.row_takes_us = 1000;
    int rounds = 0;
    while (run_round() != MINOTOR_OK) {
        CU_ASSERT_PTR_NOT_NULL(strstr(world.error, "is still being added up"));
        CU_ASSERT_FATAL(++rounds < 20);
        live(ROUND_MS, 10 * SECOND_MS);
    }
    CU_ASSERT(rounds > 0);
    CU_ASSERT_EQUAL(world.value.rows, live_rows());
    CU_ASSERT(world.widest_ms < 2 * DAY_MS);
    CU_ASSERT_EQUAL(world.totals, 1);
    world.row_takes_us = 0;
    expect_truth_for(HOUR_MS, 10 * SECOND_MS);
}

/* When the baseline is due anyway, the pause is not added up first. */
static void test_a_pause_that_outlasts_the_baseline(void)
{
    new_world();
    populate();
    world.settings.baseline_interval_ms = DAY_MS;
    expect_truth_for(HOUR_MS, 10 * SECOND_MS);
    live(3 * DAY_MS, 20 * SECOND_MS);
    world.row_takes_us = 1000;
    world.widest_ms = 0;
    expect_truth();
    CU_ASSERT_EQUAL(world.totals, 2);
    CU_ASSERT_EQUAL(world.widest_ms, 0);
    /* The same, and the baseline takes too long: the pause is added up instead. */
    live(3 * DAY_MS, 20 * SECOND_MS);
    world.total_takes_ms = HOUR_MS;
    int rounds = 0;
    while (run_round() != MINOTOR_OK) {
        CU_ASSERT_FATAL(++rounds < 20);
        live(ROUND_MS, 10 * SECOND_MS);
    }
    CU_ASSERT_EQUAL(world.value.rows, live_rows());
    CU_ASSERT_EQUAL(world.totals, 3);
}

/* A table that is too large for the time of a round costs the server less and less. */
static void test_a_baseline_that_never_ends(void)
{
    unsigned after_a_day = 0;
    new_world();
    populate();
    world.total_takes_ms = HOUR_MS;
    for (int day = 1; day <= 2; day++) {
        for (int round = 0; round < DAY_MS / MINUTE_MS; round++) {
            CU_ASSERT_NOT_EQUAL(run_round(), MINOTOR_OK);
            CU_ASSERT(strstr(world.error, "statement timeout") || strstr(world.error, "longer timeout"));
            world.true_ms = BEGIN_MS + (day - 1) * DAY_MS + (round + 1) * MINUTE_MS;
        }
        if (day == 1)
            after_a_day = world.totals;
    }
    CU_ASSERT(after_a_day > 10 && after_a_day < 60);
    CU_ASSERT(world.totals - after_a_day < after_a_day / 2);
    /* A worker that was started again, as with a longer timeout, does not wait. */
    world.total_takes_ms = 0;
    CU_ASSERT_NOT_EQUAL(run_round(), MINOTOR_OK);
    running_resume(&world.running);
    expect_truth();
}

/* The one that there is stays in use when the next one fails; that is said once. */
static void test_a_renewal_that_fails(void)
{
    new_world();
    populate();
    world.settings.baseline_interval_ms = HOUR_MS;
    expect_truth();
    world.total_takes_ms = HOUR_MS;
    expect_truth_for(6 * HOUR_MS, 10 * SECOND_MS);
    CU_ASSERT(world.totals > 3);
    CU_ASSERT_EQUAL(world.notices, 1);
    world.total_takes_ms = 0;
    expect_truth_for(6 * HOUR_MS, 10 * SECOND_MS);
    CU_ASSERT_EQUAL(world.notices, 1);
}

/* With `exact` nothing is remembered to go on from; without it again, there is no waiting. */
static void test_exact_and_back(void)
{
    new_world();
    populate();
    world.settings.exact = 1;
    world.total_takes_ms = 5 * SECOND_MS;
    expect_truth_for(MINUTE_MS, 10 * SECOND_MS);
    world.settings.exact = 0;
    expect_truth_for(HOUR_MS, 10 * SECOND_MS);
}

/* Rows that appear after the lag are drift, and the next baseline finds them. With the delay of the source they are none. */
static void test_rows_that_come_late(void)
{
    for (int waits = 0; waits < 2; waits++) {
        new_world();
        populate();
        source.delay_ms = waits ? 10 * MINUTE_MS : 0;
        expect_truth_for(10 * MINUTE_MS, 10 * SECOND_MS);
        create(8 * MINUTE_MS);
        for (int round = 0; round < 60; round++) {
            live(ROUND_MS, 10 * SECOND_MS);
            CU_ASSERT_EQUAL(run_round(), MINOTOR_OK);
        }
        CU_ASSERT_EQUAL(live_rows() - world.value.rows, waits ? 0 : 1);
        world.settings.baseline_interval_ms = 0;
        expect_truth_for(10 * MINUTE_MS, 10 * SECOND_MS);
    }
}

static void purge(size_t from, size_t count)
{
    for (size_t i = from; i < from + count; i++)
        world.rows[i].is_purged = true;
}

/* The database as it was then. */
static void restore(int64_t then_ms)
{
    for (size_t i = 0; i < world.row_count; i++) {
        struct row *row = &world.rows[i];
        row->is_purged |= row->created_ms > then_ms;
        if (row->deleted_ms > then_ms)
            row->deleted_ms = row->delete_at = 0;
    }
}

/* Whatever shows that rows vanished: the oldest is gone, the newest is gone, the server or a job says so. */
static void test_signs_of_a_purge(void)
{
    for (int sign = 0; sign < 4; sign++) {
        new_world();
        populate();
        world.settings.repair_interval_ms = 5 * MINUTE_MS;
        expect_truth_for(10 * MINUTE_MS, 10 * SECOND_MS);
        if (sign == 0)
            purge(0, 30);
        else if (sign == 1)
            restore(world.true_ms - 8 * MINUTE_MS);
        else
            purge(400, 30);
        world.purged += sign == 2;
        world.jobs_done += sign == 3 ? world.true_ms : 0;
        for (int round = 0; round < 24; round++, world.true_ms += ROUND_MS)
            run_round();
        expect_truth_for(10 * MINUTE_MS, 10 * SECOND_MS);
        CU_ASSERT_EQUAL(world.totals, 2);
    }
}

/* A purge that takes all night, as the retention of a large installation: a hundredth of the time at the most. */
static void test_a_purge_that_takes_hours(void)
{
    new_world();
    populate();
    world.settings.repair_interval_ms = MINUTE_MS;
    world.total_takes_ms = 4 * SECOND_MS;
    for (int round = 0; round < 4 * 60 * 2; round++) {
        live(ROUND_MS, 10 * SECOND_MS);
        purge((size_t)round, 1);
        world.purged++;
        run_round();
    }
    CU_ASSERT(world.totals >= 15 && world.totals <= 20);
    world.true_ms += 7 * MINUTE_MS;
    run_round();
    expect_truth_for(MINUTE_MS, 10 * SECOND_MS);
}

int main(void)
{
    static CU_TestInfo tests[] = {
        { "a day", test_a_day },
        { "our clock is wrong", test_our_clock_is_wrong },
        { "our clock is put right", test_our_clock_is_put_right },
        { "our clock is put right meanwhile", test_our_clock_is_put_right_meanwhile },
        { "their clock is put right", test_their_clock_is_put_right },
        { "a replica that lags", test_a_replica_that_lags },
        { "replicas in turns", test_replicas_in_turns },
        { "a snapshot that is old", test_a_snapshot_that_is_old },
        { "rows of the future", test_rows_of_the_future },
        { "nobody is there", test_nobody_is_there },
        { "an empty table", test_an_empty_table },
        { "a long pause", test_a_long_pause },
        { "a pause that outlasts the baseline", test_a_pause_that_outlasts_the_baseline },
        { "a baseline that never ends", test_a_baseline_that_never_ends },
        { "a renewal that fails", test_a_renewal_that_fails },
        { "exact and back", test_exact_and_back },
        { "rows that come late", test_rows_that_come_late },
        { "signs of a purge", test_signs_of_a_purge },
        { "a purge that takes hours", test_a_purge_that_takes_hours },
        CU_TEST_INFO_NULL,
    };
    static CU_SuiteInfo suites[] = { { "running", NULL, NULL, NULL, NULL, tests }, CU_SUITE_INFO_NULL };
    return cunit_tap_main(suites);
}
