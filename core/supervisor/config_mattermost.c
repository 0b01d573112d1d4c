/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of a target that Mattermost's own configuration can give: the database and the HTTP API. */
#include "supervisor/config.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/plain_http.h"
#include "common/text.h"

static_assert(CONFIG_TEXT_BYTES == DSN_TEXT_BYTES && CONFIG_PATH_BYTES == DSN_PATH_BYTES,
              "a field of a data source fits into its field here");

/* What a data source says becomes the target's; explicit fields come afterwards and win. */
static void take_database(struct config_target *target, const struct dsn *dsn)
{
    struct config_database *database = &target->database;
    struct config_mattermost *mattermost = &target->mattermost;
    database->driver = dsn->driver == DSN_MYSQL ? CONFIG_DRIVER_MYSQL : CONFIG_DRIVER_POSTGRESQL;
    database->port = dsn->port;
    strcpy(database->host, dsn->host);
    strcpy(database->name, dsn->name);
    strcpy(database->user, dsn->user);
    strcpy(database->sslmode, dsn->sslmode);
    strcpy(database->sslrootcert, dsn->sslrootcert);
    strcpy(database->sslcert, dsn->sslcert);
    strcpy(database->sslkey, dsn->sslkey);
    strcpy(database->search_path, dsn->search_path);
    mattermost->port = dsn->port;
    strcpy(mattermost->host, dsn->host);
    strcpy(mattermost->user, dsn->user);
    mattermost->gives_password = dsn->password[0] != '\0';
    mattermost->left_out = dsn->left_out;
}

/* True when one of the keys is there; false, too, after a fault in one of them. */
static bool read_source(struct config_mattermost *mattermost, struct config_file *file,
                        const config_setting_t *group)
{
    struct mattermost_source *source = &mattermost->source;
    const config_setting_t *where = config_setting_get_member(group, "mattermost_config");
    bool config = config_path(file, group, "mattermost_config", source->config, sizeof source->config);
    bool dsn =
        config_path(file, group, "mattermost_config_dsn_file", source->dsn_file, sizeof source->dsn_file);
    bool environment =
        config_path(file, group, "mattermost_environment", source->environment, sizeof source->environment);
    if (where == NULL)
        where = config_setting_get_member(group, "mattermost_config_dsn_file");
    if (where == NULL)
        where = config_setting_get_member(group, "mattermost_environment");
    if (where == NULL)
        return false;
    config_origin(file, where, mattermost->origin, sizeof mattermost->origin);
    if (config && dsn) {
        config_fault(
            file, where,
            "both \"mattermost_config\" and \"mattermost_config_dsn_file\" are given; allowed is one");
        return false;
    }
    return config || dsn || environment;
}

/* FNV-1a: whether it is the same text as before is all that is asked. */
static uint64_t sum_of(const char *text)
{
    uint64_t sum = UINT64_C(0xcbf29ce484222325);
    for (; *text != '\0'; text++)
        sum = (sum ^ (unsigned char)*text) * UINT64_C(0x100000001b3);
    return sum;
}

/* The configuration keeps a text of its own: the supervisor's may be replaced while this one is in force. */
static void take_row(struct config *config, struct config_target *target, const struct config_rows *rows)
{
    struct config_mattermost *mattermost = &target->mattermost;
    for (size_t i = 0; rows != NULL && i < TARGETS_MAX; i++) {
        if (rows->row[i].text == NULL || strcmp(rows->row[i].target, target->name) != 0)
            continue;
        char *text = strdup(rows->row[i].text);
        config->rows[target - config->targets] = text;
        mattermost->source.row = text;
        mattermost->row_sum = text == NULL ? 0 : sum_of(text);
    }
}

/* Who reads it comes as Mattermost itself does: nobody else needs to be allowed to. */
static bool make_row_target(struct config *config, const struct config_target *target, const struct dsn *place)
{
    struct config_target *row = calloc(1, sizeof *row);
    if (row == NULL)
        return false;
    config->row_targets[target - config->targets] = row;
    strcpy(row->name, target->name);
    strcpy(row->origin, target->origin);
    row->mattermost.given = true;
    row->mattermost.is_row = true;
    row->mattermost.source = target->mattermost.source;
    strcpy(row->mattermost.origin, target->mattermost.origin);
    take_database(row, place);
    return true;
}

