/* SPDX-License-Identifier: Apache-2.0 */
#include "front/status_slot.h"
#include "front/status_words.h"

/* What has to happen for it to come back. */
static void put_return(struct buffer *out, const struct slot *slot, struct moment now)
{
    static const char *const RETURNS[CHILD_STATE_COUNT] = {
        [CHILD_STARTING] = "is being tried",
        [CHILD_READY] = "works, for too short a time to be sure",
        [CHILD_BUSY] = "works, for too short a time to be sure",
        [CHILD_STOPPING] = "is ending",
        [CHILD_PARKED] = "when the configuration is read again",
        [CHILD_STUCK] = "when the kernel lets its process go",
    };
    status_begin_cell(out, "", "Comes back");
    if (slot->state.state == CHILD_BACKOFF) {
        buffer_put_string(out, "next try in ");
        status_put_duration(out, slot->state.next_start_ms - now.monotonic_ms);
    } else if (RETURNS[slot->state.state] != NULL) {
        buffer_put_string(out, RETURNS[slot->state.state]);
    }
    buffer_put_string(out, "</td>");
}

static int64_t wall_of(int64_t monotonic_ms, struct moment now)
{
    return now.wall_ms - (now.monotonic_ms - monotonic_ms);
}

static void put_set_aside(struct buffer *out, const struct slot *slot, bool with_target, struct moment now)
{
    const struct control_slot_state *state = &slot->state;
    buffer_put_string(out, "<tbody role=\"rowgroup\"><tr role=\"row\"><th scope=\"row\" role=\"rowheader\">");
    status_put_escaped(out, slot->identity.collector);
    if (with_target) {
        buffer_put_string(out, " on ");
        status_put_escaped(out, slot->identity.target);
    }
    buffer_put_string(out, "</th>");
    status_begin_cell(out, "", "Worker");
    buffer_format(out, "%s</td>", child_state_name(state->state));
    status_begin_cell(out, "", "For");
    status_put_ago(out, wall_of(state->since_ms, now), now);
    buffer_put_string(out, "</td>");
    status_begin_cell(out, "n", "Failures in a row");
    buffer_format(out, "%u</td>", (unsigned)state->failures);
    status_begin_cell(out, "", "First of them");
    if (state->failures > 0) {
        buffer_put_string(out, "<span>");
        status_put_ago(out, wall_of(state->failing_since_ms, now), now);
        buffer_put_string(out, " ago</span>");
    }
    buffer_put_string(out, "</td>");
    put_return(out, slot, now);
    status_begin_cell(out, "reason", "Reason");
    status_put_escaped(out, state->error);
    buffer_put_string(out, "</td></tr></tbody>\n");
}

void status_quarantine(struct buffer *out, const struct store *store, struct moment now)
{
    static const char *const heads[] = {"Collector",     "Worker",     "For",   "Failures in a row",
                                        "First of them", "Comes back", "Reason"};
    static const char *const classes[] = {NULL, NULL, NULL, "n", NULL, NULL, NULL};
    bool some = false;
    for (size_t i = 0; i < SLOTS_MAX; i++) {
        const struct slot *slot = &store->slots[i];
        if (!slot->used || !slot_is_set_aside(slot))
            continue;
        if (!some) {
            buffer_put_string(out, "<section aria-label=\"Quarantine\"><h2>Quarantine</h2>\n"
                                   "<table role=\"table\" aria-label=\"Quarantine\">\n");
            status_put_heads(out, heads, classes, sizeof heads / sizeof heads[0]);
        }
        some = true;
        put_set_aside(out, slot, store->target_count > 1, now);
    }
    if (some)
        buffer_put_string(out, "</table></section>\n");
}
