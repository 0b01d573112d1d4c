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
#include "api/login.h"
#include "api/reason.h"
#include "api/resolver.h"
#include "api/rights.h"
#include "api/url.h"
#include "common/clock.h"
#include "common/contract.h"
#include "common/text.h"

#define CONNECTIONS_MAX API_PLACE_COUNT /* one is kept per place */

#define LOGIN_PATH "/api/v4/users/login"
#define LOGOUT_PATH "/api/v4/users/logout"

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
    struct rights rights;
    struct answer answer;
    struct document document;
    int64_t duration_us;
    char detail[CURL_ERROR_SIZE]; /* libcurl's own words */
    char error[ERROR_TEXT_MAX_BYTES + 1];
};

/* What became of waiting. */
enum outcome {
    ARRIVED,
    LATE,     /* the request's time is over */
    STOPPED,  /* the worker was told to leave */
    BROKEN,   /* `error` is set */
    NO_LOGIN, /* `error` is set, and no word about the request is needed */
};

/* One request over the wire, ours or a collector's. */
struct exchange {
    enum api_place place;
    const char *path;
    const char *authorization; /* a header; "": none */
    const char *body;          /* of a POST; NULL: a GET */
    size_t body_bytes;
    size_t answer_max_bytes;
    bool is_fresh; /* on a connection of its own: one that has died meanwhile would make libcurl send it twice */
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

static bool set_request(struct api_client *client, const struct exchange *exchange,
                        const struct curl_slist *headers, const struct curl_slist *addresses)
{
    const struct place *place = &client->places[exchange->place];
    char url[URL_BASE_MAX_BYTES + API_PATH_MAX_BYTES];
    unsigned code = 0;
    text_format(url, sizeof url, "%s%s", place->base.text, exchange->path);
    curl_easy_reset(client->easy);
    client->detail[0] = '\0';
    if (!set_habits(client))
        return false;
    SET(URL, url);
    SET(HTTPHEADER, headers);
    SET(MAXFILESIZE_LARGE, (curl_off_t)exchange->answer_max_bytes);
    SET(FRESH_CONNECT, (long)exchange->is_fresh);
    if (exchange->body != NULL) {
        SET(POST, 1L);
        SET(POSTFIELDSIZE_LARGE, (curl_off_t)exchange->body_bytes);
        SET(POSTFIELDS, exchange->body);
    }
    if (exchange->place == API_LOCAL)
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

static bool append(struct curl_slist **list, const char *line)
{
    struct curl_slist *longer = curl_slist_append(*list, line);
    if (longer != NULL)
        *list = longer;
    return longer != NULL;
}

/* A list with secrets in it. */
static void wipe(struct curl_slist *list)
{
    for (struct curl_slist *entry = list; entry != NULL; entry = entry->next)
        explicit_bzero(entry->data, strlen(entry->data));
    curl_slist_free_all(list);
}

static bool list_headers(struct curl_slist **headers, const struct exchange *exchange)
{
    return append(headers, "Accept-Encoding: identity") &&
           (exchange->authorization[0] == '\0' || append(headers, exchange->authorization)) &&
           (exchange->body == NULL ||
            (append(headers, "Content-Type: application/json") && append(headers, "Expect:")));
}

static bool list_addresses(struct curl_slist **addresses, const struct place *place)
{
    char entry[URL_HOST_MAX_BYTES + 16 + RESOLVER_TEXT_BYTES];
    if (!place->base.is_name)
        return true;
    text_format(entry, sizeof entry, "%s:%u:%s", place->base.host, place->base.port, place->resolver.addresses);
    return append(addresses, entry);
}

static enum outcome transfer(struct api_client *client, const struct exchange *exchange, int64_t deadline_ms)
{
    struct place *place = &client->places[exchange->place];
    struct curl_slist *addresses = NULL, *headers = NULL;
    enum outcome outcome = BROKEN;
    answer_begin(&client->answer, exchange->answer_max_bytes);
    if (!list_addresses(&addresses, place) || !list_headers(&headers, exchange) ||
        !set_request(client, exchange, headers, addresses) ||
        curl_multi_add_handle(client->multi, client->easy) != CURLM_OK) {
        text_format(client->error, sizeof client->error, "out of memory");
    } else {
        outcome = run(client, deadline_ms);
        if (outcome == ARRIVED)
            outcome = judge(client, place);
        curl_multi_remove_handle(client->multi, client->easy); /* closes a connection that is not at rest */
    }
    curl_slist_free_all(addresses);
    wipe(headers);
    return outcome;
}

/* Logging in and out ------------------------------------------------------------------------------------------- */

/* Puts the request before what `error` says. The query of a path is left out: it is long and says little. */
static void name_request(struct api_client *client, enum api_place where, const char *method, const char *path)
{
    char reason[sizeof client->error];
    const char *base = where == API_LOCAL ? client->local_socket : client->places[where].base.text;
    int path_bytes = (int)strcspn(path, "?");
    strcpy(reason, client->error);
    text_format(client->error, sizeof client->error, "%s %.100s%s%.*s: %s", method, base,
                where == API_LOCAL ? " " : "", path_bytes < 80 ? path_bytes : 80, path, reason);
}

static void say_late(struct api_client *client)
{
    text_format(client->error, sizeof client->error, "no %sanswer in time",
                client->answer.header_bytes_seen > 0 ? "complete " : "");
}

static enum outcome no_login(struct api_client *client)
{
    rights_explain(&client->rights, client->error, sizeof client->error);
    return NO_LOGIN;
}

/* The answer to a login. LOGIN_UNANSWERED: `error` says what there was instead of one. */
static enum login_trouble read_login(struct api_client *client)
{
    const char *token = answer_header(&client->answer, "Token");
    int status = client->answer.status;
    document_reset(&client->document);
    if (client->answer.body_bytes > 0)
        document_parse(&client->document, client->answer.body, client->answer.body_bytes);
    enum login_trouble trouble = login_judge(status, document_text(&client->document, "/id"));
    document_reset(&client->document);
    if (trouble == LOGIN_NO_TROUBLE && (token == NULL || !rights_take_session(&client->rights, token)))
        trouble = LOGIN_UNANSWERED;
    if (trouble == LOGIN_UNANSWERED)
        text_format(client->error, sizeof client->error, "status %d without a session%s", status,
                    status >= 300 && status < 400 ? "; api.url has to be the final address" : "");
    return trouble;
}

/* Sends the login that login_step() has allowed. */
static enum outcome log_in(struct api_client *client, int64_t deadline_ms)
{
    char body[sizeof "{}" + 6 * (CONFIG_TEXT_BYTES + SETTING_VALUE_MAX_BYTES) + 64];
    const struct exchange exchange = {
        .place = API_SITE,
        .path = LOGIN_PATH,
        .authorization = "",
        .body = body,
        .body_bytes = login_body(body, sizeof body, client->rights.name, client->rights.password),
        .answer_max_bytes = API_LOGIN_BODY_MAX_BYTES,
        .is_fresh = true,
    };
    enum login_trouble trouble = LOGIN_UNANSWERED;
    enum outcome outcome = transfer(client, &exchange, deadline_ms);
    explicit_bzero(body, sizeof body);
    if (outcome == ARRIVED)
        trouble = read_login(client);
    else if (outcome == LATE)
        say_late(client);
    if (trouble == LOGIN_UNANSWERED && outcome != STOPPED) {
        name_request(client, API_SITE, "POST", LOGIN_PATH);
        strcpy(client->rights.silence, client->error);
    }
    answer_wipe(&client->answer);
    rights_step(&client->rights, LOGIN_ANSWERED, trouble);
    if (outcome == STOPPED)
        return STOPPED;
    return trouble == LOGIN_NO_TROUBLE ? ARRIVED : no_login(client);
}

/* A session to use, because a request wants one, or because the server did not know the last one. */
static enum outcome find_session(struct api_client *client, enum login_event why, int64_t deadline_ms)
{
    struct rights *rights = &client->rights;
    int64_t now_ms = clock_monotonic_ms();
    bool has_one = why == LOGIN_WANTED && rights->login.has_session;
    bool is_due = !has_one && now_ms >= rights->login.memory.next_ms;
    if (is_due && deadline_ms - now_ms < API_LOGIN_TIME_MIN_MS) {
        text_format(client->error, sizeof client->error, "too little time is left to log in");
        return LATE;
    }
    switch (rights_step(rights, why, LOGIN_NO_TROUBLE)) {
    case LOGIN_USE:
        return ARRIVED;
    case LOGIN_BEGIN:
        return log_in(client, deadline_ms);
    default:
        return no_login(client);
    }
}

static enum outcome ask_with_session(struct api_client *client, struct exchange *exchange, int64_t deadline_ms)
{
    enum login_event why = LOGIN_WANTED;
    for (;;) {
        enum outcome outcome = find_session(client, why, deadline_ms);
        if (outcome != ARRIVED)
            return outcome;
        exchange->authorization = client->rights.header;
        outcome = transfer(client, exchange, deadline_ms);
        if (outcome != ARRIVED || client->answer.status != 401) {
            rights_step(&client->rights, LOGIN_SESSION_USED, LOGIN_NO_TROUBLE);
            return outcome;
        }
        if (why == LOGIN_SESSION_ENDED) { /* nor the one that it has just given */
            rights_step(&client->rights, LOGIN_SESSION_ENDED, LOGIN_NO_TROUBLE);
            return no_login(client);
        }
        why = LOGIN_SESSION_ENDED;
    }
}

/* So that no row stays in Sessions. With the address that is known: there is no time to look for another. */
static void log_out(struct api_client *client)
{
    const struct place *place = &client->places[API_SITE];
    const struct exchange exchange = {
        .place = API_SITE,
        .path = LOGOUT_PATH,
        .authorization = client->rights.header,
        .body = "",
        .answer_max_bytes = API_LOGIN_BODY_MAX_BYTES,
    };
    if (!client->rights.login.has_session || (place->base.is_name && place->resolver.addresses[0] == '\0'))
        return;
    client->watch.descriptor = -1; /* it says what is known: the worker leaves */
    transfer(client, &exchange, clock_monotonic_ms() + API_LOGOUT_TIMEOUT_MS);
}

/* Requests ----------------------------------------------------------------------------------------------------- */

/* Texts hold no times: the same trouble has to read the same in every round. */
static enum api_result result_of(struct api_client *client, const struct api_request *request, enum outcome outcome)
{
    if (outcome == ARRIVED)
        return API_OK;
    if (outcome == STOPPED)
        text_format(client->error, sizeof client->error, "stopped, because the worker leaves");
    else if (outcome == LATE && client->error[0] == '\0')
        say_late(client);
    if (outcome != NO_LOGIN)
        name_request(client, request->place, "GET", request->path);
    answer_begin(&client->answer, 0); /* half an answer is none */
    bool round_is_over = clock_monotonic_ms() >= request->deadline_ms;
    bool is_late = outcome == LATE || outcome == NO_LOGIN;
    return outcome == STOPPED || (is_late && round_is_over) ? API_CANCELLED : API_FAILED;
}

static enum api_result client_get(struct api_client *client, const struct api_request *request)
{
    struct place *place = &client->places[request->place];
    struct exchange exchange = {
        .place = request->place,
        .path = request->path,
        .authorization = "",
        .answer_max_bytes = request->body_max_bytes,
    };
    bool with_rights = request->with_rights && request->place == API_SITE;
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
    if (outcome == ARRIVED && with_rights && rights_can_log_in(&client->rights)) {
        outcome = ask_with_session(client, &exchange, deadline_ms);
    } else if (outcome == ARRIVED) {
        exchange.authorization = with_rights ? client->rights.header : "";
        outcome = transfer(client, &exchange, deadline_ms);
    }
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

static void client_close(struct api_client *client)
{
    log_out(client);
    if (client->easy != NULL)
        curl_easy_cleanup(client->easy);
    if (client->multi != NULL)
        curl_multi_cleanup(client->multi);
    for (size_t i = 0; i < API_PLACE_COUNT; i++)
        resolver_destroy(&client->places[i].resolver);
    rights_close(&client->rights);
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
                make_handles(client) && rights_open(&client->rights, settings, error, error_bytes);
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
