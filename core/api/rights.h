/* SPDX-License-Identifier: Apache-2.0 */
/* What a request with rights carries: the token of the settings, or the session of a login. Owns the secrets. */
#ifndef MINOTOR_API_RIGHTS_H
#define MINOTOR_API_RIGHTS_H

#include <stdbool.h>
#include <stddef.h>

#include "api/client.h"
#include "api/login.h"
#include "common/contract.h"

struct rights {
    char *name; /* of the login; NULL: there is none */
    char *password;
    struct login login;
    struct api_memory memory;
    char header[SETTING_VALUE_MAX_BYTES + 32]; /* "Authorization: Bearer ..."; "": nothing to carry now */
    char silence[ERROR_TEXT_MAX_BYTES + 1];    /* why the last login had no answer; "": not of this worker's life */
};

/* False: `error` names the setting that cannot be used, or says that there is no memory. rights_close() either way. */
bool rights_open(struct rights *rights, const struct api_settings *settings, char *error, size_t error_bytes);
/* Wipes the secrets. */
void rights_close(struct rights *rights);

/* Whether rights come from a login; else the header is what it is. */
bool rights_can_log_in(const struct rights *rights);

/* login_step() at this moment: tells of a changed memory, and drops a header whose session has ended. */
enum login_action rights_step(struct rights *rights, enum login_event event, enum login_trouble trouble);

/* The session that a login gave. False: this can be no token. */
bool rights_take_session(struct rights *rights, const char *token);

/* One line into `out`: why there is no session now. The same until something changes. */
void rights_explain(const struct rights *rights, char *out, size_t out_bytes);

#endif
