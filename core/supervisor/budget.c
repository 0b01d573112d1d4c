/* SPDX-License-Identifier: Apache-2.0 */
#include "supervisor/budget.h"

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

static const struct budget_orders NOTHING = {0, 0};

void budget_init(struct budget *budget, const struct budget_limits *limits)
{
    assert(limits->max_open > 0 && limits->max_open <= DATABASE_CONNECTIONS_MAX);
    memset(budget, 0, sizeof *budget);
    budget->limits = *limits;
}

static uint64_t bit(unsigned slot)
{
    return UINT64_C(1) << slot;
}

static unsigned count(const struct budget *budget, enum budget_hold hold)
{
    unsigned total = 0;
    for (unsigned i = 0; i < SLOTS_MAX; i++)
        total += budget->claims[i].hold == hold;
    return total;
}

unsigned budget_in_use(const struct budget *budget)
{
    return count(budget, BUDGET_IN_USE);
}

unsigned budget_idle(const struct budget *budget)
{
    return count(budget, BUDGET_IDLE);
}

unsigned budget_open(const struct budget *budget)
{
    return count(budget, BUDGET_IN_USE) + count(budget, BUDGET_IDLE) + count(budget, BUDGET_RECALLED) +
           budget->lingering;
}

static void enter(struct budget *budget, unsigned slot, enum budget_hold hold, int64_t now_ms)
{
    budget->claims[slot].hold = hold;
    budget->claims[slot].since_ms = now_ms;
}

/* The claim that has been in this state for the longest time, or SLOTS_MAX. */
static unsigned oldest(const struct budget *budget, enum budget_hold hold)
{
    unsigned found = SLOTS_MAX;
    for (unsigned i = 0; i < SLOTS_MAX; i++) {
        if (budget->claims[i].hold != hold)
            continue;
        if (found == SLOTS_MAX || budget->claims[i].since_ms < budget->claims[found].since_ms)
            found = i;
    }
    return found;
}

static struct budget_orders recall(struct budget *budget, unsigned slot, uint64_t *counter, int64_t now_ms)
{
    ++*counter;
    enter(budget, slot, BUDGET_RECALLED, now_ms);
    return (struct budget_orders){.recall = bit(slot)};
}

static bool is_over_the_limit(const struct budget *budget)
{
    return budget_open(budget) - count(budget, BUDGET_RECALLED) > budget->limits.max_open;
}

/* As many sessions are called back as there are slots waiting, or are too many since the limit was lowered. */
static struct budget_orders make_room(struct budget *budget, int64_t now_ms)
{
    unsigned idle = oldest(budget, BUDGET_IDLE);
    unsigned coming = count(budget, BUDGET_RECALLED) + budget->lingering;
    if (idle == SLOTS_MAX || (count(budget, BUDGET_WAITING) <= coming && !is_over_the_limit(budget)))
        return NOTHING;
    return recall(budget, idle, &budget->counters.closed_max_idle, now_ms);
}

static struct budget_orders grant(struct budget *budget, unsigned slot, int64_t now_ms)
{
    enter(budget, slot, BUDGET_IN_USE, now_ms);
    budget->claims[slot].opened_ms = now_ms;
    return (struct budget_orders){.grant = bit(slot)};
}

static void end_wait(struct budget *budget, unsigned slot, int64_t now_ms)
{
    budget->counters.wait_duration_ms += (uint64_t)(now_ms - budget->claims[slot].since_ms);
}

struct budget_orders budget_want(struct budget *budget, unsigned slot, int64_t now_ms)
{
    assert(slot < SLOTS_MAX);
    switch (budget->claims[slot].hold) {
    case BUDGET_WAITING:
        return NOTHING;
    case BUDGET_IN_USE:
    case BUDGET_IDLE:
    case BUDGET_RECALLED: /* it lost its session and opens it anew: the place is its own */
        return grant(budget, slot, now_ms);
    case BUDGET_NONE:
        break;
    }
    if (budget_open(budget) < budget->limits.max_open)
        return grant(budget, slot, now_ms);
    budget->counters.wait_count++;
    enter(budget, slot, BUDGET_WAITING, now_ms);
    return make_room(budget, now_ms);
}

struct budget_orders budget_use(struct budget *budget, unsigned slot, int64_t now_ms)
{
    assert(slot < SLOTS_MAX);
    if (budget->claims[slot].hold == BUDGET_IDLE)
        enter(budget, slot, BUDGET_IN_USE, now_ms);
    return NOTHING;
}

