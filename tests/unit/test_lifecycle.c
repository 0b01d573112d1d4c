/* SPDX-License-Identifier: Apache-2.0 */
/* The life of a child with a clock of paper: every state, every event. */
#include "tests/tap/cunit_tap.h"

#include <string.h>

#include "supervisor/lifecycle.h"

#define BUSY_MAX_MS 10000
#define IDLE_MAX_MS 15000
#define MIDDLE      500 /* jitter: neither earlier nor later */

static struct lifecycle life;
static int64_t now;

static void begin(void)
{
    const struct lifecycle_limits limits = {
        .busy_max_ms = BUSY_MAX_MS, .idle_max_ms = IDLE_MAX_MS, .parks = true};
    lifecycle_init(&life, &limits);
    now = 1000000;
}

static unsigned step(enum lifecycle_event_kind kind)
{
    const struct lifecycle_event event = {.kind = kind, .jitter_permille = MIDDLE};
    return lifecycle_step(&life, &event, now);
}

static unsigned promise(enum lifecycle_event_kind kind, int64_t after_ms, bool good)
{
    const struct lifecycle_event event = {.kind = kind, .until_ms = now + after_ms, .good = good};
    return lifecycle_step(&life, &event, now);
}

static unsigned leave(bool signalled, bool parks)
{
    const struct lifecycle_event event = {.kind = LIFECYCLE_EXITED,
                                          .end = signalled ? LIFECYCLE_END_SIGNAL : LIFECYCLE_END_CODE,
                                          .parks = parks,
                                          .jitter_permille = MIDDLE};
    return lifecycle_step(&life, &event, now);
}

/* Moves the clock to the deadline. */
static unsigned expire(void)
{
    now = life.deadline_ms;
    return step(LIFECYCLE_TIMER);
}

static void begin_ready(void)
{
    begin();
    step(LIFECYCLE_START);
    step(LIFECYCLE_READY);
}

/* A child in a given state; false for none that a test can be begun in. */
static void begin_in(enum child_state state)
{
    begin();
    if (state == CHILD_DOWN)
        return;
    step(LIFECYCLE_START);
    if (state == CHILD_BACKOFF) {
        leave(true, false);
    } else if (state == CHILD_PARKED) {
        leave(false, true);
    } else if (state != CHILD_STARTING) {
        step(LIFECYCLE_READY);
        if (state == CHILD_BUSY)
            promise(LIFECYCLE_BUSY, 100, false);
        if (state == CHILD_STOPPING || state == CHILD_STUCK)
            step(LIFECYCLE_PROTOCOL);
        if (state == CHILD_STUCK)
            expire();
    }
    CU_ASSERT_EQUAL(life.state, state);
}

static void test_a_good_life(void)
{
    begin();
    CU_ASSERT_EQUAL(life.deadline_ms, LIFECYCLE_NEVER);
    CU_ASSERT_EQUAL(step(LIFECYCLE_START), LIFECYCLE_SPAWN | LIFECYCLE_CHANGED);
    CU_ASSERT_EQUAL(life.deadline_ms, now + START_TIMEOUT_MS);
    CU_ASSERT_EQUAL(step(LIFECYCLE_READY), LIFECYCLE_CHANGED);
    CU_ASSERT_EQUAL(promise(LIFECYCLE_BUSY, 500, false), LIFECYCLE_CHANGED);
    CU_ASSERT_EQUAL(life.state, CHILD_BUSY);
    CU_ASSERT_EQUAL(life.deadline_ms, now + 500 + TERM_GRACE_MS);
    CU_ASSERT_EQUAL(promise(LIFECYCLE_IDLE, 700, true), LIFECYCLE_CHANGED);
    CU_ASSERT_EQUAL(life.state, CHILD_READY);
    CU_ASSERT_EQUAL(life.deadline_ms, now + 700 + PROMISE_GRACE_MS);
    CU_ASSERT_EQUAL(promise(LIFECYCLE_IDLE, 700, true), 0);
    CU_ASSERT_EQUAL(step(LIFECYCLE_STOP), LIFECYCLE_DRAIN | LIFECYCLE_CHANGED);
    CU_ASSERT_EQUAL(leave(false, false), LIFECYCLE_CHANGED);
    CU_ASSERT_EQUAL(life.state, CHILD_DOWN);
    CU_ASSERT_EQUAL(life.deadline_ms, LIFECYCLE_NEVER);
    for (unsigned i = 0; i < RESTART_CAUSE_COUNT; i++)
        CU_ASSERT_EQUAL(life.restarts[i], 0);
}

