/* SPDX-License-Identifier: Apache-2.0 */
#include "supervisor/slot.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/text.h"
#include "supervisor/front_link.h"
#include "supervisor/log_format.h"
#include "supervisor/row.h"
#include "supervisor/supervisor.h"

static int slot_spawn(struct child *child);
static void slot_message(struct child *child, const struct control_message *message, int *descriptor);
static void slot_line(struct child *child, enum log_level level, const char *text);
static void slot_changed(struct child *child);
static void slot_confined(struct child *child);
static void slot_died(struct child *child);

static const struct child_kind WORKER = {
    .party = CONTROL_FROM_WORKER,
    .spawn = slot_spawn,
    .read_control = child_read_control,
    .reap = child_reap,
    .message = slot_message,
    .line = slot_line,
    .confined = slot_confined,
    .changed = slot_changed,
    .died = slot_died,
};

/* ---- configuration */

void slot_configure(struct slot *slot, const struct config_collector *collector,
                    const struct config_target *target)
{
    const struct config *config = slot->supervisor->config;
    struct child *child = &slot->child;
    slot->collector = collector;
    slot->target = target;
    slot->reads_row = target->mattermost.is_row;
    slot->description.interval_ms = (uint32_t)collector->interval_ms;
    slot->description.stale_after_ms = (uint32_t)collector->stale_after_ms;
    slot->description.samples_max = (uint32_t)collector->limits.samples;
    slot->description.bytes_max = (uint32_t)collector->limits.bytes;
    text_format(slot->description.collector, sizeof slot->description.collector, "%s", collector->name);
    text_format(slot->description.target, sizeof slot->description.target, "%s", target->name);
    child->log_lines = collector->limits.log_lines;
    child->cpu_limit_ms = collector->limits.cpu_ms;
    child->lifecycle.limits.busy_max_ms = collector->timeout_ms;
    child->lifecycle.limits.last_drain_ms = WORKER_LAST_DRAIN_MS;
    child->lifecycle.limits.idle_max_ms = collector->interval_ms;
    if (config->target_count > 1)
        text_format(child->name, sizeof child->name, "%s@%s", collector->name, target->name);
    else
        text_format(child->name, sizeof child->name, "%s", collector->name);
    if (slot->pool != NULL)
        pool_configure(slot);
}

struct slot *slot_new(struct supervisor *supervisor, unsigned id, const struct config_collector *collector,
                      const struct config_target *target)
{
    const struct lifecycle_limits limits = {.parks = true};
    struct slot *slot = calloc(1, sizeof *slot);
    if (slot == NULL)
        return NULL;
    slot->supervisor = supervisor;
    slot->description.slot = id;
    slot->row_pipe = -1;
    slot->session = -1;
    slot->renewed_ms = -RENEW_INTERVAL_MIN_MS;
    slot->held_since_ms = -1;
    child_init(&slot->child, &WORKER, slot, &limits);
    broker_init(slot);
    slot_configure(slot, collector, target);
    if (pool_join(slot) == 0)
        return slot;
    slot_free(slot);
    return NULL;
}

void slot_free(struct slot *slot)
{
    if (slot == NULL)
        return;
    pool_leave(slot);
    if (slot->row_pipe >= 0)
        close(slot->row_pipe);
    broker_end(slot);
    child_release(&slot->child);
    free(slot);
}

bool slot_is(const struct slot *slot, const struct config_collector *collector,
             const struct config_target *target)
{
    return strcmp(slot->description.collector, collector->name) == 0 &&
           strcmp(slot->description.target, target->name) == 0;
}

static bool same_file(const struct stat *one, const char *path)
{
    struct stat other;
    if (path[0] == '\0')
        return true;
    return stat(path, &other) == 0 && one->st_dev == other.st_dev && one->st_ino == other.st_ino &&
           one->st_size == other.st_size && one->st_mtim.tv_sec == other.st_mtim.tv_sec &&
           one->st_mtim.tv_nsec == other.st_mtim.tv_nsec;
}

