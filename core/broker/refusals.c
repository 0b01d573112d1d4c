/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/refusals.h"

#include <string.h>

#include "common/log.h"
#include "common/wire.h"

void refusals_tell(struct refusals *refusals, const char *what, const char *allowed)
{
    uint64_t sum = wire_checksum(WIRE_CHECKSUM_START, what, strlen(what));
    for (unsigned i = 0; i < refusals->count; i++)
        if (refusals->sums[i] == sum)
            return;
    if (refusals->count < REFUSALS_MAX) {
        refusals->sums[refusals->count++] = sum;
        log_warning("refused: %s; allowed is: %s", what, allowed);
    } else if (!refusals->is_full) {
        refusals->is_full = true;
        log_warning("refused: more than %d different places; further ones are not named", REFUSALS_MAX);
    }
}
