/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The configuration: minotor.conf and the files of collectors.d, checked and in our own words. It is read as
 * a whole, or not at all; nothing refers to libconfig afterwards. It holds no secret, only where secrets are, and hashes of passwords.
 */
#ifndef MINOTOR_SUPERVISOR_CONFIG_H
#define MINOTOR_SUPERVISOR_CONFIG_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/layers.h"
#include "common/limits.h"
#include "common/log.h"
#include "supervisor/config_file.h"
#include "common/web_limits.h"
#include "supervisor/listener.h"
#include "supervisor/log_format.h"
#include "supervisor/mattermost_config.h"

#define CONFIG_ORIGIN_BYTES 256

/* The reader of a configuration in a database: no collector can have this name. */
#define CONFIG_ROW_READER "mattermost-config"

enum config_driver {
    CONFIG_DRIVER_POSTGRESQL,
    CONFIG_DRIVER_MYSQL,
};

/* "postgresql", "mysql"; static. */
const char *config_driver_name(enum config_driver driver);

struct config_listen {
    char text[LISTENER_TEXT_BYTES];
    char origin[CONFIG_ORIGIN_BYTES];
    struct listener_address address;
};

/* How many sessions minotor has at the database, and for how long. */
struct config_connections {
    unsigned max;
    int64_t idle_max_ms;
    int64_t lifetime_max_ms;
};

struct config_database {
    enum config_driver driver;
    char host[CONFIG_TEXT_BYTES]; /* a name, an address, or the folder of a unix socket */
    unsigned port;
    char name[CONFIG_TEXT_BYTES];
    char user[CONFIG_TEXT_BYTES];
    char password_file[CONFIG_PATH_BYTES]; /* "": none */
    char password_origin[CONFIG_ORIGIN_BYTES];
    char sslmode[16];
    char sslrootcert[CONFIG_PATH_BYTES]; /* "": none */
    char sslcert[CONFIG_PATH_BYTES];     /* these only from Mattermost's data source */
    char sslkey[CONFIG_PATH_BYTES];
    char search_path[CONFIG_TEXT_BYTES];
    struct config_connections connections;
};

/* The HTTP API of the target. "": not configured, or as Mattermost's configuration has it. */
struct config_api {
    char url[MATTERMOST_URL_BYTES];
    char metrics_url[MATTERMOST_URL_BYTES];
    char token_file[CONFIG_PATH_BYTES];
    char token_origin[CONFIG_ORIGIN_BYTES];
    char login[CONFIG_TEXT_BYTES]; /* name or e-mail address; then there is a password_file, a url and no token */
    char password_file[CONFIG_PATH_BYTES];
    char password_origin[CONFIG_ORIGIN_BYTES];
    bool insecure; /* the login may go over the network unencrypted */
    char local_socket[CONFIG_PATH_BYTES];
    char ca_file[CONFIG_PATH_BYTES];
};

/* What a target has learned from Mattermost's own configuration, and where a worker's password is read again.
 */
struct config_mattermost {
    bool given;
    char origin[CONFIG_ORIGIN_BYTES];
    struct mattermost_source source;
    struct mattermost_facts facts;
    bool is_row;         /* this is where the configuration itself is, in a database */
    uint64_t row_sum;    /* of what was read there; 0: nothing yet */
    bool gives_password; /* the data source's, for the user below at the place below */
    char host[CONFIG_TEXT_BYTES];
    unsigned port;
    char user[CONFIG_TEXT_BYTES];
    unsigned left_out; /* parameters of the data source that are not passed on */
};

struct config_target {
    char name[NAME_MAX_BYTES + 1];
    char origin[CONFIG_ORIGIN_BYTES];
    struct config_database database;
    struct config_api api;
    struct config_mattermost mattermost;
};

/* A setting of a plugin's own: only the worker knows what it means. */
struct config_setting_value {
    const char *kind; /* how it was written: "text", "integer", "boolean". Static */
    char name[NAME_MAX_BYTES + 1];
    char value[SETTING_VALUE_MAX_BYTES];
    char origin[CONFIG_ORIGIN_BYTES];
};

/* Secrets of a target that a collector's worker is given: bits. */
enum config_secret {
    CONFIG_SECRET_DATABASE = 1,
    CONFIG_SECRET_API = 2,
};

struct config_collector {
    char name[NAME_MAX_BYTES + 1];
    char path[CONFIG_PATH_BYTES]; /* its file */
    char origin[CONFIG_ORIGIN_BYTES];
    bool enabled;
    int64_t interval_ms;
    int64_t timeout_ms;
    int64_t stale_after_ms;
    char plugin[CONFIG_PATH_BYTES];
    char plugin_origin[CONFIG_ORIGIN_BYTES]; /* "": the default path */
    uint32_t targets;                        /* bit i: config.targets[i] */
    unsigned secrets;                        /* of enum config_secret */
    struct slot_limits limits;
    struct sandbox_choice sandbox;           /* its own word, or the configuration's */
    struct config_setting_value *settings;
    unsigned setting_count;
};

struct config_paths {
    char worker[CONFIG_PATH_BYTES];
    char worker_origin[CONFIG_ORIGIN_BYTES];
    char front[CONFIG_PATH_BYTES];
    char front_origin[CONFIG_ORIGIN_BYTES];
    char broker[CONFIG_PATH_BYTES];
    char broker_origin[CONFIG_ORIGIN_BYTES];
    char collectors[CONFIG_PATH_BYTES]; /* folder of NAME.so */
    char drivers[CONFIG_PATH_BYTES];    /* folder of database drivers */
};