bool config_read_mattermost(struct config *config, struct config_target *target, struct config_file *file,
                            const config_setting_t *group, const struct config_rows *rows)
{
    struct config_mattermost *mattermost = &target->mattermost;
    struct mattermost_config found;
    char fault[LOG_LINE_MAX_BYTES];
    bool is_there = config_setting_get_member(group, "mattermost_config") != NULL ||
                    config_setting_get_member(group, "mattermost_config_dsn_file") != NULL ||
                    config_setting_get_member(group, "mattermost_environment") != NULL;
    /* Given, even if nothing comes of it: then a missing "database" is no second mistake. */
    mattermost->given = is_there;
    if (!read_source(mattermost, file, group))
        return is_there;
    take_row(config, target, rows);
    if (mattermost_config_read(&mattermost->source, environ, &found, fault, sizeof fault) != 0) {
        config_fault_at(file->faults, "%s", fault);
        return true;
    }
    mattermost->facts = found.facts;
    take_database(target, &found.database);
    if (found.facts.in_database && !make_row_target(config, target, &found.place))
        config_fault_at(file->faults, "%s: no memory", mattermost->origin);
    mattermost_config_wipe(&found);
    return true;
}

static bool is_url(const char *text)
{
    bool http = strncmp(text, "http://", 7) == 0 || strncmp(text, "https://", 8) == 0;
    return http && strpbrk(text, " \"<>\\^`{|}") == NULL && strstr(text, "://")[3] != '\0' &&
           strchr(text, '@') == NULL;
}

/* "http://HOST:PORT" of a listen address of Go on this host; "" when it is none. */
static void local_url(const char *address, bool tls, char *out, size_t out_bytes)
{
    const char *colon = strrchr(address, ':');
    const char *host = address;
    int size = colon == NULL ? 0 : (int)(colon - address);
    const char *port = colon == NULL ? "" : colon + 1;
    /* An address that means all of them, or none, is this host's. */
    if (size == 0 || strncmp(address, "0.0.0.0:", 8) == 0 || strncmp(address, "[::]:", 5) == 0) {
        host = "localhost";
        size = (int)strlen(host);
    }
    if (dsn_port(port) == 0 ||
        !text_format(out, out_bytes, "http%s://%.*s:%s", tls ? "s" : "", size, host, port))
        out[0] = '\0';
}

/* Relative paths count from the folder that Mattermost was started in, which nobody tells us. */
static void check_paths(struct config_target *target, struct config_file *file, const config_setting_t *group)
{
    const struct {
        const char *key;
        const char *path;
    } paths[] = {
        {"sslrootcert", target->database.sslrootcert},
        {"sslcert", target->database.sslcert},
        {"sslkey", target->database.sslkey},
    };
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++)
        if (paths[i].path[0] != '\0' && paths[i].path[0] != '/' && strcmp(paths[i].path, "system") != 0)
            config_fault(file, group, "%s has a relative path in \"%s\"; allowed is an absolute one",
                         target->mattermost.facts.database_origin, paths[i].key);
}

static void finish_api(struct config_target *target)
{
    struct mattermost_facts *facts = &target->mattermost.facts;
    struct config_api *api = &target->api;
    bool tls = strcmp(facts->connection_security, "TLS") == 0;
    /* One with a user and a password in it is not for every worker. */
    if (!is_url(facts->site_url))
        explicit_bzero(facts->site_url, sizeof facts->site_url);
    if (api->url[0] == '\0' && facts->site_url[0] != '\0')
        text_format(api->url, sizeof api->url, "%s", facts->site_url);
    else if (api->url[0] == '\0' && facts->listen_address[0] != '\0')
        local_url(facts->listen_address, tls, api->url, sizeof api->url);
    if (api->metrics_url[0] == '\0' && facts->metrics > 0)
        local_url(facts->metrics_listen_address, false, api->metrics_url, sizeof api->metrics_url);
    if (api->local_socket[0] == '\0' && facts->local_mode > 0)
        text_format(api->local_socket, sizeof api->local_socket, "%s", facts->local_socket);
}

