/* SPDX-License-Identifier: Apache-2.0 */
#include "supervisor/child.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/exit_code.h"
#include "common/frame.h"
#include "common/text.h"
#include "supervisor/log_format.h"
#include "supervisor/obituary.h"

#define LOG_READ_PER_TURN_BYTES (16 * 1024)
/* A full pipe and once more, as a grandchild that holds it may go on writing. */
#define LOG_READ_AT_DEATH_BYTES (128 * 1024)

void child_init(struct child *child, const struct child_kind *kind, void *owner,
                const struct lifecycle_limits *limits)
{
    memset(child, 0, sizeof *child);
    child->kind = kind;
    child->owner = owner;
    child->pidfd = -1;
    child->control = -1;
    child->log = -1;
    child->log_lines = LIMIT_LOG_LINES_DEFAULT;
    child->cpu_limit_ms = CPU_WATCH_NO_LIMIT;
    child->cpu.due_ms = INT64_MAX;
    outbox_init(&child->outbox);
    lifecycle_init(&child->lifecycle, limits);
}

static void close_descriptor(int *descriptor)
{
    if (*descriptor >= 0)
        close(*descriptor);
    *descriptor = -1;
}

void child_release(struct child *child)
{
    close_descriptor(&child->pidfd);
    close_descriptor(&child->control);
    close_descriptor(&child->log);
    outbox_clear(&child->outbox);
    child->pid = 0;
}

void child_set_error(struct child *child, const char *format, ...)
{
    char text[LOG_LINE_MAX_BYTES];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    text_one_line(child->error, sizeof child->error, text);
}

/* ---- actions */

static void send_drain(struct child *child)
{
    const struct control_message message = {.type = CONTROL_DRAIN};
    child_send(child, &message, -1);
}

static void send_signal(struct child *child, int number)
{
    if (pidfd_send_signal(child->pidfd, number, NULL, 0) != 0 && errno != ESRCH)
        log_error("%s[%ld]: signal %d cannot be sent: %s", child->name, (long)child->pid, number,
                  strerror(errno));
}

static void step(struct child *child, const struct lifecycle_event *event, int64_t now_ms);

/* What follows, for the end of the obituary's line. */
static void describe_future(const struct child *child, int64_t now_ms, char out[64])
{
    switch (child->lifecycle.state) {
    case CHILD_BACKOFF:
        snprintf(out, 64, "; next start in %" PRId64 " ms", child->lifecycle.deadline_ms - now_ms);
        break;
    case CHILD_PARKED:
        snprintf(out, 64, "; parked until the configuration is read again");
        break;
    default:
        out[0] = '\0';
        break;
    }
}

static void tell_recovery(struct child *child)
{
    unsigned failures = flapping_recover(&child->flapping);
    if (failures > 0)
        log_info("%s[%ld]: works again, after %u failures", child->name, (long)child->pid, failures);
}

/*
 * Into the log: all of it, or a summary, or at the debug level only. `how` is what there is to say, `subject` of whom.
 * It is called after the step that the failure caused, so that what follows can be told.
 */
static void tell_failure(struct child *child, const char *subject, const char *how, int64_t now_ms)
{
    char summary[128];
    char future[64];
    enum flapping_verdict verdict = flapping_fail(&child->flapping, child->error, now_ms);
    describe_future(child, now_ms, future);
    if (verdict == FLAPPING_SUMMARY) {
        flapping_summarize(&child->flapping, now_ms, summary, sizeof summary);
        log_error("%s: %s; most recently: %s%s", child->name, summary, child->error, future);
    }
    log_at(verdict == FLAPPING_TELL ? LOG_LEVEL_ERROR : LOG_LEVEL_DEBUG, "%s: %s%s", subject, how, future);
}

/* What is usual of a child that flaps is for the debug level. */
static bool is_quiet(const struct child *child, int64_t now_ms)
{
    return child->lifecycle.failures > 0 && flapping_is_quiet(&child->flapping, now_ms);
}

static void start_generation(struct child *child, int64_t now_ms)
{
    char how[sizeof child->error + 64];
    child->generation++;
    child->born_ms = now_ms;
    if (child->kind->spawn(child) == 0)
        return;
    const struct lifecycle_event failed = {.kind = LIFECYCLE_SPAWN_FAILED,
                                           .jitter_permille = arc4random_uniform(1001)};
    step(child, &failed, now_ms);
    text_format(how, sizeof how, "cannot be started and is tried again: %s", child->error);
    tell_failure(child, child->name, how, now_ms);
}

