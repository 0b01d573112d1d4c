/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One record of the state file: what the collector of one slot keeps. Pure functions between memory and
 * STATE_RECORD_BYTES on disk; each record has its own mark, version and checksum, so that a bad one costs
 * itself.
 */
#ifndef MINOTOR_SUPERVISOR_STATE_RECORD_H
#define MINOTOR_SUPERVISOR_STATE_RECORD_H

#include <stdbool.h>

#include "common/control.h"

struct state_record {
    char collector[NAME_MAX_BYTES + 1];
    char target[NAME_MAX_BYTES + 1];
    uint64_t place;             /* config_target_place(): what it is about */
    struct control_state state; /* never empty */
};

enum state_record_result {
    STATE_RECORD_OK = 0,
    STATE_RECORD_FOREIGN, /* minotor has not written it */
    STATE_RECORD_VERSION, /* another release has */
    STATE_RECORD_DAMAGED,
};

/* "is damaged" ...; static. */
const char *state_record_result_text(enum state_record_result result);

/* All STATE_RECORD_BYTES are written. */
void state_record_encode(const struct state_record *record, uint8_t *bytes);
/* Of `size` bytes that may be anything. `record` is only good after STATE_RECORD_OK. */
enum state_record_result state_record_decode(const uint8_t *bytes, size_t size, struct state_record *record);

#endif
