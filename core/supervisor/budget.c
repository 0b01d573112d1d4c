/* SPDX-License-Identifier: Apache-2.0 */
#include "supervisor/budget.h"

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

static const struct budget_orders NOTHING = {0, 0, 0};

void budget_init(struct budget *budget, const struct budget_limits *limits)
{
    assert(limits->max_open > 0 && limits->max_open <= DATABASE_CONNECTIONS_MAX);
    memset(budget, 0, sizeof *budget);
    budget->limits = *limits;
}

static struct budget_orders join(struct budget_orders one, struct budget_orders other)
{
    return (struct budget_orders){one.grant | other.grant, one.recall | other.recall, one.cancel | other.cancel};
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
    unsigned total = count(budget, BUDGET_IN_USE) + count(budget, BUDGET_IDLE) + count(budget, BUDGET_RECALLED) +
                     count(budget, BUDGET_ENDING);
    for (unsigned i = 0; i < SLOTS_MAX; i++)
        total += budget->claims[i].cancel >= BUDGET_CANCEL_OPEN;
    return total;
}

/* Slots that a place would help, those that cancel included. */
static unsigned count_waiting(const struct budget *budget)
{
    unsigned total = count(budget, BUDGET_WAITING);
    for (unsigned i = 0; i < SLOTS_MAX; i++)
        total += budget->claims[i].cancel == BUDGET_CANCEL_WAITING;
    return total;
}

/* Places that will be free soon. */
static unsigned count_coming(const struct budget *budget)
{
    unsigned total = count(budget, BUDGET_RECALLED);
    for (unsigned i = 0; i < SLOTS_MAX; i++) {
        const struct budget_claim *claim = &budget->claims[i];
        total += claim->hold == BUDGET_ENDING && !claim->wants;
        total += claim->cancel == BUDGET_CANCEL_ENDING;
    }
    return total;
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
    if (idle == SLOTS_MAX || (count_waiting(budget) <= count_coming(budget) && !is_over_the_limit(budget)))
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
    case BUDGET_ENDING:
        if (!budget->claims[slot].wants) {
            budget->counters.wait_count++;
            budget->claims[slot].wants = true;
            budget->claims[slot].wants_since_ms = now_ms;
        }
        return NOTHING;
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
    if (claim->cancel == BUDGET_CANCEL_ENDING && claim->cancel_until_ms == INT64_MAX)
        claim->cancel_until_ms = now_ms + LINGER_IDLE_MS; /* the server answers its session, so it has seen the other */
    if (now_ms - claim->opened_ms >= budget->limits.lifetime_max_ms)
        return recall(budget, slot, &budget->counters.closed_lifetime, now_ms);
    return make_room(budget, now_ms);
}

static bool has_room_for_who_waits(const struct budget *budget)
{
    return count_waiting(budget) > 0 && budget_open(budget) < budget->limits.max_open;
}

/* A query that is to be ended goes first: it holds a place, and more. */
static struct budget_orders serve_waiting(struct budget *budget, int64_t now_ms)
{
    struct budget_orders orders = NOTHING;
    for (unsigned i = 0; i < SLOTS_MAX && has_room_for_who_waits(budget); i++) {
        if (budget->claims[i].cancel != BUDGET_CANCEL_WAITING)
            continue;
        budget->claims[i].cancel = BUDGET_CANCEL_OPEN;
        orders.cancel |= bit(i);
    }
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
    struct budget_claim *claim = &budget->claims[slot];
    if (claim->hold == BUDGET_ENDING) {
        if (claim->wants)
            budget->counters.wait_duration_ms += (uint64_t)(now_ms - claim->wants_since_ms);
        claim->wants = false;
        return NOTHING;
    }
    if (claim->hold == BUDGET_WAITING)
        end_wait(budget, slot, now_ms);
    enter(budget, slot, BUDGET_NONE, now_ms);
    claim->cancel = BUDGET_CANCEL_NONE;
    return serve_waiting(budget, now_ms);
}

struct budget_orders budget_abandon(struct budget *budget, unsigned slot, int64_t patience_ms, int64_t now_ms)
{
    assert(slot < SLOTS_MAX);
    struct budget_claim *claim = &budget->claims[slot];
    if (claim->hold != BUDGET_IN_USE && claim->hold != BUDGET_IDLE && claim->hold != BUDGET_RECALLED)
        return budget_release(budget, slot, now_ms);
    enter(budget, slot, BUDGET_ENDING, now_ms);
    claim->until_ms = now_ms + patience_ms;
    claim->wants = false;
    if (claim->cancel == BUDGET_CANCEL_WAITING)
        claim->cancel = BUDGET_CANCEL_NONE;
    else if (claim->cancel == BUDGET_CANCEL_OPEN)
        return budget_end_cancel(budget, slot, true, now_ms);
    return make_room(budget, now_ms);
}

