/* SPDX-License-Identifier: Apache-2.0 */
/* The connection budget: never more sessions than allowed, nobody forgotten, nothing counted twice. */
#include <CUnit/CUnit.h>
#include <stdlib.h>

#include "supervisor/budget.h"
#include "tests/tap/cunit_tap.h"

static const struct budget_limits limits = {.max_open = 2, .idle_max_ms = 1000, .lifetime_max_ms = 10000};

static void test_grants_up_to_the_limit(void)
{
    struct budget budget;
    budget_init(&budget, &limits);
    CU_ASSERT_EQUAL(budget_want(&budget, 0, 0).grant, 1);
    CU_ASSERT_EQUAL(budget_want(&budget, 5, 0).grant, 1 << 5);
    struct budget_orders orders = budget_want(&budget, 7, 0);
    CU_ASSERT_EQUAL(orders.grant, 0);
    CU_ASSERT_EQUAL(orders.recall, 0);
    CU_ASSERT_EQUAL(budget_open(&budget), 2);
    CU_ASSERT_EQUAL(budget.counters.wait_count, 1);
}

static void test_an_idle_session_is_recalled_for_who_waits(void)
{
    struct budget budget;
    budget_init(&budget, &limits);
    budget_want(&budget, 0, 0);
    budget_want(&budget, 1, 0);
    budget_rest(&budget, 0, 10);
    budget_rest(&budget, 1, 20);
    CU_ASSERT_EQUAL(budget_want(&budget, 2, 30).recall, 1 << 0);
    CU_ASSERT_EQUAL(budget_open(&budget), 2);
    CU_ASSERT_EQUAL(budget_release(&budget, 0, 50).grant, 1 << 2);
    CU_ASSERT_EQUAL(budget.counters.wait_duration_ms, 20);
    CU_ASSERT_EQUAL(budget.counters.closed_max_idle, 1);
    CU_ASSERT_EQUAL(budget_open(&budget), 2);
}

static void test_a_session_that_comes_to_rest_is_recalled_for_who_waits(void)
{
    struct budget budget;
    budget_init(&budget, &limits);
    budget_want(&budget, 0, 0);
    budget_want(&budget, 1, 0);
    budget_want(&budget, 2, 0);
    CU_ASSERT_EQUAL(budget_rest(&budget, 1, 5).recall, 1 << 1);
    CU_ASSERT_EQUAL(budget_rest(&budget, 0, 6).recall, 0); /* one waits, one was recalled */
    CU_ASSERT_EQUAL(budget_release(&budget, 1, 7).grant, 1 << 2);
}

static void test_waiters_are_served_in_their_order(void)
{
    struct budget budget;
    budget_init(&budget, &limits);
    budget_want(&budget, 0, 0);
    budget_want(&budget, 1, 0);
    budget_want(&budget, 9, 1);
    budget_want(&budget, 3, 2);
    CU_ASSERT_EQUAL(budget_release(&budget, 0, 3).grant, 1 << 9);
    CU_ASSERT_EQUAL(budget_release(&budget, 1, 4).grant, 1 << 3);
}

static void test_who_waits_may_give_up(void)
{
    struct budget budget;
    budget_init(&budget, &limits);
    budget_want(&budget, 0, 0);
    budget_want(&budget, 1, 0);
    budget_want(&budget, 2, 0);
    CU_ASSERT_EQUAL(budget_release(&budget, 2, 40).grant, 0);
    CU_ASSERT_EQUAL(budget.counters.wait_duration_ms, 40);
    CU_ASSERT_EQUAL(budget_release(&budget, 0, 50).grant, 0);
    CU_ASSERT_EQUAL(budget_open(&budget), 1);
}

static void test_a_dead_workers_session_is_taken_back(void)
{
    struct budget budget;
    budget_init(&budget, &limits);
    budget_want(&budget, 0, 0);
    budget_want(&budget, 1, 0);
    budget_want(&budget, 2, 0);
    CU_ASSERT_EQUAL(budget_release(&budget, 1, 1).grant, 1 << 2);
    budget_release(&budget, 1, 2); /* a second time changes nothing */
    CU_ASSERT_EQUAL(budget_open(&budget), 2);
}

