/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What Mattermost holds: posts, channels, reactions, sessions. minotor-kpi(7) says what each value means and
 * what each query costs.
 *
 * Table names are written in Mattermost's own spelling and without quotes: PostgreSQL folds them, MySQL on Linux
 * wants them exactly so.
 */
#include <minotor/collector.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum family {
    POSTS,
    LAST_POST_DATE,
    LAST_POST_TIMESTAMP,
    CHANNELS,
    CHANNELS_ARCHIVED,
    REACTIONS,
    REACTIONS_BY_EMOJI,
    LAST_REACTION,
    SESSIONS,
    FAMILY_COUNT
};

#define NO_FAMILY FAMILY_COUNT
#define FAMILIES_PER_QUERY 3
#define NUMBER_BYTES 24

static const struct minotor_family families[FAMILY_COUNT] = {
    [POSTS] = { .name = "mattermost_kpi_posts_total",
                .type = MINOTOR_GAUGE,
                .help = "Posts that exist: without deleted ones and without the copies that edits leave." },
    [LAST_POST_DATE] = { .name = "mattermost_kpi_last_post_date",
                         .type = MINOTOR_GAUGE,
                         .help = "When the newest existing post was created, in milliseconds since the epoch." },
    [LAST_POST_TIMESTAMP] = { .name = "mattermost_kpi_last_post_timestamp_seconds",
                              .type = MINOTOR_GAUGE,
                              .unit = "seconds",
                              .help = "When the newest existing post was created, in seconds since the epoch." },
    [CHANNELS] = { .name = "mattermost_kpi_channels_total",
                   .type = MINOTOR_GAUGE,
                   .help = "Channels by type, without archived ones.",
                   .labels = { "type" } },
    [CHANNELS_ARCHIVED] = { .name = "mattermost_kpi_channels_archived",
                            .type = MINOTOR_GAUGE,
                            .help = "Archived channels by type.",
                            .labels = { "type" } },
    [REACTIONS] = { .name = "mattermost_kpi_reactions",
                    .type = MINOTOR_GAUGE,
                    .help = "Reactions with all emoji, without removed ones." },
    [REACTIONS_BY_EMOJI] = { .name = "mattermost_kpi_reaction_total",
                             .type = MINOTOR_GAUGE,
                             .help = "Reactions of the most used emoji, without removed ones.",
                             .labels = { "emoji" } },
    [LAST_REACTION] = { .name = "mattermost_kpi_reaction_last_seconds",
                        .type = MINOTOR_GAUGE,
                        .unit = "seconds",
                        .help = "When the newest existing reaction was first made, in seconds since the epoch." },
    [SESSIONS] = { .name = "mattermost_kpi_sessions_total",
                   .type = MINOTOR_GAUGE,
                   .help = "Sessions that have not expired, those of bots and access tokens included." },
};

static const struct minotor_setting settings[] = {
    { .name = "reactions_top",
      .type = MINOTOR_SETTING_INTEGER,
      .default_value = "5",
      .minimum = 0,
      .maximum = 100,
      .help = "How many of the most used emoji mattermost_kpi_reaction_total shows." },
};

/* Cells ------------------------------------------------------------------------------------------------------ */

/* A count or a time: a whole number that is not negative. */
static int parse_number(const char *cell, uint64_t *number)
{
    char *end = NULL;
    if (cell == NULL || *cell < '0' || *cell > '9')
        return 0;
    errno = 0;
    unsigned long long value = strtoull(cell, &end, 10);
    *number = value;
    return errno == 0 && *end == '\0';
}

static int read_number(const struct minotor_host *host, uint32_t column, uint64_t *number)
{
    const char *cell = minotor_cell(host, column);
    if (parse_number(cell, number))
        return MINOTOR_OK;
    return minotor_fail(host, "the database gave `%.40s' instead of a number", cell != NULL ? cell : "NULL");
}

/* The number of a query that always gives one row with one. */
static int read_only_number(const struct minotor_host *host, uint64_t *number)
{
    int result = minotor_next_row(host);
    if (result == MINOTOR_END)
        return minotor_fail(host, "the database gave no row");
    return result == MINOTOR_OK ? read_number(host, 0, number) : result;
}

/* Readings --------------------------------------------------------------------------------------------------- */

static int read_posts(const struct minotor_host *host)
{
    uint64_t count = 0;
    int result = read_only_number(host, &count);
    if (result == MINOTOR_OK)
        minotor_set_u64(host, POSTS, count);
    return result;
}

static int read_sessions(const struct minotor_host *host)
{
    uint64_t count = 0;
    int result = read_only_number(host, &count);
    if (result == MINOTOR_OK)
        minotor_set_u64(host, SESSIONS, count);
    return result;
}

