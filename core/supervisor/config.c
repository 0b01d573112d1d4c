/* SPDX-License-Identifier: Apache-2.0 */
#include "supervisor/config.h"

#include <errno.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/text.h"

static const char *const LOG_LEVELS[] = {"error", "warning", "info", "debug", NULL};
static const char *const LOG_FORMATS[] = {"logfmt", "json", NULL};

int config_parse_log_format(const char *word, enum log_format *format)
{
    for (unsigned i = 0; LOG_FORMATS[i] != NULL; i++) {
        if (strcmp(word, LOG_FORMATS[i]) == 0) {
            *format = (enum log_format)i;
            return 0;
        }
    }
    return -1;
}

static void set_defaults(struct config *config, const char *path)
{
    text_format(config->path, sizeof config->path, "%s", path);
    text_format(config->user, sizeof config->user, "minotor");
    config->sandbox.policy = SANDBOX_BEST_EFFORT;
    config->log_level = LOG_LEVEL_INFO;
    web_limits_default(&config->web_limits);
    config->log_format = LOG_FORMAT_LOGFMT;
    config_resolve_path(path, "collectors.d", config->collectors_dir, sizeof config->collectors_dir);
    text_format(config->state_file, sizeof config->state_file, PKGSTATEDIR "/state");
    text_format(config->state_file_origin, sizeof config->state_file_origin, "%s", path);
    text_format(config->paths.worker, sizeof config->paths.worker, PKGLIBEXECDIR "/minotor-worker");
    text_format(config->paths.front, sizeof config->paths.front, PKGLIBEXECDIR "/minotor-front");
    text_format(config->paths.broker, sizeof config->paths.broker, PKGLIBEXECDIR "/minotor-broker");
    text_format(config->paths.worker_origin, sizeof config->paths.worker_origin, "%s", path);
    text_format(config->paths.front_origin, sizeof config->paths.front_origin, "%s", path);
    text_format(config->paths.broker_origin, sizeof config->paths.broker_origin, "%s", path);
    text_format(config->paths.collectors, sizeof config->paths.collectors, PKGLIBDIR "/collectors");
    text_format(config->paths.drivers, sizeof config->paths.drivers, PKGLIBDIR "/drivers");
}

static void read_log(struct config *config, struct config_file *file, const config_setting_t *root)
{
    static const char *const KEYS[] = {"level", "format", NULL};
    const config_setting_t *log;
    unsigned index;
    if (!config_group(file, root, "log", &log))
        return;
    config_known_keys(file, log, KEYS);
    if (config_choice(file, log, "level", LOG_LEVELS, &index))
        config->log_level = (enum log_level)index;
    if (config_choice(file, log, "format", LOG_FORMATS, &index))
        config->log_format = (enum log_format)index;
}

/* The account must exist only when it is needed; a name that nobody has is an error of the file. */
static void read_user(struct config *config, struct config_file *file, const config_setting_t *root)
{
    const config_setting_t *setting = config_setting_get_member(root, "user");
    config_text(file, root, "user", config->user, sizeof config->user);
    if (setting != NULL)
        config_origin(file, setting, config->user_origin, sizeof config->user_origin);
    if (geteuid() != 0)
        return;
    errno = 0;
    const struct passwd *account = getpwnam(config->user);
    if (account == NULL) {
        config_fault(file, setting,
                     "\"user\" is \"%s\", which does not exist; allowed is the name of an account "
                     "that front and workers shall run as; systemd-sysusers makes \"minotor\"",
                     config->user);
        return;
    }
    config->drop = true;
    config->uid = account->pw_uid;
    config->gid = account->pw_gid;
}

static void read_program(struct config_file *file, const config_setting_t *paths, const char *key,
                         char path[CONFIG_PATH_BYTES], char origin[CONFIG_ORIGIN_BYTES])
{
    if (config_path(file, paths, key, path, CONFIG_PATH_BYTES))
        config_origin(file, config_setting_get_member(paths, key), origin, CONFIG_ORIGIN_BYTES);
}

static void read_paths(struct config *config, struct config_file *file, const config_setting_t *root)
{
    static const char *const KEYS[] = {"worker", "front", "broker", "collectors", "drivers", NULL};
    struct config_paths *own = &config->paths;
    const config_setting_t *paths;
    if (!config_group(file, root, "paths", &paths))
        return;
    config_known_keys(file, paths, KEYS);
    read_program(file, paths, "worker", own->worker, own->worker_origin);
    read_program(file, paths, "front", own->front, own->front_origin);
    read_program(file, paths, "broker", own->broker, own->broker_origin);
    config_path(file, paths, "collectors", own->collectors, sizeof own->collectors);
    config_path(file, paths, "drivers", own->drivers, sizeof own->drivers);
}

