/* SPDX-License-Identifier: Apache-2.0 */
#include "supervisor/pool.h"

#include <stdlib.h>
#include <string.h>

#include "supervisor/supervisor.h"

/* ---- who shares it */

static struct budget_limits limits_of(const struct config_target *target)
{
    const struct config_connections *connections = &target->database.connections;
    return (struct budget_limits){.max_open = connections->max,
                                  .idle_max_ms = connections->idle_max_ms,
                                  .lifetime_max_ms = connections->lifetime_max_ms};
}

static struct pool *find(const struct supervisor *supervisor, const char *target)
{
    for (unsigned i = 0; i < SLOTS_MAX; i++) {
        const struct slot *slot = supervisor->slots[i];
        if (slot != NULL && slot->pool != NULL && strcmp(slot->description.target, target) == 0)
            return slot->pool;
    }
    return NULL;
}

int pool_join(struct slot *slot)
{
    struct budget_limits limits = limits_of(slot->target);
    slot->pool = find(slot->supervisor, slot->target->name);
    if (slot->pool == NULL) {
        slot->pool = calloc(1, sizeof *slot->pool);
        if (slot->pool == NULL)
            return -1;
        budget_init(&slot->pool->budget, &limits);
    }
    slot->pool->slots++;
    return 0;
}

void pool_configure(struct slot *slot)
{
    slot->pool->budget.limits = limits_of(slot->target); /* what they change is done by the next tick */
}

/* ---- orders */

static void tell(struct supervisor *supervisor, unsigned id, enum control_type type)
{
    struct slot *slot = supervisor->slots[id];
    struct control_message message = {.type = type};
    if (slot == NULL)
        return;
    if (type == CONTROL_GRANT)
        message.body.session.request = slot->session_request;
    child_send(&slot->child, &message, -1);
}

static void obey(struct supervisor *supervisor, struct budget_orders orders)
{
    for (unsigned i = 0; i < SLOTS_MAX; i++) {
        if (orders.grant >> i & 1)
            tell(supervisor, i, CONTROL_GRANT);
        if (orders.recall >> i & 1)
            tell(supervisor, i, CONTROL_RECALL);
    }
}

void pool_leave(struct slot *slot)
{
    struct pool *pool = slot->pool;
    if (pool == NULL)
        return;
    slot->pool = NULL;
    obey(slot->supervisor,
         budget_abandon(&pool->budget, slot->description.slot, slot->supervisor->now_ms));
    if (--pool->slots == 0)
        free(pool);
}

/* ---- events */

static void send_counters(struct slot *slot)
{
    const struct budget *budget = &slot->pool->budget;
    const struct budget_counters *counters = &budget->counters;
    struct control_message message = {.type = CONTROL_POOL};
    message.body.pool = (struct control_pool){.max_open = budget->limits.max_open,
                                              .open = budget_open(budget),
                                              .in_use = budget_in_use(budget),
                                              .idle = budget_idle(budget),
                                              .wait_count = counters->wait_count,
                                              .wait_duration_ms = counters->wait_duration_ms,
                                              .closed_max_idle = counters->closed_max_idle,
                                              .closed_idle_time = counters->closed_idle_time,
                                              .closed_lifetime = counters->closed_lifetime};
    child_send(&slot->child, &message, -1);
}

void pool_message(struct slot *slot, const struct control_message *message)
{
    struct supervisor *supervisor = slot->supervisor;
    struct budget *budget = &slot->pool->budget;
    unsigned id = slot->description.slot;
    int64_t now_ms = supervisor->now_ms;
    switch (message->type) {
    case CONTROL_WANT:
        slot->session_request = message->body.session.request;
        obey(supervisor, budget_want(budget, id, now_ms));
        break;
    case CONTROL_USE:
        obey(supervisor, budget_use(budget, id, now_ms));
        break;
    case CONTROL_REST:
        obey(supervisor, budget_rest(budget, id, now_ms));
        break;
    case CONTROL_RELEASED:
        if (message->body.session.lingers)
            obey(supervisor, budget_abandon(budget, id, now_ms));
        else
            obey(supervisor, budget_release(budget, id, now_ms));
        break;
    default:
        send_counters(slot);
        break;
    }
}

void pool_worker_died(struct slot *slot)
{
    obey(slot->supervisor,
         budget_abandon(&slot->pool->budget, slot->description.slot, slot->supervisor->now_ms));
}

/* ---- time */

int64_t pool_due_ms(const struct supervisor *supervisor)
{
    int64_t due_ms = INT64_MAX;
    for (unsigned i = 0; i < SLOTS_MAX; i++) {
        const struct slot *slot = supervisor->slots[i];
        int64_t own_ms = slot != NULL ? budget_due_ms(&slot->pool->budget) : INT64_MAX;
        due_ms = own_ms < due_ms ? own_ms : due_ms;
    }
    return due_ms;
}

void pool_tick(struct supervisor *supervisor)
{
    /* Several slots share a budget; one that has been looked at is not due again. */
    for (unsigned i = 0; i < SLOTS_MAX; i++) {
        struct slot *slot = supervisor->slots[i];
        if (slot != NULL && budget_due_ms(&slot->pool->budget) <= supervisor->now_ms)
            obey(supervisor, budget_tick(&slot->pool->budget, supervisor->now_ms));
    }
}
