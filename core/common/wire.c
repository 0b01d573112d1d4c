/* SPDX-License-Identifier: Apache-2.0 */
#include "common/wire.h"

#include <string.h>

void wire_writer_init(struct wire_writer *writer, void *bytes, size_t capacity)
{
    *writer = (struct wire_writer){ .bytes = bytes, .capacity = capacity };
}

/* The place for `size` more bytes, or NULL: nothing is written after the first item that did not fit. */
static uint8_t *reserve(struct wire_writer *writer, size_t size)
{
    if (writer->overflow || size > writer->capacity - writer->size) {
        writer->overflow = true;
        return NULL;
    }
    uint8_t *place = writer->bytes + writer->size;
    writer->size += size;
    return place;
}

static void put_little_endian(struct wire_writer *writer, uint64_t value, size_t size)
{
    uint8_t *place = reserve(writer, size);
    if (place == NULL)
        return;
    for (size_t i = 0; i < size; i++)
        place[i] = (uint8_t)(value >> (8 * i));
}

void wire_put_u8(struct wire_writer *writer, uint8_t value)
{
    put_little_endian(writer, value, 1);
}

void wire_put_u16(struct wire_writer *writer, uint16_t value)
{
    put_little_endian(writer, value, 2);
}

void wire_put_u32(struct wire_writer *writer, uint32_t value)
{
    put_little_endian(writer, value, 4);
}

void wire_put_u64(struct wire_writer *writer, uint64_t value)
{
    put_little_endian(writer, value, 8);
}

void wire_put_i64(struct wire_writer *writer, int64_t value)
{
    put_little_endian(writer, (uint64_t)value, 8);
}

void wire_put_f64(struct wire_writer *writer, double value)
{
    uint64_t bits;
    _Static_assert(sizeof bits == sizeof value, "a double is an IEEE 754 binary64");
    memcpy(&bits, &value, sizeof bits);
    put_little_endian(writer, bits, 8);
}

void wire_put_text(struct wire_writer *writer, const char *bytes, size_t size)
{
    if (size > UINT16_MAX || writer->capacity - writer->size < size + 2) {
        writer->overflow = true;
        return;
    }
    wire_put_u16(writer, (uint16_t)size);
    uint8_t *place = reserve(writer, size);
    if (place != NULL && size > 0)
        memcpy(place, bytes, size);
}

void wire_put_string(struct wire_writer *writer, const char *string)
{
    wire_put_text(writer, string, string == NULL ? 0 : strlen(string));
}

void wire_reader_init(struct wire_reader *reader, const void *bytes, size_t size)
{
    *reader = (struct wire_reader){ .bytes = bytes, .size = size };
}

static const uint8_t *take(struct wire_reader *reader, size_t size)
{
    if (reader->broken || size > reader->size - reader->position) {
        reader->broken = true;
        return NULL;
    }
    const uint8_t *place = reader->bytes + reader->position;
    reader->position += size;
    return place;
}

static uint64_t get_little_endian(struct wire_reader *reader, size_t size)
{
    const uint8_t *place = take(reader, size);
    uint64_t value = 0;
    if (place == NULL)
        return 0;
    for (size_t i = 0; i < size; i++)
        value |= (uint64_t)place[i] << (8 * i);
    return value;
}

uint8_t wire_get_u8(struct wire_reader *reader)
{
    return (uint8_t)get_little_endian(reader, 1);
}

uint16_t wire_get_u16(struct wire_reader *reader)
{
    return (uint16_t)get_little_endian(reader, 2);
}

uint32_t wire_get_u32(struct wire_reader *reader)
{
    return (uint32_t)get_little_endian(reader, 4);
}

uint64_t wire_get_u64(struct wire_reader *reader)
{
    return get_little_endian(reader, 8);
}

int64_t wire_get_i64(struct wire_reader *reader)
{
    return (int64_t)get_little_endian(reader, 8);
}

double wire_get_f64(struct wire_reader *reader)
{
    uint64_t bits = get_little_endian(reader, 8);
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

struct wire_text wire_get_text(struct wire_reader *reader)
{
    size_t size = wire_get_u16(reader);
    const uint8_t *place = take(reader, size);
    if (place == NULL)
        return (struct wire_text){ .bytes = "", .size = 0 };
    return (struct wire_text){ .bytes = (const char *)place, .size = size };
}

void wire_get_string(struct wire_reader *reader, char *out, size_t out_bytes)
{
    struct wire_text text = wire_get_text(reader);
    out[0] = '\0';
    if (text.size >= out_bytes || memchr(text.bytes, '\0', text.size) != NULL) {
        reader->broken = true;
        return;
    }
    memcpy(out, text.bytes, text.size);
    out[text.size] = '\0';
}

bool wire_done(const struct wire_reader *reader)
{
    return !reader->broken && reader->position == reader->size;
}

uint64_t wire_checksum(uint64_t sum, const void *bytes, size_t size)
{
    const uint8_t *place = bytes;
    for (size_t i = 0; i < size; i++)
        sum = (sum ^ place[i]) * UINT64_C(0x100000001b3);
    return sum;
}
