/* SPDX-License-Identifier: Apache-2.0 */
/* The frame reader: what it lets pass, and every violation of the protocol with its reason and place. */
#include <CUnit/CUnit.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "front/reader.h"
#include "minotor/collector.h"
#include "tests/tap/cunit_tap.h"
#include "tests/unit/frame_stream.h"

static struct frame_stream stream;
static struct reader reader;

/* What the sink heard. */
static struct {
    unsigned hellos, begins, points, ends, byes;
    struct reader_point last_point;
    char last_label[64];
    struct reader_end last_end;
    bool unknown[FAMILIES_MAX];
    const char *refusal;
} heard;

static void on_hello(void *context, const struct reader_hello *hello)
{
    (void)context;
    (void)hello;
    heard.hellos++;
}

static void on_begin(void *context, const struct reader_begin *begin)
{
    (void)context;
    CU_ASSERT_EQUAL(begin->wall_ms, 1700000000000);
    CU_ASSERT_EQUAL(begin->timeout_ms, 10000);
    heard.begins++;
}

static const char *on_point(void *context, const struct reader_point *point)
{
    (void)context;
    heard.points++;
    heard.last_point = *point;
    if (point->family->label_count > 0)
        snprintf(heard.last_label, sizeof heard.last_label, "%.*s", (int)point->labels[0].size,
                 point->labels[0].bytes);
    return heard.refusal;
}

static const char *on_end(void *context, const struct reader_end *end, const struct family_table *families)
{
    (void)context;
    heard.ends++;
    heard.last_end = *end;
    memcpy(heard.unknown, end->unknown, families->count * sizeof end->unknown[0]);
    return NULL;
}

static void on_bye(void *context, struct wire_text reason)
{
    (void)context;
    (void)reason;
    heard.byes++;
}

static const struct reader_sink sink = {on_hello, on_begin, on_point, on_end, on_bye};

/* Reads the whole stream in pieces of that many bytes. */
static bool read_in_pieces(size_t piece_bytes)
{
    const char *refusal = heard.refusal;
    bool good = true;
    memset(&heard, 0, sizeof heard);
    heard.refusal = refusal;
    reader_free(&reader);
    reader_init(&reader, &sink, NULL);
    for (size_t taken = 0; taken < stream.size && good; taken += piece_bytes) {
        size_t piece = stream.size - taken < piece_bytes ? stream.size - taken : piece_bytes;
        good = reader_feed(&reader, stream.bytes + taken, piece);
    }
    return good;
}

/* The stream must break at its last frame, which begins at `offset`, with a reason that has `words`. */
static void check_fault(size_t offset, const char *words)
{
    static const size_t pieces[] = {1, 7, STREAM_MAX_BYTES};
    for (size_t i = 0; i < sizeof pieces / sizeof pieces[0]; i++) {
        CU_ASSERT_FALSE(read_in_pieces(pieces[i]));
        CU_ASSERT_EQUAL(reader.fault.offset, offset);
        CU_ASSERT_EQUAL(memcmp(reader.fault.bytes, stream.bytes + offset, reader.fault.byte_count), 0);
        CU_ASSERT_EQUAL(reader.state, READER_DEAD);
        if (!strstr(reader.fault.reason, words)) {
            printf("# expected \"%s\", got \"%s\"\n", words, reader.fault.reason);
            CU_FAIL("another reason");
        }
        CU_ASSERT_FALSE(reader_feed(&reader, stream.bytes, 1)); /* and it stays so */
        CU_ASSERT_EQUAL(reader.fault.offset, offset);
    }
}

static void test_a_whole_stream(void)
{
    for (size_t piece = 1; piece < 80; piece += 13) {
        stream_start(&stream);
        stream_begin(&stream);
        stream_u64(&stream, 0, "", UINT64_MAX);
        stream_f64(&stream, 1, "public,active", -1.5);
        stream_end(&stream, ROUND_PARTIAL, 2, "table is locked");
        CU_ASSERT_TRUE(read_in_pieces(piece));
        CU_ASSERT_TRUE(reader_at_rest(&reader));
        CU_ASSERT_EQUAL(heard.points, 2);
        CU_ASSERT_EQUAL(heard.last_point.f64, -1.5);
        CU_ASSERT_STRING_EQUAL(heard.last_label, "public");
        CU_ASSERT_EQUAL(heard.ends, 1);
        CU_ASSERT_EQUAL(heard.last_end.samples, 2);
        CU_ASSERT_TRUE(heard.unknown[2] && !heard.unknown[0] && !heard.unknown[1]);
    }
}

