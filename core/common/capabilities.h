/* SPDX-License-Identifier: Apache-2.0 */
/* Capabilities of a child: none, in no set. */
#ifndef MINOTOR_COMMON_CAPABILITIES_H
#define MINOTOR_COMMON_CAPABILITIES_H

#include <stdbool.h>

enum capabilities_result {
    CAPABILITIES_NONE,     /* and none can come back */
    CAPABILITIES_BOUNDING, /* none; what an executed program could get at most could not be cleared */
    CAPABILITIES_LEFT,     /* some are left */
};

/* Drops all; or, for as long as the user is still to be changed, all but those that this takes. */
enum capabilities_result capabilities_drop(bool keep_to_change_user);

#endif
