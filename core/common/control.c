/* SPDX-License-Identifier: Apache-2.0 */
#include "common/control.h"

#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

/*
 * A body has one function that visits its members in order; encoding and decoding are the same visit, so they
 * cannot disagree.
 */
struct visitor {
    struct wire_writer *writer; /* NULL: decoding */
    struct wire_reader *reader; /* NULL: encoding */
};

static void visit_u8(struct visitor *visitor, uint8_t *value)
{
    if (visitor->writer != NULL)
        wire_put_u8(visitor->writer, *value);
    else
        *value = wire_get_u8(visitor->reader);
}

static void visit_u32(struct visitor *visitor, uint32_t *value)
{
    if (visitor->writer != NULL)
        wire_put_u32(visitor->writer, *value);
    else
        *value = wire_get_u32(visitor->reader);
}

static void visit_u64(struct visitor *visitor, uint64_t *value)
{
    if (visitor->writer != NULL)
        wire_put_u64(visitor->writer, *value);
    else
        *value = wire_get_u64(visitor->reader);
}

static void visit_i64(struct visitor *visitor, int64_t *value)
{
    if (visitor->writer != NULL)
        wire_put_i64(visitor->writer, *value);
    else
        *value = wire_get_i64(visitor->reader);
}

static void visit_string(struct visitor *visitor, char *text, size_t text_bytes)
{
    if (visitor->writer != NULL)
        wire_put_text(visitor->writer, text, strnlen(text, text_bytes - 1));
    else
        wire_get_string(visitor->reader, text, text_bytes);
}

static void visit_nothing(struct visitor *visitor, struct control_message *message)
{
    (void)visitor;
    (void)message;
}

static void visit_setting(struct visitor *visitor, struct control_message *message)
{
    struct control_setting *setting = &message->body.setting;
    visit_string(visitor, setting->name, sizeof setting->name);
    visit_string(visitor, setting->value, sizeof setting->value);
    visit_string(visitor, setting->origin, sizeof setting->origin);
}

static void visit_slot(struct visitor *visitor, struct control_message *message)
{
    struct control_slot *slot = &message->body.slot;
    visit_u32(visitor, &slot->slot);
    visit_u32(visitor, &slot->generation);
    visit_u32(visitor, &slot->interval_ms);
    visit_u32(visitor, &slot->stale_after_ms);
    visit_u32(visitor, &slot->samples_max);
    visit_u32(visitor, &slot->bytes_max);
    visit_string(visitor, slot->collector, sizeof slot->collector);
    visit_string(visitor, slot->target, sizeof slot->target);
}

static void visit_slot_state(struct visitor *visitor, struct control_message *message)
{
    struct control_slot_state *state = &message->body.slot_state;
    visit_u32(visitor, &state->slot);
    visit_u32(visitor, &state->generation);
    visit_u8(visitor, &state->state);
    for (size_t i = 0; i < RESTART_CAUSE_COUNT; i++)
        visit_u64(visitor, &state->restarts[i]);
    for (size_t i = 0; i < LIMIT_COUNT; i++)
        visit_u64(visitor, &state->limit_hits[i]);
    visit_u64(visitor, &state->lines_dropped);
    visit_u32(visitor, &state->failures);
    visit_i64(visitor, &state->since_ms);
    visit_i64(visitor, &state->failing_since_ms);
    visit_i64(visitor, &state->next_start_ms);
    visit_string(visitor, state->error, sizeof state->error);
}

static void visit_promise(struct visitor *visitor, struct control_message *message)
{
    visit_i64(visitor, &message->body.promise.until_ms);
    visit_u8(visitor, &message->body.promise.status);
    visit_u8(visitor, &message->body.promise.limits_hit);
}

static void visit_bad_frame(struct visitor *visitor, struct control_message *message)
{
    struct control_bad_frame *bad = &message->body.bad_frame;
    visit_u32(visitor, &bad->slot);
    visit_u32(visitor, &bad->generation);
    visit_u64(visitor, &bad->offset);
    visit_string(visitor, bad->reason, sizeof bad->reason);
    visit_string(visitor, bad->bytes_hex, sizeof bad->bytes_hex);
}

static void visit_session(struct visitor *visitor, struct control_message *message)
{
    visit_u32(visitor, &message->body.session.request);
    visit_u8(visitor, &message->body.session.lingers);
}

static void visit_pool(struct visitor *visitor, struct control_message *message)
{
    struct control_pool *pool = &message->body.pool;
    visit_u32(visitor, &pool->max_open);
    visit_u32(visitor, &pool->open);
    visit_u32(visitor, &pool->in_use);
    visit_u32(visitor, &pool->idle);
    visit_u64(visitor, &pool->wait_count);
    visit_u64(visitor, &pool->wait_duration_ms);
    visit_u64(visitor, &pool->closed_max_idle);
    visit_u64(visitor, &pool->closed_idle_time);
    visit_u64(visitor, &pool->closed_lifetime);
}

