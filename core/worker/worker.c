/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/worker.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <malloc.h>
#include <poll.h>
#include <stdbool.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include "common/birth.h"
#include "common/clock.h"
#include "common/control.h"
#include "common/exit_code.h"
#include "common/log.h"
#include "common/text.h"
#include "worker/claim.h"
#include "worker/crash.h"
#include "worker/data_pipe.h"
#include "worker/database.h"
#include "worker/host.h"
#include "worker/kept_state.h"
#include "worker/memory.h"
#include "worker/plugin.h"
#include "worker/reach.h"
#include "worker/report.h"
#include "worker/round.h"
#include "worker/row.h"
#include "worker/schedule.h"

/* A round's last frames are written between the end of the database's graces and the alarm. */
#define LAST_WRITE_GRACE_MS (ALARM_GRACE_MS - 100)

struct worker {
    const struct worker_settings *settings;
    const struct sandbox_rules *rules;
    struct plugin plugin;
    struct plugin_settings plugin_settings;
    struct samples samples;
    struct claim claim;
    struct database database;
    struct kept_state kept;
    struct api api;
    struct host host;
    struct data_pipe pipe;
    struct schedule schedule;
    struct round round;
    struct report report; /* of a trial */
    void *state; /* the plugin's */
    bool open;   /* the plugin's open() went well */
    bool stopping;
    bool orphaned;
    bool brokerless; /* it has lost its broker, and leaves */
    bool round_wanted; /* a new front has nothing to show yet */
    struct control_message promise;
    bool promise_unsent; /* the supervisor does not read; nothing of ours may wait for it */
    char last_error[ERROR_TEXT_MAX_BYTES + 1];
    uint64_t last_refused[SAMPLE_VERDICT_COUNT];
    uint64_t rounds_dropped;
};

/* The innermost ring that needs nobody's cooperation: by default the signal ends the process. */
static void set_alarm(int64_t after_ms)
{
    const struct itimerval timer = {
        .it_value = { .tv_sec = after_ms / 1000, .tv_usec = (after_ms % 1000) * 1000 },
    };
    setitimer(ITIMER_REAL, &timer, NULL);
}

/* The same for CPU time. It stays until the next round: what computes between rounds is on this one's account. */
static void set_cpu_alarm(int64_t after_ms)
{
    const struct itimerval timer = {
        .it_value = { .tv_sec = after_ms / 1000, .tv_usec = (after_ms % 1000) * 1000 },
    };
    setitimer(ITIMER_PROF, &timer, NULL);
}

static _Noreturn void leave(int code)
{
    birth_exit(code);
}

/* Control channel ------------------------------------------------------------------------------------------ */

static void send_promise(struct worker *worker)
{
    switch (control_send(FD_CONTROL, &worker->promise, -1)) {
    case CONTROL_OK:
        worker->promise_unsent = false;
        break;
    case CONTROL_AGAIN:
        worker->promise_unsent = true; /* sent when there is room, unless a newer one takes its place */
        break;
    case CONTROL_CLOSED:
        worker->orphaned = worker->stopping = true;
        break;
    default:
        log_error("control channel: %s", strerror(errno));
        leave(EXIT_CODE_CONTROL);
    }
}

static void promise(struct worker *worker, enum control_type type, int64_t until_ms, unsigned status)
{
    memset(&worker->promise, 0, sizeof worker->promise);
    worker->promise.type = type;
    worker->promise.body.promise.until_ms = until_ms;
    worker->promise.body.promise.status = (uint8_t)status;
    if (status != ROUND_STATUS_COUNT)
        worker->promise.body.promise.limits_hit = (uint8_t)samples_limits_hit(&worker->samples);
    send_promise(worker);
}

static void take_data_pipe(struct worker *worker, int descriptor)
{
    if (descriptor < 0) {
        log_error("control message DATA without a descriptor");
        leave(EXIT_CODE_PROTOCOL);
    }
    data_pipe_replace(&worker->pipe, descriptor);
    worker->round.announced = false;
    worker->round_wanted = true;
    if (!round_introduce(&worker->pipe, &worker->plugin))
        leave(EXIT_CODE_MEMORY);
    data_pipe_flush(&worker->pipe, 0);
}

