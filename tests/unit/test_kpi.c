/* SPDX-License-Identifier: Apache-2.0 */
/* The collector kpi against a host whose database answers what the test has put there. */
#include "tests/tap/cunit_tap.h"
#include "tests/unit/fake_database.h"

#include <string.h>

#include "worker/plugin.h"

#define POSTS "mattermost_kpi_posts_total"
#define MESSAGES "mattermost_messages_posted_total"
#define LAG_MS 120000
#define HOUR_MS INT64_C(3600000)

/* 22157 posts; since the watermark 7 came, of which 5 count as messages, and 3 went. */
static void start(void)
{
    static const struct fake_answer answers[] = {
        { .name = "newest post", .row_count = 1, .rows = { { "1699999999123" } } },
        { .name = "sessions", .row_count = 1, .rows = { { "59" } } },
        { .name = "channels",
          .row_count = 3,
          .rows = { { "O", "30", "2", "1000" }, { "P", "6", "0", "20" }, { "D", "100", "0", "300" } } },
        { .name = "users online", .row_count = 2, .rows = { { "online", "4" }, { "dnd", "1" } } },
        { .name = "teams", .row_count = 1, .rows = { { "3", "1" } } },
        { .name = "integrations", .row_count = 1, .rows = { { "1", "2", "3", "4" } } },
        { .name = "users", .row_count = 2, .rows = { { "regular", "200", "10" }, { "bot", "5", "1" } } },
        { .name = "active users", .row_count = 1, .rows = { { "20", "30", "40" } } },
        { .name = "signs of purged posts", .row_count = 1, .rows = { { "1600000000000", NULL, "0" } } },
        { .name = "signs of purged files", .row_count = 1, .rows = { { NULL, NULL, "0" } } },
        { .name = "time of posts", .row_count = 1, .rows = { { "1700000000123", "1699999999999" } } },
        { .name = "time of files", .row_count = 1, .rows = { { NULL, NULL } } },
        { .name = "count of posts", .row_count = 1, .rows = { { "22157", "0" } } },
        { .name = "recent posts", .row_count = 1, .rows = { { "7", "5", "3", "0" } } },
        { .name = "count of files", .row_count = 1, .rows = { { "12", "3456" } } },
        { .name = "recent files", .row_count = 1, .rows = { { "0", "0", "0", "0" } } },
        { .name = "threads", .row_count = 1, .rows = { { "17" } } },
        { .name = "reactions",
          .row_count = 3,
          .rows = { { "+1", "400", "1000", "1699999000456" }, { "smile", "30", "1000", "1699999000456" },
                    { "tada", "30", "1000", "1699999000456" } } },
    };
    fake_reset();
    fake_answers(answers, sizeof answers / sizeof answers[0]);
}

static void the_worker_would_load_it(void)
{
    struct plugin plugin;
    char error[PLUGIN_ERROR_MAX_BYTES] = "";
    CU_ASSERT_EQUAL(plugin_check(minotor_collector(), "kpi", &plugin, error), EXIT_CODE_DONE);
    CU_ASSERT_STRING_EQUAL(error, "");
    plugin_destroy(&plugin);
}

