/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/broker.h"

#include <errno.h>
#include <inttypes.h>
#include <linux/sock_diag.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/exit_code.h"
#include "common/log.h"
#include "common/text.h"

#define PLACE_PREFIX "place."
#define DATABASE_PREFIX "database."

static bool take_interval(struct broker *broker, const char *value)
{
    char *end;
    broker->interval_ms = strtoll(value, &end, 10);
    return *end == '\0' && broker->interval_ms >= INTERVAL_MIN_MS && broker->interval_ms <= INTERVAL_MAX_MS;
}

int broker_take_setting(const struct control_setting *setting, void *context)
{
    struct broker *broker = context;
    struct places *places = &broker->places;
    if (strcmp(setting->name, "interval_ms") == 0 && take_interval(broker, setting->value))
        return 0;
    bool is_database = strncmp(setting->name, DATABASE_PREFIX, strlen(DATABASE_PREFIX)) == 0;
    bool is_place = is_database || strncmp(setting->name, PLACE_PREFIX, strlen(PLACE_PREFIX)) == 0;
    if (is_place && places_add(places, setting->value)) {
        places->place[places->count - 1].is_database = is_database;
        return 0;
    }
    log_error("setting %s is not one of a broker's", setting->name);
    return -1;
}

/* Answers ------------------------------------------------------------------------------------------------------ */

/* A worker that does not read gets none: nobody waits for it here. */
static enum control_result send_answer(const struct reach_answer *answer, int descriptor)
{
    uint8_t bytes[REACH_MESSAGE_MAX_BYTES];
    return control_send_bytes(FD_CLIENT, bytes, reach_encode_answer(answer, bytes), descriptor);
}

static void answer_lookup(uint32_t id, const struct name *name, int code)
{
    struct reach_answer answer = { .id = id, .type = REACH_LOOKUP, .error = code };
    if (code == 0) {
        answer.count = name->now_count;
        memcpy(answer.addresses, name->now, sizeof answer.addresses);
    }
    send_answer(&answer, -1);
}

static void answer_connect(uint32_t id, int error, int socket)
{
    struct reach_answer answer = { .id = id, .type = REACH_CONNECT, .error = error };
    if (send_answer(&answer, socket) != CONTROL_ERROR || socket < 0)
        return;
    /* The kernel does not let this account send a descriptor now; an answer is better than none. */
    answer.error = errno;
    send_answer(&answer, -1);
}

static void refuse(struct broker *broker, const char *what)
{
    char allowed[LOG_LINE_MAX_BYTES / 2];
    places_describe(&broker->places, allowed, sizeof allowed);
    refusals_tell(&broker->refusals, what, allowed);
}

/* Names -------------------------------------------------------------------------------------------------------- */

/* The name service is late, or cannot even be asked: what it said before is better than nothing. */
static void answer_without(uint32_t id, const struct name *name)
{
    answer_lookup(id, name, name->now_count > 0 ? 0 : EAI_AGAIN);
}

static void await(struct broker *broker, uint32_t id, struct name *name, int64_t now_ms)
{
    for (unsigned i = 0; i < REACH_WAITING_MAX; i++) {
        if (broker->waiting[i].name != NULL)
            continue;
        broker->waiting[i] = (struct waiting){ .id = id, .name = name, .until_ms = now_ms + NAME_TIMEOUT_MS };
        return;
    }
    answer_without(id, name);
}

static void look_up(struct broker *broker, const struct reach_request *request, int64_t now_ms)
{
    struct name *name = names_find(&broker->names, request->host);
    if (name == NULL) {
        char what[CONFIG_TEXT_BYTES + 32], host[CONFIG_TEXT_BYTES];
        text_one_line(host, sizeof host, request->host);
        text_format(what, sizeof what, "to look up %s", host);
        refuse(broker, what);
        answer_lookup(request->id, NULL, EAI_NONAME);
    } else if (name_is_fresh(name, now_ms)) {
        answer_lookup(request->id, name, 0);
    } else if (!name_look(name) || name->is_stale) {
        answer_without(request->id, name);
    } else {
        await(broker, request->id, name, now_ms);
    }
}

static bool is_awaited(const struct broker *broker, const struct name *name)
{
    for (unsigned i = 0; i < REACH_WAITING_MAX; i++)
        if (broker->waiting[i].name == name)
            return true;
    return false;
}

