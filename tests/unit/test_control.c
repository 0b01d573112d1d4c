/* SPDX-License-Identifier: Apache-2.0 */
/* Control messages: every one comes back whole, only its sender may send it, and descriptors travel one way. */
#include <CUnit/CUnit.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/control.h"
#include "common/frame.h"
#include "tests/tap/cunit_tap.h"

static struct control_message sample(enum control_type type)
{
    struct control_message message = { .type = type };
    switch (type) {
    case CONTROL_SETTING:
        strcpy(message.body.setting.name, "database.host");
        strcpy(message.body.setting.value, "/run/postgresql");
        strcpy(message.body.setting.origin, "minotor.conf:12");
        break;
    case CONTROL_SLOT:
        message.body.slot = (struct control_slot){ .slot = 3, .generation = 7, .interval_ms = 1, .stale_after_ms = 2,
                                                   .samples_max = 4, .bytes_max = 5 };
        strcpy(message.body.slot.collector, "kpi");
        break;
    case CONTROL_SLOT_STATE:
        message.body.slot_state.state = CHILD_BACKOFF;
        message.body.slot_state.restarts[RESTART_BAD_FRAME] = UINT64_MAX;
        message.body.slot_state.limit_hits[LIMIT_LOG_LINES] = 1;
        message.body.slot_state.failures = 2;
        message.body.slot_state.next_start_ms = INT64_MIN;
        strcpy(message.body.slot_state.error, "killed by signal 11");
        break;
    case CONTROL_BUSY:
    case CONTROL_IDLE:
        message.body.promise = (struct control_promise){ .until_ms = -1, .status = ROUND_PARTIAL, .limits_hit = 0x81 };
        break;
    case CONTROL_BAD_FRAME:
        message.body.bad_frame.offset = 1ULL << 40;
        memset(message.body.bad_frame.bytes_hex, 'f', 64);
        break;
    case CONTROL_WANT:
    case CONTROL_GRANT:
    case CONTROL_RELEASED:
    case CONTROL_END_CANCEL:
        message.body.session = (struct control_session){ .request = UINT32_MAX, .lingers = 1 };
        break;
    case CONTROL_POOL:
        message.body.pool = (struct control_pool){ .max_open = 1, .open = 2, .in_use = 3, .idle = 4, .wait_count = 5,
                                                   .wait_duration_ms = 6, .closed_max_idle = 7, .closed_idle_time = 8,
                                                   .closed_lifetime = UINT64_MAX };
        break;
    case CONTROL_STATE:
        message.body.state = (struct control_state){ .version = 3, .size = 4, .bytes = { 0, 255, 0, 1 } };
        break;
    case CONTROL_LOGIN:
        message.body.login = (struct control_login){ .next_ms = INT64_MAX, .refusals = 1, .failures = 2, .logins = 3,
                                                     .trouble = UINT8_MAX };
        break;
    case CONTROL_SANDBOX:
        message.body.sandbox = (struct control_sandbox){ .slot = SLOT_OF_FRONT, .landlock_abi = 7 };
        for (unsigned i = 0; i < LAYER_COUNT; i++)
            message.body.sandbox.state[i] = (uint8_t)(i % LAYER_STATE_COUNT);
        strcpy(message.body.sandbox.detail, "landlock is partial (ABI 4)");
        break;
    case CONTROL_USAGE:
        message.body.usage.slot = 3;
        message.body.usage.worker.known = USAGE_CPU | USAGE_MEMORY;
        message.body.usage.worker.cpu_us = UINT64_MAX;
        message.body.usage.worker.resident_bytes = 18 << 20;
        message.body.usage.broker.known = USAGE_CPU;
        message.body.usage.broker.cpu_us = 1;
        message.body.usage.session = SESSION_CLOSING;
        break;
    case CONTROL_HOUSE:
        message.body.house.supervisor.cpu_us = 7;
        message.body.house.front.resident_bytes = 8;
        message.body.house.reload_ok = 1;
        message.body.house.reload_success_wall_ms = INT64_MIN;
        break;
    default:
        break;
    }
    return message;
}