static void take_message(struct worker *worker, const struct control_message *message, int descriptor)
{
    if (message->type == CONTROL_DATA) {
        take_data_pipe(worker, descriptor);
    } else if (message->type == CONTROL_DRAIN && descriptor < 0) {
        worker->stopping = true;
    } else if (descriptor < 0 && claim_take_message(&worker->claim, message)) {
        database_obey_recall(&worker->database);
    } else {
        log_error("control message %d is not for a worker that runs", (int)message->type);
        leave(EXIT_CODE_PROTOCOL);
    }
}

static void read_control(struct worker *worker)
{
    struct control_message message;
    for (int i = 0; i < CONTROL_MESSAGES_PER_TURN; i++) {
        int descriptor = -1;
        switch (control_receive(FD_CONTROL, CONTROL_FROM_SUPERVISOR, &message, &descriptor)) {
        case CONTROL_OK:
            take_message(worker, &message, descriptor);
            break;
        case CONTROL_AGAIN:
            return;
        case CONTROL_CLOSED:
            worker->orphaned = worker->stopping = true;
            return;
        case CONTROL_BROKEN:
            log_error("a control message that cannot be understood");
            leave(EXIT_CODE_PROTOCOL);
        case CONTROL_ERROR:
            log_error("control channel: %s", strerror(errno));
            leave(EXIT_CODE_CONTROL);
        }
    }
}

/* The driver asks this while it waits for the server. */
static bool should_stop(void *context)
{
    struct worker *worker = context;
    read_control(worker);
    return worker->stopping;
}

static void session_opened(void *context, int socket)
{
    (void)context;
    claim_announce(FD_CONTROL, socket);
}

static bool may_cancel(void *context, int64_t timeout_ms)
{
    struct worker *worker = context;
    return claim_ask_cancel(&worker->claim, timeout_ms);
}

static void cancelled(void *context, bool lingers)
{
    struct worker *worker = context;
    claim_end_cancel(&worker->claim, lingers);
}

static struct database_watch database_watch(struct worker *worker)
{
    return (struct database_watch){ .descriptor = FD_CONTROL,
                                    .should_stop = should_stop,
                                    .context = worker,
                                    .opened = session_opened,
                                    .may_cancel = may_cancel,
                                    .cancelled = cancelled };
}

/* Start ---------------------------------------------------------------------------------------------------- */

static void load_api(struct worker *worker, const struct control_login *login)
{
    const struct api_watch watch = { FD_CONTROL, should_stop, worker };
    if ((worker->plugin.collector.needs & MINOTOR_NEEDS_API) == 0)
        return;
    if (!api_open(&worker->api, worker->settings, &watch, login))
        leave(EXIT_CODE_DRIVER);
    worker->host.api = &worker->api;
}

static void load(struct worker *worker, const struct control_login *login)
{
    char error[PLUGIN_ERROR_MAX_BYTES];
    const struct worker_settings *settings = worker->settings;
    enum exit_code code =
        plugin_load(settings->plugin, settings->distrust, settings->collector, &worker->plugin, error);
    if (code != EXIT_CODE_DONE) {
        log_error("plugin %s: %s", settings->plugin, error);
        leave(code);
    }
    char setting_error[PLUGIN_SETTING_ERROR_BYTES];
    if (!plugin_settings_resolve(&worker->plugin_settings, worker->plugin.settings, worker->plugin.setting_count,
                                 settings->given, settings->given_count, setting_error)) {
        log_error("%s", setting_error);
        leave(EXIT_CODE_PLUGIN_SETTING);
    }
    const struct database_watch watch = database_watch(worker);
    claim_init(&worker->claim, &watch);
    bool needs_database = (worker->plugin.collector.needs & MINOTOR_NEEDS_DATABASE) != 0;
    if (needs_database && !database_open(&worker->database, settings, &watch, &worker->claim))
        leave(EXIT_CODE_DRIVER);
    if (!samples_init(&worker->samples, &worker->plugin, &settings->limits))
        leave(EXIT_CODE_MEMORY);
    host_init(&worker->host, &worker->plugin_settings, &worker->samples,
              needs_database ? &worker->database : NULL, &worker->stopping);
    worker->host.worker = settings;
    worker->host.claim = &worker->claim;
    worker->host.kept = &worker->kept;
    worker->host.report = settings->trial ? &worker->report : NULL;
    load_api(worker, login);
}

