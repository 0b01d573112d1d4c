/* SPDX-License-Identifier: Apache-2.0 */
#include "supervisor/lifecycle.h"

#include <assert.h>
#include <string.h>

void lifecycle_init(struct lifecycle *lifecycle, const struct lifecycle_limits *limits)
{
    memset(lifecycle, 0, sizeof *lifecycle);
    lifecycle->limits = *limits;
    lifecycle->state = CHILD_DOWN;
    lifecycle->deadline_ms = LIFECYCLE_NEVER;
    lifecycle->settle_ms = LIFECYCLE_NEVER;
    lifecycle->blame = RESTART_CAUSE_COUNT;
}

int64_t lifecycle_due_ms(const struct lifecycle *lifecycle)
{
    return lifecycle->settle_ms < lifecycle->deadline_ms ? lifecycle->settle_ms : lifecycle->deadline_ms;
}

bool lifecycle_alive(const struct lifecycle *lifecycle)
{
    switch (lifecycle->state) {
    case CHILD_STARTING:
    case CHILD_READY:
    case CHILD_BUSY:
    case CHILD_STOPPING:
    case CHILD_STUCK:
        return true;
    default:
        return false;
    }
}

enum restart_cause lifecycle_cause(const struct lifecycle *lifecycle, enum lifecycle_end end)
{
    if (lifecycle->blame != RESTART_CAUSE_COUNT)
        return lifecycle->blame;
    if (lifecycle->state == CHILD_STOPPING || lifecycle->state == CHILD_STUCK)
        return RESTART_CAUSE_COUNT;
    static const enum restart_cause CAUSES[] = {
        [LIFECYCLE_END_CODE] = RESTART_EXIT,
        [LIFECYCLE_END_SIGNAL] = RESTART_SIGNAL,
        [LIFECYCLE_END_ALARM] = RESTART_DEADLINE, /* the inner ring was faster than ours */
        [LIFECYCLE_END_CPU] = RESTART_CPU,
        [LIFECYCLE_END_MEMORY] = RESTART_MEMORY,
        [LIFECYCLE_END_SANDBOX] = RESTART_SANDBOX,
    };
    return CAUSES[end];
}

int64_t lifecycle_backoff_ms(unsigned failures, unsigned jitter_permille)
{
    int64_t delay_ms = BACKOFF_FIRST_MS;
    for (unsigned i = 1; i < failures && delay_ms < BACKOFF_MAX_MS; i++)
        delay_ms *= 2;
    if (delay_ms > BACKOFF_MAX_MS)
        delay_ms = BACKOFF_MAX_MS;
    int64_t swing_ms = delay_ms * BACKOFF_JITTER_PERCENT / 100;
    int64_t jitter = jitter_permille > 1000 ? 1000 : jitter_permille;
    return delay_ms - swing_ms + 2 * swing_ms * jitter / 1000;
}

void lifecycle_forgive(struct lifecycle *lifecycle, int64_t stalled_ms)
{
    if (lifecycle->deadline_ms != LIFECYCLE_NEVER && lifecycle->state != CHILD_BACKOFF)
        lifecycle->deadline_ms += stalled_ms;
}

/* Whether it is alive and nobody has asked it to end yet. */
static bool running(const struct lifecycle *lifecycle)
{
    return lifecycle->state == CHILD_STARTING || lifecycle->state == CHILD_READY ||
           lifecycle->state == CHILD_BUSY;
}

static unsigned enter(struct lifecycle *lifecycle, enum child_state state, int64_t deadline_ms)
{
    lifecycle->state = state;
    lifecycle->deadline_ms = deadline_ms;
    return LIFECYCLE_CHANGED;
}

static unsigned rest(struct lifecycle *lifecycle)
{
    return enter(lifecycle, CHILD_DOWN, LIFECYCLE_NEVER);
}

static unsigned give_birth(struct lifecycle *lifecycle, int64_t now_ms)
{
    lifecycle->ring = LIFECYCLE_RING_NONE;
    lifecycle->blame = RESTART_CAUSE_COUNT;
    lifecycle->mute = false;
    lifecycle->good = false;
    lifecycle->ready_ms = 0;
    lifecycle->settle_ms = LIFECYCLE_NEVER;
    return LIFECYCLE_SPAWN | enter(lifecycle, CHILD_STARTING, now_ms + START_TIMEOUT_MS);
}

static void count_failure(struct lifecycle *lifecycle, int64_t now_ms)
{
    if (lifecycle->failures++ == 0)
        lifecycle->failing_since_ms = now_ms;
}

