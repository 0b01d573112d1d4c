/* SPDX-License-Identifier: Apache-2.0 */
#include "front/status_page.h"

#include <string.h>
#include <time.h>

static const char page_begin[] =
    "<!DOCTYPE html>\n"
    "<html lang=\"en\"><head><meta charset=\"utf-8\"><title>minotor</title>\n"
    "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n"
    "<style>\n"
    ":root{color-scheme:light dark;--text:#1c1f24;--dim:#667;--line:#d8dbe0;--ground:#fcfcfd;"
    "--good:#1a7f4b;--warn:#9a6200;--bad:#b3261e}\n"
    "@media (prefers-color-scheme:dark){:root{--text:#e4e6ea;--dim:#9aa0aa;--line:#363a42;--ground:#16181c;"
    "--good:#5ac08c;--warn:#e0a94a;--bad:#f2837b}}\n"
    "body{font:15px/1.5 system-ui,sans-serif;color:var(--text);background:var(--ground);max-width:70rem;"
    "margin:2.5rem auto;padding:0 1.5rem}\n"
    "h1{font-size:1.5rem;font-weight:600;margin:0}p{color:var(--dim);margin:.2rem 0 1.5rem}a{color:inherit}\n"
    "div{overflow-x:auto}table{border-collapse:collapse;width:100%}\n"
    "th,td{text-align:left;padding:.45rem .9rem .45rem 0;border-bottom:1px solid var(--line);"
    "vertical-align:top;white-space:nowrap}\n"
    "th{font-weight:500;color:var(--dim);font-size:.85rem}td.n,th.n{text-align:right;"
    "font-variant-numeric:tabular-nums}\n"
    "h2{font-size:1.1rem;font-weight:600;margin:2rem 0 .4rem}td.e{white-space:normal;color:var(--dim)}.good{color:var(--good)}.warn{color:var(--warn)}"
    ".bad{color:var(--bad)}\n"
    "</style></head><body>\n";

/* How a state looks. */
static const char *const state_classes[CHILD_STATE_COUNT] = {
    [CHILD_DOWN] = "bad",      [CHILD_STARTING] = "warn", [CHILD_READY] = "good", [CHILD_BUSY] = "good",
    [CHILD_STOPPING] = "warn", [CHILD_BACKOFF] = "bad",   [CHILD_PARKED] = "bad", [CHILD_STUCK] = "bad",
};

static void put_escaped(struct buffer *out, const char *text)
{
    static const struct {
        char character;
        const char *entity;
    } entities[] = {{'&', "&amp;"}, {'<', "&lt;"}, {'>', "&gt;"}, {'"', "&quot;"}, {'\'', "&#39;"}};
    for (; *text; text++) {
        const char *entity = NULL;
        for (size_t i = 0; i < sizeof entities / sizeof entities[0]; i++)
            if (entities[i].character == *text)
                entity = entities[i].entity;
        if (entity)
            buffer_put_string(out, entity);
        else
            buffer_put_char(out, *text);
    }
}

/* "350 ms", "12.4 s", "15 s", "3 min 20 s", "5 h 2 min", "3 d 4 h". */
static void put_duration(struct buffer *out, int64_t duration_ms)
{
    long long ms = duration_ms > 0 ? duration_ms : 0;
    long long seconds = ms / 1000;
    if (ms < 1000)
        buffer_format(out, "%lld ms", ms);
    else if (seconds < 60 && ms % 1000 < 100)
        buffer_format(out, "%lld s", seconds);
    else if (seconds < 60)
        buffer_format(out, "%lld.%lld s", seconds, ms % 1000 / 100);
    else if (seconds < 3600)
        buffer_format(out, "%lld min %lld s", seconds / 60, seconds % 60);
    else if (seconds < 86400)
        buffer_format(out, "%lld h %lld min", seconds / 3600, seconds % 3600 / 60);
    else
        buffer_format(out, "%lld d %lld h", seconds / 86400, seconds % 86400 / 3600);
}

