/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the collector jobs share: its families, and what it knows from one round to the next. */
#ifndef COLLECTORS_JOBS_H
#define COLLECTORS_JOBS_H

#include <minotor/collector.h>

#include "task.h"

enum family {
    JOB_TOTAL,
    JOB_LAST,
    OLDEST_PENDING,
    LAST_ACTIVITY,
    OLDEST_CANCEL_REQUEST,
    LAST_SUCCESS,
    LAST_FAILURE,
    LAST_DURATION,
    PROGRESS,
    COUNTED,
    FAMILY_COUNT
};

enum task_index { QUEUE, HISTORY, TASK_COUNT };

/* Types and statuses are open sets; Mattermost 11 has some forty types and seven statuses. */
#define QUEUE_MAX 128
#define HISTORY_MAX 512
#define WORD_BYTES 132 /* 32 characters in the schema */

/* To MySQL texts are equal that differ in case, accents or blanks at the end; labels of series are not. */
#define JOBS_MYSQL_GROUP "BINARY Type, BINARY Status"

/* The jobs of one type and status that are not done. */
struct waiting {
    char type[WORD_BYTES];
    char status[WORD_BYTES];
    int64_t count;
    int64_t created_ms;  /* the oldest's; -1: none has one */
    int64_t stalest_ms;  /* when the one that has been silent for longest was last heard of */
    int64_t heard_ms;    /* when the last one was */
    int64_t progress;    /* of the one that has come least far, in percent; -1: not known */
};

/* All jobs of one type and status. */
struct past {
    char type[WORD_BYTES];
    char status[WORD_BYTES];
    int64_t count;
    int64_t last_ms;     /* when one was last heard of: its end */
    int64_t duration_ms; /* of the last one that was started; -1: none was */
};

struct jobs {
    struct task_state tasks[TASK_COUNT];
    struct waiting waiting[QUEUE_MAX];
    size_t waiting_count;
    struct past past[HISTORY_MAX];
    size_t past_count;
};

/* Whether a job of this status is not done. */
int is_waiting(const char *status);

/* Pending and running jobs, each round. queue.c */
int queue_run(const struct minotor_host *host, void *state);
void queue_emit(const struct minotor_host *host, const void *state);

/* All jobs that there ever were. history.c */
int history_run(const struct minotor_host *host, void *state);
void history_emit(const struct minotor_host *host, const void *state);

#endif