static void test_rounds_and_bye(void)
{
    stream_start(&stream);
    for (int i = 0; i < 3; i++) {
        stream.round += 5; /* it only has to grow */
        stream_begin(&stream);
        stream_end(&stream, ROUND_OK, -1, "");
    }
    wire_put_string(stream_payload(&stream), "drained");
    stream_frame(&stream, FRAME_BYE, 0);
    CU_ASSERT_TRUE(read_in_pieces(11));
    CU_ASSERT_EQUAL(heard.hellos, 1);
    CU_ASSERT_EQUAL(heard.begins, 3);
    CU_ASSERT_EQUAL(heard.ends, 3);
    CU_ASSERT_EQUAL(heard.byes, 1);
}

static void test_rest(void)
{
    stream_start(&stream);
    CU_ASSERT_TRUE(read_in_pieces(STREAM_MAX_BYTES) && reader_at_rest(&reader));
    stream_begin(&stream);
    CU_ASSERT_TRUE(read_in_pieces(STREAM_MAX_BYTES) && !reader_at_rest(&reader));
    stream_end(&stream, ROUND_OK, -1, "");
    stream.size--;
    CU_ASSERT_TRUE(read_in_pieces(STREAM_MAX_BYTES) && !reader_at_rest(&reader));
}

static void test_the_numbers_of_the_abi(void)
{
    CU_ASSERT_EQUAL((int)FRAME_FAMILY_GAUGE, (int)MINOTOR_GAUGE);
    CU_ASSERT_EQUAL((int)FRAME_FAMILY_COUNTER, (int)MINOTOR_COUNTER);
    CU_ASSERT_EQUAL((int)FRAME_FAMILY_INFO, (int)MINOTOR_INFO);
    CU_ASSERT_EQUAL((int)FRAME_FAMILY_UNTYPED, (int)MINOTOR_UNTYPED);
    CU_ASSERT_EQUAL(FRAME_LABELS_MAX, MINOTOR_LABELS_MAX);
}

/* A whole BEGIN whose header has one byte changed. */
static void check_header(size_t byte, uint8_t value, const char *words)
{
    stream_start(&stream);
    size_t offset = stream.size;
    stream_begin(&stream);
    stream.bytes[offset + byte] = value;
    check_fault(offset, words);
}

static void test_bad_magic(void)
{
    check_header(0, 0x6f, "bad magic");
    check_header(1, 0x4e, "bad magic");
}

static void test_bad_version(void)
{
    check_header(2, 2, "protocol version 2");
}

static void test_bad_type(void)
{
    check_header(3, 0, "frame type 0");
    check_header(3, 7, "frame type 7");
}

static void test_bad_length(void)
{
    check_header(7, 1, "at most");
    check_header(7, 0xff, "at most");
}

static void test_sequence(void)
{
    check_header(12, 3, "sequence 3, expected 4");
    check_header(12, 5, "sequence 5, expected 4");
    check_header(15, 1, "sequence");
}

static void test_round_number(void)
{
    check_header(8, 0, "round 0 in BEGIN");
    stream_start(&stream);
    stream_begin(&stream);
    stream_end(&stream, ROUND_OK, -1, "");
    stream.round = 0;
    size_t offset = stream.size;
    stream_begin(&stream);
    check_fault(offset, "round 1 in BEGIN after round 1");
    stream_start(&stream);
    stream_begin(&stream);
    stream.round = 2;
    offset = stream.size;
    stream_u64(&stream, 0, "", 1);
    check_fault(offset, "round 2 in POINTS");
    stream_start(&stream);
    stream_begin(&stream);
    stream.round = 2;
    offset = stream.size;
    stream_end(&stream, ROUND_OK, -1, "");
    check_fault(offset, "round 2 in END");
    stream_init(&stream);
    stream_payload(&stream);
    stream_frame(&stream, FRAME_HELLO, 1);
    check_fault(0, "round 1 in HELLO");
}

