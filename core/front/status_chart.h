/* SPDX-License-Identifier: Apache-2.0 */
/* The durations of a slot's last rounds as a small drawing. */
#ifndef MINOTOR_FRONT_STATUS_CHART_H
#define MINOTOR_FRONT_STATUS_CHART_H

#include "front/buffer.h"
#include "front/store.h"

/*
 * A bar for each round, the newest at the right; a dashed line is the deadline; a round that failed has a cross below
 * its bar. The scale is logarithmic, for rounds last milliseconds and deadlines are seconds. The drawing's title
 * says it in words. Nothing for a slot without rounds.
 */
void status_chart(struct buffer *out, const struct slot *slot);

#endif