struct budget_orders budget_vanished(struct budget *budget, unsigned slot, int64_t now_ms)
{
    assert(slot < SLOTS_MAX);
    struct budget_claim *claim = &budget->claims[slot];
    if (claim->hold != BUDGET_ENDING)
        return NOTHING;
    if (claim->cancel_until_ms == INT64_MAX)
        claim->cancel = BUDGET_CANCEL_NONE;
    enter(budget, slot, claim->wants ? BUDGET_WAITING : BUDGET_NONE, claim->wants ? claim->wants_since_ms : now_ms);
    return serve_waiting(budget, now_ms);
}

struct budget_orders budget_want_cancel(struct budget *budget, unsigned slot, int64_t now_ms)
{
    assert(slot < SLOTS_MAX);
    struct budget_claim *claim = &budget->claims[slot];
    bool has_session = claim->hold == BUDGET_IN_USE || claim->hold == BUDGET_IDLE || claim->hold == BUDGET_RECALLED;
    if (!has_session || claim->cancel != BUDGET_CANCEL_NONE)
        return NOTHING;
    claim->cancel = BUDGET_CANCEL_WAITING;
    struct budget_orders orders = serve_waiting(budget, now_ms);
    return join(orders, make_room(budget, now_ms));
}

struct budget_orders budget_end_cancel(struct budget *budget, unsigned slot, bool lingers, int64_t now_ms)
{
    assert(slot < SLOTS_MAX);
    struct budget_claim *claim = &budget->claims[slot];
    if (claim->cancel == BUDGET_CANCEL_WAITING)
        claim->cancel = BUDGET_CANCEL_NONE;
    if (claim->cancel != BUDGET_CANCEL_OPEN)
        return NOTHING;
    claim->cancel = BUDGET_CANCEL_ENDING;
    claim->cancel_until_ms = lingers ? INT64_MAX : now_ms + LINGER_IDLE_MS;
    return NOTHING;
}

/* When an idle session has to go; the earlier of its two ends. */
static int64_t end_ms(const struct budget *budget, const struct budget_claim *claim)
{
    int64_t idle_ms = claim->since_ms + budget->limits.idle_max_ms;
    int64_t lifetime_ms = claim->opened_ms + budget->limits.lifetime_max_ms;
    return idle_ms < lifetime_ms ? idle_ms : lifetime_ms;
}

static struct budget_orders end_patience(struct budget *budget, int64_t now_ms)
{
    struct budget_orders orders = NOTHING;
    for (unsigned i = 0; i < SLOTS_MAX; i++) {
        struct budget_claim *claim = &budget->claims[i];
        if (claim->cancel == BUDGET_CANCEL_ENDING && claim->cancel_until_ms <= now_ms)
            claim->cancel = BUDGET_CANCEL_NONE;
        if (claim->hold == BUDGET_ENDING && claim->until_ms <= now_ms)
            orders = join(orders, budget_vanished(budget, i, now_ms));
    }
    return orders;
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
    struct budget_orders orders = end_patience(budget, now_ms);
    orders = join(orders, serve_waiting(budget, now_ms));
    orders.recall |= recall_old_ones(budget, now_ms);
    while (is_over_the_limit(budget) && count(budget, BUDGET_IDLE) > 0)
        orders.recall |= make_room(budget, now_ms).recall;
    return orders;
}

int64_t budget_due_ms(const struct budget *budget)
{
    int64_t due_ms = INT64_MAX;
    if (has_room_for_who_waits(budget) || (is_over_the_limit(budget) && count(budget, BUDGET_IDLE) > 0))
        return 0; /* it has passed */
    for (unsigned i = 0; i < SLOTS_MAX; i++) {
        const struct budget_claim *claim = &budget->claims[i];
        if (claim->hold == BUDGET_ENDING && claim->until_ms < due_ms)
            due_ms = claim->until_ms;
        if (claim->cancel == BUDGET_CANCEL_ENDING && claim->cancel_until_ms < due_ms)
            due_ms = claim->cancel_until_ms;
        if (claim->hold == BUDGET_IDLE && end_ms(budget, claim) < due_ms)
            due_ms = end_ms(budget, claim);
    }
    return due_ms;
}
