/* SPDX-License-Identifier: Apache-2.0 */
#include "front/http.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <microhttpd.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/log.h"

static const char not_found[] = "404 not found\n";
static const char not_allowed[] = "405 only GET and HEAD are allowed here\n";

/* The mark of a request whose headers we have seen once already. */
static char seen;

enum visit {
    VISIT_NONE,
    VISIT_SILENT, /* has not asked yet */
    VISIT_HEARD,
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

/* Its mark among the visits travels with the connection. */
static void on_connection(void *context, struct MHD_Connection *connection, void **socket_context,
                          enum MHD_ConnectionNotificationCode code)
{
    struct http *http = context;
    unsigned char *visit = code == MHD_CONNECTION_NOTIFY_CLOSED ? *socket_context : NULL;
    (void)connection;
    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        visit = memchr(http->visits, VISIT_NONE, sizeof http->visits);
        *socket_context = visit;
        if (visit)
            *visit = VISIT_SILENT;
        http->silent += visit != NULL;
    } else if (visit) {
        http->silent -= *visit == VISIT_SILENT;
        *visit = VISIT_NONE;
    }
}

static void note_heard(struct http *http, struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    unsigned char *visit = info ? info->socket_context : NULL;
    if (!visit || *visit != VISIT_SILENT)
        return;
    *visit = VISIT_HEARD;
    http->silent--;
}

static enum MHD_Result on_request(void *context, struct MHD_Connection *connection, const char *path,
                                  const char *method, const char *version, const char *upload,
                                  size_t *upload_size, void **request)
{
    struct http *http = context;
    (void)version;
    (void)upload;
    bool first = !*request;
    bool reads = strcmp(method, MHD_HTTP_METHOD_GET) == 0 || strcmp(method, MHD_HTTP_METHOD_HEAD) == 0;
    if (first) {
        *request = &seen;
        http->answering++;
        note_heard(http, connection);
    }
    if (*upload_size > 0) /* nobody sends a body with GET; reading it would be a gift of our time */
        return MHD_NO;
    if (first && reads) /* the library wants to see the end of the request first, to keep the connection */
        return MHD_YES;
    struct http_request asked;
    http_request_read(&asked, connection, path, method);
    struct http_answer answer = {.status = MHD_HTTP_INTERNAL_SERVER_ERROR, .content_type = "text/plain"};
    answer_request(http, &asked, reads, &answer);
    return send_answer(http, connection, &answer, !reads);
}

static void on_completed(void *context, struct MHD_Connection *connection, void **request,
                         enum MHD_RequestTerminationCode code)
{
    struct http *http = context;
    (void)connection;
    (void)code;
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

int http_listen(struct http *http, int listener, unsigned connections_max)
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
        MHD_OPTION_NOTIFY_CONNECTION, on_connection, http, MHD_OPTION_CONNECTION_LIMIT, connections_max, MHD_OPTION_PER_IP_CONNECTION_LIMIT,
        (unsigned)HTTP_CONNECTIONS_PER_ADDRESS_MAX, MHD_OPTION_CONNECTION_TIMEOUT,
        (unsigned)HTTP_IDLE_TIMEOUT_S, MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)HTTP_HEADER_MAX_BYTES,
        MHD_OPTION_SIGPIPE_HANDLED_BY_APP, 1, MHD_OPTION_END);
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

void http_run(struct http *http)
{
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
    return http->silent == 0;
}

void http_stop(struct http *http)
{
    http_drain(http); /* else the library would shut the listeners down, and they are not only ours */
    for (size_t i = 0; i < http->daemon_count; i++)
        MHD_stop_daemon(http->daemons[i]);
    http->daemon_count = 0;
}
