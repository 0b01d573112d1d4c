/* SPDX-License-Identifier: Apache-2.0 */
#include "front/collector_metrics.h"

#include <stdio.h>

#include "front/render.h"

/* One family: how its samples of one slot are written. */
struct collector_metric {
    const char *name;
    enum frame_family_type type;
    const char *help;
    void (*put)(struct buffer *out, const char *name, const struct store *store, const struct slot *slot);
};

/* name{target="...",collector="...",more="value"} and a space; `more` may be NULL. */
static void put_series(struct buffer *out, const char *name, const struct store *store,
                       const struct slot *slot, const char *more, const char *value)
{
    buffer_put_string(out, name);
    buffer_put_char(out, '{');
    if (store->target_count > 1) {
        render_label(out, "target", slot->identity.target);
        buffer_put_char(out, ',');
    }
    render_label(out, "collector", slot->identity.collector);
    if (more) {
        buffer_put_char(out, ',');
        render_label(out, more, value);
    }
    buffer_put(out, "} ", 2);
}

static void put_u64(struct buffer *out, const char *name, const struct store *store, const struct slot *slot,
                    uint64_t value)
{
    put_series(out, name, store, slot, NULL, NULL);
    render_u64(out, value);
    buffer_put_char(out, '\n');
}

static void put_f64(struct buffer *out, const char *name, const struct store *store, const struct slot *slot,
                    double value)
{
    put_series(out, name, store, slot, NULL, NULL);
    render_f64(out, value);
    buffer_put_char(out, '\n');
}

static double seconds(int64_t milliseconds)
{
    return (double)milliseconds / 1000.0;
}

static void put_bad_frames(struct buffer *out, const char *name, const struct store *store,
                           const struct slot *slot)
{
    put_u64(out, name, store, slot, slot->bad_frames);
}

static void put_duration(struct buffer *out, const char *name, const struct store *store,
                         const struct slot *slot)
{
    if (slot->ran)
        put_f64(out, name, store, slot, (double)slot->last_duration_us / 1e6);
}

static void put_interval(struct buffer *out, const char *name, const struct store *store,
                         const struct slot *slot)
{
    put_f64(out, name, store, slot, seconds(slot->identity.interval_ms));
}

static void put_last_run(struct buffer *out, const char *name, const struct store *store,
                         const struct slot *slot)
{
    if (slot->ran)
        put_f64(out, name, store, slot, seconds(slot->last_run_wall_ms));
}

static void put_last_success(struct buffer *out, const char *name, const struct store *store,
                             const struct slot *slot)
{
    if (slot->succeeded)
        put_f64(out, name, store, slot, seconds(slot->last_success_wall_ms));
}

static void put_late(struct buffer *out, const char *name, const struct store *store, const struct slot *slot)
{
    put_u64(out, name, store, slot, slot->late);
}

static void put_rejected(struct buffer *out, const char *name, const struct store *store,
                         const struct slot *slot)
{
    for (unsigned i = 0; i < REJECT_REASON_COUNT; i++) {
        put_series(out, name, store, slot, "reason", reject_reason_name(i));
        render_u64(out, slot->rejected[i]);
        buffer_put_char(out, '\n');
    }
}

static void put_restarts(struct buffer *out, const char *name, const struct store *store,
                         const struct slot *slot)
{
    for (unsigned i = 0; i < RESTART_CAUSE_COUNT; i++) {
        put_series(out, name, store, slot, "cause", restart_cause_name(i));
        render_u64(out, slot->state.restarts[i]);
        buffer_put_char(out, '\n');
    }
}

static void put_rounds(struct buffer *out, const char *name, const struct store *store,
                       const struct slot *slot)
{
    for (unsigned i = 0; i < ROUND_STATUS_COUNT; i++) {
        put_series(out, name, store, slot, "result", round_status_name(i));
        render_u64(out, slot->rounds[i]);
        buffer_put_char(out, '\n');
    }
}

static void put_samples(struct buffer *out, const char *name, const struct store *store,
                        const struct slot *slot)
{
    put_u64(out, name, store, slot, slot_samples(slot));
}

static void put_stale(struct buffer *out, const char *name, const struct store *store,
                      const struct slot *slot)
{
    put_u64(out, name, store, slot, slot->stale);
}

/* Before anything was tried there is no answer to the question. */
static void put_success(struct buffer *out, const char *name, const struct store *store,
                        const struct slot *slot)
{
    if (slot->attempted)
        put_u64(out, name, store, slot, slot->last_round_ok);
}

static void put_up(struct buffer *out, const char *name, const struct store *store, const struct slot *slot)
{
    put_u64(out, name, store, slot, slot_is_up(slot));
}

static void put_family_success(struct buffer *out, const char *name, const struct store *store,
                               const struct slot *slot)
{
    for (size_t i = 0; i < slot->family_count; i++) {
        const struct slot_family *family = &slot->families[i];
        if (!family->succeeded)
            continue;
        put_series(out, name, store, slot, "family", family->name);
        render_f64(out, seconds(family->success_wall_ms));
        buffer_put_char(out, '\n');
    }
}

