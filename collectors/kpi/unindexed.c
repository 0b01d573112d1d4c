/* SPDX-License-Identifier: Apache-2.0 */
/* Tables that can only be read as a whole, at an interval of their own: Mattermost has no index that could help. */
#include <string.h>

#include "cell.h"
#include "kpi.h"

int reactions_run(const struct minotor_host *host, void *state)
{
    /*
     * One pass over the table for all three families. DeleteAt is NULL in rows from before Mattermost 5.33;
     * COALESCE would say the same, but hides from the planner how many rows there are, so that it sorts them all.
     */
#define REACTIONS_SQL(group, order, limit)                                                                       \
    "SELECT EmojiName, COUNT(*), SUM(COUNT(*)) OVER (), MAX(MAX(CreateAt)) OVER ()"                              \
    " FROM Reactions WHERE (DeleteAt = 0 OR DeleteAt IS NULL)"                                                   \
    " GROUP BY " group " ORDER BY COUNT(*) DESC, " order " LIMIT " limit
    /* To MySQL names are equal that differ in case or accents, or in which character of four bytes they have. */
    static const struct minotor_query reactions = {
        .name = "reactions",
        .postgresql = REACTIONS_SQL("EmojiName", "EmojiName", "$1::bigint"),
        .mysql = REACTIONS_SQL("BINARY EmojiName", "EmojiName, BINARY EmojiName", "?"),
    };
    struct kpi *kpi = state;
    int64_t all = 0, newest_ms = -1, wanted = minotor_setting_integer(host, "reactions_top");
    int64_t rows = wanted > 0 ? wanted : 1; /* one at least: it also carries the sum */
    size_t count = 0;
    int result = cell_query(host, &reactions, &rows, 1);
    if (result != MINOTOR_OK)
        return result;
    while ((result = minotor_next_row(host)) == MINOTOR_OK) {
        if (cell_number(host, 2, &all) != MINOTOR_OK || cell_number_or(host, 3, newest_ms, &newest_ms) != MINOTOR_OK)
            return MINOTOR_FAILED;
        if ((int64_t)count >= wanted || count >= EMOJI_MAX)
            continue;
        if (cell_number(host, 1, &kpi->emoji_reactions[count]) != MINOTOR_OK)
            return MINOTOR_FAILED;
        snprintf(kpi->emoji[count++], EMOJI_BYTES, "%s", cell_text(host, 0));
    }
    if (result != MINOTOR_END)
        return result;
    kpi->reactions = all;
    kpi->reactions_counted_ms = minotor_now_ms(host);
    kpi->newest_reaction_ms = newest_ms;
    kpi->emoji_count = count;
    return MINOTOR_OK;
}

void reactions_emit(const struct minotor_host *host, const void *state)
{
    const struct kpi *kpi = state;
    minotor_set_u64(host, REACTIONS, (uint64_t)kpi->reactions);
    if (kpi->newest_reaction_ms >= 0)
        minotor_set_f64(host, LAST_REACTION, (double)kpi->newest_reaction_ms / 1000);
    for (size_t i = 0; i < kpi->emoji_count; i++)
        minotor_label_u64(host, REACTIONS_BY_EMOJI, kpi->emoji[i], (uint64_t)kpi->emoji_reactions[i]);
    minotor_label_f64(host, COUNTED, "reactions", (double)kpi->reactions_counted_ms / 1000);
}

/* A worker that starts anew shows what the one before it has counted, if the state block had room for it. */
void reactions_save(struct kpi *kpi, const struct minotor_host *host, const struct task_state *task)
{
    struct kpi_saved *saved = &kpi->saved;
    if (task->knowledge != TASK_KNOWN)
        return;
    saved->reactions_pace = task->pace;
    saved->reactions = kpi->reactions;
    saved->newest_reaction_ms = kpi->newest_reaction_ms;
    saved->emoji_wanted = minotor_setting_integer(host, "reactions_top");
    saved->emoji_count = kpi->emoji_count <= EMOJI_SAVED ? (int64_t)kpi->emoji_count : -1;
    for (size_t i = 0; i < kpi->emoji_count && i < EMOJI_SAVED; i++) {
        saved->emoji_reactions[i] = kpi->emoji_reactions[i];
        if (strlen(kpi->emoji[i]) < EMOJI_SAVED_BYTES)
            strncpy(saved->emoji[i], kpi->emoji[i], EMOJI_SAVED_BYTES);
        else
            saved->emoji_count = -1;
    }
}

void reactions_restore(struct kpi *kpi, const struct minotor_host *host, struct task_state *task)
{
    const struct kpi_saved *saved = &kpi->saved;
    /* Those that are to be counted now are not shown should that fail: they may be of a time long ago. */
    if (pace_is_due(&saved->reactions_pace, minotor_now_ms(host), minotor_setting_integer(host, "unindexed_interval")) ||
        saved->emoji_count < 0 || saved->emoji_count > EMOJI_SAVED ||
        saved->emoji_wanted != minotor_setting_integer(host, "reactions_top"))
        return;
    task->pace = saved->reactions_pace;
    task->knowledge = TASK_KNOWN;
    kpi->reactions_counted_ms = task->pace.done_ms;
    kpi->reactions = saved->reactions;
    kpi->newest_reaction_ms = saved->newest_reaction_ms;
    kpi->emoji_count = (size_t)saved->emoji_count;
    for (size_t i = 0; i < kpi->emoji_count; i++) {
        kpi->emoji_reactions[i] = saved->emoji_reactions[i];
        snprintf(kpi->emoji[i], EMOJI_BYTES, "%.*s", EMOJI_SAVED_BYTES - 1, saved->emoji[i]);
    }
}

int threads_run(const struct minotor_host *host, void *state)
{
    static const struct minotor_query all = { .name = "threads",
                                              .postgresql = "SELECT COUNT(*) FROM Threads",
                                              .mysql = "SELECT COUNT(*) FROM Threads" };
#define LIVE_THREADS "SELECT COUNT(*) FROM Threads WHERE (ThreadDeleteAt = 0 OR ThreadDeleteAt IS NULL)"
    static const struct minotor_query live = { .name = "threads", .postgresql = LIVE_THREADS, .mysql = LIVE_THREADS };
    struct kpi *kpi = state;
    int has = minotor_has(host, "Threads", "ThreadDeleteAt"); /* before it, deletion took the row away */
    if (has != MINOTOR_OK && has != MINOTOR_NO_DATA)
        return has;
    int result = cell_query(host, has == MINOTOR_OK ? &live : &all, NULL, 0);
    if (result == MINOTOR_OK)
        result = cell_only_row(host);
    return result == MINOTOR_OK ? cell_number(host, 0, &kpi->threads) : result;
}

void threads_emit(const struct minotor_host *host, const void *state)
{
    const struct kpi *kpi = state;
    minotor_set_u64(host, THREADS, (uint64_t)kpi->threads);
}
