/* SPDX-License-Identifier: Apache-2.0 */
#include "front/status_slot.h"

#include <string.h>

#include "front/status_chart.h"
#include "front/status_words.h"

static const char cell_end[] = "</td>";

static void put_unknown(struct buffer *out)
{
    buffer_put_string(out, "<span class=\"dim\">not known</span>");
}

static void put_name(struct buffer *out, const struct slot *slot)
{
    buffer_format(out, "<th scope=\"row\" role=\"rowheader\" id=\"slot-%u\">", (unsigned)slot->identity.slot);
    status_put_escaped(out, slot->identity.collector);
    buffer_put_string(out, "</th>");
}

static void put_state(struct buffer *out, const struct slot *slot, struct moment now)
{
    struct status_verdict verdict = status_verdict(slot, now);
    status_begin_cell(out, "", "State");
    buffer_put_string(out, "<span class=\"state\">");
    status_put_badge(out, verdict.look, verdict.word);
    if (slot->late && strcmp(verdict.word, "late") != 0)
        buffer_put_string(out, " <span class=\"also\">late</span>");
    if (slot->stale && strcmp(verdict.word, "stale") != 0)
        buffer_put_string(out, " <span class=\"also\">stale</span>");
    buffer_put_string(out, "</span>");
    buffer_put_string(out, cell_end);
}

static void put_age(struct buffer *out, const struct slot *slot, struct moment now)
{
    status_begin_cell(out, "n", "Last good round");
    if (slot->succeeded) {
        buffer_put_string(out, "<span>");
        status_put_ago(out, slot->last_success_wall_ms, now);
        buffer_put_string(out, " ago</span>");
    } else {
        buffer_put_string(out, "never");
    }
    buffer_put_string(out, cell_end);
}

static void put_rounds(struct buffer *out, const struct slot *slot)
{
    status_begin_cell(out, "chart", "Rounds");
    status_chart(out, slot);
    buffer_put_string(out, "<span class=\"dim\">");
    if (slot->ran) {
        if (slot->last_duration_us < 1000)
            buffer_put_string(out, "under 1 ms");
        else
            status_put_duration(out, (int64_t)(slot->last_duration_us / 1000));
        buffer_put_string(out, ", ");
    }
    buffer_put_string(out, "every ");
    status_put_duration(out, slot->identity.interval_ms);
    buffer_put_string(out, "</span>");
    buffer_put_string(out, cell_end);
}

static void put_usage(struct buffer *out, const struct slot *slot)
{
    const struct control_process *worker = &slot->usage.worker;
    status_begin_cell(out, "n", "Memory");
    if (worker->known & USAGE_MEMORY)
        status_put_bytes(out, worker->resident_bytes);
    else
        put_unknown(out);
    buffer_put_string(out, cell_end);
    status_begin_cell(out, "n", "CPU time");
    if (worker->known & USAGE_CPU)
        status_put_duration(out, (int64_t)(worker->cpu_us / 1000));
    else
        put_unknown(out);
    buffer_put_string(out, cell_end);
    status_begin_cell(out, "", "Session");
    buffer_put_string(out, session_state_name(slot->usage.session));
    buffer_put_string(out, cell_end);
}

/* How many layers there are, and how many there should be. */
static void put_sandbox(struct buffer *out, const struct slot *slot)
{
    unsigned applied = 0;
    unsigned wanted = 0;
    status_begin_cell(out, "", "Sandbox");
    for (unsigned i = 0; i < LAYER_COUNT; i++) {
        wanted += slot->sandbox.state[i] != LAYER_UNNEEDED;
        applied += slot->sandbox.state[i] == LAYER_APPLIED;
    }
    if (!slot->confined)
        put_unknown(out);
    else if (applied == wanted)
        buffer_put_string(out, "complete");
    else
        buffer_format(out, "%u of %u layers", applied, wanted);
    buffer_put_string(out, cell_end);
}

static uint64_t restarts_of(const struct slot *slot)
{
    uint64_t restarts = 0;
    for (size_t i = 0; i < RESTART_CAUSE_COUNT; i++)
        restarts += slot->state.restarts[i];
    return restarts;
}

/* Text between what is already there and what follows. */
static void begin_note(struct buffer *out, bool *some)
{
    if (*some)
        buffer_put_string(out, "<br>");
    *some = true;
}

/* "limits reached: samples 12 times, log_lines 3 times" */
static void put_limits(struct buffer *out, const struct slot *slot, bool *some)
{
    bool more = false;
    for (unsigned i = 0; i < LIMIT_COUNT; i++) {
        unsigned long long hits = slot->state.limit_hits[i];
        if (hits == 0)
            continue;
        if (!more)
            begin_note(out, some);
        buffer_format(out, "%s%s %llu %s", more ? ", " : "limits reached: ", slot_limit_name(i), hits,
                      hits == 1 ? "time" : "times");
        more = true;
    }
}

