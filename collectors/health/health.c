/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether Mattermost answers, and what it says of itself. minotor-health(7) says what each value means and what
 * each question costs the server.
 */
#include "health.h"

#include <stdio.h>
#include <stdlib.h>

static const struct minotor_family families[FAMILY_COUNT] = {
    [UP] = { .name = "mattermost_up",
             .type = MINOTOR_GAUGE,
             .help = "Whether the server answers a ping." },
    [PING_DURATION] = { .name = "mattermost_ping_duration_seconds",
                        .type = MINOTOR_GAUGE,
                        .unit = "seconds",
                        .help = "How long the server took to answer the last plain ping, with connecting where necessary." },
    [STATUS] = { .name = "mattermost_usage_status",
                 .type = MINOTOR_GAUGE,
                 .help = "Whether the server calls itself healthy: 1, or 0 when it, its database or its file store is not." },
    [DATABASE_STATUS] = { .name = "mattermost_system_database_status",
                          .type = MINOTOR_GAUGE,
                          .help = "Whether the server could write to its database at the last full ping." },
    [FILESTORE_STATUS] = { .name = "mattermost_system_filestore_status",
                           .type = MINOTOR_GAUGE,
                           .help = "Whether the server could write to its file store at the last full ping." },
    [FULL_PING_TIME] = { .name = "mattermost_full_ping_timestamp_seconds",
                         .type = MINOTOR_GAUGE,
                         .unit = "seconds",
                         .help = "When the last full ping was answered, in seconds since the epoch." },
    [SEARCH_BACKEND] = { .name = "mattermost_search_backend_info",
                         .type = MINOTOR_INFO,
                         .help = "What the server searches posts with.",
                         .labels = { "backend" } },
    [WEBSOCKETS] = { .name = "mattermost_websocket_connections",
                     .type = MINOTOR_GAUGE,
                     .help = "Clients connected by websocket, on all nodes." },
    [SERVER_CONNECTIONS] = { .name = "mattermost_server_database_connections",
                             .type = MINOTOR_GAUGE,
                             .help = "Connections to the database that the server holds open, on all nodes.",
                             .labels = { "role" } },
    [PLUGIN_RUNNING] = { .name = "mattermost_plugin_running",
                         .type = MINOTOR_GAUGE,
                         .help = "Whether an installed plugin runs, in a cluster on every node that has it.",
                         .labels = { "plugin_id" } },
    [PLUGIN_INFO] = { .name = "mattermost_plugin_info",
                      .type = MINOTOR_INFO,
                      .help = "Installed plugins and their versions.",
                      .labels = { "plugin_id", "version" } },
    [CLUSTER_NODES] = { .name = "mattermost_cluster_nodes",
                        .type = MINOTOR_GAUGE,
                        .help = "Nodes of the cluster that are alive, as the node that answered sees them." },
    [CLUSTER_NODE_INFO] = { .name = "mattermost_cluster_node_info",
                            .type = MINOTOR_INFO,
                            .help = "Nodes of the cluster that are alive, and the versions that they run.",
                            .labels = { "hostname", "version" } },
};

static const struct minotor_setting settings[] = {
    { .name = "ping_timeout",
      .type = MINOTOR_SETTING_DURATION,
      .default_value = "5s",
      .minimum = 50,
      .maximum = 60000,
      .help = "How long a plain ping may take; never more than half of the round's timeout." },
    { .name = "full_ping_interval",
      .type = MINOTOR_SETTING_DURATION,
      .default_value = "60s",
      .minimum = 10000,
      .maximum = 86400000,
      .help = "How often the server is asked to test its database and its file store, which writes to both." },
    { .name = "details_interval",
      .type = MINOTOR_SETTING_DURATION,
      .default_value = "60s",
      .minimum = 10000,
      .maximum = 86400000,
      .help = "How often connections, plugins and nodes are asked for." },
    { .name = "analytics_on_old_servers",
      .type = MINOTOR_SETTING_BOOLEAN,
      .default_value = "false",
      .minimum = 0,
      .maximum = 1,
      .help = "Ask for connections also before Mattermost 10.6, where the answer makes the server count all posts." },
};

int question_is_due(const struct question *question, int64_t now_ms, int64_t interval_ms)
{
    /* A clock that was set back must not silence a question. */
    return question->asked_ms == 0 || now_ms < question->asked_ms || now_ms - question->asked_ms >= interval_ms;
}

void question_failed(struct question *question, const struct minotor_host *host)
{
    question->knowledge = UNKNOWN;
    snprintf(question->reason, sizeof question->reason, "%s", minotor_error(host));
}

void question_refused(struct question *question, const struct minotor_host *host, const char *path, int status)
{
    const char *location = minotor_http_header(host, "Location");
    question->knowledge = UNKNOWN;
    if (status >= 300 && status < 400)
        snprintf(question->reason, sizeof question->reason,
                 "GET %s: the server redirects to %.100s, which is not followed: it has to be the configured address",
                 path, location != NULL ? location : "nowhere");
    else if (status == 401)
        snprintf(question->reason, sizeof question->reason, "GET %s: the server does not accept the token", path);
    else if (status == 429)
        snprintf(question->reason, sizeof question->reason, "GET %s: the server limits our rate of requests", path);
    else
        snprintf(question->reason, sizeof question->reason, "GET %s: status %d without the answer that was asked for",
                 path, status);
}

static int health_open(const struct minotor_host *host, void **state)
{
    struct health *health = calloc(1, sizeof *health);
    if (health == NULL)
        return minotor_fail(host, "out of memory");
    *state = health;
    return MINOTOR_OK;
}

static int health_collect(const struct minotor_host *host, void *state)
{
    struct health *health = state;
    char reason[MINOTOR_TEXT_MAX];
    int result = ping_plain(health, host);
    if (result == MINOTOR_FAILED) {
        snprintf(reason, sizeof reason, "%s", minotor_error(host));
        for (uint32_t family = PING_DURATION; family < FAMILY_COUNT; family++)
            minotor_unknown(host, family, reason);
        return MINOTOR_OK;
    }
    if (result == MINOTOR_OK) {
        ping_full(health, host);
        details_collect(health, host);
    }
    return result;
}

static void health_close(const struct minotor_host *host, void *state)
{
    (void)host;
    free(state);
}

static const struct minotor_collector collector = {
    MINOTOR_DESCRIPTOR,
    .needs = MINOTOR_NEEDS_API,
    .name = "health",
    .version = "1.0",
    .summary = "Whether a Mattermost server answers, and what it says of itself",
    .author = "the minotor authors",
    .license = "Apache-2.0",
    .families = families,
    .family_count = FAMILY_COUNT,
    .family_size = sizeof(struct minotor_family),
    .settings = settings,
    .setting_count = sizeof settings / sizeof settings[0],
    .setting_size = sizeof(struct minotor_setting),
    .open = health_open,
    .collect = health_collect,
    .close = health_close,
};

const struct minotor_collector *minotor_collector(void)
{
    return &collector;
}