static void all_values(void)
{
    start();
    CU_ASSERT_EQUAL(fake_collect(), MINOTOR_OK);
    CU_ASSERT_EQUAL(fake_unknown_count(), 0);
    CU_ASSERT_EQUAL(fake_value(POSTS, ""), 22157);
    CU_ASSERT_EQUAL(fake_value("mattermost_kpi_last_post_date", ""), 1699999999123);
    CU_ASSERT_EQUAL(fake_value("mattermost_kpi_last_post_timestamp_seconds", ""), 1699999999.123);
    CU_ASSERT_EQUAL(fake_value("mattermost_kpi_channels_total", "public"), 30);
    CU_ASSERT_EQUAL(fake_value("mattermost_kpi_channels_total", "group"), 0);
    CU_ASSERT_EQUAL(fake_value("mattermost_kpi_channels_archived", "public"), 2);
    CU_ASSERT_EQUAL(fake_count("mattermost_kpi_channels_total"), 4);
    CU_ASSERT_EQUAL(fake_value(MESSAGES, "public"), 1000);
    CU_ASSERT_EQUAL(fake_value(MESSAGES, "group"), 0);
    CU_ASSERT_EQUAL(fake_value("mattermost_kpi_reactions", ""), 1000);
    CU_ASSERT_EQUAL(fake_value("mattermost_kpi_reaction_total", "+1"), 400);
    CU_ASSERT_EQUAL(fake_value("mattermost_kpi_reaction_last_seconds", ""), 1699999000.456);
    CU_ASSERT_EQUAL(fake_value("mattermost_kpi_sessions_total", ""), 59);
    CU_ASSERT_STRING_EQUAL(fake_parameters("sessions", 0), "1700000000123");
    CU_ASSERT_STRING_EQUAL(fake_parameters("reactions", 0), "5");
    CU_ASSERT_EQUAL(fake_value("mattermost_users", "regular,active"), 200);
    CU_ASSERT_EQUAL(fake_value("mattermost_users", "bot,deactivated"), 1);
    CU_ASSERT_EQUAL(fake_value("mattermost_users", "guest,active"), 0);
    CU_ASSERT_EQUAL(fake_value("mattermost_weekly_active_users", ""), 30);
    CU_ASSERT_EQUAL(fake_value("mattermost_users_online", "dnd"), 1);
    CU_ASSERT_EQUAL(fake_value("mattermost_users_online", "away"), 0);
    CU_ASSERT_EQUAL(fake_value("mattermost_teams", "archived"), 1);
    CU_ASSERT_EQUAL(fake_value("mattermost_threads", ""), 17);
    CU_ASSERT_EQUAL(fake_value("mattermost_files", ""), 12);
    CU_ASSERT_EQUAL(fake_value("mattermost_files_size_bytes", ""), 3456);
    CU_ASSERT_EQUAL(fake_value("mattermost_integrations", "slash_command"), 3);
    CU_ASSERT_EQUAL(fake_value("mattermost_kpi_counted_timestamp_seconds", "posts"), 1700000000.123);
}

static void empty_tables(void)
{
    start();
    fake_cell_is("count of posts", 0, "0");
    fake_cell_is("newest post", 0, NULL);
    fake_cell_is("signs of purged posts", 0, NULL);
    fake_no_rows("channels");
    fake_no_rows("reactions");
    fake_no_rows("users");
    CU_ASSERT_EQUAL(fake_collect(), MINOTOR_OK);
    CU_ASSERT_EQUAL(fake_value(POSTS, ""), 0);
    CU_ASSERT_EQUAL(fake_count("mattermost_kpi_last_post_date"), 0);
    CU_ASSERT_EQUAL(fake_value("mattermost_kpi_channels_total", "public"), 0);
    CU_ASSERT_EQUAL(fake_value("mattermost_kpi_reactions", ""), 0);
    CU_ASSERT_EQUAL(fake_count("mattermost_kpi_reaction_total"), 0);
    CU_ASSERT_EQUAL(fake_count("mattermost_kpi_reaction_last_seconds"), 0);
    CU_ASSERT_EQUAL(fake_value("mattermost_users", "regular,active"), 0);
    CU_ASSERT_EQUAL(fake_unknown_count(), 0);
}

static void channel_types_of_the_future(void)
{
    start();
    fake_cell_is("channels", 0, "BO");
    CU_ASSERT_EQUAL(fake_collect(), MINOTOR_OK);
    CU_ASSERT_EQUAL(fake_value("mattermost_kpi_channels_total", "other"), 30);
    CU_ASSERT_EQUAL(fake_value("mattermost_kpi_channels_archived", "other"), 2);
    CU_ASSERT_EQUAL(fake_value(MESSAGES, "other"), 1000);
    CU_ASSERT_EQUAL(fake_count("mattermost_kpi_channels_total"), 5);
    fake_cell_is("channels", 0, NULL);
    CU_ASSERT_EQUAL(fake_collect(), MINOTOR_OK);
    CU_ASSERT_EQUAL(fake_value("mattermost_kpi_channels_total", "other"), 30);
}

static void no_emoji_wanted(void)
{
    start();
    fake_setting("reactions_top", 0);
    CU_ASSERT_EQUAL(fake_collect(), MINOTOR_OK);
    CU_ASSERT_EQUAL(fake_count("mattermost_kpi_reaction_total"), 0);
    CU_ASSERT_EQUAL(fake_value("mattermost_kpi_reactions", ""), 1000);
    CU_ASSERT_STRING_EQUAL(fake_parameters("reactions", 0), "1");
}

