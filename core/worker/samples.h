/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The samples of the round under way, checked and already encoded as in POINTS. They are kept until the round's
 * end, because a family may still be declared unknown, which drops its samples. Memory is bounded by
 * SAMPLES_MAX and by ROUND_MAX_BYTES of what the page would show.
 */
#ifndef MINOTOR_WORKER_SAMPLES_H
#define MINOTOR_WORKER_SAMPLES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/contract.h"
#include "worker/plugin.h"

enum sample_verdict {
    SAMPLE_TAKEN = 0,
    SAMPLE_NO_FAMILY,      /* no such index */
    SAMPLE_FAMILY_UNKNOWN, /* the family was declared unknown in this round */
    SAMPLE_LABELS,         /* wrong number of labels, or NULL instead of a value */
    SAMPLE_LABEL_LENGTH,   /* a label value of more than LABEL_VALUE_MAX_BYTES */
    SAMPLE_VALUE,          /* a counter that is negative or not finite, an info that is not 1 */
    SAMPLE_DUPLICATE,      /* these labels are there already */
    SAMPLE_LIMIT,          /* too many samples or bytes; the family is unknown now, half of it would be a lie */
    SAMPLE_VERDICT_COUNT
};

/* "the same labels twice" ... Static. */
const char *sample_verdict_text(enum sample_verdict verdict);

struct sample_entry {
    uint32_t offset;
    uint16_t size;
    uint16_t family;
};

struct samples {
    const struct plugin *plugin;
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

/* The plugin must outlive it. False: no memory. */
bool samples_init(struct samples *samples, const struct plugin *plugin);
void samples_destroy(struct samples *samples);
/* Empties it for the next round and gives back what an unusually large round took. */
void samples_reset(struct samples *samples);

/* Label values are copied; invalid UTF-8 in them is replaced. What is refused is counted in `refused`. */
enum sample_verdict samples_add_u64(struct samples *samples, uint32_t family, const char *const *label_values,
                                    uint32_t label_count, uint64_t value);
enum sample_verdict samples_add_f64(struct samples *samples, uint32_t family, const char *const *label_values,
                                    uint32_t label_count, double value);

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
