/* SPDX-License-Identifier: Apache-2.0 */
/* The targets of the configuration: which Mattermost installations there are and where their databases live.
 */
#include "supervisor/config.h"

#include <string.h>

#include "common/text.h"
#include "common/wire.h"

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
    if (config_setting_lookup_string(group, "sslrootcert", &certificate) == CONFIG_TRUE &&
        certificate[0] == '\0')
        database->sslrootcert[0] = '\0';
    else
        config_path(file, group, "sslrootcert", database->sslrootcert, sizeof database->sslrootcert);
}

/* Mattermost's configuration knows the driver; to name another one is to mean another database. */
static void read_driver(struct config_target *target, struct config_file *file, const config_setting_t *group)
{
    struct config_database *database = &target->database;
    unsigned index;
    if (!config_choice(file, group, "driver", DRIVERS, &index))
        return;
    if (target->mattermost.given && database->host[0] != '\0' && index != (unsigned)database->driver)
        config_fault(
            file, config_setting_get_member(group, "driver"),
            "\"driver\" is \"%s\", and Mattermost's configuration says \"%s\"; allowed is the same one, "
            "or none",
            DRIVERS[index], DRIVERS[database->driver]);
    database->driver = (enum config_driver)index;
}

/* What nobody has said so far. */
static void set_defaults(struct config_database *database)
{
    if (database->host[0] == '\0')
        text_format(database->host, sizeof database->host, "localhost");
    if (database->port == 0)
        database->port = database->driver == CONFIG_DRIVER_MYSQL ? MYSQL_PORT : POSTGRESQL_PORT;
    if (database->sslmode[0] == '\0')
        text_format(database->sslmode, sizeof database->sslmode, "prefer");
}

/* A name or user that Mattermost's configuration may give. */
static void read_identity(struct config_target *target, struct config_file *file,
                          const config_setting_t *group, const char *key, char *out, size_t out_bytes)
{
    if (!target->mattermost.given || config_setting_get_member(group, key) != NULL)
        read_required(file, group, key, out, out_bytes);
}

static void read_connections(struct config_connections *connections, struct config_file *file,
                             const config_setting_t *group)
{
    long long max;
    if (config_integer(file, group, "max_connections", 1, DATABASE_CONNECTIONS_MAX, &max))
        connections->max = (unsigned)max;
    config_duration(file, group, "max_idle_time", CONNECTION_TIME_MIN_MS, CONNECTION_TIME_MAX_MS,
                    &connections->idle_max_ms);
    config_duration(file, group, "max_lifetime", CONNECTION_TIME_MIN_MS, CONNECTION_TIME_MAX_MS,
                    &connections->lifetime_max_ms);
}

