/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One libconfig file and typed reading from it. Everything that is wrong becomes one line
 *     FILE:LINE: what was found; what is allowed
 * and reading goes on, so that all mistakes of a file are told at once.
 */
#ifndef MINOTOR_SUPERVISOR_CONFIG_FILE_H
#define MINOTOR_SUPERVISOR_CONFIG_FILE_H

#include <libconfig.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/contract.h"

#define CONFIG_FILE_MAX_BYTES (1024 * 1024) /* some thousand times a real one */

/* Where mistakes go, and how many there were. */
struct config_faults {
    unsigned count;
    void (*report)(const char *line, void *context);
    void *context;
};

struct config_file {
    config_t parsed;
    char path[CONFIG_PATH_BYTES];
    struct config_faults *faults;
};

/* Parses a file. 0, or -1 after a fault; config_file_close() only after 0. `faults` must outlive the file. */
int config_file_open(struct config_file *file, const char *path, struct config_faults *faults);
void config_file_close(struct config_file *file);

/* Reports a fault at the line of `where` (NULL: of the file as a whole). */
void config_fault(struct config_file *file, const config_setting_t *where, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Reports a fault that belongs to no parsed file. */
void config_fault_at(struct config_faults *faults, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* "FILE:LINE" of a setting. */
void config_origin(const struct config_file *file, const config_setting_t *where, char *out,
                   size_t out_bytes);

/* Reports every key of the group that is not in the list, which ends with NULL. */
void config_known_keys(struct config_file *file, const config_setting_t *group, const char *const *keys);

/*
 * Each of these looks for a key in a group. True when it is there and its value is good: then the value is
 * stored. False when it is absent, or after a fault: then nothing is stored.
 */
bool config_text(struct config_file *file, const config_setting_t *group, const char *key, char *out,
                 size_t out_bytes);
bool config_boolean(struct config_file *file, const config_setting_t *group, const char *key, bool *value);
bool config_integer(struct config_file *file, const config_setting_t *group, const char *key,
                    long long minimum, long long maximum, long long *value);
bool config_duration(struct config_file *file, const config_setting_t *group, const char *key,
                     int64_t minimum_ms, int64_t maximum_ms, int64_t *value_ms);
/* One of a list of words, which ends with NULL; stores its index. */
bool config_choice(struct config_file *file, const config_setting_t *group, const char *key,
                   const char *const *words, unsigned *index);
/* A path; a relative one counts from the folder of the file. */
bool config_path(struct config_file *file, const config_setting_t *group, const char *key, char *out,
                 size_t out_bytes);
/* A group. */
bool config_group(struct config_file *file, const config_setting_t *group, const char *key,
                  const config_setting_t **value);
/* The text that a setting holds, or NULL after a fault that names what it is; for elements of lists. */
const char *config_element_text(struct config_file *file, const config_setting_t *element,
                                const char *allowed);

/* `path` seen from the folder that holds `base`. Whether it fitted. */
bool config_resolve_path(const char *base, const char *path, char *out, size_t out_bytes);
/* What a setting is and holds, for messages: `the text "abc"`, `the integer 5`, `a group`. */
const char *config_describe(const config_setting_t *setting, char *out, size_t out_bytes);

#endif