/* "restarts: 3 signal, 1 deadline" */
static void put_restarts(struct buffer *out, const struct slot *slot, bool *some)
{
    bool more = false;
    for (unsigned i = 0; i < RESTART_CAUSE_COUNT; i++) {
        if (slot->state.restarts[i] == 0)
            continue;
        if (!more)
            begin_note(out, some);
        buffer_format(out, "%s%llu %s", more ? ", " : "ends of its worker: ",
                      (unsigned long long)slot->state.restarts[i], restart_cause_name(i));
        more = true;
    }
}

static void put_round_under_way(struct buffer *out, const struct slot *slot, struct moment now, bool *some)
{
    int64_t lasted_ms = now.monotonic_ms - slot->round_began.monotonic_ms;
    if (!slot->round_under_way || lasted_ms < ROUND_LATE_MS)
        return;
    begin_note(out, some);
    buffer_put_string(out, "a round has been running for ");
    status_put_duration(out, lasted_ms);
    buffer_put_string(out, " of ");
    status_put_duration(out, slot->round_timeout_ms);
    buffer_put_string(out, ", since ");
    status_put_wall_time(out, slot->round_began.wall_ms);
}

static void put_layers_without(struct buffer *out, const struct slot *slot, bool *some)
{
    bool more = false;
    for (unsigned i = 0; slot->confined && i < LAYER_COUNT; i++) {
        unsigned state = slot->sandbox.state[i];
        if (state == LAYER_APPLIED || state == LAYER_UNNEEDED)
            continue;
        if (!more)
            begin_note(out, some);
        buffer_format(out, "%s%s %s", more ? ", " : "sandbox: ", layer_name(i), layer_state_name(state));
        more = true;
    }
}

/* What went wrong last, in the words of whoever noticed, and what it led to. */
static void put_notes(struct buffer *out, const struct slot *slot, struct moment now)
{
    const char *const errors[] = {slot->last_error, slot->state.error, slot->last_bad_frame};
    bool some = false;
    put_limits(out, slot, &some);
    for (size_t i = 0; i < sizeof errors / sizeof errors[0]; i++) {
        if (errors[i][0] == '\0')
            continue;
        begin_note(out, &some);
        status_put_escaped(out, errors[i]);
    }
    put_round_under_way(out, slot, now, &some);
    put_restarts(out, slot, &some);
    put_layers_without(out, slot, &some);
}

static const char *const heads[] = {"Collector", "State",   "Last good round", "Rounds",  "Samples",
                                    "Memory",    "CPU time", "Session",         "Sandbox", "Restarts"};
static const char *const head_classes[] = {NULL, NULL, "n", NULL, "n", "n", "n", NULL, NULL, "n"};
#define HEAD_COUNT (sizeof heads / sizeof heads[0])

static void put_slot(struct buffer *out, const struct slot *slot, struct moment now)
{
    struct buffer notes = {0};
    buffer_put_string(out, "<tbody role=\"rowgroup\"><tr role=\"row\">");
    put_name(out, slot);
    put_state(out, slot, now);
    put_age(out, slot, now);
    put_rounds(out, slot);
    status_begin_cell(out, "n", "Samples");
    buffer_format(out, "%u</td>", slot_samples(slot));
    put_usage(out, slot);
    put_sandbox(out, slot);
    status_begin_cell(out, "n", "Restarts");
    buffer_format(out, "%llu</td></tr>", (unsigned long long)restarts_of(slot));
    put_notes(&notes, slot, now);
    if (notes.size > 0) {
        buffer_format(out, "\n<tr role=\"row\" class=\"notes\"><td role=\"cell\" colspan=\"%u\">", (unsigned)HEAD_COUNT);
        buffer_put(out, notes.bytes, notes.size);
        buffer_put_string(out, "</td></tr>");
    }
    out->failed = out->failed || notes.failed;
    buffer_free(&notes);
    buffer_put_string(out, "</tbody>\n");
}

void status_slots(struct buffer *out, const struct store *store, const char *target, const char *heading,
                  struct moment now)
{
    buffer_format(out, "<table role=\"table\" aria-labelledby=\"%s\">\n", heading);
    status_put_heads(out, heads, head_classes, HEAD_COUNT);
    for (size_t i = 0; i < SLOTS_MAX; i++) {
        const struct slot *slot = &store->slots[i];
        if (slot->used && strcmp(slot->identity.target, target) == 0)
            put_slot(out, slot, now);
    }
    buffer_put_string(out, "</table>\n");
}
