/* SPDX-License-Identifier: Apache-2.0 */
/* Namespaces that a child leaves the host's for: an empty network, an empty IPC. */
#ifndef MINOTOR_COMMON_NAMESPACES_H
#define MINOTOR_COMMON_NAMESPACES_H

#include <stdbool.h>

/* What became of each: 0, or why not (errno); -1: was not asked for. */
struct namespaces {
    int network;
    int ipc;
};

/*
 * Leaves those that are wanted. Who is not root needs a user namespace for it, in which this process has all
 * capabilities until it drops them; who we are outside is not changed by it.
 */
void namespaces_leave(struct namespaces *namespaces, bool wants_network, bool wants_ipc);

#endif
