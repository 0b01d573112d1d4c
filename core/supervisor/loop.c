/* SPDX-License-Identifier: Apache-2.0 */
#include "supervisor/loop.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "common/clock.h"
#include "supervisor/front_link.h"
#include "supervisor/reload.h"
#include "supervisor/row.h"

/* An idle loop looks around so often, so that a time in which it could not is told from one in which it need
 * not. */
#define TURN_MAX_MS 1000

/* The kernel itself may have no memory for a moment: no reason to end everybody, nor to ask it without a pause. */
#define SHORT_OF_MEMORY_MS 20

#define WATCHES_MAX (1 + 3 * (2 * SLOTS_MAX + 1) + SLOTS_MAX + DEPARTED_MAX)

enum watch_kind {
    WATCH_CONTROL,
    WATCH_LOG,
    WATCH_PROCESS,
};

/* What a turn of the loop waits for; watch i belongs to descriptor i. The first is the signals'. */
struct watches {
    struct pollfd descriptors[WATCHES_MAX];
    struct child *children[WATCHES_MAX];
    enum watch_kind kinds[WATCHES_MAX];
    nfds_t count;
};

/* ---- all children */

/* The front, then the workers, then their brokers; NULL after the last. `position` starts at 0. */
static struct child *next_child(struct supervisor *supervisor, unsigned *position)
{
    if (*position == 0) {
        *position = 1;
        return &supervisor->front;
    }
    while (*position <= 2 * SLOTS_MAX) {
        unsigned i = (*position)++ - 1;
        struct slot *slot = supervisor->slots[i % SLOTS_MAX];
        if (slot != NULL)
            return i < SLOTS_MAX ? &slot->child : &slot->broker;
    }
    return NULL;
}

static void tell_all(struct supervisor *supervisor, enum lifecycle_event_kind event)
{
    unsigned position = 0;
    for (struct child *child; (child = next_child(supervisor, &position)) != NULL;)
        child_event(child, event, supervisor->now_ms);
}

/* A child that is stuck in the kernel is not waited for. */
static bool all_ended(struct supervisor *supervisor)
{
    unsigned position = 0;
    if (departed_is_awaited(&supervisor->departed, supervisor->now_ms))
        return false;
    for (struct child *child; (child = next_child(supervisor, &position)) != NULL;)
        if (child->lifecycle.state != CHILD_DOWN && child->lifecycle.state != CHILD_STUCK)
            return false;
    return supervisor->rehearsal.pid == 0;
}

static void tell_left_behind(struct supervisor *supervisor)
{
    unsigned position = 0;
    for (struct child *child; (child = next_child(supervisor, &position)) != NULL;)
        if (child->lifecycle.state == CHILD_STUCK)
            log_warning("%s[%ld]: is left behind in the kernel, which ends it as soon as it lets it go", child->name,
                        (long)child->pid);
}

static int64_t next_due_ms(struct supervisor *supervisor)
{
    int64_t due_ms = supervisor->now_ms + TURN_MAX_MS;
    unsigned position = 0;
    if (pool_due_ms(supervisor) < due_ms)
        due_ms = pool_due_ms(supervisor);
    if (departed_due_ms(&supervisor->departed) < due_ms)
        due_ms = departed_due_ms(&supervisor->departed);
    for (struct child *child; (child = next_child(supervisor, &position)) != NULL;)
        if (child_due_ms(child) < due_ms)
            due_ms = child_due_ms(child);
    return due_ms;
}

/* ---- signals */

static void take_signal(struct supervisor *supervisor, int number)
{
    switch (number) {
    case SIGCHLD:
        supervisor->orphans = true;
        break;
    case SIGHUP:
        supervisor->reload = supervisor->reread_rows = true;
        break;
    default:
        if (supervisor->end_requests++ == 0) {
            log_info("%s: ending in good order", strsignal(number));
            tell_all(supervisor, LIFECYCLE_STOP);
        } else {
            log_warning("%s once more: ending at once", strsignal(number));
            tell_all(supervisor, LIFECYCLE_ABANDON);
        }
        break;
    }
}

