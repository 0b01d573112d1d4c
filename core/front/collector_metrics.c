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

static void put_failures(struct buffer *out, const char *name, const struct store *store,
                         const struct slot *slot)
{
    put_u64(out, name, store, slot, slot->state.failures);
}

static void put_limit_hits(struct buffer *out, const char *name, const struct store *store,
                           const struct slot *slot)
{
    for (unsigned i = 0; i < LIMIT_COUNT; i++) {
        put_series(out, name, store, slot, "limit", slot_limit_name(i));
        render_u64(out, slot->state.limit_hits[i]);
        buffer_put_char(out, '\n');
    }
}

static void put_lines_dropped(struct buffer *out, const char *name, const struct store *store,
                              const struct slot *slot)
{
    put_u64(out, name, store, slot, slot->state.lines_dropped);
}

/* Rounds come and go too fast to be seen here. */
static void put_state(struct buffer *out, const char *name, const struct store *store,
                      const struct slot *slot)
{
    for (unsigned i = 0; i < CHILD_STATE_COUNT; i++) {
        if (i == CHILD_BUSY)
            continue;
        put_series(out, name, store, slot, "state", i == CHILD_READY ? "running" : child_state_name(i));
        render_u64(out, i == CHILD_READY ? slot_is_up(slot) : slot->state.state == i);
        buffer_put_char(out, '\n');
    }
}

static void put_worker_cpu(struct buffer *out, const char *name, const struct store *store,
                           const struct slot *slot)
{
    if (slot->usage.worker.known & USAGE_CPU)
        put_f64(out, name, store, slot, (double)slot->usage.worker.cpu_us / 1e6);
}

static void put_worker_memory(struct buffer *out, const char *name, const struct store *store,
                              const struct slot *slot)
{
    if (slot->usage.worker.known & USAGE_MEMORY)
        put_u64(out, name, store, slot, slot->usage.worker.resident_bytes);
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
    {"minotor_collector_consecutive_failures", FRAME_FAMILY_GAUGE,
     "How often in a row the collector's worker has failed, until it has worked for a while.", put_failures},
    {"minotor_collector_cpu_seconds_total", FRAME_FAMILY_COUNTER,
     "CPU time of the collector's workers, user and system, looked at every few seconds.", put_worker_cpu},
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
    {"minotor_collector_limit_hits_total", FRAME_FAMILY_COUNTER,
     "Rounds, or ends of its worker, in which the collector reached a limit of its configuration; of log_lines: "
     "times that lines were dropped.",
     put_limit_hits},
    {"minotor_collector_log_lines_dropped_total", FRAME_FAMILY_COUNTER,
     "Lines of the collector's worker that were not logged because there were too many.", put_lines_dropped},
    {"minotor_collector_rejected_samples_total", FRAME_FAMILY_COUNTER,
     "Samples of good rounds that were left out because another collector had the family or series first, or "
     "because the name is reserved.",
     put_rejected},
    {"minotor_collector_resident_memory_bytes", FRAME_FAMILY_GAUGE,
     "Resident memory of the collector's worker, looked at every few seconds.", put_worker_memory},
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
    {"minotor_collector_state", FRAME_FAMILY_GAUGE,
     "What the collector's worker is doing: 1 for the one state that it is in.", put_state},
    {"minotor_collector_success", FRAME_FAMILY_GAUGE,
     "Whether the collector's last round was ok; a round with unknown families is not.", put_success},
    {"minotor_collector_up", FRAME_FAMILY_GAUGE, "Whether the collector's worker is alive and ready.",
     put_up},
};

/* Sorted by name; these come after minotor_config_*. */
static const struct collector_metric family_metrics[] = {
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

static void put_config(struct buffer *out, const struct store *store)
{
    static const char ok[] = "minotor_config_last_reload_successful";
    static const char when[] = "minotor_config_last_reload_success_timestamp_seconds";
    if (!store->housed)
        return;
    render_head(out, when, FRAME_FAMILY_GAUGE, "When the configuration that is in force was read.");
    buffer_put_string(out, when);
    buffer_put_char(out, ' ');
    render_f64(out, seconds(store->house.reload_success_wall_ms));
    buffer_put_char(out, '\n');
    render_head(out, ok, FRAME_FAMILY_GAUGE,
                "Whether the configuration could be used the last time that it was read; if not, the one before is.");
    buffer_put_string(out, ok);
    buffer_put_char(out, ' ');
    render_u64(out, store->house.reload_ok);
    buffer_put_char(out, '\n');
}

/* Brokers are told of as one; that of a slot without one is not known, and adds nothing. */
static struct control_process sum_of_brokers(const struct store *store)
{
    struct control_process sum = {.known = 0};
    for (size_t i = 0; i < SLOTS_MAX; i++) {
        const struct control_process *broker = &store->slots[i].usage.broker;
        if (!store->slots[i].used)
            continue;
        sum.known |= broker->known;
        sum.cpu_us += broker->cpu_us;
        sum.resident_bytes += broker->resident_bytes;
    }
    return sum;
}

struct named_process {
    const char *name;
    struct control_process process;
};

static void put_processes_of(struct buffer *out, const char *metric, enum frame_family_type type, const char *help,
                             unsigned what, const struct named_process *processes, size_t count)
{
    bool headed = false;
    for (size_t i = 0; i < count; i++) {
        const struct control_process *process = &processes[i].process;
        if (!(process->known & what))
            continue;
        if (!headed)
            render_head(out, metric, type, help);
        headed = true;
        buffer_put_string(out, metric);
        buffer_put_char(out, '{');
        render_label(out, "process", processes[i].name);
        buffer_put(out, "} ", 2);
        if (what == USAGE_CPU)
            render_f64(out, (double)process->cpu_us / 1e6);
        else
            render_u64(out, process->resident_bytes);
        buffer_put_char(out, '\n');
    }
}

/* Those that are no collector's. */
static void put_processes(struct buffer *out, const struct store *store)
{
    const struct named_process processes[] = {
        {"brokers", sum_of_brokers(store)},
        {"front", store->house.front},
        {"supervisor", store->house.supervisor},
    };
    const size_t count = sizeof processes / sizeof processes[0];
    put_processes_of(out, "minotor_process_cpu_seconds_total", FRAME_FAMILY_COUNTER,
                     "CPU time of minotor's processes that are no collector's, of all their lives.", USAGE_CPU,
                     processes, count);
    put_processes_of(out, "minotor_process_resident_memory_bytes", FRAME_FAMILY_GAUGE,
                     "Resident memory of minotor's processes that are no collector's.", USAGE_MEMORY, processes, count);
}

#ifdef __clang__
#define COMPILER "clang " __clang_version__
#else
#define COMPILER "gcc " __VERSION__
#endif

void collector_metrics_render(struct buffer *out, const struct store *store, const struct page_build *build)
{
    render_head(out, "minotor_build_info", FRAME_FAMILY_INFO, "Version of minotor, as the labels say.");
    buffer_put_string(out, "minotor_build_info{");
    render_label(out, "version", build->version);
    buffer_put_char(out, ',');
    render_label(out, "revision", build->revision);
    buffer_put_char(out, ',');
    render_label(out, "compiler", COMPILER);
    buffer_put_string(out, "} 1\n");
    for (size_t i = 0; i < sizeof metrics / sizeof metrics[0]; i++)
        put_metric(out, store, &metrics[i]);
    put_config(out, store);
    for (size_t i = 0; i < sizeof family_metrics / sizeof family_metrics[0]; i++)
        put_metric(out, store, &family_metrics[i]);
    put_processes(out, store);
    put_sandbox(out, store);
}
