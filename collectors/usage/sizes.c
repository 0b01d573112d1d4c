/* SPDX-License-Identifier: Apache-2.0 */
/* How much there is: users, posts of people, files, and what the database takes. */
#include <string.h>

#include "cell.h"
#include "usage.h"

#define BOTH(text) .postgresql = (text), .mysql = (text)

/* Each as Mattermost itself counts it, for licences and limits. */
#define OF_PEOPLE " AND Type = '' AND NOT EXISTS (SELECT 1 FROM Bots b WHERE b.UserId = Posts.UserId)"
#define SIZES "COALESCE(SUM(Size), 0)"

static const struct running_source posts_source = {
    .total = { .name = "posts of people", BOTH("SELECT COUNT(*), 0 FROM Posts WHERE DeleteAt = 0" OF_PEOPLE) },
    .window = { .name = "recent posts of people", RUNNING_WINDOW("Posts", "0", RUNNING_NO_COPY OF_PEOPLE) },
    .newest = { .name = "time of posts", RUNNING_NEWEST("Posts") },
    .marks = { .name = "signs of purged posts", RUNNING_MARKS_OF("Posts") },
};

static const struct running_source files_source = {
    .total = { .name = "files", BOTH("SELECT COUNT(*), " SIZES " FROM FileInfo WHERE DeleteAt = 0") },
    .window = { .name = "recent files", RUNNING_WINDOW("FileInfo", SIZES, "") },
    .newest = { .name = "time of files", RUNNING_NEWEST("FileInfo") },
    .marks = { .name = "signs of purged files", RUNNING_MARKS_OF("FileInfo") },
    .delay_ms = RUNNING_UPLOAD_MS,
    .has_sum = 1,
};

static int only_number(const struct minotor_host *host, const struct minotor_query *query, int64_t *number)
{
    int result = cell_query(host, query, NULL, 0);
    if (result == MINOTOR_OK)
        result = cell_only_row(host);
    return result == MINOTOR_OK ? cell_number(host, 0, number) : result;
}

int users_run(const struct minotor_host *host, void *state)
{
    static const struct minotor_query query = {
        .name = "users",
        BOTH("SELECT COUNT(*) FROM Users u LEFT JOIN Bots b ON b.UserId = u.Id"
             " WHERE u.DeleteAt = 0 AND b.UserId IS NULL AND COALESCE(u.RemoteId, '') = ''"),
    };
    struct usage *usage = state;
    return only_number(host, &query, &usage->users);
}

void users_emit(const struct minotor_host *host, const void *state)
{
    const struct usage *usage = state;
    minotor_set_u64(host, USERS, (uint64_t)usage->users);
}

int posts_run(const struct minotor_host *host, void *state)
{
    struct usage *usage = state;
    struct running_value value;
    int result = running_count(host, &posts_source, &usage->saved.posts, &usage->running, 0, &value);
    usage->posts = value.rows;
    return result;
}

void posts_emit(const struct minotor_host *host, const void *state)
{
    const struct usage *usage = state;
    minotor_set_u64(host, POSTS, (uint64_t)usage->posts);
    minotor_label_f64(host, COUNTED, "posts", (double)usage->saved.posts.pace.done_ms / 1000);
}

int storage_run(const struct minotor_host *host, void *state)
{
    struct usage *usage = state;
    struct running_value value;
    int result = running_count(host, &files_source, &usage->saved.files, &usage->running, 0, &value);
    usage->storage = value.sum;
    return result;
}

void storage_emit(const struct minotor_host *host, const void *state)
{
    const struct usage *usage = state;
    minotor_set_u64(host, STORAGE, (uint64_t)usage->storage);
    minotor_label_f64(host, COUNTED, "files", (double)usage->saved.files.pace.done_ms / 1000);
}

int size_run(const struct minotor_host *host, void *state)
{
    static const struct minotor_query query = {
        .name = "size of the database",
        .postgresql = "SELECT pg_database_size(current_database())",
        .mysql = "SELECT SUM(DATA_LENGTH + INDEX_LENGTH) FROM information_schema.TABLES"
                 " WHERE TABLE_SCHEMA = DATABASE()",
    };
    struct usage *usage = state;
    return only_number(host, &query, &usage->size_bytes);
}

void size_emit(const struct minotor_host *host, const void *state)
{
    const struct usage *usage = state;
    minotor_set_u64(host, DATABASE_SIZE, (uint64_t)usage->size_bytes);
}

#define EACH_TABLE(one)                                                                                          \
    one("Posts") "," one("Reactions") "," one("FileInfo") "," one("Channels") "," one("ChannelMembers") ","      \
    one("ChannelMemberHistory") "," one("Users") "," one("Sessions") "," one("Status") "," one("Teams") ","      \
    one("TeamMembers") "," one("Threads") "," one("ThreadMemberships") "," one("Preferences") ","                \
    one("PluginKeyValueStore") "," one("Jobs") "," one("Audits") "," one("LinkMetadata") "," one("Drafts") ","   \
    one("SidebarChannels")
#define AS_CLASS(name) "to_regclass('" name "')"
#define AS_TEXT(name) "'" name "'"

/* The number of rows is the engine's own estimate; PostgreSQL has -1 for none. */
int tables_run(const struct minotor_host *host, void *state)
{
    static const struct minotor_query query = {
        .name = "sizes of tables",
        .postgresql = "SELECT relname, pg_total_relation_size(oid),"
                      " CASE WHEN reltuples >= 0 THEN reltuples::bigint END FROM pg_class"
                      " WHERE oid IN (" EACH_TABLE(AS_CLASS) ")",
        .mysql = "SELECT LOWER(TABLE_NAME), DATA_LENGTH + INDEX_LENGTH, TABLE_ROWS FROM information_schema.TABLES"
                 " WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME IN (" EACH_TABLE(AS_TEXT) ")",
    };
    struct usage *usage = state;
    size_t count = 0;
    int result = cell_query(host, &query, NULL, 0);
    if (result != MINOTOR_OK)
        return result;
    while ((result = minotor_next_row(host)) == MINOTOR_OK && count < TABLES_MAX) {
        struct table_size *table = &usage->tables[count++];
        snprintf(table->name, sizeof table->name, "%s", cell_text(host, 0));
        if (cell_number_or(host, 1, -1, &table->size_bytes) != MINOTOR_OK ||
            cell_number_or(host, 2, -1, &table->rows) != MINOTOR_OK)
            return MINOTOR_FAILED;
    }
    usage->table_count = count;
    return result == MINOTOR_END ? MINOTOR_OK : result;
}

void tables_emit(const struct minotor_host *host, const void *state)
{
    const struct usage *usage = state;
    for (size_t i = 0; i < usage->table_count; i++) {
        const struct table_size *table = &usage->tables[i];
        if (table->size_bytes >= 0) /* a view in the place of a table has none */
            minotor_label_u64(host, TABLE_SIZE, table->name, (uint64_t)table->size_bytes);
        if (table->rows >= 0)
            minotor_label_u64(host, TABLE_ROWS, table->name, (uint64_t)table->rows);
    }
}
