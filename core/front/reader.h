/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads the frames of one data pipe: a machine of four states that is fed with bytes and calls its sink. It
 * knows nothing of descriptors, clocks or the page. The first violation of the protocol is remembered as a
 * fault with its place in the stream, and nothing after it is looked at.
 *
 *   HELLO --HELLO--> IDLE --DESC--> IDLE --BEGIN--> ROUND --POINTS--> ROUND --END--> IDLE --BYE--> DEAD
 */
#ifndef MINOTOR_FRONT_READER_H
#define MINOTOR_FRONT_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/frame.h"
#include "front/family.h"

enum reader_state {
    READER_HELLO, /* nothing was said yet */
    READER_IDLE,  /* between rounds */
    READER_ROUND, /* after BEGIN, before END */
    READER_DEAD,  /* after BYE or a fault */
};

struct reader_hello {
    struct wire_text build;
    struct wire_text collector;
    struct wire_text collector_version;
    unsigned abi_major;
    unsigned abi_minor;
};

struct reader_begin {
    uint32_t round;
    int64_t wall_ms;
    uint32_t timeout_ms;
};

struct reader_point {
    const struct family *family;
    unsigned id;
    struct wire_text labels[FRAME_LABELS_MAX]; /* as many as the family has, in its order */
    enum frame_value_kind kind;
    uint64_t u64;
    double f64;
};

struct reader_end {
    enum round_status status;
    uint32_t samples;
    uint64_t duration_us;
    struct wire_text error;
    const bool *unknown; /* by family id; as many as the table has */
    unsigned unknown_count;
};

/*
 * What the reader tells. Everything is valid during the call only. `point` and `end` may refuse: they return
 * why, which becomes the fault, or NULL.
 */
struct reader_sink {
    void (*hello)(void *context, const struct reader_hello *hello);
    void (*begin)(void *context, const struct reader_begin *begin);
    const char *(*point)(void *context, const struct reader_point *point);
    const char *(*end)(void *context, const struct reader_end *end, const struct family_table *families);
    void (*bye)(void *context, struct wire_text reason);
};

struct reader_fault {
    uint64_t offset; /* in the stream, of the frame that was wrong */
    char reason[ERROR_TEXT_MAX_BYTES + 1];
    uint8_t bytes[32]; /* the beginning of that frame */
    size_t byte_count;
};

struct reader {
    enum reader_state state;
    bool faulty;
    struct reader_fault fault; /* when faulty */
    const struct reader_sink *sink;
    void *context;
    struct family_table families;
    unsigned families_announced;
    uint64_t frame_offset;  /* of the frame under way */
    uint32_t next_sequence; /* of the next frame */
    uint32_t round;         /* the round under way, or the last one */
    uint32_t round_samples;
    uint64_t round_bytes;       /* of POINTS payloads */
    struct frame_header header; /* when frame_bytes >= FRAME_HEADER_BYTES */
    size_t frame_bytes;         /* received of the frame under way, header included */
    bool unknown[FAMILIES_MAX];
    uint8_t frame[FRAME_HEADER_BYTES + FRAME_PAYLOAD_MAX_BYTES];
};

/* Starts at the beginning of a stream. `sink` and `context` must outlive the reader. The owner calls
 * reader_free(). */
void reader_init(struct reader *reader, const struct reader_sink *sink, void *context);
void reader_free(struct reader *reader);
/* Takes the next bytes of the stream. False: the reader is faulty, now or already. */
bool reader_feed(struct reader *reader, const uint8_t *bytes, size_t size);
/* Whether the stream may end here: between frames and outside a round. */
bool reader_at_rest(const struct reader *reader);

#endif
