/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/pace.h"

#include "broker/places.h"

/* That of the place, or the one that has rested longest. */
static struct pace *find(struct paces *paces, const struct reach_place *where)
{
    struct pace *rested = &paces->pace[0];
    for (unsigned i = 0; i < paces->count; i++) {
        struct pace *pace = &paces->pace[i];
        if (places_are_same(&pace->where, where))
            return pace;
        if (pace->rested_ms < rested->rested_ms)
            rested = pace;
    }
    if (paces->count < PACES_MAX)
        rested = &paces->pace[paces->count++];
    *rested = (struct pace){ .where = *where };
    return rested;
}

bool paces_take(struct paces *paces, const struct reach_place *where, int64_t pause_ms, int64_t now_ms)
{
    struct pace *pace = find(paces, where);
    int64_t rested_ms = (pace->rested_ms > now_ms ? pace->rested_ms : now_ms) + pause_ms;
    if (rested_ms - now_ms > CONNECTIONS_AT_ONCE_MAX * pause_ms)
        return false;
    pace->rested_ms = rested_ms;
    return true;
}
