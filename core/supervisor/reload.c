/* SPDX-License-Identifier: Apache-2.0 */
#include "supervisor/reload.h"

#include <string.h>

#include "common/clock.h"
#include "supervisor/front_link.h"
#include "supervisor/row.h"
#include "supervisor/supervisor.h"

/* What became of the slots. */
struct reload_counts {
    unsigned unchanged;
    unsigned restarted;
    unsigned added;
    unsigned removed;
};

/* What is decided at start stays as it was. */
static void tell_what_needs_a_restart(const struct config *old, const struct config *new)
{
    bool listen = old->listen_count != new->listen_count;
    for (unsigned i = 0; i < new->listen_count && !listen; i++)
        listen = strcmp(old->listen[i].text, new->listen[i].text) != 0;
    if (listen)
        log_warning("%s: the addresses in \"listen\" have changed: restart minotord to listen there",
                    new->path);
    if (strcmp(old->paths.worker, new->paths.worker) != 0 || strcmp(old->paths.front, new->paths.front) != 0 ||
        strcmp(old->paths.broker, new->paths.broker) != 0)
        log_warning("%s: programs in \"paths\" have changed: restart minotord to use them", new->path);
    if (old->drop && (old->uid != new->uid || old->gid != new->gid))
        log_warning("%s: \"user\" has changed: processes that run keep the old one until they are restarted",
                    new->path);
}

/* The collector and target of a slot in a configuration, or false. */
static bool find(const struct config *config, const struct slot *slot,
                 const struct config_collector **collector, const struct config_target **target)
{
    for (unsigned position = 0; config_next_pair(config, &position, collector, target);)
        if (slot_is(slot, *collector, *target))
            return true;
    return false;
}

/* Whether the slot waits for something that a new configuration may have brought. */
static bool waits(const struct slot *slot)
{
    return slot->child.lifecycle.state == CHILD_BACKOFF || slot->child.lifecycle.state == CHILD_PARKED;
}

/* Whether an administrator may have put right what its login was refused for, be it at the server: he sent SIGHUP. */
static bool may_log_in_again(const struct supervisor *supervisor, const struct slot *slot)
{
    return supervisor->reread_rows && slot->login.refusals > 0;
}

static void update_slot(struct supervisor *supervisor, struct slot *slot, const struct config *new,
                        bool differs[], struct reload_counts *counts)
{
    const struct config_collector *collector;
    const struct config_target *target;
    if (!find(new, slot, &collector, &target)) {
        counts->removed += slot->collector != NULL;
        slot_remove(slot, supervisor->now_ms);
        return;
    }
    bool restart = differs[slot->description.slot];
    slot_configure(slot, collector, target);
    if (row_is_reader(slot)) {
        restart = supervisor->reread_rows;
    } else {
        counts->restarted += restart;
        counts->unchanged += !restart;
        restart = restart || waits(slot) || may_log_in_again(supervisor, slot);
    }
    if (!restart || !slot->started)
        return;
    slot_forget_login(slot);
    child_event(&slot->child, LIFECYCLE_RESTART, supervisor->now_ms);
}

static bool is_present(const struct supervisor *supervisor, const struct config_collector *collector,
                       const struct config_target *target)
{
    for (unsigned i = 0; i < SLOTS_MAX; i++)
        if (supervisor->slots[i] != NULL && slot_is(supervisor->slots[i], collector, target))
            return true;
    return false;
}

static void add_slots(struct supervisor *supervisor, const struct config *new, struct reload_counts *counts)
{
    const struct config_collector *collector;
    const struct config_target *target;
    for (unsigned position = 0; config_next_pair(new, &position, &collector, &target);) {
        if (is_present(supervisor, collector, target))
            continue;
        struct slot *slot = supervisor_add_slot(supervisor, collector, target);
        counts->added += slot != NULL && !row_is_reader(slot);
    }
    if (supervisor->slots_started)
        supervisor_start_slots(supervisor);
}