/* Which frame is wrong in which state: an empty payload, for the state is looked at first. */
static void test_wrong_state(void)
{
    static const struct {
        enum reader_state state;
        enum frame_type type;
        const char *words;
    } cases[] = {
        {READER_HELLO, FRAME_DESC, "DESC before HELLO"},
        {READER_HELLO, FRAME_BEGIN, "BEGIN before HELLO"},
        {READER_HELLO, FRAME_POINTS, "POINTS before HELLO"},
        {READER_HELLO, FRAME_END, "END before HELLO"},
        {READER_HELLO, FRAME_BYE, "BYE before HELLO"},
        {READER_IDLE, FRAME_HELLO, "HELLO outside a round"},
        {READER_IDLE, FRAME_POINTS, "POINTS outside"},
        {READER_IDLE, FRAME_END, "END outside"},
        {READER_ROUND, FRAME_HELLO, "HELLO inside a round"},
        {READER_ROUND, FRAME_DESC, "DESC inside"},
        {READER_ROUND, FRAME_BEGIN, "BEGIN inside"},
        {READER_ROUND, FRAME_BYE, "BYE inside"},
        {READER_DEAD, FRAME_HELLO, "HELLO after BYE"},
        {READER_DEAD, FRAME_BEGIN, "BEGIN after BYE"},
        {READER_DEAD, FRAME_BYE, "BYE after BYE"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        stream_init(&stream);
        if (cases[i].state != READER_HELLO)
            stream_start(&stream);
        if (cases[i].state == READER_ROUND)
            stream_begin(&stream);
        if (cases[i].state == READER_DEAD) {
            wire_put_string(stream_payload(&stream), "");
            stream_frame(&stream, FRAME_BYE, 0);
        }
        size_t offset = stream.size;
        stream_payload(&stream);
        stream_frame(&stream, cases[i].type, stream.round);
        check_fault(offset, cases[i].words);
    }
}

/* Cuts the last frame's payload by a byte, then lengthens it by one. */
static void check_size(size_t offset, enum frame_type type, const char *name)
{
    char words[64];
    struct frame_header header;
    CU_ASSERT_EQUAL_FATAL(frame_header_decode(stream.bytes + offset, &header), FRAME_HEADER_OK);
    header.payload_bytes--;
    frame_header_encode(&header, stream.bytes + offset);
    stream.size--;
    snprintf(words, sizeof words, "%s is truncated", name);
    check_fault(offset, words);
    header.payload_bytes += 2;
    frame_header_encode(&header, stream.bytes + offset);
    stream.size += 2;
    stream.bytes[stream.size - 1] = 0;
    snprintf(words, sizeof words, "bytes after the end of %s", name);
    check_fault(offset, words);
    CU_ASSERT_EQUAL(header.type, type);
}

static void test_sizes(void)
{
    stream_init(&stream);
    stream_hello(&stream, 1);
    check_size(0, FRAME_HELLO, "HELLO");
    stream_init(&stream);
    stream_hello(&stream, 1);
    size_t offset = stream.size;
    stream_desc(&stream, 0, FRAME_FAMILY_GAUGE, "a", "b", "c");
    check_size(offset, FRAME_DESC, "DESC");
    stream_start(&stream);
    offset = stream.size;
    stream_begin(&stream);
    check_size(offset, FRAME_BEGIN, "BEGIN");
    stream_start(&stream);
    stream_begin(&stream);
    offset = stream.size;
    stream_u64(&stream, 2, "x", 1);
    check_size(offset, FRAME_POINTS, "POINTS");
    stream_start(&stream);
    stream_begin(&stream);
    offset = stream.size;
    stream_end(&stream, ROUND_PARTIAL, 1, "x");
    check_size(offset, FRAME_END, "END");
    stream_start(&stream);
    offset = stream.size;
    wire_put_string(stream_payload(&stream), "x");
    stream_frame(&stream, FRAME_BYE, 0);
    check_size(offset, FRAME_BYE, "BYE");
}

static void test_number_of_families(void)
{
    stream_init(&stream);
    stream_hello(&stream, FAMILIES_MAX + 1);
    check_fault(0, "1025 families announced");
    stream_init(&stream);
    stream_hello(&stream, FAMILIES_MAX);
    for (unsigned i = 0; i < FAMILIES_MAX; i++) {
        char name[16];
        snprintf(name, sizeof name, "f%u", i);
        stream_desc(&stream, i, FRAME_FAMILY_GAUGE, name, "", "");
    }
    CU_ASSERT_TRUE(read_in_pieces(4096));
    stream_start(&stream);
    size_t offset = stream.size;
    stream_desc(&stream, 3, FRAME_FAMILY_GAUGE, "d", "", "");
    check_fault(offset, "more families than the 3");
    stream_init(&stream);
    stream_hello(&stream, 2);
    stream_desc(&stream, 0, FRAME_FAMILY_GAUGE, "a", "", "");
    offset = stream.size;
    stream_begin(&stream);
    check_fault(offset, "before all families were described (1 of 2)");
}

static void check_desc(unsigned id, unsigned type, const char *name, const char *labels, const char *help,
                       const char *words)
{
    stream_init(&stream);
    stream_hello(&stream, 2);
    stream_desc(&stream, 0, FRAME_FAMILY_GAUGE, "first", "", "");
    size_t offset = stream.size;
    stream_desc(&stream, id, (enum frame_family_type)type, name, labels, help);
    check_fault(offset, words);
}

static void test_descriptions(void)
{
    char long_name[METRIC_NAME_MAX_BYTES + 2];
    char long_help[HELP_MAX_BYTES + 2];
    memset(long_name, 'x', sizeof long_name);
    long_name[sizeof long_name - 1] = '\0';
    memset(long_help, 'x', sizeof long_help);
    long_help[sizeof long_help - 1] = '\0';
    check_desc(2, FRAME_FAMILY_GAUGE, "a", "", "", "not the next one");
    check_desc(0, FRAME_FAMILY_GAUGE, "a", "", "", "not the next one");
    check_desc(1, 0, "a", "", "", "type in DESC");
    check_desc(1, 5, "a", "", "", "type in DESC");
    check_desc(1, FRAME_FAMILY_GAUGE, "", "", "", "the name in DESC");
    check_desc(1, FRAME_FAMILY_GAUGE, "1a", "", "", "the name in DESC");
    check_desc(1, FRAME_FAMILY_GAUGE, "a:b", "", "", "the name in DESC");
    check_desc(1, FRAME_FAMILY_GAUGE, "a b", "", "", "the name in DESC");
    check_desc(1, FRAME_FAMILY_GAUGE, "a\n# TYPE b gauge\nb", "", "", "the name in DESC");
    check_desc(1, FRAME_FAMILY_GAUGE, long_name, "", "", "the name in DESC");
    check_desc(1, FRAME_FAMILY_GAUGE, "first", "", "", "same family name twice");
    check_desc(1, FRAME_FAMILY_GAUGE, "a", "b-c", "", "a label name");
    check_desc(1, FRAME_FAMILY_GAUGE, "a", "__name__", "", "a label name");
    check_desc(1, FRAME_FAMILY_GAUGE, "a", "le", "", "reserved");
    check_desc(1, FRAME_FAMILY_GAUGE, "a", "quantile", "", "reserved");
    check_desc(1, FRAME_FAMILY_GAUGE, "a", "x,target", "", "reserved");
    check_desc(1, FRAME_FAMILY_GAUGE, "a", "x,y,x", "", "same label name twice");
    check_desc(1, FRAME_FAMILY_GAUGE, "a", "a,b,c,d,e,f,g,h,i", "", "too many labels");
    check_desc(1, FRAME_FAMILY_GAUGE, "a", "", "\xff", "not UTF-8");
    check_desc(1, FRAME_FAMILY_GAUGE, "a", "", long_help, "too long");
}

static void test_a_nul_hides_nothing(void)
{
    stream_init(&stream);
    stream_hello(&stream, 1);
    size_t offset = stream.size;
    struct wire_writer *out = stream_payload(&stream);
    wire_put_u16(out, 0);
    wire_put_u8(out, FRAME_FAMILY_GAUGE);
    wire_put_u8(out, 0);
    wire_put_text(out, "a\0 b", 4);
    wire_put_string(out, "");
    wire_put_string(out, "");
    stream_frame(&stream, FRAME_DESC, 0);
    check_fault(offset, "NUL");
}

/* One point in a round, made by the arguments, that must be refused. */
static void check_point(unsigned family, const char *values, double value, const char *words)
{
    stream_start(&stream);
    stream_begin(&stream);
    size_t offset = stream.size;
    stream_f64(&stream, family, values, value);
    check_fault(offset, words);
}

static void test_points(void)
{
    char long_value[LABEL_VALUE_MAX_BYTES + 2];
    memset(long_value, 'x', sizeof long_value);
    long_value[sizeof long_value - 1] = '\0';
    check_point(3, "", 1, "family 3 in POINTS is unknown");
    check_point(1, "x", 1, "channels has 2 labels, 1 were sent");
    check_point(0, "x", 1, "posts has 0 labels, 1 were sent");
    check_point(2, "\xc3", 1, "sent_total: a label value is not UTF-8");
    check_point(2, "\xed\xa0\x80", 1, "not UTF-8");
    check_point(2, long_value, 1, "too long");
    check_point(2, "x", NAN, "not finite");
    check_point(2, "x", INFINITY, "not finite");
    check_point(2, "x", -1, "negative");
}

static void test_gauges_may_be_what_they_like(void)
{
    static const double values[] = {NAN, INFINITY, -INFINITY, -1, -0.0};
    stream_start(&stream);
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        stream_begin(&stream);
        stream_f64(&stream, 0, "", values[i]);
        stream_end(&stream, ROUND_OK, -1, "");
    }
    CU_ASSERT_TRUE(read_in_pieces(STREAM_MAX_BYTES));
}

