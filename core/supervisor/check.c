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

static void check_password(struct check *check, const struct config_database *database)
{
    char password[SETTING_VALUE_MAX_BYTES];
    if (database->password_file[0] == '\0')
        return;
    enum password_result result = password_read(database->password_file, password, NULL);
    const char *why = result == PASSWORD_UNREADABLE ? strerror(errno) : "";
    explicit_bzero(password, sizeof password);
    if (result == PASSWORD_OK)
        fprintf(check->good, "%s ok\n", database->password_file);
    else
        config_fault_at(&check->faults, "%s: password_file \"%s\" %s%s%s", database->password_origin,
                        database->password_file, password_result_text(result), why[0] == '\0' ? "" : ": ",
                        why);
}

static void check_target(struct check *check, const struct config *config, const struct config_target *target)
{
    char driver[CONFIG_PATH_BYTES + 32];
    text_format(driver, sizeof driver, "%s/%s.so", config->paths.drivers,
                config_driver_name(target->database.driver));
    check_file(check, target->origin, "the database driver", driver, R_OK);
    check_password(check, &target->database);
    if (target->database.sslrootcert[0] != '\0')
        check_file(check, target->origin, "sslrootcert", target->database.sslrootcert, R_OK);
}

static void check_collector(struct check *check, const struct config_collector *collector)
{
    const char *origin = collector->plugin_origin[0] == '\0' ? collector->path : collector->plugin_origin;
    fprintf(check->good, "%s ok\n", collector->path);
    if (collector->enabled)
        check_file(check, origin, "the plugin", collector->plugin, R_OK);
}

static void check_config(struct check *check, const struct config *config)
{
    fprintf(check->good, "%s ok\n", config->path);
    check_file(check, config->paths.worker_origin, "the program", config->paths.worker, X_OK);
    if (check->faults.count == 0)
        check_file(check, config->paths.front_origin, "the program", config->paths.front, X_OK);
    if (check->faults.count > 0)
        return; /* an installation that is not whole: what follows would only repeat it */
    for (unsigned i = 0; i < config->target_count; i++)
        check_target(check, config, &config->targets[i]);
    for (unsigned i = 0; i < config->collector_count; i++)
        check_collector(check, config->collectors[i]);
}

enum minotord_status check_run(const struct options *options)
{
    struct check check = {.faults = {.report = print_fault}};
    char *good = NULL;
    size_t good_bytes = 0;
    struct config *config = config_load(options->config_path, &options->overrides, &check.faults);
    if (config == NULL)
        return MINOTORD_CONFIG;
    check.good = open_memstream(&good, &good_bytes);
    if (check.good == NULL) {
        config_free(config);
        return MINOTORD_OS;
    }
    check_config(&check, config);
    fclose(check.good);
    if (check.faults.count == 0)
        fputs(good, stdout);
    free(good);
    config_free(config);
    return check.faults.count == 0 ? MINOTORD_OK : MINOTORD_CONFIG;
}
