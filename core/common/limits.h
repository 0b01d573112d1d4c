/* SPDX-License-Identifier: Apache-2.0 */
/* What one slot may use: the group `limits` of its collector's file. Bounds and defaults stand in contract.h. */
#ifndef MINOTOR_COMMON_LIMITS_H
#define MINOTOR_COMMON_LIMITS_H

#include <stdbool.h>
#include <stdint.h>

#include "common/contract.h"

struct slot_limits {
    int64_t memory_bytes; /* of data, as RLIMIT_DATA counts it */
    int64_t descriptors;
    int64_t nice;
    int64_t cpu_ms;    /* of one round, and of what follows it up to the next */
    int64_t samples;   /* of one round */
    int64_t bytes;     /* of one round, as the page shows it */
    int64_t log_lines; /* of its worker, per second */
};

/* Those that can be hit; the order of control_slot_state.limit_hits and of the label `limit`. */
enum slot_limit {
    LIMIT_MEMORY,
    LIMIT_DESCRIPTORS,
    LIMIT_CPU,
    LIMIT_SAMPLES,
    LIMIT_BYTES,
    LIMIT_LOG_LINES,
    LIMIT_COUNT
};

/* "memory", "descriptors" ... as in the configuration. Static. */
const char *slot_limit_name(unsigned limit);

void slot_limits_default(struct slot_limits *limits);
bool slot_limits_equal(const struct slot_limits *one, const struct slot_limits *other);

#endif
