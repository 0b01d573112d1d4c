/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The life of one child as a pure function: (state, event, now) -> actions. No system call, no clock, no
 * allocation; the loop turns descriptors into events and actions into system calls.
 *
 *   DOWN -> STARTING -> READY <-> BUSY -> STOPPING -> DOWN, BACKOFF or the next generation
 *   BACKOFF   waits, then starts the next generation; never gives up
 *   PARKED    a restart cannot help; waits for a new configuration
 *   STUCK     survived SIGKILL (uninterruptible sleep); nothing is started beside it until it is gone
 */
#ifndef MINOTOR_SUPERVISOR_LIFECYCLE_H
#define MINOTOR_SUPERVISOR_LIFECYCLE_H

#include <stdbool.h>
#include <stdint.h>

#include "common/control.h"

#define LIFECYCLE_NEVER INT64_MAX

enum lifecycle_event_kind {
    LIFECYCLE_START,   /* it shall run */
    LIFECYCLE_RESTART, /* it shall run with new settings: ends a running generation in good order first */
    LIFECYCLE_RENEW,   /* it asks for a successor: ends it in good order, if nothing else is being done with it */
    LIFECYCLE_STOP,    /* it shall end in good order and stay down */
    LIFECYCLE_ABANDON, /* it shall be killed at once and stay down */
    LIFECYCLE_SPAWN_FAILED, /* the action SPAWN could not be done */
    LIFECYCLE_READY,
    LIFECYCLE_BUSY,
    LIFECYCLE_IDLE,
    LIFECYCLE_PROTOCOL,  /* it said what it may not say */
    LIFECYCLE_BAD_FRAME, /* the front refuses what it wrote */
    LIFECYCLE_CPU,       /* it has used more CPU time than it may */
    LIFECYCLE_DEAF,      /* it does not read its control socket */
    LIFECYCLE_CLOSED,    /* its control socket has ended; it is leaving, or it has closed it */
    LIFECYCLE_EXITED,    /* it was reaped */
    LIFECYCLE_TIMER,     /* deadline_ms may have come */
    LIFECYCLE_EVENT_COUNT
};

/* How a process ended. */
enum lifecycle_end {
    LIFECYCLE_END_CODE,   /* with an exit code of its own */
    LIFECYCLE_END_SIGNAL, /* by a signal */
    LIFECYCLE_END_ALARM,  /* by the alarm that it sets itself for the case that it overruns */
    LIFECYCLE_END_CPU,    /* by the same for its CPU time */
    LIFECYCLE_END_MEMORY, /* with the exit code for want of memory */
    LIFECYCLE_END_SANDBOX, /* by the signal of the system call filter */
};

struct lifecycle_event {
    enum lifecycle_event_kind kind;
    int64_t until_ms;       /* BUSY, IDLE: what was promised */
    bool good;              /* IDLE: a round went well since the last promise */
    enum lifecycle_end end; /* EXITED */
    bool parks;             /* EXITED: its code says that a restart cannot help; before READY only */
    unsigned
        jitter_permille; /* SPAWN_FAILED, EXITED: 0 to 1000, where in the jitter's range the delay lies */
};

/* What the loop has to do, in the order of the bits. */
enum lifecycle_action {
    LIFECYCLE_SPAWN = 1,   /* start the next generation */
    LIFECYCLE_DRAIN = 2,   /* send DRAIN */
    LIFECYCLE_TERM = 4,    /* send SIGTERM */
    LIFECYCLE_KILL = 8,    /* send SIGKILL */
    LIFECYCLE_STUCK = 16,  /* say that it does not die */
    LIFECYCLE_CHANGED = 32, /* state or counters changed: tell the front */
    LIFECYCLE_SETTLED = 64 /* it works again after failures */
};

/* How long a promise of this child may be, whatever it says. */
struct lifecycle_limits {
    int64_t busy_max_ms;
    int64_t idle_max_ms;
    bool parks; /* false: never PARKED, always tried again (the front) */
    int64_t backoff_max_ms; /* 0: BACKOFF_MAX_MS */
    int64_t last_drain_ms;  /* DRAIN to TERM where nothing is to follow; 0: as long as ever */
};

/* How far the end of a generation has got. */
enum lifecycle_ring {
    LIFECYCLE_RING_NONE,
    LIFECYCLE_RING_DRAIN,
    LIFECYCLE_RING_TERM,
    LIFECYCLE_RING_KILL,
};

struct lifecycle {
    struct lifecycle_limits limits;
    enum child_state state;
    int64_t deadline_ms; /* when TIMER is due, or LIFECYCLE_NEVER */
    bool wanted;         /* whether another generation follows */
    enum lifecycle_ring ring;
    enum restart_cause blame; /* why we end it; RESTART_CAUSE_COUNT: no fault of its own */
    bool mute;                /* its control socket is closed */
    bool good;                /* this generation has had a good round */
    int64_t ready_ms;         /* when this generation became ready */
    int64_t since_ms;         /* when this state began; READY and BUSY are one */
    int64_t settle_ms;        /* when it has worked for long enough after failures, or LIFECYCLE_NEVER */
    unsigned failures;        /* in a row; sets the backoff */
    int64_t failing_since_ms; /* the first of them */
    uint64_t restarts[RESTART_CAUSE_COUNT];
};

void lifecycle_init(struct lifecycle *lifecycle, const struct lifecycle_limits *limits);

/* One step; returns the actions, 0 for none. Events that mean nothing in a state are ignored. */
unsigned lifecycle_step(struct lifecycle *lifecycle, const struct lifecycle_event *event, int64_t now_ms);

/* The loop itself was stopped for so long: no child is to blame for what came late meanwhile. */
void lifecycle_forgive(struct lifecycle *lifecycle, int64_t stalled_ms);

/* When TIMER wants to be looked at, or LIFECYCLE_NEVER. */
int64_t lifecycle_due_ms(const struct lifecycle *lifecycle);

/* Whether a process exists: STARTING, READY, BUSY, STOPPING or STUCK. */
bool lifecycle_alive(const struct lifecycle *lifecycle);

/* The cause that an exit seen now would be counted under; RESTART_CAUSE_COUNT when the end was ordered. */
enum restart_cause lifecycle_cause(const struct lifecycle *lifecycle, enum lifecycle_end end);

/* BACKOFF_FIRST_MS doubled per failure up to BACKOFF_MAX_MS, and up to BACKOFF_JITTER_PERCENT less or more.
 */
int64_t lifecycle_backoff_ms(unsigned failures, unsigned jitter_permille);

#endif
