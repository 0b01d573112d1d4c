/* SPDX-License-Identifier: Apache-2.0 */
/* Channels with their counters of messages, teams, integrations: small tables. */
#include <string.h>

#include "cell.h"
#include "kpi.h"

static const struct channel_type {
    const char *letter;
    const char *label;
} channel_types[CHANNEL_TYPES] = {
    { "O", "public" }, { "P", "private" }, { "D", "direct" }, { "G", "group" }, { "", "other" },
};

static size_t find_channel_type(const char *letter)
{
    size_t index = 0;
    while (index < CHANNEL_TYPES - 1 && strcmp(letter, channel_types[index].letter) != 0)
        index++;
    return index;
}

/* A counter that fell has lost a purged channel; what it lost was shown and stays. */
static void count_messages(struct kpi *kpi, const int64_t *theirs)
{
    struct messages *messages = &kpi->saved.messages;
    int is_first = 1;
    for (size_t i = 0; i < CHANNEL_TYPES; i++)
        is_first &= messages->seen[i] <= 0 && messages->shown[i] <= 0;
    kpi->messages_grown = is_first ? -1 : 0;
    for (size_t i = 0; i < CHANNEL_TYPES; i++) {
        int64_t grown = theirs[i] - messages->seen[i];
        messages->seen[i] = theirs[i];
        if (is_first)
            messages->shown[i] = theirs[i];
        else if (grown > 0) {
            messages->shown[i] += grown;
            kpi->messages_grown += grown;
        } else if (grown < 0)
            kpi->saved.vanished_posts = kpi->saved.vanished_files = 1;
    }
}

int channels_run(const struct minotor_host *host, void *state)
{
    /* Type is an enum in newer PostgreSQL schemas: only its text can be compared with letters it does not know. */
#define COUNTS                                                                                                   \
    ", COUNT(CASE WHEN DeleteAt = 0 THEN 1 END), COUNT(CASE WHEN DeleteAt > 0 THEN 1 END),"                      \
    " COALESCE(SUM(TotalMsgCount), 0) FROM Channels GROUP BY "
    static const struct minotor_query channels = { .name = "channels",
                                                   .postgresql = "SELECT Type::text" COUNTS "Type::text",
                                                   .mysql = "SELECT Type" COUNTS "Type" };
    struct kpi *kpi = state;
    int64_t live[CHANNEL_TYPES] = { 0 }, archived[CHANNEL_TYPES] = { 0 }, theirs[CHANNEL_TYPES] = { 0 };
    int result = cell_query(host, &channels, NULL, 0);
    if (result != MINOTOR_OK)
        return result;
    kpi->has_other_channels = 0;
    while ((result = minotor_next_row(host)) == MINOTOR_OK) {
        int64_t row[3];
        size_t index = find_channel_type(cell_text(host, 0));
        for (uint32_t i = 0; i < 3; i++)
            if (cell_number(host, i + 1, &row[i]) != MINOTOR_OK)
                return MINOTOR_FAILED;
        live[index] += row[0];
        archived[index] += row[1];
        theirs[index] += row[2];
        kpi->has_other_channels |= index == CHANNEL_TYPES - 1;
    }
    if (result != MINOTOR_END)
        return result;
    memcpy(kpi->channels, live, sizeof live);
    memcpy(kpi->archived, archived, sizeof archived);
    count_messages(kpi, theirs);
    return MINOTOR_OK;
}

void channels_emit(const struct minotor_host *host, const void *state)
{
    const struct kpi *kpi = state;
    for (size_t i = 0; i < CHANNEL_TYPES; i++) {
        const char *label = channel_types[i].label;
        int is_other = i == CHANNEL_TYPES - 1;
        if (!is_other || kpi->saved.messages.shown[i] > 0 || kpi->has_other_channels)
            minotor_label_u64(host, MESSAGES, label, (uint64_t)kpi->saved.messages.shown[i]);
        if (is_other && !kpi->has_other_channels)
            continue;
        minotor_label_u64(host, CHANNELS, label, (uint64_t)kpi->channels[i]);
        minotor_label_u64(host, CHANNELS_ARCHIVED, label, (uint64_t)kpi->archived[i]);
    }
}

int teams_run(const struct minotor_host *host, void *state)
{
    static const struct minotor_query teams = {
        .name = "teams",
#define TEAMS_SQL "SELECT COUNT(CASE WHEN DeleteAt = 0 THEN 1 END), COUNT(CASE WHEN DeleteAt > 0 THEN 1 END) FROM Teams"
        .postgresql = TEAMS_SQL,
        .mysql = TEAMS_SQL,
    };
    struct kpi *kpi = state;
    int result = cell_query(host, &teams, NULL, 0);
    if (result == MINOTOR_OK)
        result = cell_only_row(host);
    for (uint32_t i = 0; i < 2 && result == MINOTOR_OK; i++)
        result = cell_number(host, i, &kpi->teams[i]);
    return result;
}

void teams_emit(const struct minotor_host *host, const void *state)
{
    const struct kpi *kpi = state;
    minotor_label_u64(host, TEAMS, "active", (uint64_t)kpi->teams[0]);
    minotor_label_u64(host, TEAMS, "archived", (uint64_t)kpi->teams[1]);
}

static const char *const integration_kinds[INTEGRATION_KINDS] = { "incoming_webhook", "outgoing_webhook",
                                                                  "slash_command", "oauth_app" };

int integrations_run(const struct minotor_host *host, void *state)
{
#define INTEGRATIONS_SQL                                                                                         \
    "SELECT (SELECT COUNT(*) FROM IncomingWebhooks WHERE DeleteAt = 0),"                                         \
    " (SELECT COUNT(*) FROM OutgoingWebhooks WHERE DeleteAt = 0),"                                               \
    " (SELECT COUNT(*) FROM Commands WHERE DeleteAt = 0), (SELECT COUNT(*) FROM OAuthApps)"
    static const struct minotor_query integrations = { .name = "integrations",
                                                       .postgresql = INTEGRATIONS_SQL,
                                                       .mysql = INTEGRATIONS_SQL };
    struct kpi *kpi = state;
    int result = cell_query(host, &integrations, NULL, 0);
    if (result == MINOTOR_OK)
        result = cell_only_row(host);
    for (uint32_t i = 0; i < INTEGRATION_KINDS && result == MINOTOR_OK; i++)
        result = cell_number(host, i, &kpi->integrations[i]);
    return result;
}

void integrations_emit(const struct minotor_host *host, const void *state)
{
    const struct kpi *kpi = state;
    for (size_t i = 0; i < INTEGRATION_KINDS; i++)
        minotor_label_u64(host, INTEGRATIONS, integration_kinds[i], (uint64_t)kpi->integrations[i]);
}
