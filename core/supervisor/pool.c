/* SPDX-License-Identifier: Apache-2.0 */
#include "supervisor/pool.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

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
        if (orders.cancel >> i & 1)
            tell(supervisor, i, CONTROL_GRANT_CANCEL);
    }
}

/* ---- sessions */

static void forget_session(struct slot *slot)
{
    control_discard(&slot->session);
    slot->session_ends = false;
}

/* A database is reached over these only; a worker can send anything. */
static bool may_be_session(int descriptor)
{
    int domain = -1, type = -1;
    socklen_t domain_bytes = sizeof domain, type_bytes = sizeof type;
    return descriptor >= 0 && getsockopt(descriptor, SOL_SOCKET, SO_DOMAIN, &domain, &domain_bytes) == 0 &&
           getsockopt(descriptor, SOL_SOCKET, SO_TYPE, &type, &type_bytes) == 0 && type == SOCK_STREAM &&
           (domain == AF_UNIX || domain == AF_INET || domain == AF_INET6);
}

static bool server_has_ended(const struct slot *slot)
{
    struct pollfd end = {.fd = slot->session, .events = POLLRDHUP};
    return poll(&end, 1, 0) > 0;
}

#ifndef TCP_RTO_MAX_MS
#define TCP_RTO_MAX_MS 44 /* Linux 6.15 */
#endif

/*
 * Where the network is gone the kernel is to say goodbye again and again for as long as we wait, not to forget the session,
 * which the server would then keep; and each second, where it can be told so, for the slot has no other meanwhile.
 * What is no TCP refuses both, and has no need of them.
 */
static void say_goodbye_patiently(const struct slot *slot)
{
    const unsigned patience_ms = ENDING_PATIENCE_MS, pause_ms = GOODBYE_PAUSE_MS;
    setsockopt(slot->session, IPPROTO_TCP, TCP_USER_TIMEOUT, &patience_ms, sizeof patience_ms);
    setsockopt(slot->session, IPPROTO_TCP, TCP_RTO_MAX_MS, &pause_ms, sizeof pause_ms);
}

/* From now on it is waited for that the server closes its end. False: it has, or there is no such end. */
static bool begin_end(struct slot *slot)
{
    bool is_open = slot->session >= 0 && (shutdown(slot->session, SHUT_WR) == 0 || errno == ENOTCONN);
    slot->session_ends = is_open && !server_has_ended(slot);
    if (slot->session_ends)
        say_goodbye_patiently(slot);
    return slot->session_ends;
}

/*
 * The worker opens one. What is left of the one before is not waited for: the worker lost it, or it would not open
 * another. A socket that comes when the worker has given its place back is that of an attempt that nobody wants any more.
 */
static void take_session(struct slot *slot, int *descriptor)
{
    enum budget_hold hold = slot->pool->budget.claims[slot->description.slot].hold;
    /* One that still ends has the place: then the worker was given none. */
    if (slot->session_ends || hold == BUDGET_NONE || hold == BUDGET_WAITING)
        return;
    forget_session(slot);
    if (!may_be_session(*descriptor))
        return;
    slot->session = *descriptor;
    *descriptor = -1;
    if (hold == BUDGET_ENDING && !begin_end(slot))
        forget_session(slot);
}

/* Nobody works with it any more. `patience_ms` is for a session whose end cannot be seen; 0: it was closed in order. */
static void end_session(struct slot *slot, int64_t patience_ms)
{
    struct budget *budget = &slot->pool->budget;
    unsigned id = slot->description.slot;
    int64_t now_ms = slot->supervisor->now_ms;
    if (slot->session_ends) { /* that of a generation before; this one has only waited */
        obey(slot->supervisor, budget_release(budget, id, now_ms));
        return;
    }
    bool is_socket = slot->session >= 0;
    if (begin_end(slot)) {
        obey(slot->supervisor, budget_abandon(budget, id, ENDING_PATIENCE_MS, now_ms));
        return;
    }
    forget_session(slot);
    if (is_socket || patience_ms == 0)
        obey(slot->supervisor, budget_release(budget, id, now_ms));
    else
        obey(slot->supervisor, budget_abandon(budget, id, patience_ms, now_ms));
}

/* Sessions that nobody holds: whether the server has closed its end, or one has waited for long enough. */
static void look_at_session(struct slot *slot)
{
    const struct budget_claim *claim = &slot->pool->budget.claims[slot->description.slot];
    bool is_waited_for = claim->hold == BUDGET_ENDING && slot->supervisor->now_ms < claim->until_ms;
    if (!slot->session_ends || (is_waited_for && !server_has_ended(slot)))
        return;
    forget_session(slot);
    obey(slot->supervisor,
         budget_vanished(&slot->pool->budget, slot->description.slot, slot->supervisor->now_ms));
}