static void read_signals(struct supervisor *supervisor)
{
    struct signalfd_siginfo info;
    while (read(supervisor->signals, &info, sizeof info) == (ssize_t)sizeof info)
        take_signal(supervisor, (int)info.ssi_signo);
}

static bool is_known(struct supervisor *supervisor, pid_t pid)
{
    unsigned position = 0;
    for (struct child *child; (child = next_child(supervisor, &position)) != NULL;)
        if (child->pid == pid)
            return true;
    return pid == supervisor->rehearsal.pid || departed_has(&supervisor->departed, pid);
}

/* Processes that our children left behind come to us when they die. Known ones are reaped by their pidfd. */
static void reap_orphans(struct supervisor *supervisor)
{
    siginfo_t info = {.si_pid = 0};
    while (supervisor->orphans) {
        info.si_pid = 0;
        if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) != 0 || info.si_pid == 0) {
            supervisor->orphans = false;
        } else if (is_known(supervisor, info.si_pid)) {
            return; /* it stands in front of others: its pidfd is readable now, then we look again */
        } else {
            pid_t pid = info.si_pid;
            waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG);
            log_warning("process %ld, left behind by a child, has ended", (long)pid);
        }
    }
}

/* ---- a turn */

static void watch(struct watches *watches, struct child *child, enum watch_kind kind, int descriptor,
                  short events)
{
    if (descriptor < 0)
        return;
    watches->descriptors[watches->count] = (struct pollfd){.fd = descriptor, .events = events};
    watches->children[watches->count] = child;
    watches->kinds[watches->count] = kind;
    watches->count++;
}

static void watch_all(struct supervisor *supervisor, struct watches *watches)
{
    unsigned position = 0;
    watches->count = 0;
    watch(watches, NULL, WATCH_CONTROL, supervisor->signals, POLLIN);
    for (struct child *child; (child = next_child(supervisor, &position)) != NULL;) {
        short control_events = outbox_waiting(&child->outbox) ? POLLIN | POLLOUT : POLLIN;
        watch(watches, child, WATCH_CONTROL, child->control, control_events);
        watch(watches, child, WATCH_LOG, child->log, POLLIN);
        watch(watches, child, WATCH_PROCESS, child->pidfd, POLLIN);
    }
    for (unsigned i = 0; i < supervisor->departed.count; i++)
        watch(watches, NULL, WATCH_PROCESS, supervisor->departed.one[i].pidfd, POLLIN);
}

/* Nobody is served for these: that a server has closed one is seen by pool_tick() in each turn. */
static void watch_sessions(struct supervisor *supervisor, struct watches *watches)
{
    for (unsigned i = 0; i < SLOTS_MAX; i++) {
        const struct slot *slot = supervisor->slots[i];
        if (slot != NULL && slot->session_ends)
            watch(watches, NULL, WATCH_CONTROL, slot->session, POLLRDHUP);
    }
}

/* The descriptor may have been closed, or even be another's, by what was done earlier in this turn. */
static bool is_current(const struct watches *watches, nfds_t i)
{
    const struct child *child = watches->children[i];
    const int now[] = {
        [WATCH_CONTROL] = child->control, [WATCH_LOG] = child->log, [WATCH_PROCESS] = child->pidfd};
    return now[watches->kinds[i]] == watches->descriptors[i].fd;
}

static void serve(struct supervisor *supervisor, const struct watches *watches, enum watch_kind kind)
{
    for (nfds_t i = 1; i < watches->count; i++) {
        struct child *child = watches->children[i];
        short events = watches->descriptors[i].revents;
        if (events == 0 || child == NULL || watches->kinds[i] != kind || !is_current(watches, i))
            continue;
        switch (kind) {
        case WATCH_CONTROL:
            if (events & POLLOUT)
                child_write_control(child);
            if (events & ~POLLOUT)
                child->kind->read_control(child, supervisor->now_ms);
            break;
        case WATCH_LOG:
            child_read_log(child, supervisor->now_ms);
            break;
        case WATCH_PROCESS:
            child->kind->reap(child, supervisor->now_ms);
            break;
        }
    }
}

