/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CPU time of one child, as the outer ring around the timer that a worker sets itself: a plugin can take that away.
 * Times are counted from the last beginning: birth, or a round. Pure but for cpu_watch_used_ms().
 */
#ifndef MINOTOR_SUPERVISOR_CPU_WATCH_H
#define MINOTOR_SUPERVISOR_CPU_WATCH_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define CPU_WATCH_NO_LIMIT INT64_MAX

struct cpu_watch {
    int64_t limit_ms;
    int64_t begin_used_ms; /* what it had used at the beginning */
    int64_t begin_ms;
    int64_t due_ms; /* when it wants to be looked at, or INT64_MAX */
};

/* CPU time of a process so far, all its threads, dead or alive until it is reaped; 0 when it cannot be known. */
int64_t cpu_watch_used_ms(pid_t pid);

void cpu_watch_begin(struct cpu_watch *watch, int64_t limit_ms, int64_t used_ms, int64_t now_ms);
/* Whether the limit and its grace are exceeded; else sets due_ms anew. */
bool cpu_watch_exceeded(struct cpu_watch *watch, int64_t used_ms, int64_t now_ms);
/* Whether it has computed since the beginning, rather than waited. */
bool cpu_watch_was_busy(const struct cpu_watch *watch, int64_t used_ms, int64_t now_ms);

#endif
