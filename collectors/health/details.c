/* SPDX-License-Identifier: Apache-2.0 */
#include "health.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ANALYTICS_MAX 64
#define POINTER_BYTES 64

/* Reading ------------------------------------------------------------------------------------------------------ */

/* Copies a text of the answer, cut to fit; false when it is not there. */
static int take_text(const struct minotor_host *host, char *out, size_t out_bytes, const char *list, uint32_t index,
                     const char *key)
{
    char pointer[POINTER_BYTES];
    snprintf(pointer, sizeof pointer, "%s/%u/%s", list, (unsigned)index, key);
    const char *text = minotor_json(host, pointer);
    snprintf(out, out_bytes, "%s", text != NULL ? text : "");
    return out[0] != '\0';
}

/* A count is a whole number that is not negative; -1 says that the server left it out. */
static int64_t parse_count(const char *text)
{
    char *end = NULL;
    double value = strtod(text, &end);
    return end != text && *end == '\0' && value >= 0 && value < 9e15 ? (int64_t)value : -1;
}

static int read_analytics(struct health *health, const struct minotor_host *host)
{
    const struct {
        const char *name;
        int64_t *value;
    } wanted[] = { { "total_websocket_connections", &health->websockets },
                   { "total_master_db_connections", &health->master_connections },
                   { "total_read_db_connections", &health->replica_connections } };
    uint32_t count = minotor_json_count(host, "");
    int found = 0;
    for (size_t k = 0; k < sizeof wanted / sizeof wanted[0]; k++)
        *wanted[k].value = -1;
    for (uint32_t i = 0; i < count && i < ANALYTICS_MAX; i++) {
        char name[64], value[64];
        if (!take_text(host, name, sizeof name, "", i, "name") || !take_text(host, value, sizeof value, "", i, "value"))
            continue;
        for (size_t k = 0; k < sizeof wanted / sizeof wanted[0]; k++) {
            if (strcmp(name, wanted[k].name) == 0) {
                *wanted[k].value = parse_count(value);
                found = 1;
            }
        }
    }
    return found;
}

/* In a cluster a plugin is there once per node; it runs when it runs on all of them. */
static void add_plugin(struct health *health, const struct plugin *plugin)
{
    for (size_t i = 0; i < health->plugin_count; i++) {
        struct plugin *known = &health->plugins[i];
        if (strcmp(known->id, plugin->id) == 0 && strcmp(known->version, plugin->version) == 0) {
            known->is_running &= plugin->is_running;
            return;
        }
    }
    if (health->plugin_count < PLUGINS_MAX)
        health->plugins[health->plugin_count++] = *plugin;
    else
        health->plugins_left_out++;
}

static void forget_plugins(struct health *health)
{
    health->plugin_count = health->plugins_left_out = 0;
}

/* Told again only when the number is another one. */
static void tell_plugins_left_out(struct health *health, const struct minotor_host *host)
{
    if (health->plugins_left_out > 0 && health->plugins_left_out != health->plugins_left_out_told)
        minotor_log(host, MINOTOR_WARNING, "there are more than %d plugins; %zu are left out", PLUGINS_MAX,
                    health->plugins_left_out);
    health->plugins_left_out_told = health->plugins_left_out;
}

#define STATE_RUNNING "2" /* of Mattermost's states: not running, starting, running, failed ... */

static int read_plugins(struct health *health, const struct minotor_host *host)
{
    uint32_t count = minotor_json_count(host, "");
    struct plugin plugin;
    char state[16];
    if (minotor_http_body(host, NULL)[0] != '[')
        return 0;
    forget_plugins(health);
    for (uint32_t i = 0; i < count; i++) {
        if (!take_text(host, plugin.id, sizeof plugin.id, "", i, "plugin_id") ||
            !take_text(host, state, sizeof state, "", i, "state"))
            continue;
        take_text(host, plugin.version, sizeof plugin.version, "", i, "version");
        plugin.is_running = strcmp(state, STATE_RUNNING) == 0;
        add_plugin(health, &plugin);
    }
    tell_plugins_left_out(health, host);
    return 1;
}

