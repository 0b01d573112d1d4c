/* SPDX-License-Identifier: Apache-2.0 */
#include "common/sandbox.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/capabilities.h"
#include "common/landlock.h"
#include "common/log.h"
#include "common/namespaces.h"
#include "common/seccomp.h"
#include "common/text.h"

/* Since Linux 6.3; headers may be older. */
#ifndef PR_SET_MDWE
#define PR_SET_MDWE 65
#define PR_MDWE_REFUSE_EXEC_GAIN 1
#endif

#ifdef MINOTOR_SANITIZED
#define IS_SANITIZED true /* the sanitizers' own calls and memory fit into no filter and no limit */
#else
#define IS_SANITIZED false
#endif

void sandbox_init(struct sandbox *sandbox, enum sandbox_profile profile)
{
    memset(sandbox, 0, sizeof *sandbox);
    sandbox->profile = profile;
    sandbox->choice.policy = SANDBOX_BEST_EFFORT;
    sandbox->was_root = geteuid() == 0;
    for (unsigned i = 0; i < LAYER_COUNT; i++)
        sandbox->report.state[i] = LAYER_MISSING;
}

int sandbox_take_setting(struct sandbox *sandbox, const struct control_setting *setting)
{
    int result = 0;
    if (strcmp(setting->name, "sandbox") == 0)
        result = sandbox_policy_parse(setting->value, &sandbox->choice.policy);
    else if (strcmp(setting->name, "sandbox_without") == 0)
        result = layers_parse(setting->value, &sandbox->choice.without);
    else if (strcmp(setting->name, "sandbox_unknown") == 0)
        sandbox->choice.kills_unknown = strcmp(setting->value, "kill") == 0;
    else if (strcmp(setting->name, "broker") == 0)
        sandbox->has_broker = strcmp(setting->value, "1") == 0;
    else
        return 1;
    if (result != 0)
        log_error("setting %s has a value that is unknown", setting->name);
    return result;
}

static bool wants(const struct sandbox *sandbox, enum sandbox_layer layer)
{
    return sandbox_choice_wants(&sandbox->choice, layer);
}

/* "landlock is partial (ABI 4); seccomp is missing (Operation not permitted)". */
static void tell(struct sandbox *sandbox, enum sandbox_layer layer, enum layer_state state, const char *why)
{
    char *detail = sandbox->report.detail;
    size_t used = strlen(detail);
    snprintf(detail + used, sizeof sandbox->report.detail - used, "%s%s is %s%s%s%s", used == 0 ? "" : "; ",
             layer_name(layer), layer_state_name(state), why[0] == '\0' ? "" : " (", why, why[0] == '\0' ? "" : ")");
}

void sandbox_set(struct sandbox *sandbox, enum sandbox_layer layer, enum layer_state state, const char *why)
{
    sandbox->report.state[layer] = (uint8_t)state;
    if (state == LAYER_PARTIAL || state == LAYER_MISSING)
        tell(sandbox, layer, state, why == NULL ? "" : why);
}

/* ---- namespaces */

/* A key that belongs to somebody else, root as a rule, looks like a stranger's in a user namespace, and libpq refuses it. */
static bool is_secret_of_another(const struct sandbox_rules *rules)
{
    struct stat status;
    return rules->secret != NULL && stat(rules->secret, &status) == 0 && status.st_uid != geteuid();
}

static void set_namespace(struct sandbox *sandbox, enum sandbox_layer layer, bool needed, int result, const char *why)
{
    if (!wants(sandbox, layer))
        sandbox_set(sandbox, layer, LAYER_OFF, NULL);
    else if (!needed)
        sandbox_set(sandbox, layer, LAYER_UNNEEDED, NULL);
    else if (result == 0)
        sandbox_set(sandbox, layer, LAYER_APPLIED, NULL);
    else
        sandbox_set(sandbox, layer, LAYER_MISSING, why != NULL ? why : strerror(result));
}

void sandbox_leave_namespaces(struct sandbox *sandbox, const struct sandbox_rules *rules)
{
    struct namespaces left;
    const char *why = NULL, *why_network = NULL;
    /* Pathname sockets reach out of an empty network; a broker hands connections in; the front's are made already. */
    bool may_be_empty = sandbox->profile == SANDBOX_FRONT || sandbox->has_broker || rules->is_local;
    bool is_broker = sandbox->profile == SANDBOX_BROKER;
    if (!sandbox->was_root && is_secret_of_another(rules))
        why = "a file that it has to read belongs to another account";
    if (!may_be_empty)
        why_network = "it connects by itself";
    bool wants_network = wants(sandbox, LAYER_NETWORK) && may_be_empty && !is_broker && why == NULL;
    bool wants_ipc = wants(sandbox, LAYER_IPC) && !is_broker && why == NULL;
    namespaces_leave(&left, wants_network, wants_ipc);
    set_namespace(sandbox, LAYER_NETWORK, !is_broker, left.network, why_network != NULL ? why_network : why);
    set_namespace(sandbox, LAYER_IPC, !is_broker, left.ipc, why);
}

/* ---- privileges */

void sandbox_drop_capabilities(struct sandbox *sandbox, bool keep_to_change_user)
{
    if (!wants(sandbox, LAYER_CAPABILITIES)) {
        sandbox_set(sandbox, LAYER_CAPABILITIES, LAYER_OFF, NULL);
        return;
    }
    enum capabilities_result result = capabilities_drop(keep_to_change_user);
    if (keep_to_change_user)
        return;
    if (result == CAPABILITIES_NONE)
        sandbox_set(sandbox, LAYER_CAPABILITIES, LAYER_APPLIED, NULL);
    else if (result == CAPABILITIES_LEFT)
        sandbox_set(sandbox, LAYER_CAPABILITIES, LAYER_MISSING, "some are left");
    else if (!sandbox->was_root)
        sandbox_set(sandbox, LAYER_CAPABILITIES, LAYER_UNNEEDED, NULL); /* it never had one, and gets none by exec */
    else
        sandbox_set(sandbox, LAYER_CAPABILITIES, LAYER_PARTIAL, "the bounding set cannot be cleared");
}

