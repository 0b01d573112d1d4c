/* SPDX-License-Identifier: Apache-2.0 */
#include "front/reader.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/text.h"

/* Texts of HELLO and BYE are shown, so they are bounded like any error text. */
#define WORDS_MAX_BYTES ERROR_TEXT_MAX_BYTES

void reader_init(struct reader *reader, const struct reader_sink *sink, void *context)
{
    memset(reader, 0, offsetof(struct reader, frame));
    reader->state = READER_HELLO;
    reader->sink = sink;
    reader->context = context;
}

void reader_free(struct reader *reader)
{
    family_table_free(&reader->families);
}

__attribute__((format(printf, 2, 3))) static void fail(struct reader *reader, const char *format, ...)
{
    struct reader_fault *fault = &reader->fault;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(fault->reason, sizeof fault->reason, format, arguments);
    va_end(arguments);
    fault->offset = reader->frame_offset;
    fault->byte_count = reader->frame_bytes < sizeof fault->bytes ? reader->frame_bytes : sizeof fault->bytes;
    memcpy(fault->bytes, reader->frame, fault->byte_count);
    reader->faulty = true;
    reader->state = READER_DEAD;
}

static bool is_words(struct wire_text text)
{
    return text.size <= WORDS_MAX_BYTES && text_is_utf8(text.bytes, text.size);
}

/* Checks that the payload was exactly what its type says. */
static bool is_whole(struct reader *reader, const struct wire_reader *in, const char *frame_name)
{
    if (in->broken)
        fail(reader, "%s is truncated", frame_name);
    else if (!wire_done(in))
        fail(reader, "bytes after the end of %s", frame_name);
    return !reader->faulty;
}

static void take_hello(struct reader *reader, struct wire_reader *in)
{
    struct reader_hello hello;
    unsigned families = wire_get_u16(in);
    hello.build = wire_get_text(in);
    hello.collector = wire_get_text(in);
    hello.collector_version = wire_get_text(in);
    hello.abi_major = wire_get_u16(in);
    hello.abi_minor = wire_get_u16(in);
    if (!is_whole(reader, in, "HELLO"))
        return;
    if (families > FAMILIES_MAX) {
        fail(reader, "%u families announced, at most %d are allowed", families, FAMILIES_MAX);
    } else if (!is_words(hello.build) || !is_words(hello.collector) || !is_words(hello.collector_version)) {
        fail(reader, "a text in HELLO is too long or not UTF-8");
    } else {
        reader->families_announced = families;
        reader->state = READER_IDLE;
        reader->sink->hello(reader->context, &hello);
    }
}

static void take_desc(struct reader *reader, struct wire_reader *in)
{
    if (reader->families.count >= reader->families_announced) {
        fail(reader, "more families than the %u announced", reader->families_announced);
        return;
    }
    const char *reason = family_table_describe(&reader->families, in->bytes, in->size);
    if (reason)
        fail(reader, "%s", reason);
}

static void take_begin(struct reader *reader, struct wire_reader *in)
{
    struct reader_begin begin = {.round = reader->header.round};
    begin.wall_ms = wire_get_i64(in);
    begin.timeout_ms = wire_get_u32(in);
    if (!is_whole(reader, in, "BEGIN"))
        return;
    if (reader->families.count < reader->families_announced) {
        fail(reader, "a round before all families were described (%zu of %u)", reader->families.count,
             reader->families_announced);
        return;
    }
    reader->round = reader->header.round;
    reader->round_samples = 0;
    reader->round_bytes = 0;
    reader->state = READER_ROUND;
    reader->sink->begin(reader->context, &begin);
}

/* NULL, or why the point cannot be on a page. */
static const char *check_point(const struct reader_point *point)
{
    for (unsigned i = 0; i < point->family->label_count; i++) {
        if (point->labels[i].size > LABEL_VALUE_MAX_BYTES)
            return "a label value is too long";
        if (!text_is_utf8(point->labels[i].bytes, point->labels[i].size))
            return "a label value is not UTF-8";
    }
    if (point->kind == FRAME_VALUE_F64 && point->family->type == FRAME_FAMILY_COUNTER) {
        if (!isfinite(point->f64))
            return "a counter is not finite";
        if (point->f64 < 0)
            return "a counter is negative";
    }
    return NULL;
}