static void step(struct child *child, const struct lifecycle_event *event, int64_t now_ms)
{
    unsigned actions = lifecycle_step(&child->lifecycle, event, now_ms);
    if (actions & LIFECYCLE_SPAWN)
        start_generation(child, now_ms);
    if (actions & LIFECYCLE_DRAIN)
        send_drain(child);
    if (actions & LIFECYCLE_TERM)
        send_signal(child, SIGTERM);
    if (actions & LIFECYCLE_KILL)
        send_signal(child, SIGKILL);
    if (actions & LIFECYCLE_STUCK)
        log_error("%s[%ld]: does not die of SIGKILL; nothing is started in its place until it is gone",
                  child->name, (long)child->pid);
    if (actions & LIFECYCLE_SETTLED)
        tell_recovery(child);
    if (actions & LIFECYCLE_CHANGED)
        child->kind->changed(child);
}

void child_event(struct child *child, enum lifecycle_event_kind kind, int64_t now_ms)
{
    const struct lifecycle_event event = {.kind = kind};
    if (kind == LIFECYCLE_RESTART) /* whoever asked for it wants to know what comes of it */
        child->flapping = (struct flapping){.count = 0};
    step(child, &event, now_ms);
}

/* ---- birth */

static void relog_line(enum log_level level, const char *text, void *context)
{
    struct child *child = context;
    if (is_quiet(child, clock_monotonic_ms())) {
        if (log_get_level() < LOG_LEVEL_DEBUG)
            return;
        level = LOG_LEVEL_DEBUG;
    }
    if (child->kind->line != NULL)
        child->kind->line(child, level, text);
    else
        log_format_child(level, child->name, child->pid, text);
}

int child_spawn(struct child *child, const struct spawn_plan *plan)
{
    struct spawned spawned;
    assert(child->pid == 0);
    enum spawn_result result = spawn(plan, &spawned);
    if (result != SPAWN_OK) {
        child_set_error(child, "%s could not be had: %s", spawn_result_text(result), strerror(errno));
        return -1;
    }
    child->pid = spawned.pid;
    child->pidfd = spawned.pidfd;
    child->control = spawned.control;
    child->log = spawned.log;
    child->confined = false;
    relog_begin(&child->relog, child->log_lines, relog_line, child, child->born_ms);
    cpu_watch_begin(&child->cpu, CPU_WATCH_NO_LIMIT, 0, child->born_ms);
    log_debug("%s[%ld]: generation %" PRIu32 " was started", child->name, (long)child->pid,
              child->generation);
    return 0;
}

/* ---- control */

void child_send(struct child *child, const struct control_message *message, int descriptor)
{
    if (child->control < 0)
        return;
    /* A socket whose other side is gone is no news of its own: the loop sees its end. */
    if (outbox_send(&child->outbox, child->control, message, descriptor) != OUTBOX_FULL)
        return;
    log_error("%s[%ld]: does not read its control socket", child->name, (long)child->pid);
    outbox_clear(&child->outbox);
    child_event(child, LIFECYCLE_DEAF, clock_monotonic_ms());
}

void child_send_setting(struct child *child, const char *name, const char *value, const char *origin)
{
    struct control_message message;
    memset(&message, 0, sizeof message);
    message.type = CONTROL_SETTING;
    struct control_setting *setting = &message.body.setting;
    bool fits = text_format(setting->name, sizeof setting->name, "%s", name) &&
                text_format(setting->value, sizeof setting->value, "%s", value);
    assert(fits);
    (void)fits;
    text_format(setting->origin, sizeof setting->origin, "%s", origin == NULL ? "" : origin);
    child_send(child, &message, -1);
    explicit_bzero(&message, sizeof message);
}

void child_write_control(struct child *child)
{
    if (child->control >= 0)
        outbox_flush(&child->outbox, child->control);
}

static bool round_was_good(const struct child *child, uint8_t status)
{
    if (child->kind->party == CONTROL_FROM_FRONT)
        return true;
    return status == ROUND_OK || status == ROUND_PARTIAL || status == ROUND_NOT_READY ||
           status == ROUND_NO_DATA;
}

static void count_hits(struct child *child, unsigned limits)
{
    for (unsigned i = 0; i < LIMIT_COUNT; i++)
        child->limit_hits[i] += limits >> i & 1;
}

void child_take_sandbox(struct child *child, const struct control_sandbox *said)
{
    char detail[sizeof said->detail];
    text_one_line(detail, sizeof detail, said->detail);
    if (strcmp(child->sandbox.detail, detail) != 0) {
        if (detail[0] != '\0')
            log_warning("%s[%ld]: sandbox: %s", child->name, (long)child->pid, detail);
        else
            log_info("%s[%ld]: sandbox: nothing is missing any more", child->name, (long)child->pid);
    }
    child->sandbox = *said;
    child->sandbox_known = true;
    memcpy(child->sandbox.detail, detail, sizeof detail);
}