int sandbox_refuse_privileges(struct sandbox *sandbox)
{
    /* After exec and after the change of user, both of which set it again. */
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) {
        log_error("dumpable: %s", strerror(errno));
        return -1;
    }
    sandbox_set(sandbox, LAYER_DUMPABLE, LAYER_APPLIED, NULL);
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
        log_error("no_new_privs: %s", strerror(errno));
        return -1;
    }
    sandbox_set(sandbox, LAYER_NO_NEW_PRIVILEGES, LAYER_APPLIED, NULL);
    return 0;
}

/* ---- filters */

static void refuse_write_execute(struct sandbox *sandbox)
{
    bool done = prctl(PR_SET_MDWE, PR_MDWE_REFUSE_EXEC_GAIN, 0, 0, 0) == 0;
    sandbox_set(sandbox, LAYER_WRITE_EXECUTE, done ? LAYER_APPLIED : LAYER_MISSING, done ? NULL : strerror(errno));
}

static void apply_landlock(struct sandbox *sandbox, struct sandbox_rules *rules)
{
    char why[64];
    int abi = landlock_apply(rules);
    sandbox->report.landlock_abi = (uint8_t)(abi < 0 ? 0 : abi);
    snprintf(why, sizeof why, "ABI %d", abi);
    if (abi < 0)
        sandbox_set(sandbox, LAYER_LANDLOCK, LAYER_MISSING, strerror(errno));
    else
        sandbox_set(sandbox, LAYER_LANDLOCK, abi < LANDLOCK_ABI_WHOLE ? LAYER_PARTIAL : LAYER_APPLIED, why);
}

static void apply_seccomp(struct sandbox *sandbox)
{
    /* Libraries try this and that all the time: nobody wants a line of the kernel's log for each, day and night. */
    const struct seccomp_plan plan = {
        .profile = sandbox->profile,
        .has_broker = sandbox->has_broker,
        .kills_unknown = sandbox->choice.kills_unknown,
        .logs = log_get_level() == LOG_LEVEL_DEBUG,
    };
    const char *why = "";
    int result = seccomp_apply(&plan, &why);
    if (result < 0)
        sandbox_set(sandbox, LAYER_SECCOMP, LAYER_MISSING, strerror(errno));
    else
        sandbox_set(sandbox, LAYER_SECCOMP, result == 0 ? LAYER_APPLIED : LAYER_PARTIAL, why);
}

void sandbox_apply_filters(struct sandbox *sandbox, struct sandbox_rules *rules)
{
    if (wants(sandbox, LAYER_WRITE_EXECUTE))
        refuse_write_execute(sandbox);
    else
        sandbox_set(sandbox, LAYER_WRITE_EXECUTE, LAYER_OFF, NULL);
    if (wants(sandbox, LAYER_LANDLOCK))
        apply_landlock(sandbox, rules);
    else
        sandbox_set(sandbox, LAYER_LANDLOCK, LAYER_OFF, NULL);
    if (wants(sandbox, LAYER_SECCOMP) && !IS_SANITIZED)
        apply_seccomp(sandbox);
    else
        sandbox_set(sandbox, LAYER_SECCOMP, LAYER_OFF, NULL);
}

/* ---- the end */

static void judge_broker(struct sandbox *sandbox)
{
    if (sandbox->profile != SANDBOX_WORKER)
        sandbox_set(sandbox, LAYER_BROKER, LAYER_UNNEEDED, NULL);
    else if (sandbox->has_broker)
        sandbox_set(sandbox, LAYER_BROKER, LAYER_APPLIED, NULL);
    else if (!wants(sandbox, LAYER_BROKER))
        sandbox_set(sandbox, LAYER_BROKER, LAYER_OFF, NULL);
    else
        sandbox_set(sandbox, LAYER_BROKER, LAYER_MISSING, "it connects by itself");
}

/* Whether strict is content with it. */
static bool is_enough(const struct sandbox *sandbox, enum sandbox_layer layer)
{
    const uint8_t *state = sandbox->report.state;
    if (state[layer] != LAYER_MISSING && state[layer] != LAYER_PARTIAL)
        return true;
    if (layer == LAYER_LANDLOCK)
        return state[layer] == LAYER_PARTIAL && sandbox->report.landlock_abi >= LANDLOCK_ABI_PORTS;
    /* Who may make no socket of any use needs no empty network, nor an empty IPC who may not call it. */
    bool is_closed = state[LAYER_SECCOMP] == LAYER_APPLIED &&
                     (sandbox->profile != SANDBOX_WORKER || state[LAYER_BROKER] == LAYER_APPLIED);
    return (layer == LAYER_NETWORK || layer == LAYER_IPC) && is_closed;
}

int sandbox_judge(struct sandbox *sandbox)
{
    judge_broker(sandbox);
    if (sandbox->choice.policy != SANDBOX_STRICT)
        return 0;
    for (unsigned i = 0; i < LAYER_COUNT; i++) {
        if (is_enough(sandbox, (enum sandbox_layer)i))
            continue;
        log_error("sandbox is \"strict\", but %s", sandbox->report.detail);
        return -1;
    }
    return 0;
}
