/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Exit codes of minotor's children: the vocabulary in which a child tells the supervisor why it left.
 * No other code is used; a plugin that calls exit() is told apart because 0 before BYE is a failure too.
 */
#ifndef MINOTOR_COMMON_EXIT_CODE_H
#define MINOTOR_COMMON_EXIT_CODE_H

#include <stdbool.h>

enum exit_code {
    EXIT_CODE_DONE = 0,
    EXIT_CODE_USAGE = 64,
    EXIT_CODE_DESCRIPTORS,
    EXIT_CODE_SESSION,
    EXIT_CODE_SIGNALS,
    EXIT_CODE_NO_SETTINGS,
    EXIT_CODE_LIMITS,
    EXIT_CODE_USER,
    EXIT_CODE_ORPHAN,
    EXIT_CODE_PRIVILEGES,
    EXIT_CODE_SANDBOX,
    EXIT_CODE_CONTROL,
    EXIT_CODE_PROTOCOL,
    EXIT_CODE_MEMORY,
    EXIT_CODE_DRIVER,
    EXIT_CODE_PLUGIN_FILE,
    EXIT_CODE_PLUGIN_ABI,
    EXIT_CODE_PLUGIN_DESCRIPTOR,
    EXIT_CODE_PLUGIN_SETTING,
    EXIT_CODE_PLUGIN_OPEN,
    EXIT_CODE_HTTP,
    EXIT_CODE_ROW,
    EXIT_CODE_BROKER,
    EXIT_CODE_LAST = EXIT_CODE_BROKER,
};

/* What the code means, for an obituary: "could not drop privileges". Never NULL; static. */
const char *exit_code_text(int code);

/* Whether a restart cannot help: the slot is parked until the configuration is read again. */
bool exit_code_parks(int code);

#endif
