/* SPDX-License-Identifier: Apache-2.0 */
#include "common/web_limits.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

const struct web_limit web_limits_table[] = {
#define LIMIT(key, quantity, minimum, maximum, standard, member) \
    {key, quantity, minimum, maximum, standard, offsetof(struct web_limits, member)}
    LIMIT("max_connections", WEB_NUMBER, 1, HTTP_CONNECTIONS_MAX, HTTP_CONNECTIONS_DEFAULT, connections),
    LIMIT("max_connections_per_address", WEB_NUMBER, 1, HTTP_CONNECTIONS_MAX, HTTP_CONNECTIONS_PER_ADDRESS_DEFAULT,
          per_address),
    LIMIT("max_requests", WEB_NUMBER, 1, HTTP_CONNECTIONS_MAX, HTTP_IN_FLIGHT_DEFAULT, in_flight),
    LIMIT("max_header", WEB_SIZE, HTTP_HEADER_MIN_BYTES, HTTP_HEADER_MAX_BYTES, HTTP_HEADER_DEFAULT_BYTES, head_bytes),
    LIMIT("request_timeout", WEB_TIME, HTTP_TIME_MIN_MS, HTTP_TIME_MAX_MS, HTTP_HEAD_DEFAULT_MS, head_ms),
    LIMIT("write_timeout", WEB_TIME, HTTP_TIME_MIN_MS, HTTP_TIME_MAX_MS, HTTP_WRITE_DEFAULT_MS, write_ms),
    LIMIT("idle_timeout", WEB_TIME, HTTP_TIME_MIN_MS, HTTP_TIME_MAX_MS, HTTP_IDLE_DEFAULT_MS, idle_ms),
#undef LIMIT
    {NULL, WEB_NUMBER, 0, 0, 0, 0},
};

int64_t *web_limit_of(struct web_limits *limits, const struct web_limit *limit)
{
    return (int64_t *)(void *)((char *)limits + limit->offset);
}

void web_limits_default(struct web_limits *limits)
{
    for (const struct web_limit *limit = web_limits_table; limit->key; limit++)
        *web_limit_of(limits, limit) = limit->standard;
}

bool web_limits_take(struct web_limits *limits, const char *name, const char *value)
{
    size_t prefix = strlen(WEB_SETTING_PREFIX);
    if (strncmp(name, WEB_SETTING_PREFIX, prefix) != 0)
        return false;
    for (const struct web_limit *limit = web_limits_table; limit->key; limit++) {
        if (strcmp(limit->key, name + prefix) != 0)
            continue;
        char *end;
        errno = 0;
        long long number = strtoll(value, &end, 10);
        if (errno != 0 || end == value || *end != '\0' || number < limit->minimum || number > limit->maximum)
            return false;
        *web_limit_of(limits, limit) = number;
        return true;
    }
    return false;
}
