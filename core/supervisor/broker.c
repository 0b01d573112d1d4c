/* SPDX-License-Identifier: Apache-2.0 */
#include "supervisor/broker.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/exit_code.h"
#include "common/text.h"
#include "supervisor/log_format.h"
#include "supervisor/obituary.h"
#include "supervisor/places.h"
#include "supervisor/supervisor.h"

#define BROKER_DYING_MS 100 /* the rest of an exit(), on a busy machine */

static void broker_read_control(struct child *child, int64_t now_ms);
static void broker_reap(struct child *child, int64_t now_ms);
static void broker_line(struct child *child, enum log_level level, const char *text);
static void broker_changed(struct child *child);

/* Its lifecycle stays DOWN: START never comes. */
static const struct child_kind BROKER = {
    .party = CONTROL_FROM_BROKER,
    .read_control = broker_read_control,
    .reap = broker_reap,
    .line = broker_line,
    .changed = broker_changed,
};

void broker_init(struct slot *slot)
{
    const struct lifecycle_limits limits = {.parks = false};
    child_init(&slot->broker, &BROKER, slot, &limits);
}

/* ---- birth */

static bool is_wanted(const struct slot *slot)
{
    const struct sandbox_choice *choice = &slot->collector->sandbox;
    return choice->policy != SANDBOX_OFF && (choice->without >> LAYER_BROKER & 1) == 0;
}

static void send_settings(struct slot *slot, const struct places *places)
{
    struct child *child = &slot->broker;
    const struct control_message start = {.type = CONTROL_START};
    struct sandbox_choice choice = slot->collector->sandbox;
    char nice[24], interval_ms[24];
    /* Strict is judged by the worker, which is parked then: what matters of a broker's layers it lacks, too. */
    if (choice.policy == SANDBOX_STRICT)
        choice.policy = SANDBOX_BEST_EFFORT;
    supervisor_send_birth_settings(slot->supervisor, child, &choice, (int)slot->description.slot);
    /* What it does it does for its worker. */
    text_format(nice, sizeof nice, "%" PRId64, (int64_t)slot->collector->limits.nice);
    child_send_setting(child, "nice", nice, NULL);
    text_format(interval_ms, sizeof interval_ms, "%" PRId64, slot->collector->interval_ms);
    child_send_setting(child, "interval_ms", interval_ms, NULL);
    for (unsigned i = 0; i < places->count; i++) {
        char name[32];
        text_format(name, sizeof name, "%s.%u", i < places->database_count ? "database" : "place", i);
        child_send_setting(child, name, places->text[i], slot->target->origin);
    }
    child_send(child, &start, -1);
}

static int start(struct slot *slot, int end)
{
    const struct supervisor *supervisor = slot->supervisor;
    struct child *child = &slot->broker;
    char title[NAME_MAX_BYTES * 2 + 32];
    text_format(child->name, sizeof child->name, "%s broker", slot->child.name);
    text_format(title, sizeof title, "minotor: broker %s", slot->child.name);
    const struct spawn_plan plan = {.program = supervisor->broker_program,
                                    .null = supervisor->null,
                                    .title = title,
                                    .data = end,
                                    .broker = -1};
    child->generation = slot->child.generation;
    child->born_ms = supervisor->now_ms;
    if (child_spawn(child, &plan) == 0)
        return 0;
    child_set_error(&slot->child, "its broker: %s", child->error);
    return -1;
}

int broker_spawn(struct slot *slot, int *client)
{
    struct places places;
    int ends[2];
    *client = -1;
    if (!is_wanted(slot))
        return 0;
    places_list(&places, slot->target, slot->collector->secrets);
    if (places.too_many) {
        child_set_error(&slot->child, "%s: target %s has more than %d places to connect to", slot->target->origin,
                        slot->target->name, PLACES_MAX);
        return -1;
    }
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) != 0) {
        child_set_error(&slot->child, "a socket to its broker could not be had: %s", strerror(errno));
        return -1;
    }
    int result = start(slot, ends[1]);
    close(ends[1]);
    if (result == 0) {
        send_settings(slot, &places);
        *client = ends[0];
    } else {
        close(ends[0]);
    }
    return result;
}

/* ---- life */

static void broker_line(struct child *child, enum log_level level, const char *text)
{
    const struct slot *slot = child->owner;
    if (slot->supervisor->trial != NULL)
        trial_line(slot->supervisor->trial, slot, level, text);
    else
        log_format_child(level, child->name, child->pid, text);
}

static void broker_changed(struct child *child)
{
    (void)child;
}

/* It says how it was born, and then nothing more that anybody waits for. */
static void broker_read_control(struct child *child, int64_t now_ms)
{
    struct control_message message;
    (void)now_ms;
    for (int i = 0; i < CONTROL_MESSAGES_PER_TURN; i++) {
        enum control_result result = control_receive(child->control, CONTROL_FROM_BROKER, &message, NULL);
        if (result == CONTROL_AGAIN)
            return;
        if (result != CONTROL_OK) {
            close(child->control);
            child->control = -1;
            outbox_clear(&child->outbox);
            return;
        }
        if (message.type == CONTROL_SANDBOX)
            child_take_sandbox(child, &message.body.sandbox);
    }
}

/* ---- death */