static void test_promises_are_clamped(void)
{
    begin_ready();
    promise(LIFECYCLE_BUSY, 1000000000, false);
    CU_ASSERT_EQUAL(life.deadline_ms, now + BUSY_MAX_MS + TERM_GRACE_MS);
    promise(LIFECYCLE_IDLE, 1000000000, false);
    CU_ASSERT_EQUAL(life.deadline_ms, now + IDLE_MAX_MS + PROMISE_GRACE_MS);
    promise(LIFECYCLE_IDLE, -1000000, false);
    CU_ASSERT_EQUAL(life.deadline_ms, now + PROMISE_GRACE_MS);
    const struct lifecycle_event absurd = {.kind = LIFECYCLE_BUSY, .until_ms = INT64_MAX};
    lifecycle_step(&life, &absurd, now);
    CU_ASSERT_EQUAL(life.deadline_ms, now + BUSY_MAX_MS + TERM_GRACE_MS);
    promise(LIFECYCLE_IDLE, 0, false);
    const struct lifecycle_event opposite = {.kind = LIFECYCLE_BUSY, .until_ms = INT64_MIN};
    lifecycle_step(&life, &opposite, now);
    CU_ASSERT_EQUAL(life.deadline_ms, now + TERM_GRACE_MS);
}

static void test_not_ready_in_time(void)
{
    begin();
    step(LIFECYCLE_START);
    now = life.deadline_ms - 1;
    CU_ASSERT_EQUAL(step(LIFECYCLE_TIMER), 0);
    CU_ASSERT_EQUAL(expire(), LIFECYCLE_KILL | LIFECYCLE_CHANGED);
    CU_ASSERT_EQUAL(life.state, CHILD_STOPPING);
    leave(true, false);
    CU_ASSERT_EQUAL(life.state, CHILD_BACKOFF);
    CU_ASSERT_EQUAL(life.restarts[RESTART_START], 1);
    CU_ASSERT_EQUAL(life.restarts[RESTART_SIGNAL], 0);
}

static void test_broken_promise(void)
{
    begin_ready();
    promise(LIFECYCLE_BUSY, 500, false);
    CU_ASSERT_EQUAL(expire(), LIFECYCLE_TERM | LIFECYCLE_CHANGED);
    CU_ASSERT_EQUAL(life.deadline_ms, now + KILL_GRACE_MS);
    CU_ASSERT_EQUAL(expire(), LIFECYCLE_KILL | LIFECYCLE_CHANGED);
    CU_ASSERT_EQUAL(life.deadline_ms, now + STUCK_AFTER_KILL_MS);
    leave(true, false);
    CU_ASSERT_EQUAL(life.restarts[RESTART_DEADLINE], 1);
    CU_ASSERT_EQUAL(life.state, CHILD_BACKOFF);
}

static void test_its_own_alarm(void)
{
    begin_ready();
    promise(LIFECYCLE_BUSY, 500, false);
    const struct lifecycle_event event = {.kind = LIFECYCLE_EXITED, .end = LIFECYCLE_END_ALARM};
    lifecycle_step(&life, &event, now);
    CU_ASSERT_EQUAL(life.state, CHILD_BACKOFF);
    CU_ASSERT_EQUAL(life.restarts[RESTART_DEADLINE], 1);
}

static void test_ends_that_have_a_name(void)
{
    static const struct {
        enum lifecycle_end end;
        enum restart_cause cause;
    } CASES[] = {
        {LIFECYCLE_END_CODE, RESTART_EXIT},         {LIFECYCLE_END_SIGNAL, RESTART_SIGNAL},
        {LIFECYCLE_END_ALARM, RESTART_DEADLINE},    {LIFECYCLE_END_CPU, RESTART_CPU},
        {LIFECYCLE_END_MEMORY, RESTART_MEMORY},     {LIFECYCLE_END_SANDBOX, RESTART_SANDBOX},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        const struct lifecycle_event event = {.kind = LIFECYCLE_EXITED, .end = CASES[i].end};
        begin_in(CHILD_BUSY);
        lifecycle_step(&life, &event, now);
        CU_ASSERT_EQUAL(life.state, CHILD_BACKOFF);
        CU_ASSERT_EQUAL(life.restarts[CASES[i].cause], 1);
        /* What we ended it for goes before how it went. */
        begin_in(CHILD_STOPPING);
        lifecycle_step(&life, &event, now);
        CU_ASSERT_EQUAL(life.restarts[RESTART_PROTOCOL], 1);
    }
}