/* Reads one point and hands it on. False after a fault. */
static bool take_point(struct reader *reader, struct wire_reader *in)
{
    struct reader_point point = {.id = wire_get_u16(in)};
    unsigned kind = wire_get_u8(in);
    unsigned labels = wire_get_u8(in);
    if (in->broken) {
        fail(reader, "POINTS is truncated");
        return false;
    }
    if (point.id >= reader->families.count) {
        fail(reader, "family %u in POINTS is unknown", point.id);
        return false;
    }
    point.family = reader->families.families[point.id];
    if (labels != point.family->label_count) {
        fail(reader, "%s has %u labels, %u were sent", point.family->name, point.family->label_count, labels);
        return false;
    }
    if (kind != FRAME_VALUE_U64 && kind != FRAME_VALUE_F64) {
        fail(reader, "kind %u of a value of %s is unknown", kind, point.family->name);
        return false;
    }
    point.kind = (enum frame_value_kind)kind;
    for (unsigned i = 0; i < labels; i++)
        point.labels[i] = wire_get_text(in);
    if (kind == FRAME_VALUE_U64)
        point.u64 = wire_get_u64(in);
    else
        point.f64 = wire_get_f64(in);
    if (in->broken) {
        fail(reader, "POINTS is truncated");
        return false;
    }
    const char *reason = check_point(&point);
    if (!reason)
        reason = reader->sink->point(reader->context, &point);
    if (reason)
        fail(reader, "%s: %s", point.family->name, reason);
    return !reason;
}

static void take_points(struct reader *reader, struct wire_reader *in)
{
    unsigned count = wire_get_u16(in);
    if (reader->round_samples + count > SAMPLES_MAX) {
        fail(reader, "more than %d samples in a round", SAMPLES_MAX);
        return;
    }
    reader->round_samples += count;
    reader->round_bytes += in->size;
    for (unsigned i = 0; i < count; i++)
        if (!take_point(reader, in))
            return;
    is_whole(reader, in, "POINTS");
}

/* Reads the ids of the unknown families into the reader's table. False after a fault. */
static bool take_unknown(struct reader *reader, struct wire_reader *in, unsigned count)
{
    memset(reader->unknown, 0, reader->families.count * sizeof reader->unknown[0]);
    for (unsigned i = 0; i < count; i++) {
        unsigned id = wire_get_u16(in);
        if (in->broken)
            break;
        if (id >= reader->families.count) {
            fail(reader, "family %u in END is unknown", id);
            return false;
        }
        if (reader->unknown[id]) {
            fail(reader, "family %u twice in END", id);
            return false;
        }
        reader->unknown[id] = true;
    }
    return is_whole(reader, in, "END");
}

static void take_end(struct reader *reader, struct wire_reader *in)
{
    unsigned status = wire_get_u8(in);
    struct reader_end end = {.unknown = reader->unknown};
    end.samples = wire_get_u32(in);
    uint64_t bytes = wire_get_u64(in);
    end.duration_us = wire_get_u64(in);
    end.error = wire_get_text(in);
    end.unknown_count = wire_get_u16(in);
    if (!take_unknown(reader, in, end.unknown_count))
        return;
    end.status = (enum round_status)status;
    if (status >= ROUND_STATUS_COUNT) {
        fail(reader, "status %u in END is unknown", status);
    } else if (end.samples != reader->round_samples) {
        fail(reader, "END counts %u samples, %u came", (unsigned)end.samples,
             (unsigned)reader->round_samples);
    } else if (bytes != reader->round_bytes) {
        fail(reader, "END counts %llu bytes, %llu came", (unsigned long long)bytes,
             (unsigned long long)reader->round_bytes);
    } else if (status == ROUND_OK && end.unknown_count > 0) {
        fail(reader, "END says ok and names %u unknown families", end.unknown_count);
    } else if (!is_words(end.error)) {
        fail(reader, "the error in END is too long or not UTF-8");
    } else {
        reader->state = READER_IDLE;
        const char *reason = reader->sink->end(reader->context, &end, &reader->families);
        if (reason)
            fail(reader, "%s", reason);
    }
}

static void take_bye(struct reader *reader, struct wire_reader *in)
{
    struct wire_text reason = wire_get_text(in);
    if (!is_whole(reader, in, "BYE"))
        return;
    if (!is_words(reason)) {
        fail(reader, "the reason in BYE is too long or not UTF-8");
        return;
    }
    reader->state = READER_DEAD;
    reader->sink->bye(reader->context, reason);
}

/* How the round number of a frame's header relates to the rounds before. */
enum round_rule { ROUND_ZERO, ROUND_GROWS, ROUND_SAME };

