/* SPDX-License-Identifier: Apache-2.0 */
/* What a worker writes to its data pipe, built piece by piece: right, or wrong in the one way that a test is
 * about. */
#ifndef MINOTOR_TESTS_UNIT_FRAME_STREAM_H
#define MINOTOR_TESTS_UNIT_FRAME_STREAM_H

#include "common/frame.h"

#define STREAM_MAX_BYTES (2u << 20)

struct frame_stream {
    uint32_t sequence;
    uint32_t round;
    uint32_t samples; /* of the round under way */
    uint64_t points_bytes;
    struct wire_writer payload;
    uint8_t payload_bytes[70000];
    size_t size;
    uint8_t bytes[STREAM_MAX_BYTES];
};

/* Makes the stream empty. */
void stream_init(struct frame_stream *stream);
/* The payload of the next frame, empty. */
struct wire_writer *stream_payload(struct frame_stream *stream);
/* Appends a frame with that payload. */
void stream_frame(struct frame_stream *stream, enum frame_type type, uint32_t round);

void stream_hello(struct frame_stream *stream, unsigned families);
/* `labels` are separated by commas, "" for none. */
void stream_desc(struct frame_stream *stream, unsigned id, enum frame_family_type type, const char *name,
                 const char *labels, const char *help);
/* Three families: 0 "posts" (gauge), 1 "channels" (gauge; type,state), 2 "sent_total" (counter; kind). */
void stream_start(struct frame_stream *stream);
void stream_begin(struct frame_stream *stream);
/* POINTS with one sample; label values are separated by commas. */
void stream_u64(struct frame_stream *stream, unsigned family, const char *values, uint64_t value);
void stream_f64(struct frame_stream *stream, unsigned family, const char *values, double value);
/* END with the right counts; `unknown` is a family id or -1. */
void stream_end(struct frame_stream *stream, enum round_status status, int unknown, const char *error);

#endif
