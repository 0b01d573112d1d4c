/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/data_pipe.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/clock.h"

/* Memory of a queue beyond this is given back when the queue is empty. */
#define KEPT_BYTES (128 * 1024)

static void empty_queue(struct data_pipe *pipe)
{
    pipe->size = pipe->flushed = 0;
    if (pipe->capacity > KEPT_BYTES) {
        free(pipe->bytes);
        pipe->bytes = NULL;
        pipe->capacity = 0;
    }
}

void data_pipe_init(struct data_pipe *pipe, int descriptor)
{
    memset(pipe, 0, sizeof *pipe);
    pipe->descriptor = descriptor;
    int flags = fcntl(descriptor, F_GETFL);
    if (flags < 0 || fcntl(descriptor, F_SETFL, flags | O_NONBLOCK) < 0)
        data_pipe_close(pipe);
}

void data_pipe_close(struct data_pipe *pipe)
{
    if (pipe->descriptor >= 0)
        close(pipe->descriptor);
    free(pipe->bytes);
    memset(pipe, 0, sizeof *pipe);
    pipe->descriptor = -1;
}

void data_pipe_replace(struct data_pipe *pipe, int descriptor)
{
    data_pipe_close(pipe);
    data_pipe_init(pipe, descriptor);
}

bool data_pipe_is_clear(const struct data_pipe *pipe)
{
    return pipe->descriptor >= 0 && pipe->size == 0;
}

bool data_pipe_is_behind(const struct data_pipe *pipe)
{
    return pipe->descriptor >= 0 && pipe->size > 0;
}

static bool reserve(struct data_pipe *pipe, size_t more)
{
    size_t capacity = pipe->capacity == 0 ? 4096 : pipe->capacity;
    while (capacity < pipe->size + more)
        capacity *= 2;
    if (capacity == pipe->capacity)
        return true;
    uint8_t *bytes = realloc(pipe->bytes, capacity);
    if (bytes == NULL)
        return false;
    pipe->bytes = bytes;
    pipe->capacity = capacity;
    return true;
}

bool data_pipe_put(struct data_pipe *pipe, enum frame_type type, uint32_t round, const void *payload, size_t size)
{
    assert(size <= FRAME_PAYLOAD_MAX_BYTES);
    if (pipe->descriptor < 0)
        return true;
    if (!reserve(pipe, FRAME_HEADER_BYTES + size))
        return false;
    const struct frame_header header = {
        .type = (uint8_t)type,
        .payload_bytes = (uint32_t)size,
        .round = round,
        .sequence = pipe->sequence++,
    };
    frame_header_encode(&header, pipe->bytes + pipe->size);
    if (size > 0)
        memcpy(pipe->bytes + pipe->size + FRAME_HEADER_BYTES, payload, size);
    pipe->size += FRAME_HEADER_BYTES + size;
    return true;
}

struct data_pipe_mark data_pipe_mark(const struct data_pipe *pipe)
{
    return (struct data_pipe_mark){ .size = pipe->size, .sequence = pipe->sequence };
}

void data_pipe_rewind(struct data_pipe *pipe, struct data_pipe_mark mark)
{
    assert(pipe->flushed <= mark.size && mark.size <= pipe->size);
    pipe->size = mark.size;
    pipe->sequence = mark.sequence;
    if (pipe->flushed == pipe->size)
        empty_queue(pipe);
}

/* Until there is room or the deadline. The last look costs nothing, so a deadline in the past still looks. */
static bool wait_for_room(const struct data_pipe *pipe, int64_t deadline_ms)
{
    struct pollfd waiting = { .fd = pipe->descriptor, .events = POLLOUT };
    for (;;) {
        int64_t left_ms = deadline_ms - clock_monotonic_ms();
        int ready = poll(&waiting, 1, left_ms > 0 ? (int)left_ms : 0);
        if (ready > 0)
            return true;
        if (ready == 0 || errno != EINTR)
            return false;
    }
}

enum data_pipe_result data_pipe_flush(struct data_pipe *pipe, int64_t deadline_ms)
{
    if (pipe->descriptor < 0)
        return DATA_PIPE_GONE;
    while (pipe->flushed < pipe->size) {
        ssize_t written = write(pipe->descriptor, pipe->bytes + pipe->flushed, pipe->size - pipe->flushed);
        if (written > 0) {
            pipe->flushed += (size_t)written;
        } else if (errno == EAGAIN) {
            if (!wait_for_room(pipe, deadline_ms))
                return DATA_PIPE_LATE;
        } else if (errno != EINTR) {
            data_pipe_close(pipe);
            return DATA_PIPE_GONE;
        }
    }
    empty_queue(pipe);
    return DATA_PIPE_OK;
}
