/* SPDX-License-Identifier: Apache-2.0 */
/* The report of a worker on trial, as common/report.h has it, while it is being made. */
#ifndef MINOTOR_WORKER_REPORT_H
#define MINOTOR_WORKER_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/frame.h"
#include "common/report.h"
#include "worker/samples.h"

struct report {
    char text[REPORT_MAX_BYTES + 1];
    size_t size;
    bool is_cut;
};

/* A family that the collector has just declared unknown. */
void report_unknown(struct report *report, const char *family, const char *reason);

/* There is no round: the plugin has taken its settings. */
void report_settings(struct report *report);

/* The round is over: what it did not give, and what it came to. */
void report_round(struct report *report, enum round_status status, const char *error, int64_t duration_ms,
                  const struct samples *samples);

#endif
