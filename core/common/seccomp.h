/* SPDX-License-Identifier: Apache-2.0 */
/* The list of system calls that a child may make. What it does not know, the kernel does not know either: ENOSYS. */
#ifndef MINOTOR_COMMON_SECCOMP_H
#define MINOTOR_COMMON_SECCOMP_H

#include <stdbool.h>

#include "common/sandbox.h"

struct seccomp_plan {
    enum sandbox_profile profile;
    bool has_broker;    /* of a worker: it never connects itself */
    bool kills_unknown; /* a call that is not in the list ends the process. The front's list is always like this */
    bool logs;          /* refused calls are in the kernel's log, not only deadly ones */
};

/* Applies it to this thread and those that it will start. 0; 1 and `why`: with weaker actions than asked for; -1 and errno. */
int seccomp_apply(const struct seccomp_plan *plan, const char **why);

#endif