static void take_result(struct broker *broker, struct name *name, int64_t now_ms)
{
    int code = name_take(name, is_awaited(broker, name), now_ms);
    for (unsigned i = 0; i < REACH_WAITING_MAX; i++) {
        struct waiting *waiting = &broker->waiting[i];
        if (waiting->name != name)
            continue;
        answer_lookup(waiting->id, name, code);
        waiting->name = NULL;
    }
}

static void tick(struct broker *broker, int64_t now_ms)
{
    for (unsigned i = 0; i < REACH_WAITING_MAX; i++) {
        struct waiting *waiting = &broker->waiting[i];
        if (waiting->name == NULL || now_ms < waiting->until_ms)
            continue;
        name_doubt(waiting->name, "the name service does not answer");
        answer_without(waiting->id, waiting->name);
        waiting->name = NULL;
    }
}

/* Connections -------------------------------------------------------------------------------------------------- */

static bool is_allowed(const struct broker *broker, const struct reach_request *request)
{
    return request->kind == REACH_STREAM && (places_has(&broker->places, &request->place) ||
                                             names_allow(&broker->names, &broker->places, &request->place));
}

static void refuse_connect(struct broker *broker, const struct reach_request *request)
{
    static const char *const KINDS[REACH_KIND_COUNT] = {
        [REACH_STREAM] = "",
        [REACH_DATAGRAM] = " with datagrams",
        [REACH_OTHER] = " with another protocol than TCP",
    };
    char place[REACH_PATH_BYTES + 64], what[sizeof place + 64];
    reach_describe_place(&request->place, place, sizeof place);
    text_format(what, sizeof what, "to connect to %s%s", place, KINDS[request->kind]);
    refuse(broker, what);
    answer_connect(request->id, EACCES, -1);
}

/* Whether answers lie in the channel: they are charged to who sent them until they have been read. */
static bool has_unread_answers(void)
{
    uint32_t used[SK_MEMINFO_VARS] = { 0 };
    socklen_t bytes = sizeof used;
    return getsockopt(FD_CLIENT, SOL_SOCKET, SO_MEMINFO, used, &bytes) == 0 && used[SK_MEMINFO_WMEM_ALLOC] > 0;
}

/* A connection that nobody has taken is one that the server has nevertheless, and no limit of the worker counts it. */
static bool is_heaped_up(struct broker *broker)
{
    if (broker->unread_sockets > 0 && !has_unread_answers())
        broker->unread_sockets = 0;
    return broker->unread_sockets >= UNREAD_SOCKETS_MAX;
}

/* As a server refuses that is busy: every library takes that for an end of the attempt, and none calls again at once. */
static void refuse_haste(struct broker *broker, const struct reach_request *request, const char *why)
{
    char place[REACH_PATH_BYTES + 64], what[sizeof place + 128];
    reach_describe_place(&request->place, place, sizeof place);
    text_format(what, sizeof what, "to connect to %s %s", place, why);
    refuse(broker, what);
    answer_connect(request->id, ECONNREFUSED, -1);
}

/* Where rounds are short, sessions may change hands in each, and the one before may have to be cancelled. */
static int64_t pause_of_database_ms(const struct broker *broker)
{
    int64_t half_ms = broker->interval_ms / 2;
    return half_ms > 0 && half_ms < DATABASE_PAUSE_MS ? half_ms : DATABASE_PAUSE_MS;
}

static bool is_hasty(struct broker *broker, const struct reach_request *request, int64_t now_ms)
{
    char why[64];
    bool is_database = places_is_database(&broker->places, &request->place);
    int64_t pause_ms = is_database ? pause_of_database_ms(broker) : HTTP_PAUSE_MS;
    if (is_heaped_up(broker)) {
        refuse_haste(broker, request, "without taking the connections made before");
        return true;
    }
    if (paces_take(&broker->paces, &request->place, pause_ms, now_ms))
        return false;
    text_format(why, sizeof why, "more than %d times at once, then every %" PRId64 " ms", CONNECTIONS_AT_ONCE_MAX, pause_ms);
    refuse_haste(broker, request, why);
    return true;
}

