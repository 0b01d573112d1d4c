/* SPDX-License-Identifier: Apache-2.0 */
/* Whether what is sent to an address can be read on the way. Pure; no name is looked up. */
#ifndef MINOTOR_COMMON_PLAIN_HTTP_H
#define MINOTOR_COMMON_PLAIN_HTTP_H

#include <stdbool.h>

/* True for http:// with a host other than 127.x.x.x, [::1] and localhost. */
bool plain_http_leaves_host(const char *url);

#endif
