/* SPDX-License-Identifier: Apache-2.0 */
/* A worker's place in the budget and its kept state, against a supervisor that the test plays. */
#include "tests/tap/cunit_tap.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/log.h"
#include "worker/claim.h"
#include "worker/kept_state.h"

static int ours = -1, theirs = -1; /* the supervisor's end, the worker's */
static struct claim claim;
static bool told_to_leave;

static void open_channel(void)
{
    int pair[2];
    CU_ASSERT_EQUAL_FATAL(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
    ours = pair[0];
    theirs = pair[1];
    told_to_leave = false;

}

static void close_channel(void)
{
    close(ours);
    close(theirs);
}

/* What the worker does when its control channel is readable. */
static bool should_stop(void *context)
{
    struct control_message message;
    (void)context;
    while (control_receive(theirs, CONTROL_FROM_SUPERVISOR, &message, NULL) == CONTROL_OK)
        CU_ASSERT_TRUE(claim_take_message(&claim, &message));
    return told_to_leave;
}

static void begin(void)
{
    open_channel();
    const struct database_watch watch = { .descriptor = theirs, .should_stop = should_stop };
    claim_init(&claim, &watch);
}

/* The next message of the worker, or 0. */
static enum control_type heard(struct control_message *message)
{
    if (control_receive(ours, CONTROL_FROM_WORKER, message, NULL) != CONTROL_OK)
        return 0;
    return message->type;
}

static void say(enum control_type type, uint32_t request)
{
    const struct control_message message = { .type = type, .body.session.request = request };
    CU_ASSERT_EQUAL(control_send(ours, &message, -1), CONTROL_OK);
}

static void hold_a_place(void)
{
    struct control_message message;
    say(CONTROL_GRANT, 1);
    CU_ASSERT_EQUAL(claim_begin(&claim, clock_monotonic_ms() + 1000), CLAIM_OK);
    CU_ASSERT_EQUAL(heard(&message), CONTROL_WANT);
    CU_ASSERT_EQUAL(message.body.session.request, 1);
}

static void a_session_between_rounds(void)
{
    struct control_message message;
    begin();
    hold_a_place();
    claim_rest(&claim);
    CU_ASSERT_EQUAL(heard(&message), CONTROL_REST);
    CU_ASSERT_EQUAL(claim_begin(&claim, 0), CLAIM_OK); /* needs no answer */
    CU_ASSERT_EQUAL(heard(&message), CONTROL_USE);
    CU_ASSERT_EQUAL(claim_begin(&claim, 0), CLAIM_OK);
    CU_ASSERT_EQUAL(heard(&message), 0);
    claim_release(&claim, true);
    CU_ASSERT_EQUAL(heard(&message), CONTROL_RELEASED);
    CU_ASSERT_EQUAL(message.body.session.lingers, 1);
    claim_release(&claim, true);
    CU_ASSERT_EQUAL(heard(&message), 0);
    close_channel();
}

static void nobody_answers(void)
{
    struct control_message message;
    begin();
    CU_ASSERT_EQUAL(claim_begin(&claim, clock_monotonic_ms() + 20), CLAIM_LATE);
    CU_ASSERT_EQUAL(heard(&message), CONTROL_WANT);
    CU_ASSERT_EQUAL(heard(&message), CONTROL_RELEASED);
    say(CONTROL_GRANT, 1); /* too late */
    CU_ASSERT_EQUAL(claim_begin(&claim, clock_monotonic_ms() + 20), CLAIM_LATE);
    say(CONTROL_GRANT, 3);
    CU_ASSERT_EQUAL(claim_begin(&claim, clock_monotonic_ms() + 1000), CLAIM_OK);
    close_channel();
}

static void told_to_leave_while_it_waits(void)
{
    begin();
    told_to_leave = true;
    say(CONTROL_RECALL, 0);
    CU_ASSERT_EQUAL(claim_begin(&claim, clock_monotonic_ms() + 10000), CLAIM_STOPPED);
    CU_ASSERT_EQUAL(claim.hold, CLAIM_NONE);
    close_channel();
}

static void a_recall_counts_for_the_session_that_it_is_about(void)
{
    begin();
    hold_a_place();
    say(CONTROL_RECALL, 0);
    should_stop(NULL);
    CU_ASSERT_TRUE(claim.recalled);
    claim_release(&claim, false);
    CU_ASSERT_FALSE(claim.recalled);
    say(CONTROL_RECALL, 0); /* crossed with RELEASED */
    say(CONTROL_GRANT, 2);
    CU_ASSERT_EQUAL(claim_begin(&claim, clock_monotonic_ms() + 1000), CLAIM_OK);
    CU_ASSERT_FALSE(claim.recalled);
    close_channel();
}

/* The last word is what counts; words before it need not arrive. */
static void a_supervisor_that_does_not_read(void)
{
    struct control_message message;
    enum control_type last = 0, before_last = 0;
    unsigned count = 0;
    begin();
    hold_a_place();
    while (!claim_is_unsent(&claim) && count++ < 100000) {
        claim_rest(&claim);
        CU_ASSERT_EQUAL(claim_begin(&claim, 0), CLAIM_OK);
    }
    CU_ASSERT_TRUE(claim_is_unsent(&claim));
    claim_rest(&claim);
    claim_release(&claim, false);
    CU_ASSERT_TRUE(claim_is_unsent(&claim));
    for (enum control_type type; (type = heard(&message)) != 0; before_last = last, last = type)
        claim_flush(&claim);
    CU_ASSERT_FALSE(claim_is_unsent(&claim));
    CU_ASSERT_EQUAL(last, CONTROL_RELEASED);
    CU_ASSERT_NOT_EQUAL(before_last, CONTROL_RELEASED);
    close_channel();
}

/* The supervisor gets a copy of the socket. */
static void a_session_is_announced(void)
{
    struct control_message message;
    int pair[2], copy = -1;
    char byte = 'x';
    begin();
    CU_ASSERT_EQUAL_FATAL(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    claim_announce(theirs, pair[0]);
    CU_ASSERT_EQUAL(control_receive(ours, CONTROL_FROM_WORKER, &message, &copy), CONTROL_OK);
    CU_ASSERT_EQUAL(message.type, CONTROL_SESSION);
    CU_ASSERT_EQUAL(write(copy, &byte, 1), 1);
    CU_ASSERT_EQUAL(read(pair[1], &byte, 1), 1);
    close(copy);
    close(pair[0]);
    close(pair[1]);
    close_channel();
}

static void a_place_to_cancel_from(void)
{
    struct control_message message;
    begin();
    hold_a_place();
    say(CONTROL_GRANT_CANCEL, 0);
    told_to_leave = true; /* the usual reason */
    CU_ASSERT_TRUE(claim_ask_cancel(&claim, 1000));
    CU_ASSERT_EQUAL(heard(&message), CONTROL_WANT_CANCEL);
    claim_end_cancel(&claim, true);
    CU_ASSERT_EQUAL(heard(&message), CONTROL_END_CANCEL);
    CU_ASSERT_EQUAL(message.body.session.lingers, 1);
    /* There is none: then the question is taken back. */
    CU_ASSERT_FALSE(claim_ask_cancel(&claim, 20));
    CU_ASSERT_EQUAL(heard(&message), CONTROL_WANT_CANCEL);
    CU_ASSERT_EQUAL(heard(&message), CONTROL_END_CANCEL);
    CU_ASSERT_EQUAL(message.body.session.lingers, 0);
    close_channel();
}

static void the_pool(void)
{
    struct control_message message = { .type = CONTROL_POOL, .body.pool = { .max_open = 5, .wait_count = 7 } };
    struct control_pool pool;
    begin();
    int64_t began_ms = clock_monotonic_ms();
    CU_ASSERT_EQUAL(claim_ask_pool(&claim, began_ms + 20, &pool), CLAIM_LATE);
    CU_ASSERT_EQUAL(heard(&message), CONTROL_ASK_POOL);
    message = (struct control_message){ .type = CONTROL_POOL, .body.pool = { .max_open = 5, .wait_count = 7 } };
    CU_ASSERT_EQUAL(control_send(ours, &message, -1), CONTROL_OK);
    CU_ASSERT_EQUAL(claim_ask_pool(&claim, clock_monotonic_ms() + 1000, &pool), CLAIM_OK);
    CU_ASSERT_EQUAL(pool.max_open, 5);
    CU_ASSERT_EQUAL(pool.wait_count, 7);
    close_channel();
}

/* ---- state */

static void state_comes_back_under_its_version(void)
{
    static struct kept_state kept, next;
    static struct control_message message;
    const struct control_state nothing = { .size = 0 };
    char out[8] = "";
    open_channel();
    kept_state_init(&kept, &nothing, theirs);
    CU_ASSERT_EQUAL(kept_state_load(&kept, 0, out, sizeof out), 0);
    CU_ASSERT_TRUE(kept_state_save(&kept, 3, "abc", 3));
    CU_ASSERT_EQUAL(heard(&message), CONTROL_STATE);
    CU_ASSERT_TRUE(kept_state_save(&kept, 3, "abc", 3)); /* the same: nothing is sent */
    kept_state_init(&next, &message.body.state, theirs);
    CU_ASSERT_EQUAL(kept_state_load(&next, 3, out, sizeof out), 3);
    CU_ASSERT_EQUAL(memcmp(out, "abc", 3), 0);
    CU_ASSERT_EQUAL(kept_state_load(&next, 4, out, sizeof out), 0);
    CU_ASSERT_EQUAL(kept_state_load(&next, 3, out, 2), 0);
    message.body.state.bytes[1] ^= 1;
    log_set_level(LOG_LEVEL_ERROR);
    kept_state_init(&next, &message.body.state, theirs);
    CU_ASSERT_EQUAL(kept_state_load(&next, 3, out, sizeof out), 0);
    CU_ASSERT_TRUE(kept_state_save(&kept, 3, NULL, 0));
    CU_ASSERT_EQUAL(heard(&message), CONTROL_STATE);
    CU_ASSERT_EQUAL(message.body.state.size, 0);
    close_channel();
}

static void state_is_bounded(void)
{
    static struct kept_state kept;
    static uint8_t bytes[STATE_MAX_BYTES + 1];
    const struct control_state nothing = { .size = 0 };
    open_channel();
    kept_state_init(&kept, &nothing, theirs);
    CU_ASSERT_FALSE(kept_state_save(&kept, 1, bytes, sizeof bytes));
    CU_ASSERT_TRUE(kept_state_save(&kept, 1, bytes, STATE_MAX_BYTES));
    close(ours);
    bytes[0] = 1;
    CU_ASSERT_FALSE(kept_state_save(&kept, 1, bytes, STATE_MAX_BYTES)); /* nobody is there to keep it */
    close(theirs);
}

static void the_newest_state_waits_for_room(void)
{
    static struct kept_state kept;
    static struct control_message message;
    const struct control_state nothing = { .size = 0 };
    uint32_t number = 0, last = 0;
    open_channel();
    kept_state_init(&kept, &nothing, theirs);
    while (!kept.unsent && number < 100000) {
        number++;
        CU_ASSERT_TRUE(kept_state_save(&kept, 1, &number, sizeof number));
    }
    number += 5;
    CU_ASSERT_TRUE(kept_state_save(&kept, 1, &number, sizeof number));
    while (heard(&message) == CONTROL_STATE) {
        memcpy(&last, message.body.state.bytes, sizeof last);
        kept_state_flush(&kept);
    }
    CU_ASSERT_EQUAL(last, number);
    CU_ASSERT_FALSE(kept.unsent);
    close_channel();
}

int main(void)
{
    CU_TestInfo tests[] = {
        { "a session between rounds", a_session_between_rounds },
        { "nobody answers", nobody_answers },
        { "told to leave while it waits", told_to_leave_while_it_waits },
        { "a recall counts for the session that it is about", a_recall_counts_for_the_session_that_it_is_about },
        { "a supervisor that does not read", a_supervisor_that_does_not_read },
        { "a session is announced", a_session_is_announced },
        { "a place to cancel from", a_place_to_cancel_from },
        { "the pool", the_pool },
        { "state comes back under its version", state_comes_back_under_its_version },
        { "state is bounded", state_is_bounded },
        { "the newest state waits for room", the_newest_state_waits_for_room },
        CU_TEST_INFO_NULL,
    };
    CU_SuiteInfo suites[] = { { .pName = "claim", .pTests = tests }, CU_SUITE_INFO_NULL };
    return cunit_tap_main(suites);
}
