/* SPDX-License-Identifier: Apache-2.0 */
/* What the server has written down about itself: when it was installed, its schema, its licence. */
#include <stdlib.h>
#include <string.h>

#include "blob.h"
#include "cell.h"
#include "usage.h"

#define BOTH(text) .postgresql = (text), .mysql = (text)

static void take_system(struct usage *usage, const char *name, const char *value)
{
    if (strcmp(name, "InstallationDate") == 0) {
        long long ms = strtoll(value, NULL, 10);
        usage->installed_ms = ms > 0 ? ms : -1;
    } else if (strcmp(name, "ActiveLicenseId") == 0) {
        snprintf(usage->active_license, WORD_BYTES, "%s", value);
    } else if (strcmp(name, "Version") == 0) {
        snprintf(usage->stored_version, WORD_BYTES, "%s", value);
    }
}

/* Mattermost's own account has no view, or none that it may read, and the table. A role of minotor's is not to be given that. */
static int query_table(const struct minotor_host *host, const struct minotor_query *table)
{
    int has = minotor_has(host, "Systems", "Value");
    int result = has == MINOTOR_CANCELLED ? has : cell_query(host, table, NULL, 0);
    if (result != MINOTOR_FAILED || strstr(minotor_error(host), "denied") == NULL)
        return result;
    return minotor_fail(host, "no SELECT on minotor_systems, a view that the script for minotor's role makes");
}

/*
 * The table also holds keys, so the scripts in etc/sql grant a view of the harmless rows and not the table; who has
 * granted the table gets the same.
 */
int systems_run(const struct minotor_host *host, void *state)
{
#define SYSTEMS_SQL(table) \
    "SELECT Name, Value FROM " table " WHERE Name IN ('InstallationDate', 'ActiveLicenseId', 'Version')"
    static const struct minotor_query view = { .name = "system values", BOTH(SYSTEMS_SQL("minotor_systems")) };
    static const struct minotor_query table = { .name = "system values", BOTH(SYSTEMS_SQL("Systems")) };
    struct usage *usage = state;
    int result = minotor_has(host, "minotor_systems", NULL);
    if (result == MINOTOR_OK)
        result = cell_query(host, &view, NULL, 0);
    if (result == MINOTOR_NO_DATA || result == MINOTOR_FAILED)
        result = query_table(host, &table);
    if (result != MINOTOR_OK)
        return result;
    usage->installed_ms = -1;
    usage->active_license[0] = usage->stored_version[0] = '\0';
    while ((result = minotor_next_row(host)) == MINOTOR_OK)
        take_system(usage, cell_text(host, 0), cell_text(host, 1));
    return result == MINOTOR_END ? MINOTOR_OK : result;
}

void systems_emit(const struct minotor_host *host, const void *state)
{
    const struct usage *usage = state;
    if (usage->installed_ms > 0)
        minotor_set_f64(host, INSTALLED, (double)usage->installed_ms / 1000);
}

int schema_run(const struct minotor_host *host, void *state)
{
    static const struct minotor_query query = { .name = "schema version",
                                                BOTH("SELECT MAX(Version) FROM db_migrations") };
    struct usage *usage = state;
    usage->schema_version = -1;
    int result = minotor_has(host, "db_migrations", "Version"); /* since Mattermost 6.4 */
    if (result == MINOTOR_OK)
        result = cell_query(host, &query, NULL, 0);
    if (result == MINOTOR_OK)
        result = cell_only_row(host);
    return result == MINOTOR_OK ? cell_number_or(host, 0, -1, &usage->schema_version) : result;
}

void schema_emit(const struct minotor_host *host, const void *state)
{
    const struct usage *usage = state;
    if (usage->schema_version >= 0)
        minotor_set_u64(host, SCHEMA_VERSION, (uint64_t)usage->schema_version);
}

/* A licence may also come from the server's environment; then the database knows nothing of it. */
int license_run(const struct minotor_host *host, void *state)
{
    struct usage *usage = state;
    const char *parameters[] = { usage->active_license };
    const struct minotor_query query = { .size = sizeof query,
                                         .name = "licence",
                                         .postgresql = "SELECT Bytes FROM Licenses WHERE Id = $1",
                                         .mysql = "SELECT Bytes FROM Licenses WHERE Id = ?",
                                         .parameters = parameters,
                                         .parameter_count = 1 };
    usage->stored = (struct license){ .expires_ms = -1, .users = -1 };
    if (usage->tasks[SYSTEMS].knowledge != TASK_KNOWN)
        return minotor_fail(host, "which licence is active is not known: %s", usage->tasks[SYSTEMS].reason);
    usage->stored.is_known = usage->active_license[0] == '\0';
    if (usage->stored.is_known)
        return MINOTOR_OK;
    int result = minotor_query(host, &query);
    if (result == MINOTOR_OK)
        result = minotor_next_row(host);
    if (result == MINOTOR_END)
        return minotor_fail(host, "the active licence is not in the database");
    if (result == MINOTOR_OK && !blob_read(cell_text(host, 0), &usage->stored))
        return minotor_fail(host, "the active licence in the database is not one that this release can read");
    return result;
}

/* What the server says of the licence that it runs with is better than what is stored. */
void license_emit(const struct minotor_host *host, const void *state)
{
    const struct usage *usage = state;
    const struct license *running = &usage->running_license, *stored = &usage->stored;
    int is_free = running->is_known && !running->is_licensed;
    if (stored->is_licensed && stored->expires_ms >= 0 && !is_free)
        minotor_set_f64(host, LICENSE_EXPIRY, (double)stored->expires_ms / 1000);
    else if (running->is_licensed && running->expires_ms >= 0)
        minotor_set_f64(host, LICENSE_EXPIRY, (double)running->expires_ms / 1000);
    if (stored->is_licensed && stored->users >= 0 && !is_free)
        minotor_set_u64(host, LICENSE_USERS, (uint64_t)stored->users);
    else if (running->is_licensed && running->users >= 0)
        minotor_set_u64(host, LICENSE_USERS, (uint64_t)running->users);
}
