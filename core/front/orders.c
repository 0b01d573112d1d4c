/* SPDX-License-Identifier: Apache-2.0 */
#include "front/orders.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "common/log.h"

static void refuse_descriptor(int descriptor)
{
    if (descriptor >= 0)
        close(descriptor);
}

static enum orders_result take_slot(struct store *store, struct pipes *pipes,
                                    const struct control_slot *order, int descriptor, struct moment now)
{
    if (order->slot >= SLOTS_MAX) {
        log_error("order for slot %u, the last is %d", (unsigned)order->slot, SLOTS_MAX - 1);
        refuse_descriptor(descriptor);
        return ORDERS_BROKEN;
    }
    /* What the old pipe still holds belongs to the slot as it was; so does its end. */
    pipes_replace(pipes, store, order, -1, now);
    if (!store_set_slot(store, order, now)) {
        log_error("order for slot %u makes no sense", (unsigned)order->slot);
        refuse_descriptor(descriptor);
        return ORDERS_BROKEN;
    }
    if (order->interval_ms == 0)
        refuse_descriptor(descriptor);
    else
        pipes_replace(pipes, store, order, descriptor, now);
    return ORDERS_READ;
}

enum orders_result orders_obey(struct store *store, struct pipes *pipes, struct gate *gate,
                               const struct control_message *message, int descriptor, struct moment now)
{
    switch (message->type) {
    case CONTROL_SLOT:
        return take_slot(store, pipes, &message->body.slot, descriptor, now);
    case CONTROL_SLOT_STATE:
        refuse_descriptor(descriptor);
        if (store_set_state(store, &message->body.slot_state))
            return ORDERS_READ;
        log_error("state of slot %u, which is not there or has no such state",
                  (unsigned)message->body.slot_state.slot);
        return ORDERS_BROKEN;
    case CONTROL_SANDBOX:
        refuse_descriptor(descriptor);
        if (store_set_sandbox(store, &message->body.sandbox))
            return ORDERS_READ;
        log_error("confinement of slot %u, which is not there or has no such layers",
                  (unsigned)message->body.sandbox.slot);
        return ORDERS_BROKEN;
    case CONTROL_USAGE:
        refuse_descriptor(descriptor);
        if (store_set_usage(store, &message->body.usage))
            return ORDERS_READ;
        log_error("usage of slot %u, which is not there", (unsigned)message->body.usage.slot);
        return ORDERS_BROKEN;
    case CONTROL_HOUSE:
        refuse_descriptor(descriptor);
        store_set_house(store, &message->body.house);
        return ORDERS_READ;
    case CONTROL_SETTING: /* of all there are, only who may come in changes while it runs */
        refuse_descriptor(descriptor);
        if (gate_is_setting(message->body.setting.name) && gate_take_setting(gate, &message->body.setting) == 0)
            return ORDERS_READ;
        log_error("setting %s is not for a running front", message->body.setting.name);
        return ORDERS_BROKEN;
    case CONTROL_DRAIN:
        refuse_descriptor(descriptor);
        return ORDERS_DRAIN;
    default:
        refuse_descriptor(descriptor);
        log_error("control message %d is not for a running front", (int)message->type);
        return ORDERS_BROKEN;
    }
}

enum orders_result orders_read(int control, struct store *store, struct pipes *pipes, struct gate *gate, struct moment now)
{
    enum orders_result result = ORDERS_READ;
    for (int i = 0; i < CONTROL_MESSAGES_PER_TURN && result == ORDERS_READ; i++) {
        struct control_message message;
        int descriptor = -1;
        switch (control_receive(control, CONTROL_FROM_SUPERVISOR, &message, &descriptor)) {
        case CONTROL_OK:
            result = orders_obey(store, pipes, gate, &message, descriptor, now);
            break;
        case CONTROL_AGAIN:
            return ORDERS_READ;
        case CONTROL_CLOSED:
            return ORDERS_ORPHAN;
        case CONTROL_BROKEN:
            log_error("a control message that cannot be understood");
            return ORDERS_BROKEN;
        case CONTROL_ERROR:
            log_error("control channel: %s", strerror(errno));
            return ORDERS_BROKEN;
        }
    }
    return result;
}
