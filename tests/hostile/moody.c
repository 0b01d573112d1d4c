/* SPDX-License-Identifier: Apache-2.0 */
/* Crashes in open() until the moment that its setting names, and works from then on. */
#include <stdlib.h>
#include <time.h>

#include "hostile.h"

static int open_collector(const struct minotor_host *host, void **state)
{
    (void)state;
    if ((int64_t)time(NULL) < minotor_setting_integer(host, "until"))
        abort();
    return MINOTOR_OK;
}

static int collect(const struct minotor_host *host, void *state)
{
    (void)state;
    return hostile_emit(host);
}

static const struct minotor_setting settings[] = {
    { .name = "until", .type = MINOTOR_SETTING_INTEGER, .default_value = "0", .maximum = INT64_MAX,
      .help = "Seconds since 1970" },
};

HOSTILE_WITH(settings, 0, "moody", open_collector, collect, NULL, NULL)
