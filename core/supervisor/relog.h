/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a child writes to stderr, made into log lines: its level by the letter in front, at most
 * the slot's limit of lines a second after a burst, and the last ones kept for when it dies.
 */
#ifndef MINOTOR_SUPERVISOR_RELOG_H
#define MINOTOR_SUPERVISOR_RELOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/contract.h"
#include "common/log.h"

/* Receives one clean line of the child. */
typedef void (*relog_output)(enum log_level level, const char *text, void *context);

struct relog {
    relog_output output;
    void *context;
    char line[LOG_LINE_MAX_BYTES + 1]; /* the line that is being collected */
    size_t line_bytes;
    int64_t lines_per_second;
    int64_t budget_lines;                  /* in thousandths */
    int64_t budget_at_ms;                  /* when the budget was last filled up */
    uint64_t dropped_total;                /* lines; this and the next are counted over all generations */
    uint64_t summaries_total;
    uint64_t dropped;                      /* lines since the last one that was let through */
    int64_t dropped_at_ms;                 /* when the first of them was */
    char last_words[LAST_WORDS_MAX_BYTES]; /* the newest lines, terminated each; dropped ones too */
    size_t last_words_bytes;
    int64_t last_words_ms; /* when the newest of them came */
};

/* All zero at first. Begins a new generation: empty but for the totals. `output` gets the lines. */
void relog_begin(struct relog *relog, int64_t lines_per_second, relog_output output, void *context, int64_t now_ms);

/* Takes bytes as they came from the pipe. */
void relog_feed(struct relog *relog, const char *bytes, size_t size, int64_t now_ms);

/* The child is dead: what is left of a last line, and a word on dropped lines. */
void relog_end(struct relog *relog, int64_t now_ms);

/* When relog_tick() wants to be called to report dropped lines, or INT64_MAX. */
int64_t relog_tick_ms(const struct relog *relog);
void relog_tick(struct relog *relog, int64_t now_ms);

/* The newest line, without its level letter, or "" when it is older than a second: what was said long ago is
 * not why the child is dying now. Valid until the next call. */
const char *relog_last_words(const struct relog *relog, int64_t now_ms);

#endif
