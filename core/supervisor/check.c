/* SPDX-License-Identifier: Apache-2.0 */
#include "supervisor/check.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/text.h"
#include "supervisor/password.h"

static void print_fault(const char *line, void *context)
{
    (void)context;
    fprintf(stderr, "%s\n", line);
}

/* A regular file that may be used in this way, or a fault at the place that names it. */
static void check_file(struct config_faults *faults, const char *origin, const char *what, const char *path,
                       int mode)
{
    struct stat status;
    if (stat(path, &status) != 0 || access(path, mode) != 0)
        config_fault_at(faults,
                        "%s: %s is \"%s\", which cannot be used (%s); allowed is a file that can be %s",
                        origin, what, path, strerror(errno), mode == X_OK ? "executed" : "read");
    else if (!S_ISREG(status.st_mode))
        config_fault_at(faults,
                        "%s: %s is \"%s\", which is no regular file; allowed is a file that can be %s",
                        origin, what, path, mode == X_OK ? "executed" : "read");
    else
        printf("%s ok\n", path);
}

static void check_password(struct config_faults *faults, const struct config_database *database)
{
    char password[SETTING_VALUE_MAX_BYTES];
    if (database->password_file[0] == '\0')
        return;
    enum password_result result = password_read(database->password_file, password, NULL);
    const char *why = result == PASSWORD_UNREADABLE ? strerror(errno) : "";
    explicit_bzero(password, sizeof password);
    if (result == PASSWORD_OK)
        printf("%s ok\n", database->password_file);
    else
        config_fault_at(faults, "%s: password_file \"%s\" %s%s%s", database->password_origin,
                        database->password_file, password_result_text(result), why[0] == '\0' ? "" : ": ",
                        why);
}

static void check_target(struct config_faults *faults, const struct config *config,
                         const struct config_target *target)
{
    char driver[CONFIG_PATH_BYTES + 32];
    text_format(driver, sizeof driver, "%s/%s.so", config->paths.drivers,
                config_driver_name(target->database.driver));
    check_file(faults, target->origin, "the database driver", driver, R_OK);
    check_password(faults, &target->database);
    if (target->database.sslrootcert[0] != '\0')
        check_file(faults, target->origin, "sslrootcert", target->database.sslrootcert, R_OK);
}

static void check_collector(struct config_faults *faults, const struct config_collector *collector)
{
    printf("%s ok\n", collector->path);
    const char *origin = collector->plugin_origin[0] == '\0' ? collector->path : collector->plugin_origin;
    if (collector->enabled)
        check_file(faults, origin, "the plugin", collector->plugin, R_OK);
}

enum minotord_status check_run(const struct options *options)
{
    struct config_faults faults = {.report = print_fault};
    struct config *config = config_load(options->config_path, &options->overrides, &faults);
    if (config == NULL)
        return MINOTORD_CONFIG;
    printf("%s ok\n", config->path);
    check_file(&faults, config->path, "\"worker\" in paths", config->paths.worker, X_OK);
    check_file(&faults, config->path, "\"front\" in paths", config->paths.front, X_OK);
    for (unsigned i = 0; i < config->target_count; i++)
        check_target(&faults, config, &config->targets[i]);
    for (unsigned i = 0; i < config->collector_count; i++)
        check_collector(&faults, config->collectors[i]);
    config_free(config);
    return faults.count == 0 ? MINOTORD_OK : MINOTORD_CONFIG;
}