/* The newest of no posts is NULL: then the families are empty, not 1970. */
static int read_last_post(const struct minotor_host *host)
{
    uint64_t created_ms = 0;
    int result = minotor_next_row(host);
    if (result != MINOTOR_OK || minotor_cell(host, 0) == NULL)
        return result == MINOTOR_END ? MINOTOR_OK : result;
    result = read_number(host, 0, &created_ms);
    if (result == MINOTOR_OK) {
        minotor_set_u64(host, LAST_POST_DATE, created_ms);
        minotor_set_f64(host, LAST_POST_TIMESTAMP, (double)created_ms / 1000);
    }
    return result;
}

static const struct channel_type {
    const char *letter;
    const char *label;
} channel_types[] = { { "O", "public" }, { "P", "private" }, { "D", "direct" }, { "G", "group" } };

#define CHANNEL_TYPES (sizeof channel_types / sizeof channel_types[0])

/* The index of a type, CHANNEL_TYPES for one that newer servers may have. */
static size_t find_channel_type(const char *letter)
{
    size_t index = 0;
    while (index < CHANNEL_TYPES && (letter == NULL || strcmp(letter, channel_types[index].letter) != 0))
        index++;
    return index;
}

static int read_channels(const struct minotor_host *host)
{
    uint64_t live[CHANNEL_TYPES + 1] = { 0 }, archived[CHANNEL_TYPES + 1] = { 0 };
    int others = 0;
    int result;
    while ((result = minotor_next_row(host)) == MINOTOR_OK) {
        uint64_t row_live = 0, row_archived = 0;
        size_t index = find_channel_type(minotor_cell(host, 0));
        if (read_number(host, 1, &row_live) != MINOTOR_OK || read_number(host, 2, &row_archived) != MINOTOR_OK)
            return MINOTOR_FAILED;
        live[index] += row_live;
        archived[index] += row_archived;
        others |= index == CHANNEL_TYPES;
    }
    if (result != MINOTOR_END)
        return result;
    for (size_t i = 0; i < CHANNEL_TYPES + (others ? 1 : 0); i++) {
        const char *label = i < CHANNEL_TYPES ? channel_types[i].label : "other";
        minotor_label_u64(host, CHANNELS, label, live[i]);
        minotor_label_u64(host, CHANNELS_ARCHIVED, label, archived[i]);
    }
    return MINOTOR_OK;
}

/* Each row has an emoji and its reactions, and, the same in all rows, the sum and the newest time of all emoji. */
static int read_reactions(const struct minotor_host *host)
{
    uint64_t all = 0, newest_ms = 0;
    int64_t emoji_left = minotor_setting_integer(host, "reactions_top");
    int any = 0;
    int result;
    while ((result = minotor_next_row(host)) == MINOTOR_OK) {
        uint64_t count = 0;
        if (read_number(host, 1, &count) != MINOTOR_OK || read_number(host, 2, &all) != MINOTOR_OK)
            return MINOTOR_FAILED;
        if (minotor_cell(host, 3) != NULL) {
            if (read_number(host, 3, &newest_ms) != MINOTOR_OK)
                return MINOTOR_FAILED;
            any = 1;
        }
        if (emoji_left-- > 0 && minotor_cell(host, 0) != NULL)
            minotor_label_u64(host, REACTIONS_BY_EMOJI, minotor_cell(host, 0), count);
    }
    if (result != MINOTOR_END)
        return result;
    minotor_set_u64(host, REACTIONS, all);
    if (any)
        minotor_set_f64(host, LAST_REACTION, (double)newest_ms / 1000);
    return MINOTOR_OK;
}

/* Queries ---------------------------------------------------------------------------------------------------- */

/* What a query's one parameter is. */
enum parameter {
    NO_PARAMETER,
    NOW_MS,     /* Mattermost's servers stamp times with their own clocks, so ours is as good as the database's */
    EMOJI_ROWS, /* at least 1: the row also carries the sum */
};

struct reading {
    struct minotor_query query;
    enum parameter parameter;
    int (*read)(const struct minotor_host *host);
    enum family families[FAMILIES_PER_QUERY]; /* unknown when it fails; rest NO_FAMILY */
};

#define SAME_SQL(text) .postgresql = (text), .mysql = (text)

