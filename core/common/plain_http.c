/* SPDX-License-Identifier: Apache-2.0 */
#include "common/plain_http.h"

#include <string.h>
#include <strings.h>

static bool is_loopback(const char *host, size_t size)
{
    if (size > 4 && strncmp(host, "127.", 4) == 0)
        return strspn(host, "0123456789.") == size; /* 127.0.0.1.example.org is a name */
    return (size == 5 && strncmp(host, "[::1]", 5) == 0) || (size == 9 && strncasecmp(host, "localhost", 9) == 0);
}

bool plain_http_leaves_host(const char *url)
{
    if (strncasecmp(url, "http://", 7) != 0)
        return false;
    const char *host = url + 7;
    size_t size = host[0] == '[' ? strcspn(host, "]") + 1 : strcspn(host, ":/?#");
    return !is_loopback(host, size);
}