/* Bits of enum control_party. */
static unsigned senders_of(enum control_type type)
{
    switch (type) {
    case CONTROL_BAD_FRAME:
        return CONTROL_FROM_FRONT;
    case CONTROL_GRANT:
    case CONTROL_RECALL:
    case CONTROL_POOL:
    case CONTROL_GRANT_CANCEL:
        return CONTROL_FROM_SUPERVISOR;
    case CONTROL_STATE:
    case CONTROL_LOGIN:
        return CONTROL_FROM_SUPERVISOR | CONTROL_FROM_WORKER;
    case CONTROL_READY:
    case CONTROL_BUSY:
    case CONTROL_IDLE:
        return CONTROL_FROM_WORKER | CONTROL_FROM_FRONT;
    case CONTROL_USAGE:
    case CONTROL_HOUSE:
        return CONTROL_FROM_SUPERVISOR;
    case CONTROL_SANDBOX:
        return CONTROL_FROM_SUPERVISOR | CONTROL_FROM_WORKER | CONTROL_FROM_FRONT;
    default:
        return type < CONTROL_READY ? CONTROL_FROM_SUPERVISOR : CONTROL_FROM_WORKER;
    }
}

static unsigned sender_of(enum control_type type)
{
    unsigned senders = senders_of(type);
    return senders & (~senders + 1); /* one of them */
}

static void test_every_message_comes_back(void)
{
    for (int type = 1; type < CONTROL_TYPE_COUNT; type++) {
        uint8_t bytes[CONTROL_MESSAGE_MAX_BYTES];
        struct control_message sent = sample((enum control_type)type);
        struct control_message received;
        size_t size = control_encode(&sent, bytes);
        CU_ASSERT_EQUAL(control_decode(bytes, size, sender_of((enum control_type)type), &received), CONTROL_OK);
        CU_ASSERT_EQUAL(memcmp(&sent, &received, sizeof sent), 0);
    }
}

static void test_the_largest_setting_fits(void)
{
    uint8_t bytes[CONTROL_MESSAGE_MAX_BYTES];
    struct control_message sent = { .type = CONTROL_SETTING };
    struct control_message received;
    memset(sent.body.setting.name, 'n', sizeof sent.body.setting.name - 1);
    memset(sent.body.setting.value, 'v', sizeof sent.body.setting.value - 1);
    memset(sent.body.setting.origin, 'o', sizeof sent.body.setting.origin - 1);
    size_t size = control_encode(&sent, bytes);
    CU_ASSERT_EQUAL(control_decode(bytes, size, CONTROL_FROM_SUPERVISOR, &received), CONTROL_OK);
    CU_ASSERT_STRING_EQUAL(received.body.setting.value, sent.body.setting.value);
}

static void test_the_largest_state_fits_and_a_larger_is_broken(void)
{
    uint8_t bytes[CONTROL_MESSAGE_MAX_BYTES] = { 0 };
    struct control_message sent = { .type = CONTROL_STATE };
    struct control_message received;
    sent.body.state.version = 1;
    sent.body.state.size = STATE_MAX_BYTES;
    memset(sent.body.state.bytes, 0xA5, STATE_MAX_BYTES);
    sent.body.state.checksum = control_state_checksum(&sent.body.state);
    size_t size = control_encode(&sent, bytes);
    CU_ASSERT_EQUAL(control_decode(bytes, size, CONTROL_FROM_WORKER, &received), CONTROL_OK);
    CU_ASSERT_EQUAL(memcmp(&sent, &received, sizeof sent), 0);
    CU_ASSERT_EQUAL(control_state_checksum(&received.body.state), received.body.state.checksum);
    received.body.state.version++;
    CU_ASSERT_NOT_EQUAL(control_state_checksum(&received.body.state), received.body.state.checksum);
    const size_t length_at = 1 + 4 + 8;
    bytes[length_at] = (STATE_MAX_BYTES + 1) & 0xFF;
    CU_ASSERT_EQUAL(control_decode(bytes, size + 1, CONTROL_FROM_WORKER, &received), CONTROL_BROKEN);
}

static void test_senders_are_kept_apart(void)
{
    static const enum control_party parties[] = { CONTROL_FROM_SUPERVISOR, CONTROL_FROM_WORKER, CONTROL_FROM_FRONT };
    for (int type = 1; type < CONTROL_TYPE_COUNT; type++) {
        uint8_t bytes[CONTROL_MESSAGE_MAX_BYTES];
        struct control_message message = sample((enum control_type)type);
        size_t size = control_encode(&message, bytes);
        for (size_t i = 0; i < 3; i++) {
            bool expected = (senders_of((enum control_type)type) & parties[i]) != 0;
            bool accepted = control_decode(bytes, size, parties[i], &message) == CONTROL_OK;
            CU_ASSERT_EQUAL(accepted, expected);
        }
    }
}