static void test_kind_of_value(void)
{
    stream_start(&stream);
    stream_begin(&stream);
    size_t offset = stream.size;
    stream_u64(&stream, 0, "", 1);
    stream.bytes[offset + FRAME_HEADER_BYTES + 4] = 2;
    check_fault(offset, "kind 2");
}

static void test_counts_of_points(void)
{
    stream_start(&stream);
    stream_begin(&stream);
    size_t offset = stream.size;
    stream_u64(&stream, 0, "", 1);
    stream.bytes[offset + FRAME_HEADER_BYTES] = 2;
    check_fault(offset, "POINTS is truncated");
    stream.bytes[offset + FRAME_HEADER_BYTES] = 0;
    check_fault(offset, "bytes after the end of POINTS");
}

static void test_too_many_samples(void)
{
    stream_start(&stream);
    stream_begin(&stream);
    size_t offset = 0;
    for (unsigned left = SAMPLES_MAX + 1; left > 0;) {
        unsigned count = left > 4000 ? 4000 : left;
        struct wire_writer *out = stream_payload(&stream);
        wire_put_u16(out, (uint16_t)count);
        for (unsigned i = 0; i < count; i++) { /* the sink here does not mind the same series again */
            wire_put_u16(out, 0);
            wire_put_u8(out, FRAME_VALUE_U64);
            wire_put_u8(out, 0);
            wire_put_u64(out, 1);
        }
        offset = stream.size;
        stream_frame(&stream, FRAME_POINTS, stream.round);
        left -= count;
    }
    CU_ASSERT_FALSE(read_in_pieces(STREAM_MAX_BYTES));
    CU_ASSERT_EQUAL(reader.fault.offset, offset);
    CU_ASSERT_PTR_NOT_NULL(strstr(reader.fault.reason, "more than 20000 samples"));
}

