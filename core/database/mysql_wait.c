/* SPDX-License-Identifier: Apache-2.0 */
#include "database/mysql_wait.h"

#include <errno.h>
#include <poll.h>

#include "common/clock.h"

/* Until one of the *events comes to the descriptor: ARRIVED, and *events are those that came. */
static enum session_outcome wait_events(int descriptor, short *events,
                                        const struct session_patience *patience)
{
    const struct database_watch *watch = patience->watch;
    for (;;) {
        struct pollfd waiting[] = {
            {.fd = descriptor, .events = *events},
            {.fd = watch != NULL ? watch->descriptor : -1, .events = POLLIN},
        };
        int64_t left_ms = patience->deadline_ms - clock_monotonic_ms();
        int count = poll(waiting, 2, left_ms > 0 ? (int)left_ms : 0);
        if (count < 0 && errno != EINTR)
            return SESSION_LOST;
        if (count > 0 && waiting[1].revents != 0 && watch->should_stop(watch->context))
            return SESSION_STOPPED;
        if (count > 0 && waiting[0].revents != 0) {
            *events = waiting[0].revents;
            return SESSION_ARRIVED;
        }
        if (count == 0 || left_ms <= 0)
            return SESSION_LATE;
    }
}

enum session_outcome session_wait_readable(int descriptor, const struct session_patience *patience)
{
    short events = POLLIN;
    return wait_events(descriptor, &events, patience);
}

enum session_outcome session_wait_call(MYSQL *handle, int wanted, int *ready,
                                       const struct session_patience *patience)
{
    const struct {
        int wanted;
        short event;
    } pairs[] = {{MYSQL_WAIT_READ, POLLIN}, {MYSQL_WAIT_WRITE, POLLOUT}, {MYSQL_WAIT_EXCEPT, POLLPRI}};
    short events = 0;
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++)
        if (wanted & pairs[i].wanted)
            events |= pairs[i].event;
    enum session_outcome outcome = wait_events(mysql_get_socket(handle), &events, patience);
    *ready = 0;
    /* A socket that is dead is ready for everything: the library then finds out itself. */
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++)
        if ((wanted & pairs[i].wanted) && (events & (pairs[i].event | POLLERR | POLLHUP | POLLNVAL)))
            *ready |= pairs[i].wanted;
    return outcome;
}