static unsigned back_off(struct lifecycle *lifecycle, unsigned jitter_permille, int64_t now_ms)
{
    count_failure(lifecycle, now_ms);
    int64_t delay_ms = lifecycle_backoff_ms(lifecycle->failures, jitter_permille);
    if (lifecycle->limits.backoff_max_ms > 0 && delay_ms > lifecycle->limits.backoff_max_ms)
        delay_ms = lifecycle->limits.backoff_max_ms;
    return enter(lifecycle, CHILD_BACKOFF, now_ms + delay_ms);
}

/* How long a ring is given. Where nothing is to follow nobody waits for a plugin. */
static int64_t ring_patience_ms(const struct lifecycle *lifecycle, enum lifecycle_ring ring)
{
    bool is_last = !lifecycle->wanted && lifecycle->limits.last_drain_ms > 0;
    switch (ring) {
    case LIFECYCLE_RING_DRAIN:
        return is_last ? lifecycle->limits.last_drain_ms : DRAIN_MS + DRAIN_GRACE_MS;
    case LIFECYCLE_RING_TERM:
        return is_last ? WORKER_LAST_TERM_MS : KILL_GRACE_MS;
    default:
        return lifecycle->wanted ? STUCK_AFTER_KILL_MS : SHUTDOWN_STUCK_MS;
    }
}

static unsigned end_by(struct lifecycle *lifecycle, enum lifecycle_ring ring, int64_t now_ms)
{
    static const unsigned ACTIONS[] = {
        [LIFECYCLE_RING_DRAIN] = LIFECYCLE_DRAIN,
        [LIFECYCLE_RING_TERM] = LIFECYCLE_TERM,
        [LIFECYCLE_RING_KILL] = LIFECYCLE_KILL,
    };
    lifecycle->ring = ring;
    lifecycle->settle_ms = LIFECYCLE_NEVER;
    return ACTIONS[ring] | enter(lifecycle, CHILD_STOPPING, now_ms + ring_patience_ms(lifecycle, ring));
}

static unsigned blame(struct lifecycle *lifecycle, enum restart_cause cause, enum lifecycle_ring ring,
                      int64_t now_ms)
{
    lifecycle->blame = cause;
    return end_by(lifecycle, ring, now_ms);
}

static unsigned on_start(struct lifecycle *lifecycle, const struct lifecycle_event *event, int64_t now_ms)
{
    (void)event;
    lifecycle->wanted = true;
    return lifecycle_alive(lifecycle) ? 0 : give_birth(lifecycle, now_ms);
}

static unsigned end_in_order(struct lifecycle *lifecycle, int64_t now_ms)
{
    if (!running(lifecycle))
        return 0;
    /* Before it is ready it does not listen for DRAIN, and it has nothing to tidy up. */
    bool listens = lifecycle->state != CHILD_STARTING && !lifecycle->mute;
    return end_by(lifecycle, listens ? LIFECYCLE_RING_DRAIN : LIFECYCLE_RING_TERM, now_ms);
}

static unsigned on_restart(struct lifecycle *lifecycle, const struct lifecycle_event *event, int64_t now_ms)
{
    (void)event;
    lifecycle->wanted = true;
    lifecycle->failures = 0;
    return lifecycle_alive(lifecycle) ? end_in_order(lifecycle, now_ms) : give_birth(lifecycle, now_ms);
}

/* Whatever it says while it is being ended already, or was never ready, changes nothing. */
static unsigned on_renew(struct lifecycle *lifecycle, const struct lifecycle_event *event, int64_t now_ms)
{
    (void)event;
    return lifecycle->state == CHILD_READY || lifecycle->state == CHILD_BUSY ? end_in_order(lifecycle, now_ms) : 0;
}

static unsigned on_stop(struct lifecycle *lifecycle, const struct lifecycle_event *event, int64_t now_ms)
{
    (void)event;
    lifecycle->wanted = false;
    if (lifecycle->state == CHILD_STOPPING) {
        int64_t latest_ms = now_ms + ring_patience_ms(lifecycle, lifecycle->ring);
        if (lifecycle->deadline_ms > latest_ms)
            lifecycle->deadline_ms = latest_ms;
    }
    return lifecycle_alive(lifecycle) ? end_in_order(lifecycle, now_ms) : rest(lifecycle);
}

static unsigned on_abandon(struct lifecycle *lifecycle, const struct lifecycle_event *event, int64_t now_ms)
{
    (void)event;
    lifecycle->wanted = false;
    if (!lifecycle_alive(lifecycle))
        return rest(lifecycle);
    if (lifecycle->state == CHILD_STUCK || lifecycle->ring == LIFECYCLE_RING_KILL)
        return 0;
    return end_by(lifecycle, LIFECYCLE_RING_KILL, now_ms);
}

