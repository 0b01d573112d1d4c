/* SPDX-License-Identifier: Apache-2.0 */
/* The worker's way to its target's HTTP API, through a module that is loaded on demand. */
#ifndef MINOTOR_WORKER_API_H
#define MINOTOR_WORKER_API_H

#include <stdbool.h>
#include <stdint.h>

#include "api/client.h"
#include "common/contract.h"
#include "common/control.h"
#include "minotor/collector.h"
#include "worker/settings.h"

struct api {
    const struct api_driver *driver; /* this and the next: NULL when the target has no address */
    struct api_client *client;
    const struct api_site *site; /* for its token, which no text may contain */
    int64_t deadline_ms;         /* of the round */
    int channel;                 /* to the supervisor */
    struct control_login login;  /* as the supervisor is to keep it */
    bool login_unsent;           /* the supervisor does not read; the newest waits for room */
    char error[ERROR_TEXT_MAX_BYTES + 1];
};

/*
 * Loads the module and makes the client; connects nothing. For a target without any address it does neither, which is
 * no error: its requests give MINOTOR_NO_DATA. `settings` must outlive it. `login` is how that of a worker before this
 * one stood; what becomes of it is sent to the descriptor of `watch`. False after logging one line.
 */
bool api_open(struct api *api, const struct worker_settings *settings, const struct api_watch *watch,
              const struct control_login *login);
/* Logs out, if there is a session. */
void api_close(struct api *api);

/* Tries again to send what waits. */
void api_flush(struct api *api);

/* Requests until api_begin_round() is called again must be done by `deadline_ms` of the monotonic clock. */
void api_begin_round(struct api *api, int64_t deadline_ms);

/* As minotor_http(); the text of a failure, also of NO_DATA, is in `error`. */
enum minotor_result api_get(struct api *api, const struct minotor_request *request, int *status);

/*
 * Which way a request with these flags goes, and whether with the rights of the token or the login. False: no way;
 * `reason` (static) says what is missing. Pure.
 */
bool api_route(const struct api_site *site, uint32_t flags, enum api_place *place, bool *with_rights,
               const char **reason);

#endif
