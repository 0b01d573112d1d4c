/* SPDX-License-Identifier: Apache-2.0 */
#include "supervisor/front_link.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/text.h"
#include "common/version.h"
#include "supervisor/password.h"
#include "supervisor/row.h"
#include "supervisor/supervisor.h"

static int front_spawn(struct child *child);
static void front_message(struct child *child, const struct control_message *message, int *descriptor);
static void front_changed(struct child *child);

static const struct child_kind FRONT = {
    .party = CONTROL_FROM_FRONT,
    .spawn = front_spawn,
    .read_control = child_read_control,
    .reap = child_reap,
    .message = front_message,
    .changed = front_changed,
};

void front_link_init(struct supervisor *supervisor)
{
    /* Never parked: without a front there is nothing to see, not even what is wrong. */
    const struct lifecycle_limits limits = {
        .busy_max_ms = FRONT_PROMISE_MS, .idle_max_ms = FRONT_PROMISE_MS, .parks = false,
        .backoff_max_ms = FRONT_BACKOFF_MAX_MS};
    child_init(&supervisor->front, &FRONT, supervisor, &limits);
    text_format(supervisor->front.name, sizeof supervisor->front.name, "front");
}

/* The token's file may have changed or gone since it was looked at: then none is valid, and nobody comes in by it. */
void front_link_send_rules(struct supervisor *supervisor)
{
    const struct config_web *web = &supervisor->config->web;
    struct child *front = &supervisor->front;
    char text[SETTING_VALUE_MAX_BYTES];
    if (config_web_asks(web))
        child_send_setting(front, "web.required", "true", NULL);
    for (unsigned i = 0; i < web->user_count; i++) {
        text_format(text, sizeof text, "%s:%s", web->users[i].name, web->users[i].hash);
        child_send_setting(front, "web.user", text, NULL);
    }
    if (web->token_file[0] != '\0') {
        enum password_result result = password_read(web->token_file, text, NULL);
        if (result == PASSWORD_OK)
            child_send_setting(front, "web.token", text, NULL);
        else
            log_error("bearer_token_file \"%s\" %s: no token is valid now", web->token_file,
                      password_result_text(result));
    }
    explicit_bzero(text, sizeof text);
    child_send_setting(front, "web.commit", "true", NULL);
}

static void send_web_limits(struct supervisor *supervisor, struct child *child)
{
    struct web_limits limits = supervisor->config->web_limits;
    for (const struct web_limit *limit = web_limits_table; limit->key != NULL; limit++) {
        char name[NAME_MAX_BYTES * 2 + 2];
        char value[24];
        text_format(name, sizeof name, WEB_SETTING_PREFIX "%s", limit->key);
        text_format(value, sizeof value, "%" PRId64, *web_limit_of(&limits, limit));
        child_send_setting(child, name, value, NULL);
    }
}

static int front_spawn(struct child *child)
{
    struct supervisor *supervisor = child->owner;
    char started[24];
    const struct control_message listener = {.type = CONTROL_LISTENER};
    const struct control_message start = {.type = CONTROL_START};
    const struct spawn_plan plan = {.program = supervisor->front_program,
                                    .null = supervisor->null,
                                    .title = "minotor: front",
                                    .data = -1,
                                    .broker = -1};
    if (child_spawn(child, &plan) != 0)
        return -1;
    supervisor_send_birth_settings(supervisor, child, &supervisor->config->sandbox, -1);
    snprintf(started, sizeof started, "%" PRId64, supervisor->started_wall_ms);
    child_send_setting(child, "version", MINOTOR_VERSION, NULL);
    child_send_setting(child, "revision", MINOTOR_REVISION, NULL);
    child_send_setting(child, "started_ms", started, NULL);
    send_web_limits(supervisor, child);
    front_link_send_rules(supervisor);
    for (unsigned i = 0; i < supervisor->listener_count; i++)
        child_send(child, &listener, supervisor->listeners[i]);
    child_send(child, &start, -1);
    return 0;
}

/* The front refuses what a worker wrote. Of an older generation it is no news: that one is gone. */
static void front_message(struct child *child, const struct control_message *message, int *descriptor)
{
    struct supervisor *supervisor = child->owner;
    const struct control_bad_frame *bad = &message->body.bad_frame;
    struct slot *slot = bad->slot < SLOTS_MAX ? supervisor->slots[bad->slot] : NULL;
    char reason[ERROR_TEXT_MAX_BYTES + 1];
    (void)descriptor;
    if (message->type != CONTROL_BAD_FRAME || slot == NULL || slot->child.generation != bad->generation)
        return;
    text_one_line(reason, sizeof reason, bad->reason);
    log_error("%s[%ld]: bad frame at byte %" PRIu64 " of its data pipe: %s (begins with %.64s)",
              slot->child.name, (long)slot->child.pid, bad->offset, reason, bad->bytes_hex);
    child_event(&slot->child, LIFECYCLE_BAD_FRAME, supervisor->now_ms);
}

static void send_sandbox(struct child *front, const struct control_sandbox *sandbox, uint32_t slot)
{
    struct control_message message = {.type = CONTROL_SANDBOX, .body.sandbox = *sandbox};
    message.body.sandbox.slot = slot;
    child_send(front, &message, -1);
}

/* The next one knows nothing. */
static void forget_front(struct supervisor *supervisor)
{
    supervisor->front_connected = false;
    for (unsigned i = 0; i < SLOTS_MAX; i++)
        if (supervisor->slots[i] != NULL)
            supervisor->slots[i]->is_described = false;
}