void pool_leave(struct slot *slot)
{
    struct pool *pool = slot->pool;
    if (pool == NULL)
        return;
    slot->pool = NULL;
    forget_session(slot);
    obey(slot->supervisor,
         budget_abandon(&pool->budget, slot->description.slot, LINGER_IDLE_MS, slot->supervisor->now_ms));
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

/* How long the server may see a session whose socket nobody gave us. */
static int64_t patience_ms(const struct slot *slot)
{
    bool idle = slot->pool->budget.claims[slot->description.slot].hold == BUDGET_IDLE;
    return idle ? LINGER_IDLE_MS : LINGER_WORKING_MS;
}

void pool_message(struct slot *slot, const struct control_message *message, int *descriptor)
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
    case CONTROL_SESSION:
        take_session(slot, descriptor);
        break;
    case CONTROL_USE:
        obey(supervisor, budget_use(budget, id, now_ms));
        break;
    case CONTROL_REST:
        obey(supervisor, budget_rest(budget, id, now_ms));
        break;
    case CONTROL_RELEASED:
        end_session(slot, message->body.session.lingers ? patience_ms(slot) : 0);
        break;
    case CONTROL_WANT_CANCEL:
        obey(supervisor, budget_want_cancel(budget, id, now_ms));
        break;
    case CONTROL_END_CANCEL:
        obey(supervisor, budget_end_cancel(budget, id, message->body.session.lingers != 0, now_ms));
        break;
    default:
        send_counters(slot);
        break;
    }
}

void pool_worker_died(struct slot *slot)
{
    end_session(slot, patience_ms(slot));
}

/* ---- time */

/* Until when the slot's worker may keep others from the places that it has; INT64_MAX: it keeps nobody. */
static int64_t hoard_due_ms(const struct slot *slot)
{
    if (slot->held_since_ms < 0 || slot->collector == NULL)
        return INT64_MAX;
    return slot->held_since_ms + slot->collector->timeout_ms + TERM_GRACE_MS + PROMISE_GRACE_MS;
}

/* A place is worked with in a round, which is bounded. A collector can say otherwise in its worker's name. */
static void look_for_hoard(struct slot *slot)
{
    const struct supervisor *supervisor = slot->supervisor;
    const struct budget_claim *claim = &slot->pool->budget.claims[slot->description.slot];
    bool holds = claim->hold == BUDGET_IN_USE || claim->hold == BUDGET_RECALLED || claim->cancel == BUDGET_CANCEL_OPEN;
    if (!holds)
        slot->held_since_ms = -1;
    else if (slot->held_since_ms < 0)
        slot->held_since_ms = supervisor->now_ms;
    if (hoard_due_ms(slot) > supervisor->now_ms)
        return;
    slot->held_since_ms = -1;
    log_error("%s[%ld]: has kept a place at the database for longer than a round lasts", slot->child.name,
              (long)slot->child.pid);
    child_event(&slot->child, LIFECYCLE_PROTOCOL, supervisor->now_ms);
}

int64_t pool_due_ms(const struct supervisor *supervisor)
{
    int64_t due_ms = INT64_MAX;
    for (unsigned i = 0; i < SLOTS_MAX; i++) {
        const struct slot *slot = supervisor->slots[i];
        if (slot == NULL)
            continue;
        int64_t own_ms = budget_due_ms(&slot->pool->budget), hoard_ms = hoard_due_ms(slot);
        due_ms = own_ms < due_ms ? own_ms : due_ms;
        due_ms = hoard_ms < due_ms ? hoard_ms : due_ms;
    }
    return due_ms;
}

void pool_tick(struct supervisor *supervisor)
{
    for (unsigned i = 0; i < SLOTS_MAX; i++)
        if (supervisor->slots[i] != NULL) {
            look_at_session(supervisor->slots[i]);
            look_for_hoard(supervisor->slots[i]);
        }
    /* Several slots share a budget; one that has been looked at is not due again. */
    for (unsigned i = 0; i < SLOTS_MAX; i++) {
        struct slot *slot = supervisor->slots[i];
        if (slot == NULL)
            continue;
        if (budget_due_ms(&slot->pool->budget) <= supervisor->now_ms)
            obey(supervisor, budget_tick(&slot->pool->budget, supervisor->now_ms));
    }
}
