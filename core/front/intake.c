/* SPDX-License-Identifier: Apache-2.0 */
#include "front/intake.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/log.h"

/* As much as a pipe holds. The front has one thread, so one buffer serves all pipes. */
static uint8_t read_buffer[64 * 1024];

static struct slot *slot_of(struct intake *intake)
{
    struct slot *slot = store_slot(intake->store, intake->slot);
    assert(slot);
    return slot;
}

static void on_hello(void *context, const struct reader_hello *hello)
{
    struct intake *intake = context;
    log_debug("slot %u generation %u: collector %.*s %.*s, ABI %u.%u, worker %.*s", (unsigned)intake->slot,
              (unsigned)intake->generation, (int)hello->collector.size, hello->collector.bytes,
              (int)hello->collector_version.size, hello->collector_version.bytes, hello->abi_major,
              hello->abi_minor, (int)hello->build.size, hello->build.bytes);
}

static void on_begin(void *context, const struct reader_begin *begin)
{
    struct intake *intake = context;
    staging_set_target(&intake->staging, store_target_label(intake->store, slot_of(intake)));
    store_round_begin(slot_of(intake), begin, intake->now);
}

static const char *on_point(void *context, const struct reader_point *point)
{
    struct intake *intake = context;
    return staging_add(&intake->staging, point);
}

static const char *on_end(void *context, const struct reader_end *end, const struct family_table *families)
{
    struct intake *intake = context;
    if (++intake->rounds_in_turn > ROUNDS_PER_TURN_MAX)
        return "rounds follow one another without a pause";
    store_round_end(intake->store, slot_of(intake), end, families, &intake->staging, intake->now);
    staging_clear(&intake->staging);
    return NULL;
}

static void on_bye(void *context, struct wire_text reason)
{
    struct intake *intake = context;
    log_debug("slot %u generation %u: bye: %.*s", (unsigned)intake->slot, (unsigned)intake->generation,
              (int)reason.size, reason.bytes);
}

static const struct reader_sink sink = {
    .hello = on_hello,
    .begin = on_begin,
    .point = on_point,
    .end = on_end,
    .bye = on_bye,
};

struct intake *intake_new(struct store *store, uint32_t slot, uint32_t generation, int descriptor)
{
    struct intake *intake = calloc(1, sizeof *intake);
    if (!intake || (descriptor >= 0 && fcntl(descriptor, F_SETFL, O_NONBLOCK) != 0)) {
        free(intake);
        if (descriptor >= 0)
            close(descriptor);
        return NULL;
    }
    intake->store = store;
    intake->slot = slot;
    intake->generation = generation;
    intake->descriptor = descriptor;
    const struct control_slot *identity = &slot_of(intake)->identity;
    intake->staging.samples_max = identity->samples_max;
    intake->staging.bytes_max = identity->bytes_max;
    reader_init(&intake->reader, &sink, intake);
    store_stream_begin(slot_of(intake));
    return intake;
}

void intake_free(struct intake *intake)
{
    if (!intake)
        return;
    struct slot *slot = store_slot(intake->store, intake->slot);
    if (slot)
        store_round_lost(intake->store, slot);
    if (intake->descriptor >= 0)
        close(intake->descriptor);
    reader_free(&intake->reader);
    staging_free(&intake->staging);
    free(intake);
}

enum intake_result intake_feed(struct intake *intake, const uint8_t *bytes, size_t size, struct moment now)
{
    intake->now = now;
    if (intake->reader.faulty)
        return INTAKE_BAD_FRAME;
    if (reader_feed(&intake->reader, bytes, size))
        return INTAKE_OPEN;
    staging_clear(&intake->staging);
    store_round_lost(intake->store, slot_of(intake));
    store_bad_frame(intake->store, slot_of(intake), intake->reader.fault.reason);
    return INTAKE_BAD_FRAME;
}

enum intake_result intake_read(struct intake *intake, struct moment now)
{
    enum intake_result result = INTAKE_OPEN;
    intake->rounds_in_turn = 0;
    for (size_t total = 0;
         total < READ_PER_TURN_BYTES && result == INTAKE_OPEN && intake->rounds_in_turn == 0;) {
        ssize_t size = read(intake->descriptor, read_buffer, sizeof read_buffer);
        if (size < 0 && errno == EINTR)
            continue;
        if (size < 0 && errno == EAGAIN)
            break;
        if (size < 0)
            log_error("slot %u: data pipe: %s", (unsigned)intake->slot, strerror(errno));
        if (size <= 0)
            return INTAKE_ENDED;
        total += (size_t)size;
        result = intake_feed(intake, read_buffer, (size_t)size, now);
    }
    return result;
}
