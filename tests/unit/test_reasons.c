/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "tests/tap/cunit_tap.h"
#include "worker/reasons.h"

static void each_reason_is_told_once(void)
{
    struct reasons reasons = { 0 };
    CU_ASSERT_TRUE(reasons_are_news(&reasons, 1, "posts: denied"));
    CU_ASSERT_TRUE(reasons_are_news(&reasons, 1, "users: denied"));
    for (uint32_t round = 1; round < 100; round++) {
        CU_ASSERT_FALSE(reasons_are_news(&reasons, round, "posts: denied"));
        CU_ASSERT_FALSE(reasons_are_news(&reasons, round, "users: denied"));
    }
}

static void what_comes_and_goes_is_not_told_each_time(void)
{
    struct reasons reasons = { 0 };
    CU_ASSERT_TRUE(reasons_are_news(&reasons, 1, "late"));
    for (uint32_t round = 1; round < 1000; round += REASONS_MEMORY_ROUNDS)
        CU_ASSERT_FALSE(reasons_are_news(&reasons, round, "late"));
}

static void what_was_away_for_long_is_told_again(void)
{
    struct reasons reasons = { 0 };
    CU_ASSERT_TRUE(reasons_are_news(&reasons, UINT32_MAX - 3, "late"));
    CU_ASSERT_FALSE(reasons_are_news(&reasons, 2, "late")); /* round numbers start anew */
    CU_ASSERT_TRUE(reasons_are_news(&reasons, 2 + REASONS_MEMORY_ROUNDS + 1, "late"));
    CU_ASSERT_FALSE(reasons_are_news(&reasons, 2 + REASONS_MEMORY_ROUNDS + 2, "late"));
}

/* A text that differs in each round must not fill the log. */
static void more_than_can_be_kept_are_not_told(void)
{
    struct reasons reasons = { 0 };
    char text[32];
    unsigned told = 0;
    for (uint32_t i = 0; i < 1000; i++) {
        snprintf(text, sizeof text, "reason %u", (unsigned)i);
        told += reasons_are_news(&reasons, 1, text);
    }
    CU_ASSERT_EQUAL(told, REASONS_TOLD_MAX);
    CU_ASSERT_TRUE(reasons_are_news(&reasons, 2 + REASONS_MEMORY_ROUNDS, "reason 999"));
}

int main(void)
{
    CU_TestInfo tests[] = {
        { "each reason is told once", each_reason_is_told_once },
        { "what comes and goes is not told each time", what_comes_and_goes_is_not_told_each_time },
        { "what was away for long is told again", what_was_away_for_long_is_told_again },
        { "more than can be kept are not told", more_than_can_be_kept_are_not_told },
        CU_TEST_INFO_NULL,
    };
    CU_SuiteInfo suites[] = { { .pName = "reasons", .pTests = tests }, CU_SUITE_INFO_NULL };
    return cunit_tap_main(suites);
}
