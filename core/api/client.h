/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a worker and the HTTP client have agreed on. The client is one module, lib/minotor/drivers/api.so, that
 * exports minotor_api_client() and is the only thing that links libcurl and jansson. It is built with the worker
 * and of the same version; it is no interface for others.
 *
 * One client object asks one Mattermost, by GET only, one request at a time. Connections are kept between
 * requests. Nothing is followed, guessed or remembered: a redirect is an answer, cookies are dropped, proxies of
 * the environment are not used. No call blocks longer than its deadline, whatever the server or the name service
 * does, and what an answer may hold is bounded.
 *
 * With a login the first request that wants rights logs in, and those after it use the session. One that the server
 * does not know any more (status 401) is replaced by another, once per request. When no login may be tried, or it
 * fails, such a request fails: api/login.h has the pauses. close() logs out.
 */
#ifndef MINOTOR_API_CLIENT_H
#define MINOTOR_API_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/control.h"

#define API_DRIVER_VERSION 2
#define API_DRIVER_SYMBOL "minotor_api_client"

enum api_result {
    API_OK = 0,    /* an HTTP answer came, whatever its status */
    API_FAILED,    /* none came, or one beyond the bounds; error() says why */
    API_CANCELLED, /* the round's deadline passed or the worker was told to stop */
};

/* Where a request goes. */
enum api_place {
    API_SITE,    /* `url` */
    API_LOCAL,   /* `local_socket`: Mattermost's local mode */
    API_METRICS, /* `metrics_url`: the listener of Mattermost's own metrics */
    API_PLACE_COUNT,
};

/*
 * What the next worker has to know of this one's login, and was told by the one before: all zero at first.
 * changed() is called, if it is there, before a login is sent and after each change.
 */
struct api_memory {
    struct control_login login;
    void (*changed)(void *context, const struct control_login *login);
    void *context;
};

/* Strings are copied by open(); "" means: there is none. */
struct api_settings {
    const char *url;          /* http(s)://host[:port][/subpath] */
    const char *metrics_url;  /* the same; never sees the token */
    const char *local_socket; /* path of the unix socket */
    const char *ca_file;      /* certificates to trust instead of the system's */
    const char *token;        /* secret; goes to `url` and to nobody else */
    const char *login;        /* name or e-mail address; a token goes before it */
    const char *password;     /* secret, likewise */
    const char *user_agent;
    struct api_memory memory;
};

/*
 * While the client waits it also watches `descriptor` (-1: none). When that becomes readable it calls
 * should_stop(), which reads what came; true means: give up, as if the deadline had passed.
 */
struct api_watch {
    int descriptor;
    bool (*should_stop)(void *context);
    void *context;
};

struct api_request {
    enum api_place place;  /* one that the settings have */
    bool with_rights;      /* with the token or the session of the login, if the place is API_SITE */
    const char *path;      /* "/api/v4/..." with its query, below the place's subpath */
    size_t body_max_bytes; /* an answer with more is a failure */
    int64_t timeout_ms;    /* of this request */
    int64_t deadline_ms;   /* of the round, on the monotonic clock */
};

struct api_client;

struct api_driver {
    uint32_t size;    /* sizeof(struct api_driver) */
    uint32_t version; /* API_DRIVER_VERSION */

    /*
     * Makes the object, connects nothing. NULL: one line in `error`, which names the setting and never holds a
     * secret. The caller closes it.
     */
    struct api_client *(*open)(const struct api_settings *settings, const struct api_watch *watch, char *error,
                               size_t error_bytes);

    /* Asks and waits for the whole answer. The answer before is dropped, also when this one fails. */
    enum api_result (*get)(struct api_client *client, const struct api_request *request);

    /* Of the last answer; 0, NULL and "" of size 0 when there is none. Valid until the next get(). */
    int (*status)(const struct api_client *client);
    const char *(*header)(const struct api_client *client, const char *name); /* name in any case */
    const char *(*body)(const struct api_client *client, size_t *size);       /* a NUL follows */

    /* How long the last get() took, whatever became of it, in microseconds. */
    int64_t (*duration_us)(const struct api_client *client);

    /*
     * The value at an RFC 6901 pointer into the body: the text of a string, number, true or false; NULL for null,
     * arrays, objects, what is not there and bodies that are not JSON. Integers are exact, other numbers as short
     * as they can be. Valid until the next get().
     */
    const char *(*json)(struct api_client *client, const char *pointer);
    /* Elements of the array at the pointer; 0 when there is none. */
    size_t (*json_count)(struct api_client *client, const char *pointer);

    /* One line: why the last get() failed. Never a secret. */
    const char *(*error)(const struct api_client *client);

    /* Logs out, within API_LOGOUT_TIMEOUT_MS and deaf to the watch; closes the connections and frees the object. */
    void (*close)(struct api_client *client);
};

/* The one symbol of the module. Static. */
typedef const struct api_driver *(*api_driver_entry)(void);

#endif
