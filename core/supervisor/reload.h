/* SPDX-License-Identifier: Apache-2.0 */
/* SIGHUP: a new configuration takes the place of the old one, or nothing changes at all. */
#ifndef MINOTOR_SUPERVISOR_RELOAD_H
#define MINOTOR_SUPERVISOR_RELOAD_H

struct supervisor;

/* Reads and checks everything first; then restarts the slots that differ, adds, removes, and tries those
 * again that were waiting or parked. Slots that are the same are not touched. Everything is logged. */
void supervisor_reload(struct supervisor *supervisor);

#endif
