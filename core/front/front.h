/* SPDX-License-Identifier: Apache-2.0 */
/* The front: one thread, one poll() over supervisor, pipes and clients; it never waits for any of them alone.
 */
#ifndef MINOTOR_FRONT_FRONT_H
#define MINOTOR_FRONT_FRONT_H

#include "common/exit_code.h"
#include "front/gate.h"
#include "front/http.h"
#include "front/pipes.h"
#include "front/site.h"

struct front {
    struct site site;
    struct pipes pipes;
    struct http http;
    struct web_limits limits;
    int listeners[LISTENERS_MAX];
    size_t listener_count;
    int signals; /* signalfd of TERM and INT */
    char version[SETTING_VALUE_MAX_BYTES];
    char revision[SETTING_VALUE_MAX_BYTES];
    struct gate gate;
    struct moment now;
    bool busy;              /* the site has work that waits for idle turns */
    int64_t promise_due_ms; /* when to speak to the supervisor next */
    int64_t drain_until_ms; /* NEVER_MS: not draining */
    int64_t hear_until_ms;  /* draining: so long it waits for the first words of those who were let in; or NEVER_MS */
};

/* A setting of the supervisor before the start; `context` is the front. -1 after logging: unknown or too
 * long. */
int front_take_setting(const struct control_setting *setting, void *context);
/* A message with a descriptor before the start: a listener. -1 after logging. */
int front_take_message(const struct control_message *message, int descriptor, void *context);
/* Opens what the sandbox would forbid. EXIT_CODE_DONE, or what it failed with, after logging. */
enum exit_code front_open(void *context);
/* Serves until there is a reason to leave. */
enum exit_code front_run(struct front *front);

#endif
