/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Records of the state file. The checksum of whatever comes is put right first, so that the search gets
 * behind it. What is believed must encode to the same bytes again, and must be what a worker may be given.
 */
#include <stdlib.h>
#include <string.h>

#include "common/text.h"
#include "supervisor/state_record.h"

#define CHECKSUM_OFFSET 8
#define BODY_OFFSET     16

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void seal(uint8_t *bytes)
{
    uint64_t sum = wire_checksum(WIRE_CHECKSUM_START, bytes, CHECKSUM_OFFSET);
    sum = wire_checksum(sum, bytes + BODY_OFFSET, STATE_RECORD_BYTES - BODY_OFFSET);
    for (unsigned i = 0; i < 8; i++)
        bytes[CHECKSUM_OFFSET + i] = (uint8_t)(sum >> (8 * i));
}

/* The state's own checksum, at the place that the lengths before it lead to. */
static void seal_state(uint8_t *bytes)
{
    struct wire_reader reader;
    static struct control_state state;
    wire_reader_init(&reader, bytes + BODY_OFFSET, STATE_RECORD_BYTES - BODY_OFFSET);
    wire_get_text(&reader);
    wire_get_text(&reader);
    wire_get_u64(&reader);
    state.version = wire_get_u32(&reader);
    uint8_t *place = bytes + BODY_OFFSET + reader.position;
    wire_get_u64(&reader);
    struct wire_text text = wire_get_text(&reader);
    if (reader.broken || text.size > sizeof state.bytes)
        return;
    state.size = (uint16_t)text.size;
    memcpy(state.bytes, text.bytes, text.size);
    uint64_t sum = control_state_checksum(&state);
    for (unsigned i = 0; i < 8; i++)
        place[i] = (uint8_t)(sum >> (8 * i));
}

static void expect_good(const struct state_record *record, const uint8_t *bytes)
{
    static uint8_t again[STATE_RECORD_BYTES];
    const struct control_state *state = &record->state;
    state_record_encode(record, again);
    if (memcmp(again, bytes, sizeof again) != 0 || !text_is_word(record->collector) ||
        !text_is_word(record->target) || state->size == 0 || state->size > STATE_MAX_BYTES ||
        control_state_checksum(state) != state->checksum)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct state_record record;
    static uint8_t bytes[STATE_RECORD_BYTES];
    if (size > sizeof bytes)
        return 0;
    if (state_record_decode(data, size, &record) == STATE_RECORD_OK)
        expect_good(&record, data);
    memset(bytes, 0, sizeof bytes);
    memcpy(bytes, data, size);
    for (int sealed = 0; sealed < 2; sealed++) {
        if (sealed)
            seal_state(bytes);
        seal(bytes);
        if (state_record_decode(bytes, sizeof bytes, &record) == STATE_RECORD_OK)
            expect_good(&record, bytes);
    }
    return 0;
}
