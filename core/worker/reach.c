/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/reach.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/text.h"
#include "worker/reach_link.h"

/* A unix socket whose server has no room for one more says so at once; somebody who waits tries again after this. */
#define BACKLOG_PAUSE_MS 20

static atomic_int_least64_t round_deadline_ms = INT64_MAX;

void reach_init(int descriptor)
{
    reach_link_init(descriptor);
}

void reach_set_deadline(int64_t deadline_ms)
{
    atomic_store(&round_deadline_ms, deadline_ms);
}

int reach_descriptor(void)
{
    return reach_link_descriptor();
}

bool reach_is_lost(void)
{
    return reach_link_is_lost();
}

bool reach_is_owed(void)
{
    return reach_link_is_owed();
}

bool reach_lacked_descriptor(void)
{
    return reach_link_lacked_descriptor();
}

/*
 * Until when an answer is waited for: not beyond the round, where waiting serves nobody, but a cancel comes after it
 * and has its grace.
 */
static int64_t until_ms(int64_t patience_ms)
{
    int64_t now_ms = clock_monotonic_ms();
    int64_t deadline_ms = atomic_load(&round_deadline_ms);
    if (deadline_ms < now_ms + CANCEL_GRACE_MS)
        deadline_ms = now_ms + CANCEL_GRACE_MS;
    return now_ms + patience_ms < deadline_ms ? now_ms + patience_ms : deadline_ms;
}

/* Connections -------------------------------------------------------------------------------------------------- */

/* What a library may have set before it connects. */
static const struct {
    int level;
    int name;
    bool is_doubled; /* the kernel gives back twice what was set */
} options[] = {
    { SOL_SOCKET, SO_KEEPALIVE, false },   { SOL_SOCKET, SO_SNDBUF, true },        { SOL_SOCKET, SO_RCVBUF, true },
    { SOL_SOCKET, SO_PRIORITY, false },    { IPPROTO_TCP, TCP_NODELAY, false },    { IPPROTO_TCP, TCP_KEEPIDLE, false },
    { IPPROTO_TCP, TCP_KEEPINTVL, false }, { IPPROTO_TCP, TCP_KEEPCNT, false },    { IPPROTO_TCP, TCP_USER_TIMEOUT, false },
    { IPPROTO_IP, IP_TOS, false },
};

/* Of the same kind, but not simple numbers. */
static const int structures[] = { SO_LINGER, SO_RCVTIMEO, SO_SNDTIMEO };

static void copy_options(int from, int to)
{
    for (size_t i = 0; i < sizeof options / sizeof options[0]; i++) {
        int wanted, given;
        socklen_t wanted_bytes = sizeof wanted, given_bytes = sizeof given;
        if (getsockopt(from, options[i].level, options[i].name, &wanted, &wanted_bytes) != 0 ||
            getsockopt(to, options[i].level, options[i].name, &given, &given_bytes) != 0 || wanted == given)
            continue;
        if (options[i].is_doubled)
            wanted /= 2;
        setsockopt(to, options[i].level, options[i].name, &wanted, sizeof wanted);
    }
    for (size_t i = 0; i < sizeof structures / sizeof structures[0]; i++) {
        struct timeval value; /* a struct linger is smaller */
        socklen_t bytes = sizeof value;
        if (getsockopt(from, SOL_SOCKET, structures[i], &value, &bytes) == 0)
            setsockopt(to, SOL_SOCKET, structures[i], &value, bytes);
    }
}

/* The broker's socket in the place of the caller's, with all that the caller has set. 0, or -1 and errno. */
static int take_over(int socket, int made, int flags)
{
    int descriptor_flags = fcntl(socket, F_GETFD);
    copy_options(socket, made);
    if (dup3(made, socket, (descriptor_flags & FD_CLOEXEC) != 0 ? O_CLOEXEC : 0) < 0)
        return -1;
    return fcntl(socket, F_SETFL, flags | O_NONBLOCK);
}

/* Of a caller who waits: until the connection is made or is not. */
static int finish(int socket, int flags)
{
    struct pollfd waiting = { .fd = socket, .events = POLLOUT };
    int error = 0;
    socklen_t bytes = sizeof error;
    int64_t until = clock_monotonic_ms() + CONNECT_TIMEOUT_MS;
    for (;;) {
        int64_t left_ms = until - clock_monotonic_ms();
        int ready = left_ms > 0 ? poll(&waiting, 1, (int)left_ms) : 0;
        if (ready > 0)
            break;
        if (ready == 0)
            error = ETIMEDOUT;
        else if (errno == EINTR)
            continue;
        else
            error = errno;
        break;
    }
    if (error == 0 && getsockopt(socket, SOL_SOCKET, SO_ERROR, &error, &bytes) != 0)
        error = errno;
    if (error == 0)
        return fcntl(socket, F_SETFL, flags);
    errno = error;
    return -1;
}

