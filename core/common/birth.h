/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a child is born, between exec and its first line of work. The order matters and is the same for all kinds:
 * descriptors, session, signals, settings from the supervisor, namespaces, resource limits, user and capabilities,
 * death signal, not dumpable, no new privileges, no memory that is both written and executed, Landlock, seccomp.
 * Then it reports how it is confined, and only then foreign code may run. Every step that must not fail has its exit
 * code and one line; of the others common/sandbox.h says what became.
 */
#ifndef MINOTOR_COMMON_BIRTH_H
#define MINOTOR_COMMON_BIRTH_H

#include <stdint.h>

#include "common/control.h"
#include "common/exit_code.h"
#include "common/sandbox.h"

/* What differs between the kinds of children. */
struct birth_plan {
    const char *process_name;  /* at most 15 bytes, for ps and kernel messages */
    int first_free_descriptor; /* everything from here on is closed */
    uint64_t data_max_bytes; /* this and the next, unless a setting says otherwise */
    uint64_t files_max;
    uint64_t processes_max;
    enum sandbox_profile profile;
    /* Receives the settings that are not birth's own: "supervisor_pid", "uid", "gid", "log_level", "memory_bytes",
     * "descriptors", "nice", "crowded", and those of sandbox_take_setting(). 0, or -1 after logging. */
    int (*take_setting)(const struct control_setting *setting, void *context);
    /* Receives the descriptors of other messages before START: the front's listeners. NULL: none allowed. */
    int (*take_message)(const struct control_message *message, int descriptor, void *context);
    /* What has to be reached in spite of the sandbox, once all settings are there. NULL: nothing. */
    struct sandbox_rules *(*rules)(void *context, bool has_broker);
    /* Opens what the sandbox would forbid. EXIT_CODE_DONE, or why the child has to leave. May be NULL. */
    enum exit_code (*before_sandbox)(void *context);
    void *context;
};

/* Returns when the child is confined and may begin; else does not return. */
void birth(const struct birth_plan *plan);

/* Ends the child at once, without running what libraries or plugins left in atexit. */
_Noreturn void birth_exit(int code);

#endif