static void put_wall_time(struct buffer *out, int64_t wall_ms)
{
    char text[32];
    time_t seconds = (time_t)(wall_ms / 1000);
    struct tm parts;
    if (gmtime_r(&seconds, &parts) && strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S UTC", &parts) > 0)
        buffer_put_string(out, text);
}

static void put_state(struct buffer *out, const struct slot *slot)
{
    unsigned state = slot->state.state;
    buffer_format(out, "<td><span class=\"%s\">%s</span>", state_classes[state], child_state_name(state));
    if (slot->late)
        buffer_put_string(out, " <span class=\"warn\">late</span>");
    if (slot->stale)
        buffer_put_string(out, " <span class=\"bad\">stale</span>");
    buffer_put_string(out, "</td>");
}

static void put_round(struct buffer *out, const struct slot *slot, struct moment now)
{
    buffer_put_string(out, "<td>");
    if (slot->ran)
        buffer_format(out, "<span class=\"%s\">%s</span>", slot->last_status == ROUND_OK ? "good" : "warn",
                      round_status_name(slot->last_status));
    else
        buffer_put_string(out, "none yet");
    if (slot->round_under_way) {
        buffer_put_string(out, "; the next one has been running for ");
        put_duration(out, now.monotonic_ms - slot->round_began.monotonic_ms);
        buffer_put_string(out, ", since ");
        put_wall_time(out, slot->round_began.wall_ms);
    }
    buffer_put_string(out, "</td>");
}

/* Age of the last success; the moment itself as a tooltip. */
static void put_age(struct buffer *out, const struct slot *slot, struct moment now)
{
    if (!slot->succeeded) {
        buffer_put_string(out, "<td class=\"n\">never</td>");
        return;
    }
    buffer_put_string(out, "<td class=\"n\" title=\"");
    put_wall_time(out, slot->last_success_wall_ms);
    buffer_put_string(out, "\">");
    put_duration(out, now.wall_ms - slot->last_success_wall_ms);
    buffer_put_string(out, "</td>");
}

/* "limits reached: samples 12 times, log_lines 3 times" */
static bool put_limits(struct buffer *out, const struct slot *slot)
{
    bool some = false;
    for (unsigned i = 0; i < LIMIT_COUNT; i++) {
        unsigned long long hits = slot->state.limit_hits[i];
        if (hits == 0)
            continue;
        buffer_format(out, "%s%s %llu %s", some ? ", " : "limits reached: ", slot_limit_name(i), hits,
                      hits == 1 ? "time" : "times");
        some = true;
    }
    return some;
}

/* What went wrong last, in the words of whoever noticed. */
static void put_errors(struct buffer *out, const struct slot *slot)
{
    const char *const errors[] = {slot->last_error, slot->state.error, slot->last_bad_frame};
    buffer_put_string(out, "<td class=\"e\">");
    bool some = put_limits(out, slot);
    for (size_t i = 0; i < sizeof errors / sizeof errors[0]; i++) {
        if (errors[i][0] == '\0')
            continue;
        if (some)
            buffer_put_string(out, "<br>");
        put_escaped(out, errors[i]);
        some = true;
    }
    buffer_put_string(out, "</td>");
}

static void put_slot(struct buffer *out, const struct store *store, const struct slot *slot,
                     struct moment now)
{
    uint64_t restarts = 0;
    for (size_t i = 0; i < RESTART_CAUSE_COUNT; i++)
        restarts += slot->state.restarts[i];
    buffer_put_string(out, "<tr><td>");
    put_escaped(out, slot->identity.collector);
    if (store->target_count > 1) {
        buffer_put_string(out, "</td><td>");
        put_escaped(out, slot->identity.target);
    }
    buffer_put_string(out, "</td>");
    put_state(out, slot);
    put_round(out, slot, now);
    put_age(out, slot, now);
    buffer_put_string(out, "<td class=\"n\">");
    if (slot->ran)
        put_duration(out, (int64_t)(slot->last_duration_us / 1000));
    buffer_put_string(out, "</td><td class=\"n\">");
    put_duration(out, slot->identity.interval_ms);
    buffer_format(out, "</td><td class=\"n\">%u</td><td class=\"n\">%llu</td>", slot_samples(slot),
                  (unsigned long long)restarts);
    put_errors(out, slot);
    buffer_put_string(out, "</tr>\n");
}

/* A moment of the monotonic clock, as people tell it. */
static void put_moment(struct buffer *out, int64_t monotonic_ms, struct moment now)
{
    int64_t age_ms = now.monotonic_ms - monotonic_ms;
    buffer_put_string(out, "<td title=\"");
    put_wall_time(out, now.wall_ms - age_ms);
    buffer_put_string(out, "\">");
    put_duration(out, age_ms);
    buffer_put_string(out, "</td>");
}

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
    buffer_put_string(out, "<td>");
    if (slot->state.state == CHILD_BACKOFF) {
        buffer_put_string(out, "next try in ");
        put_duration(out, slot->state.next_start_ms - now.monotonic_ms);
    } else if (RETURNS[slot->state.state] != NULL) {
        buffer_put_string(out, RETURNS[slot->state.state]);
    }
    buffer_put_string(out, "</td>");
}