static void test_every_cut_and_every_extra_byte_is_broken(void)
{
    for (int type = 1; type < CONTROL_TYPE_COUNT; type++) {
        uint8_t bytes[CONTROL_MESSAGE_MAX_BYTES + 1] = { 0 };
        struct control_message message = sample((enum control_type)type);
        unsigned sender = sender_of((enum control_type)type);
        size_t size = control_encode(&message, bytes);
        for (size_t cut = 0; cut < size; cut++)
            CU_ASSERT_EQUAL(control_decode(bytes, cut, sender, &message), CONTROL_BROKEN);
        CU_ASSERT_EQUAL(control_decode(bytes, size + 1, sender, &message), CONTROL_BROKEN);
    }
}

static void test_unknown_types_are_broken(void)
{
    struct control_message message;
    uint8_t bytes[1] = { 0 };
    CU_ASSERT_EQUAL(control_decode(bytes, 1, CONTROL_FROM_SUPERVISOR, &message), CONTROL_BROKEN);
    bytes[0] = CONTROL_TYPE_COUNT;
    CU_ASSERT_EQUAL(control_decode(bytes, 1, CONTROL_FROM_SUPERVISOR, &message), CONTROL_BROKEN);
    bytes[0] = 255;
    CU_ASSERT_EQUAL(control_decode(bytes, 1, CONTROL_FROM_SUPERVISOR, &message), CONTROL_BROKEN);
}