/* Local mode has no list of states, but one of manifests: those of plugins that run and the others. */
static int read_plugin_manifests(struct health *health, const struct minotor_host *host)
{
    static const char *const lists[] = { "/inactive", "/active" };
    struct plugin plugin;
    if (strstr(minotor_http_body(host, NULL), "\"active\"") == NULL)
        return 0;
    forget_plugins(health);
    for (int is_running = 0; is_running < 2; is_running++) {
        uint32_t count = minotor_json_count(host, lists[is_running]);
        for (uint32_t i = 0; i < count; i++) {
            if (!take_text(host, plugin.id, sizeof plugin.id, lists[is_running], i, "id"))
                continue;
            take_text(host, plugin.version, sizeof plugin.version, lists[is_running], i, "version");
            plugin.is_running = is_running;
            add_plugin(health, &plugin);
        }
    }
    tell_plugins_left_out(health, host);
    return 1;
}

static int read_cluster(struct health *health, const struct minotor_host *host)
{
    uint32_t count = minotor_json_count(host, "");
    if (minotor_http_body(host, NULL)[0] != '[')
        return 0;
    health->node_count = 0;
    for (uint32_t i = 0; i < count && health->node_count < CLUSTER_NODES_MAX; i++) {
        struct node *node = &health->nodes[health->node_count];
        if (!take_text(host, node->hostname, sizeof node->hostname, "", i, "hostname"))
            continue;
        take_text(host, node->version, sizeof node->version, "", i, "version");
        health->node_count++;
    }
    return 1;
}

/* Emitting ----------------------------------------------------------------------------------------------------- */

static void emit_analytics(const struct health *health, const struct minotor_host *host)
{
    if (health->websockets >= 0)
        minotor_set_u64(host, WEBSOCKETS, (uint64_t)health->websockets);
    if (health->master_connections >= 0)
        minotor_label_u64(host, SERVER_CONNECTIONS, "master", (uint64_t)health->master_connections);
    if (health->replica_connections >= 0)
        minotor_label_u64(host, SERVER_CONNECTIONS, "replica", (uint64_t)health->replica_connections);
}

static void emit_plugins(const struct health *health, const struct minotor_host *host)
{
    for (size_t i = 0; i < health->plugin_count; i++) {
        const struct plugin *plugin = &health->plugins[i];
        const char *const labels[] = { plugin->id, plugin->version };
        int is_running = plugin->is_running;
        size_t first = 0;
        while (strcmp(health->plugins[first].id, plugin->id) != 0)
            first++;
        minotor_emit_u64(host, PLUGIN_INFO, labels, 2, 1);
        if (first < i)
            continue; /* another version of it, on another node: counted there */
        for (size_t k = i + 1; k < health->plugin_count; k++)
            if (strcmp(health->plugins[k].id, plugin->id) == 0)
                is_running &= health->plugins[k].is_running;
        minotor_label_u64(host, PLUGIN_RUNNING, plugin->id, is_running ? 1 : 0);
    }
}

static int is_listed_before(const struct health *health, size_t index)
{
    for (size_t i = 0; i < index; i++)
        if (strcmp(health->nodes[i].hostname, health->nodes[index].hostname) == 0 &&
            strcmp(health->nodes[i].version, health->nodes[index].version) == 0)
            return 1;
    return 0;
}

/* A server that is no cluster answers with an empty list. */
static void emit_cluster(const struct health *health, const struct minotor_host *host)
{
    if (health->node_count > 0)
        minotor_set_u64(host, CLUSTER_NODES, health->node_count);
    for (size_t i = 0; i < health->node_count; i++) {
        const char *const labels[] = { health->nodes[i].hostname, health->nodes[i].version };
        if (!is_listed_before(health, i))
            minotor_emit_u64(host, CLUSTER_NODE_INFO, labels, 2, 1);
    }
}

/* Asking ------------------------------------------------------------------------------------------------------- */