static const struct {
    const char *name;
    enum reader_state allowed_in;
    enum round_rule round_rule;
    void (*take)(struct reader *reader, struct wire_reader *in);
} frames[] = {
    [FRAME_HELLO] = {"HELLO", READER_HELLO, ROUND_ZERO, take_hello},
    [FRAME_DESC] = {"DESC", READER_IDLE, ROUND_ZERO, take_desc},
    [FRAME_BEGIN] = {"BEGIN", READER_IDLE, ROUND_GROWS, take_begin},
    [FRAME_POINTS] = {"POINTS", READER_ROUND, ROUND_SAME, take_points},
    [FRAME_END] = {"END", READER_ROUND, ROUND_SAME, take_end},
    [FRAME_BYE] = {"BYE", READER_IDLE, ROUND_ZERO, take_bye},
};

static const char *const state_names[] = {
    [READER_HELLO] = "before HELLO",
    [READER_IDLE] = "outside a round",
    [READER_ROUND] = "inside a round",
    [READER_DEAD] = "after BYE",
};

static bool round_is_right(const struct reader *reader)
{
    switch (frames[reader->header.type].round_rule) {
    case ROUND_ZERO:
        return reader->header.round == 0;
    case ROUND_GROWS:
        return reader->header.round > reader->round;
    case ROUND_SAME:
        return reader->header.round == reader->round;
    }
    return false;
}

/* Believes nothing of a frame before its header is right: neither its length nor its type. */
static bool check_header(struct reader *reader)
{
    switch (frame_header_decode(reader->frame, &reader->header)) {
    case FRAME_HEADER_BAD_MAGIC:
        fail(reader, "bad magic 0x%02x%02x", reader->frame[1], reader->frame[0]);
        return false;
    case FRAME_HEADER_BAD_VERSION:
        fail(reader, "protocol version %u, only %d is known", reader->frame[2], FRAME_VERSION);
        return false;
    case FRAME_HEADER_BAD_TYPE:
        fail(reader, "frame type %u is unknown", reader->frame[3]);
        return false;
    case FRAME_HEADER_BAD_LENGTH:
        fail(reader, "payload of %u bytes, at most %d are allowed", (unsigned)reader->header.payload_bytes,
             FRAME_PAYLOAD_MAX_BYTES);
        return false;
    case FRAME_HEADER_OK:
        break;
    }
    const struct frame_header *header = &reader->header;
    if (header->sequence != reader->next_sequence)
        fail(reader, "sequence %u, expected %u", (unsigned)header->sequence, (unsigned)reader->next_sequence);
    else if (frames[header->type].allowed_in != reader->state)
        fail(reader, "%s %s", frames[header->type].name, state_names[reader->state]);
    else if (!round_is_right(reader))
        fail(reader, "round %u in %s after round %u", (unsigned)header->round, frames[header->type].name,
             (unsigned)reader->round);
    return !reader->faulty;
}

static void take_frame(struct reader *reader)
{
    struct wire_reader in;
    wire_reader_init(&in, reader->frame + FRAME_HEADER_BYTES, reader->header.payload_bytes);
    frames[reader->header.type].take(reader, &in);
    reader->next_sequence++;
    reader->frame_offset += reader->frame_bytes;
    reader->frame_bytes = 0;
}

/* Copies up to `wanted` bytes of the frame under way; returns how many bytes it took. */
static size_t collect(struct reader *reader, const uint8_t *bytes, size_t size, size_t wanted)
{
    size_t missing = wanted - reader->frame_bytes;
    size_t taken = size < missing ? size : missing;
    memcpy(reader->frame + reader->frame_bytes, bytes, taken);
    reader->frame_bytes += taken;
    return taken;
}

bool reader_feed(struct reader *reader, const uint8_t *bytes, size_t size)
{
    while (size > 0 && !reader->faulty) {
        size_t taken = 0;
        if (reader->frame_bytes < FRAME_HEADER_BYTES) {
            taken = collect(reader, bytes, size, FRAME_HEADER_BYTES);
            if (reader->frame_bytes == FRAME_HEADER_BYTES && !check_header(reader))
                break;
        } else {
            taken = collect(reader, bytes, size, FRAME_HEADER_BYTES + reader->header.payload_bytes);
        }
        bytes += taken;
        size -= taken;
        if (reader->frame_bytes >= FRAME_HEADER_BYTES &&
            reader->frame_bytes == FRAME_HEADER_BYTES + reader->header.payload_bytes)
            take_frame(reader);
    }
    return !reader->faulty;
}

bool reader_at_rest(const struct reader *reader)
{
    return !reader->faulty && reader->frame_bytes == 0 && reader->state != READER_ROUND;
}