/* Only the first that comes before READY is the child's own: it is sent before foreign code runs. */
static void take_sandbox(struct child *child, const struct control_sandbox *said, int64_t now_ms)
{
    bool is_good = child->lifecycle.state == CHILD_STARTING && !child->confined;
    for (size_t i = 0; i < LAYER_COUNT; i++)
        is_good = is_good && said->state[i] < LAYER_STATE_COUNT;
    if (!is_good) {
        child_event(child, LIFECYCLE_PROTOCOL, now_ms);
        return;
    }
    child->confined = true;
    child_take_sandbox(child, said);
    if (child->kind->confined != NULL)
        child->kind->confined(child);
}

/* It works again: how its last generation ended is history, which the log has. */
static void forgive(struct child *child)
{
    if (child->error[0] == '\0')
        return;
    child->error[0] = '\0';
    child->kind->changed(child);
}

/* A worker that says so more often than rounds are due does not get more time for it. */
static bool may_begin_round(const struct child *child, int64_t now_ms)
{
    return child->cpu.limit_ms == CPU_WATCH_NO_LIMIT ||
           now_ms - child->cpu.begin_ms >= child->lifecycle.limits.idle_max_ms / 2;
}

static void take_message(struct child *child, const struct control_message *message, int *descriptor,
                         int64_t now_ms)
{
    struct lifecycle_event event = {.kind = LIFECYCLE_READY, .until_ms = message->body.promise.until_ms};
    switch (message->type) {
    case CONTROL_SANDBOX:
        take_sandbox(child, &message->body.sandbox, now_ms);
        return;
    case CONTROL_READY:
        if (!child->confined)
            event.kind = LIFECYCLE_PROTOCOL;
        else if (child->lifecycle.state == CHILD_STARTING)
            log_at(is_quiet(child, now_ms) ? LOG_LEVEL_DEBUG : LOG_LEVEL_INFO, "%s[%ld]: ready after %" PRId64 " ms",
                   child->name, (long)child->pid, now_ms - child->born_ms);
        break;
    case CONTROL_BUSY:
        event.kind = LIFECYCLE_BUSY;
        if (may_begin_round(child, now_ms))
            cpu_watch_begin(&child->cpu, child->cpu_limit_ms, cpu_watch_used_ms(child->pid), now_ms);
        break;
    case CONTROL_IDLE:
        event.kind = LIFECYCLE_IDLE;
        event.good = round_was_good(child, message->body.promise.status);
        count_hits(child, message->body.promise.limits_hit);
        if (event.good)
            forgive(child);
        break;
    default:
        child->kind->message(child, message, descriptor);
        return;
    }
    step(child, &event, now_ms);
}

static void end_control(struct child *child, int64_t now_ms)
{
    close_descriptor(&child->control);
    outbox_clear(&child->outbox);
    child_event(child, LIFECYCLE_CLOSED, now_ms);
}

void child_read_control(struct child *child, int64_t now_ms)
{
    struct control_message message;
    for (int i = 0; i < CONTROL_MESSAGES_PER_TURN && child->control >= 0; i++) {
        int descriptor = -1;
        switch (control_receive(child->control, child->kind->party, &message, &descriptor)) {
        case CONTROL_OK:
            take_message(child, &message, &descriptor, now_ms);
            control_discard(&descriptor);
            break;
        case CONTROL_AGAIN:
            return;
        case CONTROL_BROKEN:
            child_event(child, LIFECYCLE_PROTOCOL, now_ms);
            break;
        case CONTROL_CLOSED:
        case CONTROL_ERROR:
            end_control(child, now_ms);
            break;
        }
    }
}

/* ---- log */

static void read_log(struct child *child, size_t limit_bytes, int64_t now_ms)
{
    char bytes[4096];
    size_t total = 0;
    while (child->log >= 0 && total < limit_bytes) {
        ssize_t size = read(child->log, bytes, sizeof bytes);
        if (size > 0) {
            relog_feed(&child->relog, bytes, (size_t)size, now_ms);
            total += (size_t)size;
        } else if (size < 0 && (errno == EAGAIN || errno == EINTR)) {
            return;
        } else {
            close_descriptor(&child->log);
        }
    }
}

/* The front shows how many lines were dropped when the log does. */
static void tell_dropped(struct child *child)
{
    if (child->limit_hits[LIMIT_LOG_LINES] == child->relog.summaries_total)
        return;
    child->limit_hits[LIMIT_LOG_LINES] = child->relog.summaries_total;
    child->kind->changed(child);
}

void child_read_log(struct child *child, int64_t now_ms)
{
    read_log(child, LOG_READ_PER_TURN_BYTES, now_ms);
    tell_dropped(child);
}

/* ---- death */

