/* SPDX-License-Identifier: Apache-2.0 */
/* A text that grows. Remembers the first failure, so a sequence of calls is checked once at its end. */
#ifndef MINOTOR_FRONT_BUFFER_H
#define MINOTOR_FRONT_BUFFER_H

#include <stdbool.h>
#include <stddef.h>

/* All zero is an empty buffer without a bound. The owner calls buffer_free(). */
struct buffer {
    char *bytes; /* not terminated; NULL while nothing was written */
    size_t size;
    size_t capacity;
    size_t max_bytes; /* 0: none */
    bool failed;      /* something did not fit, or there was no memory; the text ends before it */
};

void buffer_free(struct buffer *buffer);
/* Forgets the text and keeps the memory. */
void buffer_clear(struct buffer *buffer);
/* Makes room for `more` bytes; false sets `failed`. */
bool buffer_reserve(struct buffer *buffer, size_t more);
void buffer_put(struct buffer *buffer, const char *bytes, size_t size);
void buffer_put_string(struct buffer *buffer, const char *string);
void buffer_put_char(struct buffer *buffer, char character);
/* At most 512 bytes at a time; more is a failure. */
void buffer_format(struct buffer *buffer, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Gives the memory away, shrunk to the text; the caller frees it. NULL for an empty text. */
char *buffer_take(struct buffer *buffer, size_t *size);

#endif
