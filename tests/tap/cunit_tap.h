/* SPDX-License-Identifier: Apache-2.0 */
/* Runs CUnit suites and reports each test as one line of TAP, for automake's driver. */
#ifndef MINOTOR_TESTS_TAP_CUNIT_TAP_H
#define MINOTOR_TESTS_TAP_CUNIT_TAP_H

#include <CUnit/CUnit.h>
#include <CUnit/TestDB.h>

/*
 * Registers the suites (a table that ends in CU_SUITE_INFO_NULL), runs all their tests and prints the report on
 * standard output. A failed assertion becomes a `#` line with file, line and condition.
 * Returns the exit status for main(): 0 when everything passed, 1 when not, 99 when CUnit could not run.
 */
int cunit_tap_main(CU_SuiteInfo suites[]);

/*
 * Inside a test: reports it as skipped, with the reason. The caller returns afterwards. An assertion that
 * failed before counts nevertheless. The reason is not copied.
 */
void cunit_tap_skip(const char *reason);

#endif