static void test_too_much_cpu_time(void)
{
    begin_in(CHILD_BUSY);
    CU_ASSERT_EQUAL(step(LIFECYCLE_CPU), LIFECYCLE_KILL | LIFECYCLE_CHANGED);
    CU_ASSERT_EQUAL(step(LIFECYCLE_CPU), 0);
    leave(true, false);
    CU_ASSERT_EQUAL(life.restarts[RESTART_CPU], 1);
    CU_ASSERT_EQUAL(step(LIFECYCLE_CPU), 0);
}

/* Failures are forgotten while it works, not only when it dies the next time. */
static void test_it_settles(void)
{
    begin_in(CHILD_BACKOFF);
    int64_t first_ms = now;
    CU_ASSERT_EQUAL(life.failing_since_ms, first_ms);
    expire();
    leave(true, false);
    CU_ASSERT_EQUAL(life.failures, 2);
    CU_ASSERT_EQUAL(life.failing_since_ms, first_ms);
    expire();
    step(LIFECYCLE_READY);
    CU_ASSERT_EQUAL(life.settle_ms, LIFECYCLE_NEVER);
    promise(LIFECYCLE_BUSY, 100, false);
    promise(LIFECYCLE_IDLE, IDLE_MAX_MS, true);
    CU_ASSERT_EQUAL(lifecycle_due_ms(&life), life.ready_ms + BACKOFF_RESET_UPTIME_MS);
    now = lifecycle_due_ms(&life) - 1;
    CU_ASSERT_EQUAL(step(LIFECYCLE_TIMER), 0);
    now++;
    CU_ASSERT_EQUAL(step(LIFECYCLE_TIMER), LIFECYCLE_SETTLED | LIFECYCLE_CHANGED);
    CU_ASSERT_EQUAL(life.failures, 0);
    CU_ASSERT_EQUAL(life.state, CHILD_READY);
    CU_ASSERT_EQUAL(lifecycle_due_ms(&life), life.deadline_ms);
    leave(true, false);
    CU_ASSERT_EQUAL(life.failures, 1);
    CU_ASSERT_EQUAL(life.failing_since_ms, now);
}

static void test_since_when(void)
{
    begin_in(CHILD_READY);
    int64_t ready_ms = now;
    now += 500;
    promise(LIFECYCLE_BUSY, 100, false);
    CU_ASSERT_EQUAL(life.since_ms, ready_ms); /* a round is no other state to those who look */
    step(LIFECYCLE_PROTOCOL);
    CU_ASSERT_EQUAL(life.since_ms, now);
}

/* One that crashes at every start, for an hour. */
static void test_a_crash_at_every_start_is_cheap(void)
{
    unsigned spawns = 0;
    begin();
    step(LIFECYCLE_START);
    for (int64_t end = now + 3600000; now < end; spawns++) {
        const struct lifecycle_event event = {.kind = LIFECYCLE_EXITED, .end = LIFECYCLE_END_SIGNAL};
        lifecycle_step(&life, &event, now);
        expire();
    }
    CU_ASSERT_TRUE(spawns < 3 * 60);
}

static void test_a_stuck_one_does_not_hold_up_the_end(void)
{
    begin_in(CHILD_BUSY);
    step(LIFECYCLE_STOP);
    step(LIFECYCLE_ABANDON);
    CU_ASSERT_EQUAL(life.deadline_ms, now + SHUTDOWN_STUCK_MS);
    expire();
    CU_ASSERT_EQUAL(life.state, CHILD_STUCK);
}

static void test_stuck(void)
{
    begin_in(CHILD_STUCK);
    CU_ASSERT_EQUAL(life.deadline_ms, LIFECYCLE_NEVER);
    now += 1000000;
    CU_ASSERT_EQUAL(step(LIFECYCLE_TIMER), 0);
    CU_ASSERT_EQUAL(step(LIFECYCLE_START), 0);
    CU_ASSERT_EQUAL(step(LIFECYCLE_RESTART), 0);
    CU_ASSERT_EQUAL(step(LIFECYCLE_ABANDON), 0);
    step(LIFECYCLE_START);
    CU_ASSERT_EQUAL(leave(true, false), LIFECYCLE_CHANGED);
    CU_ASSERT_EQUAL(life.state, CHILD_BACKOFF);
    CU_ASSERT_EQUAL(life.restarts[RESTART_PROTOCOL], 1);
}