bool slot_differs(const struct slot *slot, const struct config *config,
                  const struct config_collector *collector, const struct config_target *target)
{
    const struct config *old = slot->supervisor->config;
    if (slot->collector == NULL || old->log_level != config->log_level ||
        (old->target_count > 1) != (config->target_count > 1) ||
        strcmp(old->paths.drivers, config->paths.drivers) != 0 ||
        old->worker_uid_first != config->worker_uid_first ||
        !config_collector_equal(slot->collector, collector) || !config_target_equal(slot->target, target))
        return true;
    return !target_status_same(target, &slot->target_status) ||
           !same_file(&slot->plugin_status, collector->plugin);
}

void slot_forget_login(struct slot *slot)
{
    slot->forgets_login = true; /* the worker that is about to end may still say something of its own */
}

void slot_remove(struct slot *slot, int64_t now_ms)
{
    slot->collector = NULL;
    slot->target = NULL;
    child_event(&slot->child, LIFECYCLE_STOP, now_ms);
}

bool slot_is_gone(const struct slot *slot)
{
    /* A session that the server has not ended keeps its place in the budget, and the slot with it. */
    return slot->collector == NULL && slot->child.lifecycle.state == CHILD_DOWN && !slot->session_ends;
}

/* ---- what its collector keeps */

static void forget_state(struct slot *slot)
{
    slot->state = (struct control_state){.size = 0};
    slot->barren_lives = 0;
}

/* A worker that is being ended may still read the database that its target had before: it says what about. */
static void keep_state(struct slot *slot, const struct control_state *state)
{
    if (control_state_checksum(state) != state->checksum) {
        child_event(&slot->child, LIFECYCLE_PROTOCOL, slot->supervisor->now_ms);
        return;
    }
    slot->state = *state;
    slot->state_place = slot->place;
}

/* The next generation is given no state of another database. */
static void settle_place(struct slot *slot)
{
    slot->place = config_target_place(slot->target);
    if (slot->state.size == 0 || slot->state_place == slot->place)
        return;
    log_info("%s: what its collector kept is about another database and is forgotten", slot->child.name);
    forget_state(slot);
}

/* One that makes its collector crash would do so for ever: not even a restart of minotord forgets it. */
static void doubt_state(struct slot *slot)
{
    const struct lifecycle *lifecycle = &slot->child.lifecycle;
    bool ordered = lifecycle_cause(lifecycle, LIFECYCLE_END_CODE) == RESTART_CAUSE_COUNT;
    if (lifecycle->good || slot->state.size == 0)
        slot->barren_lives = 0;
    else if (!ordered)
        slot->barren_lives++;
    if (slot->barren_lives < STATE_BARREN_LIVES_MAX)
        return;
    log_warning("%s: has ended %u times in a row without a good round; what its collector kept may be why "
                "and is forgotten",
                slot->child.name, slot->barren_lives);
    forget_state(slot);
}

bool slot_restore(struct slot *slot, const struct state_record *record)
{
    if (strcmp(record->collector, slot->description.collector) != 0 ||
        strcmp(record->target, slot->description.target) != 0)
        return false;
    slot->state = record->state;
    slot->state_place = record->place;
    return true;
}

bool slot_record(const struct slot *slot, struct state_record *record)
{
    if (slot->state.size == 0 || slot->target == NULL)
        return false;
    memset(record, 0, sizeof *record);
    memcpy(record->collector, slot->description.collector, sizeof record->collector);
    memcpy(record->target, slot->description.target, sizeof record->target);
    record->place = slot->state_place;
    record->state = slot->state;
    return true;
}

/* ---- a generation */

static void send_number(struct child *child, const char *name, int64_t value)
{
    char text[24];
    snprintf(text, sizeof text, "%" PRId64, value);
    child_send_setting(child, name, text, NULL);
}

/* The first generation begins at once; a later one somewhat later, so that slots that died together do not meet
 * at the database again and again. */
static int64_t first_delay_ms(const struct slot *slot)
{
    if (slot->child.generation == 1)
        return 0;
    int64_t spread_ms = slot->collector->interval_ms / 10;
    if (spread_ms > FIRST_ROUND_SPREAD_MAX_MS)
        spread_ms = FIRST_ROUND_SPREAD_MAX_MS;
    return (int64_t)arc4random_uniform((uint32_t)spread_ms + 1);
}

