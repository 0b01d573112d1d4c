/* SPDX-License-Identifier: Apache-2.0 */
#include "supervisor/cpu_watch.h"

#include <time.h>

#include "common/contract.h"

/* Who waits uses next to nothing; who computes may get a small share only, on a busy machine and with its priority. */
#define BUSY_PERCENT 20
#define BUSY_MIN_MS  100 /* below this a share means nothing */

int64_t cpu_watch_used_ms(pid_t pid)
{
    struct timespec used;
    clockid_t clock;
    if (pid <= 0 || clock_getcpuclockid(pid, &clock) != 0 || clock_gettime(clock, &used) != 0)
        return 0;
    return (int64_t)used.tv_sec * 1000 + used.tv_nsec / 1000000;
}

/* One thread cannot use more than the time that passes; several are found out later by as much. */
static void set_due(struct cpu_watch *watch, int64_t spent_ms, int64_t now_ms)
{
    watch->due_ms = INT64_MAX;
    if (watch->limit_ms != CPU_WATCH_NO_LIMIT)
        watch->due_ms = now_ms + watch->limit_ms + LIMIT_CPU_GRACE_MS - spent_ms;
}

void cpu_watch_begin(struct cpu_watch *watch, int64_t limit_ms, int64_t used_ms, int64_t now_ms)
{
    *watch = (struct cpu_watch){.limit_ms = limit_ms, .begin_used_ms = used_ms, .begin_ms = now_ms};
    set_due(watch, 0, now_ms);
}

bool cpu_watch_exceeded(struct cpu_watch *watch, int64_t used_ms, int64_t now_ms)
{
    int64_t spent_ms = used_ms - watch->begin_used_ms;
    if (watch->limit_ms != CPU_WATCH_NO_LIMIT && spent_ms >= watch->limit_ms + LIMIT_CPU_GRACE_MS) {
        watch->due_ms = INT64_MAX;
        return true;
    }
    set_due(watch, spent_ms > 0 ? spent_ms : 0, now_ms);
    return false;
}

bool cpu_watch_was_busy(const struct cpu_watch *watch, int64_t used_ms, int64_t now_ms)
{
    int64_t spent_ms = used_ms - watch->begin_used_ms;
    return spent_ms >= BUSY_MIN_MS && spent_ms * 100 >= (now_ms - watch->begin_ms) * BUSY_PERCENT;
}