static void visit_bytes(struct visitor *visitor, uint8_t *bytes, uint16_t *size, size_t capacity)
{
    if (visitor->writer != NULL) {
        assert(*size <= capacity);
        wire_put_text(visitor->writer, (const char *)bytes, *size);
        return;
    }
    struct wire_text text = wire_get_text(visitor->reader);
    if (text.size > capacity) {
        visitor->reader->broken = true;
        return;
    }
    *size = (uint16_t)text.size;
    memcpy(bytes, text.bytes, text.size);
}

static void visit_state(struct visitor *visitor, struct control_message *message)
{
    struct control_state *state = &message->body.state;
    visit_u32(visitor, &state->version);
    visit_u64(visitor, &state->checksum);
    visit_bytes(visitor, state->bytes, &state->size, sizeof state->bytes);
}

static void visit_login(struct visitor *visitor, struct control_message *message)
{
    struct control_login *login = &message->body.login;
    visit_i64(visitor, &login->next_ms);
    visit_u8(visitor, &login->refusals);
    visit_u8(visitor, &login->failures);
    visit_u8(visitor, &login->logins);
    visit_u8(visitor, &login->trouble);
}

static void visit_sandbox(struct visitor *visitor, struct control_message *message)
{
    struct control_sandbox *sandbox = &message->body.sandbox;
    visit_u32(visitor, &sandbox->slot);
    visit_u8(visitor, &sandbox->landlock_abi);
    for (size_t i = 0; i < LAYER_COUNT; i++)
        visit_u8(visitor, &sandbox->state[i]);
    visit_string(visitor, sandbox->detail, sizeof sandbox->detail);
}

static void visit_process(struct visitor *visitor, struct control_process *process)
{
    visit_u8(visitor, &process->known);
    visit_u64(visitor, &process->cpu_us);
    visit_u64(visitor, &process->resident_bytes);
}

static void visit_usage(struct visitor *visitor, struct control_message *message)
{
    struct control_usage *usage = &message->body.usage;
    visit_u32(visitor, &usage->slot);
    visit_process(visitor, &usage->worker);
    visit_process(visitor, &usage->broker);
    visit_u8(visitor, &usage->session);
}

static void visit_house(struct visitor *visitor, struct control_message *message)
{
    struct control_house *house = &message->body.house;
    visit_process(visitor, &house->supervisor);
    visit_process(visitor, &house->front);
    visit_u8(visitor, &house->reload_ok);
    visit_i64(visitor, &house->reload_success_wall_ms);
}

#define FROM_CHILD (CONTROL_FROM_WORKER | CONTROL_FROM_FRONT)

static const struct {
    unsigned senders; /* bits of enum control_party; 0: no such message */
    void (*visit)(struct visitor *visitor, struct control_message *message);
} messages[CONTROL_TYPE_COUNT] = {
    [CONTROL_SETTING] = { CONTROL_FROM_SUPERVISOR, visit_setting },
    [CONTROL_START] = { CONTROL_FROM_SUPERVISOR, visit_nothing },
    [CONTROL_LISTENER] = { CONTROL_FROM_SUPERVISOR, visit_nothing },
    [CONTROL_SLOT] = { CONTROL_FROM_SUPERVISOR, visit_slot },
    [CONTROL_SLOT_STATE] = { CONTROL_FROM_SUPERVISOR, visit_slot_state },
    [CONTROL_DATA] = { CONTROL_FROM_SUPERVISOR, visit_nothing },
    [CONTROL_DRAIN] = { CONTROL_FROM_SUPERVISOR, visit_nothing },
    [CONTROL_READY] = { FROM_CHILD | CONTROL_FROM_BROKER, visit_nothing },
    [CONTROL_BUSY] = { FROM_CHILD, visit_promise },
    [CONTROL_IDLE] = { FROM_CHILD, visit_promise },
    [CONTROL_BAD_FRAME] = { CONTROL_FROM_FRONT, visit_bad_frame },
    [CONTROL_WANT] = { CONTROL_FROM_WORKER, visit_session },
    [CONTROL_USE] = { CONTROL_FROM_WORKER, visit_nothing },
    [CONTROL_REST] = { CONTROL_FROM_WORKER, visit_nothing },
    [CONTROL_RELEASED] = { CONTROL_FROM_WORKER, visit_session },
    [CONTROL_GRANT] = { CONTROL_FROM_SUPERVISOR, visit_session },
    [CONTROL_RECALL] = { CONTROL_FROM_SUPERVISOR, visit_nothing },
    [CONTROL_ASK_POOL] = { CONTROL_FROM_WORKER, visit_nothing },
    [CONTROL_POOL] = { CONTROL_FROM_SUPERVISOR, visit_pool },
    [CONTROL_STATE] = { CONTROL_FROM_SUPERVISOR | CONTROL_FROM_WORKER, visit_state },
    [CONTROL_LOGIN] = { CONTROL_FROM_SUPERVISOR | CONTROL_FROM_WORKER, visit_login },
    [CONTROL_SESSION] = { CONTROL_FROM_WORKER, visit_nothing },
    [CONTROL_WANT_CANCEL] = { CONTROL_FROM_WORKER, visit_nothing },
    [CONTROL_END_CANCEL] = { CONTROL_FROM_WORKER, visit_session },
    [CONTROL_GRANT_CANCEL] = { CONTROL_FROM_SUPERVISOR, visit_nothing },
    [CONTROL_SANDBOX] = { CONTROL_FROM_SUPERVISOR | FROM_CHILD | CONTROL_FROM_BROKER, visit_sandbox },
    [CONTROL_RENEW] = { CONTROL_FROM_WORKER, visit_nothing },
    [CONTROL_USAGE] = { CONTROL_FROM_SUPERVISOR, visit_usage },
    [CONTROL_HOUSE] = { CONTROL_FROM_SUPERVISOR, visit_house },
};

