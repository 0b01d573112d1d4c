/* SPDX-License-Identifier: Apache-2.0 */
#include "database/mysql_connect.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/contract.h"
#include "database/socket_news.h"

/* The library, a TLS handshake and a name lookup; the default of 8 MiB would count against the worker's
 * limit. */
#define STACK_BYTES (512 * 1024)
/* How often it is looked whether an attempt that was given up has come to its end. */
#define END_PAUSE_MS 5

/* Shared by the thread and the one who waits for it; who comes last frees it. */
struct attempt {
    MYSQL *handle;
    char *user, *password, *name; /* own copies: who asked may be gone */
    struct mysql_place place;
    struct database_watch watch; /* only its opened() is called */
    char *host;
    int done;                /* eventfd: the thread's word */
    int given_up;            /* eventfd: the other's */
    atomic_int parties_left; /* 2, 1 */
    atomic_bool is_connected;
};

static atomic_int attempts_under_way;

static void close_event(int descriptor)
{
    if (descriptor >= 0)
        close(descriptor);
}

static void free_secret(char *secret)
{
    if (secret != NULL)
        explicit_bzero(secret, strlen(secret));
    free(secret);
}

static void release(struct attempt *attempt)
{
    if (atomic_fetch_sub(&attempt->parties_left, 1) > 1)
        return;
    if (attempt->handle != NULL)
        mysql_close(attempt->handle);
    close_event(attempt->done);
    close_event(attempt->given_up);
    free_secret(attempt->password);
    free(attempt->user);
    free(attempt->name);
    free(attempt->host);
    free(attempt);
}

static bool is_given_up(void *context)
{
    (void)context;
    return true;
}

/* The suspendable call also here: only that one says truly why a connection was refused, and has one end for
 * all. */
static bool connects(struct attempt *attempt)
{
    const struct database_watch watch = {.descriptor = attempt->given_up, .should_stop = is_given_up};
    const struct session_patience patience = {.deadline_ms = clock_monotonic_ms() + CONNECT_TIMEOUT_MS,
                                              .watch = &watch};
    const char *name = attempt->name[0] != '\0' ? attempt->name : NULL;
    const char *path = attempt->place.path[0] != '\0' ? attempt->place.path : NULL;
    MYSQL *connected = NULL;
    uint64_t known = 0;
    int wanted = mysql_real_connect_start(&connected, attempt->handle, attempt->host, attempt->user,
                                          attempt->password, name, attempt->place.port, path, 0);
    while (wanted != 0) {
        int ready;
        mysql_bound_socket(mysql_get_socket(attempt->handle));
        socket_news(&attempt->watch, mysql_get_socket(attempt->handle), &known);
        if (session_wait_call(attempt->handle, wanted, &ready, &patience) != SESSION_ARRIVED)
            ready = MYSQL_WAIT_TIMEOUT;
        wanted = mysql_real_connect_cont(&connected, attempt->handle, ready);
    }
    return connected != NULL;
}

static void *try_it(void *argument)
{
    struct attempt *attempt = argument;
    const uint64_t one = 1;
    atomic_store(&attempt->is_connected, connects(attempt));
    if (write(attempt->done, &one, sizeof one) < 0)
        atomic_store(&attempt->is_connected, false);
    release(attempt);
    mysql_thread_end();
    atomic_fetch_sub(&attempts_under_way, 1);
    return NULL;
}

static struct attempt *make_attempt(const struct database_settings *settings, const struct mysql_place *place,
                                    const struct database_watch *watch)
{
    struct attempt *attempt = calloc(1, sizeof *attempt);
    if (attempt == NULL)
        return NULL;
    atomic_store(&attempt->parties_left, 1);
    attempt->place = *place;
    if (watch != NULL)
        attempt->watch = *watch;
    attempt->host = strdup(place->host);
    attempt->user = strdup(settings->user);
    attempt->password = strdup(settings->password);
    attempt->name = strdup(settings->name);
    attempt->done = eventfd(0, EFD_CLOEXEC);
    attempt->given_up = eventfd(0, EFD_CLOEXEC);
    attempt->handle = mysql_init(NULL);
    if (attempt->host != NULL && attempt->user != NULL && attempt->password != NULL &&
        attempt->name != NULL && attempt->done >= 0 && attempt->given_up >= 0 && attempt->handle != NULL &&
        mysql_set_options(attempt->handle, settings, place))
        return attempt;
    release(attempt);
    return NULL;
}

static bool start_thread(struct attempt *attempt)
{
    pthread_t thread;
    pthread_attr_t attributes;
    if (pthread_attr_init(&attributes) != 0)
        return false;
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attributes, STACK_BYTES);
    atomic_fetch_add(&attempts_under_way, 1);
    atomic_store(&attempt->parties_left, 2);
    int result = pthread_create(&thread, &attributes, try_it, attempt);
    pthread_attr_destroy(&attributes);
    if (result == 0)
        return true;
    atomic_store(&attempt->parties_left, 1);
    atomic_fetch_sub(&attempts_under_way, 1);
    return false;
}

/* One that was given up may have a connection, or be about to: beside it another would be one too many. */
static enum session_outcome others_end(const struct session_patience *patience)
{
    while (atomic_load(&attempts_under_way) > 0) {
        struct session_patience pause = *patience;
        int64_t now_ms = clock_monotonic_ms();
        if (now_ms >= patience->deadline_ms)
            return SESSION_LATE;
        if (pause.deadline_ms > now_ms + END_PAUSE_MS)
            pause.deadline_ms = now_ms + END_PAUSE_MS;
        if (session_wait_readable(-1, &pause) == SESSION_STOPPED)
            return SESSION_STOPPED;
    }
    return SESSION_ARRIVED;
}

enum session_outcome mysql_connect_session(MYSQL **handle, const struct database_settings *settings,
                                           const struct mysql_place *place,
                                           const struct session_patience *patience, const char **fault)
{
    *handle = NULL;
    enum session_outcome outcome = others_end(patience);
    if (outcome != SESSION_ARRIVED)
        return outcome;
    socket_news_begin(patience->watch);
    struct attempt *attempt = make_attempt(settings, place, patience->watch);
    if (attempt == NULL || !start_thread(attempt)) {
        *fault = "out of memory or threads";
        if (attempt != NULL)
            release(attempt);
        return SESSION_LOST;
    }
    outcome = session_wait_readable(attempt->done, patience);
    if (outcome == SESSION_ARRIVED) {
        *handle = attempt->handle;
        attempt->handle = NULL;
        outcome = atomic_load(&attempt->is_connected) ? SESSION_ARRIVED : SESSION_LOST;
    } else {
        eventfd_write(attempt->given_up, 1);
    }
    release(attempt);
    return outcome;
}
