/* SPDX-License-Identifier: Apache-2.0 */
/* The report of a worker on trial: its lines, and that it always fits into a pipe. */
#include <string.h>

#include "tests/tap/cunit_tap.h"
#include "worker/report.h"

static struct plugin_family families[3] = { { .family = { .name = "a" } },
                                            { .family = { .name = "b" } },
                                            { .family = { .name = "c" } } };
static struct plugin plugin = { .families = families, .family_count = 3 };
static bool unknown[3];
static uint32_t by_family[3];
static struct samples samples = { .plugin = &plugin, .unknown = unknown, .by_family = by_family };
static struct report report;

static void begin(void)
{
    memset(&report, 0, sizeof report);
    memset(unknown, 0, sizeof unknown);
    memset(by_family, 0, sizeof by_family);
}

static void its_lines(void)
{
    begin();
    by_family[0] = 7;
    unknown[1] = true;
    report_unknown(&report, "b", "denied\n\tfor good");
    report_round(&report, ROUND_PARTIAL, "denied", 45, &samples);
    CU_ASSERT_STRING_EQUAL(report.text, "unknown\tb\tdenied  for good\nabsent\tc\t\nround\tpartial\t1\t7\t45\tdenied\n");
    CU_ASSERT_EQUAL(report.size, strlen(report.text));
}

/* What a failed round would have given is not known. */
static void a_round_that_failed(void)
{
    begin();
    by_family[0] = 7;
    report_round(&report, ROUND_FAILED, "gone", 5, &samples);
    CU_ASSERT_STRING_EQUAL(report.text, "round\tfailed\t0\t0\t5\tgone\n");
}

static void more_than_there_is_room_for(void)
{
    char reason[ERROR_TEXT_MAX_BYTES + 1];
    begin();
    memset(reason, 'x', sizeof reason - 1);
    reason[sizeof reason - 1] = '\0';
    for (unsigned i = 0; i < FAMILIES_MAX; i++)
        report_unknown(&report, "b", reason);
    unknown[1] = true;
    report_round(&report, ROUND_PARTIAL, reason, 45, &samples);
    CU_ASSERT(report.size <= REPORT_MAX_BYTES);
    CU_ASSERT_EQUAL(report.size, strlen(report.text));
    const char *end = strstr(report.text, "\ncut\nround\tpartial\t0\t0\t45\t");
    CU_ASSERT_PTR_NOT_NULL_FATAL(end);
    CU_ASSERT_STRING_EQUAL(end + strlen("\ncut\nround\tpartial\t0\t0\t45\t") + strlen(reason), "\n");
}

static CU_TestInfo tests[] = {
    { "its lines", its_lines },
    { "a round that failed", a_round_that_failed },
    { "more than there is room for", more_than_there_is_room_for },
    CU_TEST_INFO_NULL,
};

static CU_SuiteInfo suites[] = { { .pName = "report", .pTests = tests }, CU_SUITE_INFO_NULL };

int main(void)
{
    return cunit_tap_main(suites);
}
