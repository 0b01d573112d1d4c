/* SPDX-License-Identifier: Apache-2.0 */
#include "supervisor/state_record.h"

#include <assert.h>
#include <string.h>

#include "common/text.h"

/*
 *  0  "MnSt"
 *  4  u32  version of this layout
 *  8  u64  checksum of all other bytes
 * 16  collector, target, u64 place, u32 version and u64 checksum of the state, its bytes; zeros up to the end
 */
#define MARK            "MnSt"
#define MARK_BYTES      4
#define VERSION         1
#define CHECKSUM_OFFSET 8
#define BODY_OFFSET     16

_Static_assert(BODY_OFFSET + 2 * (2 + NAME_MAX_BYTES) + 8 + 4 + 8 + 2 + STATE_MAX_BYTES <= STATE_RECORD_BYTES,
               "the largest record fits");

const char *state_record_result_text(enum state_record_result result)
{
    static const char *const TEXTS[] = {
        [STATE_RECORD_OK] = "is good",
        [STATE_RECORD_FOREIGN] = "was not written by minotor",
        [STATE_RECORD_VERSION] = "is of another release",
        [STATE_RECORD_DAMAGED] = "is damaged",
    };
    return TEXTS[result];
}

static uint64_t checksum_of(const uint8_t *bytes)
{
    uint64_t sum = wire_checksum(WIRE_CHECKSUM_START, bytes, CHECKSUM_OFFSET);
    return wire_checksum(sum, bytes + BODY_OFFSET, STATE_RECORD_BYTES - BODY_OFFSET);
}

void state_record_encode(const struct state_record *record, uint8_t *bytes)
{
    struct wire_writer writer;
    memset(bytes, 0, STATE_RECORD_BYTES);
    memcpy(bytes, MARK, MARK_BYTES);
    wire_writer_init(&writer, bytes + MARK_BYTES, CHECKSUM_OFFSET - MARK_BYTES);
    wire_put_u32(&writer, VERSION);
    wire_writer_init(&writer, bytes + BODY_OFFSET, STATE_RECORD_BYTES - BODY_OFFSET);
    wire_put_string(&writer, record->collector);
    wire_put_string(&writer, record->target);
    wire_put_u64(&writer, record->place);
    wire_put_u32(&writer, record->state.version);
    wire_put_u64(&writer, record->state.checksum);
    wire_put_text(&writer, (const char *)record->state.bytes, record->state.size);
    assert(!writer.overflow);
    wire_writer_init(&writer, bytes + CHECKSUM_OFFSET, BODY_OFFSET - CHECKSUM_OFFSET);
    wire_put_u64(&writer, checksum_of(bytes));
}

static bool read_state(struct wire_reader *reader, struct control_state *state)
{
    state->version = wire_get_u32(reader);
    state->checksum = wire_get_u64(reader);
    struct wire_text text = wire_get_text(reader);
    if (reader->broken || text.size == 0 || text.size > sizeof state->bytes)
        return false;
    state->size = (uint16_t)text.size;
    memcpy(state->bytes, text.bytes, text.size);
    return control_state_checksum(state) == state->checksum;
}

static bool is_zero(const uint8_t *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (bytes[i] != 0)
            return false;
    return true;
}

enum state_record_result state_record_decode(const uint8_t *bytes, size_t size, struct state_record *record)
{
    struct wire_reader reader;
    memset(record, 0, sizeof *record);
    if (size < BODY_OFFSET || memcmp(bytes, MARK, MARK_BYTES) != 0)
        return STATE_RECORD_FOREIGN;
    wire_reader_init(&reader, bytes + MARK_BYTES, BODY_OFFSET - MARK_BYTES);
    if (wire_get_u32(&reader) != VERSION)
        return STATE_RECORD_VERSION;
    if (size != STATE_RECORD_BYTES || wire_get_u64(&reader) != checksum_of(bytes))
        return STATE_RECORD_DAMAGED;
    wire_reader_init(&reader, bytes + BODY_OFFSET, STATE_RECORD_BYTES - BODY_OFFSET);
    wire_get_string(&reader, record->collector, sizeof record->collector);
    wire_get_string(&reader, record->target, sizeof record->target);
    record->place = wire_get_u64(&reader);
    bool good = read_state(&reader, &record->state) && text_is_word(record->collector) &&
                text_is_word(record->target) &&
                is_zero(reader.bytes + reader.position, reader.size - reader.position);
    return good ? STATE_RECORD_OK : STATE_RECORD_DAMAGED;
}
