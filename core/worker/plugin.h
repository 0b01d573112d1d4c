/* SPDX-License-Identifier: Apache-2.0 */
/* Loads a collector and checks what it says of itself before any of its functions but the entry is called. */
#ifndef MINOTOR_WORKER_PLUGIN_H
#define MINOTOR_WORKER_PLUGIN_H

#include <stddef.h>
#include <stdint.h>

#include "common/exit_code.h"
#include "common/trust.h"
#include "minotor/collector.h"

#define PLUGIN_ERROR_MAX_BYTES 1024

struct plugin_family {
    struct minotor_family family;
    uint8_t label_count;
};

/* A checked copy of a descriptor; its strings belong to the plugin, which is never unloaded. */
struct plugin {
    struct minotor_collector collector; /* families and settings of it are not used */
    struct plugin_family *families;
    size_t family_count;
    struct minotor_setting *settings;
    size_t setting_count;
};

/*
 * Checks a descriptor and copies it. Pure but for memory. `expected_name` is the configured collector.
 * Returns EXIT_CODE_DONE and a plugin that plugin_destroy() frees; or EXIT_CODE_PLUGIN_ABI,
 * EXIT_CODE_PLUGIN_DESCRIPTOR or EXIT_CODE_MEMORY, and one line in `error` (PLUGIN_ERROR_MAX_BYTES).
 */
enum exit_code plugin_check(const struct minotor_collector *descriptor, const char *expected_name,
                            struct plugin *plugin, char *error);

/*
 * dlopen, entry, plugin_check. Also EXIT_CODE_PLUGIN_FILE; `distrust` is what trust_plugin() has against the file, or "".
 * The module stays loaded whatever happens.
 */
enum exit_code plugin_load(const char *path, const char *distrust, const char *expected_name, struct plugin *plugin,
                           char *error);

/* Frees the copies, not the module. */
void plugin_destroy(struct plugin *plugin);

#endif