struct budget_orders budget_rest(struct budget *budget, unsigned slot, int64_t now_ms)
{
    assert(slot < SLOTS_MAX);
    struct budget_claim *claim = &budget->claims[slot];
    if (claim->hold != BUDGET_IN_USE)
        return NOTHING;
    enter(budget, slot, BUDGET_IDLE, now_ms);
    if (now_ms - claim->opened_ms >= budget->limits.lifetime_max_ms)
        return recall(budget, slot, &budget->counters.closed_lifetime, now_ms);
    return make_room(budget, now_ms);
}

static bool has_room_for_who_waits(const struct budget *budget)
{
    return count(budget, BUDGET_WAITING) > 0 && budget_open(budget) < budget->limits.max_open;
}

static struct budget_orders serve_waiting(struct budget *budget, int64_t now_ms)
{
    struct budget_orders orders = NOTHING;
    while (has_room_for_who_waits(budget)) {
        unsigned waiting = oldest(budget, BUDGET_WAITING);
        end_wait(budget, waiting, now_ms);
        orders.grant |= grant(budget, waiting, now_ms).grant;
    }
    return orders;
}

struct budget_orders budget_release(struct budget *budget, unsigned slot, int64_t now_ms)
{
    assert(slot < SLOTS_MAX);
    if (budget->claims[slot].hold == BUDGET_WAITING)
        end_wait(budget, slot, now_ms);
    enter(budget, slot, BUDGET_NONE, now_ms);
    return serve_waiting(budget, now_ms);
}

struct budget_orders budget_abandon(struct budget *budget, unsigned slot, int64_t now_ms)
{
    assert(slot < SLOTS_MAX);
    enum budget_hold hold = budget->claims[slot].hold;
    /* There is room for it: each holder had a place, and more places were never given. */
    if (hold == BUDGET_IN_USE || hold == BUDGET_IDLE || hold == BUDGET_RECALLED)
        budget->lingering_until_ms[budget->lingering++] =
            now_ms + (hold == BUDGET_IDLE ? LINGER_IDLE_MS : LINGER_WORKING_MS);
    return budget_release(budget, slot, now_ms);
}

/* When an idle session has to go; the earlier of its two ends. */
static int64_t end_ms(const struct budget *budget, const struct budget_claim *claim)
{
    int64_t idle_ms = claim->since_ms + budget->limits.idle_max_ms;
    int64_t lifetime_ms = claim->opened_ms + budget->limits.lifetime_max_ms;
    return idle_ms < lifetime_ms ? idle_ms : lifetime_ms;
}

static void end_lingering(struct budget *budget, int64_t now_ms)
{
    unsigned kept = 0;
    for (unsigned i = 0; i < budget->lingering; i++)
        if (budget->lingering_until_ms[i] > now_ms)
            budget->lingering_until_ms[kept++] = budget->lingering_until_ms[i];
    budget->lingering = kept;
}

static uint64_t recall_old_ones(struct budget *budget, int64_t now_ms)
{
    uint64_t recalled = 0;
    for (unsigned i = 0; i < SLOTS_MAX; i++) {
        const struct budget_claim *claim = &budget->claims[i];
        if (claim->hold != BUDGET_IDLE || now_ms < end_ms(budget, claim))
            continue;
        bool old = now_ms - claim->opened_ms >= budget->limits.lifetime_max_ms;
        uint64_t *counter = old ? &budget->counters.closed_lifetime : &budget->counters.closed_idle_time;
        recalled |= recall(budget, i, counter, now_ms).recall;
    }
    return recalled;
}

struct budget_orders budget_tick(struct budget *budget, int64_t now_ms)
{
    struct budget_orders orders;
    end_lingering(budget, now_ms);
    orders = serve_waiting(budget, now_ms);
    orders.recall = recall_old_ones(budget, now_ms);
    while (is_over_the_limit(budget) && count(budget, BUDGET_IDLE) > 0)
        orders.recall |= make_room(budget, now_ms).recall;
    return orders;
}

int64_t budget_due_ms(const struct budget *budget)
{
    int64_t due_ms = INT64_MAX;
    if (has_room_for_who_waits(budget) || (is_over_the_limit(budget) && count(budget, BUDGET_IDLE) > 0))
        return 0; /* it has passed */
    for (unsigned i = 0; i < budget->lingering; i++)
        if (budget->lingering_until_ms[i] < due_ms)
            due_ms = budget->lingering_until_ms[i];
    for (unsigned i = 0; i < SLOTS_MAX; i++) {
        const struct budget_claim *claim = &budget->claims[i];
        if (claim->hold == BUDGET_IDLE && end_ms(budget, claim) < due_ms)
            due_ms = end_ms(budget, claim);
    }
    return due_ms;
}