static void test_exit_zero_is_a_failure(void)
{
    begin_ready();
    leave(false, false);
    CU_ASSERT_EQUAL(life.state, CHILD_BACKOFF);
    CU_ASSERT_EQUAL(life.restarts[RESTART_EXIT], 1);
}

static void test_parked(void)
{
    begin_in(CHILD_PARKED);
    CU_ASSERT_EQUAL(life.deadline_ms, LIFECYCLE_NEVER);
    CU_ASSERT_EQUAL(life.restarts[RESTART_EXIT], 1);
    now += 1000000;
    CU_ASSERT_EQUAL(step(LIFECYCLE_TIMER), 0);
    CU_ASSERT_EQUAL(step(LIFECYCLE_RESTART), LIFECYCLE_SPAWN | LIFECYCLE_CHANGED);
    /* A code that came from a signal, or from one that must not be parked, does not park. */
    begin_ready();
    leave(true, true);
    CU_ASSERT_EQUAL(life.state, CHILD_BACKOFF);
    begin();
    step(LIFECYCLE_START);
    life.limits.parks = false;
    leave(false, true);
    CU_ASSERT_EQUAL(life.state, CHILD_BACKOFF);
    /* Nor does one that a plugin may have chosen for an exit() in the middle of its work. */
    begin_in(CHILD_BUSY);
    leave(false, true);
    CU_ASSERT_EQUAL(life.state, CHILD_BACKOFF);
}

static void test_backoff_grows_and_never_gives_up(void)
{
    begin();
    step(LIFECYCLE_START);
    int64_t expected_ms = BACKOFF_FIRST_MS;
    for (int i = 0; i < 1000; i++) {
        leave(true, false);
        CU_ASSERT_EQUAL_FATAL(life.state, CHILD_BACKOFF);
        CU_ASSERT_EQUAL_FATAL(life.deadline_ms - now, expected_ms);
        CU_ASSERT_EQUAL_FATAL(expire(), LIFECYCLE_SPAWN | LIFECYCLE_CHANGED);
        expected_ms = expected_ms * 2 > BACKOFF_MAX_MS ? BACKOFF_MAX_MS : expected_ms * 2;
    }
    CU_ASSERT_EQUAL(life.restarts[RESTART_SIGNAL], 1000);
}

static void test_backoff_has_a_limit_of_its_own(void)
{
    begin();
    life.limits.backoff_max_ms = 1000;
    step(LIFECYCLE_START);
    for (int i = 0; i < 10; i++) {
        leave(true, false);
        CU_ASSERT(life.deadline_ms - now <= 1000);
        expire();
    }
    leave(true, false);
    CU_ASSERT_EQUAL(life.deadline_ms - now, 1000);
}

static void test_jitter(void)
{
    CU_ASSERT_EQUAL(lifecycle_backoff_ms(1, 0), BACKOFF_FIRST_MS * (100 - BACKOFF_JITTER_PERCENT) / 100);
    CU_ASSERT_EQUAL(lifecycle_backoff_ms(1, 1000), BACKOFF_FIRST_MS * (100 + BACKOFF_JITTER_PERCENT) / 100);
    CU_ASSERT_EQUAL(lifecycle_backoff_ms(1, 4000000000U), lifecycle_backoff_ms(1, 1000));
    CU_ASSERT_EQUAL(lifecycle_backoff_ms(4000000000U, MIDDLE), BACKOFF_MAX_MS);
}

static void fail_times(unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        leave(true, false);
        expire();
    }
}

static void test_success_resets_the_backoff(void)
{
    begin();
    step(LIFECYCLE_START);
    fail_times(5);
    step(LIFECYCLE_READY);
    promise(LIFECYCLE_IDLE, 100, true);
    now += BACKOFF_RESET_UPTIME_MS;
    leave(true, false);
    CU_ASSERT_EQUAL(life.failures, 1);
}

static void test_a_short_or_useless_life_does_not_reset(void)
{
    begin();
    step(LIFECYCLE_START);
    fail_times(5);
    step(LIFECYCLE_READY);
    promise(LIFECYCLE_IDLE, 100, true); /* good, and soon dead */
    now += BACKOFF_RESET_UPTIME_MS - 1;
    leave(true, false);
    CU_ASSERT_EQUAL(life.failures, 6);
    expire();
    step(LIFECYCLE_READY);
    promise(LIFECYCLE_IDLE, 100, false); /* long, and for nothing */
    now += BACKOFF_RESET_UPTIME_MS * 10;
    leave(true, false);
    CU_ASSERT_EQUAL(life.failures, 7);
}

