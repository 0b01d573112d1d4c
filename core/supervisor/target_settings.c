/* SPDX-License-Identifier: Apache-2.0 */
#include "supervisor/target_settings.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/text.h"
#include "supervisor/password.h"

/* ---- secrets */

static int fail(enum password_result result, const char *origin, const char *key, const char *path, char *why,
                size_t why_bytes)
{
    if (result == PASSWORD_OK)
        return 0;
    const char *error = result == PASSWORD_UNREADABLE ? strerror(errno) : "";
    text_format(why, why_bytes, "%s: %s \"%s\" %s%s%s", origin, key, path, password_result_text(result),
                error[0] == '\0' ? "" : ": ", error);
    return -1;
}

static int read_file(const char *origin, const char *key, const char *path, char *secret, char *why,
                     size_t why_bytes)
{
    if (path[0] == '\0')
        return 0;
    return fail(password_read(path, secret, NULL), origin, key, path, why, why_bytes);
}

static int read_utf8(const char *origin, const char *key, const char *path, char *secret, char *why,
                     size_t why_bytes)
{
    if (path[0] == '\0')
        return 0;
    return fail(password_read_utf8(path, secret), origin, key, path, why, why_bytes);
}

/* The configuration may have changed since it was loaded: a new password must not go to an old place. */
static int read_mattermost(const struct config_target *target, char *password, char *why, size_t why_bytes)
{
    const struct config_mattermost *mattermost = &target->mattermost;
    struct mattermost_config config;
    if (mattermost_config_read(&mattermost->source, environ, &config, why, why_bytes) != 0)
        return -1;
    const struct dsn *now = mattermost->is_row ? &config.place : &config.database;
    bool same = strcmp(now->host, mattermost->host) == 0 && now->port == mattermost->port &&
                strcmp(now->user, mattermost->user) == 0 &&
                (now->driver == DSN_MYSQL) == (target->database.driver == CONFIG_DRIVER_MYSQL);
    if (same)
        strcpy(password, now->password);
    else
        text_format(why, why_bytes, "%s has changed and names another database or user; reload minotord",
                    config.facts.database_origin);
    mattermost_config_wipe(&config);
    return same ? 0 : -1;
}

int target_secrets_read(const struct config_target *target, unsigned wanted, struct target_secrets *secrets,
                        char *why, size_t why_bytes)
{
    const struct config_database *database = &target->database;
    const struct config_api *api = &target->api;
    int result = 0;
    memset(secrets, 0, sizeof *secrets);
    if ((wanted & CONFIG_SECRET_DATABASE) != 0 && target->mattermost.gives_password)
        result = read_mattermost(target, secrets->password, why, why_bytes);
    else if ((wanted & CONFIG_SECRET_DATABASE) != 0)
        result = read_file(database->password_origin, "password_file", database->password_file,
                           secrets->password, why, why_bytes);
    if (result == 0 && (wanted & CONFIG_SECRET_API) != 0)
        result = read_utf8(api->token_origin, "token_file", api->token_file, secrets->token, why, why_bytes);
    if (result == 0 && (wanted & CONFIG_SECRET_API) != 0)
        result = read_utf8(api->password_origin, "password_file", api->password_file, secrets->login_password,
                           why, why_bytes);
    if (result != 0)
        explicit_bzero(secrets, sizeof *secrets);
    return result;
}

/* ---- files */

/* Those that are in use; "": none. */
static void list_files(const struct config_target *target, const char *paths[TARGET_STATUS_FILES])
{
    const struct config_mattermost *mattermost = &target->mattermost;
    bool given = mattermost->gives_password;
    paths[0] = target->database.password_file;
    paths[1] = target->api.token_file;
    paths[2] = given && !mattermost->facts.in_database ? mattermost->facts.origin : "";
    paths[3] = given ? mattermost->source.dsn_file : "";
    paths[4] = given ? mattermost->source.environment : "";
    paths[5] = target->api.password_file;
}

void target_status_take(const struct config_target *target, struct target_status *status)
{
    const char *paths[TARGET_STATUS_FILES];
    list_files(target, paths);
    for (size_t i = 0; i < TARGET_STATUS_FILES; i++)
        if (paths[i][0] == '\0' || stat(paths[i], &status->file[i]) != 0)
            memset(&status->file[i], 0, sizeof status->file[i]);
}