void config_finish_mattermost(struct config_target *target, struct config_file *file,
                              const config_setting_t *group)
{
    struct config_mattermost *mattermost = &target->mattermost;
    /* An administrator who gives minotor a role of its own gives its password, too. */
    if (target->database.password_file[0] != '\0' || strcmp(target->database.user, mattermost->user) != 0)
        mattermost->gives_password = false;
    check_paths(target, file, group);
    finish_api(target);
}

/* ---- the group "api" */

static void read_url(struct config_file *file, const config_setting_t *group, const char *key, char *out,
                     size_t out_bytes)
{
    /* What stands in front of an @ would be a password. */
    if (config_text(file, group, key, out, out_bytes) && out[0] != '\0' && !is_url(out))
        config_fault(
            file, config_setting_get_member(group, key),
            "\"%s\" is no URL that can be used; allowed is http:// or https:// with a host, without a "
            "user and a password",
            key);
}

/* Empty stands for absent, so that a sample configuration can name every key. */
static bool read_path(struct config_file *file, const config_setting_t *group, const char *key, char *out,
                      size_t out_bytes)
{
    const char *text = NULL;
    if (config_setting_lookup_string(group, key, &text) == CONFIG_TRUE && text[0] == '\0')
        return false;
    return config_path(file, group, key, out, out_bytes);
}

/* A token file, or a login and the file with its password. */
static void read_rights(struct config_api *api, struct config_file *file, const config_setting_t *group)
{
    const config_setting_t *token = config_setting_get_member(group, "token_file");
    const config_setting_t *login = config_setting_get_member(group, "login");
    const config_setting_t *password = config_setting_get_member(group, "password_file");
    if (read_path(file, group, "token_file", api->token_file, sizeof api->token_file))
        config_origin(file, token, api->token_origin, sizeof api->token_origin);
    if (read_path(file, group, "password_file", api->password_file, sizeof api->password_file))
        config_origin(file, password, api->password_origin, sizeof api->password_origin);
    config_text(file, group, "login", api->login, sizeof api->login);
    config_boolean(file, group, "insecure", &api->insecure);
    if (api->login[0] != '\0' && api->token_file[0] != '\0')
        config_fault(file, login, "both \"login\" and \"token_file\" are given; allowed is one of them");
    if (api->login[0] != '\0' && api->password_file[0] == '\0')
        config_fault(file, login, "\"login\" is given without a \"password_file\"; allowed are both or neither");
    if (api->password_file[0] != '\0' && api->login[0] == '\0')
        config_fault(file, password,
                     "\"password_file\" is given without a \"login\"; allowed are both or neither");
    if (!text_is_utf8(api->login, strlen(api->login)))
        config_fault(file, login, "\"login\" is not UTF-8; allowed is the name or e-mail address of a user");
}

void config_read_api(struct config_target *target, struct config_file *file, const config_setting_t *group)
{
    static const char *const KEYS[] = {"url",           "metrics_url", "token_file",   "login",
                                       "password_file", "insecure",    "local_socket", "ca_file",
                                       NULL};
    struct config_api *api = &target->api;
    const config_setting_t *settings;
    if (!config_group(file, group, "api", &settings))
        return;
    config_known_keys(file, settings, KEYS);
    read_url(file, settings, "url", api->url, sizeof api->url);
    read_url(file, settings, "metrics_url", api->metrics_url, sizeof api->metrics_url);
    read_rights(api, file, settings);
    read_path(file, settings, "local_socket", api->local_socket, sizeof api->local_socket);
    read_path(file, settings, "ca_file", api->ca_file, sizeof api->ca_file);
}

void config_check_login(const struct config_target *target, struct config_file *file,
                        const config_setting_t *group)
{
    const struct config_api *api = &target->api;
    const config_setting_t *settings = config_setting_get_member(group, "api");
    bool is_unread = target->mattermost.facts.in_database && target->mattermost.row_sum == 0;
    if (api->login[0] == '\0' || (api->url[0] == '\0' && is_unread))
        return;
    const config_setting_t *login = config_setting_get_member(settings, "login");
    if (api->url[0] == '\0')
        config_fault(file, login, "there is a \"login\", and no address to log in at; allowed is with a \"url\"");
    else if (!api->insecure && plain_http_leaves_host(api->url))
        config_fault(file, login,
                     "\"login\" would send its password unencrypted to \"%.200s\"; allowed are https, an address "
                     "of this host, or \"insecure = true\"",
                     api->url);
}
