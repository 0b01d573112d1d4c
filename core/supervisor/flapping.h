/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the log is told of a child that fails again and again: its first failures and each new way to fail in full,
 * then a summary at growing distances; the rest is for the debug level. One that has been calm for long begins anew.
 * Pure.
 */
#ifndef MINOTOR_SUPERVISOR_FLAPPING_H
#define MINOTOR_SUPERVISOR_FLAPPING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/contract.h"

enum flapping_verdict {
    FLAPPING_TELL,    /* in full */
    FLAPPING_SUMMARY, /* flapping_summarize() */
    FLAPPING_SILENT,
};

/* All zero: never failed. */
struct flapping {
    unsigned count;        /* failures since since_ms */
    unsigned told_count;   /* how many there had been when the log last heard of one */
    unsigned run;          /* failures since it last worked */
    bool recovery_is_news; /* the log has heard of a failure since it last heard that all is well */
    int64_t since_ms;
    int64_t last_ms;
    int64_t summary_ms;  /* no summary before */
    int64_t distance_ms; /* from this summary to the next */
    uint32_t ways[FLAPPING_WAYS_MAX];
    unsigned way_count;
};

/* It has failed; `how` is what would be logged. Digits in it do not make it another way to fail. */
enum flapping_verdict flapping_fail(struct flapping *flapping, const char *how, int64_t now_ms);
/* It works. The number of failures before, if the log wants to hear of that; else 0. */
unsigned flapping_recover(struct flapping *flapping);
/* Whether it has failed so often of late that what its processes say is for the debug level. */
bool flapping_is_quiet(const struct flapping *flapping, int64_t now_ms);
/* After the verdict SUMMARY: "has failed 17 times in 42 min, 9 times since it was last said". */
void flapping_summarize(struct flapping *flapping, int64_t now_ms, char *out, size_t out_bytes);

#endif
