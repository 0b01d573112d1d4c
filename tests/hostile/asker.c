/* SPDX-License-Identifier: Apache-2.0 */
/* Does no harm: shows what minotor_has() says of tables and columns, and what is known of the target. */
#include <stdio.h>

#include "hostile.h"

static void show(const struct minotor_host *host, const char *table, const char *column)
{
    char question[128];
    int result = minotor_has(host, table, column);
    const char *const labels[] = { question, result == MINOTOR_FAILED ? minotor_error(host) : "" };
    snprintf(question, sizeof question, "%s.%s", table, column != NULL ? column : "*");
    minotor_emit_u64(host, 0, labels, 2, (uint64_t)result);
}

static void show_target(const struct minotor_host *host, const char *key)
{
    const char *const labels[] = { key, minotor_target(host, key) };
    minotor_emit_u64(host, 0, labels, 2, 0);
}

static int collect(const struct minotor_host *host, void *state)
{
    const char *const engine[] = { "engine", minotor_engine(host) };
    (void)state;
    minotor_emit_u64(host, 0, engine, 2, 0);
    show_target(host, "database.name");
    show_target(host, "database.user");
    show_target(host, "database.password");
    show_target(host, "site_url");
    show(host, "Posts", NULL);
    show(host, "Posts", "DeleteAt");
    show(host, "Posts", "Message");
    show(host, "Posts", "NoSuchColumn");
    show(host, "NoSuchTable", NULL);
    show(host, "NoSuchTable", "DeleteAt");
    show(host, "Users", "Password");
    show(host, "Tokens", NULL);
    show(host, "information_schema.TABLES", "TABLE_NAME");
    show(host, "Posts; DROP TABLE Posts", NULL);
    return MINOTOR_OK;
}

HOSTILE_NEEDING(MINOTOR_NEEDS_DATABASE, "asker", NULL, collect, NULL, "question", "answer")
