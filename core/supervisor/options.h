/* SPDX-License-Identifier: Apache-2.0 */
/* The command line of minotord. */
#ifndef MINOTOR_SUPERVISOR_OPTIONS_H
#define MINOTOR_SUPERVISOR_OPTIONS_H

#include <stdbool.h>

#include "supervisor/config.h"

/* Exit statuses of minotord; the last three as in sysexits.h where it has them. */
enum minotord_status {
    MINOTORD_OK = 0,
    MINOTORD_USAGE = 2,
    MINOTORD_UNAVAILABLE = 69, /* --check: a collector did not get all that it should */
    MINOTORD_OS = 71,
    MINOTORD_CONFIG = 78,
};

struct options {
    char config_path[CONFIG_PATH_BYTES]; /* absolute */
    bool check;
    bool check_files; /* and nobody is asked */
    struct config_overrides overrides; /* texts belong to argv */
};

/*
 * Parses. Returns -1 when there is work to do; else everything has been said and the value is the exit status
 * (--help, --version, a mistake).
 */
int options_parse(struct options *options, int argument_count, char **arguments);

#endif