static void test_protocol(void)
{
    /* A promise before it is ready, ready twice, nonsense. */
    begin_in(CHILD_STARTING);
    CU_ASSERT_EQUAL(promise(LIFECYCLE_IDLE, 100, true), LIFECYCLE_KILL | LIFECYCLE_CHANGED);
    begin_ready();
    CU_ASSERT_EQUAL(step(LIFECYCLE_READY), LIFECYCLE_KILL | LIFECYCLE_CHANGED);
    begin_ready();
    CU_ASSERT_EQUAL(step(LIFECYCLE_PROTOCOL), LIFECYCLE_KILL | LIFECYCLE_CHANGED);
    leave(true, false);
    CU_ASSERT_EQUAL(life.restarts[RESTART_PROTOCOL], 1);
    CU_ASSERT_EQUAL(life.state, CHILD_BACKOFF);
}

static void test_bad_frame_and_deafness(void)
{
    begin_ready();
    CU_ASSERT_EQUAL(step(LIFECYCLE_BAD_FRAME), LIFECYCLE_KILL | LIFECYCLE_CHANGED);
    leave(true, false);
    CU_ASSERT_EQUAL(life.restarts[RESTART_BAD_FRAME], 1);
    begin_ready();
    CU_ASSERT_EQUAL(step(LIFECYCLE_DEAF), LIFECYCLE_KILL | LIFECYCLE_CHANGED);
    leave(true, false);
    CU_ASSERT_EQUAL(life.restarts[RESTART_DEADLINE], 1);
}

static void test_a_closed_control_socket(void)
{
    /* Usually it is dying: its own end is the cause. */
    begin_ready();
    CU_ASSERT_EQUAL(step(LIFECYCLE_CLOSED), 0);
    leave(true, false);
    CU_ASSERT_EQUAL(life.restarts[RESTART_SIGNAL], 1);
    /* One that stays alive has hung up on us. */
    begin_ready();
    step(LIFECYCLE_CLOSED);
    CU_ASSERT_EQUAL(life.deadline_ms, now + KILL_GRACE_MS);
    CU_ASSERT_EQUAL(expire(), LIFECYCLE_KILL | LIFECYCLE_CHANGED);
    leave(true, false);
    CU_ASSERT_EQUAL(life.restarts[RESTART_PROTOCOL], 1);
    /* It cannot be told to drain. */
    begin_ready();
    step(LIFECYCLE_CLOSED);
    CU_ASSERT_EQUAL(step(LIFECYCLE_STOP), LIFECYCLE_TERM | LIFECYCLE_CHANGED);
}

static void test_spawn_failure(void)
{
    begin();
    step(LIFECYCLE_START);
    CU_ASSERT_EQUAL(step(LIFECYCLE_SPAWN_FAILED), LIFECYCLE_CHANGED);
    CU_ASSERT_EQUAL(life.state, CHILD_BACKOFF);
    CU_ASSERT_EQUAL(life.restarts[RESTART_SPAWN], 1);
    CU_ASSERT_EQUAL(expire(), LIFECYCLE_SPAWN | LIFECYCLE_CHANGED);
}

static void test_an_orderly_end_and_its_rings(void)
{
    begin_ready();
    CU_ASSERT_EQUAL(step(LIFECYCLE_STOP), LIFECYCLE_DRAIN | LIFECYCLE_CHANGED);
    CU_ASSERT_EQUAL(step(LIFECYCLE_STOP), 0);
    CU_ASSERT_EQUAL(life.deadline_ms, now + DRAIN_MS + DRAIN_GRACE_MS);
    CU_ASSERT_EQUAL(expire(), LIFECYCLE_TERM | LIFECYCLE_CHANGED);
    CU_ASSERT_EQUAL(life.deadline_ms, now + SHUTDOWN_GRACE_MS);
    CU_ASSERT_EQUAL(expire(), LIFECYCLE_KILL | LIFECYCLE_CHANGED);
    CU_ASSERT_EQUAL(expire(), LIFECYCLE_STUCK | LIFECYCLE_CHANGED);
    CU_ASSERT_EQUAL(life.state, CHILD_STUCK);
    CU_ASSERT_EQUAL(leave(true, false), LIFECYCLE_CHANGED);
    CU_ASSERT_EQUAL(life.state, CHILD_DOWN);
    CU_ASSERT_EQUAL(life.restarts[RESTART_SIGNAL], 0);
}

