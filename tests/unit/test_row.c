/* SPDX-License-Identifier: Apache-2.0 */
/* What the supervisor keeps of configurations that stand in databases. */
#include <stdio.h>
#include <string.h>

#include "supervisor/row.h"
#include "supervisor/supervisor.h"
#include "tests/tap/cunit_tap.h"

static void kept_by_target(void)
{
    struct config_rows rows = {0};
    CU_ASSERT_TRUE(row_store(&rows, "a", "{}"));
    CU_ASSERT_FALSE(row_store(&rows, "a", "{}"));
    CU_ASSERT_TRUE(row_store(&rows, "b", "{}"));
    CU_ASSERT_TRUE(row_store(&rows, "a", "{1}"));
    CU_ASSERT_STRING_EQUAL(rows.row[0].text, "{1}");
    CU_ASSERT_STRING_EQUAL(rows.row[1].text, "{}");
    CU_ASSERT_STRING_EQUAL(rows.row[1].target, "b");
    row_forget_all(&rows);
    CU_ASSERT_PTR_NULL(rows.row[0].text);
    CU_ASSERT_STRING_EQUAL(rows.row[0].target, "");
}

static void as_many_as_targets(void)
{
    struct config_rows rows = {0};
    char name[8];
    for (int i = 0; i < TARGETS_MAX; i++) {
        snprintf(name, sizeof name, "t%d", i);
        CU_ASSERT_TRUE(row_store(&rows, name, "{}"));
    }
    CU_ASSERT_FALSE(row_store(&rows, "one_more", "{}"));
    CU_ASSERT_TRUE(row_store(&rows, name, "{2}"));
    row_forget_all(&rows);
}

/* Slots wait for the reader of their own target, until its first try is over. */
static void who_waits(void)
{
    static const struct config_collector collector;
    static struct slot reader = {.collector = &collector, .reads_row = true}, kpi, other;
    static struct supervisor supervisor;
    strcpy(reader.description.target, "a");
    strcpy(kpi.description.target, "a");
    strcpy(other.description.target, "b");
    supervisor.slots[3] = &reader;
    supervisor.slots[5] = &kpi;
    supervisor.slots[6] = &other;
    CU_ASSERT_TRUE(row_is_reader(&reader));
    CU_ASSERT_FALSE(row_is_reader(&kpi));
    CU_ASSERT_TRUE(row_is_awaited(&supervisor, &kpi));
    CU_ASSERT_FALSE(row_is_awaited(&supervisor, &other));
    CU_ASSERT_FALSE(row_is_awaited(&supervisor, &reader));
    reader.row_tried = true;
    CU_ASSERT_FALSE(row_is_awaited(&supervisor, &kpi));
    reader.row_tried = false;
    reader.collector = NULL; /* it is removed, and tries nothing any more */
    CU_ASSERT_FALSE(row_is_awaited(&supervisor, &kpi));
}

/* Readers come first, then each collector with each of its targets; a collector that is off has none. */
static void pairs(void)
{
    static struct config_target place;
    static struct config_collector on = {.name = "on", .enabled = true, .targets = 3};
    static struct config_collector off = {.name = "off", .targets = 3};
    static struct config_collector one = {.name = "one", .enabled = true, .targets = 2};
    static struct config config = {.target_count = 2, .collector_count = 3, .collectors = {&on, &off, &one}};
    const struct config_collector *collector;
    const struct config_target *target;
    unsigned position = 0, count = 0;
    char found[64] = "";
    config.row_targets[1] = &place;
    strcpy(config.row_reader.name, CONFIG_ROW_READER);
    while (config_next_pair(&config, &position, &collector, &target)) {
        size_t size = strlen(found);
        snprintf(found + size, sizeof found - size, "%s%s ", collector == &config.row_reader ? "row" : collector->name,
                 target == &place ? "!" : target == &config.targets[0] ? "0" : "1");
        count++;
    }
    CU_ASSERT_EQUAL(count, 4);
    CU_ASSERT_STRING_EQUAL(found, "row! on0 on1 one1 ");
    CU_ASSERT_FALSE(config_next_pair(&config, &position, &collector, &target));
}

int main(void)
{
    static CU_TestInfo tests[] = {
        {"kept by target", kept_by_target},
        {"as many as targets", as_many_as_targets},
        {"who waits", who_waits},
        {"pairs", pairs},
        CU_TEST_INFO_NULL,
    };
    static CU_SuiteInfo suites[] = {{.pName = "row", .pTests = tests}, CU_SUITE_INFO_NULL};
    return cunit_tap_main(suites);
}
