/* SPDX-License-Identifier: Apache-2.0 */
#include "common/limits.h"

const char *slot_limit_name(unsigned limit)
{
    static const char *const names[LIMIT_COUNT] = {
        [LIMIT_MEMORY] = "memory",   [LIMIT_DESCRIPTORS] = "descriptors", [LIMIT_CPU] = "cpu",
        [LIMIT_SAMPLES] = "samples", [LIMIT_BYTES] = "bytes",             [LIMIT_LOG_LINES] = "log_lines",
    };
    return limit < LIMIT_COUNT ? names[limit] : "unknown";
}

void slot_limits_default(struct slot_limits *limits)
{
    *limits = (struct slot_limits){ .memory_bytes = LIMIT_MEMORY_DEFAULT_BYTES,
                                    .descriptors = LIMIT_DESCRIPTORS_DEFAULT,
                                    .nice = LIMIT_NICE_DEFAULT,
                                    .cpu_ms = LIMIT_CPU_DEFAULT_MS,
                                    .samples = SAMPLES_MAX,
                                    .bytes = ROUND_MAX_BYTES,
                                    .log_lines = LIMIT_LOG_LINES_DEFAULT };
}

bool slot_limits_equal(const struct slot_limits *one, const struct slot_limits *other)
{
    return one->memory_bytes == other->memory_bytes && one->descriptors == other->descriptors &&
           one->nice == other->nice && one->cpu_ms == other->cpu_ms && one->samples == other->samples &&
           one->bytes == other->bytes && one->log_lines == other->log_lines;
}