static void test_descriptors_travel_with_close_on_exec(void)
{
    int pair[2], pipe_ends[2], received = -1;
    struct control_message message = { .type = CONTROL_DATA };
    CU_ASSERT_EQUAL_FATAL(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
    CU_ASSERT_EQUAL_FATAL(pipe2(pipe_ends, O_CLOEXEC), 0);
    CU_ASSERT_EQUAL(control_send(pair[0], &message, pipe_ends[1]), CONTROL_OK);
    CU_ASSERT_EQUAL(control_receive(pair[1], CONTROL_FROM_SUPERVISOR, &message, &received), CONTROL_OK);
    CU_ASSERT_TRUE_FATAL(received >= 0);
    CU_ASSERT_TRUE((fcntl(received, F_GETFD) & FD_CLOEXEC) != 0);
    char byte = 0;
    CU_ASSERT_EQUAL(write(received, "x", 1), 1);
    CU_ASSERT_EQUAL(read(pipe_ends[0], &byte, 1), 1);
    CU_ASSERT_EQUAL(byte, 'x');
    close(received);
    close(pair[0]);
    close(pair[1]);
    close(pipe_ends[0]);
    close(pipe_ends[1]);
}

static int open_descriptors(void)
{
    int count = 0;
    for (int i = 0; i < 256; i++)
        count += fcntl(i, F_GETFD) >= 0;
    return count;
}

static void test_a_child_cannot_give_the_supervisor_descriptors(void)
{
    int pair[2];
    struct control_message message = { .type = CONTROL_READY };
    CU_ASSERT_EQUAL_FATAL(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
    int before = open_descriptors();
    CU_ASSERT_EQUAL(control_send(pair[0], &message, STDIN_FILENO), CONTROL_OK);
    CU_ASSERT_EQUAL(control_receive(pair[1], CONTROL_FROM_WORKER, &message, NULL), CONTROL_OK);
    CU_ASSERT_EQUAL(open_descriptors(), before);
    close(pair[0]);
    close(pair[1]);
}

static void test_a_descriptor_with_a_broken_message_is_closed(void)
{
    int pair[2], received = -1;
    struct control_message message = { .type = CONTROL_READY };
    CU_ASSERT_EQUAL_FATAL(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
    int before = open_descriptors();
    CU_ASSERT_EQUAL(control_send(pair[0], &message, STDIN_FILENO), CONTROL_OK);
    CU_ASSERT_EQUAL(control_receive(pair[1], CONTROL_FROM_SUPERVISOR, &message, &received), CONTROL_BROKEN);
    CU_ASSERT_EQUAL(received, -1);
    CU_ASSERT_EQUAL(open_descriptors(), before);
    close(pair[0]);
    close(pair[1]);
}

static void test_a_second_descriptor_is_dropped(void)
{
    int pair[2], received = -1;
    uint8_t bytes[CONTROL_MESSAGE_MAX_BYTES];
    struct control_message message = { .type = CONTROL_DATA };
    const int two[2] = { STDIN_FILENO, STDOUT_FILENO };
    union {
        char bytes[CMSG_SPACE(sizeof two)];
        struct cmsghdr aligned;
    } space = { .bytes = { 0 } };
    struct iovec vector = { .iov_base = bytes, .iov_len = control_encode(&message, bytes) };
    struct msghdr header = {
        .msg_iov = &vector, .msg_iovlen = 1, .msg_control = space.bytes, .msg_controllen = sizeof space.bytes
    };
    struct cmsghdr *attached = CMSG_FIRSTHDR(&header);
    attached->cmsg_level = SOL_SOCKET;
    attached->cmsg_type = SCM_RIGHTS;
    attached->cmsg_len = CMSG_LEN(sizeof two);
    memcpy(CMSG_DATA(attached), two, sizeof two);
    CU_ASSERT_EQUAL_FATAL(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
    int before = open_descriptors();
    CU_ASSERT_TRUE(sendmsg(pair[0], &header, 0) > 0);
    CU_ASSERT_EQUAL(control_receive(pair[1], CONTROL_FROM_SUPERVISOR, &message, &received), CONTROL_OK);
    CU_ASSERT_TRUE(received >= 0);
    close(received);
    CU_ASSERT_EQUAL(open_descriptors(), before);
    close(pair[0]);
    close(pair[1]);
}

static void test_an_oversized_datagram_is_broken(void)
{
    int pair[2];
    static uint8_t bytes[CONTROL_MESSAGE_MAX_BYTES * 2];
    struct control_message message;
    CU_ASSERT_EQUAL_FATAL(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
    bytes[0] = CONTROL_READY;
    CU_ASSERT_EQUAL(send(pair[0], bytes, sizeof bytes, 0), (ssize_t)sizeof bytes);
    CU_ASSERT_EQUAL(control_receive(pair[1], CONTROL_FROM_WORKER, &message, NULL), CONTROL_BROKEN);
    close(pair[0]);
    close(pair[1]);
}

static void test_a_full_or_closed_channel_never_blocks(void)
{
    int pair[2], sent = 0;
    struct control_message message = { .type = CONTROL_IDLE };
    CU_ASSERT_EQUAL_FATAL(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
    CU_ASSERT_EQUAL(control_receive(pair[1], CONTROL_FROM_WORKER, &message, NULL), CONTROL_AGAIN);
    message.type = CONTROL_IDLE;
    while (sent < 100000 && control_send(pair[0], &message, -1) == CONTROL_OK)
        sent++;
    CU_ASSERT_TRUE(sent > 10 && sent < 100000);
    CU_ASSERT_EQUAL(control_send(pair[0], &message, -1), CONTROL_AGAIN);
    close(pair[1]);
    CU_ASSERT_EQUAL(control_send(pair[0], &message, -1), CONTROL_CLOSED);
    close(pair[0]);
}

int main(void)
{
    static CU_TestInfo tests[] = {
        { "every message comes back", test_every_message_comes_back },
        { "the largest setting fits", test_the_largest_setting_fits },
        { "the largest state fits and a larger is broken", test_the_largest_state_fits_and_a_larger_is_broken },
        { "senders are kept apart", test_senders_are_kept_apart },
        { "every cut and every extra byte is broken", test_every_cut_and_every_extra_byte_is_broken },
        { "unknown types are broken", test_unknown_types_are_broken },
        { "descriptors travel with close-on-exec", test_descriptors_travel_with_close_on_exec },
        { "a child cannot give the supervisor descriptors", test_a_child_cannot_give_the_supervisor_descriptors },
        { "a descriptor with a broken message is closed", test_a_descriptor_with_a_broken_message_is_closed },
        { "a second descriptor is dropped", test_a_second_descriptor_is_dropped },
        { "an oversized datagram is broken", test_an_oversized_datagram_is_broken },
        { "a full or closed channel never blocks", test_a_full_or_closed_channel_never_blocks },
        CU_TEST_INFO_NULL,
    };
    static CU_SuiteInfo suites[] = { { "control", NULL, NULL, NULL, NULL, tests }, CU_SUITE_INFO_NULL };
    return cunit_tap_main(suites);
}
