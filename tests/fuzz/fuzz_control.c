/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Control datagrams as each side receives them. The first byte chooses the sender. What is understood must
 * encode to the same bytes again, and a front must survive obeying it.
 */
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "front/orders.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void be_silent(enum log_level level, const char *text, void *context)
{
    (void)level;
    (void)text;
    (void)context;
}

static void obey(const struct control_message *message)
{
    static struct store store;
    static struct pipes pipes;
    static struct gate gate;
    struct moment now = {1000000, 1700000000000};
    struct control_slot identity = {.slot = 1, .generation = 1, .interval_ms = 1000, .stale_after_ms = 3000, .samples_max = SAMPLES_MAX, .bytes_max = ROUND_MAX_BYTES};
    memcpy(identity.collector, "kpi", sizeof "kpi");
    memcpy(identity.target, "mattermost", sizeof "mattermost");
    if (!store_set_slot(&store, &identity, now))
        abort();
    orders_obey(&store, &pipes, &gate, message, -1, now);
    now.monotonic_ms += 100000;
    store_tick(&store, now);
    store_free(&store);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const enum control_party senders[] = {CONTROL_FROM_SUPERVISOR, CONTROL_FROM_WORKER,
                                                 CONTROL_FROM_FRONT};
    struct control_message message;
    uint8_t again[CONTROL_MESSAGE_MAX_BYTES];
    log_set_sink(be_silent, NULL);
    if (size == 0 || size - 1 > CONTROL_MESSAGE_MAX_BYTES)
        return 0;
    enum control_party sender = senders[data[0] % 3];
    if (control_decode(data + 1, size - 1, sender, &message) != CONTROL_OK)
        return 0;
    size_t encoded = control_encode(&message, again);
    if (encoded != size - 1 || memcmp(again, data + 1, encoded) != 0)
        abort();
    if (sender == CONTROL_FROM_SUPERVISOR)
        obey(&message);
    return 0;
}
