/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/tap/cunit_tap.h"

#include "worker/schedule.h"

static void first_round_after_its_delay(void)
{
    struct schedule schedule;
    schedule_init(&schedule, 1000, 500, 120);
    CU_ASSERT_EQUAL(schedule.next_ms, 1120);
    CU_ASSERT_EQUAL(schedule_wait_ms(&schedule, 1000), 120);
    CU_ASSERT_EQUAL(schedule_wait_ms(&schedule, 1120), 0);
    CU_ASSERT_EQUAL(schedule_wait_ms(&schedule, 2000), 0);
}

static void no_drift_from_what_rounds_take(void)
{
    struct schedule schedule;
    schedule_init(&schedule, 0, 1000, 0);
    for (int64_t i = 0; i < 1000; i++) {
        CU_ASSERT_EQUAL(schedule.next_ms, i * 1000);
        schedule_advance(&schedule, i * 1000 + 37 + i % 900); /* started late, took long */
    }
}

static void missed_starts_are_not_made_up_for(void)
{
    struct schedule schedule;
    schedule_init(&schedule, 0, 1000, 0);
    schedule_advance(&schedule, 3600 * 1000 + 400); /* stopped for an hour */
    CU_ASSERT_EQUAL(schedule.next_ms, 3600 * 1000 + 1000);
    schedule_advance(&schedule, 3600 * 1000 + 1010);
    CU_ASSERT_EQUAL(schedule.next_ms, 3600 * 1000 + 2000);
}

static void a_round_that_ends_on_the_grid_waits_for_the_next_point(void)
{
    struct schedule schedule;
    schedule_init(&schedule, 0, 1000, 0);
    schedule_advance(&schedule, 1000);
    CU_ASSERT_EQUAL(schedule.next_ms, 2000);
}

static void soon_is_now_and_keeps_the_grid(void)
{
    struct schedule schedule;
    schedule_init(&schedule, 0, 1000, 250);
    schedule_advance(&schedule, 300);
    CU_ASSERT_EQUAL(schedule.next_ms, 1250);
    schedule_soon(&schedule, 700);
    CU_ASSERT_EQUAL(schedule.next_ms, 700);
    schedule_advance(&schedule, 720);
    CU_ASSERT_EQUAL(schedule.next_ms, 1250);
}

static void soon_does_not_delay_what_is_due(void)
{
    struct schedule schedule;
    schedule_init(&schedule, 0, 1000, 0);
    schedule_soon(&schedule, 50);
    CU_ASSERT_EQUAL(schedule.next_ms, 0);
}

static void before_the_first_round_nothing_is_skipped(void)
{
    struct schedule schedule;
    schedule_init(&schedule, 0, 1000, 500);
    schedule_soon(&schedule, 100);
    schedule_advance(&schedule, 120);
    CU_ASSERT_EQUAL(schedule.next_ms, 500);
}

int main(void)
{
    CU_TestInfo tests[] = {
        { "first round after its delay", first_round_after_its_delay },
        { "no drift from what rounds take", no_drift_from_what_rounds_take },
        { "missed starts are not made up for", missed_starts_are_not_made_up_for },
        { "a round that ends on the grid waits for the next point",
          a_round_that_ends_on_the_grid_waits_for_the_next_point },
        { "soon is now and keeps the grid", soon_is_now_and_keeps_the_grid },
        { "soon does not delay what is due", soon_does_not_delay_what_is_due },
        { "before the first round nothing is skipped", before_the_first_round_nothing_is_skipped },
        CU_TEST_INFO_NULL,
    };
    CU_SuiteInfo suites[] = { { .pName = "schedule", .pTests = tests }, CU_SUITE_INFO_NULL };
    return cunit_tap_main(suites);
}
