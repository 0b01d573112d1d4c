/* SPDX-License-Identifier: Apache-2.0 */
/* The collector kpi against a host whose database answers what the test has put there. */
#include "tests/tap/cunit_tap.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "minotor/collector.h"
#include "worker/plugin.h"

#define COLUMNS_MAX 4
#define ROWS_MAX_HERE 8
#define SAMPLES_MAX_HERE 64
#define NOW_MS 1700000000123

/* What the database says to a query: rows, or an error at once or after the rows. */
struct answer {
    const char *query_name;
    int result;      /* of minotor_query() */
    int last_result; /* of the minotor_next_row() after the rows; 0 stands for MINOTOR_END */
    const char *rows[ROWS_MAX_HERE][COLUMNS_MAX]; /* until the first row whose first two cells are NULL */
};

struct sample {
    uint32_t family;
    char label[32];
    double value;
};

static struct {
    struct answer answers[8];
    const struct answer *current;
    const char *const *row;
    size_t next_row;
    int64_t reactions_top;
    const char *error;
    char parameter[5][32]; /* in the order of the queries */
    char name[5][32];
    size_t queries;
    struct sample samples[SAMPLES_MAX_HERE];
    size_t sample_count;
    bool unknown[16];
    const char *reason;
} fake;

static int64_t fake_now_ms(const struct minotor_host *host)
{
    (void)host;
    return NOW_MS;
}

static int64_t fake_remaining_ms(const struct minotor_host *host)
{
    (void)host;
    return 1000;
}

static int fake_setting_integer(const struct minotor_host *host, const char *name, int64_t *value)
{
    (void)host;
    CU_ASSERT_STRING_EQUAL(name, "reactions_top");
    *value = fake.reactions_top;
    return MINOTOR_OK;
}

static int keep(uint32_t family, const char *const *label_values, uint32_t label_count, double value)
{
    struct sample *sample = &fake.samples[fake.sample_count++];
    sample->family = family;
    sample->value = value;
    sample->label[0] = '\0';
    if (label_count > 0)
        snprintf(sample->label, sizeof sample->label, "%s", label_values[0]);
    CU_ASSERT_FATAL(fake.sample_count < SAMPLES_MAX_HERE);
    return MINOTOR_OK;
}

static int fake_emit_u64(const struct minotor_host *host, uint32_t family, const char *const *label_values,
                         uint32_t label_count, uint64_t value)
{
    (void)host;
    return keep(family, label_values, label_count, (double)value);
}

static int fake_emit_f64(const struct minotor_host *host, uint32_t family, const char *const *label_values,
                         uint32_t label_count, double value)
{
    (void)host;
    return keep(family, label_values, label_count, value);
}

static void fake_unknown(const struct minotor_host *host, uint32_t family, const char *reason)
{
    (void)host;
    static char kept[MINOTOR_TEXT_MAX];
    fake.unknown[family] = true;
    snprintf(kept, sizeof kept, "%s", reason);
    fake.reason = kept;
}

static void fake_set_error(const struct minotor_host *host, const char *text)
{
    static char kept[MINOTOR_TEXT_MAX];
    (void)host;
    snprintf(kept, sizeof kept, "%s", text);
    fake.error = kept;
}

static const char *fake_error(const struct minotor_host *host)
{
    (void)host;
    return fake.error;
}

static int fake_query(const struct minotor_host *host, const struct minotor_query *query)
{
    (void)host;
    CU_ASSERT_FATAL(fake.queries < 5);
    CU_ASSERT_EQUAL(query->size, sizeof *query);
    snprintf(fake.name[fake.queries], sizeof fake.name[0], "%s", query->name);
    if (query->parameter_count == 1)
        snprintf(fake.parameter[fake.queries], sizeof fake.parameter[0], "%s", query->parameters[0]);
    fake.queries++;
    fake.next_row = 0;
    fake.row = NULL;
    for (fake.current = fake.answers; fake.current->query_name != NULL; fake.current++)
        if (strcmp(fake.current->query_name, query->name) == 0)
            break;
    if (fake.current->result != MINOTOR_OK)
        fake.error = "the table is gone";
    return fake.current->result;
}