/* The cheap ones first: when the time of a round runs out, it is the dearest that has to do without. */
static const struct reading readings[] = {
    { .query = { .name = "newest post", SAME_SQL("SELECT MAX(CreateAt) FROM Posts WHERE DeleteAt = 0") },
      .read = read_last_post,
      .families = { LAST_POST_DATE, LAST_POST_TIMESTAMP, NO_FAMILY } },
    /* Expired rows stay for up to a day. */
    { .query = { .name = "sessions",
                 .postgresql = "SELECT COUNT(*) FROM Sessions WHERE ExpiresAt = 0 OR ExpiresAt > $1::bigint",
                 .mysql = "SELECT COUNT(*) FROM Sessions WHERE ExpiresAt = 0 OR ExpiresAt > ?" },
      .parameter = NOW_MS,
      .read = read_sessions,
      .families = { SESSIONS, NO_FAMILY, NO_FAMILY } },
    /* Type is an enum in newer PostgreSQL schemas: only its text can be compared with letters it does not know. */
    { .query = { .name = "channels",
                 .postgresql = "SELECT Type::text, COUNT(CASE WHEN DeleteAt = 0 THEN 1 END),"
                               " COUNT(CASE WHEN DeleteAt > 0 THEN 1 END) FROM Channels GROUP BY Type::text",
                 .mysql = "SELECT Type, COUNT(CASE WHEN DeleteAt = 0 THEN 1 END),"
                          " COUNT(CASE WHEN DeleteAt > 0 THEN 1 END) FROM Channels GROUP BY Type" },
      .read = read_channels,
      .families = { CHANNELS, CHANNELS_ARCHIVED, NO_FAMILY } },
    /*
     * One pass over the table for all three families. DeleteAt is NULL in rows from before Mattermost 5.33;
     * COALESCE would say the same, but hides from the planner how many rows there are, so that it sorts them all.
     */
    { .query = { .name = "reactions",
                 .postgresql = "SELECT EmojiName, COUNT(*), SUM(COUNT(*)) OVER (), MAX(MAX(CreateAt)) OVER ()"
                               " FROM Reactions WHERE (DeleteAt = 0 OR DeleteAt IS NULL)"
                               " GROUP BY EmojiName ORDER BY COUNT(*) DESC, EmojiName LIMIT $1::bigint",
                 .mysql = "SELECT EmojiName, COUNT(*), SUM(COUNT(*)) OVER (), MAX(MAX(CreateAt)) OVER ()"
                          " FROM Reactions WHERE (DeleteAt = 0 OR DeleteAt IS NULL)"
                          " GROUP BY EmojiName ORDER BY COUNT(*) DESC, EmojiName LIMIT ?" },
      .parameter = EMOJI_ROWS,
      .read = read_reactions,
      .families = { REACTIONS, REACTIONS_BY_EMOJI, LAST_REACTION } },
    { .query = { .name = "count of posts", SAME_SQL("SELECT COUNT(*) FROM Posts WHERE DeleteAt = 0") },
      .read = read_posts,
      .families = { POSTS, NO_FAMILY, NO_FAMILY } },
};

#define READINGS (sizeof readings / sizeof readings[0])

static int send_query(const struct minotor_host *host, const struct reading *reading)
{
    char number[NUMBER_BYTES];
    const char *parameters[1] = { number };
    struct minotor_query query = reading->query;
    int64_t value = 0;
    if (reading->parameter == NOW_MS)
        value = minotor_now_ms(host);
    if (reading->parameter == EMOJI_ROWS)
        value = minotor_setting_integer(host, "reactions_top");
    if (reading->parameter == EMOJI_ROWS && value == 0)
        value = 1;
    snprintf(number, sizeof number, "%lld", (long long)value);
    query.size = sizeof query;
    query.parameters = parameters;
    query.parameter_count = reading->parameter == NO_PARAMETER ? 0 : 1;
    return minotor_query(host, &query);
}

static void declare_unknown(const struct minotor_host *host, const struct reading *reading, const char *reason)
{
    for (size_t i = 0; i < FAMILIES_PER_QUERY && reading->families[i] != NO_FAMILY; i++)
        minotor_unknown(host, reading->families[i], reason);
}

/* Each query that fails costs its own families; one that takes the rest of the round also those after it. */
static int collect(const struct minotor_host *host, void *state)
{
    size_t failures = 0;
    int result = MINOTOR_OK;
    (void)state;
    for (size_t i = 0; i < READINGS; i++) {
        char reason[MINOTOR_TEXT_MAX];
        if (result != MINOTOR_CANCELLED)
            result = send_query(host, &readings[i]);
        if (result == MINOTOR_OK)
            result = readings[i].read(host);
        if (result == MINOTOR_OK)
            continue;
        failures++;
        snprintf(reason, sizeof reason, "%s", minotor_error(host));
        declare_unknown(host, &readings[i], reason);
    }
    if (failures < READINGS)
        return MINOTOR_OK;
    return result == MINOTOR_CANCELLED ? MINOTOR_CANCELLED : MINOTOR_FAILED;
}

static const struct minotor_collector collector = {
    MINOTOR_DESCRIPTOR,
    .needs = MINOTOR_NEEDS_DATABASE,
    .name = "kpi",
    .version = "1.0",
    .summary = "Posts, channels, reactions and sessions of a Mattermost server",
    .author = "the minotor authors",
    .license = "Apache-2.0",
    .families = families,
    .family_count = FAMILY_COUNT,
    .family_size = sizeof(struct minotor_family),
    .settings = settings,
    .setting_count = sizeof settings / sizeof settings[0],
    .setting_size = sizeof(struct minotor_setting),
    .collect = collect,
};

const struct minotor_collector *minotor_collector(void)
{
    return &collector;
}
