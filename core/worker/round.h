/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a round comes to, and its frames. A round is announced by BEGIN when it starts; its samples and END
 * follow in one go when it is over.
 */
#ifndef MINOTOR_WORKER_ROUND_H
#define MINOTOR_WORKER_ROUND_H

#include <stdbool.h>
#include <stdint.h>

#include "common/frame.h"
#include "worker/data_pipe.h"
#include "worker/host.h"
#include "worker/samples.h"

struct round {
    uint32_t number;
    int64_t started_us; /* monotonic */
    int64_t started_wall_ms;
    int64_t timeout_ms;
    int64_t deadline_ms;
    bool announced; /* BEGIN is queued or written */
    enum round_status status;
    char error[ERROR_TEXT_MAX_BYTES + 1];
};

/* HELLO and the DESC of all families. False: no memory. */
bool round_introduce(struct data_pipe *pipe, const struct plugin *plugin);

/* Starts round `number` now and queues BEGIN, if the pipe has nothing else to say. */
void round_begin(struct round *round, uint32_t number, int64_t timeout_ms, struct data_pipe *pipe);

/* Sets status and error from what collect() returned and what the host knows. */
void round_judge(struct round *round, int result, bool stopping, const struct host *host);

/*
 * Writes what the round came to, until `deadline_ms` at the latest. LATE: the reader is behind, and either the
 * rest is queued or, when it had not even caught up with an earlier round, this one was dropped as a whole.
 */
enum data_pipe_result round_write(struct round *round, struct data_pipe *pipe, const struct samples *samples,
                                  int64_t deadline_ms);

#endif
