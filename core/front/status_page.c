/* SPDX-License-Identifier: Apache-2.0 */
#include "front/status_page.h"

#include <string.h>

#include "front/status_slot.h"
#include "front/status_style.h"
#include "front/status_words.h"

/* How many there are, and how many are as they should be or have not had the time for it yet. */
struct tally {
    unsigned slots;
    unsigned good;
    unsigned waiting;
};

static struct tally count_slots(const struct store *store, struct moment now)
{
    struct tally tally = {0, 0, 0};
    for (size_t i = 0; i < SLOTS_MAX; i++) {
        if (!store->slots[i].used)
            continue;
        enum status_look look = status_verdict(&store->slots[i], now).look;
        tally.slots++;
        tally.good += look == LOOK_GOOD;
        tally.waiting += look == LOOK_WAIT;
    }
    return tally;
}

static void put_head(struct buffer *out, const struct page_build *build, struct tally tally)
{
    buffer_put_string(out, "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>");
    if (tally.good + tally.waiting < tally.slots)
        buffer_format(out, "%u not well: ", tally.slots - tally.good - tally.waiting);
    buffer_put_string(out, "minotor</title>\n<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n"
                           "<style>");
    buffer_put_string(out, status_style);
    buffer_put_string(out, "</style></head><body>\n<header><h1>minotor <small>");
    status_put_escaped(out, build->version);
    buffer_put_string(out, "</small></h1>\n<nav aria-label=\"Pages\"><a href=\"/metrics\">Metrics</a>"
                           "<a href=\"/-/ready\">Ready</a><a href=\"/-/healthy\">Healthy</a></nav></header>\n<main>\n");
}

static void put_ill(struct buffer *out, const struct store *store, const struct slot *slot, struct moment now)
{
    struct status_verdict verdict = status_verdict(slot, now);
    buffer_format(out, "<li><a href=\"#slot-%u\">", (unsigned)slot->identity.slot);
    status_put_escaped(out, slot->identity.collector);
    if (store->target_count > 1) {
        buffer_put_string(out, " on ");
        status_put_escaped(out, slot->identity.target);
    }
    buffer_put_string(out, "</a> ");
    status_put_badge(out, verdict.look, verdict.word);
    buffer_put_string(out, "</li>");
}

static void put_summary(struct buffer *out, const struct store *store, struct tally tally, struct moment now)
{
    bool ill = tally.good + tally.waiting < tally.slots;
    bool waits = tally.slots == 0 || tally.waiting > 0;
    buffer_format(out, "<section class=\"summary%s\" aria-label=\"Summary\"><p>", ill ? " ill" : waits ? " wait" : "");
    if (tally.slots == 0)
        buffer_put_string(out, "No collector has been announced yet.");
    else if (tally.good == tally.slots)
        buffer_format(out, tally.slots == 1 ? "The collector is well." : "All %u collectors are well.", tally.slots);
    else
        buffer_format(out, "%u of %u collectors %s well.", tally.good, tally.slots, tally.good == 1 ? "is" : "are");
    buffer_put_string(out, "</p>");
    if (tally.good < tally.slots) {
        buffer_put_string(out, "<ul>");
        for (size_t i = 0; i < SLOTS_MAX; i++)
            if (store->slots[i].used && status_verdict(&store->slots[i], now).look != LOOK_GOOD)
                put_ill(out, store, &store->slots[i], now);
        buffer_put_string(out, "</ul>");
    }
    buffer_put_string(out, "</section>\n");
}

/* Whether an earlier slot is of the same target. */
static bool is_told_already(const struct store *store, size_t slot)
{
    for (size_t i = 0; i < slot; i++)
        if (store->slots[i].used && strcmp(store->slots[i].identity.target, store->slots[slot].identity.target) == 0)
            return true;
    return false;
}

static void put_targets(struct buffer *out, const struct store *store, struct moment now)
{
    for (size_t i = 0; i < SLOTS_MAX; i++) {
        const char *target = store->slots[i].identity.target;
        char heading[sizeof "target-" + 3 * sizeof i];
        if (!store->slots[i].used || is_told_already(store, i))
            continue;
        struct buffer id = {.max_bytes = sizeof heading};
        buffer_format(&id, "target-%zu", i);
        buffer_put_char(&id, '\0');
        memcpy(heading, id.failed ? "target" : id.bytes, id.failed ? sizeof "target" : id.size);
        buffer_free(&id);
        buffer_format(out, "<section aria-labelledby=\"%s\"><h2 id=\"%s\">", heading, heading);
        status_put_escaped(out, target);
        buffer_put_string(out, "</h2>\n");
        status_slots(out, store, target, heading, now);
        buffer_put_string(out, "</section>\n");
    }
}

static void put_process(struct buffer *out, const char *name, const struct control_process *process)
{
    if (process->known == 0)
        return;
    buffer_format(out, "<tbody role=\"rowgroup\"><tr role=\"row\"><th scope=\"row\" role=\"rowheader\">%s</th>", name);
    status_begin_cell(out, "n", "Memory");
    if (process->known & USAGE_MEMORY)
        status_put_bytes(out, process->resident_bytes);
    buffer_put_string(out, "</td>");
    status_begin_cell(out, "n", "CPU time");
    if (process->known & USAGE_CPU)
        status_put_duration(out, (int64_t)(process->cpu_us / 1000));
    buffer_put_string(out, "</td></tr></tbody>\n");
}

static void put_house(struct buffer *out, const struct store *store)
{
    static const char *const heads[] = {"Process", "Memory", "CPU time"};
    static const char *const classes[] = {NULL, "n", "n"};
    if (!store->housed)
        return;
    buffer_put_string(out, "<section aria-labelledby=\"house\"><h2 id=\"house\">minotor itself</h2>\n<p>");
    status_put_badge(out, store->house.reload_ok ? LOOK_GOOD : LOOK_BAD,
                     store->house.reload_ok ? "Configuration in force" : "The new configuration has mistakes");
    buffer_put_string(out, " <span class=\"dim\">");
    buffer_put_string(out, store->house.reload_ok ? "read " : "that of ");
    status_put_wall_time(out, store->house.reload_success_wall_ms);
    buffer_put_string(out, store->house.reload_ok ? "</span></p>\n" : " stays in force</span></p>\n");
    buffer_put_string(out, "<table role=\"table\" class=\"small\" aria-labelledby=\"house\">\n");
    status_put_heads(out, heads, classes, sizeof heads / sizeof heads[0]);
    put_process(out, "Supervisor", &store->house.supervisor);
    put_process(out, "Front", &store->house.front);
    buffer_put_string(out, "</table></section>\n");
}

void status_page_render(struct buffer *out, const struct store *store, const struct page_build *build,
                        struct moment now)
{
    struct tally tally = count_slots(store, now);
    put_head(out, build, tally);
    put_summary(out, store, tally, now);
    put_targets(out, store, now);
    status_quarantine(out, store, now);
    put_house(out, store);
    buffer_put_string(out, "</main>\n<footer>Prometheus exporter for Mattermost, revision ");
    status_put_escaped(out, build->revision);
    buffer_put_string(out, ". Times are UTC; this page is of ");
    status_put_wall_time(out, now.wall_ms);
    buffer_put_string(out, ". In the drawings a bar is a round, higher is longer, the dashed line is the deadline and a "
                           "cross below a bar means that the round was not good.</footer>\n</body></html>\n");
}
