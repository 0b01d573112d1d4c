/* SPDX-License-Identifier: Apache-2.0 */
#include "supervisor/crowd.h"
#include "supervisor/supervisor.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/version.h"
#include "supervisor/front_link.h"
#include "supervisor/loop.h"
#include "supervisor/row.h"
#include "supervisor/state_file.h"

/* ---- what others ask of it */

static void send_account(const struct config *config, struct child *child, int number)
{
    char text[24];
    bool own = number >= 0 && config->worker_uid_first != 0;
    unsigned long uid = own ? (unsigned long)config->worker_uid_first + (unsigned long)number : config->uid;
    if (!config->drop)
        return;
    snprintf(text, sizeof text, "%lu", uid);
    child_send_setting(child, "uid", text, own ? config->worker_uids_origin : config->user_origin);
    snprintf(text, sizeof text, "%lu", (unsigned long)config->gid);
    child_send_setting(child, "gid", text, config->user_origin);
}

static void send_sandbox(struct child *child, const struct sandbox_choice *choice)
{
    char without[SETTING_VALUE_MAX_BYTES];
    layers_write(without, sizeof without, choice->without);
    child_send_setting(child, "sandbox", sandbox_policy_name(choice->policy), NULL);
    child_send_setting(child, "sandbox_without", without, NULL);
    child_send_setting(child, "sandbox_unknown", choice->kills_unknown ? "kill" : "refuse", NULL);
}

void supervisor_send_birth_settings(const struct supervisor *supervisor, struct child *child,
                                    const struct sandbox_choice *choice, int number)
{
    char text[24];
    snprintf(text, sizeof text, "%ld", (long)getpid());
    child_send_setting(child, "supervisor_pid", text, NULL);
    send_account(supervisor->config, child, number);
    send_sandbox(child, choice);
    child_send_setting(child, "crowded", supervisor->is_crowded ? "1" : "0", NULL);
    child_send_setting(child, "log_level", log_level_name(supervisor->config->log_level), NULL);
}

void supervisor_start_slots(struct supervisor *supervisor)
{
    supervisor->slots_started = true;
    for (unsigned i = 0; i < SLOTS_MAX; i++) {
        struct slot *slot = supervisor->slots[i];
        if (slot == NULL || slot->started || slot->collector == NULL || row_is_awaited(supervisor, slot))
            continue;
        slot->started = true;
        child_event(&slot->child, LIFECYCLE_START, supervisor->now_ms);
    }
}

struct slot *supervisor_add_slot(struct supervisor *supervisor, const struct config_collector *collector,
                                 const struct config_target *target)
{
    for (unsigned tried = 0; tried < SLOTS_MAX; tried++) {
        unsigned i = supervisor->next_slot;
        supervisor->next_slot = (i + 1) % SLOTS_MAX;
        if (supervisor->slots[i] != NULL)
            continue;
        supervisor->slots[i] = slot_new(supervisor, i, collector, target);
        if (supervisor->slots[i] == NULL)
            log_error("%s on %s: no memory for one more slot", collector->name, target->name);
        return supervisor->slots[i];
    }
    log_error("%s on %s: %d slots are taken, some by workers that are still ending; reload again later",
              collector->name, target->name, SLOTS_MAX);
    return NULL;
}

void supervisor_configure_log(const struct config *config)
{
    log_format_begin(config->log_format);
    log_set_level(config->log_level);
}

/* ---- start */

/* The supervisor reads secrets: no core, no debugger of the same user; files of its own stay private; what
 * its children leave behind comes to it. */
static int harden(void)
{
    umask(077);
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0 && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
        prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0)
        return 0;
    log_error("the process cannot be hardened: %s", strerror(errno));
    return -1;
}

static int open_signals(struct supervisor *supervisor)
{
    static const int NUMBERS[] = {SIGTERM, SIGINT, SIGHUP, SIGCHLD};
    const struct sigaction children = {.sa_handler = SIG_DFL, .sa_flags = SA_NOCLDSTOP};
    sigset_t set;
    sigemptyset(&set);
    for (size_t i = 0; i < sizeof NUMBERS / sizeof NUMBERS[0]; i++)
        sigaddset(&set, NUMBERS[i]);
    if (sigaction(SIGCHLD, &children, NULL) == 0 && sigprocmask(SIG_BLOCK, &set, NULL) == 0)
        supervisor->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    if (supervisor->signals < 0)
        log_error("signals cannot be received: %s", strerror(errno));
    return supervisor->signals < 0 ? -1 : 0;
}

static int open_program(const char *path, const char *origin)
{
    int program = spawn_open_program(path);
    if (program < 0)
        log_error("%s: the program \"%s\" cannot be executed (%s); allowed is a program of minotor", origin,
                  path, strerror(errno));
    return program;
}