static int fake_next_row(const struct minotor_host *host)
{
    (void)host;
    const char *const *row = fake.current->rows[fake.next_row];
    fake.row = NULL;
    if (row[0] == NULL && row[1] == NULL && !(fake.next_row == 0 && row[3] != NULL)) {
        if (fake.current->last_result != 0)
            fake.error = "the connection was lost";
        return fake.current->last_result != 0 ? fake.current->last_result : MINOTOR_END;
    }
    fake.next_row++;
    fake.row = row;
    return MINOTOR_OK;
}

static const char *fake_cell(const struct minotor_host *host, uint32_t column)
{
    (void)host;
    return fake.row != NULL && column < COLUMNS_MAX ? fake.row[column] : NULL;
}

static const struct minotor_host host = {
    .size = sizeof host,
    .abi_major = MINOTOR_ABI_MAJOR,
    .abi_minor = MINOTOR_ABI_MINOR,
    .now_ms = fake_now_ms,
    .remaining_ms = fake_remaining_ms,
    .setting_integer = fake_setting_integer,
    .emit_u64 = fake_emit_u64,
    .emit_f64 = fake_emit_f64,
    .unknown = fake_unknown,
    .set_error = fake_set_error,
    .error = fake_error,
    .query = fake_query,
    .next_row = fake_next_row,
    .cell = fake_cell,
};

static void set_answers(void)
{
    static const struct answer answers[] = {
        { .query_name = "count of posts", .rows = { { "22157" } } },
        { .query_name = "newest post", .rows = { { "1699999999123" } } },
        { .query_name = "channels",
          .rows = { { "O", "30", "2" }, { "P", "6", "0" }, { "D", "100", "0" } } },
        { .query_name = "reactions",
          .rows = { { "+1", "400", "1000", "1699999000456" }, { "smile", "30", "1000", "1699999000456" },
                    { "tada", "30", "1000", "1699999000456" } } },
        { .query_name = "sessions", .rows = { { "59" } } },
    };
    memset(&fake, 0, sizeof fake);
    memcpy(fake.answers, answers, sizeof answers);
    fake.reactions_top = 5;
    fake.error = "";
}

static struct answer *answer_of(const char *name)
{
    struct answer *answer = fake.answers;
    while (strcmp(answer->query_name, name) != 0)
        answer++;
    return answer;
}

static int collect(void)
{
    return minotor_collector()->collect(&host, NULL);
}

static uint32_t family_of(const char *name)
{
    char full[128];
    snprintf(full, sizeof full, "mattermost_kpi_%s", name);
    for (uint32_t i = 0; i < minotor_collector()->family_count; i++)
        if (strcmp(minotor_collector()->families[i].name, full) == 0)
            return i;
    CU_FAIL_FATAL("no such family");
    return 0;
}

/* The value, or -1 when there is none. */
static double value_of(const char *family, const char *label)
{
    for (size_t i = 0; i < fake.sample_count; i++)
        if (fake.samples[i].family == family_of(family) && strcmp(fake.samples[i].label, label) == 0)
            return fake.samples[i].value;
    return -1;
}

static size_t count_of(const char *family)
{
    size_t count = 0;
    for (size_t i = 0; i < fake.sample_count; i++)
        count += fake.samples[i].family == family_of(family);
    return count;
}

static bool is_unknown(const char *family)
{
    return fake.unknown[family_of(family)];
}

