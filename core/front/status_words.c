/* SPDX-License-Identifier: Apache-2.0 */
#include "front/status_words.h"

#include <string.h>
#include <time.h>

/* A round that is over its time by this much is not only being cancelled. */
static bool is_hung(const struct slot *slot, struct moment now)
{
    return slot->round_under_way && slot->round_timeout_ms > 0 &&
           now.monotonic_ms - slot->round_began.monotonic_ms > (int64_t)slot->round_timeout_ms + ROUND_LATE_MS;
}

struct status_verdict status_verdict(const struct slot *slot, struct moment now)
{
    unsigned state = slot->state.state;
    if (state == CHILD_BACKOFF || state == CHILD_PARKED || state == CHILD_STUCK)
        return (struct status_verdict){LOOK_BAD, child_state_name(state)};
    if (is_hung(slot, now))
        return (struct status_verdict){LOOK_BAD, "hung"};
    if (!slot_is_up(slot))
        return (struct status_verdict){slot->state.failures > 0 ? LOOK_BAD : LOOK_WAIT, child_state_name(state)};
    if (slot->stale)
        return (struct status_verdict){LOOK_BAD, "stale"};
    if (slot->late)
        return (struct status_verdict){LOOK_WARN, "late"};
    if (slot->attempted && !slot->ran)
        return (struct status_verdict){LOOK_BAD, "broke off"};
    if (!slot->attempted)
        return (struct status_verdict){LOOK_WAIT, "first round"};
    if (slot->last_status == ROUND_NO_DATA)
        return (struct status_verdict){LOOK_GOOD, "no data"};
    if (!slot->last_round_ok)
        return (struct status_verdict){LOOK_WARN, slot->last_status == ROUND_OK ? "broke off"
                                                                                 : round_status_name(slot->last_status)};
    return (struct status_verdict){LOOK_GOOD, "running"};
}

void status_put_escaped(struct buffer *out, const char *text)
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

void status_put_duration(struct buffer *out, int64_t duration_ms)
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

void status_put_bytes(struct buffer *out, uint64_t bytes)
{
    static const char *const units[] = {"KiB", "MiB", "GiB", "TiB"};
    double size = (double)bytes / 1024;
    size_t unit = 0;
    if (bytes < 1024) {
        buffer_format(out, "%u B", (unsigned)bytes);
        return;
    }
    for (; size >= 1024 && unit + 1 < sizeof units / sizeof units[0]; unit++)
        size /= 1024;
    buffer_format(out, "%.1f %s", size, units[unit]);
}

void status_put_wall_time(struct buffer *out, int64_t wall_ms)
{
    char text[32];
    time_t seconds = (time_t)(wall_ms / 1000);
    struct tm parts;
    if (gmtime_r(&seconds, &parts) && strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S UTC", &parts) > 0)
        buffer_put_string(out, text);
}

void status_put_ago(struct buffer *out, int64_t wall_ms, struct moment now)
{
    buffer_put_string(out, "<span title=\"");
    status_put_wall_time(out, wall_ms);
    buffer_put_string(out, "\">");
    status_put_duration(out, now.wall_ms - wall_ms);
    buffer_put_string(out, "</span>");
}

void status_put_badge(struct buffer *out, enum status_look look, const char *word)
{
    static const char *const classes[] = {
        [LOOK_GOOD] = "good", [LOOK_WAIT] = "wait", [LOOK_WARN] = "warn", [LOOK_BAD] = "bad"};
    buffer_format(out, "<span class=\"badge %s\"><i aria-hidden=\"true\"></i>%s</span>", classes[look], word);
}

void status_begin_cell(struct buffer *out, const char *class, const char *label)
{
    buffer_put_string(out, "<td role=\"cell\"");
    if (class[0] != '\0')
        buffer_format(out, " class=\"%s\"", class);
    buffer_format(out, " data-label=\"%s\">", label);
}

void status_put_heads(struct buffer *out, const char *const heads[], const char *const classes[], size_t count)
{
    buffer_put_string(out, "<thead role=\"rowgroup\"><tr role=\"row\">");
    for (size_t i = 0; i < count; i++)
        buffer_format(out, "<th scope=\"col\" role=\"columnheader\"%s%s%s>%s</th>", classes[i] ? " class=\"" : "",
                      classes[i] ? classes[i] : "", classes[i] ? "\"" : "", heads[i]);
    buffer_put_string(out, "</tr></thead>\n");
}