static void test_stop_in_every_state(void)
{
    static const struct {
        enum child_state state;
        unsigned actions;
        enum child_state after;
    } CASES[] = {
        {CHILD_DOWN, LIFECYCLE_CHANGED, CHILD_DOWN},
        {CHILD_STARTING, LIFECYCLE_TERM | LIFECYCLE_CHANGED, CHILD_STOPPING},
        {CHILD_READY, LIFECYCLE_DRAIN | LIFECYCLE_CHANGED, CHILD_STOPPING},
        {CHILD_BUSY, LIFECYCLE_DRAIN | LIFECYCLE_CHANGED, CHILD_STOPPING},
        {CHILD_STOPPING, 0, CHILD_STOPPING},
        {CHILD_BACKOFF, LIFECYCLE_CHANGED, CHILD_DOWN},
        {CHILD_PARKED, LIFECYCLE_CHANGED, CHILD_DOWN},
        {CHILD_STUCK, 0, CHILD_STUCK},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        begin_in(CASES[i].state);
        CU_ASSERT_EQUAL(step(LIFECYCLE_STOP), CASES[i].actions);
        CU_ASSERT_EQUAL(life.state, CASES[i].after);
        if (lifecycle_alive(&life))
            leave(true, false);
        CU_ASSERT_EQUAL(life.state, CHILD_DOWN);
        now += 1000000;
        CU_ASSERT_EQUAL(step(LIFECYCLE_TIMER), 0);
    }
}

static void test_abandon(void)
{
    for (unsigned state = CHILD_STARTING; state <= CHILD_BUSY; state++) {
        begin_in((enum child_state)state);
        CU_ASSERT_EQUAL(step(LIFECYCLE_ABANDON), LIFECYCLE_KILL | LIFECYCLE_CHANGED);
        CU_ASSERT_EQUAL(step(LIFECYCLE_ABANDON), 0);
        leave(true, false);
        CU_ASSERT_EQUAL(life.state, CHILD_DOWN);
    }
    begin_ready();
    step(LIFECYCLE_STOP);
    CU_ASSERT_EQUAL(step(LIFECYCLE_ABANDON), LIFECYCLE_KILL | LIFECYCLE_CHANGED);
}

static void test_restart_is_no_failure(void)
{
    begin();
    step(LIFECYCLE_START);
    fail_times(4);
    step(LIFECYCLE_READY);
    CU_ASSERT_EQUAL(step(LIFECYCLE_RESTART), LIFECYCLE_DRAIN | LIFECYCLE_CHANGED);
    CU_ASSERT_EQUAL(leave(false, false), LIFECYCLE_SPAWN | LIFECYCLE_CHANGED);
    CU_ASSERT_EQUAL(life.failures, 0);
    CU_ASSERT_EQUAL(life.restarts[RESTART_EXIT], 0);
    CU_ASSERT_EQUAL(life.restarts[RESTART_SIGNAL], 4);
    /* Removed and wanted again before it was gone. */
    step(LIFECYCLE_READY);
    step(LIFECYCLE_STOP);
    CU_ASSERT_EQUAL(step(LIFECYCLE_RESTART), 0);
    CU_ASSERT_EQUAL(leave(false, false), LIFECYCLE_SPAWN | LIFECYCLE_CHANGED);
    /* Waiting ones are tried at once. */
    begin_in(CHILD_BACKOFF);
    CU_ASSERT_EQUAL(step(LIFECYCLE_RESTART), LIFECYCLE_SPAWN | LIFECYCLE_CHANGED);
}

static void test_words_of_the_dying_are_ignored(void)
{
    begin_ready();
    step(LIFECYCLE_STOP);
    int64_t deadline_ms = life.deadline_ms;
    CU_ASSERT_EQUAL(step(LIFECYCLE_READY), 0);
    CU_ASSERT_EQUAL(promise(LIFECYCLE_BUSY, 5000, false), 0);
    CU_ASSERT_EQUAL(promise(LIFECYCLE_IDLE, 5000, true), 0);
    CU_ASSERT_EQUAL(step(LIFECYCLE_PROTOCOL), 0);
    CU_ASSERT_EQUAL(step(LIFECYCLE_BAD_FRAME), 0);
    CU_ASSERT_EQUAL(step(LIFECYCLE_DEAF), 0);
    CU_ASSERT_EQUAL(step(LIFECYCLE_CLOSED), 0);
    CU_ASSERT_EQUAL(life.deadline_ms, deadline_ms);
}

