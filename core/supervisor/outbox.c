/* SPDX-License-Identifier: Apache-2.0 */
#include "supervisor/outbox.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct outbox_item {
    struct outbox_item *next;
    int descriptor;
    struct control_message message;
};

void outbox_init(struct outbox *outbox)
{
    *outbox = (struct outbox){NULL, NULL, 0};
}

bool outbox_waiting(const struct outbox *outbox)
{
    return outbox->first != NULL;
}

static void item_free(struct outbox_item *item)
{
    if (item->descriptor >= 0)
        close(item->descriptor);
    explicit_bzero(item, sizeof *item);
    free(item);
}

static void drop_first(struct outbox *outbox)
{
    struct outbox_item *item = outbox->first;
    outbox->first = item->next;
    if (outbox->first == NULL)
        outbox->last = NULL;
    outbox->count--;
    item_free(item);
}

void outbox_clear(struct outbox *outbox)
{
    while (outbox->first != NULL)
        drop_first(outbox);
}

static enum outbox_result enqueue(struct outbox *outbox, const struct control_message *message,
                                  int descriptor)
{
    if (outbox->count >= CONTROL_WAITING_MAX)
        return OUTBOX_FULL;
    struct outbox_item *item = calloc(1, sizeof *item);
    if (item == NULL)
        return OUTBOX_FULL;
    item->message = *message;
    item->descriptor = descriptor < 0 ? -1 : fcntl(descriptor, F_DUPFD_CLOEXEC, 0);
    if (descriptor >= 0 && item->descriptor < 0) {
        item_free(item);
        return OUTBOX_FULL;
    }
    if (outbox->last != NULL)
        outbox->last->next = item;
    else
        outbox->first = item;
    outbox->last = item;
    outbox->count++;
    return OUTBOX_OK;
}

enum outbox_result outbox_flush(struct outbox *outbox, int socket)
{
    while (outbox->first != NULL) {
        switch (control_send(socket, &outbox->first->message, outbox->first->descriptor)) {
        case CONTROL_OK:
            drop_first(outbox);
            break;
        case CONTROL_AGAIN:
            return OUTBOX_OK;
        default:
            return OUTBOX_CLOSED;
        }
    }
    return OUTBOX_OK;
}

enum outbox_result outbox_send(struct outbox *outbox, int socket, const struct control_message *message,
                               int descriptor)
{
    if (outbox->first != NULL)
        return enqueue(outbox, message, descriptor);
    switch (control_send(socket, message, descriptor)) {
    case CONTROL_OK:
        return OUTBOX_OK;
    case CONTROL_AGAIN:
        return enqueue(outbox, message, descriptor);
    default:
        return OUTBOX_CLOSED;
    }
}