bool target_status_same(const struct config_target *target, const struct target_status *status)
{
    struct target_status now;
    target_status_take(target, &now);
    for (size_t i = 0; i < TARGET_STATUS_FILES; i++) {
        const struct stat *one = &status->file[i];
        const struct stat *other = &now.file[i];
        if (one->st_dev != other->st_dev || one->st_ino != other->st_ino || one->st_size != other->st_size ||
            one->st_mtim.tv_sec != other->st_mtim.tv_sec || one->st_mtim.tv_nsec != other->st_mtim.tv_nsec)
            return false;
    }
    return true;
}

/* ---- sending */

struct setting {
    const char *name;
    const char *value;
};

/* What is empty is not sent: the worker's own default is the same. */
static void send_texts(const struct config_target *target, struct child *child,
                       const struct setting *settings, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (settings[i].value[0] != '\0')
            child_send_setting(child, settings[i].name, settings[i].value, target->origin);
}

/* A negative number is not known. */
static void send_number(const struct config_target *target, struct child *child, const char *name,
                        int64_t value)
{
    char text[24];
    if (value < 0)
        return;
    snprintf(text, sizeof text, "%" PRId64, value);
    child_send_setting(child, name, text, target->origin);
}

static void send_database(const struct config_target *target, struct child *child)
{
    const struct config_database *database = &target->database;
    const struct setting texts[] = {
        {"database.driver", config_driver_name(database->driver)},
        {"database.host", database->host},
        {"database.name", database->name},
        {"database.user", database->user},
        {"database.sslmode", database->sslmode},
        {"database.sslrootcert", database->sslrootcert},
        {"database.sslcert", database->sslcert},
        {"database.sslkey", database->sslkey},
        {"database.search_path", database->search_path},
    };
    send_texts(target, child, texts, sizeof texts / sizeof texts[0]);
    send_number(target, child, "database.port", database->port);
}

/* In local mode everything is allowed to everybody: its socket is for those who have a token, too. */
static void send_api(const struct config_target *target, unsigned wanted, struct child *child)
{
    const struct config_api *api = &target->api;
    const struct setting texts[] = {
        {"api.url", api->url},
        {"api.metrics_url", api->metrics_url},
        {"api.local_socket", (wanted & CONFIG_SECRET_API) != 0 ? api->local_socket : ""},
        {"api.ca_file", api->ca_file},
    };
    send_texts(target, child, texts, sizeof texts / sizeof texts[0]);
}

/* What minotor_target() tells a collector. */
static void send_facts(const struct config_target *target, struct child *child)
{
    const struct mattermost_facts *facts = &target->mattermost.facts;
    const struct setting texts[] = {
        {"target.config_source", facts->origin},
        {"target.site_url", facts->site_url},
        {"target.database.mattermost_user", target->mattermost.user},
        {"target.metrics.enable", facts->metrics < 0   ? ""
                                  : facts->metrics > 0 ? "true"
                                                       : "false"},
        {"target.metrics.listen_address", facts->metrics_listen_address},
    };
    if (!target->mattermost.given)
        return;
    send_texts(target, child, texts, sizeof texts / sizeof texts[0]);
    send_number(target, child, "target.database.replicas", facts->replicas);
    send_number(target, child, "target.database.max_open_conns", facts->max_open_connections);
    send_number(target, child, "target.database.max_idle_conns", facts->max_idle_connections);
    send_number(target, child, "target.database.conn_max_lifetime_ms", facts->connection_max_lifetime_ms);
    send_number(target, child, "target.database.conn_max_idle_time_ms", facts->connection_max_idle_time_ms);
}

void target_settings_send(const struct config_target *target, unsigned wanted,
                          const struct target_secrets *secrets, struct child *child)
{
    /* A login that a worker has no password for is none. */
    bool has_login = secrets->login_password[0] != '\0';
    const struct setting texts[] = {
        {"database.password", secrets->password},
        {"api.token", secrets->token},
        {"api.login", has_login ? target->api.login : ""},
        {"api.password", secrets->login_password},
        {"api.insecure", has_login && target->api.insecure ? "true" : ""},
    };
    send_database(target, child);
    send_api(target, wanted, child);
    send_facts(target, child);
    send_texts(target, child, texts, sizeof texts / sizeof texts[0]);
}