uint64_t control_state_checksum(const struct control_state *state)
{
    uint8_t version[4];
    struct wire_writer writer;
    wire_writer_init(&writer, version, sizeof version);
    wire_put_u32(&writer, state->version);
    return wire_checksum(wire_checksum(WIRE_CHECKSUM_START, version, sizeof version), state->bytes, state->size);
}

const char *restart_cause_name(unsigned cause)
{
    static const char *const names[RESTART_CAUSE_COUNT] = {
        [RESTART_EXIT] = "exit",         [RESTART_SIGNAL] = "signal",       [RESTART_DEADLINE] = "deadline",
        [RESTART_START] = "start",       [RESTART_PROTOCOL] = "protocol",   [RESTART_BAD_FRAME] = "bad_frame",
        [RESTART_SPAWN] = "spawn",       [RESTART_MEMORY] = "memory",       [RESTART_CPU] = "cpu",
        [RESTART_SANDBOX] = "sandbox",
    };
    return cause < RESTART_CAUSE_COUNT ? names[cause] : "unknown";
}

const char *child_state_name(unsigned state)
{
    static const char *const names[CHILD_STATE_COUNT] = {
        [CHILD_DOWN] = "down",         [CHILD_STARTING] = "starting", [CHILD_READY] = "ready",
        [CHILD_BUSY] = "busy",         [CHILD_STOPPING] = "stopping", [CHILD_BACKOFF] = "backoff",
        [CHILD_PARKED] = "parked",     [CHILD_STUCK] = "stuck",
    };
    return state < CHILD_STATE_COUNT ? names[state] : "unknown";
}

const char *session_state_name(unsigned state)
{
    static const char *const names[SESSION_STATE_COUNT] = {
        [SESSION_NONE] = "none", [SESSION_WAITING] = "waiting", [SESSION_IN_USE] = "in use",
        [SESSION_IDLE] = "idle", [SESSION_CLOSING] = "closing",
    };
    return state < SESSION_STATE_COUNT ? names[state] : "unknown";
}

size_t control_encode(const struct control_message *message, uint8_t *bytes)
{
    struct wire_writer writer;
    struct visitor visitor = { .writer = &writer };
    struct control_message copy = *message; /* a visit wants to be able to write */
    assert(message->type > 0 && message->type < CONTROL_TYPE_COUNT);
    wire_writer_init(&writer, bytes, CONTROL_MESSAGE_MAX_BYTES);
    wire_put_u8(&writer, (uint8_t)message->type);
    messages[message->type].visit(&visitor, &copy);
    assert(!writer.overflow);
    explicit_bzero(&copy, sizeof copy); /* it may have been a password */
    return writer.size;
}

enum control_result control_decode(const uint8_t *bytes, size_t size, enum control_party sender,
                                   struct control_message *message)
{
    struct wire_reader reader;
    struct visitor visitor = { .reader = &reader };
    wire_reader_init(&reader, bytes, size);
    memset(message, 0, sizeof *message);
    uint8_t type = wire_get_u8(&reader);
    if (type >= CONTROL_TYPE_COUNT || (messages[type].senders & sender) == 0)
        return CONTROL_BROKEN;
    message->type = (enum control_type)type;
    messages[type].visit(&visitor, message);
    return wire_done(&reader) ? CONTROL_OK : CONTROL_BROKEN;
}