static void put_set_aside(struct buffer *out, const struct store *store, const struct slot *slot,
                          struct moment now)
{
    unsigned state = slot->state.state;
    buffer_put_string(out, "<tr><td>");
    put_escaped(out, slot->identity.collector);
    if (store->target_count > 1) {
        buffer_put_string(out, "</td><td>");
        put_escaped(out, slot->identity.target);
    }
    buffer_format(out, "</td><td><span class=\"%s\">%s</span></td>", state_classes[state],
                  child_state_name(state));
    put_moment(out, slot->state.since_ms, now);
    buffer_format(out, "<td class=\"n\">%u</td>", (unsigned)slot->state.failures);
    if (slot->state.failures > 0)
        put_moment(out, slot->state.failing_since_ms, now);
    else
        buffer_put_string(out, "<td></td>");
    put_return(out, slot, now);
    buffer_put_string(out, "<td class=\"e\">");
    put_escaped(out, slot->state.error);
    buffer_put_string(out, "</td></tr>\n");
}

/* Those that fail, apart from the many that do not. */
static void put_quarantine(struct buffer *out, const struct store *store, struct moment now)
{
    bool some = false;
    for (size_t i = 0; i < SLOTS_MAX; i++) {
        const struct slot *slot = &store->slots[i];
        if (!slot->used || !slot_is_set_aside(slot))
            continue;
        if (!some) {
            buffer_put_string(out, "<h2>Quarantine</h2>\n<div><table>\n<tr><th>Collector</th>");
            if (store->target_count > 1)
                buffer_put_string(out, "<th>Target</th>");
            buffer_put_string(out, "<th>Worker</th><th>For</th><th class=\"n\">Failures in a row</th>"
                                   "<th>First of them</th><th>Comes back</th><th>Reason</th></tr>\n");
        }
        some = true;
        put_set_aside(out, store, slot, now);
    }
    if (some)
        buffer_put_string(out, "</table></div>\n");
}

void status_page_render(struct buffer *out, const struct store *store, const struct page_build *build,
                        struct moment now)
{
    size_t slots = 0;
    for (size_t i = 0; i < SLOTS_MAX; i++)
        slots += store->slots[i].used;
    buffer_put_string(out, page_begin);
    buffer_put_string(out, "<h1>minotor ");
    put_escaped(out, build->version);
    buffer_put_string(
        out, "</h1>\n<p>Prometheus exporter for Mattermost. <a href=\"/metrics\">Metrics</a> &middot; "
             "<a href=\"/-/ready\">Ready?</a> &middot; ");
    put_wall_time(out, now.wall_ms);
    buffer_put_string(out, "</p>\n<div><table>\n<tr><th>Collector</th>");
    if (store->target_count > 1)
        buffer_put_string(out, "<th>Target</th>");
    buffer_put_string(out,
                      "<th>Worker</th><th>Last round</th><th class=\"n\">Age of last success</th>"
                      "<th class=\"n\">Duration</th><th class=\"n\">Interval</th><th class=\"n\">Samples</th>"
                      "<th class=\"n\">Restarts</th><th>Last error</th></tr>\n");
    for (size_t i = 0; i < SLOTS_MAX; i++)
        if (store->slots[i].used)
            put_slot(out, store, &store->slots[i], now);
    buffer_put_string(out, "</table></div>\n");
    put_quarantine(out, store, now);
    if (slots == 0)
        buffer_put_string(out, "<p>No collector has been announced yet.</p>\n");
    buffer_put_string(out, "</body></html>\n");
}