/* Sorted by name. */
static const struct collector_metric metrics[] = {
    {"minotor_collector_bad_frames_total", FRAME_FAMILY_COUNTER,
     "Violations of the frame protocol by the collector's worker; each ends that worker.", put_bad_frames},
    {"minotor_collector_duration_seconds", FRAME_FAMILY_GAUGE, "Duration of the collector's last round.",
     put_duration},
    {"minotor_collector_interval_seconds", FRAME_FAMILY_GAUGE, "Configured time from one round to the next.",
     put_interval},
    {"minotor_collector_last_run_timestamp_seconds", FRAME_FAMILY_GAUGE,
     "When the collector's last round ended, whatever its result.", put_last_run},
    {"minotor_collector_last_success_timestamp_seconds", FRAME_FAMILY_GAUGE,
     "When the collector's last round with result ok ended.", put_last_success},
    {"minotor_collector_late", FRAME_FAMILY_GAUGE,
     "Whether the collector has had no good round for its interval and a quarter more, at least a second.",
     put_late},
    {"minotor_collector_rejected_samples_total", FRAME_FAMILY_COUNTER,
     "Samples of good rounds that were left out because another collector had the family or series first, or "
     "because the name is reserved.",
     put_rejected},
    {"minotor_collector_restarts_total", FRAME_FAMILY_COUNTER, "Ends of the collector's worker by cause.",
     put_restarts},
    {"minotor_collector_rounds_total", FRAME_FAMILY_COUNTER, "Rounds of the collector by result.",
     put_rounds},
    {"minotor_collector_samples", FRAME_FAMILY_GAUGE, "Samples of the collector that are kept now.",
     put_samples},
    {"minotor_collector_stale", FRAME_FAMILY_GAUGE,
     "Whether samples of the collector were withdrawn, or never came, because nothing was heard for too "
     "long.",
     put_stale},
    {"minotor_collector_success", FRAME_FAMILY_GAUGE,
     "Whether the collector's last round was ok; a round with unknown families is not.", put_success},
    {"minotor_collector_up", FRAME_FAMILY_GAUGE, "Whether the collector's worker is alive and ready.",
     put_up},
    {"minotor_family_last_success_timestamp_seconds", FRAME_FAMILY_GAUGE,
     "When the values of the family, which are collected on a clock of their own, were last known.",
     put_family_success},
};

static void put_metric(struct buffer *out, const struct store *store, const struct collector_metric *metric)
{
    struct buffer samples = {0};
    for (size_t i = 0; i < SLOTS_MAX; i++)
        if (store->slots[i].used)
            metric->put(&samples, metric->name, store, &store->slots[i]);
    if (samples.size > 0) {
        render_head(out, metric->name, metric->type, metric->help);
        buffer_put(out, samples.bytes, samples.size);
    }
    out->failed = out->failed || samples.failed;
    buffer_free(&samples);
}

static void put_layers(struct buffer *out, const char *name, const char *slot, const char *target,
                       const struct control_sandbox *sandbox)
{
    char text[2 * NAME_MAX_BYTES + 2];
    snprintf(text, sizeof text, "%s%s%s", slot, target ? "@" : "", target ? target : "");
    for (unsigned i = 0; i < LAYER_COUNT; i++) {
        buffer_put_string(out, name);
        buffer_put_char(out, '{');
        render_label(out, "slot", text);
        buffer_put_char(out, ',');
        render_label(out, "layer", layer_name(i));
        buffer_put_char(out, ',');
        render_label(out, "state", layer_state_name(sandbox->state[i]));
        buffer_put_string(out, "} 1\n");
    }
}

/* Of every child, the front too, by its name: it is no collector's. */
static void put_sandbox(struct buffer *out, const struct store *store)
{
    static const char name[] = "minotor_sandbox_info";
    bool with_target = store->target_count > 1;
    bool known = store->confined;
    for (size_t i = 0; i < SLOTS_MAX; i++)
        known = known || (store->slots[i].used && store->slots[i].confined);
    if (!known)
        return;
    render_head(out, name, FRAME_FAMILY_INFO, "How a process of minotor is confined, layer by layer.");
    if (store->confined)
        put_layers(out, name, "front", NULL, &store->sandbox);
    for (size_t i = 0; i < SLOTS_MAX; i++) {
        const struct slot *slot = &store->slots[i];
        if (slot->used && slot->confined)
            put_layers(out, name, slot->identity.collector, with_target ? slot->identity.target : NULL, &slot->sandbox);
    }
}

void collector_metrics_render(struct buffer *out, const struct store *store, const struct page_build *build)
{
    render_head(out, "minotor_build_info", FRAME_FAMILY_INFO, "Version of minotor, as the labels say.");
    buffer_put_string(out, "minotor_build_info{");
    render_label(out, "version", build->version);
    buffer_put_char(out, ',');
    render_label(out, "revision", build->revision);
    buffer_put_string(out, "} 1\n");
    for (size_t i = 0; i < sizeof metrics / sizeof metrics[0]; i++)
        put_metric(out, store, &metrics[i]);
    put_sandbox(out, store);
}
