/* SPDX-License-Identifier: Apache-2.0 */
/* The targets of the configuration: which Mattermost installations there are and where their databases live.
 */
#include "supervisor/config.h"

#include <string.h>

#include "common/text.h"

#define POSTGRESQL_PORT 5432
#define MYSQL_PORT      3306

static const char *const DRIVERS[] = {
    [CONFIG_DRIVER_POSTGRESQL] = "postgresql",
    [CONFIG_DRIVER_MYSQL] = "mysql",
    NULL,
};

static const char *const SSL_MODES[] = {"disable",   "allow",       "prefer", "require",
                                        "verify-ca", "verify-full", NULL};

const char *config_driver_name(enum config_driver driver)
{
    return DRIVERS[driver];
}

/* A text that must be there and must not be empty. */
static void read_required(struct config_file *file, const config_setting_t *group, const char *key, char *out,
                          size_t out_bytes)
{
    const config_setting_t *setting = config_setting_get_member(group, key);
    if (setting == NULL)
        config_fault(file, group, "there is no \"%s\" in this group; it must be given as a text", key);
    else if (config_text(file, group, key, out, out_bytes) && out[0] == '\0')
        config_fault(file, setting, "\"%s\" is empty; allowed is a text", key);
}

static void read_files(struct config_database *database, struct config_file *file,
                       const config_setting_t *group)
{
    config_path(file, group, "password_file", database->password_file, sizeof database->password_file);
    const config_setting_t *password = config_setting_get_member(group, "password_file");
    if (password != NULL)
        config_origin(file, password, database->password_origin, sizeof database->password_origin);
    const char *certificate = NULL;
    /* Empty means: as the driver finds it. */
    if (config_setting_lookup_string(group, "sslrootcert", &certificate) != CONFIG_TRUE ||
        certificate[0] != '\0')
        config_path(file, group, "sslrootcert", database->sslrootcert, sizeof database->sslrootcert);
}

static void read_database(struct config_database *database, struct config_file *file,
                          const config_setting_t *group)
{
    static const char *const KEYS[] = {"driver",        "host",    "port",        "name", "user",
                                       "password_file", "sslmode", "sslrootcert", NULL};
    unsigned index;
    long long port;
    config_known_keys(file, group, KEYS);
    database->driver = CONFIG_DRIVER_POSTGRESQL;
    if (config_choice(file, group, "driver", DRIVERS, &index))
        database->driver = (enum config_driver)index;
    text_format(database->host, sizeof database->host, "localhost");
    config_text(file, group, "host", database->host, sizeof database->host);
    database->port = database->driver == CONFIG_DRIVER_MYSQL ? MYSQL_PORT : POSTGRESQL_PORT;
    if (config_integer(file, group, "port", 1, 65535, &port))
        database->port = (unsigned)port;
    read_required(file, group, "name", database->name, sizeof database->name);
    read_required(file, group, "user", database->user, sizeof database->user);
    text_format(database->sslmode, sizeof database->sslmode, "prefer");
    if (config_choice(file, group, "sslmode", SSL_MODES, &index))
        text_format(database->sslmode, sizeof database->sslmode, "%s", SSL_MODES[index]);
    read_files(database, file, group);
}

static void read_name(struct config *config, struct config_target *target, struct config_file *file,
                      const config_setting_t *group)
{
    const config_setting_t *setting = config_setting_get_member(group, "name");
    if (setting == NULL) {
        config_fault(file, group, "there is no \"name\" in this target; it must be given as a text");
        return;
    }
    if (!config_text(file, group, "name", target->name, sizeof target->name))
        return;
    if (!text_is_word(target->name)) {
        config_fault(file, setting,
                     "the target's name is \"%s\"; allowed are a to z, 0 to 9 and _, beginning with a "
                     "letter, at most %d bytes",
                     target->name, NAME_MAX_BYTES);
        return;
    }
    for (unsigned i = 0; i < config->target_count; i++)
        if (strcmp(config->targets[i].name, target->name) == 0)
            config_fault(file, setting,
                         "the target's name \"%s\" is taken already at %s; allowed is each name once",
                         target->name, config->targets[i].origin);
}

static void read_target(struct config *config, struct config_file *file, const config_setting_t *group)
{
    static const char *const KEYS[] = {"name", "database", NULL};
    const config_setting_t *database;
    struct config_target *target = &config->targets[config->target_count];
    config_known_keys(file, group, KEYS);
    config_origin(file, group, target->origin, sizeof target->origin);
    read_name(config, target, file, group);
    if (config_group(file, group, "database", &database))
        read_database(&target->database, file, database);
    else if (config_setting_get_member(group, "database") == NULL)
        config_fault(file, group, "there is no \"database\" in this target; it must be given as a group");
    config->target_count++;
}

void config_read_targets(struct config *config, struct config_file *file, const config_setting_t *root)
{
    char found[160];
    const config_setting_t *list = config_setting_get_member(root, "targets");
    if (list == NULL)
        return;
    int count = config_setting_is_list(list) ? config_setting_length(list) : 0;
    if (count < 1 || count > TARGETS_MAX) {
        config_fault(file, list,
                     "\"targets\" is %s of %d members; allowed is a list of 1 to %d groups: ( { ... } )",
                     config_describe(list, found, sizeof found), config_setting_length(list), TARGETS_MAX);
        return;
    }
    for (int i = 0; i < count; i++) {
        const config_setting_t *element = config_setting_get_elem(list, (unsigned)i);
        if (config_setting_is_group(element))
            read_target(config, file, element);
        else
            config_fault(file, element,
                         "a target is %s; allowed is a group: { name = ...; database = { ... }; }",
                         config_describe(element, found, sizeof found));
    }
}

bool config_database_equal(const struct config_database *one, const struct config_database *other)
{
    return one->driver == other->driver && strcmp(one->host, other->host) == 0 && one->port == other->port &&
           strcmp(one->name, other->name) == 0 && strcmp(one->user, other->user) == 0 &&
           strcmp(one->password_file, other->password_file) == 0 &&
           strcmp(one->sslmode, other->sslmode) == 0 && strcmp(one->sslrootcert, other->sslrootcert) == 0;
}
