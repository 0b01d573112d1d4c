/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Little-endian numbers and counted texts in a fixed buffer: the bytes under frames and control messages.
 * Neither side allocates. Both remember the first failure, so a sequence of calls is checked once at its end.
 */
#ifndef MINOTOR_COMMON_WIRE_H
#define MINOTOR_COMMON_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Writes into a buffer that the caller owns. `overflow` is set by the first item that did not fit. */
struct wire_writer {
    uint8_t *bytes;
    size_t size;
    size_t capacity;
    bool overflow;
};

/* Reads from a buffer that the caller owns. `broken` is set by the first item that was not whole. */
struct wire_reader {
    const uint8_t *bytes;
    size_t size;
    size_t position;
    bool broken;
};

/* A text inside the reader's buffer: not terminated, valid as long as the buffer. */
struct wire_text {
    const char *bytes;
    size_t size;
};

void wire_writer_init(struct wire_writer *writer, void *bytes, size_t capacity);
void wire_put_u8(struct wire_writer *writer, uint8_t value);
void wire_put_u16(struct wire_writer *writer, uint16_t value);
void wire_put_u32(struct wire_writer *writer, uint32_t value);
void wire_put_u64(struct wire_writer *writer, uint64_t value);
void wire_put_i64(struct wire_writer *writer, int64_t value);
void wire_put_f64(struct wire_writer *writer, double value);
/* u16 length, then the bytes; a text of 64 KiB or more is an overflow. */
void wire_put_text(struct wire_writer *writer, const char *bytes, size_t size);
/* The same for a terminated string; NULL is the empty text. */
void wire_put_string(struct wire_writer *writer, const char *string);

void wire_reader_init(struct wire_reader *reader, const void *bytes, size_t size);
/* A broken reader gives 0 and empty texts. */
uint8_t wire_get_u8(struct wire_reader *reader);
uint16_t wire_get_u16(struct wire_reader *reader);
uint32_t wire_get_u32(struct wire_reader *reader);
uint64_t wire_get_u64(struct wire_reader *reader);
int64_t wire_get_i64(struct wire_reader *reader);
double wire_get_f64(struct wire_reader *reader);
struct wire_text wire_get_text(struct wire_reader *reader);
/* Copies a text into `out` and terminates it; too long for it, or with a NUL inside: broken. */
void wire_get_string(struct wire_reader *reader, char *out, size_t out_bytes);
/* Whether everything was read, and nothing is left over. */
bool wire_done(const struct wire_reader *reader);

/* FNV-1a of some bytes after others; begins with WIRE_CHECKSUM_START. It finds damage, it need not resist anybody. */
#define WIRE_CHECKSUM_START UINT64_C(0xcbf29ce484222325)
uint64_t wire_checksum(uint64_t sum, const void *bytes, size_t size);

#endif
