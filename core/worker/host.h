/* SPDX-License-Identifier: Apache-2.0 */
/* The table of functions that a plugin gets, and what stands behind it. */
#ifndef MINOTOR_WORKER_HOST_H
#define MINOTOR_WORKER_HOST_H

#include <stdbool.h>
#include <stdint.h>

#include "minotor/collector.h"
#include "worker/api.h"
#include "worker/claim.h"
#include "worker/database.h"
#include "worker/kept_state.h"
#include "worker/plugin_settings.h"
#include "worker/reasons.h"
#include "worker/report.h"
#include "worker/samples.h"

struct host {
    struct minotor_host table; /* what the plugin sees */
    const struct plugin_settings *settings;
    struct samples *samples;
    struct database *database; /* NULL: the plugin did not ask for one */
    struct api *api;           /* likewise; this and the next four are set after host_init() */
    const struct worker_settings *worker;
    struct claim *claim;
    struct kept_state *kept;
    struct report *report;     /* NULL: not on trial */
    const bool *stopping;      /* the worker was told to leave: time is up */
    bool in_round;
    int64_t deadline_ms;
    char error[ERROR_TEXT_MAX_BYTES + 1];          /* minotor_error() */
    char unknown_reason[ERROR_TEXT_MAX_BYTES + 1]; /* of the first family that is unknown in this round */
    struct reasons reasons;                        /* for unknown families, that the log has had */
    uint32_t rounds;
};

/* All pointers stay the caller's and must outlive the host. */
void host_init(struct host *host, const struct plugin_settings *settings, struct samples *samples,
               struct database *database, const bool *stopping);
/* Between these two collect() may emit and query. */
void host_begin_round(struct host *host, int64_t timeout_ms, int64_t deadline_ms);
void host_end_round(struct host *host);

#endif
