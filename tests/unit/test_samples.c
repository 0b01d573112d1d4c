/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/tap/cunit_tap.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "common/contract.h"
#include "common/frame.h"
#include "common/wire.h"
#include "worker/samples.h"

enum { GAUGE, LABELLED, COUNTER, INFO, FAMILIES };

static struct plugin_family families[FAMILIES] = {
    [GAUGE] = { { .name = "a_gauge", .type = MINOTOR_GAUGE, .help = "A." }, 0 },
    [LABELLED] = { { .name = "a_two", .type = MINOTOR_GAUGE, .help = "A.", .labels = { "x", "y" } }, 2 },
    [COUNTER] = { { .name = "a_total", .type = MINOTOR_COUNTER, .help = "A.", .labels = { "x" } }, 1 },
    [INFO] = { { .name = "a_info", .type = MINOTOR_INFO, .help = "A.", .labels = { "x" } }, 1 },
};
static const struct plugin plugin = { .families = families, .family_count = FAMILIES };
static struct slot_limits limits;
static struct samples samples;
static uint8_t payload[FRAME_PAYLOAD_MAX_BYTES];

static int begin(void)
{
    slot_limits_default(&limits);
    return samples_init(&samples, &plugin, &limits) ? 0 : 1;
}

static int end(void)
{
    samples_destroy(&samples);
    return 0;
}

static enum sample_verdict add_two(const char *x, const char *y, uint64_t value)
{
    const char *values[] = { x, y };
    return samples_add_u64(&samples, LABELLED, values, 2, value);
}

static void packed_as_the_frame_says(void)
{
    struct wire_reader reader;
    size_t cursor = 0;
    uint16_t count = 0;
    samples_reset(&samples);
    CU_ASSERT_EQUAL(samples_add_u64(&samples, GAUGE, NULL, 0, UINT64_MAX), SAMPLE_TAKEN);
    CU_ASSERT_EQUAL(add_two("one", "", 7), SAMPLE_TAKEN);
    CU_ASSERT_EQUAL(samples_add_f64(&samples, COUNTER, (const char *[]){ "c" }, 1, 0.5), SAMPLE_TAKEN);
    size_t size = samples_pack(&samples, &cursor, payload, &count);
    wire_reader_init(&reader, payload, size);
    CU_ASSERT_EQUAL(count, 3);
    CU_ASSERT_EQUAL(wire_get_u16(&reader), 3);
    CU_ASSERT_TRUE(wire_get_u16(&reader) == GAUGE && wire_get_u8(&reader) == 0 && wire_get_u8(&reader) == 0);
    CU_ASSERT_EQUAL(wire_get_u64(&reader), UINT64_MAX);
    CU_ASSERT_TRUE(wire_get_u16(&reader) == LABELLED && wire_get_u8(&reader) == 0 && wire_get_u8(&reader) == 2);
    CU_ASSERT_EQUAL(wire_get_text(&reader).size, 3);
    CU_ASSERT_EQUAL(wire_get_text(&reader).size, 0);
    CU_ASSERT_EQUAL(wire_get_u64(&reader), 7);
    CU_ASSERT_TRUE(wire_get_u16(&reader) == COUNTER && wire_get_u8(&reader) == 1 && wire_get_u8(&reader) == 1);
    CU_ASSERT_EQUAL(wire_get_text(&reader).size, 1);
    CU_ASSERT_EQUAL(wire_get_f64(&reader), 0.5);
    CU_ASSERT_TRUE(wire_done(&reader));
    CU_ASSERT_EQUAL(samples_pack(&samples, &cursor, payload, &count), 0);
}

static void the_same_labels_twice(void)
{
    samples_reset(&samples);
    CU_ASSERT_EQUAL(add_two("a", "b", 1), SAMPLE_TAKEN);
    CU_ASSERT_EQUAL(add_two("a", "b", 2), SAMPLE_DUPLICATE);
    CU_ASSERT_EQUAL(samples_add_f64(&samples, LABELLED, (const char *[]){ "a", "b" }, 2, 3), SAMPLE_DUPLICATE);
    CU_ASSERT_EQUAL(add_two("ab", "", 1), SAMPLE_TAKEN);
    CU_ASSERT_EQUAL(add_two("", "ab", 1), SAMPLE_TAKEN);
    CU_ASSERT_EQUAL(samples_known_count(&samples), 3);
    CU_ASSERT_EQUAL(samples.refused[SAMPLE_DUPLICATE], 2);
    CU_ASSERT_STRING_EQUAL(samples.refused_family, "a_two");
    samples_reset(&samples);
    CU_ASSERT_EQUAL(add_two("a", "b", 1), SAMPLE_TAKEN);
    CU_ASSERT_EQUAL(samples.refused[SAMPLE_DUPLICATE], 0);
}