static void open_plugin(struct worker *worker)
{
    const struct minotor_collector *collector = &worker->plugin.collector;
    int result = collector->open != NULL ? collector->open(&worker->host.table, &worker->state) : MINOTOR_OK;
    if (result == MINOTOR_OK) {
        worker->open = true;
        return;
    }
    log_error("open() of collector %s: %s", collector->name,
              worker->host.error[0] != '\0' ? worker->host.error : "no reason given");
    leave(result == MINOTOR_BAD_SETTING ? EXIT_CODE_PLUGIN_SETTING : EXIT_CODE_PLUGIN_OPEN);
}

static void introduce(struct worker *worker)
{
    /* On trial the frames go nowhere, and the data pipe gets the report. */
    data_pipe_init(&worker->pipe, worker->settings->trial ? STDOUT_FILENO : FD_DATA);
    if (!round_introduce(&worker->pipe, &worker->plugin))
        leave(EXIT_CODE_MEMORY);
    data_pipe_flush(&worker->pipe, clock_monotonic_ms() + DATA_WRITE_TIMEOUT_MS);
    const struct control_message ready = { .type = CONTROL_READY };
    enum control_result sent = control_send(FD_CONTROL, &ready, -1);
    if (sent == CONTROL_CLOSED)
        leave(EXIT_CODE_ORPHAN);
    if (sent != CONTROL_OK) {
        log_error("control channel: %s", strerror(errno));
        leave(EXIT_CODE_CONTROL);
    }
}

/* Rounds --------------------------------------------------------------------------------------------------- */

/* A trouble is told when it begins, when it changes and when it is over, not every round. */
static void log_outcome(struct worker *worker)
{
    const struct round *round = &worker->round;
    if (strcmp(round->error, worker->last_error) == 0)
        return;
    bool bad = round->status == ROUND_PARTIAL || round->status == ROUND_FAILED || round->status == ROUND_TIMEOUT;
    if (round->error[0] != '\0')
        log_at(bad ? LOG_LEVEL_WARNING : LOG_LEVEL_INFO, "round %" PRIu32 " %s: %s", round->number,
               round_status_name(round->status), round->error);
    else
        log_info("round %" PRIu32 " is good again", round->number);
    strcpy(worker->last_error, round->error);
}

static void log_refused(struct worker *worker)
{
    const struct samples *samples = &worker->samples;
    char why[ERROR_TEXT_MAX_BYTES + 1];
    for (size_t i = 0; i < SAMPLE_VERDICT_COUNT; i++) {
        bool is_news = samples->refused[i] > 0 && worker->last_refused[i] == 0;
        worker->last_refused[i] = samples->refused[i];
        if (!is_news)
            continue;
        samples_explain(samples, (enum sample_verdict)i, why);
        log_warning("%" PRIu64 " samples refused: %s (the first refused one is of %s)", samples->refused[i], why,
                    samples->refused_family[0] != '\0' ? samples->refused_family : "no family");
    }
}

/* When the round's frames must be written, so that neither alarm nor supervisor finds us still writing. */
static int64_t write_deadline_ms(const struct round *round)
{
    int64_t limit_ms = round->deadline_ms + LAST_WRITE_GRACE_MS;
    int64_t deadline_ms = clock_monotonic_ms() + DATA_WRITE_TIMEOUT_MS;
    return deadline_ms < limit_ms ? deadline_ms : limit_ms;
}

static void write_round(struct worker *worker)
{
    struct round *round = &worker->round;
    enum data_pipe_result result = round_write(round, &worker->pipe, &worker->samples, write_deadline_ms(round));
    if (result == DATA_PIPE_OK) {
        if (worker->rounds_dropped > 0)
            log_info("the front reads again; %" PRIu64 " rounds were late or lost", worker->rounds_dropped);
        worker->rounds_dropped = 0;
    } else if (worker->rounds_dropped++ == 0) {
        log_warning("round %" PRIu32 ": the front %s", round->number,
                    result == DATA_PIPE_LATE ? "does not read the data pipe" : "has closed the data pipe");
    }
}

/* Who has used up what it may have fails for ever, and a fresh worker does not. */
static void look_at_headroom(void)
{
    int copy = fcntl(FD_LOG, F_DUPFD_CLOEXEC, 0);
    /* A connection takes two for a moment; afterwards there is room again, until the next round. */
    if ((copy < 0 && errno == EMFILE) || reach_lacked_descriptor())
        leave(EXIT_CODE_NO_DESCRIPTORS);
    if (copy >= 0)
        close(copy);
    if (!memory_is_short())
        return;
    malloc_trim(0);
    if (!memory_is_short())
        return;
    log_error("%" PRIu64 " KiB of memory are in use; limits.memory is %" PRIu64 " KiB", memory_used_bytes() >> 10,
              memory_limit_bytes() >> 10);
    leave(EXIT_CODE_MEMORY);
}

