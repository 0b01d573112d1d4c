/* SPDX-License-Identifier: Apache-2.0 */
#include "supervisor/mattermost_config.h"

#include <errno.h>
#include <string.h>

#include "common/text.h"
#include "supervisor/environment_file.h"
#include "supervisor/mattermost_values.h"
#include "supervisor/password.h"
#include "supervisor/secret_file.h"

#define ENVIRONMENT_MAX_BYTES                                                                                \
    (256 * 1024) /* Linux gives a process no more than some megabytes of variables */

/* Mattermost's own, for a key that config.json does not have. */
#define DEFAULT_DATA_SOURCE                                                                                  \
    "postgres://mmuser:mostest@localhost/mattermost_test?sslmode=disable&connect_timeout=10"
#define DEFAULT_LIFETIME_MS  3600000
#define DEFAULT_IDLE_TIME_MS 300000

#define IN_DATABASE "the database" /* as an origin */

/* One reading of it all. */
struct reading {
    const struct mattermost_source *source;
    struct mattermost_values values;
    struct mattermost_config *config;
    const char *variables_origin; /* where variables come from */
    bool no_memory;
    char *fault;
    size_t fault_bytes;
};

void mattermost_config_wipe(struct mattermost_config *config)
{
    explicit_bzero(config, sizeof *config);
}

/* ---- variables */

static void take_variable(const char *name, const char *text, void *context)
{
    struct reading *reading = context;
    if (!mattermost_values_take_variable(&reading->values, name, text))
        reading->no_memory = true;
}

static void take_environment(struct reading *reading, char *const *environment)
{
    for (; environment != NULL && *environment != NULL; environment++) {
        const char *equals = strchr(*environment, '=');
        char name[64];
        if (equals == NULL || (size_t)(equals - *environment) >= sizeof name)
            continue;
        text_format(name, sizeof name, "%.*s", (int)(equals - *environment), *environment);
        take_variable(name, equals + 1, reading);
    }
}

static int read_variables(struct reading *reading, char *const *environment)
{
    const char *path = reading->source->environment;
    if (path[0] == '\0') {
        reading->variables_origin = "the environment of minotord";
        take_environment(reading, environment);
    } else {
        reading->variables_origin = path;
        char *text = secret_file_read(path, ENVIRONMENT_MAX_BYTES, reading->fault, reading->fault_bytes);
        if (text == NULL)
            return -1;
        if (environment_file_parse(text, take_variable, reading) != 0)
            reading->no_memory = true;
        secret_free(text);
    }
    if (reading->no_memory)
        text_format(reading->fault, reading->fault_bytes, "%s: no memory to read it",
                    reading->variables_origin);
    return reading->no_memory ? -1 : 0;
}

/* ---- where the configuration is */

/* What variables do not say. */
static int take_json(struct reading *reading, const char *origin, const char *text)
{
    struct mattermost_values file = {0};
    int result = mattermost_values_take_json(&file, origin, text, reading->fault, reading->fault_bytes);
    for (size_t i = 0; i < MATTERMOST_KEYS && result == 0; i++) {
        if (reading->values.value[i].from == MATTERMOST_FROM_VARIABLE)
            continue;
        reading->values.value[i] = file.value[i];
        file.value[i].text = NULL;
    }
    mattermost_values_free(&file);
    text_format(reading->config->facts.origin, sizeof reading->config->facts.origin, "%s", origin);
    return result;
}

static int read_json(struct reading *reading, const char *path)
{
    char *text = secret_file_read(path, MATTERMOST_CONFIG_MAX_BYTES, reading->fault, reading->fault_bytes);
    if (text == NULL)
        return -1;
    int result = take_json(reading, path, text);
    secret_free(text);
    return result;
}

static int parse_dsn(struct reading *reading, const char *text, const char *origin)
{
    struct mattermost_config *config = reading->config;
    const char *why = dsn_parse_url(text, &config->place);
    config->facts.in_database = true;
    config->facts.is_partial = reading->source->row == NULL;
    config->database = config->place;
    text_format(config->facts.origin, sizeof config->facts.origin, IN_DATABASE);
    text_format(config->facts.database_origin, sizeof config->facts.database_origin, "%s", origin);
    if (why == NULL)
        return config->facts.is_partial ? 0 : take_json(reading, IN_DATABASE, reading->source->row);
    text_format(reading->fault, reading->fault_bytes,
                "%s: the data source of Mattermost's configuration cannot be used: %s", origin, why);
    return -1;
}

