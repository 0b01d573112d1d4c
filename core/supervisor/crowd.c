/* SPDX-License-Identifier: Apache-2.0 */
#include "supervisor/crowd.h"

#include <errno.h>
#include <pthread.h>
#include <stddef.h>
#include <sys/resource.h>
#include <unistd.h>

#include "common/contract.h"

static void *end_at_once(void *argument)
{
    return argument;
}

/* 0, or why not. */
static int try_thread(void)
{
    pthread_t thread;
    int error = pthread_create(&thread, NULL, end_at_once, NULL);
    if (error == 0)
        pthread_join(thread, NULL);
    return error;
}

/* The kernel says its count to nobody, but compares it: with a lower limit, for a moment. */
bool crowd_is_there(void)
{
    struct rlimit own;
    if (geteuid() == 0 || getrlimit(RLIMIT_NPROC, &own) != 0)
        return false;
    struct rlimit lower = { .rlim_cur = WORKER_PROCESSES_MAX - PROCESSES_HEADROOM, .rlim_max = own.rlim_max };
    if (own.rlim_cur < lower.rlim_cur || setrlimit(RLIMIT_NPROC, &lower) != 0)
        return false;
    int error = try_thread();
    setrlimit(RLIMIT_NPROC, &own);
    return error == EAGAIN;
}
