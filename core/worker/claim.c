/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/claim.h"

#include <poll.h>
#include <string.h>

#include "common/clock.h"

void claim_init(struct claim *claim, const struct database_watch *watch)
{
    memset(claim, 0, sizeof *claim);
    claim->watch = *watch;
}

bool claim_is_unsent(const struct claim *claim)
{
    return claim->unsent != 0;
}

void claim_flush(struct claim *claim)
{
    struct control_message message = { .type = claim->unsent };
    if (claim->unsent == 0)
        return;
    if (claim->unsent == CONTROL_WANT || claim->unsent == CONTROL_RELEASED)
        message.body.session =
            (struct control_session){ .request = claim->request, .lingers = claim->unsent_lingers };
    /* A channel that is closed or broken is found so by whoever reads it. */
    if (control_send(claim->watch.descriptor, &message, -1) != CONTROL_AGAIN)
        claim->unsent = 0;
}

/* A supervisor that is stopped hears the last word only: all that it needs to know. */
static void say(struct claim *claim, enum control_type type, bool lingers)
{
    claim->unsent = type;
    claim->unsent_lingers = lingers;
    claim_flush(claim);
}

bool claim_take_message(struct claim *claim, const struct control_message *message)
{
    switch (message->type) {
    case CONTROL_GRANT: /* of a request that was given up: it has been taken back already */
        if (claim->hold == CLAIM_WAITING && message->body.session.request == claim->request)
            claim->hold = CLAIM_WORKING;
        return true;
    case CONTROL_RECALL: /* likewise */
        claim->recalled = claim->hold == CLAIM_WORKING || claim->hold == CLAIM_RESTING;
        return true;
    case CONTROL_GRANT_CANCEL: /* likewise */
        claim->may_cancel = true;
        return true;
    case CONTROL_POOL:
        claim->pool = message->body.pool;
        claim->has_pool = true;
        return true;
    default:
        return false;
    }
}

/* Reads the control channel until it has brought what is waited for. The last look costs nothing. */
static enum claim_result await(struct claim *claim, bool (*has_come)(const struct claim *claim), int64_t deadline_ms)
{
    while (!has_come(claim)) {
        struct pollfd waiting = { .fd = claim->watch.descriptor,
                                  .events = (short)(claim->unsent != 0 ? POLLIN | POLLOUT : POLLIN) };
        int64_t left_ms = deadline_ms - clock_monotonic_ms();
        int ready = poll(&waiting, 1, left_ms > 0 ? (int)left_ms : 0);
        if (ready > 0 && (waiting.revents & POLLOUT) != 0)
            claim_flush(claim);
        if (ready > 0 && (waiting.revents & ~POLLOUT) != 0 && claim->watch.should_stop(claim->watch.context))
            return CLAIM_STOPPED;
        if (left_ms <= 0 && !has_come(claim))
            return CLAIM_LATE;
    }
    return CLAIM_OK;
}

static bool is_granted(const struct claim *claim)
{
    return claim->hold == CLAIM_WORKING;
}

enum claim_result claim_begin(struct claim *claim, int64_t deadline_ms)
{
    if (claim->hold == CLAIM_WORKING)
        return CLAIM_OK;
    if (claim->hold == CLAIM_RESTING) {
        claim->hold = CLAIM_WORKING;
        say(claim, CONTROL_USE, false);
        return CLAIM_OK;
    }
    claim->hold = CLAIM_WAITING;
    claim->recalled = false;
    claim->request++;
    say(claim, CONTROL_WANT, false);
    enum claim_result result = await(claim, is_granted, deadline_ms);
    if (result != CLAIM_OK)
        claim_release(claim, false);
    return result;
}

void claim_rest(struct claim *claim)
{
    if (claim->hold != CLAIM_WORKING)
        return;
    claim->hold = CLAIM_RESTING;
    say(claim, CONTROL_REST, false);
}

void claim_release(struct claim *claim, bool lingers)
{
    if (claim->hold == CLAIM_NONE)
        return;
    claim->hold = CLAIM_NONE;
    claim->recalled = false;
    say(claim, CONTROL_RELEASED, lingers);
}

void claim_announce(int control, int socket)
{
    const struct control_message message = { .type = CONTROL_SESSION };
    /* One that does not listen now sees the end of the session by the clock. */
    control_send(control, &message, socket);
}

static bool may_cancel(const struct claim *claim)
{
    return claim->may_cancel;
}

bool claim_ask_cancel(struct claim *claim, int64_t timeout_ms)
{
    const struct control_message ask = { .type = CONTROL_WANT_CANCEL };
    claim->may_cancel = false;
    if (claim->unsent != 0 || control_send(claim->watch.descriptor, &ask, -1) != CONTROL_OK)
        return false;
    int64_t deadline_ms = clock_monotonic_ms() + timeout_ms;
    /* Being told to leave is the usual reason to cancel: then the answer is read all the same. */
    while (await(claim, may_cancel, deadline_ms) == CLAIM_STOPPED && !claim->may_cancel)
        if (clock_monotonic_ms() >= deadline_ms)
            break;
    if (claim->may_cancel)
        return true;
    claim_end_cancel(claim, false);
    return false;
}

void claim_end_cancel(struct claim *claim, bool lingers)
{
    const struct control_message end = { .type = CONTROL_END_CANCEL, .body.session.lingers = lingers };
    claim->may_cancel = false;
    control_send(claim->watch.descriptor, &end, -1);
}

static bool has_pool(const struct claim *claim)
{
    return claim->has_pool;
}

enum claim_result claim_ask_pool(struct claim *claim, int64_t deadline_ms, struct control_pool *pool)
{
    const struct control_message ask = { .type = CONTROL_ASK_POOL };
    int64_t patience_ms = clock_monotonic_ms() + POOL_ANSWER_MS;
    claim->has_pool = false;
    if (control_send(claim->watch.descriptor, &ask, -1) == CONTROL_AGAIN)
        return CLAIM_LATE;
    enum claim_result result = await(claim, has_pool, patience_ms < deadline_ms ? patience_ms : deadline_ms);
    if (result == CLAIM_OK)
        *pool = claim->pool;
    return result;
}