static void wrong_calls(void)
{
    const char *one[] = { "a" };
    samples_reset(&samples);
    CU_ASSERT_EQUAL(samples_add_u64(&samples, FAMILIES, NULL, 0, 1), SAMPLE_NO_FAMILY);
    CU_ASSERT_EQUAL(samples_add_u64(&samples, UINT32_MAX, NULL, 0, 1), SAMPLE_NO_FAMILY);
    CU_ASSERT_EQUAL(samples_add_u64(&samples, LABELLED, one, 1, 1), SAMPLE_LABELS);
    CU_ASSERT_EQUAL(samples_add_u64(&samples, LABELLED, NULL, 2, 1), SAMPLE_LABELS);
    CU_ASSERT_EQUAL(samples_add_u64(&samples, GAUGE, one, 1, 1), SAMPLE_LABELS);
    CU_ASSERT_EQUAL(add_two("a", NULL, 1), SAMPLE_LABELS);
    CU_ASSERT_EQUAL(samples_known_count(&samples), 0);
    CU_ASSERT_FALSE(samples_set_unknown(&samples, FAMILIES));
}

static void values_that_a_type_forbids(void)
{
    const char *one[] = { "a" };
    samples_reset(&samples);
    CU_ASSERT_EQUAL(samples_add_f64(&samples, COUNTER, one, 1, -1), SAMPLE_VALUE);
    CU_ASSERT_EQUAL(samples_add_f64(&samples, COUNTER, one, 1, NAN), SAMPLE_VALUE);
    CU_ASSERT_EQUAL(samples_add_f64(&samples, COUNTER, one, 1, INFINITY), SAMPLE_VALUE);
    CU_ASSERT_EQUAL(samples_add_u64(&samples, COUNTER, one, 1, UINT64_MAX), SAMPLE_TAKEN);
    CU_ASSERT_EQUAL(samples_add_u64(&samples, INFO, one, 1, 2), SAMPLE_VALUE);
    CU_ASSERT_EQUAL(samples_add_u64(&samples, INFO, one, 1, 1), SAMPLE_TAKEN);
    CU_ASSERT_EQUAL(samples_add_f64(&samples, GAUGE, NULL, 0, NAN), SAMPLE_TAKEN);
}

static void bad_utf8_is_replaced(void)
{
    static char long_value[LABEL_VALUE_MAX_BYTES + 2];
    size_t cursor = 0;
    uint16_t count = 0;
    struct wire_reader reader;
    samples_reset(&samples);
    CU_ASSERT_EQUAL(add_two("a\xff" "b", "", 1), SAMPLE_TAKEN);
    size_t size = samples_pack(&samples, &cursor, payload, &count);
    wire_reader_init(&reader, payload, size);
    wire_get_u16(&reader);
    wire_get_u32(&reader);
    struct wire_text text = wire_get_text(&reader);
    CU_ASSERT_EQUAL_FATAL(text.size, 5);
    CU_ASSERT_EQUAL(memcmp(text.bytes, "a\xef\xbf\xbd" "b", 5), 0);
    CU_ASSERT_EQUAL(add_two("a\xfe" "b", "", 1), SAMPLE_DUPLICATE); /* what the page would show is the same */

    memset(long_value, 'v', sizeof long_value - 1);
    CU_ASSERT_EQUAL(add_two(long_value, "", 1), SAMPLE_LABEL_LENGTH);
    long_value[LABEL_VALUE_MAX_BYTES] = '\0';
    CU_ASSERT_EQUAL(add_two(long_value, "", 1), SAMPLE_TAKEN);
    memset(long_value, '\xff', LABEL_VALUE_MAX_BYTES);
    CU_ASSERT_EQUAL(add_two(long_value, "", 1), SAMPLE_LABEL_LENGTH);
}

static void unknown_drops_what_was_emitted(void)
{
    size_t cursor = 0;
    uint16_t count = 0;
    samples_reset(&samples);
    add_two("a", "b", 1);
    samples_add_u64(&samples, GAUGE, NULL, 0, 5);
    add_two("c", "d", 1);
    CU_ASSERT_TRUE(samples_set_unknown(&samples, LABELLED));
    CU_ASSERT_EQUAL(add_two("e", "f", 1), SAMPLE_FAMILY_UNKNOWN);
    CU_ASSERT_EQUAL(samples_unknown_count(&samples), 1);
    CU_ASSERT_EQUAL(samples_known_count(&samples), 1);
    CU_ASSERT_EQUAL(samples_pack(&samples, &cursor, payload, &count), 2 + 4 + 8);
    CU_ASSERT_EQUAL(count, 1);
    samples_reset(&samples);
    CU_ASSERT_EQUAL(samples_unknown_count(&samples), 0);
    CU_ASSERT_EQUAL(add_two("a", "b", 1), SAMPLE_TAKEN);
}

