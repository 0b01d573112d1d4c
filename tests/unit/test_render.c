/* SPDX-License-Identifier: Apache-2.0 */
/* The spelling of the text format 0.0.4, rule by rule. */
#include <CUnit/CUnit.h>
#include <stdio.h>
#include <stdint.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "front/render.h"
#include "tests/tap/cunit_tap.h"

/* The text so far, terminated, valid until the next call; empties the buffer. */
static const char *text_of(struct buffer *buffer)
{
    static char text[4096];
    CU_ASSERT_FATAL(!buffer->failed && buffer->size < sizeof text);
    memcpy(text, buffer->bytes ? buffer->bytes : "", buffer->size);
    text[buffer->size] = '\0';
    buffer_free(buffer);
    return text;
}

static const char *f64(double value)
{
    struct buffer out = {0};
    render_f64(&out, value);
    return text_of(&out);
}

static const char *u64(uint64_t value)
{
    struct buffer out = {0};
    render_u64(&out, value);
    return text_of(&out);
}

static const char *label_value(const char *bytes, size_t size)
{
    struct buffer out = {0};
    render_label_value(&out, bytes, size);
    return text_of(&out);
}

static void test_whole_numbers_are_exact(void)
{
    CU_ASSERT_STRING_EQUAL(u64(0), "0");
    CU_ASSERT_STRING_EQUAL(u64(9007199254740993u), "9007199254740993");
    CU_ASSERT_STRING_EQUAL(u64(UINT64_MAX), "18446744073709551615");
    CU_ASSERT_STRING_EQUAL(f64(0), "0");
    CU_ASSERT_STRING_EQUAL(f64(1000000), "1000000");
    CU_ASSERT_STRING_EQUAL(f64(999999999999999.0), "999999999999999");
    CU_ASSERT_STRING_EQUAL(f64(1e15), "1e+15");
    CU_ASSERT_STRING_EQUAL(f64(-3), "-3");
    CU_ASSERT_STRING_EQUAL(f64(-0.0), "-0");
}

static void test_fractions_are_as_short_as_can_be(void)
{
    CU_ASSERT_STRING_EQUAL(f64(0.1), "0.1");
    CU_ASSERT_STRING_EQUAL(f64(1.0 / 3), "0.3333333333333333");
    CU_ASSERT_STRING_EQUAL(f64(0.1 + 0.2), "0.30000000000000004");
    CU_ASSERT_STRING_EQUAL(f64(1734876978.606), "1734876978.606");
    CU_ASSERT_STRING_EQUAL(f64(DBL_MAX), "1.7976931348623157e+308");
    CU_ASSERT_STRING_EQUAL(f64(5e-324), "4.94065645841247e-324");
}

static void test_numbers_come_back(void)
{
    uint64_t bits = 88172645463325252u; /* xorshift: the same numbers in every run */
    for (int i = 0; i < 20000; i++) {
        double value;
        bits ^= bits << 13;
        bits ^= bits >> 7;
        bits ^= bits << 17;
        memcpy(&value, &bits, sizeof value);
        if (isfinite(value) && strtod(f64(value), NULL) != value)
            CU_FAIL("a number does not read back as itself");
    }
    CU_PASS("all numbers come back");
}

static void test_words_for_what_is_no_number(void)
{
    CU_ASSERT_STRING_EQUAL(f64(NAN), "NaN");
    CU_ASSERT_STRING_EQUAL(f64(-NAN), "NaN");
    CU_ASSERT_STRING_EQUAL(f64(INFINITY), "+Inf");
    CU_ASSERT_STRING_EQUAL(f64(-INFINITY), "-Inf");
}

static void test_label_values_escape_three_bytes(void)
{
    CU_ASSERT_STRING_EQUAL(label_value("plain", 5), "plain");
    CU_ASSERT_STRING_EQUAL(label_value("", 0), "");
    CU_ASSERT_STRING_EQUAL(label_value("a\\b\"c\nd", 7), "a\\\\b\\\"c\\nd");
    CU_ASSERT_STRING_EQUAL(label_value("\n\n", 2), "\\n\\n");
}

