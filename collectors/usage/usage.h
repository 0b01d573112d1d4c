/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the collector usage share: its families, and what it knows from one round to the next. */
#ifndef COLLECTORS_USAGE_H
#define COLLECTORS_USAGE_H

#include <minotor/collector.h>

#include "running.h"
#include "task.h"

enum family {
    INFO,
    INSTALLED,
    STARTED,
    POSTS,
    USERS,
    STORAGE,
    LICENSE_EXPIRY,
    LICENSE_USERS,
    USERS_LIMIT,
    USERS_HARD_LIMIT,
    SCHEMA_VERSION,
    DATABASE_SIZE,
    TABLE_SIZE,
    TABLE_ROWS,
    COUNTED,
    FAMILY_COUNT
};

enum task_index {
    SERVER,
    EDITION,
    LIMITS,
    START,
    SYSTEMS,
    SCHEMA,
    LICENSE,
    INFO_TASK,
    USERS_TASK,
    TABLES,
    SIZE,
    STORAGE_TASK,
    POSTS_TASK,
    TASK_COUNT
};

#define USAGE_STATE_VERSION 2
#define WORD_BYTES 64
#define TABLES_MAX 32

/* What a licence says. */
struct license {
    int is_known;
    int is_licensed;
    char sku[WORD_BYTES]; /* "" in old licences */
    int64_t expires_ms;   /* -1: not known */
    int64_t users;        /* -1: not known */
};

struct table_size {
    char name[WORD_BYTES];
    int64_t size_bytes;
    int64_t rows; /* an estimate; -1: there is none */
};

/* What outlives a worker, as it is kept by the supervisor. */
struct usage_saved {
    uint64_t identity; /* of the database that this is about */
    struct running posts;
    struct running files;
};

struct usage {
    struct usage_saved saved;
    struct usage_saved last_saved;
    struct running_settings running;
    struct task_state tasks[TASK_COUNT];

    char server_version[WORD_BYTES]; /* as the server last said; "": never */
    int server_is_silent;            /* and the log has it */
    char stored_version[WORD_BYTES]; /* as the database says, which only old servers keep up to date */
    char active_license[WORD_BYTES]; /* "": none */
    int64_t installed_ms;            /* -1: not known */
    int64_t schema_version;
    struct license stored;  /* in the database */
    struct license running_license; /* of the server that runs, by its API */
    double started;         /* seconds since the epoch */
    int64_t limit, hard_limit; /* 0: none */
    int64_t users, posts, storage, size_bytes;
    struct table_size tables[TABLES_MAX];
    size_t table_count;
};

/* The tasks, each with its query or question. stored.c */
int systems_run(const struct minotor_host *host, void *state);
void systems_emit(const struct minotor_host *host, const void *state);
int schema_run(const struct minotor_host *host, void *state);
void schema_emit(const struct minotor_host *host, const void *state);
int license_run(const struct minotor_host *host, void *state);
void license_emit(const struct minotor_host *host, const void *state);

/* sizes.c */
int users_run(const struct minotor_host *host, void *state);
void users_emit(const struct minotor_host *host, const void *state);
int posts_run(const struct minotor_host *host, void *state);
void posts_emit(const struct minotor_host *host, const void *state);
int storage_run(const struct minotor_host *host, void *state);
void storage_emit(const struct minotor_host *host, const void *state);
int size_run(const struct minotor_host *host, void *state);
void size_emit(const struct minotor_host *host, const void *state);
int tables_run(const struct minotor_host *host, void *state);
void tables_emit(const struct minotor_host *host, const void *state);

/* server.c */
int server_run(const struct minotor_host *host, void *state);
void server_emit(const struct minotor_host *host, const void *state);
int edition_run(const struct minotor_host *host, void *state);
void edition_emit(const struct minotor_host *host, const void *state);
int limits_run(const struct minotor_host *host, void *state);
void limits_emit(const struct minotor_host *host, const void *state);
int start_run(const struct minotor_host *host, void *state);
void start_emit(const struct minotor_host *host, const void *state);

#endif