/* The configuration is in a database; it is reached by a data source that somebody wrote for us. */
static int read_dsn_file(struct reading *reading, const char *path)
{
    char text[SETTING_VALUE_MAX_BYTES];
    enum password_result found = password_read(path, text, NULL);
    const char *why = found == PASSWORD_UNREADABLE ? strerror(errno) : "";
    int result = -1;
    if (found == PASSWORD_OK)
        result = parse_dsn(reading, text, path);
    else
        text_format(reading->fault, reading->fault_bytes, "%s: %s%s%s%s", path, password_result_text(found),
                    why[0] == '\0' ? "" : " (", why, why[0] == '\0' ? "" : ")");
    explicit_bzero(text, sizeof text);
    return result;
}

/* As Mattermost: what is named explicitly goes before MM_CONFIG. */
static int read_place(struct reading *reading)
{
    const struct mattermost_value *place = &reading->values.value[MATTERMOST_CONFIG_PLACE];
    char origin[MATTERMOST_ORIGIN_BYTES];
    if (reading->source->config[0] != '\0')
        return read_json(reading, reading->source->config);
    if (reading->source->dsn_file[0] != '\0')
        return read_dsn_file(reading, reading->source->dsn_file);
    text_format(origin, sizeof origin, "%s: MM_CONFIG", reading->variables_origin);
    if (place->from == MATTERMOST_FROM_NOWHERE || place->text[0] == '\0')
        text_format(reading->fault, reading->fault_bytes,
                    "%s is not set; allowed is one, or \"mattermost_config\" in the target", origin);
    else if (dsn_is_url(place->text))
        return parse_dsn(reading, place->text, origin);
    else if (place->text[0] == '/')
        return read_json(reading, place->text);
    else
        text_format(reading->fault, reading->fault_bytes,
                    "%s is neither an absolute path nor a data source; allowed is one of these, or "
                    "\"mattermost_config\" in the target",
                    origin);
    return -1;
}

/* ---- the data source */

/* "FILE: SqlSettings.DataSource" or "FILE: MM_SQLSETTINGS_DATASOURCE". */
static void describe(const struct reading *reading, enum mattermost_key key, char *out, size_t out_bytes)
{
    char variable[64];
    if (reading->values.value[key].from == MATTERMOST_FROM_VARIABLE)
        text_format(out, out_bytes, "%s: %s", reading->variables_origin,
                    mattermost_key_variable(key, variable));
    else
        text_format(out, out_bytes, "%s: %s", reading->config->facts.origin, mattermost_key_name(key));
}

static int choose_driver(const struct reading *reading, enum dsn_driver *driver)
{
    const struct mattermost_value *name = &reading->values.value[MATTERMOST_DRIVER_NAME];
    char origin[MATTERMOST_ORIGIN_BYTES];
    if (name->from == MATTERMOST_FROM_NOWHERE) {
        /* A data source in a variable, and the driver's name in the database: it is that database's. */
        *driver = reading->config->facts.in_database ? reading->config->place.driver : DSN_POSTGRESQL;
        return 0;
    }
    *driver = strcmp(name->text, "mysql") == 0 ? DSN_MYSQL : DSN_POSTGRESQL;
    if (*driver == DSN_MYSQL || strcmp(name->text, "postgres") == 0)
        return 0;
    describe(reading, MATTERMOST_DRIVER_NAME, origin, sizeof origin);
    text_format(reading->fault, reading->fault_bytes,
                "%s is another text; allowed are \"postgres\" and \"mysql\"", origin);
    return -1;
}

/* The first replica, else the master. A configuration in the database has been read already, unless a
 * variable goes before it. */
static int read_data_source(struct reading *reading)
{
    const struct mattermost_value *replicas = &reading->values.value[MATTERMOST_DATA_SOURCE_REPLICAS];
    const struct mattermost_value *master = &reading->values.value[MATTERMOST_DATA_SOURCE];
    struct mattermost_facts *facts = &reading->config->facts;
    enum mattermost_key key = MATTERMOST_DATA_SOURCE;
    enum dsn_driver driver;
    facts->replicas = replicas->from == MATTERMOST_FROM_NOWHERE && facts->is_partial ? -1 : replicas->number;
    facts->is_replica = replicas->number > 0;
    if (facts->is_replica)
        key = MATTERMOST_DATA_SOURCE_REPLICAS;
    else if (facts->in_database && (master->text == NULL || master->text[0] == '\0'))
        return 0;
    if (choose_driver(reading, &driver) != 0)
        return -1;
    const char *text = reading->values.value[key].text;
    if (text == NULL)
        text = DEFAULT_DATA_SOURCE;
    describe(reading, key, facts->database_origin, sizeof facts->database_origin);
    if (reading->values.value[key].from == MATTERMOST_FROM_NOWHERE)
        text_format(facts->database_origin, sizeof facts->database_origin, "%s: Mattermost's default, because it has no %s",
                    facts->origin, mattermost_key_name(key));
    const char *why = driver == DSN_MYSQL ? dsn_parse_mysql(text, &reading->config->database)
                                          : dsn_parse_postgresql(text, &reading->config->database);
    if (why == NULL)
        return 0;
    text_format(reading->fault, reading->fault_bytes, "%s cannot be used: %s", facts->database_origin, why);
    return -1;
}

