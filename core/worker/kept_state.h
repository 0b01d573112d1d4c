/* SPDX-License-Identifier: Apache-2.0 */
/* What the collector keeps beyond its worker's death. The supervisor has a copy and gives it to the next worker. */
#ifndef MINOTOR_WORKER_KEPT_STATE_H
#define MINOTOR_WORKER_KEPT_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/control.h"

struct kept_state {
    struct control_state state;
    int channel;
    bool unsent; /* the supervisor does not read; the newest state waits for room */
};

/* Takes over what an earlier worker has saved; a state that is damaged is forgotten and logged. */
void kept_state_init(struct kept_state *kept, const struct control_state *given, int channel);

/* Copies the state to `out` and returns its size; 0 when there is none of that version, or it is larger. */
size_t kept_state_load(const struct kept_state *kept, uint32_t version, void *out, size_t out_bytes);
/* Keeps a new state and sends it. False when it is larger than STATE_MAX_BYTES, or the supervisor is gone. */
bool kept_state_save(struct kept_state *kept, uint32_t version, const void *bytes, size_t size);

/* Tries again to send what waits. */
void kept_state_flush(struct kept_state *kept);

#endif
