/* SPDX-License-Identifier: Apache-2.0 */
/* Sessions and users. Who is active is defined as Mattermost's own statistics do. */
#include <string.h>

#include "cell.h"
#include "kpi.h"

#define DAY_MS (INT64_C(24) * 3600 * 1000)
#define BOTH(text) .postgresql = (text), .mysql = (text)

/* Mattermost's servers stamp times with their own clocks, so ours is as good as the database's. */
int sessions_run(const struct minotor_host *host, void *state)
{
    static const struct minotor_query sessions = {
        .name = "sessions",
        .postgresql = "SELECT COUNT(*) FROM Sessions WHERE ExpiresAt = 0 OR ExpiresAt > $1::bigint",
        .mysql = "SELECT COUNT(*) FROM Sessions WHERE ExpiresAt = 0 OR ExpiresAt > ?",
    };
    struct kpi *kpi = state;
    int64_t now_ms = minotor_now_ms(host);
    int result = cell_query(host, &sessions, &now_ms, 1);
    if (result == MINOTOR_OK)
        result = cell_only_row(host);
    return result == MINOTOR_OK ? cell_number(host, 0, &kpi->sessions) : result;
}

void sessions_emit(const struct minotor_host *host, const void *state)
{
    const struct kpi *kpi = state;
    minotor_set_u64(host, SESSIONS, (uint64_t)kpi->sessions);
}

static const char *const user_kinds[USER_KINDS] = { "regular", "guest", "bot", "remote" };
static const char *const user_states[] = { "active", "deactivated" };

static size_t find_kind(const char *name)
{
    size_t index = 0;
    while (index < USER_KINDS - 1 && strcmp(name, user_kinds[index]) != 0)
        index++;
    return index;
}

int users_run(const struct minotor_host *host, void *state)
{
    static const struct minotor_query users = {
        .name = "users",
        BOTH("SELECT k.kind, COUNT(CASE WHEN k.gone = 0 THEN 1 END), COUNT(CASE WHEN k.gone > 0 THEN 1 END) FROM"
             " (SELECT CASE WHEN b.UserId IS NOT NULL THEN 'bot' WHEN COALESCE(u.RemoteId, '') <> '' THEN 'remote'"
             " WHEN u.Roles LIKE '%system_guest%' THEN 'guest' ELSE 'regular' END AS kind,"
             " u.DeleteAt AS gone FROM Users u LEFT JOIN Bots b ON b.UserId = u.Id) k GROUP BY k.kind"),
    };
    struct kpi *kpi = state;
    int64_t counts[USER_KINDS][2] = { { 0 } }, seen = 0;
    int result = cell_query(host, &users, NULL, 0);
    if (result != MINOTOR_OK)
        return result;
    while ((result = minotor_next_row(host)) == MINOTOR_OK) {
        size_t kind = find_kind(cell_text(host, 0));
        for (uint32_t i = 0; i < 2; i++) {
            if (cell_number(host, i + 1, &counts[kind][i]) != MINOTOR_OK)
                return MINOTOR_FAILED;
            seen += counts[kind][i];
        }
    }
    if (result != MINOTOR_END)
        return result;
    if (seen < kpi->saved.users_seen) /* deleted for good, with all that they wrote */
        kpi->saved.vanished_posts = kpi->saved.vanished_files = 1;
    kpi->saved.users_seen = seen;
    memcpy(kpi->users, counts, sizeof counts);
    return MINOTOR_OK;
}

void users_emit(const struct minotor_host *host, const void *state)
{
    const struct kpi *kpi = state;
    for (size_t kind = 0; kind < USER_KINDS; kind++) {
        for (size_t i = 0; i < 2; i++) {
            const char *const labels[] = { user_kinds[kind], user_states[i] };
            minotor_emit_u64(host, USERS, labels, 2, (uint64_t)kpi->users[kind][i]);
        }
    }
}

int active_run(const struct minotor_host *host, void *state)
{
#define ACTIVE(p1, p2, p3)                                                                                       \
    "SELECT COUNT(CASE WHEN s.LastActivityAt > " p1 " THEN 1 END), COUNT(CASE WHEN s.LastActivityAt > " p2       \
    " THEN 1 END), COUNT(*) FROM Status s JOIN Users u ON u.Id = s.UserId LEFT JOIN Bots b ON b.UserId = s.UserId" \
    " WHERE s.LastActivityAt > " p3 " AND b.UserId IS NULL AND u.DeleteAt = 0 AND COALESCE(u.RemoteId, '') = ''"
    static const struct minotor_query active = {
        .name = "active users",
        .postgresql = ACTIVE("$1::bigint", "$2::bigint", "$3::bigint"),
        .mysql = ACTIVE("?", "?", "?"),
    };
    struct kpi *kpi = state;
    int64_t now_ms = minotor_now_ms(host);
    const int64_t since[] = { now_ms - DAY_MS, now_ms - 7 * DAY_MS, now_ms - 31 * DAY_MS };
    int result = cell_query(host, &active, since, 3);
    if (result == MINOTOR_OK)
        result = cell_only_row(host);
    for (uint32_t i = 0; i < 3 && result == MINOTOR_OK; i++)
        result = cell_number(host, i, &kpi->active[i]);
    return result;
}

void active_emit(const struct minotor_host *host, const void *state)
{
    const struct kpi *kpi = state;
    minotor_set_u64(host, DAILY_ACTIVE, (uint64_t)kpi->active[0]);
    minotor_set_u64(host, WEEKLY_ACTIVE, (uint64_t)kpi->active[1]);
    minotor_set_u64(host, MONTHLY_ACTIVE, (uint64_t)kpi->active[2]);
}

static const char *const presences[PRESENCES] = { "online", "away", "dnd", "ooo" };

int online_run(const struct minotor_host *host, void *state)
{
    static const struct minotor_query online = {
        .name = "users online",
        BOTH("SELECT Status, COUNT(*) FROM Status WHERE Status IN ('online', 'away', 'dnd', 'ooo') GROUP BY Status"),
    };
    struct kpi *kpi = state;
    int64_t counts[PRESENCES] = { 0 };
    int result = cell_query(host, &online, NULL, 0);
    if (result != MINOTOR_OK)
        return result;
    while ((result = minotor_next_row(host)) == MINOTOR_OK)
        for (size_t i = 0; i < PRESENCES; i++)
            if (strcmp(presences[i], cell_text(host, 0)) == 0 && cell_number(host, 1, &counts[i]) != MINOTOR_OK)
                return MINOTOR_FAILED;
    if (result != MINOTOR_END)
        return result;
    memcpy(kpi->online, counts, sizeof counts);
    return MINOTOR_OK;
}

void online_emit(const struct minotor_host *host, const void *state)
{
    const struct kpi *kpi = state;
    for (size_t i = 0; i < PRESENCES; i++)
        minotor_label_u64(host, USERS_ONLINE, presences[i], (uint64_t)kpi->online[i]);
}