/* Between two baselines only the window is read, and the figure is right in each round. */
static void counts_on_from_the_baseline(void)
{
    start();
    CU_ASSERT_EQUAL(fake_collect(), MINOTOR_OK);
    CU_ASSERT_STRING_EQUAL(fake_parameters("recent posts", 0),
                           "1699999880123,9223372036854775807,1699999880123,9223372036854775807");
    fake_advance(15000);
    fake_cell_is("recent posts", 0, "9");
    fake_cell_is("recent posts", 2, "4");
    CU_ASSERT_EQUAL(fake_collect(), MINOTOR_OK);
    CU_ASSERT_EQUAL(fake_value(POSTS, ""), 22157 + 2 - 1);
    CU_ASSERT_EQUAL(fake_queries("count of posts"), 0);
    CU_ASSERT_EQUAL(fake_queries("count of files"), 0);
    CU_ASSERT_EQUAL(fake_queries("reactions"), 0);
    CU_ASSERT_EQUAL(fake_queries("recent posts"), 1);
}

/* When the newest row is a lag later, the window is closed behind the watermark: what it had is in the base. */
static void the_watermark_moves_by_a_lag(void)
{
    static const struct fake_answer windows[] = {
        { .name = "recent posts", .row_count = 1, .rows = { { "7", "5", "3", "0" } } },
        { .name = "recent posts", .row_count = 1, .rows = { { "6", "5", "3", "0" } } },
        { .name = "recent posts", .row_count = 1, .rows = { { "4", "3", "0", "0" } } },
        { .name = "time of posts", .row_count = 1, .rows = { { "1700000000000", NULL } } },
        { .name = "time of posts", .row_count = 1, .rows = { { "1700000119000", "1700000119999" } } },
        { .name = "time of posts", .row_count = 1, .rows = { { "1700000120003", "1700000119999" } } },
        { .name = "time of files", .row_count = 1, .rows = { { NULL, NULL } } },
        { .name = "signs of purged posts", .row_count = 1, .rows = { { "1", NULL, "0" } } },
        { .name = "signs of purged files", .row_count = 1, .rows = { { "1", NULL, "0" } } },
        { .name = "count of posts", .row_count = 1, .rows = { { "100", "0" } } },
        { .name = "count of files", .row_count = 1, .rows = { { "0", "0" } } },
        { .name = "recent files", .row_count = 1, .rows = { { "0", "0", "0", "0" } } },
        { .name = "newest post", .result = MINOTOR_FAILED },
        { .name = "sessions", .result = MINOTOR_FAILED },
        { .name = "channels", .result = MINOTOR_FAILED },
        { .name = "users online", .result = MINOTOR_FAILED },
        { .name = "teams", .result = MINOTOR_FAILED },
        { .name = "integrations", .result = MINOTOR_FAILED },
        { .name = "users", .result = MINOTOR_FAILED },
        { .name = "active users", .result = MINOTOR_FAILED },
        { .name = "threads", .result = MINOTOR_FAILED },
        { .name = "reactions", .result = MINOTOR_FAILED },
    };
    fake_reset();
    fake_answers(windows, sizeof windows / sizeof windows[0]);
    CU_ASSERT_EQUAL(fake_collect(), MINOTOR_OK);
    CU_ASSERT_EQUAL(fake_value(POSTS, ""), 100); /* base 96 */
    fake_advance(LAG_MS);
    CU_ASSERT_EQUAL(fake_collect(), MINOTOR_OK); /* the newest is not yet there */
    CU_ASSERT_EQUAL(fake_value(POSTS, ""), 99);
    CU_ASSERT_STRING_EQUAL(fake_parameters("recent posts", 0),
                           "1699999880000,9223372036854775807,1699999880000,9223372036854775807");
    fake_advance(15000);
    CU_ASSERT_EQUAL(fake_collect(), MINOTOR_OK); /* base 96 + 4, and as much again */
    CU_ASSERT_EQUAL(fake_value(POSTS, ""), 104);
    CU_ASSERT_STRING_EQUAL(fake_parameters("recent posts", 0), "1699999880000,1700000000003,1699999880000,1700000000003");
    CU_ASSERT_STRING_EQUAL(fake_parameters("recent posts", 1),
                           "1700000000003,9223372036854775807,1700000000003,9223372036854775807");
}

