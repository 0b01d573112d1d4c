/* SPDX-License-Identifier: Apache-2.0 */
/* What is read from a page of Mattermost's own metrics, and what must not pass for one. */
#include "tests/tap/cunit_tap.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collectors/dbpool/sql_page.h"

#define PAGE_BYTES 16384
#define LINE_BYTES 160

/* As Go's client library writes it: families by name, pools by name. */
static const enum family order[] = { IDLE,           IN_USE,   CLOSED_MAX_IDLE, CLOSED_IDLE_TIME, CLOSED_LIFETIME,
                                     MAX_OPEN, OPEN,     WAIT_COUNT,      WAIT_DURATION };

static char text[PAGE_BYTES];
static struct sql_page page;

static void begin(void)
{
    snprintf(text, sizeof text, "# TYPE go_goroutines gauge\ngo_goroutines 211\n");
}

static void append(const char *line)
{
    CU_ASSERT_FATAL(strlen(text) + strlen(line) < sizeof text);
    strcat(text, line);
}

static void append_value(enum family family, const char *labels, const char *value)
{
    char line[LINE_BYTES];
    snprintf(line, sizeof line, "%s%s %s\n", sql_page_name(family), labels, value);
    append(line);
}

/* Two pools. The value of one family of the first pool may be another one; NULL leaves its line out. */
static void make_page(enum family changed, const char *value)
{
    static const char *const master[POOL_FAMILIES] = { "300", "10", "7", "3", "42", "0.25", "1.2345678e+07", "5", "6" };
    static const char *const replica[POOL_FAMILIES] = { "300", "1", "1", "0", "1", "1e-09", "0", "2", "4" };
    begin();
    for (size_t i = 0; i < POOL_FAMILIES; i++) {
        append("# HELP go_sql_something What it is.\n# TYPE go_sql_something gauge\n");
        const char *first = order[i] == changed ? value : master[order[i]];
        if (first != NULL)
            append_value(order[i], "{db_name=\"master\"}", first);
        append_value(order[i], "{db_name=\"replica-0\"}", replica[order[i]]);
    }
    append("mattermost_db_master_connections_total 10\n");
}

static const char *read_text(void)
{
    /* A copy without anything behind it, for those who watch the memory. */
    size_t size = strlen(text);
    char *copy = malloc(size > 0 ? size : 1);
    CU_ASSERT_PTR_NOT_NULL_FATAL(copy);
    memcpy(copy, text, size);
    memset(&page, 0xff, sizeof page);
    const char *fault = sql_page_read(&page, copy, size);
    free(copy);
    return fault;
}

static void check_refused(const char *fault)
{
    static const struct sql_page nothing;
    const char *said = read_text();
    CU_ASSERT_PTR_NOT_NULL_FATAL(said);
    CU_ASSERT_STRING_EQUAL(said, fault);
    CU_ASSERT_EQUAL(memcmp(&page, &nothing, sizeof page), 0);
}

static void sums_are_over_all_pools(void)
{
    static const double sums[POOL_FAMILIES] = { 600, 11, 8, 3, 43, 0.250000001, 12345678, 7, 10 };
    make_page(NO_FAMILY, NULL);
    CU_ASSERT_PTR_NULL(read_text());
    CU_ASSERT_EQUAL(page.pools, 2);
    for (size_t i = 0; i < POOL_FAMILIES; i++)
        CU_ASSERT_EQUAL(page.sums[i], sums[i]);
}

static void one_pool_without_a_limit_is_no_limit(void)
{
    make_page(MAX_OPEN, "0");
    CU_ASSERT_PTR_NULL(read_text());
    CU_ASSERT_EQUAL(page.sums[MAX_OPEN], 0);
}

static void other_labels_do_not_matter(void)
{
    begin();
    for (enum family family = 0; family < POOL_FAMILIES; family++)
        append_value(family, "{a=\"x\\\\\",db_name=\"ma\\\"ster\",b=\"} 7,{\"}", "1");
    CU_ASSERT_PTR_NULL(read_text());
    CU_ASSERT_EQUAL(page.pools, 1);
    CU_ASSERT_EQUAL(page.sums[WAIT_COUNT], 1);
}

