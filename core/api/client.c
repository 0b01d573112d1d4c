/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The HTTP client: libcurl's multi interface, driven by our own loop and deadline. libcurl never looks up a name
 * itself, because it would wait for its resolver's thread at the end whatever the time.
 */
#include "api/client.h"

#include <curl/curl.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "api/answer.h"
#include "api/document.h"
#include "api/reason.h"
#include "api/resolver.h"
#include "api/url.h"
#include "common/clock.h"
#include "common/contract.h"
#include "common/text.h"

#define CONNECTIONS_MAX API_PLACE_COUNT /* one is kept per place */

#define NO_ADDRESS "cannot find the address of %.100s: "

struct place {
    bool is_there;
    struct url_base base;
    struct resolver resolver;
};

struct api_client {
    struct place places[API_PLACE_COUNT];
    struct api_watch watch;
    char *local_socket;
    char *ca_file;
    char *user_agent;
    CURLM *multi;
    CURL *easy;
    struct curl_slist *headers; /* of every request */
    struct curl_slist *headers_with_token;
    struct answer answer;
    struct document document;
    int64_t duration_us;
    char detail[CURL_ERROR_SIZE]; /* libcurl's own words */
    char error[ERROR_TEXT_MAX_BYTES + 1];
};

/* What became of waiting. */
enum outcome {
    ARRIVED,
    LATE,    /* the request's time is over */
    STOPPED, /* the worker was told to leave */
    BROKEN,  /* `error` is set */
};

static bool must_stop(struct api_client *client)
{
    return client->watch.should_stop(client->watch.context);
}

/* Names -------------------------------------------------------------------------------------------------------- */

static enum outcome await_lookup(struct api_client *client, int descriptor, int64_t deadline_ms)
{
    for (;;) {
        struct pollfd waiting[] = { { .fd = descriptor, .events = POLLIN },
                                    { .fd = client->watch.descriptor, .events = POLLIN } };
        int64_t left_ms = deadline_ms - clock_monotonic_ms();
        int ready = poll(waiting, 2, left_ms > 0 ? (int)left_ms : 0);
        if (ready > 0 && waiting[1].revents != 0 && must_stop(client))
            return STOPPED;
        if (ready > 0 && waiting[0].revents != 0)
            return ARRIVED;
        if (left_ms <= 0)
            return LATE;
    }
}

/* Addresses for the place's host, from now or, when the name service has none today, from before. */
static enum outcome find_addresses(struct api_client *client, struct place *place, int64_t deadline_ms)
{
    struct resolver *resolver = &place->resolver;
    if (!place->base.is_name || resolver_is_fresh(resolver, clock_monotonic_ms()))
        return ARRIVED;
    int descriptor = resolver_begin(resolver);
    if (descriptor >= 0) {
        enum outcome outcome = await_lookup(client, descriptor, deadline_ms);
        if (outcome != ARRIVED) {
            text_format(client->error, sizeof client->error, NO_ADDRESS RESOLVER_SILENT, place->base.host);
            return outcome;
        }
        resolver_take(resolver, clock_monotonic_ms());
    }
    if (resolver->addresses[0] != '\0')
        return ARRIVED;
    text_format(client->error, sizeof client->error, NO_ADDRESS "%s", place->base.host, resolver->error);
    return BROKEN;
}

/* Transfer ----------------------------------------------------------------------------------------------------- */

static size_t take_header(char *line, size_t size, size_t count, void *context)
{
    return answer_take_header(context, line, size * count) ? size * count : 0;
}

static size_t take_body(char *bytes, size_t size, size_t count, void *context)
{
    struct answer *answer = context;
    if (size * count == 0 || answer_take_body(answer, bytes, size * count))
        return size * count;
    return 0;
}

#define SET(option, value) (code |= (unsigned)curl_easy_setopt(client->easy, CURLOPT_##option, value))