static void test_a_stall_of_the_supervisor(void)
{
    begin_ready();
    promise(LIFECYCLE_IDLE, 1000, true);
    int64_t deadline_ms = life.deadline_ms;
    now += 60000;
    lifecycle_forgive(&life, 60000);
    CU_ASSERT_EQUAL(life.deadline_ms, deadline_ms + 60000);
    CU_ASSERT_EQUAL(step(LIFECYCLE_TIMER), 0);
    CU_ASSERT_EQUAL(life.state, CHILD_READY);
    /* It still has its deadline. */
    CU_ASSERT_EQUAL(expire(), LIFECYCLE_TERM | LIFECYCLE_CHANGED);
    /* Who waits for his next start need not wait longer, and never stays never. */
    begin_in(CHILD_BACKOFF);
    deadline_ms = life.deadline_ms;
    lifecycle_forgive(&life, 60000);
    CU_ASSERT_EQUAL(life.deadline_ms, deadline_ms);
    begin();
    lifecycle_forgive(&life, 60000);
    CU_ASSERT_EQUAL(life.deadline_ms, LIFECYCLE_NEVER);
}

/* It may be a plugin that says so: it ends what runs, and brings nothing back. */
static void test_renew(void)
{
    begin();
    step(LIFECYCLE_START);
    CU_ASSERT_EQUAL(step(LIFECYCLE_RENEW), 0);
    step(LIFECYCLE_READY);
    life.failures = 3;
    CU_ASSERT_TRUE(step(LIFECYCLE_RENEW) & LIFECYCLE_DRAIN);
    CU_ASSERT_EQUAL(step(LIFECYCLE_RENEW), 0);
    CU_ASSERT_EQUAL(life.failures, 3);
    CU_ASSERT_TRUE(leave(false, false) & LIFECYCLE_SPAWN);
    step(LIFECYCLE_READY);
    step(LIFECYCLE_STOP);
    CU_ASSERT_EQUAL(step(LIFECYCLE_RENEW), 0);
    leave(false, false);
    CU_ASSERT_EQUAL(life.state, CHILD_DOWN);
    CU_ASSERT_EQUAL(step(LIFECYCLE_RENEW), 0);
    CU_ASSERT_EQUAL(life.state, CHILD_DOWN);
}

/* More time for the round that it is busy with is not given. */
static void test_busy_twice(void)
{
    begin();
    step(LIFECYCLE_START);
    step(LIFECYCLE_READY);
    promise(LIFECYCLE_BUSY, 1000, false);
    int64_t deadline_ms = life.deadline_ms;
    now += 900;
    promise(LIFECYCLE_BUSY, 1000, false);
    CU_ASSERT_EQUAL(life.deadline_ms, deadline_ms);
}

/* An end that had begun for another reason is not waited for longer than a last one. */
static void test_stop_while_ending(void)
{
    begin();
    life.limits.last_drain_ms = WORKER_LAST_DRAIN_MS;
    step(LIFECYCLE_START);
    step(LIFECYCLE_READY);
    step(LIFECYCLE_RESTART);
    now += 10;
    step(LIFECYCLE_STOP);
    CU_ASSERT_EQUAL(life.deadline_ms, now + WORKER_LAST_DRAIN_MS);
}

/* Nobody waits for a plugin at the end of minotord; a reload gives it its time. */
static void test_a_last_end(void)
{
    begin();
    life.limits.last_drain_ms = WORKER_LAST_DRAIN_MS;
    step(LIFECYCLE_START);
    step(LIFECYCLE_READY);
    CU_ASSERT_TRUE(step(LIFECYCLE_RESTART) & LIFECYCLE_DRAIN);
    CU_ASSERT_EQUAL(life.deadline_ms, now + DRAIN_MS + DRAIN_GRACE_MS);
    begin();
    life.limits.last_drain_ms = WORKER_LAST_DRAIN_MS;
    step(LIFECYCLE_START);
    step(LIFECYCLE_READY);
    CU_ASSERT_TRUE(step(LIFECYCLE_STOP) & LIFECYCLE_DRAIN);
    CU_ASSERT_EQUAL(life.deadline_ms, now + WORKER_LAST_DRAIN_MS);
    now = life.deadline_ms;
    CU_ASSERT_TRUE(step(LIFECYCLE_TIMER) & LIFECYCLE_TERM);
    CU_ASSERT_EQUAL(life.deadline_ms, now + WORKER_LAST_TERM_MS);
    now = life.deadline_ms;
    CU_ASSERT_TRUE(step(LIFECYCLE_TIMER) & LIFECYCLE_KILL);
}