static void test_a_dead_workers_place_lingers(void)
{
    struct budget budget;
    budget_init(&budget, &limits);
    budget_want(&budget, 0, 0);
    budget_want(&budget, 1, 0);
    budget_rest(&budget, 1, 5);
    budget_want(&budget, 2, 5); /* recalls 1 */
    budget_want(&budget, 3, 5);
    CU_ASSERT_EQUAL(budget_abandon(&budget, 0, LINGER_WORKING_MS, 10).grant, 0);
    CU_ASSERT_EQUAL(budget_open(&budget), 2);
    CU_ASSERT_EQUAL(budget_release(&budget, 1, 11).grant, 1 << 2);
    CU_ASSERT_EQUAL(budget_due_ms(&budget), 10 + LINGER_WORKING_MS);
    CU_ASSERT_EQUAL(budget_tick(&budget, 9 + LINGER_WORKING_MS).grant, 0);
    CU_ASSERT_EQUAL(budget_tick(&budget, 10 + LINGER_WORKING_MS).grant, 1 << 3);
    CU_ASSERT_EQUAL(budget_open(&budget), 2);
}

static void test_an_idle_session_lingers_for_a_moment(void)
{
    struct budget budget;
    budget_init(&budget, &limits);
    budget_want(&budget, 0, 0);
    budget_rest(&budget, 0, 0);
    budget_abandon(&budget, 0, LINGER_IDLE_MS, 100);
    CU_ASSERT_EQUAL(budget_open(&budget), 1);
    CU_ASSERT_EQUAL(budget_due_ms(&budget), 100 + LINGER_IDLE_MS);
    budget_tick(&budget, 100 + LINGER_IDLE_MS);
    CU_ASSERT_EQUAL(budget_open(&budget), 0);
    CU_ASSERT_EQUAL(budget_due_ms(&budget), INT64_MAX);
}

static void test_who_only_waited_leaves_nothing(void)
{
    struct budget budget;
    budget_init(&budget, &limits);
    budget_want(&budget, 0, 0);
    budget_want(&budget, 1, 0);
    budget_want(&budget, 2, 0);
    budget_abandon(&budget, 2, LINGER_WORKING_MS, 10);
    budget_abandon(&budget, 3, LINGER_WORKING_MS, 10);
    CU_ASSERT_EQUAL(budget_open(&budget), 2);
    CU_ASSERT_EQUAL(budget.claims[2].hold, BUDGET_NONE);
    CU_ASSERT_EQUAL(budget.claims[3].hold, BUDGET_NONE);
}

static void test_limits_that_change(void)
{
    struct budget budget;
    budget_init(&budget, &limits);
    budget_want(&budget, 0, 0);
    budget_want(&budget, 1, 0);
    budget_want(&budget, 2, 0);
    budget.limits.max_open = 3;
    CU_ASSERT_EQUAL(budget_due_ms(&budget), 0);
    CU_ASSERT_EQUAL(budget_tick(&budget, 1).grant, 1 << 2);
    budget_rest(&budget, 0, 2);
    budget_rest(&budget, 1, 3);
    budget.limits.max_open = 1;
    CU_ASSERT_EQUAL(budget_due_ms(&budget), 0);
    CU_ASSERT_EQUAL(budget_tick(&budget, 4).recall, 3);
    CU_ASSERT_EQUAL(budget_tick(&budget, 5).recall, 0);
    budget_release(&budget, 0, 6);
    budget_release(&budget, 1, 6);
    CU_ASSERT_EQUAL(budget_open(&budget), 1);
    CU_ASSERT_EQUAL(budget_due_ms(&budget), INT64_MAX);
}

static void test_idle_for_too_long(void)
{
    struct budget budget;
    budget_init(&budget, &limits);
    budget_want(&budget, 0, 0);
    CU_ASSERT_EQUAL(budget_due_ms(&budget), INT64_MAX);
    budget_rest(&budget, 0, 100);
    CU_ASSERT_EQUAL(budget_due_ms(&budget), 1100);
    CU_ASSERT_EQUAL(budget_tick(&budget, 1099).recall, 0);
    CU_ASSERT_EQUAL(budget_tick(&budget, 1100).recall, 1);
    CU_ASSERT_EQUAL(budget_tick(&budget, 1200).recall, 0);
    CU_ASSERT_EQUAL(budget.counters.closed_idle_time, 1);
}