static void test_label_values_leave_the_rest(void)
{
    CU_ASSERT_STRING_EQUAL(label_value("\t\r{},=' é€", 13), "\t\r{},=' é€");
}

static void test_a_label(void)
{
    struct buffer out = {0};
    render_label(&out, "emoji", "\"+1\"");
    CU_ASSERT_STRING_EQUAL(text_of(&out), "emoji=\"\\\"+1\\\"\"");
}

static const char *head(enum frame_family_type type, const char *help)
{
    struct buffer out = {0};
    render_head(&out, "a_b", type, help);
    return text_of(&out);
}

static void test_help_escapes_two_bytes(void)
{
    CU_ASSERT_STRING_EQUAL(head(FRAME_FAMILY_GAUGE, "One \\ \"two\"\nthree"),
                           "# HELP a_b One \\\\ \"two\"\\nthree\n# TYPE a_b gauge\n");
}

static void test_types_are_those_of_the_format(void)
{
    CU_ASSERT_STRING_EQUAL(head(FRAME_FAMILY_COUNTER, "x"), "# HELP a_b x\n# TYPE a_b counter\n");
    CU_ASSERT_STRING_EQUAL(head(FRAME_FAMILY_INFO, "x"), "# HELP a_b x\n# TYPE a_b gauge\n");
    CU_ASSERT_STRING_EQUAL(head(FRAME_FAMILY_UNTYPED, "x"), "# HELP a_b x\n# TYPE a_b untyped\n");
}

static void test_a_buffer_keeps_its_bound(void)
{
    struct buffer out = {.max_bytes = 5};
    buffer_put(&out, "12345", 5);
    CU_ASSERT_FALSE(out.failed);
    buffer_put(&out, "6", 1);
    CU_ASSERT_TRUE(out.failed);
    CU_ASSERT_EQUAL(out.size, 5);
    buffer_put(&out, "", 0);
    CU_ASSERT_EQUAL(out.size, 5);
    buffer_free(&out);
}

/* The short way to print a decimal, against the long one. */
static void test_decimals_are_as_printed(void)
{
    uint64_t random = 88172645463325252u;
    for (unsigned i = 0; i < 300000; i++) {
        char expected[32];
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        double value = (double)(random >> (i % 50 + 14)) / (double[]){1, 4, 10, 1000, 1e6, 1e7, 3, 1e12}[i % 8];
        if (i % 3 == 0)
            value = nextafter(value, i % 2 ? 0 : 1e300);
        for (int digits = 15; digits <= 17; digits++) {
            snprintf(expected, sizeof expected, "%.*g", digits, value);
            if (strtod(expected, NULL) == value)
                break;
        }
        if (value < 1e15 && value == trunc(value))
            continue; /* whole ones are another test's */
        CU_ASSERT_STRING_EQUAL_FATAL(f64(value), expected);
    }
}

static CU_TestInfo tests[] = {
    {"decimals are as they are printed", test_decimals_are_as_printed},
    {"whole numbers are exact", test_whole_numbers_are_exact},
    {"fractions are as short as can be", test_fractions_are_as_short_as_can_be},
    {"numbers come back", test_numbers_come_back},
    {"words for what is no number", test_words_for_what_is_no_number},
    {"label values escape backslash, line feed and quote", test_label_values_escape_three_bytes},
    {"label values leave tab, carriage return and UTF-8", test_label_values_leave_the_rest},
    {"a label", test_a_label},
    {"HELP escapes backslash and line feed, not the quote", test_help_escapes_two_bytes},
    {"types are those of the format", test_types_are_those_of_the_format},
    {"a buffer keeps its bound", test_a_buffer_keeps_its_bound},
    CU_TEST_INFO_NULL,
};

static CU_SuiteInfo suites[] = {
    {"render", NULL, NULL, NULL, NULL, tests},
    CU_SUITE_INFO_NULL,
};

int main(void)
{
    return cunit_tap_main(suites);
}
