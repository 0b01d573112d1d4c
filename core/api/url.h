/* SPDX-License-Identifier: Apache-2.0 */
/* Base addresses and the paths below them. Pure functions. */
#ifndef MINOTOR_API_URL_H
#define MINOTOR_API_URL_H

#include <stdbool.h>
#include <stddef.h>

#define URL_HOST_MAX_BYTES 255 /* the longest name of the DNS */
#define URL_BASE_MAX_BYTES 1024

struct url_base {
    char text[URL_BASE_MAX_BYTES]; /* scheme, host, port, subpath; without a slash at the end */
    char host[URL_HOST_MAX_BYTES + 1]; /* without the brackets of IPv6 */
    unsigned port;
    bool is_https;
    bool is_name; /* the host is a name that has to be looked up */
};

/* False: `reason` (static) says what is wrong with `text`, in words that fit after "url ". */
bool url_base_parse(struct url_base *base, const char *text, const char **reason);

/* Whether a path can be appended: begins with a slash, visible ASCII, no fragment, no way up. */
bool url_path_is_good(const char *path);

#endif
