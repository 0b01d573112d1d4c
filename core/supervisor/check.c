/* SPDX-License-Identifier: Apache-2.0 */
#include "supervisor/check.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/text.h"
#include "supervisor/password.h"
#include "supervisor/state_file.h"
#include "supervisor/supervisor.h"

/* What is in order is told only when everything is: else the mistakes would be lost among it. */
struct check {
    struct config_faults faults;
    FILE *good;
};

static void print_fault(const char *line, void *context)
{
    (void)context;
    fprintf(stderr, "%s\n", line);
}

/* A regular file that may be used in this way, or a fault at the place that names it. */
static void check_file(struct check *check, const char *origin, const char *what, const char *path, int mode)
{
    struct stat status;
    const char *use = mode == X_OK ? "executed" : "read";
    if (stat(path, &status) != 0 || access(path, mode) != 0)
        config_fault_at(&check->faults, "%s: %s \"%s\" cannot be %s (%s); allowed is a file that can be",
                        origin, what, path, use, strerror(errno));
    else if (!S_ISREG(status.st_mode))
        config_fault_at(&check->faults, "%s: %s \"%s\" is no regular file; allowed is a file that can be %s",
                        origin, what, path, use);
    else
        fprintf(check->good, "%s ok\n", path);
}

/* `is_utf8`: it has to be. */
static void check_secret(struct check *check, const char *origin, const char *key, const char *path,
                         bool is_utf8)
{
    char secret[SETTING_VALUE_MAX_BYTES];
    if (path[0] == '\0')
        return;
    enum password_result result =
        is_utf8 ? password_read_utf8(path, secret) : password_read(path, secret, NULL);
    const char *why = result == PASSWORD_UNREADABLE ? strerror(errno) : "";
    explicit_bzero(secret, sizeof secret);
    if (result == PASSWORD_OK)
        fprintf(check->good, "%s ok\n", path);
    else
        config_fault_at(&check->faults, "%s: %s \"%s\" %s%s%s", origin, key, path,
                        password_result_text(result), why[0] == '\0' ? "" : ": ", why);
}

/* Who reads what, and who said so: the one question that a wrong password leaves. */
static void tell_database(struct check *check, const struct config_target *target)
{
    const struct config_database *database = &target->database;
    const struct config_mattermost *mattermost = &target->mattermost;
    const char *password = "none";
    if (mattermost->gives_password)
        password = mattermost->facts.database_origin;
    else if (database->password_file[0] != '\0')
        password = database->password_file;
    fprintf(check->good, "%s: target %s: %s database \"%s\" on \"%s\" port %u as user \"%s\", sslmode %s\n",
            target->origin, target->name, config_driver_name(database->driver), database->name,
            database->host, database->port, database->user, database->sslmode);
    if (mattermost->given)
        fprintf(check->good, "%s: target %s: where it is not said here, from %s%s\n", mattermost->origin,
                target->name, mattermost->facts.database_origin,
                mattermost->facts.is_replica ? " (the first replica)" : "");
    fprintf(check->good, "%s: target %s: password from %s\n", target->origin, target->name, password);
    if (mattermost->left_out > 0)
        fprintf(check->good, "%s: target %s: %u session parameters of the data source are not passed on\n",
                mattermost->origin, target->name, mattermost->left_out);
}

static void check_target(struct check *check, const struct config *config, const struct config_target *target)
{
    char driver[CONFIG_PATH_BYTES + 32];
    text_format(driver, sizeof driver, "%s/%s.so", config->paths.drivers,
                config_driver_name(target->database.driver));
    check_file(check, target->origin, "the database driver", driver, R_OK);
    tell_database(check, target);
    check_secret(check, target->database.password_origin, "password_file", target->database.password_file,
                 false);
    check_secret(check, target->api.token_origin, "token_file", target->api.token_file, true);
    check_secret(check, target->api.password_origin, "password_file", target->api.password_file, true);
    const struct {
        const char *key;
        const char *path;
    } files[] = {
        {"sslrootcert", target->database.sslrootcert},
        {"sslcert", target->database.sslcert},
        {"sslkey", target->database.sslkey},
        {"ca_file", target->api.ca_file},
    };
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
        if (files[i].path[0] == '/')
            check_file(check, target->origin, files[i].key, files[i].path, R_OK);
}

static void check_collector(struct check *check, const struct config_collector *collector)
{
    const char *origin = collector->plugin_origin[0] == '\0' ? collector->path : collector->plugin_origin;
    fprintf(check->good, "%s ok\n", collector->path);
    if (collector->enabled)
        check_file(check, origin, "the plugin", collector->plugin, R_OK);
}

/* Counts begin anew without it, so it is no mistake. */
static void check_state_file(struct check *check, const struct config *config)
{
    char why[LOG_LINE_MAX_BYTES];
    if (config->state_file[0] == '\0')
        return;
    if (state_file_check(config->state_file, why, sizeof why))
        fprintf(check->good, "%s ok\n", config->state_file);
    else
        fprintf(stderr, "%s: warning: state_file %s; a restart will make collectors count anew\n",
                config->state_file_origin, why);
}

static void check_config(struct check *check, const struct config *config)
{
    fprintf(check->good, "%s ok\n", config->path);
    check_file(check, config->paths.worker_origin, "the program", config->paths.worker, X_OK);
    if (check->faults.count == 0)
        check_file(check, config->paths.front_origin, "the program", config->paths.front, X_OK);
    if (check->faults.count == 0)
        check_file(check, config->paths.broker_origin, "the program", config->paths.broker, X_OK);
    if (check->faults.count > 0)
        return; /* an installation that is not whole: what follows would only repeat it */
    for (unsigned i = 0; i < config->target_count; i++)
        check_target(check, config, &config->targets[i]);
    for (unsigned i = 0; i < config->collector_count; i++)
        check_collector(check, config->collectors[i]);
    check_state_file(check, config);
}

enum minotord_status check_run(const struct options *options)
{
    struct check check = {.faults = {.report = print_fault}};
    char *good = NULL;
    size_t good_bytes = 0;
    struct config *config = config_load(options->config_path, &options->overrides, NULL, &check.faults);
    if (config == NULL)
        return MINOTORD_CONFIG;
    check.good = open_memstream(&good, &good_bytes);
    if (check.good == NULL) {
        config_free(config);
        return MINOTORD_OS;
    }
    check_config(&check, config);
    fclose(check.good);
    enum minotord_status status = MINOTORD_CONFIG;
    if (check.faults.count == 0) {
        fputs(good, stdout);
        fflush(stdout);
        status = supervisor_try(options, config);
        config = NULL;
    }
    free(good);
    config_free(config);
    return status;
}
