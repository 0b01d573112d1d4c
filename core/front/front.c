/* SPDX-License-Identifier: Apache-2.0 */
#include "front/front.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/log.h"
#include "front/orders.h"

/* What one poll() looks at, in this order. */
struct watch {
    struct pollfd polled[2 + SLOTS_MAX + LISTENERS_MAX];
    size_t pipes;
    size_t total;
};

enum { WATCH_CONTROL, WATCH_SIGNALS, WATCH_PIPES };

int front_take_setting(const struct control_setting *setting, void *context)
{
    struct front *front = context;
    /* started_ms is for the supervisor's own families, which come later. */
    if (strcmp(setting->name, "version") == 0) {
        snprintf(front->version, sizeof front->version, "%s", setting->value);
    } else if (strcmp(setting->name, "revision") == 0) {
        snprintf(front->revision, sizeof front->revision, "%s", setting->value);
    } else if (gate_is_setting(setting->name)) {
        return gate_take_setting(&front->gate, setting);
    } else if (strncmp(setting->name, WEB_SETTING_PREFIX, strlen(WEB_SETTING_PREFIX)) == 0) {
        if (web_limits_take(&front->limits, setting->name, setting->value))
            return 0;
        log_error("setting %s is unknown, or \"%s\" no number within its bounds", setting->name, setting->value);
        return -1;
    } else if (strcmp(setting->name, "started_ms") != 0) {
        log_error("setting %s is unknown; known are version, revision, started_ms, web.*, web_limit.*", setting->name);
        return -1;
    }
    return 0;
}

int front_take_message(const struct control_message *message, int descriptor, void *context)
{
    struct front *front = context;
    if (message->type == CONTROL_LISTENER && descriptor >= 0 && front->listener_count < LISTENERS_MAX) {
        front->listeners[front->listener_count++] = descriptor;
        return 0;
    }
    if (descriptor >= 0)
        close(descriptor);
    return -1;
}

/* A supervisor that is stopped reads no log. That may cost lines, but no scrape: clients can make us speak. */
static int keep_log_from_blocking(void)
{
    int flags = fcntl(FD_LOG, F_GETFL);
    return flags < 0 ? -1 : fcntl(FD_LOG, F_SETFL, flags | O_NONBLOCK);
}

static int listen_to_all(struct front *front)
{
    struct http *http = &front->http;
    http->routes = site_routes;
    http->context = &front->site;
    http->gate = gate_ask;
    http->gate_context = &front->gate;
    front->site.self.answering = &http->answering;
    front->site.self.refused = http->refused;
    visitors_init(&http->visitors, &front->limits);
    if (front->listener_count == 0) {
        log_error("no listener was given");
        return -1;
    }
    for (size_t i = 0; i < front->listener_count; i++)
        if (http_listen(http, front->listeners[i]) != 0)
            return -1;
    return 0;
}

enum exit_code front_open(void *context)
{
    struct front *front = context;
    sigset_t mask;
    front->signals = -1;
    if (keep_log_from_blocking() != 0)
        log_warning("log pipe: %s", strerror(errno));
    self_metrics_open(&front->site.self);
    series_set_choose_key();
    tzset(); /* the library's Date header would open the time zone's file later */
    sigemptyset(&mask);
    sigaddset(&mask, SIGTERM);
    sigaddset(&mask, SIGINT);
    if (sigprocmask(SIG_BLOCK, &mask, NULL) == 0)
        front->signals = signalfd(-1, &mask, SFD_NONBLOCK | SFD_CLOEXEC);
    if (front->signals < 0) {
        log_error("signals cannot be received: %s", strerror(errno));
        return EXIT_CODE_SIGNALS;
    }
    return listen_to_all(front) == 0 ? EXIT_CODE_DONE : EXIT_CODE_HTTP;
}

static struct moment moment_now(void)
{
    return (struct moment){clock_monotonic_ms(), clock_wall_ms()};
}

static int start(struct front *front)
{
    front->site.build = (struct page_build){front->version, front->revision};
    front->now = moment_now();
    front->drain_until_ms = front->hear_until_ms = NEVER_MS;
    site_refresh(&front->site);
    struct control_message ready = {.type = CONTROL_READY};
    return control_send(FD_CONTROL, &ready, -1) == CONTROL_OK ? 0 : -1;
}