static void a_baseline_is_renewed_in_its_time(void)
{
    start();
    CU_ASSERT_EQUAL(fake_collect(), MINOTOR_OK);
    fake_cell_is("count of posts", 0, "5");
    fake_advance(21 * HOUR_MS); /* a tenth of the interval is left to chance */
    CU_ASSERT_EQUAL(fake_collect(), MINOTOR_OK);
    CU_ASSERT_EQUAL(fake_queries("count of posts"), 0);
    fake_advance(4 * HOUR_MS);
    CU_ASSERT_EQUAL(fake_collect(), MINOTOR_OK);
    CU_ASSERT_EQUAL(fake_value(POSTS, ""), 5);
}

/* The oldest row, the jobs that purge or import, the engine's count of deletions: each is looked into, not at once. */
static void signs_of_a_purge(void)
{
    static const char *const changed[] = { "1600000000001", "1699999990000", "12" };
    for (uint32_t mark = 0; mark < 3; mark++) {
        start();
        CU_ASSERT_EQUAL(fake_collect(), MINOTOR_OK);
        fake_cell_is("signs of purged posts", mark, changed[mark]);
        fake_cell_is("count of posts", 0, "22000");
        fake_advance(15000);
        CU_ASSERT_EQUAL(fake_collect(), MINOTOR_OK);
        CU_ASSERT_EQUAL(fake_value(POSTS, ""), 22157);
        fake_advance(60000);
        CU_ASSERT_EQUAL(fake_collect(), MINOTOR_OK);
        CU_ASSERT_EQUAL(fake_value(POSTS, ""), 22000);
        fake_advance(60000);
        CU_ASSERT_EQUAL(fake_collect(), MINOTOR_OK);
        CU_ASSERT_EQUAL(fake_queries("count of posts"), 0);
    }
}

/* Mattermost's own counters grow by more than the posts that were created lately, of which there may be none. */
static void signs_of_an_import(void)
{
    start();
    CU_ASSERT_EQUAL(fake_collect(), MINOTOR_OK);
    fake_cell_is("channels", 3, "1500");
    for (int round = 0; round < 8; round++) {
        fake_advance(15000);
        CU_ASSERT_EQUAL(fake_collect(), MINOTOR_OK);
        CU_ASSERT_EQUAL(fake_queries("count of posts"), 0);
    }
    fake_advance(15000);
    CU_ASSERT_EQUAL(fake_collect(), MINOTOR_OK);
    CU_ASSERT_EQUAL(fake_queries("count of posts"), 1);
    fake_advance(LAG_MS);
    CU_ASSERT_EQUAL(fake_collect(), MINOTOR_OK);
    fake_advance(LAG_MS);
    CU_ASSERT_EQUAL(fake_collect(), MINOTOR_OK);
    CU_ASSERT_EQUAL(fake_queries("count of posts"), 0);
}

/* A full count that takes long is not repeated often, whatever the signs. */
static void a_dear_baseline_is_rare(void)
{
    start();
    fake_setting("repair_interval", 0);
    fake_query_takes(500);
    CU_ASSERT_EQUAL(fake_collect(), MINOTOR_OK);
    fake_query_takes(0);
    fake_cell_is("signs of purged posts", 2, "12");
    fake_advance(140000); /* it took a second and a half: a hundredth of the time is 150 s */
    CU_ASSERT_EQUAL(fake_collect(), MINOTOR_OK);
    CU_ASSERT_EQUAL(fake_queries("count of posts"), 0);
    fake_advance(15000);
    CU_ASSERT_EQUAL(fake_collect(), MINOTOR_OK);
    CU_ASSERT_EQUAL(fake_queries("count of posts"), 1);
}