static void tick_all(struct supervisor *supervisor)
{
    unsigned position = 0;
    for (struct child *child; (child = next_child(supervisor, &position)) != NULL;)
        if (child_due_ms(child) <= supervisor->now_ms)
            child_tick(child, supervisor->now_ms);
    pool_tick(supervisor);
}

static void forget_gone_slots(struct supervisor *supervisor)
{
    for (unsigned i = 0; i < SLOTS_MAX; i++) {
        struct slot *slot = supervisor->slots[i];
        if (slot != NULL && slot_is_gone(slot)) {
            front_link_forget(slot);
            supervisor->slots[i] = NULL;
            slot_free(slot);
        }
    }
}

int64_t loop_stall_ms(int64_t turn_ms, int64_t meant_ms)
{
    return turn_ms - meant_ms > STALL_MS ? turn_ms - meant_ms : 0;
}

/* When the loop itself was stopped (SIGSTOP, a frozen group, a paused machine), its children may have been
 * too. */
static void forgive_stall(struct supervisor *supervisor, int64_t turn_ms, int64_t meant_ms)
{
    int64_t stall_ms = loop_stall_ms(turn_ms, meant_ms);
    unsigned position = 0;
    if (stall_ms == 0)
        return;
    log_warning("minotord itself stood still for %" PRId64 " ms; nobody is blamed for what came late",
                stall_ms);
    for (struct child *child; (child = next_child(supervisor, &position)) != NULL;)
        lifecycle_forgive(&child->lifecycle, stall_ms);
}

static int wait_for_work(struct supervisor *supervisor, struct watches *watches)
{
    int64_t due_ms = next_due_ms(supervisor);
    int64_t meant_ms = due_ms > supervisor->now_ms ? due_ms - supervisor->now_ms : 0;
    int64_t left_ms = due_ms - clock_monotonic_ms();
    watch_all(supervisor, watches);
    watch_sessions(supervisor, watches);
    int ready = poll(watches->descriptors, watches->count, left_ms > 0 ? (int)left_ms : 0);
    if (ready < 0 && errno != EINTR && errno != EAGAIN && errno != ENOMEM) {
        log_error("waiting for children: %s", strerror(errno));
        return -1;
    }
    if (ready < 0 && errno != EINTR)
        nanosleep(&(struct timespec){.tv_nsec = SHORT_OF_MEMORY_MS * 1000 * 1000}, NULL);
    if (ready < 0)
        for (nfds_t i = 0; i < watches->count; i++)
            watches->descriptors[i].revents = 0;
    int64_t before_ms = supervisor->now_ms;
    supervisor->now_ms = clock_monotonic_ms();
    forgive_stall(supervisor, supervisor->now_ms - before_ms, meant_ms);
    return 0;
}

enum minotord_status loop_run(struct supervisor *supervisor)
{
    struct watches watches;
    while (supervisor->end_requests == 0 || !all_ended(supervisor)) {
        if (wait_for_work(supervisor, &watches) != 0)
            return MINOTORD_OS;
        /* Words before deeds: what a child said is heard before it is found late or dead. */
        serve(supervisor, &watches, WATCH_CONTROL);
        serve(supervisor, &watches, WATCH_LOG);
        serve(supervisor, &watches, WATCH_PROCESS);
        if (watches.descriptors[0].revents != 0)
            read_signals(supervisor);
        tick_all(supervisor);
        departed_turn(&supervisor->departed, supervisor->now_ms);
        reload_turn(supervisor);
        reap_orphans(supervisor);
        row_turn(supervisor);
        reload_begin(supervisor);
        forget_gone_slots(supervisor);
        front_link_usage(supervisor);
        if (supervisor->trial != NULL)
            trial_turn(supervisor);
    }
    tell_left_behind(supervisor);
    return MINOTORD_OK;
}
