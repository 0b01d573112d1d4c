/* SPDX-License-Identifier: Apache-2.0 */
/* The settings that a collector declares, with the values that its configuration file gives. */
#ifndef MINOTOR_WORKER_PLUGIN_SETTINGS_H
#define MINOTOR_WORKER_PLUGIN_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "minotor/collector.h"
#include "worker/settings.h"

#define PLUGIN_SETTING_RANGE_BYTES 128
#define PLUGIN_SETTING_ERROR_BYTES 1024

struct plugin_setting_value {
    int64_t integer;  /* integer, 0 or 1, milliseconds */
    const char *text; /* as given; belongs to whoever gave it */
};

/* Values in the order of the declarations. */
struct plugin_settings {
    const struct minotor_setting *declared;
    size_t count;
    struct plugin_setting_value values[PLUGIN_SETTINGS_MAX];
};

/* Whether the text is of the setting's type and in its range; the value if so. */
bool plugin_setting_parse(const struct minotor_setting *setting, const char *text, struct plugin_setting_value *value);
/* "an integer from 0 to 100" into `out` (PLUGIN_SETTING_RANGE_BYTES), which is returned. */
const char *plugin_setting_range(const struct minotor_setting *setting, char *out);

/*
 * Fills in defaults, then what was given; declarations and given values must live as long as the result.
 * False, and one line "FILE:LINE: what was found; what is allowed" in `error` (PLUGIN_SETTING_ERROR_BYTES).
 */
bool plugin_settings_resolve(struct plugin_settings *settings, const struct minotor_setting *declared, size_t count,
                             const struct given_setting *given, size_t given_count, char *error);

/* The value of a declared setting, or NULL. */
const struct plugin_setting_value *plugin_settings_find(const struct plugin_settings *settings, const char *name,
                                                        uint32_t *type);

#endif