static void a_baseline_that_fails(void)
{
    start();
    fake_query_takes(100);
    fake_result_is("count of posts", MINOTOR_FAILED, 0);
    CU_ASSERT_EQUAL(fake_collect(), MINOTOR_OK);
    CU_ASSERT_TRUE(fake_unknown_is(POSTS));
    CU_ASSERT_EQUAL(fake_unknown_count(), 1);
    fake_query_takes(0);
    fake_result_is("count of posts", MINOTOR_OK, 0);
    CU_ASSERT_EQUAL(fake_collect(), MINOTOR_OK);
    CU_ASSERT_TRUE(fake_unknown_is(POSTS));
    fake_advance(2000);
    CU_ASSERT_EQUAL(fake_collect(), MINOTOR_OK);
    CU_ASSERT_EQUAL(fake_value(POSTS, ""), 22157);
    /* One that is there stays when its successor fails. */
    fake_result_is("count of posts", MINOTOR_FAILED, 0);
    fake_advance(30 * HOUR_MS);
    CU_ASSERT_EQUAL(fake_collect(), MINOTOR_OK);
    CU_ASSERT_EQUAL(fake_value(POSTS, ""), 22157);
}

static void fewer_than_none_is_not_shown(void)
{
    start();
    fake_cell_is("count of posts", 0, "10");
    CU_ASSERT_EQUAL(fake_collect(), MINOTOR_OK);
    fake_cell_is("recent posts", 2, "50");
    fake_advance(15000);
    CU_ASSERT_EQUAL(fake_collect(), MINOTOR_OK);
    CU_ASSERT_TRUE(fake_unknown_is(POSTS));
    fake_advance(60000);
    CU_ASSERT_EQUAL(fake_collect(), MINOTOR_OK);
    CU_ASSERT_EQUAL(fake_value(POSTS, ""), 10);
}

static void exact_counts_everything_each_round(void)
{
    start();
    fake_setting("exact", 1);
    for (int round = 0; round < 2; round++) {
        CU_ASSERT_EQUAL(fake_collect(), MINOTOR_OK);
        CU_ASSERT_EQUAL(fake_queries("count of posts"), 1);
        CU_ASSERT_EQUAL(fake_queries("reactions"), 1);
        CU_ASSERT_EQUAL(fake_queries("recent posts"), 0);
    }
}

/* A purged channel takes its count along; ours never falls, and posts are counted anew. */
static void messages_never_fall(void)
{
    start();
    CU_ASSERT_EQUAL(fake_collect(), MINOTOR_OK);
    fake_cell_is("channels", 3, "400");
    fake_advance(HOUR_MS);
    CU_ASSERT_EQUAL(fake_collect(), MINOTOR_OK);
    CU_ASSERT_EQUAL(fake_value(MESSAGES, "public"), 1000);
    CU_ASSERT_EQUAL(fake_queries("count of posts"), 1);
    fake_cell_is("channels", 3, "410");
    fake_restart();
    CU_ASSERT_EQUAL(fake_collect(), MINOTOR_OK);
    CU_ASSERT_EQUAL(fake_value(MESSAGES, "public"), 1010);
}

static void a_new_worker_goes_on(void)
{
    start();
    CU_ASSERT_EQUAL(fake_collect(), MINOTOR_OK);
    fake_restart();
    fake_advance(15000);
    fake_cell_is("recent posts", 0, "8");
    CU_ASSERT_EQUAL(fake_collect(), MINOTOR_OK);
    CU_ASSERT_EQUAL(fake_queries("count of posts"), 0);
    CU_ASSERT_EQUAL(fake_queries("reactions"), 0);
    CU_ASSERT_EQUAL(fake_value(POSTS, ""), 22158);
    CU_ASSERT_EQUAL(fake_value("mattermost_kpi_reaction_total", "smile"), 30);
    CU_ASSERT_EQUAL(fake_value("mattermost_kpi_reactions", ""), 1000);
}

/* What was seen before the worker died, and was not looked into yet, is not forgotten. */
static void signs_outlive_the_worker(void)
{
    for (int sign = 0; sign < 2; sign++) {
        start();
        CU_ASSERT_EQUAL(fake_collect(), MINOTOR_OK);
        if (sign == 0)
            fake_cell_is("channels", 3, "400"); /* a channel was purged */
        else
            fake_cell_is("users", 1, "100"); /* users were, while there was no worker */
        fake_advance(15000);
        if (sign == 0)
            CU_ASSERT_EQUAL(fake_collect(), MINOTOR_OK);
        fake_restart();
        fake_advance(50000);
        CU_ASSERT_EQUAL(fake_collect(), MINOTOR_OK);
        CU_ASSERT_EQUAL(fake_queries("count of posts"), 1);
        CU_ASSERT_EQUAL(fake_queries("count of files"), 1);
    }
}

