/* SPDX-License-Identifier: Apache-2.0 */
/* The bytes under frames and control messages: what is written is read back, and nothing else is believed. */
#include <CUnit/CUnit.h>
#include <math.h>
#include <string.h>

#include "common/wire.h"
#include "tests/tap/cunit_tap.h"

static void test_numbers_come_back(void)
{
    uint8_t bytes[64];
    struct wire_writer writer;
    struct wire_reader reader;
    wire_writer_init(&writer, bytes, sizeof bytes);
    wire_put_u8(&writer, 0xab);
    wire_put_u16(&writer, 0xbeef);
    wire_put_u32(&writer, 0xdeadbeef);
    wire_put_u64(&writer, UINT64_MAX);
    wire_put_i64(&writer, -5);
    wire_put_f64(&writer, -0.1);
    CU_ASSERT_FALSE(writer.overflow);
    CU_ASSERT_EQUAL(writer.size, 1 + 2 + 4 + 8 + 8 + 8);
    wire_reader_init(&reader, bytes, writer.size);
    CU_ASSERT_EQUAL(wire_get_u8(&reader), 0xab);
    CU_ASSERT_EQUAL(wire_get_u16(&reader), 0xbeef);
    CU_ASSERT_EQUAL(wire_get_u32(&reader), 0xdeadbeef);
    CU_ASSERT_EQUAL(wire_get_u64(&reader), UINT64_MAX);
    CU_ASSERT_EQUAL(wire_get_i64(&reader), -5);
    CU_ASSERT_EQUAL(wire_get_f64(&reader), -0.1);
    CU_ASSERT_TRUE(wire_done(&reader));
}

static void test_numbers_are_little_endian(void)
{
    uint8_t bytes[4];
    struct wire_writer writer;
    wire_writer_init(&writer, bytes, sizeof bytes);
    wire_put_u32(&writer, 0x01020304);
    CU_ASSERT_EQUAL(memcmp(bytes, "\x04\x03\x02\x01", 4), 0);
}

static void test_nan_comes_back(void)
{
    uint8_t bytes[8];
    struct wire_writer writer;
    struct wire_reader reader;
    wire_writer_init(&writer, bytes, sizeof bytes);
    wire_put_f64(&writer, NAN);
    wire_reader_init(&reader, bytes, sizeof bytes);
    CU_ASSERT_TRUE(isnan(wire_get_f64(&reader)));
}

static void test_overflow_writes_nothing_more(void)
{
    uint8_t bytes[5] = { 0, 0, 0, 0, 0x77 };
    struct wire_writer writer;
    wire_writer_init(&writer, bytes, 4);
    wire_put_u16(&writer, 1);
    wire_put_u32(&writer, 2);
    CU_ASSERT_TRUE(writer.overflow);
    CU_ASSERT_EQUAL(writer.size, 2);
    wire_put_u8(&writer, 3);
    CU_ASSERT_EQUAL(writer.size, 2);
    CU_ASSERT_EQUAL(bytes[4], 0x77);
}

static void test_text_that_does_not_fit_is_not_begun(void)
{
    uint8_t bytes[6];
    struct wire_writer writer;
    wire_writer_init(&writer, bytes, sizeof bytes);
    wire_put_string(&writer, "hello");
    CU_ASSERT_TRUE(writer.overflow);
    CU_ASSERT_EQUAL(writer.size, 0);
}

static void test_texts_come_back(void)
{
    uint8_t bytes[64];
    char out[8];
    struct wire_writer writer;
    struct wire_reader reader;
    wire_writer_init(&writer, bytes, sizeof bytes);
    wire_put_string(&writer, "kpi");
    wire_put_string(&writer, NULL);
    wire_put_text(&writer, "a\0b", 3);
    wire_reader_init(&reader, bytes, writer.size);
    wire_get_string(&reader, out, sizeof out);
    CU_ASSERT_STRING_EQUAL(out, "kpi");
    wire_get_string(&reader, out, sizeof out);
    CU_ASSERT_STRING_EQUAL(out, "");
    struct wire_text text = wire_get_text(&reader);
    CU_ASSERT_EQUAL(text.size, 3);
    CU_ASSERT_EQUAL(memcmp(text.bytes, "a\0b", 3), 0);
    CU_ASSERT_TRUE(wire_done(&reader));
}

static void test_strings_refuse_nul_and_length(void)
{
    uint8_t bytes[64];
    char out[4] = "old";
    struct wire_writer writer;
    struct wire_reader reader;
    wire_writer_init(&writer, bytes, sizeof bytes);
    wire_put_text(&writer, "a\0b", 3);
    wire_reader_init(&reader, bytes, writer.size);
    wire_get_string(&reader, out, sizeof out);
    CU_ASSERT_TRUE(reader.broken);
    CU_ASSERT_STRING_EQUAL(out, "");

    wire_writer_init(&writer, bytes, sizeof bytes);
    wire_put_string(&writer, "four");
    wire_reader_init(&reader, bytes, writer.size);
    wire_get_string(&reader, out, sizeof out);
    CU_ASSERT_TRUE(reader.broken);
}

static void test_a_short_buffer_breaks_the_reader_for_good(void)
{
    struct wire_reader reader;
    wire_reader_init(&reader, "\x05\x00"
                              "ab",
                     4);
    struct wire_text text = wire_get_text(&reader);
    CU_ASSERT_EQUAL(text.size, 0);
    CU_ASSERT_TRUE(reader.broken);
    CU_ASSERT_EQUAL(wire_get_u8(&reader), 0);
    CU_ASSERT_FALSE(wire_done(&reader));
}

static void test_left_over_bytes_are_not_done(void)
{
    struct wire_reader reader;
    wire_reader_init(&reader, "\x01\x02", 2);
    wire_get_u8(&reader);
    CU_ASSERT_FALSE(wire_done(&reader));
}

int main(void)
{
    static CU_TestInfo tests[] = {
        { "numbers come back", test_numbers_come_back },
        { "numbers are little-endian", test_numbers_are_little_endian },
        { "NaN comes back", test_nan_comes_back },
        { "overflow writes nothing more", test_overflow_writes_nothing_more },
        { "a text that does not fit is not begun", test_text_that_does_not_fit_is_not_begun },
        { "texts come back", test_texts_come_back },
        { "strings refuse NUL and too much length", test_strings_refuse_nul_and_length },
        { "a short buffer breaks the reader for good", test_a_short_buffer_breaks_the_reader_for_good },
        { "left-over bytes are not done", test_left_over_bytes_are_not_done },
        CU_TEST_INFO_NULL,
    };
    static CU_SuiteInfo suites[] = { { "wire", NULL, NULL, NULL, NULL, tests }, CU_SUITE_INFO_NULL };
    return cunit_tap_main(suites);
}
