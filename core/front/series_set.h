/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The set of series that were already seen. It keeps a 128-bit hash of each (SipHash-2-4 under a random key)
 * and no text: by chance two of 20000 series collide once in 10^30 rounds, and without the key nobody can
 * make them collide, so a hostile collector can neither slow the set down nor fake a duplicate.
 */
#ifndef MINOTOR_FRONT_SERIES_SET_H
#define MINOTOR_FRONT_SERIES_SET_H

#include <stddef.h>
#include <stdint.h>

struct series_hash {
    uint64_t low, high;
};

/* All zero is an empty set. The owner calls series_set_free(). */
struct series_set {
    struct series_hash *hashes; /* open addressing; all zero is free */
    size_t capacity;            /* a power of two, or 0 */
    size_t count;
};

enum series_result { SERIES_NEW, SERIES_DUPLICATE, SERIES_NO_MEMORY };

/* Takes the key from the kernel. Call it once, before the first set; without it the key is zero, as tests
 * like it. */
void series_set_choose_key(void);
/* `space` keeps families, or targets, apart whose texts are equal. */
enum series_result series_set_add(struct series_set *set, uint64_t space, const char *bytes, size_t size);
/* Forgets the series and keeps the memory. */
void series_set_clear(struct series_set *set);
void series_set_free(struct series_set *set);

#endif
