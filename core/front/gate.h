/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who may come in: users with bcrypt hashes, and a bearer token. What it knows comes from the supervisor in settings
 * "web.*", before the start and again when it changes; "web.commit" makes what came since the last one valid, all at
 * once. Until the first of them nobody comes in.
 *
 * A password costs a bcrypt once; that it was right is remembered under an HMAC with a key of this process, until the
 * users change. An unknown user costs the same.
 */
#ifndef MINOTOR_FRONT_GATE_H
#define MINOTOR_FRONT_GATE_H

#include <stdbool.h>
#include <stdint.h>

#include "common/control.h"
#include "front/guesses.h"
#include "front/http_request.h"

#define GATE_DIGEST_BYTES 32

struct gate_user {
    char name[WEB_USER_MAX_BYTES + 1];
    char hash[WEB_HASH_BYTES + 1];
};

struct gate_rules {
    bool required; /* else everybody may come */
    struct gate_user users[WEB_USERS_MAX];
    unsigned user_count;
    bool has_token;
    uint8_t token[GATE_DIGEST_BYTES]; /* its HMAC */
};

struct gate {
    bool ready; /* there was a commit */
    struct gate_rules rules;
    struct gate_rules next; /* being told */
    bool has_key;
    uint8_t key[GATE_DIGEST_BYTES]; /* chosen with the first setting */
    struct guesses guesses;
    struct {
        bool used;
        uint8_t digest[GATE_DIGEST_BYTES];
    } known[WEB_KNOWN_MAX]; /* right ones */
    unsigned known_next;
};

/* Whether the setting is one of the gate's. -1 after logging: it is, and makes no sense; then nothing changes. */
bool gate_is_setting(const char *name);
int gate_take_setting(struct gate *gate, const struct control_setting *setting);
/* Whether the request may go on; else the answer is a 401 or a 429. An http_gate. */
bool gate_ask(void *context, const struct http_request *request, struct http_answer *answer);

#endif
