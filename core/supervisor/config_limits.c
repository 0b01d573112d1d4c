/* SPDX-License-Identifier: Apache-2.0 */
/* The group `limits` of a collector's file. */
#include "supervisor/config.h"

enum quantity {
    QUANTITY_NUMBER,
    QUANTITY_SIZE,
    QUANTITY_TIME,
};

static const struct {
    const char *key;
    enum quantity quantity;
    int64_t minimum;
    int64_t maximum;
    size_t offset;
} LIMITS[] = {
#define LIMIT(key, quantity, minimum, maximum, member) \
    {key, quantity, minimum, maximum, offsetof(struct slot_limits, member)}
    LIMIT("memory", QUANTITY_SIZE, LIMIT_MEMORY_MIN_BYTES, LIMIT_MEMORY_MAX_BYTES, memory_bytes),
    LIMIT("descriptors", QUANTITY_NUMBER, LIMIT_DESCRIPTORS_MIN, LIMIT_DESCRIPTORS_MAX, descriptors),
    LIMIT("nice", QUANTITY_NUMBER, 0, LIMIT_NICE_MAX, nice),
    LIMIT("cpu", QUANTITY_TIME, LIMIT_CPU_MIN_MS, TIMEOUT_MAX_MS, cpu_ms),
    LIMIT("samples", QUANTITY_NUMBER, 1, SAMPLES_MAX, samples),
    LIMIT("bytes", QUANTITY_SIZE, LIMIT_BYTES_MIN, ROUND_MAX_BYTES, bytes),
    LIMIT("log_lines", QUANTITY_NUMBER, 1, LIMIT_LOG_LINES_MAX, log_lines),
#undef LIMIT
};

#define LIMITS_COUNT (sizeof LIMITS / sizeof LIMITS[0])

void config_read_limits(struct config_collector *collector, struct config_file *file, const config_setting_t *root)
{
    const char *keys[LIMITS_COUNT + 1] = {NULL};
    const config_setting_t *group;
    slot_limits_default(&collector->limits);
    if (!config_group(file, root, "limits", &group))
        return;
    for (size_t i = 0; i < LIMITS_COUNT; i++)
        keys[i] = LIMITS[i].key;
    config_known_keys(file, group, keys);
    for (size_t i = 0; i < LIMITS_COUNT; i++) {
        int64_t *value = (int64_t *)(void *)((char *)&collector->limits + LIMITS[i].offset);
        long long number;
        if (LIMITS[i].quantity == QUANTITY_SIZE)
            config_size(file, group, LIMITS[i].key, LIMITS[i].minimum, LIMITS[i].maximum, value);
        else if (LIMITS[i].quantity == QUANTITY_TIME)
            config_duration(file, group, LIMITS[i].key, LIMITS[i].minimum, LIMITS[i].maximum, value);
        else if (config_integer(file, group, LIMITS[i].key, LIMITS[i].minimum, LIMITS[i].maximum, &number))
            *value = number;
    }
}
