/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/tap/cunit_tap.h"

#include <CUnit/TestRun.h>
#include <stdint.h>
#include <stdio.h>

#define STATUS_PASSED 0
#define STATUS_FAILED 1
#define STATUS_BROKEN 99 /* automake: the harness, not the test, went wrong */

static unsigned tests_reported;
static unsigned tests_failed;
static const char *skip_reason;

void cunit_tap_skip(const char *reason)
{
    skip_reason = reason;
}

/* TAP gives `#` and line ends a meaning of their own. */
static void print_plain(const char *text)
{
    for (; *text; text++)
        putchar(*text == '#' || *text == '\n' || *text == '\r' ? ' ' : *text);
}

static void on_start(const CU_pTest test, const CU_pSuite suite)
{
    (void)test;
    (void)suite;
    skip_reason = NULL;
}

static void print_failures(const CU_FailureRecord *failure)
{
    for (; failure; failure = failure->pNext) {
        printf("# %s:%u: ", failure->strFileName ? failure->strFileName : "?", failure->uiLineNumber);
        print_plain(failure->strCondition ? failure->strCondition : "failed");
        putchar('\n');
    }
}

static void report(const char *suite, const char *test, const CU_FailureRecord *failure)
{
    tests_reported++;
    if (failure)
        tests_failed++;
    printf("%s %u - ", failure ? "not ok" : "ok", tests_reported);
    print_plain(suite);
    printf(": ");
    print_plain(test);
    if (skip_reason && !failure) {
        printf(" # SKIP ");
        print_plain(skip_reason);
    }
    putchar('\n');
    print_failures(failure);
}

static void on_complete(const CU_pTest test, const CU_pSuite suite, const CU_pFailureRecord failure)
{
    report(suite->pName, test->pName, failure);
}

/* None of its tests will run, so each is reported here: the plan has announced them. */
static void on_suite_init_failure(const CU_pSuite suite)
{
    static const CU_FailureRecord record = {
        .strCondition = (char *)(uintptr_t)"the initialisation of the suite failed",
    };
    for (CU_pTest test = suite->pTest; test; test = test->pNext)
        report(suite->pName, test->pName, &record);
}

static void on_suite_cleanup_failure(const CU_pSuite suite)
{
    tests_failed++;
    printf("# %s: the clean-up of the suite failed\n", suite->pName);
}

int cunit_tap_main(CU_SuiteInfo suites[])
{
    /* Line by line: a test that forks or crashes neither repeats nor loses what was said before. */
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (CU_initialize_registry() != CUE_SUCCESS || CU_register_suites(suites) != CUE_SUCCESS) {
        printf("Bail out! CUnit: %s\n", CU_get_error_msg());
        return STATUS_BROKEN;
    }
    CU_set_test_start_handler(on_start);
    CU_set_test_complete_handler(on_complete);
    CU_set_suite_init_failure_handler(on_suite_init_failure);
    CU_set_suite_cleanup_failure_handler(on_suite_cleanup_failure);
    CU_set_error_action(CUEA_IGNORE);
    printf("1..%u\n", CU_get_registry()->uiNumberOfTests);
    CU_run_all_tests();
    CU_cleanup_registry();
    return tests_failed ? STATUS_FAILED : STATUS_PASSED;
}
