/* SPDX-License-Identifier: Apache-2.0 */
/* What `minotord --check` prints of a worker's report, and how a worker writes it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "supervisor/trial.h"
#include "tests/tap/cunit_tap.h"

static char *good_text, *bad_text;

static enum minotord_status print(const char *report)
{
    size_t good_bytes, bad_bytes;
    free(good_text);
    free(bad_text);
    FILE *good = open_memstream(&good_text, &good_bytes), *bad = open_memstream(&bad_text, &bad_bytes);
    char *copy = strdup(report);
    if (good == NULL || bad == NULL || copy == NULL)
        abort();
    enum minotord_status status = trial_print("kpi", copy, good, bad);
    fclose(good);
    fclose(bad);
    free(copy);
    return status;
}

static void forget(void)
{
    free(good_text);
    free(bad_text);
    good_text = bad_text = NULL;
}

static void a_good_round(void)
{
    CU_ASSERT_EQUAL(print("absent\ta_one\t\nabsent\ta_two\t\nround\tok\t4\t57\t45\t\n"), MINOTORD_OK);
    CU_ASSERT_STRING_EQUAL(good_text, "kpi: not given here: a_one, a_two\nkpi: round ok in 45 ms: 4 families, 57 samples\n");
    CU_ASSERT_STRING_EQUAL(bad_text, "");
    forget();
}

static void families_that_are_unknown(void)
{
    CU_ASSERT_EQUAL(print("unknown\ta\tdenied\nunknown\tb\tdenied\nunknown\tc\tgone\nabsent\td\t\n"
                          "round\tpartial\t4\t57\t45\tdenied\n"),
                    MINOTORD_UNAVAILABLE);
    CU_ASSERT_STRING_EQUAL(bad_text, "kpi: unknown: a, b: denied\nkpi: unknown: c: gone\n");
    CU_ASSERT_STRING_EQUAL(good_text, "kpi: not given here: d\nkpi: round partial in 45 ms: 4 families, 57 samples\n");
    forget();
}

static void rounds_of_other_kinds(void)
{
    CU_ASSERT_EQUAL(print("round\tfailed\t0\t0\t45\tno connection\n"), MINOTORD_UNAVAILABLE);
    CU_ASSERT_STRING_EQUAL(bad_text, "kpi: round failed in 45 ms: no connection\n");
    CU_ASSERT_EQUAL(print("round\tno_data\t0\t0\t1\tno such table\n"), MINOTORD_OK);
    CU_ASSERT_STRING_EQUAL(good_text, "kpi: round no_data in 1 ms: no such table\n");
    CU_ASSERT_EQUAL(print("round\tnot_ready\t0\t0\t1\tstarting\n"), MINOTORD_UNAVAILABLE);
    CU_ASSERT_STRING_EQUAL(bad_text, "kpi: round not_ready in 1 ms: starting\n");
    CU_ASSERT_EQUAL(print("unknown\ta\tdenied\ncut\nround\tpartial\t4\t57\t45\tdenied\n"), MINOTORD_UNAVAILABLE);
    CU_ASSERT_PTR_NOT_NULL(strstr(bad_text, "kpi: unknown: a: denied\nkpi: there are more"));
    forget();
}

/* A plugin can write to the pipe, too. */
static void what_is_no_report(void)
{
    static const char *const texts[] = { "",
                                         "\n\n\n",
                                         "round",
                                         "round\n",
                                         "round\tok\t1\t1\t1\n",
                                         "round\tok\t4\t57\t45\t",
                                         "\t\t\t\t\t\t\t\t\t\n",
                                         "unknown\n",
                                         "absent\t\n",
                                         "garbage and more\nof it\t\n" };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        CU_ASSERT_EQUAL(print(texts[i]), MINOTORD_UNAVAILABLE);
    forget();
}

static CU_TestInfo tests[] = {
    { "a good round", a_good_round },
    { "families that are unknown", families_that_are_unknown },
    { "rounds of other kinds", rounds_of_other_kinds },
    { "what is no report", what_is_no_report },
    CU_TEST_INFO_NULL,
};

static CU_SuiteInfo suites[] = { { .pName = "trial", .pTests = tests }, CU_SUITE_INFO_NULL };

int main(void)
{
    return cunit_tap_main(suites);
}
