/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A task asks the database one thing, keeps the answer, and shows it in every round, whether it was asked anew in
 * that round or not. Shared by the collectors that ask the database.
 *
 * What reads a whole table is not asked in each round but at its own interval, and never so often that it takes
 * more than a hundredth of the database's time. Times are of the wall clock, so that they can outlive the worker.
 */
#ifndef COLLECTORS_TASK_H
#define COLLECTORS_TASK_H

#include <minotor/collector.h>

#define TASK_FAMILIES_MAX 6
#define TASK_NO_FAMILY UINT32_MAX

struct pace {
    int64_t done_ms;   /* when it last succeeded; 0: never */
    int64_t cost_ms;   /* how long that took */
    int64_t failed_ms; /* when it last failed, 0: it did not since */
    int64_t lost_ms;   /* how long that took */
};

/* Whether to do it now. After a success: in `interval_ms`, but not before a hundred times its cost. */
int pace_is_due(const struct pace *pace, int64_t now_ms, int64_t interval_ms);

/*
 * It has ended just now. `left_ms` is what minotor_remaining_ms() said when it began: that knows how long it took, also
 * when the wall clock was put right meanwhile.
 */
void pace_succeeded(struct pace *pace, const struct minotor_host *host, int64_t left_ms);
void pace_failed(struct pace *pace, const struct minotor_host *host, int64_t left_ms);

struct task {
    const char *name;
    const char *interval; /* the setting of this duration; NULL: each round */
    int (*run)(const struct minotor_host *host, void *state); /* MINOTOR_OK, MINOTOR_NO_DATA: this server has no such thing, or why not */
    void (*emit)(const struct minotor_host *host, const void *state);
    uint32_t families[TASK_FAMILIES_MAX]; /* unknown when it fails; ends with TASK_NO_FAMILY where it is shorter */
};

enum task_knowledge { TASK_NOT_RUN, TASK_KNOWN, TASK_WITHDRAWN, TASK_UNKNOWN };

struct task_state {
    struct pace pace;
    enum task_knowledge knowledge;
    int is_stale; /* its answer is known to have changed: due as soon as its cost allows */
    char reason[MINOTOR_TEXT_MAX]; /* of UNKNOWN */
};

/*
 * One round of all tasks, in their order: the cheap ones come first, because when the time runs out, it is the last
 * that have to do without. Returns what collect() is to return.
 * @param always  run each task, whatever its interval
 */
int tasks_collect(const struct minotor_host *host, const struct task *tasks, struct task_state *states, size_t count,
                  void *state, int always);

#endif
