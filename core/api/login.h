/* SPDX-License-Identifier: Apache-2.0 */
/*
 * When to log in to Mattermost, and when to leave it alone. Pure: the sessions and requests themselves are
 * client.c's. Logging in is not free (contract.h says what it costs whom), so everything here is about pauses, and
 * what decides them outlives the worker: the supervisor keeps it and gives it to the next one.
 */
#ifndef MINOTOR_API_LOGIN_H
#define MINOTOR_API_LOGIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/control.h"

/* Why there is no session; control_login.trouble. */
enum login_trouble {
    LOGIN_NO_TROUBLE,
    LOGIN_UNANSWERED, /* no answer, or one that says neither yes nor no */
    LOGIN_ENDED,      /* the server does not know the session any more */
    LOGIN_REFUSED,    /* the name or the password, or so the server says; from here on: refusals */
    LOGIN_MFA,
    LOGIN_LOCKED,
    LOGIN_INACTIVE,
    LOGIN_BOT,
    LOGIN_UNVERIFIED,
    LOGIN_TROUBLE_COUNT
};

enum login_event {
    LOGIN_WANTED,        /* a request wants rights */
    LOGIN_ANSWERED,      /* what became of a login that was begun: LOGIN_NO_TROUBLE, or any but LOGIN_ENDED */
    LOGIN_SESSION_USED,  /* a request with the session was answered */
    LOGIN_SESSION_ENDED, /* a request with the session was answered with status 401, and wants rights */
};

enum login_action {
    LOGIN_WAIT,  /* no session, and not the time for a login */
    LOGIN_BEGIN, /* log in, then LOGIN_ANSWERED; the memory already has it as one without an answer */
    LOGIN_USE,   /* there is a session */
};

struct login {
    struct control_login memory; /* what the next worker has to know, too */
    bool has_session;
    int64_t since_ms; /* of the session */
};

/* No session. `memory` is a former worker's; what it cannot be is put right. */
void login_init(struct login *login, const struct control_login *memory, int64_t now_ms);

/* `trouble` counts for LOGIN_ANSWERED only. Times are monotonic. */
enum login_action login_step(struct login *login, enum login_event event, enum login_trouble trouble,
                             int64_t now_ms);

/*
 * What an answer to a login means. `error_id` is that of Mattermost's error, NULL or anything when it is none.
 * LOGIN_NO_TROUBLE: status 200.
 */
enum login_trouble login_judge(int status, const char *error_id);

/* In words that fit after "login: ". Static. */
const char *login_trouble_text(unsigned trouble);

/*
 * The body of a login as JSON into `out`. Its size; 0 when it does not fit, or name or password are no UTF-8, of
 * which JSON consists. The caller wipes `out`.
 */
size_t login_body(char *out, size_t out_bytes, const char *name, const char *password);

#endif