/* Fills until the limit; returns how many were taken. */
static size_t fill(int label_bytes)
{
    char value[LABEL_VALUE_MAX_BYTES + 1];
    size_t taken = 0;
    for (unsigned i = 0; i < SAMPLES_MAX + 10; i++) {
        snprintf(value, sizeof value, "%0*u", label_bytes, i);
        taken += add_two(value, "", i) == SAMPLE_TAKEN;
    }
    return taken;
}

static void too_many_samples_make_the_family_unknown(void)
{
    samples_reset(&samples);
    CU_ASSERT_EQUAL(samples_add_u64(&samples, GAUGE, NULL, 0, 1), SAMPLE_TAKEN);
    CU_ASSERT_EQUAL(fill(1), SAMPLES_MAX - 1);
    CU_ASSERT_EQUAL(samples.refused[SAMPLE_TOO_MANY], 1);
    CU_ASSERT_EQUAL(samples_limits_hit(&samples), 1U << LIMIT_SAMPLES);
    CU_ASSERT_TRUE(samples.unknown[LABELLED]);
    CU_ASSERT_EQUAL(samples_known_count(&samples), 1);
}

static void too_many_bytes_make_the_family_unknown(void)
{
    samples_reset(&samples);
    size_t taken = fill(1000);
    CU_ASSERT_TRUE(taken > 1000 && taken < SAMPLES_MAX / 2);
    CU_ASSERT_TRUE(samples.page_bytes <= ROUND_MAX_BYTES && samples.size <= ROUND_MAX_BYTES);
    CU_ASSERT_TRUE(samples.unknown[LABELLED]);
}

/* Smaller ones than those of the front, from the collector's file. */
static void limits_of_the_slot(void)
{
    char why[ERROR_TEXT_MAX_BYTES + 1];
    limits.samples = 5;
    samples_reset(&samples);
    CU_ASSERT_EQUAL(fill(1), 5);
    samples_explain(&samples, SAMPLE_TOO_MANY, why);
    CU_ASSERT_STRING_EQUAL(why, "too many samples: limits.samples is 5");
    slot_limits_default(&limits);
    limits.bytes = 64 * 1024;
    samples_reset(&samples);
    CU_ASSERT_EQUAL(samples_limits_hit(&samples), 0);
    size_t taken = fill(1000);
    CU_ASSERT_TRUE(taken > 10 && taken < 64);
    CU_ASSERT_EQUAL(samples_limits_hit(&samples), 1U << LIMIT_BYTES);
    samples_explain(&samples, SAMPLE_TOO_LARGE, why);
    CU_ASSERT_STRING_EQUAL(why, "too many bytes: limits.bytes is 64 KiB");
    slot_limits_default(&limits);
}

static void large_rounds_take_several_frames(void)
{
    size_t cursor = 0, total = 0, frames = 0, size;
    uint16_t count = 0;
    samples_reset(&samples);
    char value[512];
    for (unsigned i = 0; i < 1000; i++) {
        snprintf(value, sizeof value, "%0500u", i);
        add_two(value, "", i);
    }
    while ((size = samples_pack(&samples, &cursor, payload, &count)) > 0) {
        CU_ASSERT_TRUE(size <= FRAME_PAYLOAD_MAX_BYTES);
        total += count;
        frames++;
    }
    CU_ASSERT_EQUAL(total, 1000);
    CU_ASSERT_EQUAL(frames, 8);
}

int main(void)
{
    CU_TestInfo tests[] = {
        { "packed as the frame says", packed_as_the_frame_says },
        { "the same labels twice", the_same_labels_twice },
        { "wrong calls", wrong_calls },
        { "values that a type forbids", values_that_a_type_forbids },
        { "bad UTF-8 is replaced", bad_utf8_is_replaced },
        { "unknown drops what was emitted", unknown_drops_what_was_emitted },
        { "too many samples make the family unknown", too_many_samples_make_the_family_unknown },
        { "too many bytes make the family unknown", too_many_bytes_make_the_family_unknown },
        { "limits of the slot", limits_of_the_slot },
        { "large rounds take several frames", large_rounds_take_several_frames },
        CU_TEST_INFO_NULL,
    };
    CU_SuiteInfo suites[] = { { .pName = "samples", .pInitFunc = begin, .pCleanupFunc = end, .pTests = tests },
                              CU_SUITE_INFO_NULL };
    return cunit_tap_main(suites);
}
