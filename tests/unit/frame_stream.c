/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/frame_stream.h"

#include <assert.h>
#include <string.h>

void stream_init(struct frame_stream *stream)
{
    memset(stream, 0, offsetof(struct frame_stream, bytes));
}

struct wire_writer *stream_payload(struct frame_stream *stream)
{
    wire_writer_init(&stream->payload, stream->payload_bytes, sizeof stream->payload_bytes);
    return &stream->payload;
}

void stream_frame(struct frame_stream *stream, enum frame_type type, uint32_t round)
{
    struct frame_header header = {
        .type = (uint8_t)type,
        .payload_bytes = (uint32_t)stream->payload.size,
        .round = round,
        .sequence = stream->sequence++,
    };
    assert(!stream->payload.overflow);
    assert(stream->size + FRAME_HEADER_BYTES + stream->payload.size <= sizeof stream->bytes);
    frame_header_encode(&header, stream->bytes + stream->size);
    memcpy(stream->bytes + stream->size + FRAME_HEADER_BYTES, stream->payload_bytes, stream->payload.size);
    stream->size += FRAME_HEADER_BYTES + stream->payload.size;
}

/* Puts the parts of a list as texts; returns how many. */
static unsigned put_list(struct wire_writer *out, const char *list)
{
    unsigned count = 0;
    while (*list) {
        size_t size = strcspn(list, ",");
        wire_put_text(out, list, size);
        list += size + (list[size] == ',');
        count++;
    }
    return count;
}

void stream_hello(struct frame_stream *stream, unsigned families)
{
    struct wire_writer *out = stream_payload(stream);
    wire_put_u16(out, (uint16_t)families);
    wire_put_string(out, "build");
    wire_put_string(out, "kpi");
    wire_put_string(out, "1.0");
    wire_put_u16(out, 1);
    wire_put_u16(out, 0);
    stream_frame(stream, FRAME_HELLO, 0);
}

void stream_desc(struct frame_stream *stream, unsigned id, enum frame_family_type type, const char *name,
                 const char *labels, const char *help)
{
    struct wire_writer *out = stream_payload(stream);
    wire_put_u16(out, (uint16_t)id);
    wire_put_u8(out, (uint8_t)type);
    wire_put_u8(out, 0);
    wire_put_string(out, name);
    wire_put_string(out, "");
    wire_put_string(out, help);
    out->bytes[3] = (uint8_t)put_list(out, labels);
    stream_frame(stream, FRAME_DESC, 0);
}

void stream_start(struct frame_stream *stream)
{
    stream_init(stream);
    stream_hello(stream, 3);
    stream_desc(stream, 0, FRAME_FAMILY_GAUGE, "posts", "", "Posts.");
    stream_desc(stream, 1, FRAME_FAMILY_GAUGE, "channels", "type,state", "Channels.");
    stream_desc(stream, 2, FRAME_FAMILY_COUNTER, "sent_total", "kind", "Sent.");
}

void stream_begin(struct frame_stream *stream)
{
    struct wire_writer *out = stream_payload(stream);
    wire_put_i64(out, 1700000000000);
    wire_put_u32(out, 10000);
    stream->samples = 0;
    stream->points_bytes = 0;
    stream_frame(stream, FRAME_BEGIN, ++stream->round);
}

static struct wire_writer *begin_point(struct frame_stream *stream, unsigned family,
                                       enum frame_value_kind kind, const char *values)
{
    struct wire_writer *out = stream_payload(stream);
    wire_put_u16(out, 1);
    wire_put_u16(out, (uint16_t)family);
    wire_put_u8(out, (uint8_t)kind);
    wire_put_u8(out, 0);
    out->bytes[5] = (uint8_t)put_list(out, values);
    return out;
}

static void end_point(struct frame_stream *stream)
{
    stream->samples++;
    stream->points_bytes += stream->payload.size;
    stream_frame(stream, FRAME_POINTS, stream->round);
}

void stream_u64(struct frame_stream *stream, unsigned family, const char *values, uint64_t value)
{
    wire_put_u64(begin_point(stream, family, FRAME_VALUE_U64, values), value);
    end_point(stream);
}

void stream_f64(struct frame_stream *stream, unsigned family, const char *values, double value)
{
    wire_put_f64(begin_point(stream, family, FRAME_VALUE_F64, values), value);
    end_point(stream);
}

void stream_end(struct frame_stream *stream, enum round_status status, int unknown, const char *error)
{
    struct wire_writer *out = stream_payload(stream);
    wire_put_u8(out, (uint8_t)status);
    wire_put_u32(out, stream->samples);
    wire_put_u64(out, stream->points_bytes);
    wire_put_u64(out, 1500);
    wire_put_string(out, error);
    wire_put_u16(out, unknown >= 0);
    if (unknown >= 0)
        wire_put_u16(out, (uint16_t)unknown);
    stream_frame(stream, FRAME_END, stream->round);
}
