/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/api.h"

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

#include "common/clock.h"
#include "common/log.h"
#include "common/plain_http.h"
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

/* The login ---------------------------------------------------------------------------------------------------- */

void api_flush(struct api *api)
{
    const struct control_message message = { .type = CONTROL_LOGIN, .body.login = api->login };
    if (api->login_unsent)
        api->login_unsent = control_send(api->channel, &message, -1) == CONTROL_AGAIN;
}

static void keep_login(void *context, const struct control_login *login)
{
    struct api *api = context;
    if (login->logins > api->login.logins)
        log_info("logged in to Mattermost's API");
    api->login = *login;
    api->login_unsent = true;
    api_flush(api);
}

/* Life --------------------------------------------------------------------------------------------------------- */

/* A password opens more than a token does, and for longer: without the administrator's word it is not sent. */
static bool is_private_enough(const struct api_site *site)
{
    bool leaves_host = plain_http_leaves_host(site->url);
    if (site->token[0] != '\0' && leaves_host)
        log_warning("the token for Mattermost's API goes over the network unencrypted, because api.url is http");
    if (site->token[0] != '\0' || site->login[0] == '\0' || !leaves_host)
        return true;
    bool is_allowed = strcmp(site->insecure, "true") == 0;
    log_at(is_allowed ? LOG_LEVEL_WARNING : LOG_LEVEL_ERROR,
           "the login for Mattermost's API %s over the network unencrypted, because api.url is http",
           is_allowed ? "goes" : "would go");
    return is_allowed;
}

static bool has_address(const struct api_site *site)
{
    return site->url[0] != '\0' || site->metrics_url[0] != '\0' || site->local_socket[0] != '\0';
}

bool api_open(struct api *api, const struct worker_settings *settings, const struct api_watch *watch,
              const struct control_login *login)
{
    char error[ERROR_TEXT_MAX_BYTES + 1];
    memset(api, 0, sizeof *api);
    api->site = &settings->api;
    api->channel = watch->descriptor;
    api->login = *login;
    if (!has_address(api->site))
        return true; /* nobody will ever be asked, and libcurl brings thirty libraries along */
    api->driver = load_driver(settings->drivers);
    if (api->driver == NULL || !is_private_enough(api->site))
        return false;
    const struct api_settings given = {
        .url = api->site->url,
        .metrics_url = api->site->metrics_url,
        .local_socket = api->site->local_socket,
        .ca_file = api->site->ca_file,
        .token = api->site->token,
        .login = api->site->login,
        .password = api->site->password,
        .user_agent = "minotor/" MINOTOR_VERSION,
        .memory = { *login, keep_login, api },
    };
    api->client = api->driver->open(&given, watch, error, sizeof error);
    if (api->client == NULL)
        log_error("%s", error);
    return api->client != NULL;
}

void api_close(struct api *api)
{
    if (api->client != NULL)
        api->driver->close(api->client);
    api->client = NULL;
}

/* Rounds ------------------------------------------------------------------------------------------------------- */

bool api_route(const struct api_site *site, uint32_t flags, enum api_place *place, bool *with_rights,
               const char **reason)
{
    bool has_url = site->url[0] != '\0', has_socket = site->local_socket[0] != '\0';
    bool has_rights = site->token[0] != '\0' || site->login[0] != '\0';
    bool wants_rights = (flags & (MINOTOR_REQUEST_TOKEN | MINOTOR_REQUEST_PRIVILEGED)) != 0;
    *with_rights = false;
    if ((flags & MINOTOR_REQUEST_METRICS) != 0) {
        *place = API_METRICS;
        *reason = "the target has no address of Mattermost's own metrics";
        return site->metrics_url[0] != '\0';
    }
    *reason = "the target has no address of its HTTP API";
    *with_rights = wants_rights && has_url && has_rights;
    *place = has_url ? API_SITE : API_LOCAL;
    if (wants_rights && !*with_rights && has_socket)
        *place = API_LOCAL; /* there everything is allowed */
    if ((flags & MINOTOR_REQUEST_PRIVILEGED) != 0 && !*with_rights && !has_socket) {
        *reason = "the target has neither a token or a login for its HTTP API nor a local-mode socket";
        return false;
    }
    return has_url || has_socket;
}

void api_begin_round(struct api *api, int64_t deadline_ms)
{
    api->deadline_ms = deadline_ms;
    api->error[0] = '\0';
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
    if (!api_route(api->site, request->flags, &wanted.place, &wanted.with_rights, &reason)) {
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
