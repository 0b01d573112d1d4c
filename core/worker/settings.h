/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the supervisor tells a worker before START: which collector for which target, its times, its database,
 * and the collector's own settings as they stand in its file, not yet looked at.
 */
#ifndef MINOTOR_WORKER_SETTINGS_H
#define MINOTOR_WORKER_SETTINGS_H

#include <stddef.h>
#include <stdint.h>

#include "common/control.h"
#include "common/limits.h"
#include "common/trust.h"

/* How the configuration has written a value. */
enum given_kind {
    GIVEN_ANYHOW, /* not told */
    GIVEN_TEXT,
    GIVEN_INTEGER,
    GIVEN_BOOLEAN,
};

/* A fact about the target ("target.NAME"), or an entry of the group `settings` of the collector's file. */
struct given_setting {
    char *name;
    char *value;
    char *origin; /* "file:line" or "" */
    enum given_kind kind;
};

struct database_place {
    char driver[NAME_MAX_BYTES + 1]; /* "": the target has no database */
    char host[CONFIG_TEXT_BYTES];
    char port[8];
    char name[CONFIG_TEXT_BYTES];
    char user[CONFIG_TEXT_BYTES];
    char password[SETTING_VALUE_MAX_BYTES];
    char sslmode[16];
    char sslrootcert[CONFIG_PATH_BYTES];
    char sslcert[CONFIG_PATH_BYTES];
    char sslkey[CONFIG_PATH_BYTES];
    char search_path[256];
};

/* Where the target's HTTP API is; "": not configured. */
struct api_site {
    char url[1024];
    char metrics_url[1024];
    char local_socket[108]; /* as much as the address of a unix socket holds */
    char ca_file[CONFIG_PATH_BYTES];
    char token[SETTING_VALUE_MAX_BYTES];
    char login[CONFIG_TEXT_BYTES]; /* instead of a token */
    char password[SETTING_VALUE_MAX_BYTES];
    char insecure[8]; /* "true": the login may go over the network unencrypted */
};

/* What minotord --check wants of a worker. */
enum trial {
    TRIAL_NONE,
    TRIAL_ROUND,    /* one round, then a report */
    TRIAL_SETTINGS, /* no round: whether the plugin takes its settings */
};

struct worker_settings {
    char slot[2 * NAME_MAX_BYTES + 2];
    char collector[NAME_MAX_BYTES + 1];
    char target[NAME_MAX_BYTES + 1];
    char plugin[SETTING_VALUE_MAX_BYTES];
    char drivers[SETTING_VALUE_MAX_BYTES];
    int64_t interval_ms;
    int64_t timeout_ms;
    int64_t first_delay_ms;
    struct trust_account starter; /* of minotord: this process, before it takes on another account */
    char distrust[LOG_LINE_MAX_BYTES]; /* why the plugin is not to be loaded; "": nothing speaks against it */
    struct slot_limits limits; /* cpu_ms, samples and bytes: the others are birth's */
    int64_t trial; /* enum trial */
    int64_t row;   /* 1: no collector; reads Mattermost's configuration out of its database */
    struct database_place database;
    struct api_site api;
    struct given_setting given[PLUGIN_SETTINGS_MAX];
    size_t given_count;
    struct given_setting facts[TARGET_FACTS_MAX];
    size_t fact_count;
};

void worker_settings_init(struct worker_settings *settings);
/* Takes over one message. 0, or -1 after logging one line (never the value of a secret). */
int worker_settings_take(struct worker_settings *settings, const struct control_setting *setting);
/* Whether everything that a worker needs has come. 0, or -1 after logging what is missing. */
int worker_settings_complete(const struct worker_settings *settings);
/* What is known of the target under a name such as "site_url"; "": nothing. Never a secret. */
const char *worker_settings_fact(const struct worker_settings *settings, const char *name);
/* Frees the given settings and wipes the secrets. */
void worker_settings_destroy(struct worker_settings *settings);

#endif