struct config_web_user {
    char name[WEB_USER_MAX_BYTES + 1];
    char hash[WEB_HASH_BYTES + 1]; /* of bcrypt */
};

/* Who may come in. */
struct config_web {
    struct config_web_user users[WEB_USERS_MAX];
    unsigned user_count;
    char token_file[CONFIG_PATH_BYTES]; /* "": none */
};

struct config {
    char path[CONFIG_PATH_BYTES];
    char user[64]; /* the account of front and workers; only when started as root */
    char user_origin[CONFIG_ORIGIN_BYTES];
    bool drop; /* whether uid and gid are to be taken on */
    uid_t uid;
    gid_t gid;
    uid_t worker_uid_first; /* of slot 0's worker; 0: all workers are of `user` */
    char worker_uids_origin[CONFIG_ORIGIN_BYTES];
    struct sandbox_choice sandbox; /* of the front, and of collectors that say nothing else */
    enum log_level log_level;
    enum log_format log_format;
    struct config_listen listen[LISTENERS_MAX];
    unsigned listen_count;
    bool insecure;
    struct config_web web;
    struct web_limits web_limits;
    char collectors_dir[CONFIG_PATH_BYTES];
    char state_file[CONFIG_PATH_BYTES]; /* "": none */
    char state_file_origin[CONFIG_ORIGIN_BYTES];
    struct config_paths paths;
    struct config_target targets[TARGETS_MAX];
    unsigned target_count;
    struct config_collector *collectors[SLOTS_MAX];
    unsigned collector_count;
    /* Configurations of Mattermost that stand in a database: who reads them, where, and what was read. */
    struct config_collector row_reader;
    struct config_target *row_targets[TARGETS_MAX]; /* by target; NULL: it stands in a file, or nobody asks */
    char *rows[TARGETS_MAX];                        /* secret; NULL: not read yet */
};

/* What the command line says instead of the file. */
struct config_overrides {
    const char *listen[LISTENERS_MAX];
    unsigned listen_count; /* 0: as in the file */
    const char *log_level; /* NULL: as in the file; already known to be good */
    const char *log_format;
};

/* Configurations that were read out of databases, by target. Owned by the supervisor, secret. */
struct config_rows {
    struct {
        char target[NAME_MAX_BYTES + 1]; /* "": none */
        char *text;
    } row[TARGETS_MAX];
};

/*
 * Reads everything. The caller frees it with config_free(); NULL after at least one fault. `rows` is what is known
 * of configurations in databases, and is copied. It and `overrides` may be NULL. Listen addresses of the overrides have been parsed before, so only their being public is a fault
 * here.
 */
struct config *config_load(const char *path, const struct config_overrides *overrides,
                           const struct config_rows *rows, struct config_faults *faults);
void config_free(struct config *config);

/*
 * The pairs of collector and target that are to run: those that read a configuration out of a database come first.
 * `position` starts at 0. False after the last.
 */
bool config_next_pair(const struct config *config, unsigned *position, const struct config_collector **collector,
                      const struct config_target **target);

/* "logfmt" or "json"; 0, or -1 for a word that is neither. */
int config_parse_log_format(const char *word, enum log_format *format);

/* Whether two say the same, wherever it is written. */
bool config_database_equal(const struct config_database *one, const struct config_database *other);
bool config_target_equal(const struct config_target *one, const struct config_target *other);
/* A number for the database, whoever connects to it and how: another one for another database. */
uint64_t config_target_place(const struct config_target *target);
bool config_collector_equal(const struct config_collector *one, const struct config_collector *other);

/* Parts of config_load(), in files of their own. */
/* Whether the target names a configuration of Mattermost's. Then the rest is filled from it, or a fault told.
 */
bool config_read_mattermost(struct config *config, struct config_target *target, struct config_file *file,
                            const config_setting_t *group, const struct config_rows *rows);
/* After the explicit fields: what is left to Mattermost's configuration. */
void config_finish_mattermost(struct config_target *target, struct config_file *file,
                              const config_setting_t *group);
void config_read_api(struct config_target *target, struct config_file *file, const config_setting_t *group);
/* At last, when the address is known: whether that is one to log in at. */
void config_check_login(const struct config_target *target, struct config_file *file,
                        const config_setting_t *group);
void config_read_targets(struct config *config, struct config_file *file, const config_setting_t *root,
                         const struct config_rows *rows);
void config_read_limits(struct config_collector *collector, struct config_file *file, const config_setting_t *root);
void config_read_collectors(struct config *config, struct config_faults *faults);
/* The group "web"; and after it what the command line says, and whether that is allowed. */
void config_read_web(struct config *config, struct config_file *file, const config_setting_t *root);
void config_override_listen(struct config *config, const struct config_overrides *overrides);
void config_check_listen(struct config *config, struct config_faults *faults);
/* Whether clients have to prove who they are. */
bool config_web_asks(const struct config_web *web);
/* "sandbox", "sandbox_without" and "sandbox_unknown" of a file; what is not there stays as it is. */
void config_read_sandbox(struct sandbox_choice *choice, struct config_file *file, const config_setting_t *root);
/* "worker_uids". */
void config_read_worker_uids(struct config *config, struct config_file *file, const config_setting_t *root);

#endif