static unsigned on_spawn_failed(struct lifecycle *lifecycle, const struct lifecycle_event *event,
                                int64_t now_ms)
{
    assert(lifecycle->state == CHILD_STARTING);
    lifecycle->restarts[RESTART_SPAWN]++;
    return lifecycle->wanted ? back_off(lifecycle, event->jitter_permille, now_ms) : rest(lifecycle);
}

static unsigned on_protocol(struct lifecycle *lifecycle, const struct lifecycle_event *event, int64_t now_ms)
{
    (void)event;
    return running(lifecycle) ? blame(lifecycle, RESTART_PROTOCOL, LIFECYCLE_RING_KILL, now_ms) : 0;
}

static unsigned on_ready(struct lifecycle *lifecycle, const struct lifecycle_event *event, int64_t now_ms)
{
    if (lifecycle->state != CHILD_STARTING)
        return on_protocol(lifecycle, event, now_ms);
    lifecycle->ready_ms = now_ms;
    return enter(lifecycle, CHILD_READY, now_ms + PROMISE_GRACE_MS);
}

/* A promise counts from now at the least (it may have lain in the socket) and for what the limits allow at
 * most. */
static int64_t clamp(int64_t until_ms, int64_t now_ms, int64_t limit_ms)
{
    if (until_ms < now_ms)
        return now_ms;
    return until_ms > now_ms + limit_ms ? now_ms + limit_ms : until_ms;
}

static unsigned on_promise(struct lifecycle *lifecycle, const struct lifecycle_event *event, int64_t now_ms)
{
    if (lifecycle->state == CHILD_STARTING)
        return on_protocol(lifecycle, event, now_ms);
    if (!running(lifecycle))
        return 0;
    enum child_state old = lifecycle->state;
    if (event->kind == LIFECYCLE_BUSY && old == CHILD_BUSY)
        return 0; /* one round, one deadline */
    if (event->kind == LIFECYCLE_BUSY) {
        lifecycle->state = CHILD_BUSY;
        lifecycle->deadline_ms =
            clamp(event->until_ms, now_ms, lifecycle->limits.busy_max_ms) + TERM_GRACE_MS;
    } else {
        lifecycle->state = CHILD_READY;
        lifecycle->deadline_ms =
            clamp(event->until_ms, now_ms, lifecycle->limits.idle_max_ms) + PROMISE_GRACE_MS;
        lifecycle->good = lifecycle->good || event->good;
        if (lifecycle->good && lifecycle->failures > 0)
            lifecycle->settle_ms = lifecycle->ready_ms + BACKOFF_RESET_UPTIME_MS;
    }
    return lifecycle->state == old ? 0 : LIFECYCLE_CHANGED;
}

static unsigned on_bad_frame(struct lifecycle *lifecycle, const struct lifecycle_event *event, int64_t now_ms)
{
    (void)event;
    return running(lifecycle) ? blame(lifecycle, RESTART_BAD_FRAME, LIFECYCLE_RING_KILL, now_ms) : 0;
}

static unsigned on_cpu(struct lifecycle *lifecycle, const struct lifecycle_event *event, int64_t now_ms)
{
    (void)event;
    return running(lifecycle) ? blame(lifecycle, RESTART_CPU, LIFECYCLE_RING_KILL, now_ms) : 0;
}

static unsigned on_deaf(struct lifecycle *lifecycle, const struct lifecycle_event *event, int64_t now_ms)
{
    (void)event;
    return running(lifecycle) ? blame(lifecycle, RESTART_DEADLINE, LIFECYCLE_RING_KILL, now_ms) : 0;
}

static unsigned on_closed(struct lifecycle *lifecycle, const struct lifecycle_event *event, int64_t now_ms)
{
    (void)event;
    if (!running(lifecycle))
        return 0;
    /* A dying process closes its descriptors a moment before it can be reaped: its own end is the better
     * cause. */
    lifecycle->mute = true;
    if (lifecycle->deadline_ms > now_ms + KILL_GRACE_MS)
        lifecycle->deadline_ms = now_ms + KILL_GRACE_MS;
    return 0;
}

