/* SPDX-License-Identifier: Apache-2.0 */
/* Tries to write into the database, in each way that it knows, and tells what it was told; and what its session is like. */
#include "hostile.h"

static const struct minotor_query questions[] = {
    { .name = "insert", .postgresql = "INSERT INTO Jobs (Id) VALUES ('written')", .mysql = "INSERT INTO Jobs (Id) VALUES ('written')" },
    { .name = "update", .postgresql = "UPDATE Posts SET DeleteAt = 1", .mysql = "UPDATE Posts SET DeleteAt = 1" },
    { .name = "delete", .postgresql = "DELETE FROM Reactions", .mysql = "DELETE FROM Reactions" },
    { .name = "create", .postgresql = "CREATE TABLE Written (Id bigint)", .mysql = "CREATE TABLE Written (Id bigint)" },
    { .name = "drop", .postgresql = "DROP TABLE Threads", .mysql = "DROP TABLE Threads" },
    { .name = "two at once",
      .postgresql = "SELECT 1; COMMIT; DELETE FROM Reactions",
      .mysql = "SELECT 1; COMMIT; DELETE FROM Reactions" },
    { .name = "read only", .postgresql = "SELECT current_setting('transaction_read_only')", .mysql = "SELECT @@tx_read_only" },
    { .name = "isolation", .postgresql = "SELECT current_setting('transaction_isolation')", .mysql = "SELECT @@tx_isolation" },
    { .name = "statement timeout",
      .postgresql = "SELECT extract(epoch FROM current_setting('statement_timeout')::interval)",
      .mysql = "SELECT @@max_statement_time" },
    { .name = "lock timeout",
      .postgresql = "SELECT extract(epoch FROM current_setting('lock_timeout')::interval)",
      .mysql = "SELECT GREATEST(@@lock_wait_timeout, @@innodb_lock_wait_timeout)" },
    { .name = "name", .postgresql = "SELECT current_setting('application_name')", .mysql = "SELECT 'none'" },
};

static int collect(const struct minotor_host *host, void *state)
{
    (void)state;
    for (size_t i = 0; i < sizeof questions / sizeof questions[0]; i++) {
        struct minotor_query query = questions[i];
        query.size = sizeof query;
        int result = minotor_query(host, &query);
        if (result == MINOTOR_OK)
            result = minotor_next_row(host);
        const char *answer = result == MINOTOR_OK ? minotor_cell(host, 0) : result == MINOTOR_END ? "done" : minotor_error(host);
        const char *const labels[] = { query.name, answer != NULL ? answer : "" };
        minotor_emit_u64(host, 0, labels, 2, (uint64_t)result);
        while (result == MINOTOR_OK)
            result = minotor_next_row(host);
    }
    return MINOTOR_OK;
}

HOSTILE_NEEDING(MINOTOR_NEEDS_DATABASE, "writer", NULL, collect, NULL, "question", "answer")