static void test_too_old(void)
{
    struct budget budget;
    budget_init(&budget, &limits);
    budget_want(&budget, 0, 0);
    for (int64_t now_ms = 500; now_ms < 10000; now_ms += 500) {
        CU_ASSERT_EQUAL(budget_rest(&budget, 0, now_ms).recall, 0);
        budget_use(&budget, 0, now_ms + 100);
    }
    CU_ASSERT_EQUAL(budget_rest(&budget, 0, 10000).recall, 1);
    CU_ASSERT_EQUAL(budget.counters.closed_lifetime, 1);
}

static void test_a_lost_session_is_opened_anew_in_its_place(void)
{
    struct budget budget;
    budget_init(&budget, &limits);
    budget_want(&budget, 0, 0);
    budget_want(&budget, 1, 0);
    CU_ASSERT_EQUAL(budget_want(&budget, 0, 9).grant, 1);
    CU_ASSERT_EQUAL(budget_open(&budget), 2);
    CU_ASSERT_EQUAL(budget.counters.wait_count, 0);
}

/* A frozen server: what workers gave up stays until the server says that it has ended, and no slot gets a second. */
static void test_a_session_ends_when_the_server_says_so(void)
{
    struct budget budget;
    budget_init(&budget, &limits);
    budget_want(&budget, 0, 0);
    budget_want(&budget, 1, 0);
    budget_abandon(&budget, 0, ENDING_PATIENCE_MS, 10);
    budget_abandon(&budget, 1, ENDING_PATIENCE_MS, 10);
    CU_ASSERT_EQUAL(budget_want(&budget, 0, 20).grant, 0);
    CU_ASSERT_EQUAL(budget_want(&budget, 2, 30).grant, 0);
    CU_ASSERT_EQUAL(budget_open(&budget), 2);
    CU_ASSERT_EQUAL(budget_vanished(&budget, 1, 40).grant, 1 << 2);
    CU_ASSERT_EQUAL(budget_vanished(&budget, 0, 50).grant, 1 << 0);
    CU_ASSERT_EQUAL(budget_vanished(&budget, 0, 60).grant, 0); /* it has a session again, that of before is long gone */
    CU_ASSERT_EQUAL(budget_open(&budget), 2);
    CU_ASSERT_EQUAL(budget.counters.wait_count, 2);
    CU_ASSERT_EQUAL(budget.counters.wait_duration_ms, 10 + 30);
}

/* The slot's next worker waits for the place of its own, and may give up like any other; patience has an end. */
static void test_who_waits_for_a_place_of_its_own(void)
{
    struct budget budget;
    budget_init(&budget, &limits);
    budget_want(&budget, 0, 0);
    budget_abandon(&budget, 0, 100, 10);
    CU_ASSERT_EQUAL(budget_want(&budget, 0, 20).grant, 0);
    budget_release(&budget, 0, 30);
    CU_ASSERT_EQUAL(budget_open(&budget), 1);
    CU_ASSERT_EQUAL(budget.counters.wait_duration_ms, 10);
    budget_want(&budget, 0, 40);
    budget_abandon(&budget, 0, 100, 50); /* it has died, too */
    CU_ASSERT_EQUAL(budget_due_ms(&budget), 110);
    budget_want(&budget, 0, 60);
    CU_ASSERT_EQUAL(budget_tick(&budget, 110).grant, 1 << 0);
}