static void send_limits(struct slot *slot)
{
    const struct slot_limits *limits = &slot->collector->limits;
    struct child *child = &slot->child;
    send_number(child, "memory_bytes", limits->memory_bytes);
    send_number(child, "descriptors", limits->descriptors);
    send_number(child, "nice", limits->nice);
    send_number(child, "limit.cpu_ms", limits->cpu_ms);
    send_number(child, "limit.samples", limits->samples);
    send_number(child, "limit.bytes", limits->bytes);
}

static void send_settings(struct slot *slot, const struct target_secrets *secrets)
{
    const struct config_collector *collector = slot->collector;
    struct child *child = &slot->child;
    supervisor_send_birth_settings(slot->supervisor, child, &collector->sandbox, (int)slot->description.slot);
    child_send_setting(child, "broker", slot->broker.pid != 0 ? "1" : "0", NULL);
    child_send_setting(child, "slot", child->name, NULL);
    child_send_setting(child, "collector", collector->name, collector->origin);
    child_send_setting(child, "target", slot->target->name, slot->target->origin);
    child_send_setting(child, "plugin", collector->plugin, collector->plugin_origin);
    child_send_setting(child, "drivers", slot->supervisor->config->paths.drivers, NULL);
    send_number(child, "interval_ms", collector->interval_ms);
    send_number(child, "timeout_ms", collector->timeout_ms);
    send_number(child, "first_delay_ms", first_delay_ms(slot));
    send_limits(slot);
    if (row_is_reader(slot))
        send_number(child, "row", 1);
    else if (slot->supervisor->trial != NULL)
        send_number(child, "trial", slot->supervisor->options->check_files ? 2 : 1);
    target_settings_send(slot->target, collector->secrets, secrets, child);
    for (unsigned i = 0; i < collector->setting_count; i++) {
        const struct config_setting_value *value = &collector->settings[i];
        char name[NAME_MAX_BYTES + 16];
        text_format(name, sizeof name, "%s.%s", value->kind, value->name);
        child_send_setting(child, name, value->value, value->origin);
    }
    if (slot->state.size > 0) {
        const struct control_message state = {.type = CONTROL_STATE, .body.state = slot->state};
        child_send(child, &state, -1);
    }
    if (slot->forgets_login)
        memset(&slot->login, 0, sizeof slot->login);
    slot->forgets_login = false;
    const struct control_message login = {.type = CONTROL_LOGIN, .body.login = slot->login};
    if (slot->login.next_ms != 0)
        child_send(child, &login, -1);
    const struct control_message start = {.type = CONTROL_START};
    child_send(child, &start, -1);
}

static int read_secrets(struct slot *slot, struct target_secrets *secrets)
{
    char why[LOG_LINE_MAX_BYTES];
    /* Looked at first: what changes while it is read counts as changed. */
    target_status_take(slot->target, &slot->target_status);
    if (target_secrets_read(slot->target, slot->collector->secrets, secrets, why, sizeof why) == 0)
        return 0;
    child_set_error(&slot->child, "%s", why);
    return -1;
}

/* Who reads what the worker writes. Takes the descriptor. */
static void hand_over(struct slot *slot, int *data)
{
    struct trial *trial = slot->supervisor->trial;
    if (row_is_reader(slot)) {
        if (slot->row_pipe >= 0)
            close(slot->row_pipe);
        slot->row_pipe = *data;
        *data = -1;
    } else if (trial != NULL) {
        trial_began(trial, slot->description.slot, *data);
        *data = -1;
    } else {
        front_link_describe(slot, *data);
    }
}

/* Both ends non-blocking: a reader or writer that stops must not stop the other. */
static int open_data_pipe(int ends[2])
{
    return pipe2(ends, O_CLOEXEC | O_NONBLOCK);
}

static void close_data_pipe(int ends[2])
{
    for (int i = 0; i < 2; i++)
        if (ends[i] >= 0)
            close(ends[i]);
}

