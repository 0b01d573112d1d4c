/* SPDX-License-Identifier: Apache-2.0 */
#include "supervisor/row.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/report.h"
#include "common/text.h"
#include "supervisor/supervisor.h"

bool row_is_reader(const struct slot *slot)
{
    return slot->reads_row;
}

bool row_is_awaited(const struct supervisor *supervisor, const struct slot *slot)
{
    for (unsigned i = 0; i < SLOTS_MAX; i++) {
        const struct slot *other = supervisor->slots[i];
        if (other != NULL && other->collector != NULL && row_is_reader(other) && !other->row_tried && other != slot &&
            strcmp(other->description.target, slot->description.target) == 0)
            return true;
    }
    return false;
}

/* ---- what was read */

static void forget(char *text)
{
    if (text != NULL)
        explicit_bzero(text, strlen(text));
    free(text);
}

void row_forget_all(struct config_rows *rows)
{
    for (unsigned i = 0; i < TARGETS_MAX; i++)
        forget(rows->row[i].text);
    memset(rows, 0, sizeof *rows);
}

void row_forget_gone(struct config_rows *rows, const struct config *config)
{
    for (unsigned i = 0; i < TARGETS_MAX; i++) {
        bool is_there = false;
        for (unsigned k = 0; k < TARGETS_MAX; k++)
            is_there |= config->row_targets[k] != NULL && strcmp(config->row_targets[k]->name, rows->row[i].target) == 0;
        if (is_there || rows->row[i].text == NULL)
            continue;
        forget(rows->row[i].text);
        rows->row[i].text = NULL;
        rows->row[i].target[0] = '\0';
    }
}

bool row_store(struct config_rows *rows, const char *target, const char *text)
{
    unsigned place = TARGETS_MAX;
    for (unsigned i = 0; i < TARGETS_MAX; i++) {
        bool is_it = strcmp(rows->row[i].target, target) == 0;
        if (is_it || (place == TARGETS_MAX && rows->row[i].text == NULL))
            place = i;
        if (is_it)
            break;
    }
    if (place == TARGETS_MAX || (rows->row[place].text != NULL && strcmp(rows->row[place].text, text) == 0))
        return false;
    char *copy = strdup(text);
    if (copy == NULL)
        return false;
    forget(rows->row[place].text);
    rows->row[place].text = copy;
    text_format(rows->row[place].target, sizeof rows->row[place].target, "%s", target);
    return true;
}

/* ---- its reader */

void row_read_again(struct supervisor *supervisor)
{
    for (unsigned i = 0; i < SLOTS_MAX; i++) {
        struct slot *slot = supervisor->slots[i];
        if (slot != NULL && row_is_reader(slot) && slot->started)
            child_event(&slot->child, LIFECYCLE_RESTART, supervisor->now_ms);
    }
}

/* It wrote everything before it said that it is ready. */
static void take(struct supervisor *supervisor, struct slot *slot)
{
    static char text[REPORT_MAX_BYTES + 1];
    size_t size = 0;
    ssize_t got;
    while (size < REPORT_MAX_BYTES && (got = read(slot->row_pipe, text + size, REPORT_MAX_BYTES - size)) > 0)
        size += (size_t)got;
    text[size] = '\0';
    close(slot->row_pipe);
    slot->row_pipe = -1;
    if (strlen(text) == size && row_store(&supervisor->rows, slot->description.target, text))
        supervisor->reload = true;
    explicit_bzero(text, sizeof text);
}

/* Returns whether its first try has just ended. */
static bool look_at(struct supervisor *supervisor, struct slot *slot)
{
    struct child *child = &slot->child;
    enum child_state state = child->lifecycle.state;
    bool has_failed = state == CHILD_BACKOFF || state == CHILD_PARKED || state == CHILD_STUCK;
    bool is_ready = state == CHILD_READY && slot->row_pipe >= 0;
    bool is_news = !slot->row_tried && (has_failed || is_ready);
    if (is_ready) {
        take(supervisor, slot);
        child_event(child, LIFECYCLE_STOP, supervisor->now_ms);
    }
    slot->row_tried |= has_failed || is_ready;
    if (has_failed && supervisor->trial != NULL) {
        trial_failed(supervisor->trial, slot);
        child_event(child, LIFECYCLE_STOP, supervisor->now_ms);
    }
    return is_news;
}

void row_turn(struct supervisor *supervisor)
{
    bool is_news = false;
    for (unsigned i = 0; i < SLOTS_MAX; i++)
        if (supervisor->slots[i] != NULL && row_is_reader(supervisor->slots[i]))
            is_news |= look_at(supervisor, supervisor->slots[i]);
    /* A reload comes first: it tells the slots what was read. */
    if (is_news && !supervisor->reload && supervisor->slots_started)
        supervisor_start_slots(supervisor);
}