static enum control_result result_of_errno(void)
{
    switch (errno) {
    case EAGAIN:
    case EINTR:
    case ENOBUFS:
    case ENOMEM:
    case ETOOMANYREFS: /* descriptors under way, of all processes of the user */
        return CONTROL_AGAIN;
    case EPIPE:
    case ECONNRESET:
        return CONTROL_CLOSED;
    default:
        return CONTROL_ERROR;
    }
}

union descriptor_space {
    char bytes[CMSG_SPACE(sizeof(int))];
    struct cmsghdr aligned;
};

enum control_result control_send_bytes(int socket, const void *bytes, size_t size, int descriptor)
{
    union descriptor_space space = { .bytes = { 0 } };
    struct iovec vector = { .iov_base = (void *)(uintptr_t)bytes, .iov_len = size };
    struct msghdr header = { .msg_iov = &vector, .msg_iovlen = 1 };
    if (descriptor >= 0) {
        header.msg_control = space.bytes;
        header.msg_controllen = sizeof space.bytes;
        struct cmsghdr *attached = CMSG_FIRSTHDR(&header);
        attached->cmsg_level = SOL_SOCKET;
        attached->cmsg_type = SCM_RIGHTS;
        attached->cmsg_len = CMSG_LEN(sizeof(int));
        memcpy(CMSG_DATA(attached), &descriptor, sizeof(int));
    }
    return sendmsg(socket, &header, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0 ? CONTROL_OK : result_of_errno();
}

enum control_result control_send(int socket, const struct control_message *message, int descriptor)
{
    uint8_t bytes[CONTROL_MESSAGE_MAX_BYTES];
    enum control_result result = control_send_bytes(socket, bytes, control_encode(message, bytes), descriptor);
    explicit_bzero(bytes, sizeof bytes);
    return result;
}

/* The descriptor that came along, or -1; any further ones (we have room for none) were dropped by the kernel. */
static int attached_descriptor(struct msghdr *header)
{
    int descriptor = -1;
    for (struct cmsghdr *attached = CMSG_FIRSTHDR(header); attached != NULL; attached = CMSG_NXTHDR(header, attached))
        if (attached->cmsg_level == SOL_SOCKET && attached->cmsg_type == SCM_RIGHTS)
            memcpy(&descriptor, CMSG_DATA(attached), sizeof descriptor);
    return descriptor;
}

/* The kernel drops a descriptor that we have no room for; its message makes no sense without it. */
static bool lost_descriptor(const struct msghdr *header, const int *descriptor)
{
    return descriptor != NULL && *descriptor < 0 && (header->msg_flags & MSG_CTRUNC) != 0;
}

void control_discard(int *descriptor)
{
    const struct linger off = { .l_onoff = 0 };
    if (*descriptor < 0)
        return;
    setsockopt(*descriptor, SOL_SOCKET, SO_LINGER, &off, sizeof off); /* of no effect on what is no socket */
    close(*descriptor);
    *descriptor = -1;
}

enum control_result control_receive_bytes(int socket, void *bytes, size_t *size, int *descriptor)
{
    union descriptor_space space = { .bytes = { 0 } };
    struct iovec vector = { .iov_base = bytes, .iov_len = *size };
    struct msghdr header = { .msg_iov = &vector, .msg_iovlen = 1 };
    if (descriptor != NULL) {
        *descriptor = -1;
        header.msg_control = space.bytes;
        header.msg_controllen = CMSG_LEN(sizeof(int)); /* the padding after it would be room for a second one */
    }
    ssize_t received = recvmsg(socket, &header, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    if (received < 0)
        return result_of_errno();
    if (descriptor != NULL)
        *descriptor = attached_descriptor(&header); /* an empty datagram can have one, too */
    *size = (size_t)received;
    if (lost_descriptor(&header, descriptor)) {
        errno = EMFILE;
        return CONTROL_ERROR;
    }
    if (received > 0 && (header.msg_flags & MSG_TRUNC) == 0)
        return CONTROL_OK;
    if (descriptor != NULL)
        control_discard(descriptor);
    return received == 0 ? CONTROL_CLOSED : CONTROL_BROKEN;
}

enum control_result control_receive(int socket, enum control_party sender, struct control_message *message,
                                    int *descriptor)
{
    uint8_t bytes[CONTROL_MESSAGE_MAX_BYTES];
    size_t size = sizeof bytes;
    enum control_result result = control_receive_bytes(socket, bytes, &size, descriptor);
    if (result == CONTROL_OK)
        result = control_decode(bytes, size, sender, message);
    explicit_bzero(bytes, sizeof bytes);
    if (result == CONTROL_BROKEN && descriptor != NULL)
        control_discard(descriptor);
    return result;
}
