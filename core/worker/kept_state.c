/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/kept_state.h"

#include <string.h>

#include "common/log.h"

void kept_state_init(struct kept_state *kept, const struct control_state *given, int channel)
{
    memset(kept, 0, sizeof *kept);
    kept->channel = channel;
    if (given->size == 0)
        return;
    if (control_state_checksum(given) == given->checksum)
        kept->state = *given;
    else
        log_warning("the collector's state of the worker before this one is damaged and is not used");
}

size_t kept_state_load(const struct kept_state *kept, uint32_t version, void *out, size_t out_bytes)
{
    const struct control_state *state = &kept->state;
    if (state->version != version || state->size > out_bytes)
        return 0;
    memcpy(out, state->bytes, state->size);
    return state->size;
}

static bool send_state(struct kept_state *kept)
{
    struct control_message message = { .type = CONTROL_STATE, .body.state = kept->state };
    enum control_result result = control_send(kept->channel, &message, -1);
    kept->unsent = result == CONTROL_AGAIN;
    return result == CONTROL_OK || result == CONTROL_AGAIN;
}

bool kept_state_save(struct kept_state *kept, uint32_t version, const void *bytes, size_t size)
{
    struct control_state *state = &kept->state;
    if (size > sizeof state->bytes)
        return false;
    bool same = state->version == version && state->size == size && (size == 0 || memcmp(state->bytes, bytes, size) == 0);
    if (same)
        return true;
    memset(state, 0, sizeof *state);
    state->version = version;
    state->size = (uint16_t)size;
    if (size > 0)
        memcpy(state->bytes, bytes, size);
    state->checksum = control_state_checksum(state);
    return send_state(kept);
}

void kept_state_flush(struct kept_state *kept)
{
    if (kept->unsent)
        send_state(kept);
}
