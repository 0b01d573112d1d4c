/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the worker of a slot may reach: the database of its target, where the collector has its secret, and the HTTP
 * addresses of the target, which may be asked by everybody. The socket of Mattermost's local mode is a right in
 * itself, as a token is, and comes with the secret "api". Pure.
 */
#ifndef MINOTOR_SUPERVISOR_PLACES_H
#define MINOTOR_SUPERVISOR_PLACES_H

#include <stdbool.h>

#include "supervisor/config.h"

#define PLACE_TEXT_BYTES (CONFIG_PATH_BYTES + 64)

/* Each is "tcp HOST PORT" or "unix PATH". */
struct places {
    char text[PLACES_MAX][PLACE_TEXT_BYTES];
    unsigned count;
    unsigned database_count; /* so many of them, the first, are the database's */
    bool too_many;
};

/* `secrets`: bits of enum config_secret. */
void places_list(struct places *places, const struct config_target *target, unsigned secrets);

#endif