/* Wherever a page ends too early, it is none, or it had all there is to know already. */
static void half_a_page_is_none(void)
{
    static const double waited = 0.250000001;
    size_t good = 0;
    make_page(NO_FAMILY, NULL);
    for (size_t size = strlen(text); size > 0; size--) {
        text[size] = '\0';
        if (read_text() != NULL)
            continue;
        good++;
        CU_ASSERT_EQUAL(page.sums[OPEN], 11);
        CU_ASSERT_EQUAL(page.sums[WAIT_DURATION], waited);
    }
    CU_ASSERT_EQUAL(good, 2); /* with and without the last line, which is not about pools */
    make_page(NO_FAMILY, NULL);
    text[strlen(text) - 1] = '\0';
    check_refused("is cut off");
}

static void a_value_that_is_missing(void)
{
    for (enum family family = 0; family < POOL_FAMILIES; family++) {
        make_page(family, NULL);
        check_refused(family == IDLE ? "does not name the same pools in all families"
                                     : "does not have all values of each pool");
    }
}

static void a_value_that_is_none(void)
{
    static const char *const wrong[] = { "",    "-1",  "+Inf",  "NaN", "0x10",  "1e400", "9007199254740994", "0.5",
                                         "1 2", "1e",  "10\r",  ".1",  "1,5",   "1_000", "nan(1)",
                                         "1.00000000000000000000000000000001" };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        make_page(OPEN, wrong[i]);
        check_refused("has a line that cannot be understood");
    }
    make_page(WAIT_COUNT, "9007199254740992");
    check_refused("has values that are too large"); /* and one more from the other pool */
    make_page(WAIT_DURATION, "-0.1");
    check_refused("has a line that cannot be understood");
}

static void lines_that_cannot_be_understood(void)
{
    static const char *const wrong[] = { "",
                                         "{}",
                                         "{db_name=\"master\"",
                                         "{db_name=\"master}",
                                         "{db_name=\"master\\",
                                         "{db_name=master}",
                                         "{db_name}",
                                         "{db=\"master\"}",
                                         "{db_name=\"a\",db_name=\"b\"}",
                                         "{db_name=\"a\",}",
                                         "{db_name=\"a\"}x" };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        make_page(NO_FAMILY, NULL);
        append_value(OPEN, wrong[i], "1");
        check_refused("has a line that cannot be understood");
    }
}

static void what_contradicts_itself(void)
{
    make_page(NO_FAMILY, NULL);
    append_value(OPEN, "{db_name=\"master\"}", "10");
    check_refused("has the same value twice");
    make_page(NO_FAMILY, NULL);
    append_value(IDLE, "{db_name=\"replica-1\"}", "1");
    check_refused("does not name the same pools in all families");
}

static void too_many_pools(void)
{
    char labels[40];
    begin();
    for (int i = 0; i <= SQL_PAGE_POOLS_MAX; i++) {
        snprintf(labels, sizeof labels, "{db_name=\"replica-%d\"}", i);
        append_value(OPEN, labels, "1");
    }
    check_refused("has too many pools");
}

static void pages_of_others(void)
{
    begin();
    check_refused("says nothing of Mattermost's pools"); /* a server before 7.8 */
    text[0] = '\0';
    check_refused("says nothing of Mattermost's pools");
    strcpy(text, "<html>\n</html>\n");
    check_refused("says nothing of Mattermost's pools");
    strcpy(text, "\n\n");
    check_refused("says nothing of Mattermost's pools");
    make_page(NO_FAMILY, NULL);
    append("go_sql_something_new{db_name=\"master\"} NaN\ngo_sql\ngo_sql_\n");
    CU_ASSERT_PTR_NULL(read_text());
}

int main(void)
{
    CU_TestInfo tests[] = {
        { "sums are over all pools", sums_are_over_all_pools },
        { "one pool without a limit is no limit", one_pool_without_a_limit_is_no_limit },
        { "other labels do not matter", other_labels_do_not_matter },
        { "half a page is none", half_a_page_is_none },
        { "a value that is missing", a_value_that_is_missing },
        { "a value that is none", a_value_that_is_none },
        { "lines that cannot be understood", lines_that_cannot_be_understood },
        { "what contradicts itself", what_contradicts_itself },
        { "too many pools", too_many_pools },
        { "pages of others", pages_of_others },
        CU_TEST_INFO_NULL,
    };
    CU_SuiteInfo suites[] = { { .pName = "sql_page", .pTests = tests }, CU_SUITE_INFO_NULL };
    return cunit_tap_main(suites);
}