static enum lifecycle_end kind_of_end(const siginfo_t *info)
{
    if (info->si_code == CLD_EXITED)
        return info->si_status == EXIT_CODE_MEMORY ? LIFECYCLE_END_MEMORY : LIFECYCLE_END_CODE;
    switch (info->si_status) {
    case SIGALRM:
        return LIFECYCLE_END_ALARM;
    case SIGPROF:
        return LIFECYCLE_END_CPU;
    case SIGSYS:
        return LIFECYCLE_END_SANDBOX;
    default:
        return LIFECYCLE_END_SIGNAL;
    }
}

static void count_end(struct child *child, const struct obituary *obituary)
{
    if (obituary->cause == RESTART_MEMORY)
        child->limit_hits[LIMIT_MEMORY]++;
    else if (obituary->cause == RESTART_CPU)
        child->limit_hits[LIMIT_CPU]++;
    else if (obituary->cause == RESTART_EXIT && obituary->status == EXIT_CODE_NO_DESCRIPTORS)
        child->limit_hits[LIMIT_DESCRIPTORS]++;
}

static struct obituary write_obituary(struct child *child, const siginfo_t *info, int64_t used_ms, int64_t now_ms,
                                      char *out, size_t out_bytes)
{
    struct obituary obituary = {
        .signalled = info->si_code != CLD_EXITED,
        .status = info->si_status,
        .core = info->si_code == CLD_DUMPED,
        .busy = cpu_watch_was_busy(&child->cpu, used_ms, now_ms),
        .cpu_ms = used_ms - child->cpu.begin_used_ms,
        .last_words = relog_last_words(&child->relog, now_ms),
    };
    obituary.cause = lifecycle_cause(&child->lifecycle, kind_of_end(info));
    obituary_write(out, out_bytes, &obituary);
    if (obituary.cause != RESTART_CAUSE_COUNT)
        child_set_error(child, "%s", out);
    count_end(child, &obituary);
    return obituary;
}

void child_reap(struct child *child, int64_t now_ms)
{
    siginfo_t info = {.si_pid = 0};
    char end[LOG_LINE_MAX_BYTES];
    char subject[sizeof child->name + 32];
    char how[sizeof end + 64];
    int64_t used_ms = cpu_watch_used_ms(child->pid);
    usage_note(&child->usage, child->pid);
    if (waitid((idtype_t)P_PIDFD, (id_t)child->pidfd, &info, WEXITED | WNOHANG) != 0 || info.si_pid == 0)
        return;
    /* What it said before it died comes first: promises, refusals, last words. */
    child_read_control(child, now_ms);
    read_log(child, LOG_READ_AT_DEATH_BYTES, now_ms);
    relog_end(&child->relog, now_ms);
    struct obituary obituary = write_obituary(child, &info, used_ms, now_ms, end, sizeof end);
    pid_t pid = child->pid;
    uint32_t generation = child->generation;
    double uptime_s = (double)(now_ms - child->born_ms) / 1000;
    child_release(child);
    if (child->kind->died != NULL)
        child->kind->died(child);
    bool ordered = obituary.cause == RESTART_CAUSE_COUNT;
    if (ordered)
        log_info("%s[%ld]: generation %" PRIu32 " ended after %.1f s: %s", child->name, (long)pid, generation,
                 uptime_s, end);
    const struct lifecycle_event event = {.kind = LIFECYCLE_EXITED,
                                          .end = kind_of_end(&info),
                                          .parks = !obituary.signalled && exit_code_parks(obituary.status),
                                          .jitter_permille = arc4random_uniform(1001)};
    step(child, &event, now_ms);
    tell_dropped(child);
    if (ordered)
        return;
    text_format(subject, sizeof subject, "%s[%ld]", child->name, (long)pid);
    text_format(how, sizeof how, "generation %" PRIu32 " failed after %.1f s: %s", generation, uptime_s, end);
    tell_failure(child, subject, how, now_ms);
}

/* ---- time */

int64_t child_due_ms(const struct child *child)
{
    int64_t due_ms = lifecycle_due_ms(&child->lifecycle);
    if (child->pid == 0)
        return due_ms;
    int64_t relog_ms = relog_tick_ms(&child->relog);
    due_ms = relog_ms < due_ms ? relog_ms : due_ms;
    return child->cpu.due_ms < due_ms ? child->cpu.due_ms : due_ms;
}

void child_tick(struct child *child, int64_t now_ms)
{
    if (child->pid != 0) {
        relog_tick(&child->relog, now_ms);
        tell_dropped(child);
    }
    if (child->pid != 0 && now_ms >= child->cpu.due_ms &&
        cpu_watch_exceeded(&child->cpu, cpu_watch_used_ms(child->pid), now_ms))
        child_event(child, LIFECYCLE_CPU, now_ms);
    child_event(child, LIFECYCLE_TIMER, now_ms);
}