static int open_programs(struct supervisor *supervisor)
{
    const struct config_paths *paths = &supervisor->config->paths;
    supervisor->worker_program = open_program(paths->worker, paths->worker_origin);
    if (supervisor->worker_program < 0)
        return -1;
    supervisor->front_program = open_program(paths->front, paths->front_origin);
    if (supervisor->front_program < 0)
        return -1;
    supervisor->broker_program = open_program(paths->broker, paths->broker_origin);
    return supervisor->broker_program < 0 ? -1 : 0;
}

static int open_listeners(struct supervisor *supervisor)
{
    const struct config *config = supervisor->config;
    for (unsigned i = 0; i < config->listen_count; i++) {
        char bound[LISTENER_TEXT_BYTES] = "";
        const struct config_listen *listen = &config->listen[i];
        int listener = listener_open(&listen->address);
        if (listener < 0 || listener_describe(listener, bound, sizeof bound) != 0) {
            log_error("%s: cannot listen on %s: %s", listen->origin, listen->text, strerror(errno));
            if (listener >= 0)
                close(listener);
            return -1;
        }
        supervisor->listeners[supervisor->listener_count++] = listener;
        log_info("listening address=%s", bound);
    }
    return 0;
}

static void make_slots(struct supervisor *supervisor)
{
    const struct config *config = supervisor->config;
    const struct config_collector *collector;
    const struct config_target *target;
    for (unsigned position = 0; config_next_pair(config, &position, &collector, &target);)
        if (!supervisor->options->check_files || !target->mattermost.is_row) /* then nobody is asked */
            supervisor_add_slot(supervisor, collector, target);
    if (supervisor->slots[0] == NULL)
        log_warning("%s: no collector is enabled; the page will tell of minotor only",
                    config->collectors_dir);
}

/* ---- what collectors keep beyond minotord's own life */

static void restore(struct supervisor *supervisor, const struct state_record *record, unsigned *restored)
{
    for (unsigned i = 0; i < SLOTS_MAX; i++)
        if (supervisor->slots[i] != NULL && slot_restore(supervisor->slots[i], record))
            ++*restored;
}

static void restore_states(struct supervisor *supervisor)
{
    const char *path = supervisor->config->state_file;
    char fault[LOG_LINE_MAX_BYTES];
    unsigned restored = 0;
    struct state_record *records = path[0] == '\0' ? NULL : calloc(SLOTS_MAX, sizeof *records);
    if (records == NULL)
        return;
    unsigned count = state_file_take(path, records, fault, sizeof fault);
    if (fault[0] != '\0')
        log_warning("%s; what is missing is counted anew", fault);
    for (unsigned i = 0; i < count; i++)
        restore(supervisor, &records[i], &restored);
    if (count > 0)
        log_info("%s: has what the collectors of %u slots kept (%u of them are there)", path, count,
                 restored);
    free(records);
}

static void keep_states(const struct supervisor *supervisor)
{
    const char *path = supervisor->config->state_file;
    char fault[LOG_LINE_MAX_BYTES];
    unsigned count = 0;
    struct state_record *records = path[0] == '\0' ? NULL : calloc(SLOTS_MAX, sizeof *records);
    if (records == NULL)
        return;
    for (unsigned i = 0; i < SLOTS_MAX; i++)
        if (supervisor->slots[i] != NULL && slot_record(supervisor->slots[i], &records[count]))
            count++;
    if (count > 0 && state_file_write(path, records, count, fault, sizeof fault))
        log_info("%s: holds what the collectors of %u slots keep", path, count);
    else if (count > 0)
        log_warning("%s; collectors will count anew at the next start", fault);
    free(records);
}

static void log_fault(const char *line, void *context)
{
    (void)context;
    log_error("%s", line);
}

static int load_config(struct supervisor *supervisor)
{
    struct config_faults faults = {.report = log_fault};
    supervisor->config =
        config_load(supervisor->options->config_path, &supervisor->options->overrides, &supervisor->rows, &faults);
    if (supervisor->config == NULL)
        return -1;
    supervisor_configure_log(supervisor->config);
    if (geteuid() != 0 && supervisor->config->user_origin[0] != '\0')
        log_info("%s: \"user\" is \"%s\" and is ignored: minotord was not started as root",
                 supervisor->config->user_origin, supervisor->config->user);
    if (geteuid() != 0 && supervisor->config->worker_uids_origin[0] != '\0')
        log_info("%s: \"worker_uids\" is ignored: minotord was not started as root",
                 supervisor->config->worker_uids_origin);
    return 0;
}

