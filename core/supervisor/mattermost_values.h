/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The few values of Mattermost's configuration that we want, out of config.json and of the variables MM_*, by
 * the rules of Go's encoding/json and of Mattermost: keys in any case, null is not given, a variable that
 * does not fit its key's type is passed over.
 */
#ifndef MINOTOR_SUPERVISOR_MATTERMOST_VALUES_H
#define MINOTOR_SUPERVISOR_MATTERMOST_VALUES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum mattermost_key {
    MATTERMOST_CONFIG_PLACE, /* MM_CONFIG; a variable only */
    MATTERMOST_DRIVER_NAME,
    MATTERMOST_DATA_SOURCE,
    MATTERMOST_DATA_SOURCE_REPLICAS,
    MATTERMOST_MAX_OPEN_CONNS,
    MATTERMOST_MAX_IDLE_CONNS,
    MATTERMOST_CONN_MAX_LIFETIME,
    MATTERMOST_CONN_MAX_IDLE_TIME,
    MATTERMOST_SITE_URL,
    MATTERMOST_LISTEN_ADDRESS,
    MATTERMOST_CONNECTION_SECURITY,
    MATTERMOST_LOCAL_MODE,
    MATTERMOST_LOCAL_SOCKET,
    MATTERMOST_METRICS,
    MATTERMOST_METRICS_LISTEN_ADDRESS,
    MATTERMOST_KEYS,
};

enum mattermost_from {
    MATTERMOST_FROM_NOWHERE,
    MATTERMOST_FROM_FILE,
    MATTERMOST_FROM_VARIABLE,
};

struct mattermost_value {
    enum mattermost_from from;
    char *text;     /* of a text, and of a list its first member that is not empty, or NULL */
    int64_t number; /* an integer; 0 or 1; how many members of a list are not empty */
};

/* Begins as {0}; holds secrets; freed and wiped by mattermost_values_free(). */
struct mattermost_values {
    struct mattermost_value value[MATTERMOST_KEYS];
};

/*
 * Takes what the text of config.json says. 0; or -1 and `fault`, a line that begins with `path` and repeats
 * nothing of the text.
 */
int mattermost_values_take_json(struct mattermost_values *values, const char *path, const char *text,
                                char *fault, size_t fault_bytes);
/* Takes a variable, if it is one of those wanted. False: no memory. */
bool mattermost_values_take_variable(struct mattermost_values *values, const char *name, const char *text);
void mattermost_values_free(struct mattermost_values *values);

/* "SqlSettings.DataSource", "MM_SQLSETTINGS_DATASOURCE", for messages. */
const char *mattermost_key_name(enum mattermost_key key);
const char *mattermost_key_variable(enum mattermost_key key, char out[64]);

#endif
