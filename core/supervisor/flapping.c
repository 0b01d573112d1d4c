/* SPDX-License-Identifier: Apache-2.0 */
#include "supervisor/flapping.h"

#include <inttypes.h>

#include "common/text.h"

static bool is_digit(char character)
{
    return character >= '0' && character <= '9';
}

static bool is_hex(char character)
{
    return is_digit(character) || (character >= 'a' && character <= 'f');
}

/* Addresses, process numbers and times differ from one death to the next of the same kind. */
static uint32_t way_of(const char *how)
{
    uint32_t hash = 2166136261u;
    while (*how != '\0') {
        if (how[0] == '0' && how[1] == 'x') {
            for (how += 2; is_hex(*how);)
                how++;
        } else if (is_digit(*how)) {
            how++;
        } else {
            hash = (hash ^ (unsigned char)*how++) * 16777619u;
        }
    }
    return hash;
}

/* Whether it is seen for the first time; remembers as many as there is room for. */
static bool is_new_way(struct flapping *flapping, uint32_t way)
{
    for (unsigned i = 0; i < flapping->way_count; i++)
        if (flapping->ways[i] == way)
            return false;
    if (flapping->way_count == FLAPPING_WAYS_MAX)
        return false; /* it chooses its words to be heard */
    flapping->ways[flapping->way_count++] = way;
    return true;
}

static enum flapping_verdict judge(struct flapping *flapping, const char *how, int64_t now_ms)
{
    bool is_new = is_new_way(flapping, way_of(how));
    if (flapping->count <= FLAPPING_TOLD_FIRST || is_new) {
        flapping->distance_ms = FLAPPING_SUMMARY_FIRST_MS;
        flapping->told_count = flapping->count;
        return FLAPPING_TELL;
    }
    if (now_ms < flapping->summary_ms)
        return FLAPPING_SILENT;
    flapping->distance_ms *= 2;
    if (flapping->distance_ms > FLAPPING_SUMMARY_MAX_MS)
        flapping->distance_ms = FLAPPING_SUMMARY_MAX_MS;
    return FLAPPING_SUMMARY;
}

enum flapping_verdict flapping_fail(struct flapping *flapping, const char *how, int64_t now_ms)
{
    if (flapping->count == 0 || now_ms - flapping->last_ms > FLAPPING_CALM_MS)
        *flapping = (struct flapping){.since_ms = now_ms, .run = flapping->run};
    flapping->count++;
    flapping->run++;
    flapping->last_ms = now_ms;
    enum flapping_verdict verdict = judge(flapping, how, now_ms);
    if (verdict == FLAPPING_SILENT)
        return verdict;
    flapping->summary_ms = now_ms + flapping->distance_ms;
    flapping->recovery_is_news = true;
    return verdict;
}

unsigned flapping_recover(struct flapping *flapping)
{
    unsigned news = flapping->recovery_is_news ? flapping->run : 0;
    flapping->recovery_is_news = false;
    flapping->run = 0;
    return news;
}

bool flapping_is_quiet(const struct flapping *flapping, int64_t now_ms)
{
    return flapping->count >= FLAPPING_TOLD_FIRST && now_ms - flapping->last_ms <= FLAPPING_CALM_MS;
}

void flapping_summarize(struct flapping *flapping, int64_t now_ms, char *out, size_t out_bytes)
{
    int64_t minutes = (now_ms - flapping->since_ms) / 60000;
    text_format(out, out_bytes, "has failed %u times in %" PRId64 " min, %u times since it was last said",
                flapping->count, minutes, flapping->count - flapping->told_count);
    flapping->told_count = flapping->count;
}