/* A worker that comes after days does not show the reactions of that time when it cannot count them. */
static void old_reactions_are_not_new(void)
{
    start();
    CU_ASSERT_EQUAL(fake_collect(), MINOTOR_OK);
    fake_restart();
    fake_advance(72 * HOUR_MS);
    fake_result_is("count of posts", MINOTOR_CANCELLED, 0);
    fake_result_is("count of files", MINOTOR_CANCELLED, 0);
    fake_result_is("threads", MINOTOR_CANCELLED, 0);
    CU_ASSERT_EQUAL(fake_collect(), MINOTOR_OK);
    CU_ASSERT_EQUAL(fake_queries("reactions"), 0);
    CU_ASSERT_TRUE(fake_unknown_is("mattermost_kpi_reactions"));
    CU_ASSERT_EQUAL(fake_count("mattermost_kpi_reaction_total"), 0);
}

/* What another release has kept, under another version, is none of ours. */
static void a_state_of_another_release(void)
{
    start();
    CU_ASSERT_EQUAL(fake_collect(), MINOTOR_OK);
    fake_restart();
    fake_state_is_of_version(1);
    CU_ASSERT_EQUAL(fake_collect(), MINOTOR_OK);
    CU_ASSERT_EQUAL(fake_queries("count of posts"), 1);
    CU_ASSERT_EQUAL(fake_queries("reactions"), 1);
}

static void intervals(void)
{
    start();
    CU_ASSERT_EQUAL(fake_collect(), MINOTOR_OK);
    fake_cell_is("users", 1, "201");
    fake_cell_is("reactions", 1, "401");
    fake_advance(30000);
    CU_ASSERT_EQUAL(fake_collect(), MINOTOR_OK);
    CU_ASSERT_EQUAL(fake_value("mattermost_users", "regular,active"), 200);
    fake_advance(30000);
    CU_ASSERT_EQUAL(fake_collect(), MINOTOR_OK);
    CU_ASSERT_EQUAL(fake_value("mattermost_users", "regular,active"), 201);
    CU_ASSERT_EQUAL(fake_value("mattermost_kpi_reaction_total", "+1"), 400);
    fake_advance(9 * 60000);
    CU_ASSERT_EQUAL(fake_collect(), MINOTOR_OK);
    CU_ASSERT_EQUAL(fake_value("mattermost_kpi_reaction_total", "+1"), 401);
}

static void a_failed_query_costs_its_families(void)
{
    static const struct {
        const char *query;
        const char *families[4];
    } costs[] = {
        { "count of posts", { POSTS } },
        { "newest post", { "mattermost_kpi_last_post_date", "mattermost_kpi_last_post_timestamp_seconds" } },
        { "channels", { "mattermost_kpi_channels_total", "mattermost_kpi_channels_archived", MESSAGES } },
        { "reactions",
          { "mattermost_kpi_reactions", "mattermost_kpi_reaction_total", "mattermost_kpi_reaction_last_seconds" } },
        { "sessions", { "mattermost_kpi_sessions_total" } },
        { "users", { "mattermost_users" } },
        { "recent files", { "mattermost_files", "mattermost_files_size_bytes" } },
    };
    for (size_t i = 0; i < sizeof costs / sizeof costs[0]; i++) {
        for (int late = 0; late < 2; late++) {
            size_t expected = 0;
            start();
            fake_result_is(costs[i].query, late ? MINOTOR_OK : MINOTOR_FAILED, MINOTOR_FAILED);
            if (late)
                fake_no_rows(costs[i].query);
            CU_ASSERT_EQUAL(fake_collect(), MINOTOR_OK);
            for (; expected < 4 && costs[i].families[expected] != NULL; expected++) {
                CU_ASSERT_TRUE(fake_unknown_is(costs[i].families[expected]));
                CU_ASSERT_EQUAL(fake_count(costs[i].families[expected]), 0);
            }
            CU_ASSERT_EQUAL(fake_unknown_count(), expected);
            CU_ASSERT_STRING_EQUAL(fake_error(), late ? "the connection was lost" : "the table is gone");
        }
    }
}

