/* SPDX-License-Identifier: Apache-2.0 */
#include "front/http.h"

#include <errno.h>
#include <stdint.h>
#include <fcntl.h>
#include <limits.h>
#include <microhttpd.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include "common/clock.h"
#include "common/log.h"
#include "front/store.h"

static const char not_found[] = "404 not found\n";
static const char no_room[] = "HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/plain\r\nContent-Length: 25\r\n"
                              "Connection: close\r\n\r\n503 too many connections\n";
static const char too_late[] = "HTTP/1.1 408 Request Timeout\r\nContent-Type: text/plain\r\nContent-Length: 29\r\n"
                               "Connection: close\r\n\r\n408 the request came too late\n";
static const char too_many[] = "503 too many answers at once\n";
static const char not_allowed[] = "405 only GET and HEAD are allowed here\n";

/* The mark of a request whose headers we have seen once already. */
static char seen;

const char *const http_refusal_names[HTTP_REFUSAL_COUNT] = {
    [HTTP_REFUSAL_CONNECTIONS] = "connections",
    [HTTP_REFUSAL_IN_FLIGHT] = "in_flight",
    [HTTP_REFUSAL_HEAD_TIME] = "head_time",
    [HTTP_REFUSAL_WRITE_TIME] = "write_time",
};

static const struct http_route *find_route(const struct http *http, const char *path)
{
    for (const struct http_route *route = http->routes; route->path; route++)
        if (strcmp(route->path, path) == 0)
            return route;
    return NULL;
}

/* Hands an answer to the library, which then calls its release. `last`: the connection ends with it. */
static enum MHD_Result send_answer(struct http *http, struct MHD_Connection *connection,
                                   const struct http_answer *answer, bool last)
{
    struct MHD_Response *response = answer->prepared ? answer->prepared : http_prepare(answer);
    if (!response)
        return MHD_NO; /* closes the connection */
    /* A prepared one keeps it; but then nobody is to come again. */
    if ((last || http->draining) && !MHD_get_response_header(response, MHD_HTTP_HEADER_CONNECTION))
        MHD_add_response_header(response, MHD_HTTP_HEADER_CONNECTION, "close");
    enum MHD_Result result = MHD_queue_response(connection, answer->status, response);
    if (!answer->prepared)
        http_forget(response);
    return result;
}

/* Why a request is refused before anybody looks for its route: true when the answer is filled in. */
static bool refuse(const struct http_request *request, struct http_answer *answer)
{
    if (!request->fault)
        return false;
    http_answer_text(answer, MHD_HTTP_BAD_REQUEST, request->fault);
    return true;
}

