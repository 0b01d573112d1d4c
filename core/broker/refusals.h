/* SPDX-License-Identifier: Apache-2.0 */
/* What was refused, so that each place gets one line in the log, and a worker that thinks of many does not fill it. */
#ifndef MINOTOR_BROKER_REFUSALS_H
#define MINOTOR_BROKER_REFUSALS_H

#include <stdbool.h>
#include <stdint.h>

#include "common/contract.h"

struct refusals {
    uint64_t sums[REFUSALS_MAX];
    unsigned count;
    bool is_full;
};

/* Logs one line about `what`, unless it was said before. `allowed` is for the same line. */
void refusals_tell(struct refusals *refusals, const char *what, const char *allowed);

#endif
