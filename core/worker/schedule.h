/* SPDX-License-Identifier: Apache-2.0 */
/*
 * When rounds start. Pure. Rounds stand on a grid of one interval from the first round on: what a round took
 * does not shift the next, and starts that were missed (a long round, a stopped machine) are not made up for.
 */
#ifndef MINOTOR_WORKER_SCHEDULE_H
#define MINOTOR_WORKER_SCHEDULE_H

#include <stdint.h>

struct schedule {
    int64_t interval_ms;
    int64_t first_ms; /* origin of the grid */
    int64_t next_ms;  /* start of the next round */
};

/* The first round is due `first_delay_ms` from now. */
void schedule_init(struct schedule *schedule, int64_t now_ms, int64_t interval_ms, int64_t first_delay_ms);
/* Milliseconds until the next round; 0 when it is due. */
int64_t schedule_wait_ms(const struct schedule *schedule, int64_t now_ms);
/* A round is over: the next one is due at the first point of the grid after now. */
void schedule_advance(struct schedule *schedule, int64_t now_ms);
/* One round more, now; the grid stays where it is. */
void schedule_soon(struct schedule *schedule, int64_t now_ms);

#endif