static void run_round(struct worker *worker)
{
    const int64_t timeout_ms = worker->settings->timeout_ms;
    struct round *round = &worker->round;
    round_begin(round, round->number + 1, timeout_ms, &worker->pipe);
    promise(worker, CONTROL_BUSY, round->deadline_ms, ROUND_STATUS_COUNT);
    set_alarm(timeout_ms + ALARM_GRACE_MS);
    reach_set_deadline(round->deadline_ms);
    set_cpu_alarm(worker->settings->limits.cpu_ms);
    crash_arm(); /* the plugin may have put something in its place */
    host_begin_round(&worker->host, timeout_ms, round->deadline_ms);
    int result = worker->plugin.collector.collect(&worker->host.table, worker->state);
    round_judge(round, result, worker->stopping, &worker->host);
    host_end_round(&worker->host);
    write_round(worker);
    set_alarm(0);
    reach_set_deadline(INT64_MAX);
    worker->round_wanted = false; /* a front that came meanwhile has got this one */
    if (!worker->settings->trial)
        log_outcome(worker);
    log_refused(worker);
    if (round->status != ROUND_OK && round->status != ROUND_NO_DATA && !worker->settings->trial)
        look_at_headroom();
}

static _Noreturn void drain(struct worker *worker)
{
    uint8_t payload[64];
    struct wire_writer writer;
    set_alarm(SHUTDOWN_GRACE_MS);
    if (worker->open && worker->plugin.collector.close != NULL)
        worker->plugin.collector.close(&worker->host.table, worker->state);
    database_close(&worker->database);
    api_close(&worker->api);
    if (worker->orphaned)
        leave(EXIT_CODE_ORPHAN);
    wire_writer_init(&writer, payload, sizeof payload);
    wire_put_string(&writer, worker->brokerless ? "lost its broker" : "told to leave");
    data_pipe_put(&worker->pipe, FRAME_BYE, 0, payload, writer.size);
    data_pipe_flush(&worker->pipe, clock_monotonic_ms() + DRAIN_MS);
    leave(worker->brokerless ? EXIT_CODE_BROKER : EXIT_CODE_DONE);
}

/* One round at the most, and what is to be said of it. */
static _Noreturn void run_trial(struct worker *worker)
{
    const struct round *round = &worker->round;
    if (worker->settings->trial == TRIAL_SETTINGS) {
        report_settings(&worker->report);
    } else {
        run_round(worker);
        report_round(&worker->report, round->status, round->error,
                     (clock_monotonic_us() - round->started_us) / 1000, &worker->samples);
    }
    if (write(FD_DATA, worker->report.text, worker->report.size) != (ssize_t)worker->report.size)
        log_error("the report cannot be written: %s", strerror(errno));
    drain(worker);
}

/* Everything is written before the word that it is; then there is nothing left to do. */
static _Noreturn void run_row(struct worker *worker)
{
    const char *text = NULL;
    const struct database_watch watch = database_watch(worker);
    const struct control_message ready = { .type = CONTROL_READY };
    claim_init(&worker->claim, &watch);
    data_pipe_init(&worker->pipe, STDOUT_FILENO);
    if (!database_open(&worker->database, worker->settings, &watch, &worker->claim))
        leave(EXIT_CODE_DRIVER);
    database_begin_round(&worker->database, ROW_TIMEOUT_MS, clock_monotonic_ms() + ROW_TIMEOUT_MS);
    if (row_read(&worker->database, &text) != MINOTOR_OK) {
        log_error("%s", worker->database.error);
        database_end_round(&worker->database);
        database_close(&worker->database);
        leave(EXIT_CODE_ROW);
    }
    size_t size = strlen(text);
    if (size > REPORT_MAX_BYTES || write(FD_DATA, text, size) != (ssize_t)size) {
        log_error("what is wanted of Mattermost's configuration has %zu bytes; allowed are %d", size,
                  REPORT_MAX_BYTES);
        leave(EXIT_CODE_ROW);
    }
    database_end_round(&worker->database);
    if (control_send(FD_CONTROL, &ready, -1) != CONTROL_OK)
        leave(EXIT_CODE_ORPHAN);
    while (!worker->stopping) {
        struct pollfd waiting = { .fd = FD_CONTROL, .events = POLLIN };
        poll(&waiting, 1, -1);
        read_control(worker);
    }
    drain(worker);
}

