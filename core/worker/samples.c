/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/samples.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/frame.h"
#include "common/text.h"
#include "common/wire.h"

/* Of an encoded point: family, kind, number of labels; then texts; then the value. */
#define POINT_HEAD_BYTES 4
#define POINT_VALUE_BYTES 8
#define POINT_MAX_BYTES (POINT_HEAD_BYTES + MINOTOR_LABELS_MAX * (2 + LABEL_VALUE_MAX_BYTES) + POINT_VALUE_BYTES)
/* What the front may add to a line: a target's label, braces, a number, line end. */
#define LINE_EXTRA_BYTES 96
/* Of a family: # HELP and # TYPE with their texts escaped. */
#define FAMILY_EXTRA_BYTES 64
#define KEPT_BYTES (64 * 1024)

void samples_explain(const struct samples *samples, enum sample_verdict verdict, char out[ERROR_TEXT_MAX_BYTES + 1])
{
    static const char *const texts[SAMPLE_VERDICT_COUNT] = {
        [SAMPLE_TAKEN] = "taken",
        [SAMPLE_NO_FAMILY] = "no such family",
        [SAMPLE_FAMILY_UNKNOWN] = "its family is unknown in this round",
        [SAMPLE_LABELS] = "wrong number of labels",
        [SAMPLE_LABEL_LENGTH] = "a label value that is too long",
        [SAMPLE_VALUE] = "a value that its type forbids",
        [SAMPLE_DUPLICATE] = "the same labels twice",
        [SAMPLE_TOO_MANY] = "too many samples: limits.samples is",
        [SAMPLE_TOO_LARGE] = "too many bytes: limits.bytes is",
        [SAMPLE_NO_MEMORY] = "no memory for a sample: limits.memory is reached",
    };
    const size_t size = ERROR_TEXT_MAX_BYTES + 1;
    if (verdict == SAMPLE_TOO_MANY)
        snprintf(out, size, "%s %" PRId64, texts[verdict], samples->limits->samples);
    else if (verdict == SAMPLE_TOO_LARGE)
        snprintf(out, size, "%s %" PRId64 " KiB", texts[verdict], samples->limits->bytes / 1024);
    else
        snprintf(out, size, "%s", texts[verdict]);
}

bool sample_verdict_is_limit(enum sample_verdict verdict)
{
    return verdict == SAMPLE_TOO_MANY || verdict == SAMPLE_TOO_LARGE || verdict == SAMPLE_NO_MEMORY;
}

unsigned samples_limits_hit(const struct samples *samples)
{
    return (samples->refused[SAMPLE_TOO_MANY] > 0 ? 1U << LIMIT_SAMPLES : 0) |
           (samples->refused[SAMPLE_TOO_LARGE] > 0 ? 1U << LIMIT_BYTES : 0) |
           (samples->refused[SAMPLE_NO_MEMORY] > 0 ? 1U << LIMIT_MEMORY : 0);
}

bool samples_init(struct samples *samples, const struct plugin *plugin, const struct slot_limits *limits)
{
    memset(samples, 0, sizeof *samples);
    samples->plugin = plugin;
    samples->limits = limits;
    /* Label values come from strangers; a seed that they do not know keeps them from choosing collisions. */
    samples->hash_seed = (uint64_t)clock_monotonic_us() ^ (uint64_t)(uintptr_t)samples;
    samples->unknown = calloc(plugin->family_count, sizeof *samples->unknown);
    samples->by_family = calloc(plugin->family_count, sizeof *samples->by_family);
    if (samples->unknown == NULL || samples->by_family == NULL) {
        samples_destroy(samples);
        return false;
    }
    samples_reset(samples);
    return true;
}

static void free_buffers(struct samples *samples)
{
    free(samples->bytes);
    free(samples->entries);
    free(samples->slots);
    samples->bytes = NULL;
    samples->entries = NULL;
    samples->slots = NULL;
    samples->capacity = samples->entries_capacity = samples->slots_count = 0;
}

void samples_destroy(struct samples *samples)
{
    free_buffers(samples);
    free(samples->unknown);
    free(samples->by_family);
    memset(samples, 0, sizeof *samples);
}

void samples_reset(struct samples *samples)
{
    if (samples->capacity > KEPT_BYTES)
        free_buffers(samples);
    samples->size = samples->count = 0;
    if (samples->slots != NULL)
        memset(samples->slots, 0, samples->slots_count * sizeof *samples->slots);
    samples->page_bytes = 0;
    for (size_t i = 0; i < samples->plugin->family_count; i++) {
        const struct minotor_family *family = &samples->plugin->families[i].family;
        samples->unknown[i] = false;
        samples->by_family[i] = 0;
        samples->page_bytes += 2 * strlen(family->name) + 2 * strlen(family->help) + FAMILY_EXTRA_BYTES;
    }
    memset(samples->refused, 0, sizeof samples->refused);
    samples->refused_family[0] = '\0';
}

