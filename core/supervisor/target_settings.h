/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a worker is told about its target, and the secrets among it: they are read when a worker is born and
 * kept nowhere, but for a data source out of a configuration in a database (row.h).
 */
#ifndef MINOTOR_SUPERVISOR_TARGET_SETTINGS_H
#define MINOTOR_SUPERVISOR_TARGET_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

#include "supervisor/child.h"
#include "supervisor/config.h"

/* Wiped by its owner with explicit_bzero(). "": there is none, or it is not for this collector. */
struct target_secrets {
    char password[SETTING_VALUE_MAX_BYTES];
    char token[SETTING_VALUE_MAX_BYTES];
    char login_password[SETTING_VALUE_MAX_BYTES];
};

#define TARGET_STATUS_FILES 6

/* Files that secrets come from, as they were when somebody looked. */
struct target_status {
    struct stat file[TARGET_STATUS_FILES];
};

/*
 * Reads the secrets that a collector may have. 0; or -1, `why` is one line, and `secrets` is wiped. A
 * password out of Mattermost's configuration is given only if it is still one for the place that the target
 * has.
 */
int target_secrets_read(const struct config_target *target, unsigned wanted, struct target_secrets *secrets,
                        char *why, size_t why_bytes);

/* Sends database.*, api.* and target.*. `wanted`: as it was when they were read. */
void target_settings_send(const struct config_target *target, unsigned wanted,
                          const struct target_secrets *secrets, struct child *child);

void target_status_take(const struct config_target *target, struct target_status *status);
/* Whether all those files are as they were. */
bool target_status_same(const struct config_target *target, const struct target_status *status);

#endif
