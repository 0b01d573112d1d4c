/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The worker's end of its data pipe. Frames are put into a queue in memory and flushed to the pipe without ever
 * blocking beyond a deadline. A queue that could not be flushed stays, so that the stream is never torn inside
 * a frame or a round: a front that comes back finds whole rounds, and what was collected meanwhile is dropped.
 */
#ifndef MINOTOR_WORKER_DATA_PIPE_H
#define MINOTOR_WORKER_DATA_PIPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/frame.h"

struct data_pipe {
    int descriptor; /* -1: there is no reader; frames are dropped */
    uint32_t sequence;
    uint8_t *bytes;
    size_t size, capacity;
    size_t flushed; /* of size */
};

enum data_pipe_result {
    DATA_PIPE_OK = 0,
    DATA_PIPE_LATE, /* not all was written in time; the rest stays in the queue */
    DATA_PIPE_GONE, /* nobody reads; the pipe was closed, the queue emptied */
};

/* Takes over the descriptor and makes it non-blocking. */
void data_pipe_init(struct data_pipe *pipe, int descriptor);
/* The same with a new pipe: what was queued for the old one is forgotten, sequence numbers begin at 0. */
void data_pipe_replace(struct data_pipe *pipe, int descriptor);
void data_pipe_close(struct data_pipe *pipe);

/* Whether there is a reader and no remainder of an earlier round. */
bool data_pipe_is_clear(const struct data_pipe *pipe);
/* Whether something waits to be written. */
bool data_pipe_is_behind(const struct data_pipe *pipe);

/* Queues one frame. Without a reader it does nothing. False: no memory, and the frame is not queued. */
bool data_pipe_put(struct data_pipe *pipe, enum frame_type type, uint32_t round, const void *payload, size_t size);
/* Undoes the puts since data_pipe_mark(). Only while nothing of them was flushed. */
struct data_pipe_mark {
    size_t size;
    uint32_t sequence;
};
struct data_pipe_mark data_pipe_mark(const struct data_pipe *pipe);
void data_pipe_rewind(struct data_pipe *pipe, struct data_pipe_mark mark);

/* Writes what is queued, until it is all written or the monotonic clock reaches `deadline_ms`. */
enum data_pipe_result data_pipe_flush(struct data_pipe *pipe, int64_t deadline_ms);

#endif