static void answer_request(struct http *http, const struct http_request *request, bool reads,
                           struct http_answer *answer)
{
    if (refuse(request, answer))
        return;
    const struct http_route *route = find_route(http, request->path);
    if (http->gate && !(route && route->open) && !http->gate(http->gate_context, request, answer))
        return;
    if (!route) {
        http_answer_text(answer, MHD_HTTP_NOT_FOUND, not_found);
    } else if (!reads) {
        http_answer_text(answer, MHD_HTTP_METHOD_NOT_ALLOWED, not_allowed);
        http_answer_add_header(answer, MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
    } else {
        route->handler(http->context, request, answer);
    }
}

/* His place among the visitors travels with the connection as its number + 1. */
static unsigned visitor_of(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    return info && info->socket_context ? (unsigned)(uintptr_t)info->socket_context - 1 : VISITOR_NONE;
}

/*
 * Ends a connection in the library's next turn, which sees its end. What has not been read is thrown away: else the
 * kernel would try for minutes to give it to somebody who does not want it. `words`: said before, where they can be
 * understood and he has not been told something else already.
 */
static void close_connection(struct MHD_Connection *connection, const char *words)
{
    const struct linger at_once = {.l_onoff = 1, .l_linger = 0};
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    if (!info)
        return;
    int socket = info->connect_fd;
    bool is_tls = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_GNUTLS_SESSION) != NULL;
    if (words && !is_tls)
        send(socket, words, strlen(words), MSG_DONTWAIT | MSG_NOSIGNAL);
    else
        setsockopt(socket, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    shutdown(socket, SHUT_RDWR);
}

static void send_away(struct http *http, unsigned index, enum http_refusal refusal, const char *words)
{
    if (index == VISITOR_NONE)
        return;
    http->refused[refusal]++;
    close_connection(http->visitors.visitor[index].connection, words);
}

static void on_connection(void *context, struct MHD_Connection *connection, void **socket_context,
                          enum MHD_ConnectionNotificationCode code)
{
    struct http *http = context;
    unsigned index = *socket_context ? (unsigned)(uintptr_t)*socket_context - 1 : VISITOR_NONE;
    if (code == MHD_CONNECTION_NOTIFY_CLOSED) {
        if (index != VISITOR_NONE)
            visitors_leave(&http->visitors, index);
        return;
    }
    const union MHD_ConnectionInfo *client =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    struct visitor_address address;
    unsigned gives_way;
    visitor_address_of(&address, client ? client->client_addr : NULL);
    index = visitors_enter(&http->visitors, &address, clock_monotonic_ms(), &gives_way);
    send_away(http, gives_way, HTTP_REFUSAL_CONNECTIONS, NULL);
    if (index == VISITOR_NONE) {
        http->refused[HTTP_REFUSAL_CONNECTIONS]++;
        close_connection(connection, no_room);
        return;
    }
    *socket_context = (void *)(uintptr_t)(index + 1);
    http->visitors.visitor[index].connection = connection;
    if (http->visitors.visitor[index].state == VISITOR_LEAVING)
        send_away(http, index, HTTP_REFUSAL_CONNECTIONS, no_room);
}

/* Called with the first line of a request. What it returns becomes *request in on_request(). */
static void *on_line(void *context, const char *line, struct MHD_Connection *connection)
{
    struct http *http = context;
    unsigned index = visitor_of(connection);
    if (index == VISITOR_NONE)
        return NULL;
    visitors_ask(&http->visitors, index, clock_monotonic_ms());
    /* Decoded it would end the path, and "/metrics%00x" is not "/metrics". */
    http->visitors.visitor[index].faulty = strstr(line, "%00") != NULL;
    return NULL;
}

/* Whether there is room for one more answer; else the answer says so. */
static bool may_answer(struct http *http, struct http_answer *answer)
{
    unsigned gives_way;
    bool may = visitors_may_answer(&http->visitors, clock_monotonic_ms(), &gives_way);
    send_away(http, gives_way, HTTP_REFUSAL_IN_FLIGHT, NULL);
    if (may)
        return true;
    http->refused[HTTP_REFUSAL_IN_FLIGHT]++;
    http_answer_text(answer, MHD_HTTP_SERVICE_UNAVAILABLE, too_many);
    http_answer_add_header(answer, MHD_HTTP_HEADER_RETRY_AFTER, "1");
    return false;
}

/* A client may name the whole address, as to a proxy (RFC 9112, 3.2.2). */
static const char *path_of(const char *address)
{
    size_t scheme = strncasecmp(address, "http://", 7) == 0 ? 7 : strncasecmp(address, "https://", 8) == 0 ? 8 : 0;
    if (scheme == 0)
        return address;
    const char *path = strchr(address + scheme, '/');
    return path ? path : "/";
}

static enum MHD_Result on_request(void *context, struct MHD_Connection *connection, const char *path,
                                  const char *method, const char *version, const char *upload,
                                  size_t *upload_size, void **request)
{
    struct http *http = context;
    (void)version;
    (void)upload;
    unsigned index = visitor_of(connection);
    bool first = !*request;
    bool reads = strcmp(method, MHD_HTTP_METHOD_GET) == 0 || strcmp(method, MHD_HTTP_METHOD_HEAD) == 0;
    if (first) {
        *request = &seen;
        http->answering++;
        if (index != VISITOR_NONE)
            visitors_hear(&http->visitors, index);
    }
    if (*upload_size > 0) /* nobody sends a body with GET; reading it would be a gift of our time */
        return MHD_NO;
    if (first && reads) /* the library wants to see the end of the request first, to keep the connection */
        return MHD_YES;
    struct http_request asked;
    http_request_read(&asked, connection, path_of(path), method);
    if (!asked.fault && index != VISITOR_NONE && http->visitors.visitor[index].faulty)
        asked.fault = "400 the address holds a NUL\n";
    struct http_answer answer = {.status = MHD_HTTP_INTERNAL_SERVER_ERROR, .content_type = "text/plain"};
    if (may_answer(http, &answer))
        answer_request(http, &asked, reads, &answer);
    if (index != VISITOR_NONE)
        visitors_answer(&http->visitors, index, http_answer_bytes(&answer), clock_monotonic_ms());
    return send_answer(http, connection, &answer, !reads);
}

static void on_completed(void *context, struct MHD_Connection *connection, void **request,
                         enum MHD_RequestTerminationCode code)
{
    struct http *http = context;
    unsigned index = visitor_of(connection);
    (void)code;
    if (index != VISITOR_NONE)
        visitors_rest(&http->visitors, index, clock_monotonic_ms());
    if (*request)
        http->answering--;
    *request = NULL;
}

/* What the library says is about clients, who may say what they like as often as they like: debug. */
static void on_log(void *context, const char *format, va_list arguments)
{
    char text[LOG_LINE_MAX_BYTES];
    (void)context;
    vsnprintf(text, sizeof text, format, arguments);
    log_debug("http: %s", text);
}

int http_listen(struct http *http, int listener)
{
    /* An epoll wake-up may come when another process has taken the connection already. */
    int flags = fcntl(listener, F_GETFL);
    if (flags < 0 || fcntl(listener, F_SETFL, flags | O_NONBLOCK) != 0) {
        log_error("listener: %s", strerror(errno));
        return -1;
    }
    struct MHD_Daemon *daemon = MHD_start_daemon(
        MHD_USE_EPOLL | MHD_USE_ERROR_LOG, 0, NULL, NULL, on_request, http, MHD_OPTION_EXTERNAL_LOGGER,
        on_log, NULL, MHD_OPTION_LISTEN_SOCKET, listener, MHD_OPTION_NOTIFY_COMPLETED, on_completed, http,
        MHD_OPTION_NOTIFY_CONNECTION, on_connection, http, MHD_OPTION_URI_LOG_CALLBACK, on_line, http,
        /* Ours are lower, and by the clock: its own timeout begins anew with each byte. */
        MHD_OPTION_CONNECTION_LIMIT, (unsigned)(HTTP_CONNECTIONS_MAX + HTTP_CONNECTIONS_SPARE),
        MHD_OPTION_CONNECTION_TIMEOUT, 0u, MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)http->visitors.limits.head_bytes,
        MHD_OPTION_SIGPIPE_HANDLED_BY_APP, 1, MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_END);
    if (!daemon) {
        log_error("listener: libmicrohttpd does not start on it");
        return -1;
    }
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_EPOLL_FD);
    http->epolls[http->daemon_count] = info->epoll_fd;
    http->daemons[http->daemon_count++] = daemon;
    return 0;
}

