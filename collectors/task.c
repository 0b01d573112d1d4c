/* SPDX-License-Identifier: Apache-2.0 */
#include "task.h"

#include <string.h>

#define SHARE 100       /* what a success may cost: a hundredth of the time */
#define RETRY_SHARE 10  /* what a failure may cost: nothing is known meanwhile */

int pace_is_due(const struct pace *pace, int64_t now_ms, int64_t interval_ms)
{
    int64_t wait_ms = pace->cost_ms * SHARE > interval_ms ? pace->cost_ms * SHARE : interval_ms;
    if (pace->failed_ms != 0)
        return now_ms < pace->failed_ms || now_ms - pace->failed_ms >= pace->lost_ms * RETRY_SHARE;
    return pace->done_ms == 0 || now_ms < pace->done_ms || now_ms - pace->done_ms >= wait_ms;
}

void pace_succeeded(struct pace *pace, const struct minotor_host *host, int64_t left_ms)
{
    pace->done_ms = minotor_now_ms(host);
    pace->cost_ms = left_ms - minotor_remaining_ms(host);
    pace->failed_ms = 0;
    pace->lost_ms = 0;
}

void pace_failed(struct pace *pace, const struct minotor_host *host, int64_t left_ms)
{
    pace->failed_ms = minotor_now_ms(host);
    pace->lost_ms = left_ms - minotor_remaining_ms(host);
}

static int is_due(const struct minotor_host *host, const struct task *task, const struct task_state *state)
{
    if (task->interval == NULL || state->knowledge == TASK_NOT_RUN)
        return 1;
    int64_t interval_ms = state->is_stale ? 0 : minotor_setting_integer(host, task->interval);
    return pace_is_due(&state->pace, minotor_now_ms(host), interval_ms);
}

/* MINOTOR_OK, MINOTOR_FAILED or MINOTOR_CANCELLED. */
static int run(const struct minotor_host *host, const struct task *task, struct task_state *state, void *context)
{
    int64_t left_ms = minotor_remaining_ms(host);
    int result = task->run(host, context);
    if (result == MINOTOR_OK || result == MINOTOR_NO_DATA) {
        state->knowledge = result == MINOTOR_OK ? TASK_KNOWN : TASK_WITHDRAWN;
        state->is_stale = 0;
        pace_succeeded(&state->pace, host, left_ms);
        return MINOTOR_OK;
    }
    snprintf(state->reason, sizeof state->reason, "%s", minotor_error(host));
    state->knowledge = TASK_UNKNOWN;
    pace_failed(&state->pace, host, left_ms);
    return result;
}

static void show(const struct minotor_host *host, const struct task *task, const struct task_state *state,
                 const void *context)
{
    if (state->knowledge == TASK_KNOWN)
        task->emit(host, context);
    if (state->knowledge != TASK_UNKNOWN)
        return;
    for (size_t i = 0; i < TASK_FAMILIES_MAX && task->families[i] != TASK_NO_FAMILY; i++)
        minotor_unknown(host, task->families[i], state->reason);
}

static const char *first_reason(const struct task_state *states, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (states[i].knowledge == TASK_UNKNOWN)
            return states[i].reason;
    return "";
}

/* Due and not run, because the time of the round is over. */
static void give_up(const struct task *task, struct task_state *state)
{
    if (task->interval != NULL && state->knowledge == TASK_KNOWN)
        return; /* it is shown as it was, and due again in the next round */
    snprintf(state->reason, sizeof state->reason, "the time of the round ran out before: %s", task->name);
    state->knowledge = TASK_UNKNOWN;
}

int tasks_collect(const struct minotor_host *host, const struct task *tasks, struct task_state *states, size_t count,
                  void *context, int always)
{
    size_t runs = 0, good_runs = 0, unknown = 0;
    int cancelled = 0;
    for (size_t i = 0; i < count; i++) {
        struct task_state *state = &states[i];
        int due = always || is_due(host, &tasks[i], state);
        if (due && !cancelled) {
            int result = run(host, &tasks[i], state, context);
            cancelled = result == MINOTOR_CANCELLED;
            runs++;
            good_runs += result == MINOTOR_OK;
        } else if (due) {
            give_up(&tasks[i], state);
        }
        unknown += state->knowledge == TASK_UNKNOWN;
    }
    /* A round in which no question was answered has failed, whatever is remembered from others. */
    if (good_runs == 0 && (runs > 0 || unknown == count))
        return cancelled ? MINOTOR_CANCELLED : minotor_fail(host, "%s", first_reason(states, count));
    for (size_t i = 0; i < count; i++)
        show(host, &tasks[i], &states[i], context);
    return MINOTOR_OK;
}
