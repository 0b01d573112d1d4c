/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The file of variables that systemd gives to a service, EnvironmentFile= of systemd.exec(5), read as systemd
 * reads it: quotes, backslashes and comments are not those of a shell. Pure.
 */
#ifndef MINOTOR_SUPERVISOR_ENVIRONMENT_FILE_H
#define MINOTOR_SUPERVISOR_ENVIRONMENT_FILE_H

/* Name and value are wiped after the call: copy what is to stay. */
typedef void environment_take(const char *name, const char *value, void *context);

/* Calls take() for each good assignment, in their order; other lines are passed over. 0, or -1: no memory. */
int environment_file_parse(const char *text, environment_take *take, void *context);

#endif
