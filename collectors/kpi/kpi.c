/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What Mattermost holds: posts, channels, people, files. minotor-kpi(7) says what each value means and what each
 * query costs.
 *
 * Table names are written in Mattermost's own spelling and without quotes: PostgreSQL folds them, MySQL on Linux
 * wants them exactly so.
 */
#include "kpi.h"

#include <stdlib.h>
#include <string.h>

#define GAUGE(family_name, text) { .name = (family_name), .type = MINOTOR_GAUGE, .help = (text) }
#define GAUGE_BY(family_name, label, text)                                                                       \
    { .name = (family_name), .type = MINOTOR_GAUGE, .help = (text), .labels = { (label) } }
#define TIME(family_name, text) { .name = (family_name), .type = MINOTOR_GAUGE, .unit = "seconds", .help = (text) }

static const struct minotor_family families[FAMILY_COUNT] = {
    [POSTS] = GAUGE("mattermost_kpi_posts_total",
                    "Posts that exist: without deleted ones and without the copies that edits leave."),
    [LAST_POST_DATE] = GAUGE("mattermost_kpi_last_post_date",
                             "When the newest existing post was created, in milliseconds since the epoch."),
    [LAST_POST_TIMESTAMP] = TIME("mattermost_kpi_last_post_timestamp_seconds",
                                 "When the newest existing post was created, in seconds since the epoch."),
    [MESSAGES] = { .name = "mattermost_messages_posted_total",
                   .type = MINOTOR_COUNTER,
                   .help = "Messages ever posted, by type of channel, without joins and leaves.",
                   .labels = { "channel_type" } },
    [CHANNELS] = GAUGE_BY("mattermost_kpi_channels_total", "type", "Channels by type, without archived ones."),
    [CHANNELS_ARCHIVED] = GAUGE_BY("mattermost_kpi_channels_archived", "type", "Archived channels by type."),
    [REACTIONS] = GAUGE("mattermost_kpi_reactions", "Reactions with all emoji, without removed ones."),
    [REACTIONS_BY_EMOJI] = GAUGE_BY("mattermost_kpi_reaction_total", "emoji",
                                    "Reactions of the most used emoji, without removed ones."),
    [LAST_REACTION] = TIME("mattermost_kpi_reaction_last_seconds",
                           "When the newest existing reaction was first made, in seconds since the epoch."),
    [SESSIONS] = GAUGE("mattermost_kpi_sessions_total",
                       "Sessions that have not expired, those of bots and access tokens included."),
    [USERS] = { .name = "mattermost_users",
                .type = MINOTOR_GAUGE,
                .help = "Accounts by kind and state.",
                .labels = { "kind", "state" } },
    [DAILY_ACTIVE] = GAUGE("mattermost_daily_active_users", "Users who were active in the last 24 hours."),
    [WEEKLY_ACTIVE] = GAUGE("mattermost_weekly_active_users", "Users who were active in the last 7 days."),
    [MONTHLY_ACTIVE] = GAUGE("mattermost_monthly_active_users", "Users who were active in the last 31 days."),
    [USERS_ONLINE] = GAUGE_BY("mattermost_users_online", "presence", "Users who are connected, by what they show."),
    [TEAMS] = GAUGE_BY("mattermost_teams", "state", "Teams by state."),
    [THREADS] = GAUGE("mattermost_threads", "Posts that exist and had replies."),
    [FILES] = GAUGE("mattermost_files", "Uploaded files that exist, without deleted ones."),
    [FILES_SIZE] = { .name = "mattermost_files_size_bytes",
                     .type = MINOTOR_GAUGE,
                     .unit = "bytes",
                     .help = "Size of all uploaded files that exist, without their previews." },
    [INTEGRATIONS] = GAUGE_BY("mattermost_integrations", "kind", "Integrations by kind, without deleted ones."),
    [COUNTED] = { .name = "mattermost_kpi_counted_timestamp_seconds",
                  .type = MINOTOR_GAUGE,
                  .unit = "seconds",
                  .help = "When a table was last counted in full, in seconds since the epoch.",
                  .labels = { "table" } },
};

static const struct minotor_setting settings[] = {
    { .name = "reactions_top",
      .type = MINOTOR_SETTING_INTEGER,
      .default_value = "5",
      .minimum = 0,
      .maximum = EMOJI_MAX,
      .help = "How many of the most used emoji mattermost_kpi_reaction_total shows." },
    RUNNING_SETTINGS,
    { .name = "people_interval",
      .type = MINOTOR_SETTING_DURATION,
      .default_value = "1m",
      .minimum = 0,
      .maximum = 24 * 3600 * 1000,
      .help = "How often users, who is active, teams and integrations are counted." },
    { .name = "unindexed_interval",
      .type = MINOTOR_SETTING_DURATION,
      .default_value = "10m",
      .minimum = 0,
      .maximum = 24 * 3600 * 1000,
      .help = "How often reactions and threads are counted: tables that are read as a whole." },
};