static size_t unknown_count(void)
{
    size_t count = 0;
    for (size_t i = 0; i < sizeof fake.unknown; i++)
        count += fake.unknown[i];
    return count;
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
    set_answers();
    CU_ASSERT_EQUAL(collect(), MINOTOR_OK);
    CU_ASSERT_EQUAL(value_of("posts_total", ""), 22157);
    CU_ASSERT_EQUAL(value_of("last_post_date", ""), 1699999999123);
    CU_ASSERT_EQUAL(value_of("last_post_timestamp_seconds", ""), 1699999999.123);
    CU_ASSERT_EQUAL(value_of("channels_total", "public"), 30);
    CU_ASSERT_EQUAL(value_of("channels_total", "private"), 6);
    CU_ASSERT_EQUAL(value_of("channels_total", "direct"), 100);
    CU_ASSERT_EQUAL(value_of("channels_total", "group"), 0);
    CU_ASSERT_EQUAL(value_of("channels_archived", "public"), 2);
    CU_ASSERT_EQUAL(value_of("channels_archived", "group"), 0);
    CU_ASSERT_EQUAL(count_of("channels_total"), 4);
    CU_ASSERT_EQUAL(value_of("reactions", ""), 1000);
    CU_ASSERT_EQUAL(value_of("reaction_total", "+1"), 400);
    CU_ASSERT_EQUAL(value_of("reaction_total", "tada"), 30);
    CU_ASSERT_EQUAL(value_of("reaction_total", ""), -1);
    CU_ASSERT_EQUAL(value_of("reaction_last_seconds", ""), 1699999000.456);
    CU_ASSERT_EQUAL(value_of("sessions_total", ""), 59);
    CU_ASSERT_EQUAL(unknown_count(), 0);
}

static void parameters_are_clock_and_setting(void)
{
    set_answers();
    CU_ASSERT_EQUAL(collect(), MINOTOR_OK);
    for (size_t i = 0; i < fake.queries; i++) {
        const char *wanted = strcmp(fake.name[i], "sessions") == 0    ? "1700000000123"
                             : strcmp(fake.name[i], "reactions") == 0 ? "5"
                                                                      : "";
        CU_ASSERT_STRING_EQUAL(fake.parameter[i], wanted);
    }
}

static void empty_tables(void)
{
    set_answers();
    answer_of("count of posts")->rows[0][0] = "0";
    memset(answer_of("newest post")->rows, 0, sizeof fake.answers[0].rows);
    memset(answer_of("channels")->rows, 0, sizeof fake.answers[0].rows);
    memset(answer_of("reactions")->rows, 0, sizeof fake.answers[0].rows);
    CU_ASSERT_EQUAL(collect(), MINOTOR_OK);
    CU_ASSERT_EQUAL(value_of("posts_total", ""), 0);
    CU_ASSERT_EQUAL(count_of("last_post_date"), 0);
    CU_ASSERT_EQUAL(count_of("last_post_timestamp_seconds"), 0);
    CU_ASSERT_EQUAL(value_of("channels_total", "public"), 0);
    CU_ASSERT_EQUAL(value_of("reactions", ""), 0);
    CU_ASSERT_EQUAL(count_of("reaction_total"), 0);
    CU_ASSERT_EQUAL(count_of("reaction_last_seconds"), 0);
    CU_ASSERT_EQUAL(unknown_count(), 0);
}

static void channel_types_of_the_future(void)
{
    set_answers();
    struct answer *answer = answer_of("channels");
    answer->rows[3][0] = "BO", answer->rows[3][1] = "3", answer->rows[3][2] = "1";
    answer->rows[4][0] = "BP", answer->rows[4][1] = "4", answer->rows[4][2] = "0";
    answer->rows[5][0] = NULL, answer->rows[5][1] = "5", answer->rows[5][2] = "0";
    CU_ASSERT_EQUAL(collect(), MINOTOR_OK);
    CU_ASSERT_EQUAL(value_of("channels_total", "other"), 12);
    CU_ASSERT_EQUAL(value_of("channels_archived", "other"), 1);
    CU_ASSERT_EQUAL(count_of("channels_total"), 5);
}

static void no_emoji_wanted(void)
{
    set_answers();
    fake.reactions_top = 0;
    CU_ASSERT_EQUAL(collect(), MINOTOR_OK);
    CU_ASSERT_EQUAL(count_of("reaction_total"), 0);
    CU_ASSERT_EQUAL(value_of("reactions", ""), 1000);
    for (size_t i = 0; i < fake.queries; i++)
        if (strcmp(fake.name[i], "reactions") == 0)
            CU_ASSERT_STRING_EQUAL(fake.parameter[i], "1");
}

