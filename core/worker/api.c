/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/api.h"

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

#include "common/clock.h"
#include "common/log.h"
#include "common/text.h"
#include "common/version.h"

/* What minotor_request had in ABI 1.0. */
#define REQUEST_BYTES_1_0 (offsetof(struct minotor_request, path) + sizeof(char *))
#define FLAGS_KNOWN (MINOTOR_REQUEST_TOKEN | MINOTOR_REQUEST_METRICS | MINOTOR_REQUEST_PRIVILEGED)

static const struct api_driver *load_driver(const char *folder)
{
    char path[SETTING_VALUE_MAX_BYTES + 8];
    api_driver_entry entry = NULL;
    snprintf(path, sizeof path, "%s/api.so", folder);
    void *module = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    void *symbol = module != NULL ? dlsym(module, API_DRIVER_SYMBOL) : NULL;
    if (symbol == NULL) {
        log_error("module of the HTTP API: %s", dlerror());
        return NULL;
    }
    memcpy(&entry, &symbol, sizeof entry);
    const struct api_driver *driver = entry();
    if (driver->size != sizeof *driver || driver->version != API_DRIVER_VERSION) {
        log_error("module %s is of another release: it has version %u, this worker wants %u", path, driver->version,
                  API_DRIVER_VERSION);
        return NULL;
    }
    return driver;
}

static bool is_loopback(const char *url)
{
    const char *host = url + strlen("http://");
    size_t size = host[0] == '[' ? strcspn(host, "/") : strcspn(host, ":/");
    return (strncmp(host, "127.", 4) == 0 && strspn(host, "0123456789.") == size) ||
           strncmp(host, "[::1]", 5) == 0 || (size == 9 && strncmp(host, "localhost", 9) == 0);
}

static bool has_address(const struct api_site *site)
{
    return site->url[0] != '\0' || site->metrics_url[0] != '\0' || site->local_socket[0] != '\0';
}

bool api_open(struct api *api, const struct worker_settings *settings, const struct api_watch *watch)
{
    char error[ERROR_TEXT_MAX_BYTES + 1];
    memset(api, 0, sizeof *api);
    api->site = &settings->api;
    if (!has_address(api->site))
        return true; /* nobody will ever be asked, and libcurl brings thirty libraries along */
    api->driver = load_driver(settings->drivers);
    if (api->driver == NULL)
        return false;
    const struct api_settings given = {
        .url = api->site->url,
        .metrics_url = api->site->metrics_url,
        .local_socket = api->site->local_socket,
        .ca_file = api->site->ca_file,
        .token = api->site->token,
        .user_agent = "minotor/" MINOTOR_VERSION,
    };
    api->client = api->driver->open(&given, watch, error, sizeof error);
    if (api->client == NULL) {
        log_error("%s", error);
        return false;
    }
    if (given.token[0] != '\0' && strncmp(given.url, "http://", 7) == 0 && !is_loopback(given.url))
        log_warning("the token for Mattermost's API goes over the network unencrypted, because api.url is http");
    return true;
}

void api_close(struct api *api)
{
    if (api->client != NULL)
        api->driver->close(api->client);
    api->client = NULL;
}

void api_begin_round(struct api *api, int64_t deadline_ms)
{
    api->deadline_ms = deadline_ms;
    api->error[0] = '\0';
}

bool api_route(const struct api_site *site, uint32_t flags, enum api_place *place, bool *with_token,
               const char **reason)
{
    bool has_url = site->url[0] != '\0', has_socket = site->local_socket[0] != '\0';
    bool wants_rights = (flags & (MINOTOR_REQUEST_TOKEN | MINOTOR_REQUEST_PRIVILEGED)) != 0;
    *with_token = false;
    if ((flags & MINOTOR_REQUEST_METRICS) != 0) {
        *place = API_METRICS;
        *reason = "the target has no address of Mattermost's own metrics";
        return site->metrics_url[0] != '\0';
    }
    *reason = "the target has no address of its HTTP API";
    *with_token = wants_rights && has_url && site->token[0] != '\0';
    *place = has_url ? API_SITE : API_LOCAL;
    if (wants_rights && !*with_token && has_socket)
        *place = API_LOCAL; /* there everything is allowed */
    if ((flags & MINOTOR_REQUEST_PRIVILEGED) != 0 && !*with_token && !has_socket) {
        *reason = "the target has neither a token for its HTTP API nor a local-mode socket";
        return false;
    }
    return has_url || has_socket;
}

static enum minotor_result fail(struct api *api, const char *text)
{
    const char *token = api->site->token;
    if (token[0] != '\0' && strstr(text, token) != NULL)
        text = "the reason is withheld, because it contains the token";
    text_one_line(api->error, sizeof api->error, text);
    return MINOTOR_FAILED;
}

enum minotor_result api_get(struct api *api, const struct minotor_request *request, int *status)
{
    const char *reason = NULL;
    struct api_request wanted = { .deadline_ms = api->deadline_ms };
    *status = 0;
    if (request->size < REQUEST_BYTES_1_0 || request->path == NULL)
        return fail(api, "a request without a path, or whose size is not sizeof(struct minotor_request)");
    if ((request->flags & ~FLAGS_KNOWN) != 0 || request->max_bytes > API_BODY_MAX_BYTES)
        return fail(api, "a request with flags that are not known, or for too large a body");
    if (!api_route(api->site, request->flags, &wanted.place, &wanted.with_token, &reason)) {
        fail(api, reason);
        return MINOTOR_NO_DATA;
    }
    wanted.path = request->path;
    wanted.body_max_bytes = request->max_bytes != 0 ? request->max_bytes : API_BODY_DEFAULT_BYTES;
    wanted.timeout_ms = request->timeout_ms != 0 ? (int64_t)request->timeout_ms : TIMEOUT_MAX_MS;
    enum api_result result = api->driver->get(api->client, &wanted);
    if (result == API_OK) {
        *status = api->driver->status(api->client);
        return MINOTOR_OK;
    }
    fail(api, api->driver->error(api->client));
    return result == API_CANCELLED ? MINOTOR_CANCELLED : MINOTOR_FAILED;
}