/* Random events in any order: no assertion fails, a state that waits has a deadline, and it always comes
 * back. */
static void test_any_order_of_events(void)
{
    uint32_t seed = 20240229;
    begin();
    for (int i = 0; i < 200000; i++) {
        seed = seed * 1664525 + 1013904223;
        enum lifecycle_event_kind kind = (enum lifecycle_event_kind)((seed >> 16) % LIFECYCLE_EVENT_COUNT);
        if ((kind == LIFECYCLE_SPAWN_FAILED && life.state != CHILD_STARTING) ||
            (kind == LIFECYCLE_EXITED && !lifecycle_alive(&life)))
            continue; /* the loop cannot send them */
        const struct lifecycle_event event = {.kind = kind,
                                              .until_ms = now + (seed >> 8) % 30000,
                                              .good = seed >> 31,
                                              .end = (enum lifecycle_end)((seed >> 20) % 6),
                                              .parks = (seed >> 29) & 1,
                                              .jitter_permille = seed % 1001};
        now += (seed >> 10) % 3000;
        unsigned actions = lifecycle_step(&life, &event, now);
        bool waits = life.state != CHILD_DOWN && life.state != CHILD_PARKED && life.state != CHILD_STUCK;
        CU_ASSERT_FATAL(waits == (life.deadline_ms != LIFECYCLE_NEVER));
        CU_ASSERT_FATAL(!(actions & LIFECYCLE_SPAWN) || life.state == CHILD_STARTING);
        CU_ASSERT_FATAL(!(actions & (LIFECYCLE_TERM | LIFECYCLE_KILL)) || lifecycle_alive(&life));
    }
    if (lifecycle_alive(&life))
        leave(true, false);
    step(LIFECYCLE_RESTART);
    CU_ASSERT_EQUAL(life.state, CHILD_STARTING);
}

int main(void)
{
    static CU_TestInfo tests[] = {
        {"a good life", test_a_good_life},
        {"promises are clamped", test_promises_are_clamped},
        {"not ready in time", test_not_ready_in_time},
        {"a broken promise: TERM, then KILL", test_broken_promise},
        {"its own alarm is a broken promise too", test_its_own_alarm},
        {"ends that have a name", test_ends_that_have_a_name},
        {"too much CPU time", test_too_much_cpu_time},
        {"it settles", test_it_settles},
        {"since when", test_since_when},
        {"a crash at every start is cheap", test_a_crash_at_every_start_is_cheap},
        {"a stuck one does not hold up the end", test_a_stuck_one_does_not_hold_up_the_end},
        {"stuck: nothing is started beside it", test_stuck},
        {"exit status 0 is a failure", test_exit_zero_is_a_failure},
        {"parked until the configuration is read again", test_parked},
        {"backoff grows and never gives up", test_backoff_grows_and_never_gives_up},
        {"backoff has a limit of its own", test_backoff_has_a_limit_of_its_own},
        {"jitter", test_jitter},
        {"success resets the backoff", test_success_resets_the_backoff},
        {"a short or useless life does not", test_a_short_or_useless_life_does_not_reset},
        {"violations of the protocol", test_protocol},
        {"bad frames and deafness", test_bad_frame_and_deafness},
        {"a closed control socket", test_a_closed_control_socket},
        {"what cannot be started is tried again", test_spawn_failure},
        {"an orderly end and its rings", test_an_orderly_end_and_its_rings},
        {"a last end is a matter of a second", test_a_last_end},
        {"a last end that had begun already", test_stop_while_ending},
        {"a successor that is asked for", test_renew},
        {"busy twice", test_busy_twice},
        {"stop in every state", test_stop_in_every_state},
        {"abandon", test_abandon},
        {"a restart is no failure", test_restart_is_no_failure},
        {"words of the dying are ignored", test_words_of_the_dying_are_ignored},
        {"a stall of the supervisor blames nobody", test_a_stall_of_the_supervisor},
        {"any order of events", test_any_order_of_events},
        CU_TEST_INFO_NULL,
    };
    static CU_SuiteInfo suites[] = {{"lifecycle", NULL, NULL, NULL, NULL, tests}, CU_SUITE_INFO_NULL};
    return cunit_tap_main(suites);
}