static void test_what_the_sink_refuses(void)
{
    stream_start(&stream);
    stream_begin(&stream);
    size_t offset = stream.size;
    stream_u64(&stream, 0, "", 1);
    heard.refusal = "the same series twice in a round";
    check_fault(offset, "posts: the same series twice");
    heard.refusal = NULL;
}

/* An END after one sample, of which one byte of the payload is changed. */
static void check_end(size_t byte, uint8_t value, int unknown, const char *words)
{
    stream_start(&stream);
    stream_begin(&stream);
    stream_u64(&stream, 0, "", 1);
    size_t offset = stream.size;
    stream_end(&stream, ROUND_PARTIAL, unknown, "");
    stream.bytes[offset + FRAME_HEADER_BYTES + byte] = value;
    check_fault(offset, words);
}

static void test_ends(void)
{
    check_end(0, ROUND_STATUS_COUNT, -1, "status 6 in END");
    check_end(1, 2, -1, "END counts 2 samples, 1 came");
    check_end(1, 0, -1, "END counts 0 samples, 1 came");
    check_end(5, 0, -1, "END counts 0 bytes, 14 came");
    check_end(0, ROUND_OK, 1, "END says ok and names 1 unknown");
    check_end(25, 3, 1, "family 3 in END is unknown");
}