enum { NEWEST_POST, SESSIONS_TASK, CHANNELS_TASK, ONLINE, TEAMS_TASK, INTEGRATIONS_TASK, USERS_TASK, ACTIVE, POSTS_TASK,
       FILES_TASK, THREADS_TASK, REACTIONS_TASK, TASK_COUNT };

#define TASK(verb) .run = verb##_run, .emit = verb##_emit

static const struct task tasks[TASK_COUNT] = {
    [NEWEST_POST] = { "newest post", NULL, TASK(newest_post), { LAST_POST_DATE, LAST_POST_TIMESTAMP, TASK_NO_FAMILY } },
    [SESSIONS_TASK] = { "sessions", NULL, TASK(sessions), { SESSIONS, TASK_NO_FAMILY } },
    [CHANNELS_TASK] = { "channels", NULL, TASK(channels), { CHANNELS, CHANNELS_ARCHIVED, MESSAGES, TASK_NO_FAMILY } },
    [ONLINE] = { "users online", "people_interval", TASK(online), { USERS_ONLINE, TASK_NO_FAMILY } },
    [TEAMS_TASK] = { "teams", "people_interval", TASK(teams), { TEAMS, TASK_NO_FAMILY } },
    [INTEGRATIONS_TASK] = { "integrations", "people_interval", TASK(integrations), { INTEGRATIONS, TASK_NO_FAMILY } },
    [USERS_TASK] = { "users", "people_interval", TASK(users), { USERS, TASK_NO_FAMILY } },
    [ACTIVE] = { "active users", "people_interval", TASK(active),
                 { DAILY_ACTIVE, WEEKLY_ACTIVE, MONTHLY_ACTIVE, TASK_NO_FAMILY } },
    [POSTS_TASK] = { "posts", NULL, TASK(posts), { POSTS, TASK_NO_FAMILY } },
    [FILES_TASK] = { "files", NULL, TASK(files), { FILES, FILES_SIZE, TASK_NO_FAMILY } },
    [THREADS_TASK] = { "threads", "unindexed_interval", TASK(threads), { THREADS, TASK_NO_FAMILY } },
    [REACTIONS_TASK] = { "reactions", "unindexed_interval", TASK(reactions),
                         { REACTIONS, REACTIONS_BY_EMOJI, LAST_REACTION, TASK_NO_FAMILY } },
};

_Static_assert(TASK_COUNT <= sizeof((struct kpi *)0)->tasks / sizeof(struct task_state), "room for each task");
_Static_assert(sizeof(struct kpi_saved) <= MINOTOR_STATE_MAX, "the state block holds it");

static int open_kpi(const struct minotor_host *host, void **state)
{
    struct kpi *kpi = calloc(1, sizeof *kpi);
    if (kpi == NULL)
        return minotor_fail(host, "out of memory");
    running_read_settings(host, &kpi->running);
    kpi->running.salt = running_identity(host);
    size_t size = minotor_state_load(host, KPI_STATE_VERSION, &kpi->saved, sizeof kpi->saved);
    if (size != sizeof kpi->saved || kpi->saved.identity != running_identity(host))
        memset(&kpi->saved, 0, sizeof kpi->saved);
    kpi->saved.identity = running_identity(host);
    running_resume(&kpi->saved.posts);
    running_resume(&kpi->saved.files);
    reactions_restore(kpi, host, &kpi->tasks[REACTIONS_TASK]);
    *state = kpi;
    return MINOTOR_OK;
}

static int collect(const struct minotor_host *host, void *state)
{
    struct kpi *kpi = state;
    kpi->messages_grown = -1;
    int result = tasks_collect(host, tasks, kpi->tasks, TASK_COUNT, kpi, kpi->running.exact);
    reactions_save(kpi, host, &kpi->tasks[REACTIONS_TASK]);
    if (memcmp(&kpi->saved, &kpi->last_saved, sizeof kpi->saved) != 0 &&
        minotor_state_save(host, KPI_STATE_VERSION, &kpi->saved, sizeof kpi->saved) == MINOTOR_OK)
        kpi->last_saved = kpi->saved;
    return result;
}

static void close_kpi(const struct minotor_host *host, void *state)
{
    (void)host;
    free(state);
}

static const struct minotor_collector collector = {
    MINOTOR_DESCRIPTOR,
    .needs = MINOTOR_NEEDS_DATABASE,
    .name = "kpi",
    .version = "1.0",
    .summary = "Posts, channels, people, files and reactions of a Mattermost server",
    .author = "the minotor authors",
    .license = "Apache-2.0",
    .families = families,
    .family_count = FAMILY_COUNT,
    .family_size = sizeof(struct minotor_family),
    .settings = settings,
    .setting_count = sizeof settings / sizeof settings[0],
    .setting_size = sizeof(struct minotor_setting),
    .open = open_kpi,
    .collect = collect,
    .close = close_kpi,
};

const struct minotor_collector *minotor_collector(void)
{
    return &collector;
}
