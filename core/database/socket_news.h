/* SPDX-License-Identifier: Apache-2.0 */
/* Tells whoever counts sessions which socket one is opened over: both drivers, while they connect. */
#ifndef MINOTOR_DATABASE_SOCKET_NEWS_H
#define MINOTOR_DATABASE_SOCKET_NEWS_H

#include <stdint.h>

#include "database/driver.h"

/* Before connecting: there is no socket yet, and the one of a session before counts no more. */
void socket_news_begin(const struct database_watch *watch);

/*
 * Calls watch->opened() when the socket is another than before: client libraries try one address after the other
 * and get the same number again. `known` begins as 0. A watch without opened(), or NULL, is told nothing.
 */
void socket_news(const struct database_watch *watch, int socket, uint64_t *known);

#endif
