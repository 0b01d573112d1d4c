/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The samples of the round under way, checked and already encoded as in POINTS. They are kept until the round's
 * end, because a family may still be declared unknown, which drops its samples. Memory is bounded by
 * the slot's limits of samples and of what the page would show.
 */
#ifndef MINOTOR_WORKER_SAMPLES_H
#define MINOTOR_WORKER_SAMPLES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/limits.h"
#include "worker/plugin.h"

enum sample_verdict {
    SAMPLE_TAKEN = 0,
    SAMPLE_NO_FAMILY,      /* no such index */
    SAMPLE_FAMILY_UNKNOWN, /* the family was declared unknown in this round */
    SAMPLE_LABELS,         /* wrong number of labels, or NULL instead of a value */
    SAMPLE_LABEL_LENGTH,   /* a label value of more than LABEL_VALUE_MAX_BYTES */
    SAMPLE_VALUE,          /* a counter that is negative or not finite, an info that is not 1 */
    SAMPLE_DUPLICATE,      /* these labels are there already */
    /* With these the family is unknown in this round: half of it would be a lie. */
    SAMPLE_TOO_MANY,  /* the slot's limit of samples */
    SAMPLE_TOO_LARGE, /* its limit of bytes */
    SAMPLE_NO_MEMORY, /* its limit of memory, most likely */
    SAMPLE_VERDICT_COUNT
};

struct sample_entry {
    uint32_t offset;
    uint16_t size;
    uint16_t family;
};

struct samples {
    const struct plugin *plugin;
    const struct slot_limits *limits;
    uint8_t *bytes;
    size_t size, capacity;
    struct sample_entry *entries;
    size_t count, entries_capacity;
    uint32_t *slots; /* hash table: index into entries + 1, or 0 */
    size_t slots_count;
    uint64_t hash_seed;
    size_t page_bytes; /* upper bound of what the front renders */
    bool *unknown;     /* by family */
    uint32_t *by_family;
    uint64_t refused[SAMPLE_VERDICT_COUNT];
    char refused_family[METRIC_NAME_MAX_BYTES + 1]; /* the first one, for the log */
};

/* Plugin and limits must outlive it. False: no memory. */
bool samples_init(struct samples *samples, const struct plugin *plugin, const struct slot_limits *limits);
void samples_destroy(struct samples *samples);
/* Empties it for the next round and gives back what an unusually large round took. */
void samples_reset(struct samples *samples);

/* Label values are copied; invalid UTF-8 in them is replaced. What is refused is counted in `refused`. */
enum sample_verdict samples_add_u64(struct samples *samples, uint32_t family, const char *const *label_values,
                                    uint32_t label_count, uint64_t value);
enum sample_verdict samples_add_f64(struct samples *samples, uint32_t family, const char *const *label_values,
                                    uint32_t label_count, double value);

/* "the same labels twice", "too many samples: limits.samples is 20000" ... */
void samples_explain(const struct samples *samples, enum sample_verdict verdict, char out[ERROR_TEXT_MAX_BYTES + 1]);
/* Whether a verdict has made its family unknown. */
bool sample_verdict_is_limit(enum sample_verdict verdict);
/* The limits that were hit since the last reset: bits 1 << enum slot_limit. */
unsigned samples_limits_hit(const struct samples *samples);

/* Drops the family's samples and takes no more of them in this round. False: no such family. */
bool samples_set_unknown(struct samples *samples, uint32_t family);
size_t samples_unknown_count(const struct samples *samples);
/* Samples of families that are not unknown. */
size_t samples_known_count(const struct samples *samples);

/*
 * Writes the payload of the next POINTS frame. `cursor` starts at 0. Returns its size, at most
 * FRAME_PAYLOAD_MAX_BYTES, and how many samples it holds; 0 when there are no more.
 */
size_t samples_pack(const struct samples *samples, size_t *cursor, uint8_t *payload, uint16_t *count);

#endif
