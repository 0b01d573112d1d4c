/* SPDX-License-Identifier: Apache-2.0 */
/* A password in a file of its own. It is read when a worker needs it and kept nowhere. */
#ifndef MINOTOR_SUPERVISOR_PASSWORD_H
#define MINOTOR_SUPERVISOR_PASSWORD_H

#include <stddef.h>
#include <sys/stat.h>

#include "common/contract.h"

enum password_result {
    PASSWORD_OK = 0,
    PASSWORD_UNREADABLE, /* errno says why */
    PASSWORD_NO_FILE,    /* a folder, a device, a pipe */
    PASSWORD_TOO_OPEN,   /* others than its owner may read or write it */
    PASSWORD_BAD_TEXT,   /* empty, longer than a setting can be, or several lines */
    PASSWORD_NO_UTF8,    /* of password_read_utf8() only */
};

/*
 * Reads the first and only line of the file. The caller wipes `password` with explicit_bzero(); after a
 * failure it is wiped already. `status` gets what the file looks like, so that a change can be noticed; it
 * may be NULL.
 */
enum password_result password_read(const char *path, char password[SETTING_VALUE_MAX_BYTES],
                                   struct stat *status);

/* The same for what goes to the HTTP API, which takes nothing but UTF-8. */
enum password_result password_read_utf8(const char *path, char password[SETTING_VALUE_MAX_BYTES]);

/* What was found and what is allowed, for a message; static. For PASSWORD_UNREADABLE look at errno first. */
const char *password_result_text(enum password_result result);

#endif
