/* SPDX-License-Identifier: Apache-2.0 */
#include "common/frame.h"

#include <assert.h>

const char *round_status_name(unsigned status)
{
    static const char *const names[ROUND_STATUS_COUNT] = {
        [ROUND_OK] = "ok",           [ROUND_PARTIAL] = "partial",     [ROUND_FAILED] = "failed",
        [ROUND_TIMEOUT] = "timeout", [ROUND_NOT_READY] = "not_ready", [ROUND_NO_DATA] = "no_data",
    };
    return status < ROUND_STATUS_COUNT ? names[status] : "unknown";
}

void frame_header_encode(const struct frame_header *header, uint8_t bytes[FRAME_HEADER_BYTES])
{
    struct wire_writer writer;
    assert(header->payload_bytes <= FRAME_PAYLOAD_MAX_BYTES);
    wire_writer_init(&writer, bytes, FRAME_HEADER_BYTES);
    wire_put_u16(&writer, FRAME_MAGIC);
    wire_put_u8(&writer, FRAME_VERSION);
    wire_put_u8(&writer, header->type);
    wire_put_u32(&writer, header->payload_bytes);
    wire_put_u32(&writer, header->round);
    wire_put_u32(&writer, header->sequence);
    assert(!writer.overflow && writer.size == FRAME_HEADER_BYTES);
}

enum frame_header_fault frame_header_decode(const uint8_t bytes[FRAME_HEADER_BYTES], struct frame_header *header)
{
    struct wire_reader reader;
    wire_reader_init(&reader, bytes, FRAME_HEADER_BYTES);
    if (wire_get_u16(&reader) != FRAME_MAGIC)
        return FRAME_HEADER_BAD_MAGIC;
    if (wire_get_u8(&reader) != FRAME_VERSION)
        return FRAME_HEADER_BAD_VERSION;
    header->type = wire_get_u8(&reader);
    header->payload_bytes = wire_get_u32(&reader);
    header->round = wire_get_u32(&reader);
    header->sequence = wire_get_u32(&reader);
    if (header->type < FRAME_HELLO || header->type > FRAME_BYE)
        return FRAME_HEADER_BAD_TYPE;
    if (header->payload_bytes > FRAME_PAYLOAD_MAX_BYTES)
        return FRAME_HEADER_BAD_LENGTH;
    return FRAME_HEADER_OK;
}