/* ---- facts */

static int64_t number(const struct reading *reading, enum mattermost_key key, int64_t standard)
{
    const struct mattermost_value *value = &reading->values.value[key];
    if (value->from != MATTERMOST_FROM_NOWHERE)
        return value->number;
    return reading->config->facts.is_partial ? -1 : standard;
}

static bool fill_text(const struct reading *reading, enum mattermost_key key, const char *standard, char *out,
                      size_t out_bytes)
{
    const struct mattermost_value *value = &reading->values.value[key];
    const char *text = reading->config->facts.is_partial ? "" : standard;
    char origin[MATTERMOST_ORIGIN_BYTES];
    if (value->from != MATTERMOST_FROM_NOWHERE)
        text = value->text;
    bool is_line = text_is_utf8(text, strlen(text));
    for (const char *byte = text; *byte != '\0'; byte++)
        is_line = is_line && (unsigned char)*byte >= 0x20 && *byte != 0x7f;
    if (is_line && text_format(out, out_bytes, "%s", text))
        return true;
    describe(reading, key, origin, sizeof origin);
    text_format(reading->fault, reading->fault_bytes,
                "%s is too long or holds control characters; allowed is a line of at most %zu bytes", origin,
                out_bytes - 1);
    return false;
}

static int read_facts(struct reading *reading)
{
    struct mattermost_facts *facts = &reading->config->facts;
    /* 300 and 20 up to some release, 100 and 50 since: without the key there is no telling. */
    facts->max_open_connections = number(reading, MATTERMOST_MAX_OPEN_CONNS, -1);
    facts->max_idle_connections = number(reading, MATTERMOST_MAX_IDLE_CONNS, -1);
    facts->connection_max_lifetime_ms = number(reading, MATTERMOST_CONN_MAX_LIFETIME, DEFAULT_LIFETIME_MS);
    facts->connection_max_idle_time_ms = number(reading, MATTERMOST_CONN_MAX_IDLE_TIME, DEFAULT_IDLE_TIME_MS);
    facts->local_mode = (int)number(reading, MATTERMOST_LOCAL_MODE, 0);
    facts->metrics = (int)number(reading, MATTERMOST_METRICS, 0);
    const struct {
        enum mattermost_key key;
        const char *standard;
        char *out;
        size_t out_bytes;
    } texts[] = {
        {MATTERMOST_SITE_URL, "", facts->site_url, sizeof facts->site_url},
        {MATTERMOST_LISTEN_ADDRESS, ":8065", facts->listen_address, sizeof facts->listen_address},
        {MATTERMOST_CONNECTION_SECURITY, "", facts->connection_security, sizeof facts->connection_security},
        {MATTERMOST_LOCAL_SOCKET, "/var/tmp/mattermost_local.socket", facts->local_socket,
         sizeof facts->local_socket},
        {MATTERMOST_METRICS_LISTEN_ADDRESS, ":8067", facts->metrics_listen_address,
         sizeof facts->metrics_listen_address},
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        if (!fill_text(reading, texts[i].key, texts[i].standard, texts[i].out, texts[i].out_bytes))
            return -1;
    return 0;
}

int mattermost_config_read(const struct mattermost_source *source, char *const *environment,
                           struct mattermost_config *config, char *fault, size_t fault_bytes)
{
    struct reading reading = {
        .source = source,
        .config = config,
        .fault = fault,
        .fault_bytes = fault_bytes,
    };
    memset(config, 0, sizeof *config);
    int result = read_variables(&reading, environment);
    if (result == 0)
        result = read_place(&reading);
    if (result == 0)
        result = read_data_source(&reading);
    if (result == 0)
        result = read_facts(&reading);
    mattermost_values_free(&reading.values);
    if (result != 0)
        mattermost_config_wipe(config);
    return result;
}
