/* SPDX-License-Identifier: Apache-2.0 */
/* Speaking to the supervisor and the broker in the worker's name, past the host's functions. The numbers are those of common/control.h. */
#include "attack.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define FD_CONTROL 3
#define FD_BROKER 5

static int say(const void *bytes, size_t size)
{
    return outcome(send(FD_CONTROL, bytes, size, MSG_DONTWAIT | MSG_NOSIGNAL));
}

/* Takes a place among the connections to the database, and one more to cancel a query that it does not have. */
static int hoard_places(const struct scene *scene)
{
    static const char want[] = { 12, 77, 0, 0, 0, 0 }, want_cancel[] = { 23 };
    (void)scene;
    int refused = say(want, sizeof want);
    return refused != 0 ? refused : say(want_cancel, sizeof want_cancel);
}

/* That it is better confined than it is. */
static int report_again(const struct scene *scene)
{
    static const char report[1 + 4 + 1 + 11 + 2] = { 26 };
    (void)scene;
    return say(report, sizeof report);
}

static int be_ready_again(const struct scene *scene)
{
    static const char ready[] = { 8 };
    (void)scene;
    return say(ready, sizeof ready);
}

/* What only the supervisor may say. */
static int give_orders(const struct scene *scene)
{
    static const char drain[] = { 7 };
    (void)scene;
    return say(drain, sizeof drain);
}

/* A round that ends in 300 million years, and the alarm turned off. */
static int promise_for_ever(const struct scene *scene)
{
    static const char busy[1 + 8 + 1 + 1] = { 9, -1, -1, -1, -1, -1, -1, -1, 0x7f, 0 };
    sigset_t all;
    (void)scene;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, NULL);
    setitimer(ITIMER_REAL, &(struct itimerval){ 0 }, NULL);
    say(busy, sizeof busy);
    for (;;)
        nanosleep(&(struct timespec){ .tv_sec = 3600 }, NULL);
    return 0;
}

/* As the socket of its session at the database: one end of a pair of its own. */
static int give_descriptor(const struct scene *scene)
{
    union {
        char bytes[CMSG_SPACE(sizeof(int))];
        struct cmsghdr head;
    } space = { .bytes = { 0 } };
    char session = 22;
    struct iovec vector = { &session, 1 };
    struct msghdr message = { .msg_iov = &vector, .msg_iovlen = 1, .msg_control = space.bytes, .msg_controllen = sizeof space };
    int ends[2];
    (void)scene;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
        return errno;
    space.head = (struct cmsghdr){ .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(sizeof(int)) };
    memcpy(CMSG_DATA(&space.head), &ends[0], sizeof(int));
    int refused = outcome(sendmsg(FD_CONTROL, &message, MSG_DONTWAIT | MSG_NOSIGNAL));
    close(ends[0]);
    close(ends[1]);
    return refused;
}

/* To the broker, if there is one, past the functions that speak to it. */
static int talk_nonsense_to_broker(const struct scene *scene)
{
    static const char nonsense[64] = "connect me with everything";
    (void)scene;
    return outcome(send(FD_BROKER, nonsense, sizeof nonsense, MSG_DONTWAIT | MSG_NOSIGNAL));
}

/*
 * The kernel counts the descriptors of an account that were sent and not yet received, and refuses more to whoever may
 * not open as many: they stay there, in a pair of sockets, and others of the same account could hand over no connection.
 */
static int hoard_in_flight(const struct scene *scene)
{
    enum { AT_ONCE = 253 };
    union {
        char bytes[CMSG_SPACE(AT_ONCE * sizeof(int))];
        struct cmsghdr head;
    } space = { .bytes = { 0 } };
    char byte = 0;
    struct iovec vector = { &byte, 1 };
    struct msghdr message = { .msg_iov = &vector, .msg_iovlen = 1, .msg_control = space.bytes, .msg_controllen = sizeof space };
    int ends[2], refused = 0, sent = 0;
    (void)scene;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
        return errno;
    space.head = (struct cmsghdr){ .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS };
    space.head.cmsg_len = CMSG_LEN(AT_ONCE * sizeof(int)); /* all of them are descriptor 0 */
    while (sent < 64 && refused == 0) {
        refused = outcome(sendmsg(ends[1], &message, MSG_DONTWAIT | MSG_NOSIGNAL));
        sent += refused == 0;
    }
    return sent > 0 ? 0 : refused;
}

const struct attack messages[] = {
    { "hoard_places", hoard_places },
    { "report_again", report_again },
    { "be_ready_again", be_ready_again },
    { "give_orders", give_orders },
    { "promise_for_ever", promise_for_ever },
    { "give_descriptor", give_descriptor },
    { "talk_nonsense_to_broker", talk_nonsense_to_broker },
    { "hoard_in_flight", hoard_in_flight },
    { NULL, NULL },
};
