/* SPDX-License-Identifier: Apache-2.0 */
#include "front/status_chart.h"

#include <math.h>
#include <stdlib.h>

#include "front/status_words.h"

/* In units of the drawing. */
#define PITCH    3
#define WIDTH    (ROUNDS_KEPT_MAX * PITCH)
#define BASE     30 /* of the bars; their crosses are below */
#define DEADLINE 5  /* where the line is; what was longer ends above */
#define TOP      1
#define HEIGHT   37

static bool has_failed(const struct slot_round *round)
{
    return round->status != ROUND_OK && round->status != ROUND_NO_DATA;
}

/* A bar that cannot be seen would be a round that was not. */
static int height_of(const struct slot *slot, uint32_t duration_ms)
{
    double deadline = slot->round_timeout_ms > 0 ? slot->round_timeout_ms : 1000;
    double share = log1p((double)duration_ms) / log1p(deadline);
    int height = (int)(share * (BASE - DEADLINE) + 0.5);
    if (height < 1)
        return 1;
    return height > BASE - TOP ? BASE - TOP : height;
}

static int place_of(const struct slot *slot, unsigned position)
{
    return (int)(ROUNDS_KEPT_MAX - slot->history.count + position) * PITCH + 1;
}

static void put_bars(struct buffer *out, const struct slot *slot, bool failed)
{
    bool some = false;
    for (unsigned i = 0; i < slot->history.count; i++) {
        const struct slot_round *round = slot_round_at(slot, i);
        if (has_failed(round) != failed)
            continue;
        if (!some)
            buffer_format(out, "<path class=\"%s\" d=\"", failed ? "failed" : "ok");
        some = true;
        buffer_format(out, "M%d %dv-%d", place_of(slot, i), BASE, height_of(slot, round->duration_ms));
        if (failed)
            buffer_format(out, "m-1.5 %dl3 3m0-3l-3 3", height_of(slot, round->duration_ms) + 2);
    }
    if (some)
        buffer_put_string(out, "\"/>");
}

static int compare_durations(const void *left, const void *right)
{
    uint32_t a = *(const uint32_t *)left;
    uint32_t b = *(const uint32_t *)right;
    return (a > b) - (a < b);
}

static void put_title(struct buffer *out, const struct slot *slot)
{
    uint32_t durations[ROUNDS_KEPT_MAX];
    unsigned count = slot->history.count;
    unsigned failed = 0;
    for (unsigned i = 0; i < count; i++) {
        durations[i] = slot_round_at(slot, i)->duration_ms;
        failed += has_failed(slot_round_at(slot, i));
    }
    qsort(durations, count, sizeof durations[0], compare_durations);
    buffer_format(out, "<title>Last %u %s: half within ", count, count == 1 ? "round" : "rounds");
    status_put_duration(out, durations[count / 2]);
    buffer_put_string(out, ", the longest ");
    status_put_duration(out, durations[count - 1]);
    buffer_format(out, ", %u not good; deadline ", failed);
    status_put_duration(out, slot->round_timeout_ms);
    buffer_put_string(out, "; logarithmic</title>");
}

void status_chart(struct buffer *out, const struct slot *slot)
{
    if (slot->history.count == 0)
        return;
    buffer_format(out, "<svg role=\"img\" viewBox=\"0 0 %d %d\" width=\"%d\" height=\"%d\">", WIDTH, HEIGHT, WIDTH,
                  HEIGHT);
    put_title(out, slot);
    buffer_format(out, "<path class=\"base\" d=\"M0 %d.5h%d\"/>", BASE, WIDTH);
    put_bars(out, slot, false);
    put_bars(out, slot, true);
    buffer_format(out, "<path class=\"deadline\" d=\"M0 %d.5h%d\"/></svg>", DEADLINE, WIDTH);
}
