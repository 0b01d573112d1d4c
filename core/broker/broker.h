/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The broker: the way out for one worker, which runs a stranger's code and has no network of its own. It looks up the
 * names that its slot is configured for, and connects to the places that it is configured for; nothing else, whatever
 * the worker asks. It runs as the worker's user, because that is whom a server at the other end of a unix socket sees.
 *
 * One thread, which never waits: a connection is handed over while it is still being made, and names are looked up by
 * threads of their own. It ends with its worker, and with minotord.
 */
#ifndef MINOTOR_BROKER_BROKER_H
#define MINOTOR_BROKER_BROKER_H

#include "broker/names.h"
#include "broker/pace.h"
#include "broker/places.h"
#include "broker/refusals.h"
#include "common/control.h"

/* A request that waits for the name service. */
struct waiting {
    uint32_t id;
    struct name *name; /* NULL: free */
    int64_t until_ms;
};

struct broker {
    struct places places;
    struct names names;
    struct waiting waiting[REACH_WAITING_MAX];
    struct refusals refusals;
    struct paces paces;
    int64_t interval_ms; /* of its slot's rounds; 0: not known */
    unsigned unread_sockets; /* that the worker may not have read yet */
};

/* For birth(): takes "interval_ms", "place.0", "database.1" and so on. 0, or -1 after logging. */
int broker_take_setting(const struct control_setting *setting, void *context);

/* Serves FD_CLIENT until that or FD_CONTROL ends. Returns the exit code. */
int broker_run(struct broker *broker);

#endif
