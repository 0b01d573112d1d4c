/* SPDX-License-Identifier: Apache-2.0 */
/* What the log hears of one that fails again and again, and when CPU time is too much, with a clock of paper. */
#include "tests/tap/cunit_tap.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "supervisor/cpu_watch.h"
#include "supervisor/flapping.h"

#define MINUTE INT64_C(60000)

static struct flapping flapping;
static int64_t now;

static void begin(void)
{
    memset(&flapping, 0, sizeof flapping);
    now = 5000;
}

/* Fails every `step_ms` for so long; how often in full, and how often in a summary. */
static void fail_for(int64_t step_ms, int64_t long_ms, unsigned *told, unsigned *summaries)
{
    *told = *summaries = 0;
    for (int64_t end = now + long_ms; now < end; now += step_ms) {
        char how[64];
        snprintf(how, sizeof how, "crashed at 0x%llx in process %lld", (long long)now, (long long)now);
        enum flapping_verdict verdict = flapping_fail(&flapping, how, now);
        *told += verdict == FLAPPING_TELL;
        *summaries += verdict == FLAPPING_SUMMARY;
    }
}

static void first_ones_in_full_then_ever_rarer(void)
{
    unsigned told, summaries;
    begin();
    fail_for(30000, 24 * 60 * MINUTE, &told, &summaries);
    CU_ASSERT_EQUAL(told, FLAPPING_TOLD_FIRST);
    /* 1, 2, 4, 8, 16 and 32 min after the one before, then once an hour. */
    CU_ASSERT_TRUE(summaries >= 24 && summaries <= 31);
    CU_ASSERT_TRUE(flapping_is_quiet(&flapping, now));
}

static void summary_counts(void)
{
    char text[128];
    begin();
    for (int i = 0; i < 10; i++, now += 1000)
        CU_ASSERT_EQUAL(flapping_fail(&flapping, "x", now), i < FLAPPING_TOLD_FIRST ? FLAPPING_TELL : FLAPPING_SILENT);
    now += FLAPPING_SUMMARY_FIRST_MS;
    CU_ASSERT_EQUAL(flapping_fail(&flapping, "x", now), FLAPPING_SUMMARY);
    flapping_summarize(&flapping, now, text, sizeof text);
    CU_ASSERT_STRING_EQUAL(text, "has failed 11 times in 1 min, 8 times since it was last said");
}

static void another_way_to_fail_is_news(void)
{
    begin();
    for (int i = 0; i < 20; i++, now += 1000)
        flapping_fail(&flapping, "exit code 82: the plugin could not open", now);
    CU_ASSERT_EQUAL(flapping_fail(&flapping, "signal 11", now), FLAPPING_TELL);
    CU_ASSERT_EQUAL(flapping_fail(&flapping, "signal 12", now), FLAPPING_SILENT);
    CU_ASSERT_EQUAL(flapping_fail(&flapping, "exit code 82: the plugin could not open", now), FLAPPING_SILENT);
}

static void one_that_makes_up_its_words(void)
{
    unsigned told = 0;
    begin();
    for (int i = 0; i < 1000; i++) {
        char how[32];
        memset(how, 0, sizeof how);
        for (int k = 0; k < 10; k++)
            how[k] = (char)('a' + (i >> k & 1));
        told += flapping_fail(&flapping, how, now) == FLAPPING_TELL;
    }
    CU_ASSERT_EQUAL(told, FLAPPING_WAYS_MAX);
}

static void recovery_is_told_once(void)
{
    begin();
    CU_ASSERT_EQUAL(flapping_recover(&flapping), 0);
    CU_ASSERT_FALSE(flapping_is_quiet(&flapping, now));
    for (int i = 0; i < 5; i++)
        flapping_fail(&flapping, "x", now += 1000);
    CU_ASSERT_TRUE(flapping_is_quiet(&flapping, now));
    CU_ASSERT_EQUAL(flapping_recover(&flapping), 5);
    CU_ASSERT_EQUAL(flapping_recover(&flapping), 0);
    /* One that works for a while and dies, over and over: neither is said again. */
    for (int i = 0; i < 4; i++) {
        CU_ASSERT_EQUAL(flapping_fail(&flapping, "x", now += 11000), FLAPPING_SILENT);
        CU_ASSERT_EQUAL(flapping_recover(&flapping), 0);
    }
}

