/* SPDX-License-Identifier: Apache-2.0 */
/* The front as the supervisor sees it: its process, what it is told of slots, and what it says of their
 * frames. */
#ifndef MINOTOR_SUPERVISOR_FRONT_LINK_H
#define MINOTOR_SUPERVISOR_FRONT_LINK_H

struct supervisor;
struct slot;

/* Makes supervisor->front, not started. */
void front_link_init(struct supervisor *supervisor);
/* Tells the front who may come in: at its birth, and when the configuration was read again. */
void front_link_send_rules(struct supervisor *supervisor);

/* Tells the front of a slot, with the read end of its data pipe or -1. The caller keeps the descriptor.
 * Nothing is sent while no front is ready: it will be told everything when it is. */
void front_link_describe(struct slot *slot, int data);
/* Tells the front how the slot's worker is doing. */
void front_link_state(struct slot *slot);
/* Tells the front how the slot's worker is confined. */
void front_link_sandbox(struct slot *slot);
/* Tells the front what all processes use, when it is time for that. */
void front_link_usage(struct supervisor *supervisor);
/* Tells the front what is no slot's. */
void front_link_house(struct supervisor *supervisor);
/* Tells the front that the slot is no more. */
void front_link_forget(struct slot *slot);

#endif
