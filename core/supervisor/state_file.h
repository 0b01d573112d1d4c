/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The file in which the states of all slots outlive minotord: taken at its start, written at its end, never
 * touched while it runs, so that no disk can hold it up. It belongs to minotord's own account, and nobody
 * else may have any access to it. Nothing about it is worth a failure: a fault is one line, and the counts
 * begin anew.
 */
#ifndef MINOTOR_SUPERVISOR_STATE_FILE_H
#define MINOTOR_SUPERVISOR_STATE_FILE_H

#include "supervisor/state_record.h"

/*
 * Reads up to SLOTS_MAX records and removes the file: the states of a minotord that is killed later are lost,
 * and what this one began with would be too old by then. Returns how many are good. `fault` is "" or the one
 * thing to be said, beginning with the path; a file that is not there is no fault.
 */
unsigned state_file_take(const char *path, struct state_record *records, char *fault, size_t fault_bytes);

/*
 * Writes the records under another name beside it, then gives them the name. False: `fault` says why,
 * beginning with the path, and nothing is left behind.
 */
bool state_file_write(const char *path, const struct state_record *records, unsigned count, char *fault,
                      size_t fault_bytes);

/* Whether it could probably be written; else `fault` says why. Changes nothing. */
bool state_file_check(const char *path, char *fault, size_t fault_bytes);

#endif
