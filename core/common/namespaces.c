/* SPDX-License-Identifier: Apache-2.0 */
#include "common/namespaces.h"

#include <errno.h>
#include <sched.h>
#include <unistd.h>

static int leave(int flag)
{
    return unshare(flag) == 0 ? 0 : errno;
}

void namespaces_leave(struct namespaces *namespaces, bool wants_network, bool wants_ipc)
{
    namespaces->network = namespaces->ipc = -1;
    if (!wants_network && !wants_ipc)
        return;
    /* Without a map of users: that would have to be written into a file of /proc, which a process that cannot be
     * dumped may not; and nothing here asks who it is. */
    int user = geteuid() == 0 ? 0 : leave(CLONE_NEWUSER);
    if (wants_network)
        namespaces->network = user == 0 ? leave(CLONE_NEWNET) : user;
    if (wants_ipc)
        namespaces->ipc = user == 0 ? leave(CLONE_NEWIPC) : user;
}
