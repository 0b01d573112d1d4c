/* SPDX-License-Identifier: Apache-2.0 */
#include "common/sandbox.h"

#include <errno.h>
#include <string.h>
#include <sys/prctl.h>

#include "common/log.h"

int sandbox_apply(enum sandbox_profile profile)
{
    (void)profile; /* both kinds give up the same things so far as every kernel can take them */
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
        log_error("no_new_privs: %s", strerror(errno));
        return -1;
    }
    /* After exec and after the change of user, both of which set it again. */
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) {
        log_error("dumpable: %s", strerror(errno));
        return -1;
    }
    return 0;
}
