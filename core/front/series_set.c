/* SPDX-License-Identifier: Apache-2.0 */
#include "front/series_set.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define FIRST_CAPACITY 64

static uint64_t key[2];

void series_set_choose_key(void)
{
    /* 16 bytes never come in part; before the kernel's pool is ready there is no network to be attacked from.
     */
    if (getrandom(key, sizeof key, GRND_NONBLOCK) != (ssize_t)sizeof key)
        memset(key, 0, sizeof key);
}

static uint64_t rotate(uint64_t value, unsigned bits)
{
    return value << bits | value >> (64 - bits);
}

static void sip_rounds(uint64_t v[4], unsigned rounds)
{
    while (rounds-- > 0) {
        v[0] += v[1];
        v[1] = rotate(v[1], 13) ^ v[0];
        v[0] = rotate(v[0], 32);
        v[2] += v[3];
        v[3] = rotate(v[3], 16) ^ v[2];
        v[0] += v[3];
        v[3] = rotate(v[3], 21) ^ v[0];
        v[2] += v[1];
        v[1] = rotate(v[1], 17) ^ v[2];
        v[2] = rotate(v[2], 32);
    }
}

static void sip_word(uint64_t v[4], uint64_t word)
{
    v[3] ^= word;
    sip_rounds(v, 2);
    v[0] ^= word;
}

/* SipHash-2-4 with 128 bits of output, over the space and then the bytes. */
static struct series_hash hash_of(uint64_t space, const char *bytes, size_t size)
{
    uint64_t v[4] = {key[0] ^ 0x736f6d6570736575u, key[1] ^ 0x646f72616e646f6du ^ 0xee,
                     key[0] ^ 0x6c7967656e657261u, key[1] ^ 0x7465646279746573u};
    uint64_t last = (uint64_t)(size + sizeof space) << 56;
    struct series_hash hash;
    sip_word(v, space);
    for (; size >= 8; bytes += 8, size -= 8) {
        uint64_t word;
        memcpy(&word, bytes, sizeof word);
        sip_word(v, word);
    }
    for (size_t i = 0; i < size; i++)
        last |= (uint64_t)(unsigned char)bytes[i] << (8 * i);
    sip_word(v, last);
    v[2] ^= 0xee;
    sip_rounds(v, 4);
    hash.low = v[0] ^ v[1] ^ v[2] ^ v[3];
    v[1] ^= 0xdd;
    sip_rounds(v, 4);
    hash.high = v[0] ^ v[1] ^ v[2] ^ v[3];
    if (hash.low == 0 && hash.high == 0)
        hash.low = 1; /* all zero marks a free place */
    return hash;
}

/* The place of `hash`, or the free one where it belongs. */
static struct series_hash *place_of(const struct series_set *set, struct series_hash hash)
{
    size_t index = hash.low & (set->capacity - 1);
    for (;;) {
        struct series_hash *place = &set->hashes[index];
        bool is_free = place->low == 0 && place->high == 0;
        if (is_free || (place->low == hash.low && place->high == hash.high))
            return place;
        index = (index + 1) & (set->capacity - 1);
    }
}

static bool grow(struct series_set *set)
{
    struct series_set larger = {.capacity = set->capacity ? set->capacity * 2 : FIRST_CAPACITY,
                                .count = set->count};
    larger.hashes = calloc(larger.capacity, sizeof larger.hashes[0]);
    if (!larger.hashes)
        return false;
    for (size_t i = 0; i < set->capacity; i++)
        if (set->hashes[i].low || set->hashes[i].high)
            *place_of(&larger, set->hashes[i]) = set->hashes[i];
    free(set->hashes);
    *set = larger;
    return true;
}

enum series_result series_set_add(struct series_set *set, uint64_t space, const char *bytes, size_t size)
{
    if (set->count >= set->capacity / 2 && !grow(set))
        return SERIES_NO_MEMORY;
    struct series_hash hash = hash_of(space, bytes, size);
    struct series_hash *place = place_of(set, hash);
    if (place->low || place->high)
        return SERIES_DUPLICATE;
    *place = hash;
    set->count++;
    return SERIES_NEW;
}

void series_set_clear(struct series_set *set)
{
    if (set->hashes)
        memset(set->hashes, 0, set->capacity * sizeof set->hashes[0]);
    set->count = 0;
}

void series_set_free(struct series_set *set)
{
    free(set->hashes);
    *set = (struct series_set){0};
}