static void replace(struct supervisor *supervisor, struct config *new)
{
    bool differs[SLOTS_MAX] = {false};
    struct reload_counts counts = {0, 0, 0, 0};
    struct config *old = supervisor->config;
    const struct config_collector *collector;
    const struct config_target *target;
    for (unsigned i = 0; i < SLOTS_MAX; i++)
        if (supervisor->slots[i] != NULL && find(new, supervisor->slots[i], &collector, &target))
            differs[i] = slot_differs(supervisor->slots[i], new, collector, target);
    supervisor->config = new;
    supervisor_configure_log(new);
    tell_what_needs_a_restart(old, new);
    if (supervisor->front.control >= 0) /* also one that is not ready yet: it was born with the old rules */
        front_link_send_rules(supervisor);
    if (!sandbox_choice_equal(&old->sandbox, &new->sandbox) ||
        memcmp(&old->web_limits, &new->web_limits, sizeof new->web_limits) != 0)
        child_event(&supervisor->front, LIFECYCLE_RESTART, supervisor->now_ms);
    for (unsigned i = 0; i < SLOTS_MAX; i++)
        if (supervisor->slots[i] != NULL)
            update_slot(supervisor, supervisor->slots[i], new, differs, &counts);
    add_slots(supervisor, new, &counts);
    config_free(old);
    row_forget_gone(&supervisor->rows, new);
    supervisor->reload_ok = true;
    supervisor->reload_success_wall_ms = clock_wall_ms();
    front_link_house(supervisor);
    log_info("the configuration was read again: %u slots unchanged, %u restarted, %u added, %u removed",
             counts.unchanged, counts.restarted, counts.added, counts.removed);
}

static void log_fault(const char *line, void *context)
{
    const struct supervisor *supervisor = context;
    if (supervisor->trial != NULL)
        trial_fault(supervisor->trial, line);
    else
        log_error("%s", line);
}

static struct config *load(struct supervisor *supervisor)
{
    struct config_faults faults = {.report = log_fault, .context = supervisor};
    return config_load(supervisor->options->config_path, &supervisor->options->overrides, &supervisor->rows, &faults);
}

static void refuse(struct supervisor *supervisor)
{
    log_error("the configuration has mistakes: the old one stays in force");
    supervisor->reload_ok = false;
    front_link_house(supervisor);
    if (supervisor->reread_rows)
        row_read_again(supervisor);
    if (supervisor->slots_started)
        supervisor_start_slots(supervisor); /* some may have waited for what turned out to be a mistake */
}

/* The files as they are now. */
static void reload(struct supervisor *supervisor)
{
    struct config *new = load(supervisor);
    if (new != NULL)
        replace(supervisor, new);
    else
        refuse(supervisor);
}

/* Whether the files can be read, and are now being looked at further; then there is nothing to do yet. */
static bool rehearse(struct supervisor *supervisor)
{
    struct config *new = load(supervisor);
    if (new == NULL) {
        refuse(supervisor);
        return true;
    }
    config_free(new);
    return rehearsal_begin(&supervisor->rehearsal, supervisor->options, supervisor->now_ms);
}

void reload_begin(struct supervisor *supervisor)
{
    bool is_wanted = supervisor->reload && supervisor->end_requests == 0;
    bool is_told = supervisor->reread_rows && supervisor->trial == NULL;
    if (is_wanted && !(is_told && rehearse(supervisor)))
        reload(supervisor);
    supervisor->reload = supervisor->reread_rows = false;
}

void reload_turn(struct supervisor *supervisor)
{
    if (supervisor->end_requests > 0)
        rehearsal_stop(&supervisor->rehearsal, supervisor->now_ms);
    enum rehearsal_result result =
        rehearsal_turn(&supervisor->rehearsal, supervisor->options, supervisor->now_ms);
    if (result == REHEARSAL_NONE || supervisor->end_requests > 0)
        return;
    bool is_waiting = supervisor->reload;
    bool is_told_again = supervisor->reread_rows;
    supervisor->reread_rows = true; /* it was SIGHUP that asked for it */
    if (result == REHEARSAL_GOOD)
        reload(supervisor);
    else
        refuse(supervisor);
    supervisor->reload = is_waiting;
    supervisor->reread_rows = is_told_again;
}
