/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/schedule.h"

#include <assert.h>

void schedule_init(struct schedule *schedule, int64_t now_ms, int64_t interval_ms, int64_t first_delay_ms)
{
    assert(interval_ms > 0 && first_delay_ms >= 0);
    schedule->interval_ms = interval_ms;
    schedule->first_ms = now_ms + first_delay_ms;
    schedule->next_ms = schedule->first_ms;
}

int64_t schedule_wait_ms(const struct schedule *schedule, int64_t now_ms)
{
    return schedule->next_ms > now_ms ? schedule->next_ms - now_ms : 0;
}

void schedule_advance(struct schedule *schedule, int64_t now_ms)
{
    int64_t since_first_ms = now_ms - schedule->first_ms;
    int64_t passed = since_first_ms < 0 ? 0 : since_first_ms / schedule->interval_ms + 1;
    schedule->next_ms = schedule->first_ms + passed * schedule->interval_ms;
}

void schedule_soon(struct schedule *schedule, int64_t now_ms)
{
    if (schedule->next_ms > now_ms)
        schedule->next_ms = now_ms;
}