static void front_changed(struct child *child)
{
    struct supervisor *supervisor = child->owner;
    enum child_state state = child->lifecycle.state;
    bool up = state == CHILD_READY || state == CHILD_BUSY;
    if (up && !supervisor->front_connected) {
        supervisor->front_connected = true;
        supervisor->usage_due_ms = supervisor->now_ms;
        send_sandbox(child, &child->sandbox, SLOT_OF_FRONT);
        for (unsigned i = 0; i < SLOTS_MAX; i++)
            if (supervisor->slots[i] != NULL)
                slot_connect(supervisor->slots[i]); /* may end the front, which comes back to here */
    }
    if (!up)
        forget_front(supervisor);
    /* Workers that are born after the front need no second pipe; a front that fails does not keep them
     * waiting. */
    if (up || state == CHILD_BACKOFF)
        supervisor_start_slots(supervisor);
}

/* A reader of a configuration has no families, and is gone before anybody looks. */
static bool is_told_of(const struct slot *slot)
{
    return slot->supervisor->front_connected && !row_is_reader(slot);
}

void front_link_describe(struct slot *slot, int data)
{
    struct control_message message = {.type = CONTROL_SLOT};
    if (!is_told_of(slot))
        return;
    slot->description.generation = slot->child.generation;
    slot->is_described = true;
    message.body.slot = slot->description;
    child_send(&slot->supervisor->front, &message, data);
}

void front_link_state(struct slot *slot)
{
    struct control_message message = {.type = CONTROL_SLOT_STATE};
    struct control_slot_state *state = &message.body.slot_state;
    const struct child *child = &slot->child;
    if (!is_told_of(slot))
        return;
    if (!slot->is_described) /* its first worker could not be started */
        front_link_describe(slot, -1);
    state->slot = slot->description.slot;
    state->generation = child->generation;
    state->state = (uint8_t)child->lifecycle.state;
    memcpy(state->restarts, child->lifecycle.restarts, sizeof state->restarts);
    memcpy(state->limit_hits, child->limit_hits, sizeof state->limit_hits);
    state->lines_dropped = child->relog.dropped_total;
    state->failures = child->lifecycle.failures;
    state->since_ms = child->lifecycle.since_ms;
    state->failing_since_ms = child->lifecycle.failing_since_ms;
    state->next_start_ms = child->lifecycle.deadline_ms;
    memcpy(state->error, child->error, sizeof state->error);
    child_send(&slot->supervisor->front, &message, -1);
}

static uint8_t session_of(const struct slot *slot)
{
    static const uint8_t STATES[] = {
        [BUDGET_NONE] = SESSION_NONE,        [BUDGET_WAITING] = SESSION_WAITING, [BUDGET_IN_USE] = SESSION_IN_USE,
        [BUDGET_IDLE] = SESSION_IDLE,        [BUDGET_RECALLED] = SESSION_CLOSING, [BUDGET_ENDING] = SESSION_CLOSING,
    };
    return slot->pool == NULL ? SESSION_NONE : STATES[slot->pool->budget.claims[slot->description.slot].hold];
}

void front_link_house(struct supervisor *supervisor)
{
    struct control_message message = {.type = CONTROL_HOUSE};
    struct control_house *house = &message.body.house;
    if (!supervisor->front_connected)
        return;
    house->supervisor = usage_read(&supervisor->usage, getpid());
    house->front = usage_read(&supervisor->front.usage, supervisor->front.pid);
    house->reload_ok = supervisor->reload_ok;
    house->reload_success_wall_ms = supervisor->reload_success_wall_ms;
    child_send(&supervisor->front, &message, -1);
}

static void tell_usage(struct slot *slot)
{
    struct control_message message = {.type = CONTROL_USAGE};
    if (!is_told_of(slot) || !slot->is_described)
        return;
    message.body.usage = (struct control_usage){.slot = slot->description.slot,
                                                .worker = usage_read(&slot->child.usage, slot->child.pid),
                                                .broker = usage_read(&slot->broker.usage, slot->broker.pid),
                                                .session = session_of(slot)};
    child_send(&slot->supervisor->front, &message, -1);
}

void front_link_sandbox(struct slot *slot)
{
    /* A generation before the first report has none. */
    if (!is_told_of(slot) || !slot->is_described || !slot->child.sandbox_known)
        return;
    send_sandbox(&slot->supervisor->front, &slot->child.sandbox, slot->description.slot);
    tell_usage(slot); /* once in a life at its beginning: before its first round */
}

void front_link_usage(struct supervisor *supervisor)
{
    if (!supervisor->front_connected || supervisor->now_ms < supervisor->usage_due_ms)
        return;
    supervisor->usage_due_ms = supervisor->now_ms + USAGE_INTERVAL_MS;
    front_link_house(supervisor);
    for (unsigned i = 0; i < SLOTS_MAX; i++)
        if (supervisor->slots[i] != NULL)
            tell_usage(supervisor->slots[i]);
}

void front_link_forget(struct slot *slot)
{
    struct control_message message = {.type = CONTROL_SLOT};
    if (!is_told_of(slot) || !slot->is_described)
        return;
    message.body.slot = slot->description;
    message.body.slot.interval_ms = 0;
    child_send(&slot->supervisor->front, &message, -1);
}
