/* SPDX-License-Identifier: Apache-2.0 */
/* Names, UTF-8, durations, log lines and frame headers: the small rules that everything else leans on. */
#include <CUnit/CUnit.h>
#include <errno.h>
#include <string.h>

#include "common/contract.h"
#include "common/exit_code.h"
#include "common/frame.h"
#include "common/log.h"
#include "common/plain_http.h"
#include "common/text.h"
#include "tests/tap/cunit_tap.h"

static void test_utf8(void)
{
    static const struct {
        const char *bytes;
        size_t size;
        bool valid;
    } cases[] = {
        { "", 0, true },
        { "plain", 5, true },
        { "\x7f\t\n", 3, true },
        { "\xc3\xa9", 2, true },
        { "\xe2\x82\xac", 3, true },
        { "\xf0\x9f\x98\x80", 4, true },
        { "\xf4\x8f\xbf\xbf", 4, true },
        { "a\0b", 3, false },              /* NUL */
        { "\x80", 1, false },              /* continuation alone */
        { "\xc0\xaf", 2, false },          /* overlong, two bytes */
        { "\xe0\x80\xaf", 3, false },      /* overlong, three bytes */
        { "\xf0\x80\x80\xaf", 4, false },  /* overlong, four bytes */
        { "\xed\xa0\x80", 3, false },      /* surrogate */
        { "\xf4\x90\x80\x80", 4, false },  /* beyond U+10FFFF */
        { "\xf5\x80\x80\x80", 4, false },
        { "\xff", 1, false },
        { "\xe2\x82", 2, false },          /* cut */
        { "\xe2\x28\xa1", 3, false },      /* second byte is none */
        { "\xf0\x9f\x98\x28", 4, false },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        CU_ASSERT_EQUAL(text_is_utf8(cases[i].bytes, cases[i].size), cases[i].valid);
}

static void test_sanitize(void)
{
    char out[16];
    CU_ASSERT_EQUAL(text_sanitize(out, sizeof out, "ok", 2), 2);
    CU_ASSERT_STRING_EQUAL(out, "ok");
    text_sanitize(out, sizeof out, "a\xff\0z", 4);
    CU_ASSERT_STRING_EQUAL(out, "a\xef\xbf\xbd\xef\xbf\xbdz");
    CU_ASSERT_TRUE(text_is_utf8(out, strlen(out)));
    /* A character that does not fit is left out whole. */
    CU_ASSERT_EQUAL(text_sanitize(out, 5, "abc\xe2\x82\xac", 6), 3);
    CU_ASSERT_STRING_EQUAL(out, "abc");
    CU_ASSERT_EQUAL(text_sanitize(out, 1, "abc", 3), 0);
    CU_ASSERT_STRING_EQUAL(out, "");
}

static void test_one_line(void)
{
    char out[32];
    text_one_line(out, sizeof out, "FATAL:  no\n\tLINE 2\x1b[31m\n");
    CU_ASSERT_STRING_EQUAL(out, "FATAL:  no  LINE 2 [31m");
}

static void test_names(void)
{
    static const struct {
        const char *name;
        bool metric, label, word;
    } cases[] = {
        { "mattermost_kpi_posts_total", true, true, true },
        { "", false, false, false },
        { "_x", true, true, false },
        { "__x", true, false, false },
        { "9x", false, false, false },
        { "x9", true, true, true },
        { "Xy", true, true, false },
        { "a:b", false, false, false },
        { "a-b", false, false, false },
        { "a b", false, false, false },
        { "a\xc3\xa9", false, false, false },
        { "abcdefghijklmnopqrstuvwxyzabcdef", true, true, false },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        size_t size = strlen(cases[i].name);
        CU_ASSERT_EQUAL(text_is_metric_name(cases[i].name, size), cases[i].metric);
        CU_ASSERT_EQUAL(text_is_label_name(cases[i].name, size), cases[i].label);
        CU_ASSERT_EQUAL(text_is_word(cases[i].name), cases[i].word);
    }
    CU_ASSERT_TRUE(text_is_reserved_label("le"));
    CU_ASSERT_TRUE(text_is_reserved_label("target"));
    CU_ASSERT_FALSE(text_is_reserved_label("lee"));
    char long_name[METRIC_NAME_MAX_BYTES + 2];
    memset(long_name, 'a', sizeof long_name);
    CU_ASSERT_TRUE(text_is_metric_name(long_name, METRIC_NAME_MAX_BYTES));
    CU_ASSERT_FALSE(text_is_metric_name(long_name, METRIC_NAME_MAX_BYTES + 1));
}

static void test_durations(void)
{
    static const struct {
        const char *text;
        long long expected_ms;
    } cases[] = {
        { "250ms", 250 }, { "15s", 15000 }, { "5m", 300000 }, { "1h", 3600000 }, { "2d", 172800000 }, { "0s", 0 },
        { "", -1 },       { "s", -1 },      { "15", -1 },     { "-1s", -1 },     { "1.5s", -1 },      { "15 s", -1 },
        { "15sec", -1 },  { " 15s", -1 },   { "9999999999999s", -1 },            { "999999999999d", -1 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        CU_ASSERT_EQUAL(text_parse_duration_ms(cases[i].text), cases[i].expected_ms);
}

static void test_sizes(void)
{
    static const struct {
        const char *text;
        long long expected_bytes;
    } cases[] = {
        { "1K", 1024 },  { "256M", 256LL << 20 }, { "8G", 8LL << 30 }, { "0M", 0 },    { "256", -1 },
        { "M", -1 },     { "256m", -1 },          { "1 M", -1 },       { "-1M", -1 },  { "1.5G", -1 },
        { "256MB", -1 }, { "", -1 },              { "9999999999999G", -1 }, { "999999999999G", -1 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        CU_ASSERT_EQUAL(text_parse_size_bytes(cases[i].text), cases[i].expected_bytes);
}

struct captured {
    int lines;
    enum log_level level;
    char text[LOG_LINE_MAX_BYTES];
};

static void capture(enum log_level level, const char *text, void *context)
{
    struct captured *captured = context;
    captured->lines++;
    captured->level = level;
    strcpy(captured->text, text);
}

static void test_log_lines(void)
{
    struct captured captured = { 0 };
    char long_text[LOG_LINE_MAX_BYTES * 2];
    log_set_sink(capture, &captured);
    errno = ENOENT;
    log_warning("two\nlines %d", 7);
    CU_ASSERT_EQUAL(errno, ENOENT);
    CU_ASSERT_EQUAL(captured.level, LOG_LEVEL_WARNING);
    CU_ASSERT_STRING_EQUAL(captured.text, "two lines 7");
    log_debug("not shown");
    CU_ASSERT_EQUAL(captured.lines, 1);
    log_set_level(LOG_LEVEL_DEBUG);
    log_debug("shown");
    CU_ASSERT_EQUAL(captured.lines, 2);
    memset(long_text, 'x', sizeof long_text - 1);
    long_text[sizeof long_text - 1] = '\0';
    log_error("%s", long_text);
    CU_ASSERT_EQUAL(strlen(captured.text), LOG_LINE_MAX_BYTES - 1);
    enum log_level level;
    CU_ASSERT_EQUAL(log_level_parse("warn", &level), 0);
    CU_ASSERT_EQUAL(level, LOG_LEVEL_WARNING);
    CU_ASSERT_EQUAL(log_level_parse("loud", &level), -1);
}

static void test_frame_headers(void)
{
    uint8_t bytes[FRAME_HEADER_BYTES];
    struct frame_header header = { .type = FRAME_POINTS, .payload_bytes = 5, .round = 7, .sequence = 9 };
    struct frame_header read;
    frame_header_encode(&header, bytes);
    CU_ASSERT_EQUAL(frame_header_decode(bytes, &read), FRAME_HEADER_OK);
    CU_ASSERT_EQUAL(read.type, FRAME_POINTS);
    CU_ASSERT_EQUAL(read.payload_bytes, 5);
    CU_ASSERT_EQUAL(read.round, 7);
    CU_ASSERT_EQUAL(read.sequence, 9);

    static const struct {
        size_t position;
        uint8_t value;
        enum frame_header_fault fault;
    } faults[] = {
        { 0, 0x00, FRAME_HEADER_BAD_MAGIC },   { 1, 0x00, FRAME_HEADER_BAD_MAGIC },  { 2, 2, FRAME_HEADER_BAD_VERSION },
        { 3, 0, FRAME_HEADER_BAD_TYPE },       { 3, 7, FRAME_HEADER_BAD_TYPE },      { 3, 255, FRAME_HEADER_BAD_TYPE },
        { 6, 1, FRAME_HEADER_BAD_LENGTH },     { 7, 0x7f, FRAME_HEADER_BAD_LENGTH },
    };
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        frame_header_encode(&header, bytes);
        bytes[faults[i].position] = faults[i].value;
        CU_ASSERT_EQUAL(frame_header_decode(bytes, &read), faults[i].fault);
    }
    header.payload_bytes = FRAME_PAYLOAD_MAX_BYTES;
    frame_header_encode(&header, bytes);
    CU_ASSERT_EQUAL(frame_header_decode(bytes, &read), FRAME_HEADER_OK);
}

static void test_exit_codes(void)
{
    CU_ASSERT_STRING_EQUAL(exit_code_text(EXIT_CODE_PLUGIN_ABI), "refused the plugin's ABI");
    CU_ASSERT_TRUE(exit_code_parks(EXIT_CODE_PLUGIN_ABI));
    CU_ASSERT_FALSE(exit_code_parks(EXIT_CODE_PLUGIN_OPEN));
    CU_ASSERT_FALSE(exit_code_parks(1));
    CU_ASSERT_STRING_EQUAL(exit_code_text(1), "left with a code that minotor does not use");
}

static void test_plain_http(void)
{
    static const char *const leaving[] = { "http://chat",           "http://chat.example.org:8065/x", "HTTP://chat",
                                           "http://127.0.0.1.nip.io", "http://127.",                  "http://1270.0.0.1",
                                           "http://localhost.lan",  "http://[::2]:80",                "http://[fe80::1]",
                                           "http://",               "http://0.0.0.0:80" };
    static const char *const staying[] = { "http://127.0.0.1",  "http://127.8.9.10:80/x", "http://localhost",
                                           "http://LocalHost:1", "http://localhost/x",    "http://[::1]:8065/",
                                           "https://chat",      "https://10.0.0.1",      "" };
    for (size_t i = 0; i < sizeof leaving / sizeof leaving[0]; i++)
        CU_ASSERT_TRUE(plain_http_leaves_host(leaving[i]));
    for (size_t i = 0; i < sizeof staying / sizeof staying[0]; i++)
        CU_ASSERT_FALSE(plain_http_leaves_host(staying[i]));
}

int main(void)
{
    static CU_TestInfo tests[] = {
        { "UTF-8", test_utf8 },
        { "bad UTF-8 is replaced", test_sanitize },
        { "one line", test_one_line },
        { "names", test_names },
        { "durations", test_durations },
        { "sizes", test_sizes },
        { "log lines", test_log_lines },
        { "frame headers", test_frame_headers },
        { "exit codes", test_exit_codes },
        { "addresses that others can listen to", test_plain_http },
        CU_TEST_INFO_NULL,
    };
    static CU_SuiteInfo suites[] = { { "text", NULL, NULL, NULL, NULL, tests }, CU_SUITE_INFO_NULL };
    return cunit_tap_main(suites);
}
