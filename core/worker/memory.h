/* SPDX-License-Identifier: Apache-2.0 */
/* How much of its memory the worker has in use. Everything but memory_open() may be called in a signal handler. */
#ifndef MINOTOR_WORKER_MEMORY_H
#define MINOTOR_WORKER_MEMORY_H

#include <stdbool.h>
#include <stdint.h>

#include "common/exit_code.h"

#define MEMORY_UNKNOWN UINT64_MAX

/* Opens what tells it, before the sandbox forbids that. Always EXIT_CODE_DONE: a host without /proc has no figures. */
enum exit_code memory_open(void *context);

/* Data in use, and its limit; MEMORY_UNKNOWN when they cannot be known, or there is no limit. */
uint64_t memory_used_bytes(void);
uint64_t memory_limit_bytes(void);

/* Whether so little is left that whatever fails now fails for want of memory. Pure. */
bool memory_is_short_of(uint64_t used_bytes, uint64_t limit_bytes);
/* The same of this process; where the use is unknown it tries to get some. */
bool memory_is_short(void);

#endif