static void test_end_texts_and_doubles(void)
{
    char long_error[ERROR_TEXT_MAX_BYTES + 2];
    memset(long_error, 'x', sizeof long_error);
    long_error[sizeof long_error - 1] = '\0';
    static const char *errors[] = {"\xff", NULL};
    errors[1] = long_error;
    for (size_t i = 0; i < 2; i++) {
        stream_start(&stream);
        stream_begin(&stream);
        size_t offset = stream.size;
        stream_end(&stream, ROUND_FAILED, -1, errors[i]);
        check_fault(offset, "the error in END");
    }
    stream_start(&stream);
    stream_begin(&stream);
    size_t offset = stream.size;
    struct wire_writer *out = stream_payload(&stream);
    wire_put_u8(out, ROUND_PARTIAL);
    wire_put_u32(out, 0);
    wire_put_u64(out, 0);
    wire_put_u64(out, 0);
    wire_put_string(out, "");
    wire_put_u16(out, 2);
    wire_put_u16(out, 1);
    wire_put_u16(out, 1);
    stream_frame(&stream, FRAME_END, stream.round);
    check_fault(offset, "family 1 twice in END");
}

static void test_words_are_utf8(void)
{
    stream_init(&stream);
    struct wire_writer *out = stream_payload(&stream);
    wire_put_u16(out, 0);
    wire_put_string(out, "\xff");
    wire_put_string(out, "kpi");
    wire_put_string(out, "1");
    wire_put_u16(out, 1);
    wire_put_u16(out, 0);
    stream_frame(&stream, FRAME_HELLO, 0);
    check_fault(0, "a text in HELLO");
    stream_start(&stream);
    size_t offset = stream.size;
    wire_put_string(stream_payload(&stream), "\xff");
    stream_frame(&stream, FRAME_BYE, 0);
    check_fault(offset, "the reason in BYE");
}

static CU_TestInfo tests[] = {
    {"a whole stream, in pieces of many sizes", test_a_whole_stream},
    {"several rounds and BYE", test_rounds_and_bye},
    {"where a stream may end", test_rest},
    {"the numbers of the ABI and of the wire are the same", test_the_numbers_of_the_abi},
    {"violation: bad magic", test_bad_magic},
    {"violation: bad version", test_bad_version},
    {"violation: bad type", test_bad_type},
    {"violation: bad length", test_bad_length},
    {"violation: gap in the sequence", test_sequence},
    {"violation: round number does not fit", test_round_number},
    {"violation: frame in the wrong state", test_wrong_state},
    {"violation: truncated payloads and trailing bytes", test_sizes},
    {"violation: too many, too few families", test_number_of_families},
    {"violation: descriptions", test_descriptions},
    {"violation: a NUL in a name", test_a_nul_hides_nothing},
    {"violation: points", test_points},
    {"gauges may be NaN, infinite and negative", test_gauges_may_be_what_they_like},
    {"violation: kind of value", test_kind_of_value},
    {"violation: counts in POINTS", test_counts_of_points},
    {"violation: too many samples", test_too_many_samples},
    {"violation: what the sink refuses", test_what_the_sink_refuses},
    {"violation: counts and status in END", test_ends},
    {"violation: error text and doubles in END", test_end_texts_and_doubles},
    {"violation: texts that are not UTF-8", test_words_are_utf8},
    CU_TEST_INFO_NULL,
};

static int free_reader(void)
{
    reader_free(&reader);
    return 0;
}

static CU_SuiteInfo suites[] = {
    {"reader", NULL, free_reader, NULL, NULL, tests},
    CU_SUITE_INFO_NULL,
};

int main(void)
{
    return cunit_tap_main(suites);
}
