/* SPDX-License-Identifier: Apache-2.0 */
/* What a collector leaves behind in its own process, or does to the descriptors of it: its worker must go on, or die. */
#include "attack.h"

#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define FD_LOG 2
#define FD_CONTROL 3
#define FD_DATA 4

static int change_locale(const struct scene *scene)
{
    (void)scene;
    return setlocale(LC_ALL, "C.UTF-8") == NULL ? ENOENT : 0;
}

static int change_environment(const struct scene *scene)
{
    (void)scene;
    return outcome(setenv("LC_ALL", "nonsense", 1) | setenv("TZ", "Nowhere/Else", 1) | unsetenv("PATH"));
}

static int change_folder(const struct scene *scene)
{
    return outcome(chdir(scene->place));
}

static int change_mask(const struct scene *scene)
{
    (void)scene;
    umask(0);
    return 0;
}

static void ignore(int number)
{
    (void)number;
}

static int handle_signals(const struct scene *scene)
{
    (void)scene;
    for (int number = 1; number < NSIG; number++)
        signal(number, ignore);
    return 0;
}

static int block_signals(const struct scene *scene)
{
    sigset_t all;
    (void)scene;
    sigfillset(&all);
    return outcome(sigprocmask(SIG_SETMASK, &all, NULL));
}

static int ring_often(const struct scene *scene)
{
    struct itimerval often = { .it_interval.tv_usec = 10000, .it_value.tv_usec = 10000 };
    (void)scene;
    signal(SIGVTALRM, ignore);
    return outcome(setitimer(ITIMER_VIRTUAL, &often, NULL));
}

static void leave_badly(void)
{
    abort();
}

static int leave_handlers(const struct scene *scene)
{
    (void)scene;
    return atexit(leave_badly) | at_quick_exit(leave_badly);
}

static void *idle(void *nothing)
{
    nanosleep(&(struct timespec){ .tv_sec = 3600 }, NULL);
    return nothing;
}

static int leave_thread_behind(const struct scene *scene)
{
    pthread_t thread;
    (void)scene;
    return pthread_create(&thread, NULL, idle, NULL);
}

/* The other end must not care: whether it waits is a matter of its own description. */
static int unblock_log(const struct scene *scene)
{
    (void)scene;
    return outcome(fcntl(FD_LOG, F_SETFL, O_NONBLOCK));
}

static int block_control(const struct scene *scene)
{
    (void)scene;
    return outcome(fcntl(FD_CONTROL, F_SETFL, 0));
}

static int block_data(const struct scene *scene)
{
    (void)scene;
    return outcome(fcntl(FD_DATA, F_SETFL, 0));
}

static int close_data(const struct scene *scene)
{
    (void)scene;
    return outcome(close(FD_DATA));
}

static int close_control(const struct scene *scene)
{
    (void)scene;
    return outcome(close(FD_CONTROL));
}

static int silence_data(const struct scene *scene)
{
    (void)scene;
    return outcome(dup2(0, FD_DATA) < 0 ? -1 : 0);
}

static int shut_control(const struct scene *scene)
{
    (void)scene;
    return outcome(shutdown(FD_CONTROL, SHUT_RDWR));
}

static int fill_control(const struct scene *scene)
{
    static const char message[16];
    (void)scene;
    for (int i = 0; i < 10000; i++)
        if (send(FD_CONTROL, message, sizeof message, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
            return 0;
    return 0;
}

static int write_nonsense(const struct scene *scene)
{
    (void)scene;
    for (int i = 0; i < 100; i++)
        if (write(FD_DATA, "nonsense", 8) < 0)
            return errno;
    return 0;
}

/* As long as anybody listens at all. */
static int write_to_log(const struct scene *scene)
{
    static char lines[65536];
    (void)scene;
    for (size_t i = 0; i < sizeof lines; i++)
        lines[i] = i % 64 == 63 ? '\n' : i % 7 == 0 ? '\x1b' : 'x';
    for (int i = 0; i < 16; i++)
        if (write(FD_LOG, lines, sizeof lines) < 0)
            return errno;
    return 0;
}

static int flood_log(const struct scene *scene)
{
    for (int i = 0; i < 20000; i++)
        minotor_log(scene->host, MINOTOR_DEBUG, "line %d of a flood", i);
    return 0;
}

static int nothing(const struct scene *scene)
{
    (void)scene;
    return 0;
}

const struct attack manners[] = {
    { "sibling", nothing }, /* those that others attack */
    { "prey", nothing },
    { "change_locale", change_locale },
    { "change_environment", change_environment },
    { "change_folder", change_folder },
    { "change_mask", change_mask },
    { "handle_signals", handle_signals },
    { "block_signals", block_signals },
    { "ring_often", ring_often },
    { "leave_handlers", leave_handlers },
    { "leave_thread_behind", leave_thread_behind },
    { "unblock_log", unblock_log },
    { "block_control", block_control },
    { "block_data", block_data },
    { "close_data", close_data },
    { "close_control", close_control },
    { "silence_data", silence_data },
    { "shut_control", shut_control },
    { "fill_control", fill_control },
    { "write_nonsense", write_nonsense },
    { "write_to_log", write_to_log },
    { "flood_log", flood_log },
    { NULL, NULL },
};