static void test_a_query_is_cancelled_within_the_limit(void)
{
    struct budget budget;
    budget_init(&budget, &limits);
    CU_ASSERT_EQUAL(budget_want_cancel(&budget, 0, 0).cancel, 0); /* it has no session */
    budget_want(&budget, 0, 0);
    CU_ASSERT_EQUAL(budget_want_cancel(&budget, 0, 1).cancel, 1 << 0);
    CU_ASSERT_EQUAL(budget_open(&budget), 2);
    CU_ASSERT_EQUAL(budget_want(&budget, 1, 2).grant, 0);
    budget_end_cancel(&budget, 0, false, 3);
    CU_ASSERT_EQUAL(budget_tick(&budget, 3 + LINGER_IDLE_MS).grant, 1 << 1);
    /* All are taken: one that rests is called back for it, and it goes before who waits. */
    budget_rest(&budget, 1, 300);
    CU_ASSERT_EQUAL(budget_want_cancel(&budget, 0, 301).recall, 1 << 1);
    budget_want(&budget, 5, 302);
    struct budget_orders orders = budget_release(&budget, 1, 303);
    CU_ASSERT_EQUAL(orders.cancel, 1 << 0);
    CU_ASSERT_EQUAL(orders.grant, 0);
    /* The server did not answer: then it may see that connection as long as the session. */
    budget_end_cancel(&budget, 0, true, 304);
    budget_abandon(&budget, 0, ENDING_PATIENCE_MS, 305);
    CU_ASSERT_EQUAL(budget_tick(&budget, 1305).grant, 0);
    CU_ASSERT_EQUAL(budget_open(&budget), 2);
    CU_ASSERT_EQUAL(budget_vanished(&budget, 0, 1306).grant, 1 << 5);
    CU_ASSERT_EQUAL(budget_open(&budget), 1);
}

/* Whatever workers say in whatever order, the limit holds and nobody waits beside a free place. */
static void test_any_order_of_events(void)
{
    struct budget budget;
    unsigned seed = 7;
    budget_init(&budget, &limits);
    for (int64_t now_ms = 0; now_ms < 200000; now_ms++) {
        unsigned slot = (unsigned)rand_r(&seed) % 6;
        switch (rand_r(&seed) % 9) {
        case 0:
            budget_want(&budget, slot, now_ms);
            break;
        case 1:
            budget_use(&budget, slot, now_ms);
            break;
        case 2:
            budget_rest(&budget, slot, now_ms);
            break;
        case 3:
            budget_release(&budget, slot, now_ms);
            break;
        case 4:
            budget_abandon(&budget, slot, rand_r(&seed) % 50, now_ms);
            break;
        case 5:
            budget_vanished(&budget, slot, now_ms);
            break;
        case 6:
            budget_want_cancel(&budget, slot, now_ms);
            break;
        case 7:
            budget_end_cancel(&budget, slot, rand_r(&seed) % 2, now_ms);
            break;
        default:
            budget_tick(&budget, now_ms);
            break;
        }
        unsigned waiting = 0;
        for (unsigned i = 0; i < SLOTS_MAX; i++)
            waiting += (budget.claims[i].hold == BUDGET_WAITING) + (budget.claims[i].cancel == BUDGET_CANCEL_WAITING);
        if (budget_open(&budget) > limits.max_open || (waiting > 0 && budget_open(&budget) < limits.max_open)) {
            CU_FAIL("the limit was passed, or somebody waits beside a free place");
            return;
        }
    }
}

int main(void)
{
    static CU_TestInfo tests[] = {
        {"grants up to the limit", test_grants_up_to_the_limit},
        {"an idle session is recalled for who waits", test_an_idle_session_is_recalled_for_who_waits},
        {"a session that comes to rest is recalled for who waits",
         test_a_session_that_comes_to_rest_is_recalled_for_who_waits},
        {"waiters are served in their order", test_waiters_are_served_in_their_order},
        {"who waits may give up", test_who_waits_may_give_up},
        {"a dead worker's session is taken back", test_a_dead_workers_session_is_taken_back},
        {"a dead worker's place lingers", test_a_dead_workers_place_lingers},
        {"an idle session lingers for a moment", test_an_idle_session_lingers_for_a_moment},
        {"who only waited leaves nothing", test_who_only_waited_leaves_nothing},
        {"limits that change", test_limits_that_change},
        {"idle for too long", test_idle_for_too_long},
        {"too old", test_too_old},
        {"a lost session is opened anew in its place", test_a_lost_session_is_opened_anew_in_its_place},
        {"a session ends when the server says so", test_a_session_ends_when_the_server_says_so},
        {"who waits for a place of its own", test_who_waits_for_a_place_of_its_own},
        {"a query is cancelled within the limit", test_a_query_is_cancelled_within_the_limit},
        {"any order of events", test_any_order_of_events},
        CU_TEST_INFO_NULL,
    };
    static CU_SuiteInfo suites[] = {{"budget", NULL, NULL, NULL, NULL, tests}, CU_SUITE_INFO_NULL};
    return cunit_tap_main(suites);
}
