/* SPDX-License-Identifier: Apache-2.0 */
#include "front/buffer.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_CAPACITY_BYTES 256
#define FORMAT_MAX_BYTES     512

void buffer_free(struct buffer *buffer)
{
    free(buffer->bytes);
    buffer->bytes = NULL;
    buffer->size = buffer->capacity = 0;
    buffer->failed = false;
}

void buffer_clear(struct buffer *buffer)
{
    buffer->size = 0;
    buffer->failed = false;
}

bool buffer_reserve(struct buffer *buffer, size_t more)
{
    if (buffer->failed)
        return false;
    if (buffer->max_bytes && (more > buffer->max_bytes || buffer->size > buffer->max_bytes - more)) {
        buffer->failed = true;
        return false;
    }
    if (buffer->capacity - buffer->size >= more)
        return true;
    size_t capacity = buffer->capacity ? buffer->capacity : FIRST_CAPACITY_BYTES;
    while (capacity - buffer->size < more)
        capacity *= 2;
    char *bytes = realloc(buffer->bytes, capacity);
    if (!bytes) {
        buffer->failed = true;
        return false;
    }
    buffer->bytes = bytes;
    buffer->capacity = capacity;
    return true;
}

void buffer_put(struct buffer *buffer, const char *bytes, size_t size)
{
    if (size == 0 || !buffer_reserve(buffer, size))
        return;
    memcpy(buffer->bytes + buffer->size, bytes, size);
    buffer->size += size;
}

void buffer_put_string(struct buffer *buffer, const char *string)
{
    buffer_put(buffer, string, strlen(string));
}

void buffer_put_char(struct buffer *buffer, char character)
{
    buffer_put(buffer, &character, 1);
}

void buffer_format(struct buffer *buffer, const char *format, ...)
{
    char text[FORMAT_MAX_BYTES];
    va_list arguments;
    va_start(arguments, format);
    int size = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (size < 0 || (size_t)size >= sizeof text)
        buffer->failed = true;
    else
        buffer_put(buffer, text, (size_t)size);
}

char *buffer_take(struct buffer *buffer, size_t *size)
{
    char *bytes = buffer->bytes;
    *size = buffer->size;
    if (buffer->size == 0) {
        free(bytes);
        bytes = NULL;
    } else if (buffer->capacity - buffer->size > buffer->size / 8) {
        char *shrunk = realloc(bytes, buffer->size);
        bytes = shrunk ? shrunk : bytes;
    }
    buffer->bytes = NULL;
    buffer->size = buffer->capacity = 0;
    return bytes;
}