/* What there was no room for in the control channel. */
static void send_waiting(struct worker *worker)
{
    claim_flush(&worker->claim);
    kept_state_flush(&worker->kept);
    api_flush(&worker->api);
    if (worker->promise_unsent)
        send_promise(worker);
}

/* What is connected goes on; but nothing new will be. The supervisor gives both to the next worker. */
static void look_for_broker(struct worker *worker)
{
    if (worker->brokerless || worker->stopping || !reach_is_lost())
        return;
    log_error("the broker is gone, or does not answer");
    worker->brokerless = worker->stopping = true;
}

/* Sleeps until the next round is due or something has come. */
static void idle(struct worker *worker)
{
    bool unsent = worker->promise_unsent || claim_is_unsent(&worker->claim) || worker->kept.unsent ||
                  worker->api.login_unsent;
    struct pollfd waiting[] = {
        { .fd = FD_CONTROL, .events = (short)(unsent ? POLLIN | POLLOUT : POLLIN) },
        { .fd = data_pipe_is_behind(&worker->pipe) ? worker->pipe.descriptor : -1, .events = POLLOUT },
        { .fd = reach_descriptor(), .events = POLLIN },
    };
    int64_t wait_ms = schedule_wait_ms(&worker->schedule, clock_monotonic_ms());
    if (poll(waiting, 3, (int)wait_ms) <= 0)
        return;
    look_for_broker(worker);
    if (waiting[1].revents != 0)
        data_pipe_flush(&worker->pipe, 0);
    if ((waiting[0].revents & POLLOUT) != 0)
        send_waiting(worker);
    if ((waiting[0].revents & ~POLLOUT) != 0)
        read_control(worker);
}

/*
 * A certificate that was renewed is another file than the one that we may read. A successor may: it is asked for
 * before the round that would fail, and the round is its first. Is nobody there to hear us, the round is tried.
 */
static void renew(struct worker *worker)
{
    const struct control_message message = { .type = CONTROL_RENEW };
    const char *stale = sandbox_rules_stale(worker->rules);
    if (stale == NULL || control_send(FD_CONTROL, &message, -1) != CONTROL_OK)
        return;
    log_info("%s was replaced; a worker that may read it is asked for", stale);
    int64_t until_ms = clock_monotonic_ms() + RENEW_WAIT_MS;
    for (int64_t left_ms; !worker->stopping && (left_ms = until_ms - clock_monotonic_ms()) > 0;) {
        struct pollfd waiting = { .fd = FD_CONTROL, .events = POLLIN };
        if (poll(&waiting, 1, (int)left_ms) > 0)
            read_control(worker);
    }
}

_Noreturn void worker_run(const struct worker_settings *settings, const struct heritage *heritage,
                          const struct sandbox_rules *rules)
{
    static struct worker worker;
    worker.settings = settings;
    crash_arm();
    worker.rules = rules;
    if (settings->row)
        run_row(&worker);
    kept_state_init(&worker.kept, &heritage->state, FD_CONTROL);
    load(&worker, &heritage->login);
    open_plugin(&worker);
    introduce(&worker);
    schedule_init(&worker.schedule, clock_monotonic_ms(), settings->interval_ms, settings->first_delay_ms);
    unsigned status = ROUND_STATUS_COUNT;
    if (settings->trial)
        run_trial(&worker);
    for (;;) {
        promise(&worker, CONTROL_IDLE, worker.schedule.next_ms, status);
        while (!worker.stopping && schedule_wait_ms(&worker.schedule, clock_monotonic_ms()) > 0) {
            idle(&worker);
            if (worker.round_wanted)
                schedule_soon(&worker.schedule, clock_monotonic_ms());
        }
        if (!worker.stopping)
            renew(&worker);
        if (worker.stopping)
            drain(&worker);
        run_round(&worker);
        look_for_broker(&worker);
        status = worker.round.status;
        schedule_advance(&worker.schedule, clock_monotonic_ms());
    }
}
