/* SPDX-License-Identifier: Apache-2.0 */
/* What a round comes to, and its frames on a pipe that is read, is not read, or is gone. */
#include "tests/tap/cunit_tap.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "common/clock.h"
#include "worker/round.h"

static struct plugin_family families[2] = {
    { { .name = "a_gauge", .type = MINOTOR_GAUGE, .help = "A." }, 0 },
    { { .name = "b_gauge", .type = MINOTOR_GAUGE, .help = "B.", .labels = { "x" } }, 1 },
};
static const struct plugin plugin = {
    .collector = { .name = "test", .version = "1", .abi_major = 1 },
    .families = families,
    .family_count = 2,
};
static struct slot_limits limits;
static struct samples samples;
static struct host host;
static struct plugin_settings no_settings;
static const bool stopping = false;
static struct data_pipe data;
static int reader = -1;

static void set_up(void)
{
    int ends[2];
    CU_ASSERT_EQUAL_FATAL(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
    reader = ends[0];
    data_pipe_init(&data, ends[1]);
    samples_reset(&samples);
    host_init(&host, &no_settings, &samples, NULL, &stopping);
}

static void tear_down(void)
{
    data_pipe_close(&data);
    if (reader >= 0)
        close(reader);
    reader = -1;
}

/* Reads one frame; false when there is none. */
static bool next_frame(struct frame_header *header, uint8_t *payload)
{
    uint8_t bytes[FRAME_HEADER_BYTES];
    if (read(reader, bytes, sizeof bytes) != (ssize_t)sizeof bytes)
        return false;
    CU_ASSERT_EQUAL_FATAL(frame_header_decode(bytes, header), FRAME_HEADER_OK);
    return header->payload_bytes == 0 ||
           read(reader, payload, header->payload_bytes) == (ssize_t)header->payload_bytes;
}

/* The types of all frames that can be read, as letters; checks the sequence. */
static const char *frames(uint32_t first_sequence)
{
    static char types[4096];
    static uint8_t payload[FRAME_PAYLOAD_MAX_BYTES];
    struct frame_header header;
    size_t count = 0;
    while (next_frame(&header, payload)) {
        CU_ASSERT_EQUAL(header.sequence, first_sequence + count);
        types[count++] = "?HDBPEX"[header.type];
    }
    types[count] = '\0';
    return types;
}

static void whole_life_in_order(void)
{
    struct round round;
    set_up();
    CU_ASSERT_TRUE(round_introduce(&data, &plugin));
    CU_ASSERT_EQUAL(data_pipe_flush(&data, 0), DATA_PIPE_OK);
    CU_ASSERT_STRING_EQUAL(frames(0), "HDD");
    round_begin(&round, 1, 1000, &data);
    CU_ASSERT_STRING_EQUAL(frames(3), "B");
    samples_add_u64(&samples, 0, NULL, 0, 1);
    round_judge(&round, MINOTOR_OK, false, &host);
    CU_ASSERT_EQUAL(round.status, ROUND_OK);
    CU_ASSERT_EQUAL(round_write(&round, &data, &samples, 0), DATA_PIPE_OK);
    CU_ASSERT_STRING_EQUAL(frames(4), "PE");
    tear_down();
}

static void end_says_what_is_unknown(void)
{
    struct round round;
    struct frame_header header;
    struct wire_reader wire;
    uint8_t payload[1024];
    set_up();
    round_begin(&round, 7, 1000, &data);
    host_begin_round(&host, 1000, round.deadline_ms);
    samples_add_u64(&samples, 0, NULL, 0, 1);
    minotor_unknown(&host.table, 1, "it\nhides");
    round_judge(&round, MINOTOR_OK, false, &host);
    round_write(&round, &data, &samples, 0);
    CU_ASSERT_TRUE(next_frame(&header, payload) && next_frame(&header, payload) && next_frame(&header, payload));
    CU_ASSERT_TRUE(header.type == FRAME_END && header.round == 7);
    wire_reader_init(&wire, payload, header.payload_bytes);
    CU_ASSERT_EQUAL(wire_get_u8(&wire), ROUND_PARTIAL);
    CU_ASSERT_EQUAL(wire_get_u32(&wire), 1);
    CU_ASSERT_EQUAL(wire_get_u64(&wire), 2 + 4 + 8);
    wire_get_u64(&wire);
    char error[64];
    wire_get_string(&wire, error, sizeof error);
    CU_ASSERT_STRING_EQUAL(error, "it hides");
    CU_ASSERT_EQUAL(wire_get_u16(&wire), 1);
    CU_ASSERT_EQUAL(wire_get_u16(&wire), 1);
    CU_ASSERT_TRUE(wire_done(&wire));
    tear_down();
}

static void check_judged(int result, bool told_to_stop, int64_t deadline_from_now_ms, enum round_status status,
                         const char *error)
{
    struct round round;
    round_begin(&round, 1, 1000, &data);
    round.deadline_ms = clock_monotonic_ms() + deadline_from_now_ms;
    round_judge(&round, result, told_to_stop, &host);
    CU_ASSERT_EQUAL(round.status, status);
    CU_ASSERT_STRING_EQUAL(round.error, error);
}

static void every_result_has_its_status(void)
{
    set_up();
    host_begin_round(&host, 60000, clock_monotonic_ms() + 60000);
    check_judged(MINOTOR_OK, false, 60000, ROUND_OK, "");
    check_judged(MINOTOR_NOT_READY, false, 60000, ROUND_NOT_READY, "");
    check_judged(MINOTOR_NO_DATA, false, 60000, ROUND_NO_DATA, "");
    check_judged(MINOTOR_FAILED, false, 60000, ROUND_FAILED, "no reason given");
    check_judged(MINOTOR_CANCELLED, false, 60000, ROUND_TIMEOUT, "not done within 1000 ms");
    check_judged(MINOTOR_FAILED, false, -1, ROUND_TIMEOUT, "not done within 1000 ms");
    check_judged(MINOTOR_OK, false, -1, ROUND_OK, ""); /* within the graces of what it had to cancel */
    check_judged(MINOTOR_OK, false, -ROUND_LATE_MS, ROUND_TIMEOUT, "not done within 1000 ms");
    check_judged(MINOTOR_OK, true, 60000, ROUND_NOT_READY, "the worker was told to leave");
    check_judged(MINOTOR_END, false, 60000, ROUND_FAILED, "collect() returned 1, which means nothing there");
    check_judged(-5, false, 60000, ROUND_FAILED, "collect() returned -5, which means nothing there");
    minotor_fail(&host.table, "broken %d", 7);
    check_judged(MINOTOR_FAILED, false, 60000, ROUND_FAILED, "broken 7");
    minotor_unknown(&host.table, 1, NULL);
    check_judged(MINOTOR_OK, false, 60000, ROUND_PARTIAL, "broken 7");
    tear_down();
}

static void nothing_of_a_failed_round_is_written(void)
{
    struct round round;
    set_up();
    round_begin(&round, 1, 1000, &data);
    samples_add_u64(&samples, 0, NULL, 0, 1);
    round_judge(&round, MINOTOR_FAILED, false, &host);
    round_write(&round, &data, &samples, 0);
    CU_ASSERT_STRING_EQUAL(frames(0), "BE");
    tear_down();
}

/* Rounds with enough in them to fill the pipe; returns how many were written to the end. */
static unsigned write_rounds(unsigned count)
{
    char label[1024];
    unsigned written = 0;
    for (unsigned i = 0; i < count; i++) {
        struct round round;
        samples_reset(&samples);
        memset(label, 'a', sizeof label);
        label[1000] = '\0';
        for (int k = 0; k < 10; k++) {
            const char *values[] = { label };
            label[0] = (char)('a' + k);
            samples_add_u64(&samples, 1, values, 1, 1);
        }
        round_begin(&round, i + 1, 1000, &data);
        round_judge(&round, MINOTOR_OK, false, &host);
        written += round_write(&round, &data, &samples, clock_monotonic_ms() + 1) == DATA_PIPE_OK;
    }
    return written;
}

static void a_reader_that_comes_back_finds_whole_rounds(void)
{
    set_up();
    unsigned written = write_rounds(20);
    CU_ASSERT_TRUE(written > 2 && written < 10); /* 64 KiB of 10 KB rounds */
    CU_ASSERT_TRUE(data_pipe_is_behind(&data));
    CU_ASSERT_TRUE(data.size < 64 * 1024); /* what could not be written does not pile up */
    char all[64] = "";
    static uint8_t payload[FRAME_PAYLOAD_MAX_BYTES];
    struct frame_header header;
    for (size_t i = 0; i + 1 < sizeof all; i++) {
        data_pipe_flush(&data, 0); /* room comes as the reader takes */
        if (!next_frame(&header, payload))
            break;
        CU_ASSERT_EQUAL(header.sequence, i);
        all[i] = "?HDBPEX"[header.type];
    }
    CU_ASSERT_EQUAL(strlen(all) % 3, 0);
    for (size_t i = 0; i + 3 <= strlen(all); i += 3)
        CU_ASSERT_EQUAL(memcmp(all + i, "BPE", 3), 0);
    CU_ASSERT_EQUAL(write_rounds(1), 1);
    tear_down();
}

static void without_a_reader_nothing_piles_up(void)
{
    set_up();
    close(reader);
    reader = -1;
    CU_ASSERT_EQUAL(write_rounds(5), 0);
    CU_ASSERT_EQUAL(data.descriptor, -1);
    CU_ASSERT_PTR_NULL(data.bytes);
    int ends[2];
    CU_ASSERT_EQUAL_FATAL(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
    reader = ends[0];
    data_pipe_replace(&data, ends[1]);
    round_introduce(&data, &plugin);
    CU_ASSERT_EQUAL(write_rounds(1), 1);
    CU_ASSERT_STRING_EQUAL(frames(0), "HDDBPE");
    tear_down();
}

static void emitting_outside_a_round_is_refused(void)
{
    set_up();
    CU_ASSERT_EQUAL(minotor_set_u64(&host.table, 0, 1), MINOTOR_FAILED);
    CU_ASSERT_EQUAL(minotor_remaining_ms(&host.table), 0);
    CU_ASSERT_EQUAL(minotor_next_row(&host.table), MINOTOR_FAILED);
    CU_ASSERT_PTR_NULL(minotor_cell(&host.table, 0));
    host_begin_round(&host, 1000, clock_monotonic_ms() + 60000);
    CU_ASSERT_EQUAL(minotor_set_u64(&host.table, 0, 1), MINOTOR_OK);
    CU_ASSERT_TRUE(minotor_remaining_ms(&host.table) > 0 && !minotor_cancelled(&host.table));
    const struct minotor_query query = { .size = sizeof query, .name = "q" };
    CU_ASSERT_EQUAL(minotor_query(&host.table, &query), MINOTOR_FAILED);
    CU_ASSERT_STRING_EQUAL(minotor_error(&host.table), "the collector has not declared that it needs a database");
    host_end_round(&host);
    CU_ASSERT_EQUAL(minotor_set_u64(&host.table, 0, 1), MINOTOR_FAILED);
    tear_down();
}

static int begin(void)
{
    signal(SIGPIPE, SIG_IGN); /* as in a worker */
    slot_limits_default(&limits);
    return samples_init(&samples, &plugin, &limits) ? 0 : 1;
}

static int end(void)
{
    samples_destroy(&samples);
    return 0;
}

int main(void)
{
    CU_TestInfo tests[] = {
        { "whole life in order", whole_life_in_order },
        { "END says what is unknown", end_says_what_is_unknown },
        { "every result has its status", every_result_has_its_status },
        { "nothing of a failed round is written", nothing_of_a_failed_round_is_written },
        { "a reader that comes back finds whole rounds", a_reader_that_comes_back_finds_whole_rounds },
        { "without a reader nothing piles up", without_a_reader_nothing_piles_up },
        { "emitting outside a round is refused", emitting_outside_a_round_is_refused },
        CU_TEST_INFO_NULL,
    };
    CU_SuiteInfo suites[] = { { .pName = "round", .pInitFunc = begin, .pCleanupFunc = end, .pTests = tests },
                              CU_SUITE_INFO_NULL };
    return cunit_tap_main(suites);
}