static const struct kind {
    const char *path;
    const char *second_path; /* where the first is not there; NULL: none */
    int (*read)(struct health *health, const struct minotor_host *host); /* 0: the body is not what was asked for */
    int (*read_second)(struct health *health, const struct minotor_host *host);
    void (*emit)(const struct health *health, const struct minotor_host *host);
    enum family families[2];
} kinds[DETAIL_COUNT] = {
    [ANALYTICS] = { .path = "/api/v4/analytics/old?name=standard",
                    .read = read_analytics,
                    .emit = emit_analytics,
                    .families = { WEBSOCKETS, SERVER_CONNECTIONS } },
    [PLUGINS] = { .path = "/api/v4/plugins/statuses",
                  .second_path = "/api/v4/plugins",
                  .read = read_plugins,
                  .read_second = read_plugin_manifests,
                  .emit = emit_plugins,
                  .families = { PLUGIN_RUNNING, PLUGIN_INFO } },
    [CLUSTER] = { .path = "/api/v4/cluster/status",
                  .read = read_cluster,
                  .emit = emit_cluster,
                  .families = { CLUSTER_NODES, CLUSTER_NODE_INFO } },
};

static int request_of(const struct minotor_host *host, const char *path, int *status)
{
    const struct minotor_request request = {
        .size = sizeof request,
        .flags = MINOTOR_REQUEST_PRIVILEGED,
        .timeout_ms = (uint32_t)(minotor_remaining_ms(host) / 2) + 1, /* the next one is to have a turn too */
        .path = path,
    };
    return minotor_http(host, &request, status);
}

/* What an answer without the wanted content means. */
static void take_refusal(struct question *question, const struct minotor_host *host, const char *path, int status)
{
    enum knowledge before = question->knowledge;
    const char *error_id = minotor_json(host, "/id");
    if (status != 403 && status != 404 && status != 501) {
        question_refused(question, host, path, status);
        return;
    }
    question->knowledge = WITHDRAWN;
    if (status != 403 || before == WITHDRAWN)
        return;
    int wants_mfa = error_id != NULL && strcmp(error_id, "api.context.mfa_required.app_error") == 0;
    minotor_log(host, MINOTOR_NOTICE, "GET %s: %s; its families are absent", path,
                wants_mfa ? "Mattermost demands that our user sets up multi-factor authentication"
                          : "our user has no right to that");
}

static void ask(struct health *health, const struct minotor_host *host, enum detail which)
{
    const struct kind *kind = &kinds[which];
    struct question *question = &health->details[which];
    const char *path = kind->path;
    int (*read)(struct health *, const struct minotor_host *) = kind->read;
    int status = 0;
    int result = request_of(host, path, &status);
    if (result == MINOTOR_OK && status == 404 && kind->second_path != NULL) {
        path = kind->second_path;
        read = kind->read_second;
        result = request_of(host, path, &status);
    }
    if (result != MINOTOR_CANCELLED)
        question->asked_ms = minotor_now_ms(host);
    if (result == MINOTOR_NO_DATA)
        question->knowledge = WITHDRAWN;
    else if (result != MINOTOR_OK)
        question_failed(question, host);
    else if (status == 200 && read(health, host))
        question->knowledge = KNOWN;
    else
        take_refusal(question, host, path, status);
}

/* Until 10.6 the statistics are counted anew for each answer, over all posts. */
static int is_allowed(const struct health *health, const struct minotor_host *host, enum detail which)
{
    int is_old = health->major < 10 || (health->major == 10 && health->minor < 6);
    return which != ANALYTICS || !is_old || minotor_setting_integer(host, "analytics_on_old_servers") != 0;
}

static void emit(const struct health *health, const struct minotor_host *host, enum detail which)
{
    const struct question *question = &health->details[which];
    if (question->knowledge == KNOWN)
        kinds[which].emit(health, host);
    if (question->knowledge != UNKNOWN)
        return;
    for (size_t i = 0; i < 2; i++)
        minotor_unknown(host, kinds[which].families[i], question->reason);
}

void details_collect(struct health *health, const struct minotor_host *host)
{
    int64_t interval_ms = minotor_setting_integer(host, "details_interval");
    for (int which = 0; which < DETAIL_COUNT; which++) {
        struct question *question = &health->details[which];
        if (!is_allowed(health, host, (enum detail)which)) {
            *question = (struct question){ .knowledge = WITHDRAWN };
        } else if (question_is_due(question, minotor_now_ms(host), interval_ms)) {
            ask(health, host, (enum detail)which);
        }
        emit(health, host, (enum detail)which);
    }
}
