/* SPDX-License-Identifier: Apache-2.0 */
#include "supervisor/trial.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/frame.h"
#include "common/report.h"
#include "common/text.h"
#include "supervisor/row.h"
#include "supervisor/supervisor.h"

#define FIELDS_MAX 6
#define UNKNOWN_NAMED_MAX 4 /* families that one reason has made unknown */

void trial_init(struct trial *trial)
{
    memset(trial, 0, sizeof *trial);
    for (unsigned i = 0; i < SLOTS_MAX; i++)
        trial->slots[i].report = -1;
}

static void close_report(struct trial *trial, unsigned slot)
{
    if (trial->slots[slot].report >= 0)
        close(trial->slots[slot].report);
    trial->slots[slot].report = -1;
}

void trial_destroy(struct trial *trial)
{
    for (unsigned i = 0; i < SLOTS_MAX; i++)
        close_report(trial, i);
}

void trial_began(struct trial *trial, unsigned slot, int report)
{
    close_report(trial, slot);
    trial->slots[slot].report = report;
}

void trial_line(struct trial *trial, const struct slot *slot, enum log_level level, const char *text)
{
    trial->slots[slot->description.slot].has_said_why |= level <= LOG_LEVEL_ERROR;
    if (level <= LOG_LEVEL_INFO)
        fprintf(stderr, "%s: %s\n", slot->child.name, text);
}

/* ---- a report */

/* Families that share a word and a reason stand in one line. */
struct group {
    const char *name;
    FILE *good, *bad;
    const char *word; /* NULL: nothing is open */
    const char *reason;
    unsigned count;
    bool is_long; /* not all are named: one reason for so many is of interest, and what they are is in the manual */
};

static FILE *stream_of(const struct group *group)
{
    return strcmp(group->word, REPORT_ABSENT) == 0 ? group->good : group->bad;
}

static void close_group(struct group *group)
{
    if (group->word != NULL && group->is_long)
        fprintf(stream_of(group), " and %u more", group->count - UNKNOWN_NAMED_MAX);
    if (group->word != NULL)
        fprintf(stream_of(group), "%s%s\n", group->reason[0] == '\0' ? "" : ": ", group->reason);
    group->word = NULL;
}

static void add_family(struct group *group, const char *word, const char *family, const char *reason)
{
    if (group->word != NULL && strcmp(group->word, word) == 0 && strcmp(group->reason, reason) == 0) {
        group->count++;
        group->is_long = reason[0] != '\0' && group->count > UNKNOWN_NAMED_MAX;
        if (!group->is_long)
            fprintf(stream_of(group), ", %s", family);
        return;
    }
    close_group(group);
    group->word = word;
    group->reason = reason;
    group->count = 1;
    group->is_long = false;
    fprintf(stream_of(group), "%s: %s: %s", group->name,
            strcmp(word, REPORT_ABSENT) == 0 ? "not given here" : "unknown", family);
}

/* How a round that ended so is judged. PARTIAL has said why, family by family. */
static enum minotord_status print_round(const struct group *group, char *const fields[FIELDS_MAX])
{
    bool is_partial = strcmp(fields[1], round_status_name(ROUND_PARTIAL)) == 0;
    bool is_good = strcmp(fields[1], round_status_name(ROUND_OK)) == 0 ||
                   strcmp(fields[1], round_status_name(ROUND_NO_DATA)) == 0;
    FILE *stream = is_good || is_partial ? group->good : group->bad;
    fprintf(stream, "%s: round %s in %s ms: ", group->name, fields[1], fields[4]);
    if (fields[5][0] == '\0' || is_partial)
        fprintf(stream, "%s families, %s samples\n", fields[2], fields[3]);
    else
        fprintf(stream, "%s\n", fields[5]);
    return is_good ? MINOTORD_OK : MINOTORD_UNAVAILABLE;
}

/* Returns how many fields the line has; those that it has not are "". */
static unsigned split(char *line, char *fields[FIELDS_MAX])
{
    static char nothing[] = "";
    unsigned count = 0;
    for (unsigned i = 0; i < FIELDS_MAX; i++) {
        fields[i] = line == NULL ? nothing : strsep(&line, "\t");
        count += fields[i] != nothing;
    }
    return count;
}

