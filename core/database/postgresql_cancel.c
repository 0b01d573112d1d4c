/* SPDX-License-Identifier: Apache-2.0 */
#include "database/postgresql_cancel.h"

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* PQcancel needs little; the default of 8 MiB would count against the worker's limit. */
#define STACK_BYTES (256 * 1024)

/* Shared by the thread and the one who waits for it; who comes last frees it. */
struct request {
    PGcancel *handle;
    int done;                /* eventfd */
    atomic_int parties_left; /* 2, 1 */
    atomic_bool accepted;
};

static atomic_int requests_under_way;

static void release(struct request *request)
{
    if (atomic_fetch_sub(&request->parties_left, 1) > 1)
        return;
    PQfreeCancel(request->handle);
    close(request->done);
    free(request);
}

static void *send_request(void *argument)
{
    struct request *request = argument;
    char error[256];
    uint64_t one = 1;
    atomic_store(&request->accepted, PQcancel(request->handle, error, sizeof error) == 1);
    if (write(request->done, &one, sizeof one) < 0)
        atomic_store(&request->accepted, false);
    release(request);
    atomic_fetch_sub(&requests_under_way, 1);
    return NULL;
}

static bool start_thread(struct request *request)
{
    pthread_t thread;
    pthread_attr_t attributes;
    if (pthread_attr_init(&attributes) != 0)
        return false;
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attributes, STACK_BYTES);
    int result = pthread_create(&thread, &attributes, send_request, request);
    pthread_attr_destroy(&attributes);
    return result == 0;
}

static struct request *make_request(PGconn *session)
{
    struct request *request = calloc(1, sizeof *request);
    if (request == NULL)
        return NULL;
    request->handle = PQgetCancel(session);
    request->done = eventfd(0, EFD_CLOEXEC);
    atomic_store(&request->parties_left, 2);
    if (request->handle != NULL && request->done >= 0)
        return request;
    PQfreeCancel(request->handle);
    if (request->done >= 0)
        close(request->done);
    free(request);
    return NULL;
}

bool postgresql_cancel(PGconn *session, int64_t timeout_ms)
{
    if (atomic_load(&requests_under_way) > 0)
        return false;
    struct request *request = make_request(session);
    if (request == NULL)
        return false;
    atomic_fetch_add(&requests_under_way, 1);
    if (!start_thread(request)) {
        atomic_fetch_sub(&requests_under_way, 1);
        atomic_store(&request->parties_left, 1);
        release(request);
        return false;
    }
    struct pollfd waiting = { .fd = request->done, .events = POLLIN };
    bool accepted = poll(&waiting, 1, (int)timeout_ms) == 1 && atomic_load(&request->accepted);
    release(request);
    return accepted;
}
