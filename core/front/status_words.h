/* SPDX-License-Identifier: Apache-2.0 */
/* Words of the status page: text that is safe in HTML, times, sizes, and what is to be thought of a slot. */
#ifndef MINOTOR_FRONT_STATUS_WORDS_H
#define MINOTOR_FRONT_STATUS_WORDS_H

#include "front/buffer.h"
#include "front/store.h"

/* How something looks; a shape and a word say the same as its colour. */
enum status_look { LOOK_GOOD, LOOK_WAIT, LOOK_WARN, LOOK_BAD };

/* What is to be thought of a slot, in a word. */
struct status_verdict {
    enum status_look look;
    const char *word; /* static */
};

struct status_verdict status_verdict(const struct slot *slot, struct moment now);

/* As text and in a quoted attribute alike. */
void status_put_escaped(struct buffer *out, const char *text);
/* "350 ms", "12.4 s", "15 s", "3 min 20 s", "5 h 2 min", "3 d 4 h". */
void status_put_duration(struct buffer *out, int64_t duration_ms);
/* "980 B", "12.4 MiB" */
void status_put_bytes(struct buffer *out, uint64_t bytes);
/* "2026-12-01 02:03:04 UTC" */
void status_put_wall_time(struct buffer *out, int64_t wall_ms);
/* <time> with that as a tooltip: how long ago it was. */
void status_put_ago(struct buffer *out, int64_t wall_ms, struct moment now);
/* The shape and the word. */
void status_put_badge(struct buffer *out, enum status_look look, const char *word);
/* <td>, which a narrow screen introduces with `label`; "n" as the class of a number, or "". */
void status_begin_cell(struct buffer *out, const char *class, const char *label);
void status_put_heads(struct buffer *out, const char *const heads[], const char *const classes[], size_t count);

#endif