static void connect_to(struct broker *broker, const struct reach_request *request, int64_t now_ms)
{
    struct sockaddr_storage address;
    if (!is_allowed(broker, request)) {
        refuse_connect(broker, request);
        return;
    }
    if (is_hasty(broker, request, now_ms))
        return;
    socklen_t size = (socklen_t)reach_sockaddr_of(&request->place, &address);
    int made = socket(address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int error = made < 0 || connect(made, (const struct sockaddr *)&address, size) != 0 ? errno : 0;
    bool is_good = error == 0 || error == EINPROGRESS;
    broker->unread_sockets += is_good;
    answer_connect(request->id, error, is_good ? made : -1);
    if (made >= 0)
        close(made);
}

/* Loop --------------------------------------------------------------------------------------------------------- */

/* What a turn waits for: the two channels, then the lookups that are under way. */
struct watches {
    struct pollfd descriptors[2 + PLACES_MAX];
    struct name *names[2 + PLACES_MAX];
    nfds_t count;
};

static void watch(struct watches *watches, int descriptor, struct name *name)
{
    watches->descriptors[watches->count] = (struct pollfd){ .fd = descriptor, .events = POLLIN };
    watches->names[watches->count++] = name;
}

static void watch_all(struct broker *broker, struct watches *watches)
{
    watches->count = 0;
    watch(watches, FD_CONTROL, NULL);
    watch(watches, FD_CLIENT, NULL);
    for (unsigned i = 0; i < broker->names.count; i++)
        if (broker->names.name[i].lookup != NULL)
            watch(watches, lookup_descriptor(broker->names.name[i].lookup), &broker->names.name[i]);
}

static int wait_ms(const struct broker *broker, int64_t now_ms)
{
    int64_t due_ms = INT64_MAX;
    for (unsigned i = 0; i < REACH_WAITING_MAX; i++)
        if (broker->waiting[i].name != NULL && broker->waiting[i].until_ms < due_ms)
            due_ms = broker->waiting[i].until_ms;
    if (due_ms == INT64_MAX)
        return -1;
    return due_ms > now_ms ? (int)(due_ms - now_ms) : 0;
}

/* Requests that have come, a bounded number. Returns an exit code, or -1 to go on. */
static int read_requests(struct broker *broker, int64_t now_ms)
{
    uint8_t bytes[REACH_MESSAGE_MAX_BYTES];
    struct reach_request request;
    for (int i = 0; i < CONTROL_MESSAGES_PER_TURN; i++) {
        size_t size = sizeof bytes;
        enum control_result result = control_receive_bytes(FD_CLIENT, bytes, &size, NULL);
        if (result == CONTROL_AGAIN)
            return -1;
        if (result == CONTROL_CLOSED)
            return EXIT_CODE_DONE;
        if (result != CONTROL_OK || !reach_decode_request(bytes, size, &request)) {
            log_error("a request that cannot be understood");
            return EXIT_CODE_PROTOCOL;
        }
        if (request.type == REACH_LOOKUP)
            look_up(broker, &request, now_ms);
        else
            connect_to(broker, &request, now_ms);
    }
    return -1;
}

/* Nothing is said to a broker after its birth but the end. */
static int read_control(void)
{
    struct control_message message;
    switch (control_receive(FD_CONTROL, CONTROL_FROM_SUPERVISOR, &message, NULL)) {
    case CONTROL_AGAIN:
        return -1;
    case CONTROL_OK:
        return message.type == CONTROL_DRAIN ? EXIT_CODE_DONE : EXIT_CODE_PROTOCOL;
    case CONTROL_CLOSED:
        return EXIT_CODE_ORPHAN;
    default:
        return EXIT_CODE_CONTROL;
    }
}

int broker_run(struct broker *broker)
{
    struct watches watches;
    int code = -1;
    names_init(&broker->names, &broker->places);
    while (code < 0) {
        watch_all(broker, &watches);
        int ready = poll(watches.descriptors, watches.count, wait_ms(broker, clock_monotonic_ms()));
        int64_t now_ms = clock_monotonic_ms();
        if (ready < 0 && errno != EINTR)
            return EXIT_CODE_CONTROL;
        for (nfds_t i = 2; ready > 0 && i < watches.count; i++)
            if (watches.descriptors[i].revents != 0)
                take_result(broker, watches.names[i], now_ms);
        tick(broker, now_ms);
        if (ready > 0 && watches.descriptors[1].revents != 0)
            code = read_requests(broker, now_ms);
        if (ready > 0 && code < 0 && watches.descriptors[0].revents != 0)
            code = read_control();
    }
    return code;
}
