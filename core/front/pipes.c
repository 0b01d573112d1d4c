/* SPDX-License-Identifier: Apache-2.0 */
#include "front/pipes.h"

#include <stdio.h>
#include <string.h>

#include "common/log.h"

static void close_pipe(struct pipes *pipes, uint32_t slot)
{
    intake_free(pipes->intakes[slot]);
    pipes->intakes[slot] = NULL;
}

static void note_bad_frame(struct pipes *pipes, const struct intake *intake)
{
    const struct reader_fault *fault = &intake->reader.fault;
    struct control_bad_frame *report = &pipes->reports[intake->slot];
    *report = (struct control_bad_frame){
        .slot = intake->slot,
        .generation = intake->generation,
        .offset = fault->offset,
    };
    snprintf(report->reason, sizeof report->reason, "%s", fault->reason);
    for (size_t i = 0; i < fault->byte_count; i++)
        snprintf(report->bytes_hex + 2 * i, 3, "%02x", fault->bytes[i]);
    pipes->unreported[intake->slot] = true;
    /* The supervisor tells the world, with the slot's name. */
    log_debug("slot %u generation %u: bad frame at offset %llu: %s (%s)", (unsigned)intake->slot,
              (unsigned)intake->generation, (unsigned long long)fault->offset, fault->reason,
              report->bytes_hex);
}

/* The pipe is closed: without a word its worker would write to nowhere for ever. */
static void note_no_memory(struct pipes *pipes, const struct control_slot *slot)
{
    struct control_bad_frame *report = &pipes->reports[slot->slot];
    *report = (struct control_bad_frame){.slot = slot->slot, .generation = slot->generation};
    snprintf(report->reason, sizeof report->reason, "the front has no memory to read it");
    pipes->unreported[slot->slot] = true;
}

/* Returns how many bytes it had. */
static size_t read_pipe(struct pipes *pipes, uint32_t slot, struct moment now)
{
    struct intake *intake = pipes->intakes[slot];
    enum intake_result result = intake_read(intake, now);
    size_t read = intake->bytes_in_turn;
    switch (result) {
    case INTAKE_OPEN:
        return read;
    case INTAKE_ENDED:
        if (!reader_at_rest(&intake->reader))
            log_info("slot %u generation %u: the data pipe ended in the middle of a round", (unsigned)slot,
                     (unsigned)intake->generation);
        break;
    case INTAKE_BAD_FRAME:
        note_bad_frame(pipes, intake);
        break;
    }
    close_pipe(pipes, slot);
    return read;
}

void pipes_replace(struct pipes *pipes, struct store *store, const struct control_slot *slot, int descriptor,
                   struct moment now)
{
    uint32_t number = slot->slot;
    if (pipes->intakes[number])
        read_pipe(pipes, number, now);
    close_pipe(pipes, number);
    if (descriptor < 0)
        return;
    pipes->intakes[number] = intake_new(store, number, slot->generation, descriptor);
    if (!pipes->intakes[number])
        note_no_memory(pipes, slot);
}

size_t pipes_poll(const struct pipes *pipes, struct pollfd *polled)
{
    size_t count = 0;
    for (size_t i = 0; i < SLOTS_MAX; i++)
        if (pipes->intakes[i])
            polled[count++] = (struct pollfd){.fd = pipes->intakes[i]->descriptor, .events = POLLIN};
    return count;
}

void pipes_read(struct pipes *pipes, const struct pollfd *polled, size_t count, struct moment now)
{
    bool ready[SLOTS_MAX] = {false};
    size_t next = 0;
    size_t read = 0;
    for (uint32_t i = 0; i < SLOTS_MAX && next < count; i++)
        if (pipes->intakes[i])
            ready[i] = polled[next++].revents != 0;
    uint32_t first = pipes->first;
    for (uint32_t i = 0; i < SLOTS_MAX && read < READ_ALL_PER_TURN_BYTES; i++) {
        uint32_t slot = (first + i) % SLOTS_MAX;
        if (!ready[slot])
            continue;
        read += read_pipe(pipes, slot, now);
        pipes->first = (slot + 1) % SLOTS_MAX;
    }
}

void pipes_report(struct pipes *pipes, int control)
{
    for (size_t i = 0; i < SLOTS_MAX; i++) {
        if (!pipes->unreported[i])
            continue;
        struct control_message message = {.type = CONTROL_BAD_FRAME, .body.bad_frame = pipes->reports[i]};
        if (control_send(control, &message, -1) == CONTROL_OK)
            pipes->unreported[i] = false;
    }
}

void pipes_close(struct pipes *pipes)
{
    for (uint32_t i = 0; i < SLOTS_MAX; i++)
        close_pipe(pipes, i);
}