/* What it said before, and what is not ours any more. */
static void hear_out(struct child *child, int64_t now_ms)
{
    child_read_log(child, now_ms);
    relog_end(&child->relog, now_ms);
}

/* A worker that leaves closes its end, a moment before it is dead: to end because of that is no news. */
static void tell_end(const char *name, pid_t pid, int64_t lived_ms, const siginfo_t *info, const char *last_words)
{
    char end[LOG_LINE_MAX_BYTES];
    const struct obituary obituary = {
        .signalled = info->si_code != CLD_EXITED,
        .status = info->si_status,
        .core = info->si_code == CLD_DUMPED,
        .cause = info->si_code == CLD_EXITED ? RESTART_EXIT : RESTART_SIGNAL,
        .last_words = last_words,
    };
    obituary_write(end, sizeof end, &obituary);
    bool is_news = obituary.signalled || obituary.status != EXIT_CODE_DONE;
    log_at(is_news ? LOG_LEVEL_ERROR : LOG_LEVEL_DEBUG, "%s[%ld]: ended after %.1f s: %s%s", name, (long)pid,
           (double)lived_ms / 1000, end,
           is_news ? "; its worker leaves after its round, and comes back with another" : "");
}

/* Of its own accord. The worker sees it, too. */
static void broker_reap(struct child *child, int64_t now_ms)
{
    siginfo_t info = {.si_pid = 0};
    if (waitid((idtype_t)P_PIDFD, (id_t)child->pidfd, &info, WEXITED | WNOHANG) != 0 || info.si_pid == 0)
        return;
    if (child->control >= 0)
        broker_read_control(child, now_ms);
    hear_out(child, now_ms);
    tell_end(child->name, child->pid, now_ms - child->born_ms, &info, relog_last_words(&child->relog, now_ms));
    child_release(child);
}

static void kill_broker(const char *name, pid_t pid, int pidfd)
{
    if (pidfd_send_signal(pidfd, SIGKILL, NULL, 0) != 0 && errno != ESRCH)
        log_error("%s[%ld]: cannot be killed: %s", name, (long)pid, strerror(errno));
}

/*
 * One that died by itself has closed its descriptors a moment before it can be reaped, and its worker may have been
 * quicker to die of that; one whose worker has left ends, too. So it has that moment, and then it is known who was first.
 */
void broker_end(struct slot *slot)
{
    struct child *child = &slot->broker;
    struct supervisor *supervisor = slot->supervisor;
    struct departed *departed = &supervisor->departed;
    if (child->pid != 0)
        broker_reap(child, supervisor->now_ms);
    if (child->pid == 0)
        return;
    hear_out(child, supervisor->now_ms);
    if (departed->count < DEPARTED_MAX) {
        struct departed_one *one = &departed->one[departed->count++];
        *one = (struct departed_one){child->pid, child->pidfd, child->born_ms, supervisor->now_ms + BROKER_DYING_MS, false, ""};
        text_format(one->name, sizeof one->name, "%s", child->name);
        child->pidfd = -1;
    } else {
        kill_broker(child->name, child->pid, child->pidfd);
    }
    child_release(child);
}

/* ---- those that are let go */

/* Of its worker's end, or of ours, nobody has to be told. */
static bool has_ended_in_order(const siginfo_t *info)
{
    return info->si_code == CLD_EXITED && (info->si_status == EXIT_CODE_DONE || info->si_status == EXIT_CODE_ORPHAN);
}

void departed_turn(struct departed *departed, int64_t now_ms)
{
    for (unsigned i = 0; i < departed->count;) {
        struct departed_one *one = &departed->one[i];
        siginfo_t info = {.si_pid = 0};
        int result = waitid((idtype_t)P_PIDFD, (id_t)one->pidfd, &info, WEXITED | WNOHANG);
        if (result == 0 && info.si_pid == 0) {
            if (!one->is_killed && now_ms >= one->kill_ms) {
                kill_broker(one->name, one->pid, one->pidfd);
                one->is_killed = true;
            }
            i++;
            continue;
        }
        if (result == 0 && !one->is_killed && !has_ended_in_order(&info))
            tell_end(one->name, one->pid, now_ms - one->born_ms, &info, "");
        close(one->pidfd);
        *one = departed->one[--departed->count];
    }
}

int64_t departed_due_ms(const struct departed *departed)
{
    int64_t due_ms = INT64_MAX;
    for (unsigned i = 0; i < departed->count; i++)
        if (!departed->one[i].is_killed && departed->one[i].kill_ms < due_ms)
            due_ms = departed->one[i].kill_ms;
    return due_ms;
}

bool departed_has(const struct departed *departed, pid_t pid)
{
    for (unsigned i = 0; i < departed->count; i++)
        if (departed->one[i].pid == pid)
            return true;
    return false;
}

bool departed_is_awaited(const struct departed *departed, int64_t now_ms)
{
    for (unsigned i = 0; i < departed->count; i++)
        if (now_ms - departed->one[i].kill_ms < SHUTDOWN_STUCK_MS)
            return true;
    return false;
}

void departed_release(struct departed *departed)
{
    for (unsigned i = 0; i < departed->count; i++)
        close(departed->one[i].pidfd);
    departed->count = 0;
}