/* Room for one point more in all three tables. */
static bool reserve(struct samples *samples, size_t point_bytes)
{
    if (samples->size + point_bytes > samples->capacity) {
        size_t capacity = samples->capacity == 0 ? KEPT_BYTES / 4 : samples->capacity * 2;
        uint8_t *bytes = realloc(samples->bytes, capacity);
        if (bytes == NULL)
            return false;
        samples->bytes = bytes;
        samples->capacity = capacity;
    }
    if (samples->count == samples->entries_capacity) {
        size_t capacity = samples->entries_capacity == 0 ? 256 : samples->entries_capacity * 2;
        struct sample_entry *entries = realloc(samples->entries, capacity * sizeof *entries);
        if (entries == NULL)
            return false;
        samples->entries = entries;
        samples->entries_capacity = capacity;
    }
    return true;
}

/* What makes a series: its family and labels. The kind of its value does not. */
static uint64_t series_hash(const struct samples *samples, uint16_t family, const uint8_t *point, size_t size)
{
    uint64_t hash = (0xcbf29ce484222325u ^ samples->hash_seed) * 0x100000001b3u;
    hash = (hash ^ family) * 0x100000001b3u;
    for (size_t i = POINT_HEAD_BYTES; i < size - POINT_VALUE_BYTES; i++)
        hash = (hash ^ point[i]) * 0x100000001b3u;
    return hash ^ (hash >> 32);
}

/* The place of this series in the table: taken by an equal one, or empty. */
static uint32_t *find_slot(const struct samples *samples, uint16_t family, const uint8_t *point, size_t size)
{
    size_t mask = samples->slots_count - 1;
    for (size_t at = series_hash(samples, family, point, size) & mask;; at = (at + 1) & mask) {
        uint32_t *slot = &samples->slots[at];
        if (*slot == 0)
            return slot;
        const struct sample_entry *entry = &samples->entries[*slot - 1];
        if (entry->family == family && entry->size == size &&
            memcmp(samples->bytes + entry->offset + POINT_HEAD_BYTES, point + POINT_HEAD_BYTES,
                   size - POINT_HEAD_BYTES - POINT_VALUE_BYTES) == 0)
            return slot;
    }
}

/* Keeps the table at most half full. */
static bool grow_slots(struct samples *samples)
{
    if ((samples->count + 1) * 2 <= samples->slots_count)
        return true;
    size_t slots_count = samples->slots_count == 0 ? 1024 : samples->slots_count * 2;
    uint32_t *slots = calloc(slots_count, sizeof *slots);
    if (slots == NULL)
        return false;
    free(samples->slots);
    samples->slots = slots;
    samples->slots_count = slots_count;
    for (size_t i = 0; i < samples->count; i++) {
        const struct sample_entry *entry = &samples->entries[i];
        *find_slot(samples, entry->family, samples->bytes + entry->offset, entry->size) = (uint32_t)i + 1;
    }
    return true;
}

/* Label values into the point; `page_bytes` grows by what they take on the page at most. */
static enum sample_verdict put_labels(struct wire_writer *writer, const struct plugin_family *entry,
                                      const char *const *values, size_t *page_bytes)
{
    char clean[3 * LABEL_VALUE_MAX_BYTES + 1]; /* each byte may become U+FFFD, which has three */
    for (size_t i = 0; i < entry->label_count; i++) {
        if (values[i] == NULL)
            return SAMPLE_LABELS;
        size_t size = strnlen(values[i], LABEL_VALUE_MAX_BYTES + 1);
        if (size > LABEL_VALUE_MAX_BYTES)
            return SAMPLE_LABEL_LENGTH;
        size = text_sanitize(clean, sizeof clean, values[i], size);
        if (size > LABEL_VALUE_MAX_BYTES)
            return SAMPLE_LABEL_LENGTH;
        wire_put_text(writer, clean, size);
        *page_bytes += strlen(entry->family.labels[i]) + 2 * size + 4;
    }
    return SAMPLE_TAKEN;
}

static bool value_allowed(const struct minotor_family *family, double value)
{
    if (family->type == MINOTOR_COUNTER)
        return isfinite(value) && value >= 0;
    if (family->type == MINOTOR_INFO)
        return value == 1;
    return true;
}

/* Everything about a sample but its value. */
struct sample {
    uint32_t family;
    const char *const *label_values;
    uint32_t label_count;
    enum frame_value_kind kind;
    uint64_t u64;
    double f64;
};