static int open_null(struct supervisor *supervisor)
{
    supervisor->null = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (supervisor->null < 0)
        log_error("/dev/null: %s", strerror(errno));
    return supervisor->null < 0 ? -1 : 0;
}

static enum minotord_status start(struct supervisor *supervisor)
{
    signal(SIGPIPE, SIG_IGN); /* before the first line of the log, whose reader may already be gone */
    log_info("minotord %s (revision %s) starts, process %ld", MINOTOR_VERSION, MINOTOR_REVISION,
             (long)getpid());
    if (load_config(supervisor) != 0)
        return MINOTORD_CONFIG;
    if (harden() != 0 || open_null(supervisor) != 0)
        return MINOTORD_OS;
    if (open_programs(supervisor) != 0)
        return MINOTORD_CONFIG;
    if (rehearsal_init(&supervisor->rehearsal) != 0)
        log_warning("minotord's own program cannot be opened (%s): a reload will not look at settings of collectors "
                    "before it changes anything", strerror(errno));
    if (open_signals(supervisor) != 0 || open_listeners(supervisor) != 0)
        return MINOTORD_OS;
    supervisor->reload_ok = true;
    supervisor->reload_success_wall_ms = clock_wall_ms();
    supervisor->now_ms = clock_monotonic_ms();
    make_slots(supervisor);
    restore_states(supervisor);
    child_event(&supervisor->front, LIFECYCLE_START, supervisor->now_ms);
    return MINOTORD_OK;
}

/* ---- end */

static void close_all(struct supervisor *supervisor)
{
    const int descriptors[] = {supervisor->null, supervisor->signals, supervisor->worker_program,
                               supervisor->front_program, supervisor->broker_program};
    for (unsigned i = 0; i < SLOTS_MAX; i++) {
        struct slot *slot = supervisor->slots[i];
        supervisor->slots[i] = NULL;
        slot_free(slot);
    }
    departed_release(&supervisor->departed);
    rehearsal_destroy(&supervisor->rehearsal);
    child_release(&supervisor->front);
    for (unsigned i = 0; i < supervisor->listener_count; i++)
        close(supervisor->listeners[i]);
    for (size_t i = 0; i < sizeof descriptors / sizeof descriptors[0]; i++)
        if (descriptors[i] >= 0)
            close(descriptors[i]);
    config_free(supervisor->config);
    row_forget_all(&supervisor->rows);
}

static void init(struct supervisor *supervisor, const struct options *options)
{
    *supervisor = (struct supervisor){.options = options,
                                      .null = -1,
                                      .signals = -1,
                                      .worker_program = -1,
                                      .front_program = -1,
                                      .broker_program = -1,
                                      .rehearsal = {.program = -1},
                                      /* Without a round no thread is needed; and a collector of the
                                       * minotord that rehearses must not decide whether its reload succeeds. */
                                      .is_crowded = !options->check_files && crowd_is_there(),
                                      .started_wall_ms = clock_wall_ms()};
    front_link_init(supervisor);
}

enum minotord_status supervisor_run(const struct options *options)
{
    struct supervisor supervisor;
    enum log_format format = LOG_FORMAT_LOGFMT;
    if (options->overrides.log_format != NULL)
        config_parse_log_format(options->overrides.log_format, &format);
    log_format_begin(format);
    init(&supervisor, options);
    enum minotord_status status = start(&supervisor);
    if (status == MINOTORD_OK) {
        status = loop_run(&supervisor);
        if (status == MINOTORD_OK)
            keep_states(&supervisor);
        log_info("minotord ends");
    }
    close_all(&supervisor);
    return status;
}

/* ---- a trial */

/* What matters of the supervisor's own words stands with the slot it is about. */
static void drop_line(enum log_level level, const char *text, void *context)
{
    (void)level;
    (void)text;
    (void)context;
}

enum minotord_status supervisor_try(const struct options *options, struct config *config)
{
    struct supervisor supervisor;
    struct trial trial;
    enum minotord_status status = MINOTORD_OS;
    trial_init(&trial);
    init(&supervisor, options);
    supervisor.config = config;
    supervisor.trial = &trial;
    log_set_level(config->log_level);
    if (harden() != 0 || open_null(&supervisor) != 0 || open_signals(&supervisor) != 0)
        goto out;
    status = MINOTORD_CONFIG;
    if (open_programs(&supervisor) != 0)
        goto out;
    log_set_sink(drop_line, NULL);
    supervisor.now_ms = clock_monotonic_ms();
    make_slots(&supervisor);
    supervisor_start_slots(&supervisor);
    status = loop_run(&supervisor);
    if (status == MINOTORD_OK)
        status = trial.status;
out:
    close_all(&supervisor);
    trial_destroy(&trial);
    return status;
}
