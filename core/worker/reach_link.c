/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/reach_link.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stddef.h>
#include <time.h>

#include "common/clock.h"
#include "common/control.h"

/* A thread that waits for an answer. On its stack, in the list while it waits. */
struct waiter {
    uint32_t id;
    bool is_answered;
    struct reach_answer answer;
    int descriptor;
    struct waiter *next;
};

/* One of those who wait reads for all; when it leaves, another takes over. Everything is under the lock. */
static struct {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    int descriptor;
    bool is_lost;
    bool is_being_read;
    bool lacked_descriptor; /* a socket came and there was no room for it */
    uint32_t last_id;
    int64_t owed_since_ms; /* since when there are requests and no answer; 0: none is owed */
    bool was_late; /* the last one whom somebody waited for did not come; nobody waits so long again until one does */
    struct waiter *waiters;
} to_broker = { .lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER, .descriptor = -1 };

void reach_link_init(int descriptor)
{
    to_broker.descriptor = descriptor;
    to_broker.is_lost = false;
    to_broker.lacked_descriptor = false;
    to_broker.owed_since_ms = 0;
    to_broker.was_late = false;
}

bool reach_link_is_there(void)
{
    return to_broker.descriptor >= 0;
}

static bool is_silent(int64_t now_ms)
{
    return to_broker.owed_since_ms != 0 && now_ms - to_broker.owed_since_ms >= REACH_SILENCE_MS;
}

/* An answer to a request that was given up is dropped, and its socket closed. */
static void deliver(const struct reach_answer *answer, int *descriptor)
{
    for (struct waiter *waiter = to_broker.waiters; waiter != NULL; waiter = waiter->next) {
        if (waiter->id != answer->id || waiter->is_answered)
            continue;
        waiter->is_answered = true;
        waiter->answer = *answer;
        waiter->descriptor = *descriptor;
        *descriptor = -1;
    }
    control_discard(descriptor);
    to_broker.owed_since_ms = 0;
    to_broker.was_late = false;
    for (struct waiter *waiter = to_broker.waiters; waiter != NULL; waiter = waiter->next)
        if (!waiter->is_answered)
            to_broker.owed_since_ms = clock_monotonic_ms();
}

static void receive(void)
{
    uint8_t bytes[REACH_MESSAGE_MAX_BYTES];
    struct reach_answer answer;
    while (!to_broker.is_lost) {
        size_t size = sizeof bytes;
        int descriptor = -1;
        enum control_result result = control_receive_bytes(to_broker.descriptor, bytes, &size, &descriptor);
        if (result == CONTROL_AGAIN)
            return;
        /* All of the answer is there but its socket. */
        bool lacks_descriptor = result == CONTROL_ERROR && errno == EMFILE;
        if ((result == CONTROL_OK || lacks_descriptor) && reach_decode_answer(bytes, size, &answer)) {
            to_broker.lacked_descriptor |= lacks_descriptor;
            if (lacks_descriptor)
                answer.error = EMFILE;
            deliver(&answer, &descriptor);
        } else {
            control_discard(&descriptor);
            to_broker.is_lost = true;
        }
    }
}

static void send_request(const struct reach_request *request)
{
    uint8_t bytes[REACH_MESSAGE_MAX_BYTES];
    enum control_result result =
        control_send_bytes(to_broker.descriptor, bytes, reach_encode_request(request, bytes), -1);
    /* A broker with a full socket does not read: it is waited for as for any other that is stopped. */
    if (result != CONTROL_OK && result != CONTROL_AGAIN)
        to_broker.is_lost = true;
    if (to_broker.owed_since_ms == 0)
        to_broker.owed_since_ms = clock_monotonic_ms();
}

static void wait_for_reader(int64_t until_ms)
{
    const struct timespec until = { .tv_sec = until_ms / 1000, .tv_nsec = until_ms % 1000 * 1000000 };
    pthread_cond_clockwait(&to_broker.changed, &to_broker.lock, CLOCK_MONOTONIC, &until);
}

static void read_for_all(int64_t left_ms)
{
    struct pollfd waiting = { .fd = to_broker.descriptor, .events = POLLIN };
    to_broker.is_being_read = true;
    pthread_mutex_unlock(&to_broker.lock);
    poll(&waiting, 1, (int)left_ms);
    pthread_mutex_lock(&to_broker.lock);
    receive();
    to_broker.is_being_read = false;
    pthread_cond_broadcast(&to_broker.changed);
}

static void await(const struct waiter *waiter, int64_t until_ms)
{
    while (!waiter->is_answered && !to_broker.is_lost) {
        int64_t left_ms = until_ms - clock_monotonic_ms();
        if (left_ms <= 0)
            return;
        if (to_broker.is_being_read)
            wait_for_reader(until_ms);
        else
            read_for_all(left_ms);
    }
}

static void forget(struct waiter *waiter)
{
    struct waiter **place = &to_broker.waiters;
    while (*place != waiter)
        place = &(*place)->next;
    *place = waiter->next;
}

bool reach_link_ask(struct reach_request *request, int64_t until_ms, struct reach_answer *answer, int *descriptor)
{
    struct waiter waiter = { .descriptor = -1 };
    pthread_mutex_lock(&to_broker.lock);
    if (!to_broker.is_being_read)
        receive();
    waiter.id = request->id = ++to_broker.last_id;
    waiter.next = to_broker.waiters;
    to_broker.waiters = &waiter;
    if (!to_broker.is_lost && !is_silent(clock_monotonic_ms())) {
        int64_t began_ms = clock_monotonic_ms();
        int64_t moment_ms = began_ms + REACH_LATE_MS;
        send_request(request);
        await(&waiter, to_broker.was_late && moment_ms < until_ms ? moment_ms : until_ms);
        /* A name may take its time. */
        bool is_due = request->type == REACH_CONNECT || clock_monotonic_ms() - began_ms > NAME_TIMEOUT_MS;
        to_broker.was_late |= !waiter.is_answered && is_due;
    }
    forget(&waiter);
    bool is_lost = to_broker.is_lost;
    pthread_mutex_unlock(&to_broker.lock);
    *answer = waiter.answer;
    *descriptor = waiter.descriptor;
    if (!waiter.is_answered)
        errno = is_lost ? ENETDOWN : ETIMEDOUT;
    return waiter.is_answered;
}

int reach_link_descriptor(void)
{
    pthread_mutex_lock(&to_broker.lock);
    int descriptor = to_broker.is_lost ? -1 : to_broker.descriptor;
    pthread_mutex_unlock(&to_broker.lock);
    return descriptor;
}

bool reach_link_is_owed(void)
{
    if (to_broker.descriptor < 0)
        return false;
    pthread_mutex_lock(&to_broker.lock);
    if (!to_broker.is_being_read)
        receive();
    bool is_owed = to_broker.owed_since_ms != 0;
    pthread_mutex_unlock(&to_broker.lock);
    return is_owed;
}

bool reach_link_lacked_descriptor(void)
{
    pthread_mutex_lock(&to_broker.lock);
    bool lacked = to_broker.lacked_descriptor;
    pthread_mutex_unlock(&to_broker.lock);
    return lacked;
}

bool reach_link_is_lost(void)
{
    if (to_broker.descriptor < 0)
        return false;
    pthread_mutex_lock(&to_broker.lock);
    if (!to_broker.is_being_read)
        receive();
    bool is_lost = to_broker.is_lost || is_silent(clock_monotonic_ms());
    pthread_mutex_unlock(&to_broker.lock);
    return is_lost;
}
