/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What Mattermost's own configuration says: config.json, or the database that MM_CONFIG names, and the
 * variables MM_* that go before it, applied as Mattermost applies them.
 *
 * It is read anew whenever it is wanted: the data source holds the password, which nobody keeps, unless it came out
 * of a database (row.h). Nothing that is read ends up in a message, only the names of keys and files.
 */
#ifndef MINOTOR_SUPERVISOR_MATTERMOST_CONFIG_H
#define MINOTOR_SUPERVISOR_MATTERMOST_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "supervisor/dsn.h"

#define MATTERMOST_CONFIG_MAX_BYTES                                                                          \
    (4 * 1024 * 1024) /* a real one has some 30 KB; plugins' settings add to it */
#define MATTERMOST_URL_BYTES    512
#define MATTERMOST_ORIGIN_BYTES (DSN_PATH_BYTES + 64)

/* Where it is. "": not given. */
struct mattermost_source {
    char config[DSN_PATH_BYTES];      /* config.json */
    char dsn_file[DSN_PATH_BYTES];    /* a file with the data source of a configuration in the database */
    char environment[DSN_PATH_BYTES]; /* variables, in place of those of this process */
    const char *row; /* the configuration out of its database, if it stands in one and was read; else NULL */
};

/* Nothing secret. A negative number, or "": it is not known. */
struct mattermost_facts {
    char origin[MATTERMOST_ORIGIN_BYTES];          /* the file, or "the database"; where the rest came from */
    bool in_database;
    bool is_partial; /* it has not been read there: only what variables and the data source say is known */
    char database_origin[MATTERMOST_ORIGIN_BYTES]; /* file and key, or variable, of the data source in use */
    int64_t replicas;
    bool is_replica;              /* the data source in use is the first replica */
    int64_t max_open_connections; /* per data source and node; defaults differ between releases */
    int64_t max_idle_connections;
    int64_t connection_max_lifetime_ms;
    int64_t connection_max_idle_time_ms;
    char site_url[MATTERMOST_URL_BYTES];
    char listen_address[MATTERMOST_URL_BYTES];
    char connection_security[16]; /* "TLS" or "" */
    int local_mode;               /* 0, 1, or negative */
    char local_socket[DSN_PATH_BYTES];
    int metrics;
    char metrics_listen_address[MATTERMOST_URL_BYTES];
};

struct mattermost_config {
    struct dsn database; /* of the first replica, or else of the master */
    struct dsn place;    /* in_database: where the configuration itself is */
    struct mattermost_facts facts;
};

/*
 * Reads all of it. `environment` is that of this process, as in environ(7). 0; or -1, and `fault` is one
 * line: FILE[:LINE]: what was found; what is allowed. The caller wipes `config` with
 * mattermost_config_wipe(); after a failure it is wiped already.
 */
int mattermost_config_read(const struct mattermost_source *source, char *const *environment,
                           struct mattermost_config *config, char *fault, size_t fault_bytes);

void mattermost_config_wipe(struct mattermost_config *config);

#endif
