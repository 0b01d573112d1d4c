/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One child of the supervisor over all its generations: process, control socket, log pipe, lifecycle. Turns
 * what its descriptors say into events, and the lifecycle's actions into system calls. What differs between
 * the front and a worker is its kind.
 */
#ifndef MINOTOR_SUPERVISOR_CHILD_H
#define MINOTOR_SUPERVISOR_CHILD_H

#include <sys/types.h>

#include "common/control.h"
#include "common/log.h"
#include "supervisor/cpu_watch.h"
#include "supervisor/flapping.h"
#include "supervisor/lifecycle.h"
#include "supervisor/outbox.h"
#include "supervisor/relog.h"
#include "supervisor/spawn.h"
#include "supervisor/usage.h"

struct child;

struct child_kind {
    enum control_party party; /* who is on the other side of the control socket */
    /* Starts the next generation with child_spawn() and sends what it has to know. 0, or -1 with child->error
     * set. */
    int (*spawn)(struct child *child);
    /* What the loop calls: child_read_control() and child_reap(), where the child has a life of its own. */
    void (*read_control)(struct child *child, int64_t now_ms);
    void (*reap)(struct child *child, int64_t now_ms);
    /* A control message that is neither READY nor a promise. A descriptor that it keeps it replaces by -1. */
    void (*message)(struct child *child, const struct control_message *message, int *descriptor);
    /* A line that it logged. NULL: into the log. */
    void (*line)(struct child *child, enum log_level level, const char *text);
    /* It has said how it is confined: child->sandbox. May be NULL. */
    void (*confined)(struct child *child);
    /* State or counters are others than before. */
    void (*changed)(struct child *child);
    /* Its process is gone, and all that it said has been heard. May be NULL. */
    void (*died)(struct child *child);
};

struct child {
    const struct child_kind *kind;
    void *owner; /* the slot or the supervisor, for the kind's functions */
    char name[NAME_MAX_BYTES * 2 + sizeof "@ broker"];
    struct lifecycle lifecycle;
    uint32_t generation;
    pid_t pid;   /* 0: no process */
    int pidfd;   /* this and the next two: -1 when there is none */
    int control; /* closed when the child has closed its end */
    int log;     /* likewise */
    int64_t born_ms;
    bool confined;                  /* it has said how it is confined, which it does once and before it is ready */
    struct control_sandbox sandbox; /* what it said, or the last generation that said it */
    bool sandbox_known;             /* one has said it */
    struct outbox outbox;
    struct relog relog;
    int64_t log_lines;    /* limit: that may be logged of it per second */
    int64_t cpu_limit_ms; /* limit: of a round */
    struct cpu_watch cpu;
    struct flapping flapping;
    struct usage usage; /* of all generations */
    uint64_t limit_hits[LIMIT_COUNT]; /* of all generations */
    char error[ERROR_TEXT_MAX_BYTES + 1]; /* how the last generation that failed ended, or "" */
};

void child_init(struct child *child, const struct child_kind *kind, void *owner,
                const struct lifecycle_limits *limits);

/* Gives up everything; the process must be gone or be given up too. */
void child_release(struct child *child);

/* A step of its life and all that follows from it. */
void child_event(struct child *child, enum lifecycle_event_kind kind, int64_t now_ms);

/* For the kind's spawn(): starts the process and takes over its descriptors. 0, or -1 with child->error set.
 */
int child_spawn(struct child *child, const struct spawn_plan *plan);

/* Sends, or keeps until there is room. A child that does not read is ended. `descriptor`: -1 or duplicated.
 */
void child_send(struct child *child, const struct control_message *message, int descriptor);
/* Sends one setting; the text is wiped from memory of ours. `origin` may be NULL. */
void child_send_setting(struct child *child, const char *name, const char *value, const char *origin);

/* It has said how it is confined: tells what is missing or partial, again only when it is another thing. */
void child_take_sandbox(struct child *child, const struct control_sandbox *said);

/* What the loop calls when a descriptor is ready; each does a bounded amount of work. */
void child_read_control(struct child *child, int64_t now_ms);
void child_write_control(struct child *child);
void child_read_log(struct child *child, int64_t now_ms);
/* The pidfd is readable: reaps, reads what is left, tells how it ended. */
void child_reap(struct child *child, int64_t now_ms);

/* When child_tick() wants to be called, or INT64_MAX. */
int64_t child_due_ms(const struct child *child);
void child_tick(struct child *child, int64_t now_ms);

/* Sets child->error. */
void child_set_error(struct child *child, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
