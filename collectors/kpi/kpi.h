/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the collector kpi share: its families, and what it knows from one round to the next. */
#ifndef COLLECTORS_KPI_H
#define COLLECTORS_KPI_H

#include <minotor/collector.h>

#include "running.h"
#include "task.h"

enum family {
    POSTS,
    LAST_POST_DATE,
    LAST_POST_TIMESTAMP,
    MESSAGES,
    CHANNELS,
    CHANNELS_ARCHIVED,
    REACTIONS,
    REACTIONS_BY_EMOJI,
    LAST_REACTION,
    SESSIONS,
    USERS,
    DAILY_ACTIVE,
    WEEKLY_ACTIVE,
    MONTHLY_ACTIVE,
    USERS_ONLINE,
    TEAMS,
    THREADS,
    FILES,
    FILES_SIZE,
    INTEGRATIONS,
    COUNTED,
    FAMILY_COUNT
};

#define CHANNEL_TYPES 5 /* Mattermost's four and `other', for those that newer servers may have */
#define USER_KINDS 4
#define PRESENCES 4
#define INTEGRATION_KINDS 4
#define EMOJI_MAX 100
#define EMOJI_SAVED 16 /* as many as the state block has room for */
#define EMOJI_BYTES 257      /* 64 characters in the schema */
#define EMOJI_SAVED_BYTES 65 /* of what Mattermost's own rules for names allow */
#define KPI_STATE_VERSION 2

/*
 * A counter of messages per type of channel, made of Mattermost's own, which is the sum of one number per channel
 * and falls when a channel is purged. Ours adds up what theirs grew by.
 */
struct messages {
    int64_t shown[CHANNEL_TYPES];
    int64_t seen[CHANNEL_TYPES]; /* theirs, when last read; 0: never, or none were posted */
};

/*
 * Whether posts came that the running count cannot have seen, because they were created with an old time: theirs
 * counts them. Compared is the highest difference of one lag with that of the lag before it; single differences are
 * too low while a post is stored and not yet counted.
 */
struct import_watch {
    int64_t messages; /* theirs since the baseline */
    int64_t highest;
    int64_t highest_before;
    int64_t since_ms; /* when this lag began */
    int64_t suspects;
};

/* What outlives a worker, as it is kept by the supervisor. */
struct kpi_saved {
    uint64_t identity; /* of the database that this is about */
    struct running posts;
    struct running files;
    struct messages messages;
    struct import_watch imports;
    int64_t users_seen;
    int64_t vanished_posts, vanished_files; /* something was purged that may have had some */
    struct pace reactions_pace;
    int64_t reactions;
    int64_t newest_reaction_ms; /* -1: none */
    int64_t emoji_wanted;
    int64_t emoji_count;
    int64_t emoji_reactions[EMOJI_SAVED];
    char emoji[EMOJI_SAVED][EMOJI_SAVED_BYTES];
};

struct kpi {
    struct kpi_saved saved;
    struct kpi_saved last_saved;
    struct running_settings running;
    struct task_state tasks[16];

    int64_t posts, files, files_size;
    int64_t newest_post_ms; /* -1: none */
    int64_t channels[CHANNEL_TYPES], archived[CHANNEL_TYPES];
    int has_other_channels;
    int64_t messages_grown; /* by how much theirs grew in this round; -1: not read */
    int64_t sessions;
    int64_t users[USER_KINDS][2];
    int64_t active[3]; /* in a day, a week, a month */
    int64_t online[PRESENCES];
    int64_t teams[2];
    int64_t integrations[INTEGRATION_KINDS];
    int64_t threads;
    int64_t reactions, newest_reaction_ms, reactions_counted_ms;
    size_t emoji_count;
    int64_t emoji_reactions[EMOJI_MAX];
    char emoji[EMOJI_MAX][EMOJI_BYTES];
};

/* The tasks, each with its query or queries. content.c */
int posts_run(const struct minotor_host *host, void *state);
void posts_emit(const struct minotor_host *host, const void *state);
int files_run(const struct minotor_host *host, void *state);
void files_emit(const struct minotor_host *host, const void *state);
int newest_post_run(const struct minotor_host *host, void *state);
void newest_post_emit(const struct minotor_host *host, const void *state);

/* places.c */
int channels_run(const struct minotor_host *host, void *state);
void channels_emit(const struct minotor_host *host, const void *state);
int teams_run(const struct minotor_host *host, void *state);
void teams_emit(const struct minotor_host *host, const void *state);
int integrations_run(const struct minotor_host *host, void *state);
void integrations_emit(const struct minotor_host *host, const void *state);

/* people.c */
int sessions_run(const struct minotor_host *host, void *state);
void sessions_emit(const struct minotor_host *host, const void *state);
int users_run(const struct minotor_host *host, void *state);
void users_emit(const struct minotor_host *host, const void *state);
int active_run(const struct minotor_host *host, void *state);
void active_emit(const struct minotor_host *host, const void *state);
int online_run(const struct minotor_host *host, void *state);
void online_emit(const struct minotor_host *host, const void *state);

/* unindexed.c */
int reactions_run(const struct minotor_host *host, void *state);
void reactions_emit(const struct minotor_host *host, const void *state);
void reactions_save(struct kpi *kpi, const struct minotor_host *host, const struct task_state *task);
void reactions_restore(struct kpi *kpi, const struct minotor_host *host, struct task_state *task);
int threads_run(const struct minotor_host *host, void *state);
void threads_emit(const struct minotor_host *host, const void *state);

#endif