static void a_long_calm_forgets(void)
{
    begin();
    for (int i = 0; i < 5; i++)
        flapping_fail(&flapping, "x", now);
    now += FLAPPING_CALM_MS + 1;
    CU_ASSERT_FALSE(flapping_is_quiet(&flapping, now));
    CU_ASSERT_EQUAL(flapping_fail(&flapping, "x", now), FLAPPING_TELL);
    CU_ASSERT_EQUAL(flapping.count, 1);
    CU_ASSERT_EQUAL(flapping_recover(&flapping), 6);
}

/* ---- CPU time */

static void looked_at_when_it_could_be_too_much(void)
{
    struct cpu_watch watch;
    cpu_watch_begin(&watch, 1000, 300, 5000);
    CU_ASSERT_EQUAL(watch.due_ms, 5000 + 1000 + LIMIT_CPU_GRACE_MS);
    CU_ASSERT_FALSE(cpu_watch_exceeded(&watch, 700, watch.due_ms));
    CU_ASSERT_EQUAL(watch.due_ms, 5000 + 2 * (1000 + LIMIT_CPU_GRACE_MS) - 400);
    CU_ASSERT_TRUE(cpu_watch_exceeded(&watch, 300 + 1000 + LIMIT_CPU_GRACE_MS, watch.due_ms));
    CU_ASSERT_EQUAL(watch.due_ms, INT64_MAX);
}

static void no_limit_is_never_exceeded(void)
{
    struct cpu_watch watch;
    cpu_watch_begin(&watch, CPU_WATCH_NO_LIMIT, 0, 0);
    CU_ASSERT_EQUAL(watch.due_ms, INT64_MAX);
    CU_ASSERT_FALSE(cpu_watch_exceeded(&watch, INT64_MAX / 2, 1000));
}

static void computing_is_told_from_waiting(void)
{
    struct cpu_watch watch;
    cpu_watch_begin(&watch, CPU_WATCH_NO_LIMIT, 100, 1000);
    CU_ASSERT_TRUE(cpu_watch_was_busy(&watch, 100 + 1900, 3000));
    CU_ASSERT_FALSE(cpu_watch_was_busy(&watch, 100 + 300, 3000));
    CU_ASSERT_FALSE(cpu_watch_was_busy(&watch, 100 + 50, 1050));
}

static void the_clock_of_a_process(void)
{
    int64_t before_ms = cpu_watch_used_ms(getpid());
    while (cpu_watch_used_ms(getpid()) < before_ms + 20)
        continue;
    CU_ASSERT_EQUAL(cpu_watch_used_ms(0), 0);
    CU_ASSERT_EQUAL(cpu_watch_used_ms(1 << 22), 0);
}

static CU_TestInfo flapping_tests[] = {
    {"the first ones in full, then ever rarer", first_ones_in_full_then_ever_rarer},
    {"a summary counts", summary_counts},
    {"another way to fail is news", another_way_to_fail_is_news},
    {"one that makes up its words", one_that_makes_up_its_words},
    {"recovery is told once", recovery_is_told_once},
    {"a long calm forgets", a_long_calm_forgets},
    CU_TEST_INFO_NULL,
};

static CU_TestInfo cpu_tests[] = {
    {"looked at when it could be too much", looked_at_when_it_could_be_too_much},
    {"no limit is never exceeded", no_limit_is_never_exceeded},
    {"computing is told from waiting", computing_is_told_from_waiting},
    {"the clock of a process", the_clock_of_a_process},
    CU_TEST_INFO_NULL,
};

static CU_SuiteInfo suites[] = {
    {"flapping", NULL, NULL, NULL, NULL, flapping_tests},
    {"CPU time", NULL, NULL, NULL, NULL, cpu_tests},
    CU_SUITE_INFO_NULL,
};

int main(void)
{
    return cunit_tap_main(suites);
}
