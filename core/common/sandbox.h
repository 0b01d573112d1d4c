/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The confinement of a child: which layers there are, what was asked for, and what became of each. birth() calls
 * the steps in their order; the files beside this one (namespaces, capabilities, landlock, seccomp) do the work.
 * What the kernel, or a wall around minotor, refuses is never silence: it is the state of a layer, which the child
 * reports. Only the policy decides whether it may go on.
 */
#ifndef MINOTOR_COMMON_SANDBOX_H
#define MINOTOR_COMMON_SANDBOX_H

#include <stdbool.h>

#include "common/control.h"
#include "common/layers.h"
#include "common/sandbox_rules.h"

enum sandbox_profile {
    SANDBOX_WORKER,
    SANDBOX_FRONT,
    SANDBOX_BROKER,
    SANDBOX_PROFILE_COUNT
};

/* Of one child, from its first setting to its report. */
struct sandbox {
    enum sandbox_profile profile;
    struct sandbox_choice choice;
    bool has_broker; /* a worker's connections are made for it by another process */
    bool was_root;
    struct control_sandbox report;
};

/* Everything "off" or "missing" until a step says otherwise. */
void sandbox_init(struct sandbox *sandbox, enum sandbox_profile profile);

/* Takes "sandbox", "sandbox_without", "sandbox_unknown" or "broker". 0; 1: none of them; -1 after logging. */
int sandbox_take_setting(struct sandbox *sandbox, const struct control_setting *setting);

/* What became of a layer. `why` goes into the report when it is missing or partial; "" or NULL: nothing to say. */
void sandbox_set(struct sandbox *sandbox, enum sandbox_layer layer, enum layer_state state, const char *why);

/* The steps of birth. Those that return an int: 0, or -1 after logging, and the child must not go on. */
void sandbox_leave_namespaces(struct sandbox *sandbox, const struct sandbox_rules *rules);
void sandbox_drop_capabilities(struct sandbox *sandbox, bool keep_to_change_user);
int sandbox_refuse_privileges(struct sandbox *sandbox);
void sandbox_apply_filters(struct sandbox *sandbox, struct sandbox_rules *rules);

/* The last step: fills in what follows from the others and says whether the policy is content. -1 after logging. */
int sandbox_judge(struct sandbox *sandbox);

#endif