static enum sample_verdict encode(const struct samples *samples, const struct sample *sample,
                                  struct wire_writer *writer, size_t *page_bytes)
{
    if (sample->family >= samples->plugin->family_count)
        return SAMPLE_NO_FAMILY;
    const struct plugin_family *entry = &samples->plugin->families[sample->family];
    if (samples->unknown[sample->family])
        return SAMPLE_FAMILY_UNKNOWN;
    if (sample->label_count != entry->label_count || (sample->label_count > 0 && sample->label_values == NULL))
        return SAMPLE_LABELS;
    if (!value_allowed(&entry->family, sample->kind == FRAME_VALUE_U64 ? (double)sample->u64 : sample->f64))
        return SAMPLE_VALUE;
    wire_put_u16(writer, (uint16_t)sample->family);
    wire_put_u8(writer, (uint8_t)sample->kind);
    wire_put_u8(writer, entry->label_count);
    *page_bytes += strlen(entry->family.name) + LINE_EXTRA_BYTES;
    enum sample_verdict verdict = put_labels(writer, entry, sample->label_values, page_bytes);
    if (sample->kind == FRAME_VALUE_U64)
        wire_put_u64(writer, sample->u64);
    else
        wire_put_f64(writer, sample->f64);
    return verdict;
}

static enum sample_verdict make_room(struct samples *samples, size_t point_bytes, size_t page_bytes)
{
    if (samples->count >= (size_t)samples->limits->samples)
        return SAMPLE_TOO_MANY;
    if (samples->page_bytes + page_bytes > (size_t)samples->limits->bytes)
        return SAMPLE_TOO_LARGE;
    return reserve(samples, point_bytes) && grow_slots(samples) ? SAMPLE_TAKEN : SAMPLE_NO_MEMORY;
}

static enum sample_verdict store(struct samples *samples, uint16_t family, const struct wire_writer *point,
                                 size_t page_bytes)
{
    enum sample_verdict verdict = make_room(samples, point->size, page_bytes);
    if (verdict != SAMPLE_TAKEN) {
        samples_set_unknown(samples, family);
        return verdict;
    }
    uint32_t *slot = find_slot(samples, family, point->bytes, point->size);
    if (*slot != 0)
        return SAMPLE_DUPLICATE;
    samples->entries[samples->count] = (struct sample_entry){
        .offset = (uint32_t)samples->size,
        .size = (uint16_t)point->size,
        .family = family,
    };
    memcpy(samples->bytes + samples->size, point->bytes, point->size);
    samples->size += point->size;
    samples->count++;
    samples->page_bytes += page_bytes;
    samples->by_family[family]++;
    *slot = (uint32_t)samples->count;
    return SAMPLE_TAKEN;
}

static enum sample_verdict add(struct samples *samples, const struct sample *sample)
{
    uint8_t bytes[POINT_MAX_BYTES];
    struct wire_writer writer;
    size_t page_bytes = 0;
    wire_writer_init(&writer, bytes, sizeof bytes);
    enum sample_verdict verdict = encode(samples, sample, &writer, &page_bytes);
    if (verdict == SAMPLE_TAKEN)
        verdict = store(samples, (uint16_t)sample->family, &writer, page_bytes);
    if (verdict != SAMPLE_TAKEN) {
        samples->refused[verdict]++;
        if (samples->refused_family[0] == '\0' && sample->family < samples->plugin->family_count)
            strcpy(samples->refused_family, samples->plugin->families[sample->family].family.name);
    }
    return verdict;
}

enum sample_verdict samples_add_u64(struct samples *samples, uint32_t family, const char *const *label_values,
                                    uint32_t label_count, uint64_t value)
{
    const struct sample sample = { family, label_values, label_count, FRAME_VALUE_U64, value, 0 };
    return add(samples, &sample);
}

enum sample_verdict samples_add_f64(struct samples *samples, uint32_t family, const char *const *label_values,
                                    uint32_t label_count, double value)
{
    const struct sample sample = { family, label_values, label_count, FRAME_VALUE_F64, 0, value };
    return add(samples, &sample);
}

bool samples_set_unknown(struct samples *samples, uint32_t family)
{
    if (family >= samples->plugin->family_count)
        return false;
    samples->unknown[family] = true;
    return true;
}

size_t samples_unknown_count(const struct samples *samples)
{
    size_t count = 0;
    for (size_t i = 0; i < samples->plugin->family_count; i++)
        count += samples->unknown[i];
    return count;
}

size_t samples_known_count(const struct samples *samples)
{
    size_t count = 0;
    for (size_t i = 0; i < samples->plugin->family_count; i++)
        count += samples->unknown[i] ? 0 : samples->by_family[i];
    return count;
}

size_t samples_pack(const struct samples *samples, size_t *cursor, uint8_t *payload, uint16_t *count)
{
    struct wire_writer writer;
    wire_writer_init(&writer, payload, FRAME_PAYLOAD_MAX_BYTES);
    wire_put_u16(&writer, 0);
    *count = 0;
    for (; *cursor < samples->count && *count < UINT16_MAX; (*cursor)++) {
        const struct sample_entry *entry = &samples->entries[*cursor];
        if (samples->unknown[entry->family])
            continue;
        if (writer.size + entry->size > FRAME_PAYLOAD_MAX_BYTES)
            break;
        memcpy(payload + writer.size, samples->bytes + entry->offset, entry->size);
        writer.size += entry->size;
        (*count)++;
    }
    payload[0] = (uint8_t)(*count & 0xff);
    payload[1] = (uint8_t)(*count >> 8);
    return *count == 0 ? 0 : writer.size;
}