size_t http_poll(const struct http *http, struct pollfd *polled)
{
    for (size_t i = 0; i < http->daemon_count; i++)
        polled[i] = (struct pollfd){.fd = http->epolls[i], .events = POLLIN};
    return http->daemon_count;
}

int http_timeout_ms(const struct http *http)
{
    int timeout_ms = -1;
    if (http->visitors.next_ms != NEVER_MS) {
        int64_t left_ms = http->visitors.next_ms - clock_monotonic_ms();
        timeout_ms = left_ms < 0 ? 0 : left_ms > INT_MAX ? INT_MAX : (int)left_ms;
    }
    for (size_t i = 0; i < http->daemon_count; i++) {
        unsigned long long wanted_ms;
        if (MHD_get_timeout(http->daemons[i], &wanted_ms) != MHD_YES)
            continue;
        int bounded_ms = wanted_ms > INT_MAX ? INT_MAX : (int)wanted_ms;
        if (timeout_ms < 0 || bounded_ms < timeout_ms)
            timeout_ms = bounded_ms;
    }
    return timeout_ms;
}

/* Their ends are seen by the library's turn that follows. */
static void close_overdue(struct http *http)
{
    unsigned index;
    while ((index = visitors_overdue(&http->visitors, clock_monotonic_ms())) != VISITOR_NONE) {
        const struct visitor *visitor = &http->visitors.visitor[index];
        enum visitor_state state = visitor->state;
        bool idle = state == VISITOR_SILENT && visitor->answered;
        visitors_dismiss(&http->visitors, index);
        if (idle) /* nobody is refused anything */
            close_connection(visitor->connection, "");
        else if (state == VISITOR_READING)
            send_away(http, index, HTTP_REFUSAL_WRITE_TIME, NULL);
        else
            send_away(http, index, HTTP_REFUSAL_HEAD_TIME, too_late);
    }
}

void http_run(struct http *http)
{
    close_overdue(http);
    for (size_t i = 0; i < http->daemon_count; i++)
        MHD_run(http->daemons[i]);
}

void http_drain(struct http *http)
{
    if (http->draining)
        return;
    http->draining = true;
    for (size_t i = 0; i < http->daemon_count; i++)
        if (MHD_quiesce_daemon(http->daemons[i]) == MHD_INVALID_SOCKET)
            log_warning("listener: libmicrohttpd cannot stop accepting on it");
}

bool http_is_idle(const struct http *http)
{
    return http->answering == 0;
}

bool http_is_heard(const struct http *http)
{
    return http->visitors.unheard == 0;
}

void http_stop(struct http *http)
{
    http_drain(http); /* else the library would shut the listeners down, and they are not only ours */
    for (size_t i = 0; i < http->daemon_count; i++)
        MHD_stop_daemon(http->daemons[i]);
    http->daemon_count = 0;
}
