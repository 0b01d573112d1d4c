/* SPDX-License-Identifier: Apache-2.0 */
#include "common/capabilities.h"

#include <cap-ng.h>
#include <sys/prctl.h>

/* A wall around us may refuse the call although there is nothing to give up: what counts is what is there after it. */
static void try_to_apply(capng_select_t sets)
{
    int result = capng_apply(sets);
    (void)result;
}

enum capabilities_result capabilities_drop(bool keep_to_change_user)
{
    capng_clear(CAPNG_SELECT_BOTH);
    if (keep_to_change_user)
        capng_updatev(CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED, CAP_SETUID, CAP_SETGID, CAP_SETPCAP, -1);
    /* The bounding set first, while there is a capability for it; it may be refused, and then the rest still works. */
    try_to_apply(CAPNG_SELECT_BOUNDS);
    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
    try_to_apply(CAPNG_SELECT_CAPS);
    if (capng_get_caps_process() != 0)
        return CAPABILITIES_LEFT;
    if (!keep_to_change_user && capng_have_capabilities(CAPNG_SELECT_CAPS) > CAPNG_NONE)
        return CAPABILITIES_LEFT;
    return capng_have_capabilities(CAPNG_SELECT_BOUNDS) > CAPNG_NONE ? CAPABILITIES_BOUNDING : CAPABILITIES_NONE;
}