static void a_failed_query_costs_its_families(void)
{
    static const struct {
        const char *query;
        const char *families[3];
    } costs[] = {
        { "count of posts", { "posts_total" } },
        { "newest post", { "last_post_date", "last_post_timestamp_seconds" } },
        { "channels", { "channels_total", "channels_archived" } },
        { "reactions", { "reactions", "reaction_total", "reaction_last_seconds" } },
        { "sessions", { "sessions_total" } },
    };
    for (size_t i = 0; i < 5; i++) {
        set_answers();
        answer_of(costs[i].query)->result = MINOTOR_FAILED;
        CU_ASSERT_EQUAL(collect(), MINOTOR_OK);
        size_t expected = 0;
        for (; expected < 3 && costs[i].families[expected] != NULL; expected++) {
            CU_ASSERT_TRUE(is_unknown(costs[i].families[expected]));
            CU_ASSERT_EQUAL(count_of(costs[i].families[expected]), 0);
        }
        CU_ASSERT_EQUAL(unknown_count(), expected);
        CU_ASSERT_STRING_EQUAL(fake.reason, "the table is gone");
    }
}

static void a_query_that_breaks_off(void)
{
    set_answers();
    answer_of("channels")->last_result = MINOTOR_FAILED;
    CU_ASSERT_EQUAL(collect(), MINOTOR_OK);
    CU_ASSERT_TRUE(is_unknown("channels_total") && is_unknown("channels_archived"));
    CU_ASSERT_EQUAL(count_of("channels_total"), 0);
    CU_ASSERT_STRING_EQUAL(fake.reason, "the connection was lost");
}

static void cells_that_are_no_numbers(void)
{
    static const char *const bad[] = { "", "x", "-1", " 1", "1.5", "99999999999999999999" };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        set_answers();
        answer_of("count of posts")->rows[0][0] = bad[i];
        CU_ASSERT_EQUAL(collect(), MINOTOR_OK);
        CU_ASSERT_TRUE(is_unknown("posts_total"));
        CU_ASSERT_EQUAL(unknown_count(), 1);
        CU_ASSERT_PTR_NOT_NULL(strstr(fake.reason, "instead of a number"));
    }
}

static void all_queries_fail(void)
{
    set_answers();
    for (size_t i = 0; i < 5; i++)
        fake.answers[i].result = MINOTOR_FAILED;
    CU_ASSERT_EQUAL(collect(), MINOTOR_FAILED);
    CU_ASSERT_EQUAL(fake.sample_count, 0);
    CU_ASSERT_STRING_EQUAL(fake.error, "the table is gone");
}

/* The time runs out at one query: what was read before it is good, what is after it is not even asked. */
static void a_query_that_takes_the_rest_of_the_round(void)
{
    set_answers();
    answer_of("channels")->last_result = MINOTOR_CANCELLED;
    CU_ASSERT_EQUAL(collect(), MINOTOR_OK);
    CU_ASSERT_EQUAL(fake.queries, 3);
    CU_ASSERT_FALSE(is_unknown("last_post_date"));
    CU_ASSERT_FALSE(is_unknown("sessions_total"));
    CU_ASSERT_TRUE(is_unknown("channels_total"));
    CU_ASSERT_TRUE(is_unknown("reaction_total"));
    CU_ASSERT_TRUE(is_unknown("posts_total"));
}

static void no_time_for_anything(void)
{
    set_answers();
    answer_of("newest post")->result = MINOTOR_CANCELLED;
    CU_ASSERT_EQUAL(collect(), MINOTOR_CANCELLED);
    CU_ASSERT_EQUAL(fake.queries, 1);
}

int main(void)
{
    CU_TestInfo tests[] = {
        { "the worker would load it", the_worker_would_load_it },
        { "all values", all_values },
        { "parameters are clock and setting", parameters_are_clock_and_setting },
        { "empty tables", empty_tables },
        { "channel types of the future", channel_types_of_the_future },
        { "no emoji wanted", no_emoji_wanted },
        { "a failed query costs its families", a_failed_query_costs_its_families },
        { "a query that breaks off", a_query_that_breaks_off },
        { "cells that are no numbers", cells_that_are_no_numbers },
        { "all queries fail", all_queries_fail },
        { "a query that takes the rest of the round", a_query_that_takes_the_rest_of_the_round },
        { "no time for anything", no_time_for_anything },
        CU_TEST_INFO_NULL,
    };
    CU_SuiteInfo suites[] = { { .pName = "kpi", .pTests = tests }, CU_SUITE_INFO_NULL };
    return cunit_tap_main(suites);
}