/* They are of another table too, and the count is right without them until something is purged. */
static void signs_that_cannot_be_read_cost_nothing(void)
{
    for (int late = 0; late < 2; late++) {
        start();
        fake_result_is("signs of purged posts", late ? MINOTOR_OK : MINOTOR_FAILED, MINOTOR_FAILED);
        if (late)
            fake_no_rows("signs of purged posts");
        for (int i = 0; i < 3; i++) {
            CU_ASSERT_EQUAL(fake_collect(), MINOTOR_OK);
            CU_ASSERT_EQUAL(fake_unknown_count(), 0);
            CU_ASSERT_EQUAL(fake_count(POSTS), 1);
            fake_advance(15000);
        }
    }
}

static void cells_that_are_no_numbers(void)
{
    static const char *const bad[] = { "", "x", "-1", " 1", "1.5", "99999999999999999999", NULL };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        start();
        fake_cell_is("sessions", 0, bad[i]);
        CU_ASSERT_EQUAL(fake_collect(), MINOTOR_OK);
        CU_ASSERT_TRUE(fake_unknown_is("mattermost_kpi_sessions_total"));
        CU_ASSERT_EQUAL(fake_unknown_count(), 1);
        CU_ASSERT_PTR_NOT_NULL(strstr(fake_error(), "instead of a number"));
    }
}

/* The time runs out at one query: what was read before it is good, what is after it is not even asked. */
static void a_query_that_takes_the_rest_of_the_round(void)
{
    start();
    fake_result_is("channels", MINOTOR_OK, MINOTOR_CANCELLED);
    CU_ASSERT_EQUAL(fake_collect(), MINOTOR_OK);
    CU_ASSERT_FALSE(fake_unknown_is("mattermost_kpi_last_post_date"));
    CU_ASSERT_FALSE(fake_unknown_is("mattermost_kpi_sessions_total"));
    CU_ASSERT_TRUE(fake_unknown_is("mattermost_kpi_channels_total"));
    CU_ASSERT_TRUE(fake_unknown_is("mattermost_kpi_reaction_total"));
    CU_ASSERT_TRUE(fake_unknown_is(POSTS));
    CU_ASSERT_EQUAL(fake_queries("users"), 0);
}

static void no_time_for_anything(void)
{
    start();
    fake_result_is("newest post", MINOTOR_CANCELLED, 0);
    CU_ASSERT_EQUAL(fake_collect(), MINOTOR_CANCELLED);
    CU_ASSERT_EQUAL(fake_queries("sessions"), 0);
}

int main(void)
{
    CU_TestInfo tests[] = {
        { "the worker would load it", the_worker_would_load_it },
        { "all values", all_values },
        { "empty tables", empty_tables },
        { "channel types of the future", channel_types_of_the_future },
        { "no emoji wanted", no_emoji_wanted },
        { "counts on from the baseline", counts_on_from_the_baseline },
        { "the watermark moves by a lag", the_watermark_moves_by_a_lag },
        { "a baseline is renewed in its time", a_baseline_is_renewed_in_its_time },
        { "signs of a purge", signs_of_a_purge },
        { "signs of an import", signs_of_an_import },
        { "a dear baseline is rare", a_dear_baseline_is_rare },
        { "a baseline that fails", a_baseline_that_fails },
        { "fewer than none is not shown", fewer_than_none_is_not_shown },
        { "exact counts everything each round", exact_counts_everything_each_round },
        { "messages never fall", messages_never_fall },
        { "a new worker goes on", a_new_worker_goes_on },
        { "signs outlive the worker", signs_outlive_the_worker },
        { "old reactions are not new", old_reactions_are_not_new },
        { "a state of another release", a_state_of_another_release },
        { "intervals", intervals },
        { "a failed query costs its families", a_failed_query_costs_its_families },
        { "signs that cannot be read cost nothing", signs_that_cannot_be_read_cost_nothing },
        { "cells that are no numbers", cells_that_are_no_numbers },
        { "a query that takes the rest of the round", a_query_that_takes_the_rest_of_the_round },
        { "no time for anything", no_time_for_anything },
        CU_TEST_INFO_NULL,
    };
    CU_SuiteInfo suites[] = { { .pName = "kpi", .pTests = tests }, CU_SUITE_INFO_NULL };
    int status = cunit_tap_main(suites);
    fake_close();
    return status;
}