enum minotord_status trial_print(const char *name, char *report, FILE *good, FILE *bad)
{
    enum minotord_status status = MINOTORD_UNAVAILABLE;
    struct group group = {.name = name, .good = good, .bad = bad};
    for (char *line; (line = strsep(&report, "\n")) != NULL && report != NULL;) {
        char *fields[FIELDS_MAX];
        unsigned count = split(line, fields);
        if (strcmp(fields[0], REPORT_UNKNOWN) == 0 || strcmp(fields[0], REPORT_ABSENT) == 0) {
            add_family(&group, fields[0], fields[1], fields[2]);
            continue;
        }
        close_group(&group);
        if (strcmp(fields[0], REPORT_CUT) == 0) {
            fprintf(bad, "%s: there are more of these families than this list has room for\n", name);
        } else if (strcmp(fields[0], REPORT_SETTINGS) == 0) {
            fprintf(good, "%s: settings ok\n", name);
            status = MINOTORD_OK;
        } else if (strcmp(fields[0], REPORT_ROUND) == 0 && count == FIELDS_MAX) {
            status = print_round(&group, fields);
        }
    }
    close_group(&group);
    return status;
}

/* ---- a worker's end */

static void worsen(struct trial *trial, enum minotord_status status)
{
    if (status > trial->status)
        trial->status = status;
}

/* Cleaned byte by byte: it may be anything that a plugin chose to write. */
static void read_report(int descriptor, char out[REPORT_MAX_BYTES + 1])
{
    size_t size = 0;
    ssize_t got;
    while (size < REPORT_MAX_BYTES && (got = read(descriptor, out + size, REPORT_MAX_BYTES - size)) > 0)
        size += (size_t)got;
    for (size_t i = 0; i < size; i++)
        if ((unsigned char)out[i] < ' ' && out[i] != '\n' && out[i] != '\t')
            out[i] = ' ';
    out[size] = '\0';
}

void trial_ended(struct trial *trial, const struct slot *slot)
{
    static char report[REPORT_MAX_BYTES + 1];
    unsigned id = slot->description.slot;
    report[0] = '\0';
    if (trial->slots[id].report >= 0)
        read_report(trial->slots[id].report, report);
    close_report(trial, id);
    /* The obituary of one that left by itself would only repeat it. */
    bool is_told = trial->slots[id].has_said_why && slot->child.lifecycle.blame == RESTART_CAUSE_COUNT &&
                   strncmp(slot->child.error, "exit code", strlen("exit code")) == 0;
    if (report[0] == '\0' && !is_told)
        fprintf(stderr, "%s: %s\n", slot->child.name, slot->child.error);
    worsen(trial, trial_print(slot->child.name, report, stdout, stderr));
    trial->slots[id].ended = true;
}

void trial_fault(struct trial *trial, const char *line)
{
    fprintf(stderr, "%s\n", line);
    worsen(trial, MINOTORD_CONFIG);
}

void trial_failed(struct trial *trial, const struct slot *slot)
{
    fprintf(stderr, "%s: %s\n", slot->child.name, slot->child.error);
    worsen(trial, MINOTORD_UNAVAILABLE);
}

static bool is_over(struct supervisor *supervisor, struct slot *slot)
{
    struct trial *trial = supervisor->trial;
    struct child *child = &slot->child;
    bool *ended = &trial->slots[slot->description.slot].ended;
    if (row_is_reader(slot))
        return child->lifecycle.state == CHILD_DOWN;
    if (!*ended && child->lifecycle.state == CHILD_BACKOFF) { /* it was not even born */
        trial_failed(trial, slot);
        *ended = true;
    }
    if (child->lifecycle.state == CHILD_PARKED)
        worsen(trial, MINOTORD_CONFIG);
    if (*ended && child->lifecycle.state != CHILD_DOWN)
        child_event(child, LIFECYCLE_STOP, supervisor->now_ms);
    return *ended && child->lifecycle.state == CHILD_DOWN;
}

void trial_turn(struct supervisor *supervisor)
{
    bool all = true;
    for (unsigned i = 0; i < SLOTS_MAX; i++)
        if (supervisor->slots[i] != NULL && !is_over(supervisor, supervisor->slots[i]))
            all = false;
    if (all)
        supervisor->end_requests++;
}
