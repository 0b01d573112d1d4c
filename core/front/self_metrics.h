/* SPDX-License-Identifier: Apache-2.0 */
/* What is formatted for every scrape: the few numbers of the front's own process and of its answers. */
#ifndef MINOTOR_FRONT_SELF_METRICS_H
#define MINOTOR_FRONT_SELF_METRICS_H

#include <dirent.h>
#include <stdint.h>

#include "front/buffer.h"

#define SELF_METRICS_MAX_BYTES 4096

enum self_error {
    SELF_ERROR_ENCODING,  /* there was no memory for an answer */
    SELF_ERROR_GATHERING, /* there was no memory for a new page: the one before is served */
    SELF_ERROR_COUNT
};

struct self_metrics {
    int stat;                                             /* /proc/self/stat, or -1 */
    int statm;                                            /* /proc/self/statm, or -1 */
    DIR *descriptors;                                     /* /proc/self/fd, or NULL */
    double start_time_seconds;                            /* 0: unknown */
    uint64_t answers_ok, answers_failed, answers_refused; /* 200, 500, 503 */
    const unsigned *answering;                            /* answers under way; NULL: not known */
    uint64_t errors[SELF_ERROR_COUNT];
    const uint64_t *refused; /* of struct http, by enum http_refusal; NULL: not shown */
};

/* Opens what the sandbox would forbid; what cannot be opened is absent from the page later. */
void self_metrics_open(struct self_metrics *self);
void self_metrics_close(struct self_metrics *self);
/* The families process_*, sorted. */
void self_metrics_render_process(struct self_metrics *self, struct buffer *out);
/* The families promhttp_*, sorted. */
void self_metrics_render_answers(const struct self_metrics *self, struct buffer *out);

#endif
