/* SPDX-License-Identifier: Apache-2.0 */
/* Which reasons for unknown families the log has had: each is told when it begins, not in every round. */
#ifndef MINOTOR_WORKER_REASONS_H
#define MINOTOR_WORKER_REASONS_H

#include <stdbool.h>
#include <stdint.h>

#define REASONS_TOLD_MAX 16       /* at a time; a collector has some ten queries */
#define REASONS_MEMORY_ROUNDS 20U /* one that was away for so long is told again */

/* All zero at first. */
struct reasons {
    struct {
        uint64_t hash; /* 0: free */
        uint32_t round;
    } told[REASONS_TOLD_MAX];
};

/* Whether the reason is to be told in this round, and that it will be. */
bool reasons_are_news(struct reasons *reasons, uint32_t round, const char *reason);

#endif
