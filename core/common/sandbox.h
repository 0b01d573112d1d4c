/* SPDX-License-Identifier: Apache-2.0 */
/* The confinement of a child; the place in its birth where the kernel's layers are applied. */
#ifndef MINOTOR_COMMON_SANDBOX_H
#define MINOTOR_COMMON_SANDBOX_H

enum sandbox_profile {
    SANDBOX_WORKER,
    SANDBOX_FRONT,
    SANDBOX_BROKER,
};

/* No new privileges, not dumpable: what every kernel can do. 0, or -1 after logging. */
int sandbox_apply(enum sandbox_profile profile);

#endif