static int slot_spawn(struct child *child)
{
    struct slot *slot = child->owner;
    struct supervisor *supervisor = slot->supervisor;
    struct target_secrets secrets;
    char title[NAME_MAX_BYTES * 2 + 32];
    int data[2] = {-1, -1};
    int broker = -1;
    int result = -1;
    if (read_secrets(slot, &secrets) != 0)
        goto out;
    if (stat(slot->collector->plugin, &slot->plugin_status) != 0)
        memset(&slot->plugin_status, 0, sizeof slot->plugin_status);
    bool is_read = supervisor->front_connected || supervisor->trial != NULL || row_is_reader(slot);
    if (is_read && open_data_pipe(data) != 0) {
        child_set_error(child, "a data pipe could not be had: %s", strerror(errno));
        goto out;
    }
    if (broker_spawn(slot, &broker) != 0)
        goto out;
    text_format(title, sizeof title, "minotor: worker %s", child->name);
    /* Without a front it writes to nowhere until one is ready and CONTROL_DATA brings it a pipe. */
    const struct spawn_plan plan = {.program = supervisor->worker_program,
                                    .null = supervisor->null,
                                    .title = title,
                                    .data = data[1] >= 0 ? data[1] : supervisor->null,
                                    .broker = broker};
    result = child_spawn(child, &plan);
    if (result != 0) {
        broker_end(slot);
        goto out;
    }
    settle_place(slot);
    send_settings(slot, &secrets);
    hand_over(slot, &data[0]);
out:
    explicit_bzero(&secrets, sizeof secrets);
    close_data_pipe(data);
    if (broker >= 0)
        close(broker);
    return result;
}

void slot_connect(struct slot *slot)
{
    struct child *child = &slot->child;
    int data[2] = {-1, -1};
    bool has_pipe = true;
    enum child_state state = child->lifecycle.state;
    if (row_is_reader(slot))
        return;
    if (state == CHILD_STARTING || state == CHILD_READY || state == CHILD_BUSY) {
        const struct control_message message = {.type = CONTROL_DATA};
        has_pipe = open_data_pipe(data) == 0;
        if (has_pipe)
            child_send(child, &message, data[1]);
        else
            log_error("%s: a data pipe could not be had: %s; its worker is started anew", child->name, strerror(errno));
    }
    front_link_describe(slot, data[0]);
    front_link_state(slot);
    front_link_sandbox(slot);
    close_data_pipe(data);
    /* It would write to nowhere for ever. */
    if (!has_pipe)
        child_event(child, LIFECYCLE_RESTART, slot->supervisor->now_ms);
}

/* In good order and without blame: it is the file that is another. */
static void renew(struct slot *slot)
{
    int64_t now_ms = slot->supervisor->now_ms;
    if (now_ms < slot->renewed_ms + RENEW_INTERVAL_MIN_MS)
        return;
    slot->renewed_ms = now_ms;
    child_event(&slot->child, LIFECYCLE_RENEW, now_ms);
}

static void slot_message(struct child *child, const struct control_message *message, int *descriptor)
{
    struct slot *slot = child->owner;
    if (message->type == CONTROL_STATE)
        keep_state(slot, &message->body.state);
    else if (message->type == CONTROL_LOGIN)
        slot->login = message->body.login;
    else if (message->type == CONTROL_RENEW)
        renew(slot);
    else
        pool_message(slot, message, descriptor);
}

static void slot_line(struct child *child, enum log_level level, const char *text)
{
    const struct slot *slot = child->owner;
    if (slot->supervisor->trial != NULL)
        trial_line(slot->supervisor->trial, slot, level, text);
    else
        log_format_child(level, child->name, child->pid, text);
}

static void slot_died(struct child *child)
{
    struct slot *slot = child->owner;
    broker_end(slot);
    pool_worker_died(slot);
    doubt_state(slot);
    if (slot->supervisor->trial != NULL && !row_is_reader(slot))
        trial_ended(slot->supervisor->trial, slot);
}

static void slot_changed(struct child *child)
{
    front_link_state(child->owner);
}

static void slot_confined(struct child *child)
{
    front_link_sandbox(child->owner);
}
