/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is installed and how much of it is used. minotor-usage(7) says what each value means and what each question
 * costs.
 */
#include "usage.h"

#include <stdlib.h>
#include <string.h>

#define GAUGE(family_name, text) { .name = (family_name), .type = MINOTOR_GAUGE, .help = (text) }
#define TIME(family_name, text) { .name = (family_name), .type = MINOTOR_GAUGE, .unit = "seconds", .help = (text) }
#define SIZE_OF(family_name, text) .name = (family_name), .type = MINOTOR_GAUGE, .unit = "bytes", .help = (text)

static const struct minotor_family families[FAMILY_COUNT] = {
    [INFO] = { .name = "mattermost_usage_info",
               .type = MINOTOR_INFO,
               .help = "Which Mattermost this is.",
               .labels = { "version", "edition", "sqldriver" } },
    [INSTALLED] = TIME("mattermost_usage_start_time_seconds",
                       "When Mattermost was installed, in seconds since the epoch."),
    [STARTED] = TIME("mattermost_server_start_timestamp_seconds",
                     "When the server process was started, in seconds since the epoch."),
    [POSTS] = GAUGE("mattermost_usage_posts_total",
                    "Posts of people that exist: without those of bots and of the system."),
    [USERS] = GAUGE("mattermost_usage_users_total", "Active accounts of people, as licences and limits count them."),
    [STORAGE] = { SIZE_OF("mattermost_usage_storage_bytes",
                          "Size of all uploaded files that exist, without their previews.") },
    [LICENSE_EXPIRY] = TIME("mattermost_license_expiry_timestamp_seconds",
                            "When the licence ends, in seconds since the epoch."),
    [LICENSE_USERS] = GAUGE("mattermost_license_users", "How many users the licence is for."),
    [USERS_LIMIT] = GAUGE("mattermost_users_limit", "From how many users on the server warns."),
    [USERS_HARD_LIMIT] = GAUGE("mattermost_users_hard_limit", "How many users the server allows."),
    [SCHEMA_VERSION] = GAUGE("mattermost_database_schema_version", "The last migration of the database's schema."),
    [DATABASE_SIZE] = { SIZE_OF("mattermost_database_size_bytes", "Size of the database on disk.") },
    [TABLE_SIZE] = { SIZE_OF("mattermost_database_table_size_bytes", "Size of a table with its indexes on disk."),
                     .labels = { "table" } },
    [TABLE_ROWS] = { .name = "mattermost_database_table_rows",
                     .type = MINOTOR_GAUGE,
                     .help = "Rows of a table as the database server estimates them.",
                     .labels = { "table" } },
    [COUNTED] = { .name = "mattermost_usage_counted_timestamp_seconds",
                  .type = MINOTOR_GAUGE,
                  .unit = "seconds",
                  .help = "When a table was last counted in full, in seconds since the epoch.",
                  .labels = { "table" } },
};

static const struct minotor_setting settings[] = {
    RUNNING_SETTINGS,
    { .name = "details_interval",
      .type = MINOTOR_SETTING_DURATION,
      .default_value = "5m",
      .minimum = 0,
      .maximum = 24 * 3600 * 1000,
      .help = "How often all but posts and storage is asked for." },
};

static const char *sqldriver_of(const struct minotor_host *host)
{
    return strcmp(minotor_engine(host), "postgresql") == 0 ? "postgres" : "mysql";
}

static const char *edition_of(const struct usage *usage)
{
    const struct license *license = usage->running_license.is_known ? &usage->running_license : &usage->stored;
    if (!license->is_known)
        return NULL;
    if (!license->is_licensed)
        return "free";
    if (license->sku[0] == '\0')
        license = &usage->stored;
    return license->sku[0] != '\0' ? license->sku : "licensed";
}

/* A family whose labels are not all known is no information. */
static int info_run(const struct minotor_host *host, void *state)
{
    const struct usage *usage = state;
    if (edition_of(usage) == NULL)
        return minotor_fail(host, "the edition is not known: %s", usage->tasks[LICENSE].reason);
    return MINOTOR_OK;
}

/*
 * A server that has not been asked, or has never answered, is known by its schema. The version in the database is kept
 * by servers only that are older than the table of migrations.
 */
static void info_emit(const struct minotor_host *host, const void *state)
{
    const struct usage *usage = state;
    char version[WORD_BYTES];
    snprintf(version, sizeof version, "%s", usage->server_version);
    if (version[0] == '\0' && usage->schema_version >= 0)
        snprintf(version, sizeof version, "schema %lld", (long long)usage->schema_version);
    else if (version[0] == '\0')
        snprintf(version, sizeof version, "%s", usage->stored_version);
    const char *const labels[] = { version, edition_of(usage), sqldriver_of(host) };
    minotor_emit_u64(host, INFO, labels, 3, 1);
}