/* Empty means: no file. */
static void read_state_file(struct config *config, struct config_file *file, const config_setting_t *root)
{
    const config_setting_t *setting = config_setting_get_member(root, "state_file");
    const char *path = setting == NULL ? NULL : config_setting_get_string(setting);
    if (path != NULL && path[0] == '\0')
        config->state_file[0] = '\0';
    else
        config_path(file, root, "state_file", config->state_file, sizeof config->state_file);
    if (setting != NULL)
        config_origin(file, setting, config->state_file_origin, sizeof config->state_file_origin);
}

static void read_root(struct config *config, struct config_file *file, const struct config_rows *rows)
{
    static const char *const KEYS[] = {
        "user",    "log",         "web",     "collectors_dir",  "state_file",      "paths",
        "targets", "worker_uids", "sandbox", "sandbox_without", "sandbox_unknown", NULL};
    const config_setting_t *root = config_root_setting(&file->parsed);
    config_known_keys(file, root, KEYS);
    read_user(config, file, root);
    config_read_worker_uids(config, file, root);
    config_read_sandbox(&config->sandbox, file, root);
    config->row_reader.sandbox = config->sandbox;
    read_log(config, file, root);
    config_read_web(config, file, root);
    config_path(file, root, "collectors_dir", config->collectors_dir, sizeof config->collectors_dir);
    read_state_file(config, file, root);
    read_paths(config, file, root);
    config_read_targets(config, file, root, rows);
}

/* More workers than there are slots would be started by nobody. */
static void check_slot_count(const struct config *config, struct config_faults *faults)
{
    const struct config_collector *collector;
    const struct config_target *target;
    unsigned slots = 0;
    for (unsigned position = 0; config_next_pair(config, &position, &collector, &target);)
        slots++;
    if (slots > SLOTS_MAX)
        config_fault_at(faults, "%s: %u pairs of collector and target are enabled; allowed are at most %d",
                        config->path, slots, SLOTS_MAX);
}

static void override_log(struct config *config, const struct config_overrides *overrides)
{
    if (overrides != NULL && overrides->log_level != NULL)
        log_level_parse(overrides->log_level, &config->log_level);
    if (overrides != NULL && overrides->log_format != NULL)
        config_parse_log_format(overrides->log_format, &config->log_format);
}

bool config_next_pair(const struct config *config, unsigned *position, const struct config_collector **collector,
                      const struct config_target **target)
{
    for (; *position < TARGETS_MAX; (*position)++) {
        *collector = &config->row_reader;
        *target = config->row_targets[*position];
        if (*target != NULL) {
            (*position)++;
            return true;
        }
    }
    for (; *position < TARGETS_MAX * (1 + config->collector_count); (*position)++) {
        unsigned k = *position % TARGETS_MAX;
        *collector = config->collectors[*position / TARGETS_MAX - 1];
        *target = &config->targets[k];
        if ((*collector)->enabled && k < config->target_count && ((*collector)->targets >> k & 1) != 0) {
            (*position)++;
            return true;
        }
    }
    return false;
}

/* It reads when it is told to; the times are those of its only round. */
static void set_row_reader(struct config *config)
{
    struct config_collector *reader = &config->row_reader;
    slot_limits_default(&reader->limits);
    text_format(reader->name, sizeof reader->name, CONFIG_ROW_READER);
    text_format(reader->origin, sizeof reader->origin, "%s", config->path);
    reader->interval_ms = reader->timeout_ms = reader->stale_after_ms = ROW_TIMEOUT_MS;
    reader->secrets = CONFIG_SECRET_DATABASE;
}

struct config *config_load(const char *path, const struct config_overrides *overrides,
                           const struct config_rows *rows, struct config_faults *faults)
{
    struct config_file file;
    unsigned faults_before = faults->count;
    struct config *config = calloc(1, sizeof *config);
    if (config == NULL) {
        config_fault_at(faults, "%s: no memory to read it", path);
        return NULL;
    }
    set_defaults(config, path);
    set_row_reader(config);
    if (config_file_open(&file, path, faults) == 0) {
        read_root(config, &file, rows);
        config_file_close(&file);
        override_log(config, overrides);
        config_override_listen(config, overrides);
        config_check_listen(config, faults);
        /* A mistake in here would show again in every collector that refers to it. */
        if (faults->count == faults_before)
            config_read_collectors(config, faults);
        check_slot_count(config, faults);
    }
    if (faults->count == faults_before)
        return config;
    config_free(config);
    return NULL;
}

void config_free(struct config *config)
{
    if (config == NULL)
        return;
    for (unsigned i = 0; i < config->collector_count; i++) {
        free(config->collectors[i]->settings);
        free(config->collectors[i]);
    }
    for (unsigned i = 0; i < TARGETS_MAX; i++) {
        if (config->rows[i] != NULL)
            explicit_bzero(config->rows[i], strlen(config->rows[i]));
        free(config->rows[i]);
        free(config->row_targets[i]);
    }
    free(config);
}