/* What never changes from request to request. */
static bool set_habits(struct api_client *client)
{
    unsigned code = 0;
    SET(HTTPGET, 1L);
    SET(PROTOCOLS_STR, "http,https");
    SET(FOLLOWLOCATION, 0L);
    SET(HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    SET(PROXY, ""); /* also none of the environment's */
    SET(NETRC, (long)CURL_NETRC_IGNORED);
    SET(HTTP09_ALLOWED, 0L);
    SET(NOSIGNAL, 1L);
    SET(TCP_KEEPALIVE, 1L);
    SET(SSL_VERIFYPEER, 1L);
    SET(SSL_VERIFYHOST, 2L);
    SET(PATH_AS_IS, 1L);
    SET(USERAGENT, client->user_agent);
    SET(ERRORBUFFER, client->detail);
    SET(HEADERFUNCTION, take_header);
    SET(HEADERDATA, &client->answer);
    SET(WRITEFUNCTION, take_body);
    SET(WRITEDATA, &client->answer);
    if (client->ca_file[0] != '\0') {
        SET(CAINFO, client->ca_file);
        SET(CAPATH, NULL);
    }
    return code == 0;
}

static bool set_request(struct api_client *client, const struct api_request *request,
                        const struct curl_slist *addresses)
{
    const struct place *place = &client->places[request->place];
    char url[URL_BASE_MAX_BYTES + API_PATH_MAX_BYTES];
    unsigned code = 0;
    bool with_token = request->with_token && request->place == API_SITE && client->headers_with_token != NULL;
    text_format(url, sizeof url, "%s%s", place->base.text, request->path);
    curl_easy_reset(client->easy);
    client->detail[0] = '\0';
    if (!set_habits(client))
        return false;
    SET(URL, url);
    SET(HTTPHEADER, with_token ? client->headers_with_token : client->headers);
    SET(MAXFILESIZE_LARGE, (curl_off_t)request->body_max_bytes);
    if (request->place == API_LOCAL)
        SET(UNIX_SOCKET_PATH, client->local_socket);
    if (addresses != NULL)
        SET(RESOLVE, addresses);
    return code == 0;
}

#undef SET

/* Runs the transfer that was added to the multi handle. */
static enum outcome run(struct api_client *client, int64_t deadline_ms)
{
    for (;;) {
        struct curl_waitfd watched = { .fd = client->watch.descriptor, .events = CURL_WAIT_POLLIN };
        int running = 0;
        CURLMcode code = curl_multi_perform(client->multi, &running);
        if (code == CURLM_OK && running == 0)
            return ARRIVED;
        int64_t left_ms = deadline_ms - clock_monotonic_ms();
        if (left_ms <= 0)
            return LATE;
        if (code == CURLM_OK)
            code = curl_multi_poll(client->multi, &watched, watched.fd >= 0 ? 1 : 0, (int)left_ms, NULL);
        if (code != CURLM_OK) {
            text_format(client->error, sizeof client->error, "%s", curl_multi_strerror(code));
            return BROKEN;
        }
        if (watched.revents != 0 && must_stop(client))
            return STOPPED;
    }
}

/* How the finished transfer ended. BROKEN: `error` is set. */
static enum outcome judge(struct api_client *client, struct place *place)
{
    int left = 0;
    long status = 0, system_error = 0;
    const CURLMsg *message = curl_multi_info_read(client->multi, &left);
    if (message == NULL || message->msg != CURLMSG_DONE) {
        text_format(client->error, sizeof client->error, "libcurl lost the request");
        return BROKEN;
    }
    CURLcode code = message->data.result;
    if (code == CURLE_OK) {
        curl_easy_getinfo(client->easy, CURLINFO_RESPONSE_CODE, &status);
        client->answer.status = (int)status;
        return ARRIVED;
    }
    curl_easy_getinfo(client->easy, CURLINFO_OS_ERRNO, &system_error);
    if (client->answer.overflow != NULL)
        text_format(client->error, sizeof client->error, "%s", client->answer.overflow);
    else
        reason_of_code(client->error, sizeof client->error, (int)code, client->detail, system_error);
    if (code == CURLE_COULDNT_CONNECT)
        resolver_distrust(&place->resolver);
    return BROKEN;
}

static enum outcome transfer(struct api_client *client, const struct api_request *request, int64_t deadline_ms)
{
    struct place *place = &client->places[request->place];
    struct curl_slist *addresses = NULL;
    enum outcome outcome = BROKEN;
    if (place->base.is_name) {
        char entry[URL_HOST_MAX_BYTES + 16 + RESOLVER_TEXT_BYTES];
        text_format(entry, sizeof entry, "%s:%u:%s", place->base.host, place->base.port, place->resolver.addresses);
        addresses = curl_slist_append(NULL, entry);
    }
    if ((place->base.is_name && addresses == NULL) || !set_request(client, request, addresses) ||
        curl_multi_add_handle(client->multi, client->easy) != CURLM_OK) {
        text_format(client->error, sizeof client->error, "out of memory");
    } else {
        outcome = run(client, deadline_ms);
        if (outcome == ARRIVED)
            outcome = judge(client, place);
        curl_multi_remove_handle(client->multi, client->easy); /* closes a connection that is not at rest */
    }
    curl_slist_free_all(addresses);
    return outcome;
}

/* Requests ----------------------------------------------------------------------------------------------------- */

/* Puts the request before what `error` says. The query of a path is left out: it is long and says little. */
static void name_request(struct api_client *client, const struct api_request *request)
{
    char reason[sizeof client->error];
    const struct place *place = &client->places[request->place];
    const char *base = request->place == API_LOCAL ? client->local_socket : place->base.text;
    int path_bytes = (int)strcspn(request->path, "?");
    strcpy(reason, client->error);
    text_format(client->error, sizeof client->error, "GET %.100s%s%.*s: %s", base,
                request->place == API_LOCAL ? " " : "", path_bytes < 80 ? path_bytes : 80, request->path, reason);
}

/* Texts hold no times: the same trouble has to read the same in every round. */
static enum api_result result_of(struct api_client *client, const struct api_request *request, enum outcome outcome)
{
    if (outcome == ARRIVED)
        return API_OK;
    if (outcome == STOPPED)
        text_format(client->error, sizeof client->error, "stopped, because the worker leaves");
    else if (outcome == LATE && client->error[0] == '\0')
        text_format(client->error, sizeof client->error, "no %sanswer in time",
                    client->answer.header_bytes_seen > 0 ? "complete " : "");
    name_request(client, request);
    answer_begin(&client->answer, 0); /* half an answer is none */
    bool round_is_over = clock_monotonic_ms() >= request->deadline_ms;
    return outcome == STOPPED || (outcome == LATE && round_is_over) ? API_CANCELLED : API_FAILED;
}

static enum api_result client_get(struct api_client *client, const struct api_request *request)
{
    struct place *place = &client->places[request->place];
    int64_t began_us = clock_monotonic_us();
    int64_t deadline_ms = began_us / 1000 + request->timeout_ms;
    if (deadline_ms > request->deadline_ms)
        deadline_ms = request->deadline_ms;
    document_reset(&client->document);
    answer_begin(&client->answer, request->body_max_bytes);
    client->error[0] = '\0';
    enum outcome outcome = BROKEN;
    if (!place->is_there)
        text_format(client->error, sizeof client->error, "no address of that kind is configured");
    else if (!url_path_is_good(request->path))
        text_format(client->error, sizeof client->error, "this is no path");
    else
        outcome = find_addresses(client, place, deadline_ms);
    if (outcome == ARRIVED)
        outcome = transfer(client, request, deadline_ms);
    client->duration_us = clock_monotonic_us() - began_us;
    return result_of(client, request, outcome);
}

static int client_status(const struct api_client *client)
{
    return client->answer.status;
}

static const char *client_header(const struct api_client *client, const char *name)
{
    return answer_header(&client->answer, name);
}

static const char *client_body(const struct api_client *client, size_t *size)
{
    *size = client->answer.body_bytes;
    return client->answer.body_bytes > 0 ? client->answer.body : "";
}

static int64_t client_duration_us(const struct api_client *client)
{
    return client->duration_us;
}

static const char *client_json(struct api_client *client, const char *pointer)
{
    if (client->answer.body_bytes > 0)
        document_parse(&client->document, client->answer.body, client->answer.body_bytes);
    return document_text(&client->document, pointer);
}

static size_t client_json_count(struct api_client *client, const char *pointer)
{
    if (client->answer.body_bytes > 0)
        document_parse(&client->document, client->answer.body, client->answer.body_bytes);
    return document_count(&client->document, pointer);
}

static const char *client_error(const struct api_client *client)
{
    return client->error;
}

/* Life --------------------------------------------------------------------------------------------------------- */

/* A list with secrets in it. */
static void wipe(struct curl_slist *list)
{
    for (struct curl_slist *entry = list; entry != NULL; entry = entry->next)
        explicit_bzero(entry->data, strlen(entry->data));
    curl_slist_free_all(list);
}

static void client_close(struct api_client *client)
{
    if (client->easy != NULL)
        curl_easy_cleanup(client->easy);
    if (client->multi != NULL)
        curl_multi_cleanup(client->multi);
    for (size_t i = 0; i < API_PLACE_COUNT; i++)
        resolver_destroy(&client->places[i].resolver);
    curl_slist_free_all(client->headers);
    wipe(client->headers_with_token);
    document_reset(&client->document);
    answer_destroy(&client->answer);
    free(client->local_socket);
    free(client->ca_file);
    free(client->user_agent);
    free(client);
}

static bool open_place(struct api_client *client, enum api_place which, const char *name, const char *url,
                       char *error, size_t error_bytes)
{
    struct place *place = &client->places[which];
    const char *reason = NULL;
    place->is_there = url[0] != '\0';
    if (!place->is_there || url_base_parse(&place->base, url, &reason)) {
        resolver_init(&place->resolver, place->base.host);
        return true;
    }
    text_format(error, error_bytes, "setting %s %s", name, reason);
    return false;
}

static bool append(struct curl_slist **list, const char *line)
{
    struct curl_slist *longer = curl_slist_append(*list, line);
    if (longer != NULL)
        *list = longer;
    return longer != NULL;
}

/* What a header can carry, so that nothing else can be smuggled into the request. */
static bool is_token(const char *token)
{
    for (; *token != '\0'; token++)
        if (*token <= 0x20 || *token >= 0x7f)
            return false;
    return true;
}

static bool make_headers(struct api_client *client, const char *token)
{
    char line[SETTING_VALUE_MAX_BYTES + 32];
    if (!append(&client->headers, "Accept-Encoding: identity"))
        return false;
    if (token[0] == '\0')
        return true;
    bool made = text_format(line, sizeof line, "Authorization: Bearer %s", token) &&
                append(&client->headers_with_token, "Accept-Encoding: identity") &&
                append(&client->headers_with_token, line);
    explicit_bzero(line, sizeof line);
    return made;
}

static bool make_handles(struct api_client *client)
{
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        return false;
    client->multi = curl_multi_init();
    client->easy = curl_easy_init();
    return client->multi != NULL && client->easy != NULL &&
           curl_multi_setopt(client->multi, CURLMOPT_MAXCONNECTS, (long)CONNECTIONS_MAX) == CURLM_OK &&
           curl_multi_setopt(client->multi, CURLMOPT_PIPELINING, (long)CURLPIPE_NOTHING) == CURLM_OK;
}

static struct api_client *client_open(const struct api_settings *settings, const struct api_watch *watch,
                                      char *error, size_t error_bytes)
{
    struct api_client *client = calloc(1, sizeof *client);
    text_format(error, error_bytes, "out of memory");
    if (client == NULL)
        return NULL;
    client->watch = *watch;
    client->local_socket = strdup(settings->local_socket);
    client->ca_file = strdup(settings->ca_file);
    client->user_agent = strdup(settings->user_agent);
    bool good = client->local_socket != NULL && client->ca_file != NULL && client->user_agent != NULL &&
                make_handles(client) && make_headers(client, settings->token);
    if (good && !is_token(settings->token)) {
        text_format(error, error_bytes, "setting api.token holds a space or a character that no header can carry");
        good = false;
    }
    /* Over the socket the server knows no subpath, and the host means nothing. */
    const char *local = settings->local_socket[0] != '\0' ? "http://127.0.0.1" : "";
    if (good && open_place(client, API_SITE, "api.url", settings->url, error, error_bytes) &&
        open_place(client, API_METRICS, "api.metrics_url", settings->metrics_url, error, error_bytes) &&
        open_place(client, API_LOCAL, "api.local_socket", local, error, error_bytes))
        return client;
    client_close(client);
    return NULL;
}

static const struct api_driver driver = {
    .size = sizeof driver,
    .version = API_DRIVER_VERSION,
    .open = client_open,
    .get = client_get,
    .status = client_status,
    .header = client_header,
    .body = client_body,
    .duration_us = client_duration_us,
    .json = client_json,
    .json_count = client_json_count,
    .error = client_error,
    .close = client_close,
};

__attribute__((visibility("default"))) const struct api_driver *minotor_api_client(void);

const struct api_driver *minotor_api_client(void)
{
    return &driver;
}
