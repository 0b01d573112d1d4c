/* SPDX-License-Identifier: Apache-2.0 */
/* What clients of the front may use: keys of the group `web`, and settings that travel to the front as "web.KEY".
 * Bounds and defaults stand in contract.h. */
#ifndef MINOTOR_COMMON_WEB_LIMITS_H
#define MINOTOR_COMMON_WEB_LIMITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/contract.h"

#define WEB_SETTING_PREFIX "web_limit."

struct web_limits {
    int64_t connections;
    int64_t per_address; /* connections of one address */
    int64_t in_flight;   /* answers under way */
    int64_t head_bytes;  /* of one request, with what the library needs to answer it */
    int64_t head_ms;     /* for a whole request; of a new connection from its beginning */
    int64_t write_ms;    /* for an answer, beside HTTP_WRITE_BYTES_PER_MS */
    int64_t idle_ms;     /* between an answer and the first line of the next request */
};

enum web_quantity {
    WEB_NUMBER,
    WEB_SIZE,
    WEB_TIME,
};

struct web_limit {
    const char *key;
    enum web_quantity quantity;
    int64_t minimum;
    int64_t maximum;
    int64_t standard;
    size_t offset; /* in struct web_limits */
};

/* Ends with a key of NULL. */
extern const struct web_limit web_limits_table[];

void web_limits_default(struct web_limits *limits);
int64_t *web_limit_of(struct web_limits *limits, const struct web_limit *limit);
/* Takes a setting "web_limit.KEY". False: no such key, or no number within its bounds. */
bool web_limits_take(struct web_limits *limits, const char *name, const char *value);

#endif