/* What kind of socket the caller has. False and errno: it has none. */
static bool kind_of(int socket, const struct reach_place *place, enum reach_kind *kind)
{
    int type, protocol;
    socklen_t type_bytes = sizeof type, protocol_bytes = sizeof protocol;
    if (getsockopt(socket, SOL_SOCKET, SO_TYPE, &type, &type_bytes) != 0 ||
        getsockopt(socket, SOL_SOCKET, SO_PROTOCOL, &protocol, &protocol_bytes) != 0)
        return false;
    bool is_unix = place->address.family == REACH_UNIX;
    *kind = REACH_OTHER;
    if (type == SOCK_STREAM && (protocol == 0 || (protocol == IPPROTO_TCP && !is_unix)))
        *kind = REACH_STREAM;
    else if (type == SOCK_DGRAM)
        *kind = REACH_DATAGRAM;
    return true;
}

static int ask_to_connect(int socket, struct reach_request *request, int flags)
{
    struct reach_answer answer;
    int made;
    bool waits = (flags & O_NONBLOCK) == 0;
    if (!reach_link_ask(request, until_ms(REACH_ANSWER_MS), &answer, &made))
        return -1;
    if (made < 0) {
        errno = answer.error != 0 && answer.error != EINPROGRESS ? answer.error : EPROTO;
        return -1;
    }
    int result = take_over(socket, made, flags);
    close(made);
    if (result != 0 || (answer.error == 0 && !waits))
        return result;
    if (waits)
        return finish(socket, flags);
    errno = EINPROGRESS;
    return -1;
}

int reach_connect(int socket, const struct sockaddr *address, socklen_t size)
{
    struct reach_request request = { .type = REACH_CONNECT };
    if (!reach_link_is_there())
        return (int)syscall(SYS_connect, socket, address, size);
    int flags = fcntl(socket, F_GETFL);
    if (flags < 0)
        return -1;
    if (!reach_place_of(address, size, &request.place)) {
        errno = EAFNOSUPPORT;
        return -1;
    }
    if (!kind_of(socket, &request.place, &request.kind))
        return -1;
    int64_t until = clock_monotonic_ms() + CONNECT_TIMEOUT_MS;
    for (;;) {
        int result = ask_to_connect(socket, &request, flags);
        if (result == 0 || errno != EAGAIN)
            return result;
        /* Also for those who do not wait: some call again at once. */
        poll(NULL, 0, BACKLOG_PAUSE_MS);
        if ((flags & O_NONBLOCK) != 0 || clock_monotonic_ms() >= until) {
            errno = EAGAIN;
            return -1;
        }
    }
}

/* Names -------------------------------------------------------------------------------------------------------- */

/* One address of a list; the list is one piece of memory. */
struct entry {
    struct addrinfo info;
    struct sockaddr_storage address;
};

static int port_of(const char *service, int flags, uint16_t *port)
{
    char *end = NULL;
    *port = 0;
    if (service == NULL)
        return 0;
    unsigned long number = strtoul(service, &end, 10);
    if (service[0] >= '0' && service[0] <= '9' && *end == '\0' && number <= UINT16_MAX) {
        *port = (uint16_t)number;
        return 0;
    }
    struct servent space, *found = NULL;
    char text[1024];
    if ((flags & AI_NUMERICSERV) != 0 || getservbyname_r(service, "tcp", &space, text, sizeof text, &found) != 0 ||
        found == NULL)
        return (flags & AI_NUMERICSERV) != 0 ? EAI_NONAME : EAI_SERVICE;
    *port = ntohs((uint16_t)found->s_port);
    return 0;
}

/* Nobody's name: this host, or with AI_PASSIVE any address of it. */
static void list_own(struct reach_answer *answer, int flags)
{
    const struct reach_address own[] = {
        { .family = REACH_IPV6, .bytes = { [15] = (flags & AI_PASSIVE) != 0 ? 0 : 1 } },
        { .family = REACH_IPV4, .bytes = { [0] = 127, [3] = 1 } },
    };
    memcpy(answer->addresses, own, sizeof own);
    if ((flags & AI_PASSIVE) != 0)
        memset(answer->addresses[1].bytes, 0, sizeof answer->addresses[1].bytes);
    answer->count = 2;
}

