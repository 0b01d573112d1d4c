/* SPDX-License-Identifier: Apache-2.0 */
/* Taking time: the processor's or the supervisor's. */
#include "attack.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define THREADS 4

static volatile unsigned long counted;

static void *count_for_ever(void *nothing)
{
    for (;;)
        counted++;
    return nothing;
}

static void sleep_for_ever(void)
{
    for (;;)
        nanosleep(&(struct timespec){ .tv_sec = 3600 }, NULL);
}

/* The alarm with which a worker ends itself is only there for the honest. */
static void be_deaf(void)
{
    sigset_t all;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, NULL);
    setitimer(ITIMER_REAL, &(struct itimerval){ 0 }, NULL);
}

static int loop(const struct scene *scene)
{
    (void)scene;
    count_for_ever(NULL);
    return 0;
}

static int loop_deaf(const struct scene *scene)
{
    be_deaf();
    return loop(scene);
}

static int loop_in_threads(const struct scene *scene)
{
    for (int i = 0; i < THREADS; i++) {
        pthread_t thread;
        pthread_create(&thread, NULL, count_for_ever, NULL);
    }
    return loop(scene);
}

static int sleep_on(const struct scene *scene)
{
    (void)scene;
    sleep_for_ever();
    return 0;
}

static int sleep_deaf(const struct scene *scene)
{
    (void)scene;
    be_deaf();
    signal(SIGTERM, SIG_IGN);
    sleep_for_ever();
    return 0;
}

static int stop_itself(const struct scene *scene)
{
    (void)scene;
    return outcome(raise(SIGSTOP));
}

/* Nobody comes to read. */
static int wait_for_reader(const struct scene *scene)
{
    static char page[4096];
    int ends[2];
    (void)scene;
    if (pipe2(ends, O_CLOEXEC) != 0)
        return outcome(-1);
    for (;;)
        if (write(ends[1], page, sizeof page) < 0)
            return outcome(-1);
}

const struct attack signals[] = {
    { "loop", loop },
    { "loop_deaf", loop_deaf },
    { "loop_in_threads", loop_in_threads },
    { "sleep_on", sleep_on },
    { "sleep_deaf", sleep_deaf },
    { "stop_itself", stop_itself },
    { "wait_for_reader", wait_for_reader },
    { NULL, NULL },
};
