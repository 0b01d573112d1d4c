/* SPDX-License-Identifier: Apache-2.0 */
/* SIGHUP: a new configuration takes the place of the old one, or nothing changes at all. */
#ifndef MINOTOR_SUPERVISOR_RELOAD_H
#define MINOTOR_SUPERVISOR_RELOAD_H

struct supervisor;

/*
 * In each turn of the loop, when a reload was asked for: reads and checks everything, and with SIGHUP has collectors
 * look at their settings; then restarts the slots that differ, adds, removes, and tries those again that were waiting
 * or parked. Slots that are the same are not touched. Everything is logged.
 */
void reload_begin(struct supervisor *supervisor);

/* In each turn of the loop: goes on with what reload_begin() could not finish. */
void reload_turn(struct supervisor *supervisor);

#endif