/* We are watched by what we promise. A promise that finds no room is made again in the next turn. */
static void promise(struct front *front)
{
    if (front->now.monotonic_ms < front->promise_due_ms)
        return;
    struct control_message idle = {
        .type = CONTROL_IDLE,
        .body.promise = {.until_ms = front->now.monotonic_ms + FRONT_PROMISE_MS,
                         .status = ROUND_STATUS_COUNT},
    };
    if (control_send(FD_CONTROL, &idle, -1) == CONTROL_OK)
        front->promise_due_ms = front->now.monotonic_ms + FRONT_PROMISE_MS / 2;
}

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int wait_ms(const struct front *front)
{
    int64_t next_ms = earlier(front->promise_due_ms, store_next_tick_ms(&front->site.store));
    int64_t drain_ms = front->now.monotonic_ms < front->hear_until_ms ? front->hear_until_ms : front->drain_until_ms;
    int64_t left_ms = earlier(next_ms, drain_ms) - front->now.monotonic_ms;
    int http_ms = http_timeout_ms(&front->http);
    if (front->busy)
        return 0;
    if (left_ms <= 0)
        left_ms = front->promise_due_ms <= front->now.monotonic_ms ? FRONT_PROMISE_MS / 20 : 0;
    if (http_ms >= 0)
        left_ms = earlier(left_ms, http_ms);
    return (int)earlier(left_ms, FRONT_PROMISE_MS);
}

static void watch(const struct front *front, struct watch *watch)
{
    watch->polled[WATCH_CONTROL] = (struct pollfd){.fd = FD_CONTROL, .events = POLLIN};
    watch->polled[WATCH_SIGNALS] = (struct pollfd){.fd = front->signals, .events = POLLIN};
    watch->pipes = pipes_poll(&front->pipes, watch->polled + WATCH_PIPES);
    watch->total = WATCH_PIPES + watch->pipes;
    watch->total += http_poll(&front->http, watch->polled + watch->total);
}

static void begin_drain(struct front *front)
{
    struct signalfd_siginfo information;
    while (read(front->signals, &information, sizeof information) > 0)
        ;
    if (front->drain_until_ms != NEVER_MS)
        return;
    front->drain_until_ms = front->now.monotonic_ms + DRAIN_MS;
    front->hear_until_ms = front->now.monotonic_ms + DRAIN_HEAR_MS;
    http_drain(&front->http);
}

/*
 * One turn: wait, then pipes, orders, clients. Pipes come before orders, so that what a worker wrote before
 * it died is read before its slot is taken from it. Returns EXIT_CODE_DONE to go on.
 */
static enum exit_code turn(struct front *front)
{
    struct watch watched;
    enum orders_result orders = ORDERS_READ;
    watch(front, &watched);
    if (poll(watched.polled, watched.total, wait_ms(front)) < 0) {
        for (size_t i = 0; i < watched.total; i++)
            watched.polled[i].revents = 0; /* a signal that nobody blocks; nothing is known to be ready */
    }
    front->now = moment_now();
    pipes_read(&front->pipes, watched.polled + WATCH_PIPES, watched.pipes, front->now);
    if (watched.polled[WATCH_CONTROL].revents)
        orders = orders_read(FD_CONTROL, &front->site.store, &front->pipes, &front->gate, front->now);
    store_tick(&front->site.store, front->now);
    site_refresh(&front->site);
    http_run(&front->http);
    front->busy = site_work(&front->site, front->now.monotonic_ms);
    pipes_report(&front->pipes, FD_CONTROL);
    promise(front);
    if (orders == ORDERS_DRAIN || watched.polled[WATCH_SIGNALS].revents)
        begin_drain(front);
    if (orders == ORDERS_ORPHAN)
        return EXIT_CODE_ORPHAN;
    return orders == ORDERS_BROKEN ? EXIT_CODE_PROTOCOL : EXIT_CODE_DONE;
}

static bool is_done(const struct front *front)
{
    if (front->drain_until_ms == NEVER_MS)
        return false;
    bool heard = http_is_heard(&front->http) || front->now.monotonic_ms >= front->hear_until_ms;
    return (heard && http_is_idle(&front->http)) || front->now.monotonic_ms >= front->drain_until_ms;
}

enum exit_code front_run(struct front *front)
{
    enum exit_code code = EXIT_CODE_DONE;
    if (start(front) != 0)
        return EXIT_CODE_HTTP;
    while (code == EXIT_CODE_DONE && !is_done(front))
        code = turn(front);
    http_stop(&front->http);
    pipes_close(&front->pipes);
    site_free(&front->site);
    return code;
}
