/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/round.h"

#include <string.h>

#include "common/clock.h"
#include "common/log.h"
#include "common/text.h"
#include "common/version.h"
#include "common/wire.h"

bool round_introduce(struct data_pipe *pipe, const struct plugin *plugin)
{
    uint8_t payload[4096 + HELP_MAX_BYTES + (MINOTOR_LABELS_MAX + 2) * METRIC_NAME_MAX_BYTES];
    struct wire_writer writer;
    wire_writer_init(&writer, payload, sizeof payload);
    wire_put_u16(&writer, (uint16_t)plugin->family_count);
    wire_put_string(&writer, MINOTOR_VERSION);
    wire_put_string(&writer, plugin->collector.name);
    wire_put_string(&writer, plugin->collector.version);
    wire_put_u16(&writer, plugin->collector.abi_major);
    wire_put_u16(&writer, plugin->collector.abi_minor);
    bool good = data_pipe_put(pipe, FRAME_HELLO, 0, payload, writer.size);
    for (size_t i = 0; i < plugin->family_count && good; i++) {
        const struct plugin_family *entry = &plugin->families[i];
        wire_writer_init(&writer, payload, sizeof payload);
        wire_put_u16(&writer, (uint16_t)i);
        wire_put_u8(&writer, (uint8_t)entry->family.type);
        wire_put_u8(&writer, entry->label_count);
        wire_put_string(&writer, entry->family.name);
        wire_put_string(&writer, entry->family.unit);
        wire_put_string(&writer, entry->family.help);
        for (size_t k = 0; k < entry->label_count; k++)
            wire_put_string(&writer, entry->family.labels[k]);
        good = !writer.overflow && data_pipe_put(pipe, FRAME_DESC, 0, payload, writer.size);
    }
    return good;
}

static bool put_begin(struct round *round, struct data_pipe *pipe)
{
    uint8_t payload[16];
    struct wire_writer writer;
    wire_writer_init(&writer, payload, sizeof payload);
    wire_put_i64(&writer, round->started_wall_ms);
    wire_put_u32(&writer, (uint32_t)round->timeout_ms);
    round->announced = data_pipe_put(pipe, FRAME_BEGIN, round->number, payload, writer.size);
    return round->announced;
}

void round_begin(struct round *round, uint32_t number, int64_t timeout_ms, struct data_pipe *pipe)
{
    memset(round, 0, sizeof *round);
    round->number = number;
    round->started_us = clock_monotonic_us();
    round->started_wall_ms = clock_wall_ms();
    round->timeout_ms = timeout_ms;
    round->deadline_ms = clock_monotonic_ms() + timeout_ms;
    data_pipe_flush(pipe, 0);
    if (data_pipe_is_clear(pipe) && put_begin(round, pipe))
        data_pipe_flush(pipe, 0);
}

static void judge(struct round *round, enum round_status status, const char *error)
{
    round->status = status;
    text_one_line(round->error, sizeof round->error, error);
}

void round_judge(struct round *round, int result, bool stopping, const struct host *host)
{
    char text[ERROR_TEXT_MAX_BYTES + 1];
    if (stopping) {
        judge(round, ROUND_NOT_READY, "the worker was told to leave");
        return;
    }
    /* What was read before the time ran out may come a little later: cancelling the rest took its graces. */
    const int64_t late_ms = clock_monotonic_ms() - round->deadline_ms;
    bool too_late = result == MINOTOR_FAILED ? late_ms >= 0 : late_ms >= ROUND_LATE_MS;
    if (result == MINOTOR_CANCELLED || too_late) {
        text_format(text, sizeof text, "not done within %lld ms", (long long)round->timeout_ms);
        judge(round, ROUND_TIMEOUT, host->error[0] != '\0' ? host->error : text);
        return;
    }
    switch (result) {
    case MINOTOR_OK:
        if (samples_unknown_count(host->samples) > 0)
            judge(round, ROUND_PARTIAL, host->unknown_reason[0] != '\0' ? host->unknown_reason : "no reason given");
        else
            judge(round, ROUND_OK, "");
        break;
    case MINOTOR_NOT_READY:
        judge(round, ROUND_NOT_READY, host->error);
        break;
    case MINOTOR_NO_DATA:
        judge(round, ROUND_NO_DATA, host->error);
        break;
    case MINOTOR_FAILED:
        judge(round, ROUND_FAILED, host->error[0] != '\0' ? host->error : "no reason given");
        break;
    default:
        text_format(text, sizeof text, "collect() returned %d, which means nothing there", result);
        judge(round, ROUND_FAILED, text);
        break;
    }
}

struct totals {
    uint32_t samples;
    uint64_t bytes; /* of the payloads of POINTS */
};

static bool put_points(const struct round *round, struct data_pipe *pipe, const struct samples *samples,
                       struct totals *totals)
{
    static uint8_t payload[FRAME_PAYLOAD_MAX_BYTES]; /* static: too much for a small stack */
    size_t cursor = 0;
    for (;;) {
        uint16_t count = 0;
        size_t size = samples_pack(samples, &cursor, payload, &count);
        if (size == 0)
            return true;
        if (!data_pipe_put(pipe, FRAME_POINTS, round->number, payload, size))
            return false;
        totals->samples += count;
        totals->bytes += size;
    }
}

static bool put_end(const struct round *round, struct data_pipe *pipe, const struct samples *samples,
                    const struct totals *totals)
{
    uint8_t payload[64 + ERROR_TEXT_MAX_BYTES + 2 * FAMILIES_MAX];
    struct wire_writer writer;
    bool partial = round->status == ROUND_PARTIAL;
    wire_writer_init(&writer, payload, sizeof payload);
    wire_put_u8(&writer, (uint8_t)round->status);
    wire_put_u32(&writer, totals->samples);
    wire_put_u64(&writer, totals->bytes);
    wire_put_u64(&writer, (uint64_t)(clock_monotonic_us() - round->started_us));
    wire_put_string(&writer, round->error);
    wire_put_u16(&writer, partial ? (uint16_t)samples_unknown_count(samples) : 0);
    for (size_t i = 0; partial && i < samples->plugin->family_count; i++)
        if (samples->unknown[i])
            wire_put_u16(&writer, (uint16_t)i);
    return !writer.overflow && data_pipe_put(pipe, FRAME_END, round->number, payload, writer.size);
}

/* All frames of the round's end, or none of them. */
static bool put_frames(struct round *round, struct data_pipe *pipe, const struct samples *samples)
{
    const struct data_pipe_mark mark = data_pipe_mark(pipe);
    const bool announced = round->announced;
    struct totals totals = { 0, 0 };
    bool wanted = round->status == ROUND_OK || round->status == ROUND_PARTIAL;
    if ((announced || put_begin(round, pipe)) && (!wanted || put_points(round, pipe, samples, &totals)) &&
        put_end(round, pipe, samples, &totals))
        return true;
    data_pipe_rewind(pipe, mark);
    round->announced = announced;
    return false;
}

enum data_pipe_result round_write(struct round *round, struct data_pipe *pipe, const struct samples *samples,
                                  int64_t deadline_ms)
{
    if (!round->announced) {
        enum data_pipe_result result = data_pipe_flush(pipe, deadline_ms);
        if (result != DATA_PIPE_OK)
            return result;
    }
    if (!put_frames(round, pipe, samples)) {
        judge(round, ROUND_FAILED, "out of memory");
        if (!put_frames(round, pipe, samples))
            return DATA_PIPE_LATE;
    }
    return data_pipe_flush(pipe, deadline_ms);
}
