/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/reasons.h"

#include <stddef.h>

/* FNV-1a; never 0. */
static uint64_t hash_of(const char *text)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (; *text != '\0'; text++)
        hash = (hash ^ (unsigned char)*text) * UINT64_C(0x100000001b3);
    return hash != 0 ? hash : 1;
}

bool reasons_are_news(struct reasons *reasons, uint32_t round, const char *reason)
{
    uint64_t hash = hash_of(reason);
    size_t place = REASONS_TOLD_MAX;
    for (size_t i = 0; i < REASONS_TOLD_MAX; i++) {
        bool is_forgotten = reasons->told[i].hash == 0 || round - reasons->told[i].round > REASONS_MEMORY_ROUNDS;
        if (!is_forgotten && reasons->told[i].hash == hash) {
            reasons->told[i].round = round;
            return false;
        }
        if (is_forgotten)
            place = i;
    }
    if (place == REASONS_TOLD_MAX)
        return false; /* so many at once are told by the first of them */
    reasons->told[place].hash = hash;
    reasons->told[place].round = round;
    return true;
}
