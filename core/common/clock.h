/* SPDX-License-Identifier: Apache-2.0 */
/* The two clocks: one for deadlines, one for people. */
#ifndef MINOTOR_COMMON_CLOCK_H
#define MINOTOR_COMMON_CLOCK_H

#include <stdint.h>

/* CLOCK_MONOTONIC: all deadlines; the same in every process of the host. */
int64_t clock_monotonic_ms(void);
int64_t clock_monotonic_us(void);
/* CLOCK_REALTIME, milliseconds since the epoch: only ever shown, never compared with a deadline. */
int64_t clock_wall_ms(void);

#endif