static void read_database(struct config_target *target, struct config_file *file,
                          const config_setting_t *group)
{
    static const char *const KEYS[] = {
        "driver",  "host",        "port",            "name",          "user",         "password_file",
        "sslmode", "sslrootcert", "max_connections", "max_idle_time", "max_lifetime", NULL};
    struct config_database *database = &target->database;
    unsigned index;
    long long port;
    config_known_keys(file, group, KEYS);
    read_driver(target, file, group);
    config_text(file, group, "host", database->host, sizeof database->host);
    if (config_integer(file, group, "port", 1, 65535, &port))
        database->port = (unsigned)port;
    read_identity(target, file, group, "name", database->name, sizeof database->name);
    read_identity(target, file, group, "user", database->user, sizeof database->user);
    if (config_choice(file, group, "sslmode", SSL_MODES, &index))
        text_format(database->sslmode, sizeof database->sslmode, "%s", SSL_MODES[index]);
    read_files(database, file, group);
    read_connections(&database->connections, file, group);
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

static void read_target(struct config *config, struct config_file *file, const config_setting_t *group,
                        const struct config_rows *rows)
{
    static const char *const KEYS[] = {"name",
                                       "database",
                                       "api",
                                       "mattermost_config",
                                       "mattermost_config_dsn_file",
                                       "mattermost_environment",
                                       NULL};
    const config_setting_t *database;
    struct config_target *target = &config->targets[config->target_count];
    target->database.connections = (struct config_connections){.max = DATABASE_CONNECTIONS_DEFAULT,
                                                               .idle_max_ms = CONNECTION_IDLE_DEFAULT_MS,
                                                               .lifetime_max_ms =
                                                                   CONNECTION_LIFETIME_DEFAULT_MS};
    config_known_keys(file, group, KEYS);
    config_origin(file, group, target->origin, sizeof target->origin);
    read_name(config, target, file, group);
    bool from_mattermost = config_read_mattermost(config, target, file, group, rows);
    if (config_group(file, group, "database", &database))
        read_database(target, file, database);
    else if (config_setting_get_member(group, "database") == NULL && !from_mattermost)
        config_fault(
            file, group,
            "there is no \"database\" in this target; it must be given as a group, or the target must "
            "have a \"mattermost_config\"");
    set_defaults(&target->database);
    struct config_target *row = config->row_targets[config->target_count];
    if (row != NULL) {
        set_defaults(&row->database);
        row->database.connections = target->database.connections; /* one budget for both */
    }
    config_read_api(target, file, group);
    if (from_mattermost)
        config_finish_mattermost(target, file, group);
    config_check_login(target, file, group);
    config->target_count++;
}

void config_read_targets(struct config *config, struct config_file *file, const config_setting_t *root,
                         const struct config_rows *rows)
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
            read_target(config, file, element, rows);
        else
            config_fault(file, element,
                         "a target is %s; allowed is a group: { name = ...; database = { ... }; }",
                         config_describe(element, found, sizeof found));
    }
}

static bool same(const char *one, const char *other)
{
    return strcmp(one, other) == 0;
}

uint64_t config_target_place(const struct config_target *target)
{
    const struct config_database *database = &target->database;
    char port[8];
    text_format(port, sizeof port, "%u", database->port);
    const char *const parts[] = {config_driver_name(database->driver), database->host, port, database->name,
                                 database->search_path};
    uint64_t place = WIRE_CHECKSUM_START;
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        /* The end of each too: "ab" and "c" are not "a" and "bc". */
        place = wire_checksum(place, parts[i], strlen(parts[i]) + 1);
    return place;
}

bool config_database_equal(const struct config_database *one, const struct config_database *other)
{
    return one->driver == other->driver && same(one->host, other->host) && one->port == other->port &&
           same(one->name, other->name) && same(one->user, other->user) &&
           same(one->password_file, other->password_file) && same(one->sslmode, other->sslmode) &&
           same(one->sslrootcert, other->sslrootcert) && same(one->sslcert, other->sslcert) &&
           same(one->sslkey, other->sslkey) && same(one->search_path, other->search_path);
}

static bool api_equal(const struct config_api *one, const struct config_api *other)
{
    return same(one->url, other->url) && same(one->metrics_url, other->metrics_url) &&
           same(one->token_file, other->token_file) && same(one->login, other->login) &&
           same(one->password_file, other->password_file) && one->insecure == other->insecure &&
           same(one->local_socket, other->local_socket) && same(one->ca_file, other->ca_file);
}

/* Only what a worker is told. */
static bool facts_equal(const struct mattermost_facts *one, const struct mattermost_facts *other)
{
    return same(one->origin, other->origin) && one->replicas == other->replicas &&
           one->max_open_connections == other->max_open_connections &&
           one->max_idle_connections == other->max_idle_connections &&
           one->connection_max_lifetime_ms == other->connection_max_lifetime_ms &&
           one->connection_max_idle_time_ms == other->connection_max_idle_time_ms &&
           same(one->site_url, other->site_url) && one->metrics == other->metrics &&
           same(one->metrics_listen_address, other->metrics_listen_address);
}

bool config_target_equal(const struct config_target *one, const struct config_target *other)
{
    return config_database_equal(&one->database, &other->database) && api_equal(&one->api, &other->api) &&
           one->mattermost.given == other->mattermost.given &&
           one->mattermost.gives_password == other->mattermost.gives_password &&
           one->mattermost.is_row == other->mattermost.is_row &&
           one->mattermost.row_sum == other->mattermost.row_sum &&
           facts_equal(&one->mattermost.facts, &other->mattermost.facts);
}