/* 0 and the addresses, or EAI_... */
static int look_up(const char *host, int flags, struct reach_answer *answer)
{
    struct reach_request request = { .type = REACH_LOOKUP };
    int descriptor = -1;
    memset(answer, 0, sizeof *answer);
    if (host == NULL) {
        list_own(answer, flags);
        return 0;
    }
    if (reach_parse_address(host, &answer->addresses[0])) {
        answer->count = 1;
        return 0;
    }
    if ((flags & AI_NUMERICHOST) != 0 || !text_format(request.host, sizeof request.host, "%s", host))
        return EAI_NONAME;
    bool is_answered = reach_link_ask(&request, until_ms(NAME_TIMEOUT_MS + REACH_ANSWER_MS), answer, &descriptor);
    if (descriptor >= 0)
        close(descriptor);
    return is_answered ? answer->error : EAI_AGAIN;
}

static bool is_wanted(const struct reach_address *address, int family)
{
    return family == AF_UNSPEC || family == (address->family == REACH_IPV6 ? AF_INET6 : AF_INET);
}

static void fill(struct entry *entry, const struct reach_place *place, int type, int protocol)
{
    entry->info.ai_addrlen = (socklen_t)reach_sockaddr_of(place, &entry->address);
    entry->info.ai_addr = (struct sockaddr *)&entry->address;
    entry->info.ai_family = entry->address.ss_family;
    entry->info.ai_socktype = type != 0 ? type : SOCK_STREAM; /* no other kind is connected */
    entry->info.ai_protocol = protocol != 0 ? protocol : entry->info.ai_socktype == SOCK_STREAM ? IPPROTO_TCP : 0;
}

/* NULL: no memory. The name of AI_CANONNAME is as it was asked for, and stands behind the last entry. */
static struct addrinfo *make_list(const struct reach_answer *answer, const struct addrinfo *hints, uint16_t port,
                                  const char *host)
{
    size_t name_bytes = host != NULL && (hints->ai_flags & AI_CANONNAME) != 0 ? strlen(host) + 1 : 0;
    struct entry *entries = calloc(1, NAME_ADDRESSES_MAX * sizeof *entries + name_bytes);
    size_t count = 0;
    if (entries == NULL)
        return NULL;
    for (unsigned i = 0; i < answer->count; i++) {
        const struct reach_place place = { .address = answer->addresses[i], .port = port };
        if (!is_wanted(&place.address, hints->ai_family))
            continue;
        fill(&entries[count], &place, hints->ai_socktype, hints->ai_protocol);
        if (count > 0)
            entries[count - 1].info.ai_next = &entries[count].info;
        count++;
    }
    if (name_bytes > 0)
        entries[0].info.ai_canonname = memcpy(entries + NAME_ADDRESSES_MAX, host, name_bytes);
    return &entries[0].info;
}

typedef int (*getaddrinfo_function)(const char *, const char *, const struct addrinfo *, struct addrinfo **);
typedef void (*freeaddrinfo_function)(struct addrinfo *);

static int look_up_without(const char *host, const char *service, const struct addrinfo *hints,
                           struct addrinfo **found)
{
    getaddrinfo_function next = NULL;
    void *symbol = dlsym(RTLD_NEXT, "getaddrinfo");
    memcpy(&next, &symbol, sizeof next);
    return next != NULL ? next(host, service, hints, found) : EAI_FAIL;
}

int reach_getaddrinfo(const char *host, const char *service, const struct addrinfo *hints, struct addrinfo **found)
{
    static const struct addrinfo none = { .ai_family = AF_UNSPEC };
    struct reach_answer answer;
    uint16_t port;
    if (!reach_link_is_there())
        return look_up_without(host, service, hints, found);
    if (hints == NULL)
        hints = &none;
    if (host == NULL && service == NULL)
        return EAI_NONAME;
    if (hints->ai_family != AF_UNSPEC && hints->ai_family != AF_INET && hints->ai_family != AF_INET6)
        return EAI_FAMILY;
    int code = port_of(service, hints->ai_flags, &port);
    if (code == 0)
        code = look_up(host, hints->ai_flags, &answer);
    if (code != 0)
        return code;
    bool any = false;
    for (unsigned i = 0; i < answer.count; i++)
        any |= is_wanted(&answer.addresses[i], hints->ai_family);
    if (!any)
        return EAI_NONAME;
    *found = make_list(&answer, hints, port, host);
    return *found != NULL ? 0 : EAI_MEMORY;
}

void reach_freeaddrinfo(struct addrinfo *found)
{
    freeaddrinfo_function next = NULL;
    if (reach_link_is_there()) {
        free(found);
        return;
    }
    void *symbol = dlsym(RTLD_NEXT, "freeaddrinfo");
    memcpy(&next, &symbol, sizeof next);
    if (next != NULL)
        next(found);
}
