/* SPDX-License-Identifier: Apache-2.0 */
/* What only the running server knows: its version, the licence that it runs with, its limits, when it was started. */
#include <stdlib.h>
#include <string.h>

#include "usage.h"

#define SMALL_BYTES 65536
#define METRICS_BYTES (8U << 20)

/* A request that leaves time for the others. `status` that is not 200 is a failure, but "not there" is NO_DATA. */
static int ask(const struct minotor_host *host, const char *path, uint32_t flags, uint32_t max_bytes)
{
    const struct minotor_request request = {
        .size = sizeof request,
        .flags = flags,
        .max_bytes = max_bytes,
        .timeout_ms = (uint32_t)(minotor_remaining_ms(host) / 4) + 1,
        .path = path,
    };
    int status = 0;
    int result = minotor_http(host, &request, &status);
    if (result != MINOTOR_OK || status == 200)
        return result;
    if (status == 401 || status == 403 || status == 404 || status == 501)
        return MINOTOR_NO_DATA;
    return minotor_fail(host, "GET %s: the server answered with status %d", path, status);
}

/* What it said is shown on, because another version would have to be started; so nothing else tells of its silence. */
static void tell_of_silence(const struct minotor_host *host, struct usage *usage, int is_silent)
{
    if (is_silent && !usage->server_is_silent)
        minotor_log(host, MINOTOR_NOTICE, "%s: %s",
                    usage->server_version[0] != '\0' || usage->running_license.is_known
                        ? "the version and the licence of the running server are as it last said"
                        : "the running server does not say its version and licence",
                    minotor_error(host));
    usage->server_is_silent = is_silent;
}

/* "X-Version-Id: 10.1.6.<build>.<hash>.<licensed>"; a proxy may have removed it. */
int server_run(const struct minotor_host *host, void *state)
{
    struct usage *usage = state;
    unsigned major = 0, minor = 0, patch = 0;
    int result = ask(host, "/api/v4/system/ping", 0, SMALL_BYTES);
    tell_of_silence(host, usage, result == MINOTOR_FAILED);
    if (result != MINOTOR_OK)
        return result;
    const char *text = minotor_http_header(host, "X-Version-Id");
    if (text == NULL || sscanf(text, "%4u.%4u.%4u", &major, &minor, &patch) != 3)
        return MINOTOR_NO_DATA;
    snprintf(usage->server_version, WORD_BYTES, "%u.%u.%u", major, minor, patch);
    return MINOTOR_OK;
}

/* info_emit() shows it. */
void server_emit(const struct minotor_host *host, const void *state)
{
    (void)host;
    (void)state;
}

static int64_t json_number(const struct minotor_host *host, const char *pointer)
{
    const char *text = minotor_json(host, pointer);
    char *end = NULL;
    if (text == NULL)
        return -1;
    double value = strtod(text, &end);
    return end != text && *end == '\0' && value >= 0 && value < 9e15 ? (int64_t)value : -1;
}

/* Without a right to more, the answer has no time of expiry. */
int edition_run(const struct minotor_host *host, void *state)
{
    struct usage *usage = state;
    struct license *license = &usage->running_license;
    int result = ask(host, "/api/v4/license/client?format=old", MINOTOR_REQUEST_TOKEN, SMALL_BYTES);
    if (result != MINOTOR_OK)
        return result;
    const char *is_licensed = minotor_json(host, "/IsLicensed");
    if (is_licensed == NULL)
        return minotor_fail(host, "GET /api/v4/license/client: the answer does not say whether there is one");
    *license = (struct license){ .is_known = 1, .expires_ms = -1, .users = -1 };
    license->is_licensed = strcmp(is_licensed, "true") == 0;
    const char *sku = minotor_json(host, "/SkuShortName");
    snprintf(license->sku, sizeof license->sku, "%s", sku != NULL ? sku : "");
    license->expires_ms = json_number(host, "/ExpiresAt");
    license->users = json_number(host, "/Users");
    return MINOTOR_OK;
}

/* license_emit() shows it. */
void edition_emit(const struct minotor_host *host, const void *state)
{
    (void)host;
    (void)state;
}

int limits_run(const struct minotor_host *host, void *state)
{
    struct usage *usage = state;
    int result = ask(host, "/api/v4/limits/server", MINOTOR_REQUEST_PRIVILEGED, SMALL_BYTES);
    if (result != MINOTOR_OK)
        return result;
    usage->limit = json_number(host, "/maxUsersLimit");
    usage->hard_limit = json_number(host, "/maxUsersHardLimit");
    return MINOTOR_OK;
}

/* To those who may not know them, and where there are none, the server gives zeros. */
void limits_emit(const struct minotor_host *host, const void *state)
{
    const struct usage *usage = state;
    if (usage->limit > 0)
        minotor_set_u64(host, USERS_LIMIT, (uint64_t)usage->limit);
    if (usage->hard_limit > 0)
        minotor_set_u64(host, USERS_HARD_LIMIT, (uint64_t)usage->hard_limit);
}

/* The value of a metric without labels in Prometheus' text format; 0: it is not there. */
static double find_metric(const char *body, const char *name)
{
    size_t length = strlen(name);
    for (const char *line = body; line != NULL && *line != '\0'; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (strncmp(line, name, length) == 0 && line[length] == ' ')
            return strtod(line + length + 1, NULL);
    }
    return 0;
}

int start_run(const struct minotor_host *host, void *state)
{
    struct usage *usage = state;
    int result = ask(host, "/metrics", MINOTOR_REQUEST_METRICS, METRICS_BYTES);
    if (result != MINOTOR_OK)
        return result;
    usage->started = find_metric(minotor_http_body(host, NULL), "mattermost_process_start_time_seconds");
    return usage->started > 0 ? MINOTOR_OK : MINOTOR_NO_DATA;
}

void start_emit(const struct minotor_host *host, const void *state)
{
    const struct usage *usage = state;
    minotor_set_f64(host, STARTED, usage->started);
}