static unsigned on_exited(struct lifecycle *lifecycle, const struct lifecycle_event *event, int64_t now_ms)
{
    assert(lifecycle_alive(lifecycle));
    enum restart_cause cause = lifecycle_cause(lifecycle, event->end);
    if (cause != RESTART_CAUSE_COUNT)
        lifecycle->restarts[cause]++;
    lifecycle->settle_ms = LIFECYCLE_NEVER;
    if (!lifecycle->wanted)
        return rest(lifecycle);
    if (cause == RESTART_CAUSE_COUNT)
        return give_birth(lifecycle, now_ms);
    if (lifecycle->good && now_ms - lifecycle->ready_ms >= BACKOFF_RESET_UPTIME_MS)
        lifecycle->failures = 0;
    /* Once it is ready, no code of ours parks: such a number is a plugin's own exit(), and that one may come back. */
    if (lifecycle->state == CHILD_STARTING && cause == RESTART_EXIT && event->parks && lifecycle->limits.parks) {
        count_failure(lifecycle, now_ms);
        return enter(lifecycle, CHILD_PARKED, LIFECYCLE_NEVER);
    }
    return back_off(lifecycle, event->jitter_permille, now_ms);
}

static unsigned on_overdue_end(struct lifecycle *lifecycle, int64_t now_ms)
{
    if (lifecycle->ring == LIFECYCLE_RING_DRAIN) {
        unsigned actions = end_by(lifecycle, LIFECYCLE_RING_TERM, now_ms);
        if (lifecycle->wanted || lifecycle->limits.last_drain_ms == 0)
            lifecycle->deadline_ms = now_ms + SHUTDOWN_GRACE_MS;
        return actions;
    }
    if (lifecycle->ring == LIFECYCLE_RING_TERM)
        return end_by(lifecycle, LIFECYCLE_RING_KILL, now_ms);
    return LIFECYCLE_STUCK | enter(lifecycle, CHILD_STUCK, LIFECYCLE_NEVER);
}

static unsigned on_deadline(struct lifecycle *lifecycle, const struct lifecycle_event *event, int64_t now_ms)
{
    switch (lifecycle->state) {
    case CHILD_STARTING:
        if (lifecycle->mute)
            return on_protocol(lifecycle, event, now_ms);
        return blame(lifecycle, RESTART_START, LIFECYCLE_RING_KILL, now_ms);
    case CHILD_READY:
    case CHILD_BUSY:
        if (lifecycle->mute)
            return on_protocol(lifecycle, event, now_ms);
        return blame(lifecycle, RESTART_DEADLINE, LIFECYCLE_RING_TERM, now_ms);
    case CHILD_STOPPING:
        return on_overdue_end(lifecycle, now_ms);
    case CHILD_BACKOFF:
        return give_birth(lifecycle, now_ms);
    default:
        return 0;
    }
}

static unsigned on_timer(struct lifecycle *lifecycle, const struct lifecycle_event *event, int64_t now_ms)
{
    unsigned actions = 0;
    if (now_ms >= lifecycle->settle_ms && running(lifecycle)) {
        lifecycle->settle_ms = LIFECYCLE_NEVER;
        lifecycle->failures = 0;
        actions = LIFECYCLE_SETTLED | LIFECYCLE_CHANGED;
    }
    return now_ms < lifecycle->deadline_ms ? actions : actions | on_deadline(lifecycle, event, now_ms);
}

/* Rounds come and go; what people ask is since when it works, or does not. */
static enum child_state shown(enum child_state state)
{
    return state == CHILD_BUSY ? CHILD_READY : state;
}

unsigned lifecycle_step(struct lifecycle *lifecycle, const struct lifecycle_event *event, int64_t now_ms)
{
    static unsigned (*const HANDLERS[LIFECYCLE_EVENT_COUNT])(struct lifecycle *,
                                                             const struct lifecycle_event *, int64_t) = {
        [LIFECYCLE_START] = on_start,
        [LIFECYCLE_RESTART] = on_restart,
        [LIFECYCLE_RENEW] = on_renew,
        [LIFECYCLE_STOP] = on_stop,
        [LIFECYCLE_ABANDON] = on_abandon,
        [LIFECYCLE_SPAWN_FAILED] = on_spawn_failed,
        [LIFECYCLE_READY] = on_ready,
        [LIFECYCLE_BUSY] = on_promise,
        [LIFECYCLE_IDLE] = on_promise,
        [LIFECYCLE_PROTOCOL] = on_protocol,
        [LIFECYCLE_BAD_FRAME] = on_bad_frame,
        [LIFECYCLE_CPU] = on_cpu,
        [LIFECYCLE_DEAF] = on_deaf,
        [LIFECYCLE_CLOSED] = on_closed,
        [LIFECYCLE_EXITED] = on_exited,
        [LIFECYCLE_TIMER] = on_timer,
    };
    assert(event->kind < LIFECYCLE_EVENT_COUNT);
    enum child_state before = lifecycle->state;
    unsigned actions = HANDLERS[event->kind](lifecycle, event, now_ms);
    if (shown(lifecycle->state) != shown(before))
        lifecycle->since_ms = now_ms;
    return actions;
}