#define DETAIL "details_interval"
#define TASK(verb) .run = verb##_run, .emit = verb##_emit

/* The server first: it may be slow, and nothing is to idle in a transaction meanwhile. */
static const struct task tasks[TASK_COUNT] = {
    [SERVER] = { "version of the server", DETAIL, TASK(server), { TASK_NO_FAMILY } },
    [EDITION] = { "licence of the server", DETAIL, TASK(edition), { TASK_NO_FAMILY } },
    [LIMITS] = { "limits of the server", DETAIL, TASK(limits), { USERS_LIMIT, USERS_HARD_LIMIT, TASK_NO_FAMILY } },
    [START] = { "start of the server", DETAIL, TASK(start), { STARTED, TASK_NO_FAMILY } },
    [SYSTEMS] = { "system values", DETAIL, TASK(systems), { INSTALLED, TASK_NO_FAMILY } },
    [SCHEMA] = { "schema version", DETAIL, TASK(schema), { SCHEMA_VERSION, TASK_NO_FAMILY } },
    [LICENSE] = { "licence", DETAIL, TASK(license), { LICENSE_EXPIRY, LICENSE_USERS, TASK_NO_FAMILY } },
    [INFO_TASK] = { "information", NULL, TASK(info), { INFO, TASK_NO_FAMILY } },
    [USERS_TASK] = { "users", DETAIL, TASK(users), { USERS, TASK_NO_FAMILY } },
    [TABLES] = { "sizes of tables", DETAIL, TASK(tables), { TABLE_SIZE, TABLE_ROWS, TASK_NO_FAMILY } },
    [SIZE] = { "size of the database", DETAIL, TASK(size), { DATABASE_SIZE, TASK_NO_FAMILY } },
    [STORAGE_TASK] = { "files", NULL, TASK(storage), { STORAGE, TASK_NO_FAMILY } },
    [POSTS_TASK] = { "posts of people", NULL, TASK(posts), { POSTS, TASK_NO_FAMILY } },
};

_Static_assert(sizeof(struct usage_saved) <= MINOTOR_STATE_MAX, "the state block holds it");

static int open_usage(const struct minotor_host *host, void **state)
{
    struct usage *usage = calloc(1, sizeof *usage);
    if (usage == NULL)
        return minotor_fail(host, "out of memory");
    usage->schema_version = usage->installed_ms = -1;
    running_read_settings(host, &usage->running);
    usage->running.salt = running_identity(host);
    size_t size = minotor_state_load(host, USAGE_STATE_VERSION, &usage->saved, sizeof usage->saved);
    if (size != sizeof usage->saved || usage->saved.identity != usage->running.salt)
        memset(&usage->saved, 0, sizeof usage->saved);
    usage->saved.identity = usage->running.salt;
    running_resume(&usage->saved.posts);
    running_resume(&usage->saved.files);
    *state = usage;
    return MINOTOR_OK;
}

static int collect(const struct minotor_host *host, void *state)
{
    struct usage *usage = state;
    int result = tasks_collect(host, tasks, usage->tasks, TASK_COUNT, usage, usage->running.exact);
    if (memcmp(&usage->saved, &usage->last_saved, sizeof usage->saved) != 0 &&
        minotor_state_save(host, USAGE_STATE_VERSION, &usage->saved, sizeof usage->saved) == MINOTOR_OK)
        usage->last_saved = usage->saved;
    return result;
}

static void close_usage(const struct minotor_host *host, void *state)
{
    (void)host;
    free(state);
}

static const struct minotor_collector collector = {
    MINOTOR_DESCRIPTOR,
    .needs = MINOTOR_NEEDS_DATABASE | MINOTOR_NEEDS_API,
    .name = "usage",
    .version = "1.0",
    .summary = "Version, licence, limits and sizes of a Mattermost installation",
    .author = "the minotor authors",
    .license = "Apache-2.0",
    .families = families,
    .family_count = FAMILY_COUNT,
    .family_size = sizeof(struct minotor_family),
    .settings = settings,
    .setting_count = sizeof settings / sizeof settings[0],
    .setting_size = sizeof(struct minotor_setting),
    .open = open_usage,
    .collect = collect,
    .close = close_usage,
};

const struct minotor_collector *minotor_collector(void)
{
    return &collector;
}
