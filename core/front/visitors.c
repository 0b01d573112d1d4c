/* SPDX-License-Identifier: Apache-2.0 */
#include "front/visitors.h"

#include <limits.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "front/store.h"

void visitors_init(struct visitors *visitors, const struct web_limits *limits)
{
    *visitors = (struct visitors){.limits = *limits, .next_ms = NEVER_MS};
}

void visitor_address_of(struct visitor_address *address, const struct sockaddr *from)
{
    static const uint8_t MAPPED[12] = {[10] = 0xff, [11] = 0xff}; /* IPv4 by way of an IPv6 socket */
    *address = (struct visitor_address){.family = 0};
    if (from && from->sa_family == AF_INET) {
        address->family = 4;
        memcpy(address->bytes, &((const struct sockaddr_in *)(const void *)from)->sin_addr, 4);
    } else if (from && from->sa_family == AF_INET6) {
        const uint8_t *bytes = ((const struct sockaddr_in6 *)(const void *)from)->sin6_addr.s6_addr;
        bool mapped = memcmp(bytes, MAPPED, sizeof MAPPED) == 0;
        address->family = mapped ? 4 : 6;
        memcpy(address->bytes, mapped ? bytes + sizeof MAPPED : bytes, mapped ? 4 : sizeof address->bytes);
    }
}

static bool is_present(const struct visitor *visitor)
{
    return visitor->state != VISITOR_ABSENT && visitor->state != VISITOR_LEAVING;
}

static void change(struct visitors *visitors, struct visitor *visitor, enum visitor_state state, int64_t now_ms,
                   int64_t time_ms)
{
    visitors->reading -= visitor->state == VISITOR_READING;
    visitors->reading += state == VISITOR_READING;
    visitor->state = state;
    visitor->since_ms = now_ms;
    visitor->deadline_ms = now_ms + time_ms;
    if (visitor->deadline_ms < visitors->next_ms)
        visitors->next_ms = visitor->deadline_ms;
}

/* How much he has deserved to stay; nobody gives way whose desert is the highest. */
static int desert(const struct visitor *visitor, int64_t now_ms)
{
    switch (visitor->state) {
    case VISITOR_SILENT:
        return visitor->answered ? 2 : 0; /* one who has been served may well come back for more */
    case VISITOR_ASKING:
        return visitor->answered ? 1 : 0; /* half a head is no merit: else old ones would stay and new ones go */
    case VISITOR_READING:
        return now_ms < visitor->fair_ms ? 4 : 3;
    case VISITOR_ABSENT:
    case VISITOR_LEAVING:
        break;
    }
    return 4;
}

/* Who has deserved his place least, of one address or (NULL) of all: of equals he who does the same for longest. */
static unsigned find_least(const struct visitors *visitors, const struct visitor_address *address, bool readers_only,
                           int64_t now_ms)
{
    unsigned least = VISITOR_NONE;
    for (unsigned i = 0; i < visitors->bound; i++) {
        const struct visitor *visitor = &visitors->visitor[i];
        int own = desert(visitor, now_ms);
        if (own == 4 || (readers_only && visitor->state != VISITOR_READING) ||
            (address && memcmp(&visitor->address, address, sizeof *address) != 0))
            continue;
        int other = least == VISITOR_NONE ? 4 : desert(&visitors->visitor[least], now_ms);
        if (own < other || (own == other && visitor->since_ms < visitors->visitor[least].since_ms))
            least = i;
    }
    return least;
}

static unsigned count_of(const struct visitors *visitors, const struct visitor_address *address)
{
    unsigned count = 0;
    for (unsigned i = 0; i < visitors->bound; i++)
        count += is_present(&visitors->visitor[i]) &&
                 memcmp(&visitors->visitor[i].address, address, sizeof *address) == 0;
    return count;
}

static unsigned find_free(const struct visitors *visitors)
{
    unsigned index = 0;
    while (index < visitors->bound && visitors->visitor[index].state != VISITOR_ABSENT)
        index++;
    return index < sizeof visitors->visitor / sizeof visitors->visitor[0] ? index : VISITOR_NONE;
}

unsigned visitors_enter(struct visitors *visitors, const struct visitor_address *address, int64_t now_ms,
                        unsigned *gives_way)
{
    const struct web_limits *limits = &visitors->limits;
    bool address_full = count_of(visitors, address) >= limits->per_address;
    bool full = visitors->present >= limits->connections;
    unsigned index = find_free(visitors);
    *gives_way = VISITOR_NONE;
    if (index == VISITOR_NONE)
        return index;
    struct visitor *visitor = &visitors->visitor[index];
    if (index == visitors->bound)
        visitors->bound++;
    *visitor = (struct visitor){.address = *address};
    if (address_full || full) {
        *gives_way = find_least(visitors, address_full ? address : NULL, false, now_ms);
        if (*gives_way == VISITOR_NONE) {
            visitor->state = VISITOR_LEAVING;
            return index;
        }
        visitors_dismiss(visitors, *gives_way);
    }
    visitors->present++;
    visitors->unheard++;
    change(visitors, visitor, VISITOR_SILENT, now_ms, limits->head_ms);
    return index;
}

void visitors_ask(struct visitors *visitors, unsigned index, int64_t now_ms)
{
    struct visitor *visitor = &visitors->visitor[index];
    if (visitor->state != VISITOR_SILENT)
        return;
    /* A first request has its time, and its age, since the connection was made; a later one gets it now. */
    int64_t since_ms = visitor->answered ? now_ms : visitor->since_ms;
    change(visitors, visitor, VISITOR_ASKING, since_ms, visitors->limits.head_ms);
}

void visitors_hear(struct visitors *visitors, unsigned index)
{
    struct visitor *visitor = &visitors->visitor[index];
    if (is_present(visitor) && !visitor->heard)
        visitors->unheard--;
    visitor->heard = true;
}

bool visitors_may_answer(struct visitors *visitors, int64_t now_ms, unsigned *gives_way)
{
    *gives_way = VISITOR_NONE;
    if (visitors->reading < visitors->limits.in_flight)
        return true;
    *gives_way = find_least(visitors, NULL, true, now_ms);
    if (*gives_way == VISITOR_NONE)
        return false;
    visitors_dismiss(visitors, *gives_way);
    return true;
}

void visitors_answer(struct visitors *visitors, unsigned index, size_t bytes, int64_t now_ms)
{
    struct visitor *visitor = &visitors->visitor[index];
    if (!is_present(visitor))
        return;
    change(visitors, visitor, VISITOR_READING, now_ms,
           visitors->limits.write_ms + (int64_t)(bytes / HTTP_WRITE_BYTES_PER_MS));
    visitor->fair_ms = now_ms + HTTP_FAIR_MS + (int64_t)(bytes / HTTP_FAIR_BYTES_PER_MS);
}

void visitors_rest(struct visitors *visitors, unsigned index, int64_t now_ms)
{
    struct visitor *visitor = &visitors->visitor[index];
    if (!is_present(visitor))
        return;
    visitor->answered = true;
    change(visitors, visitor, VISITOR_SILENT, now_ms, visitors->limits.idle_ms);
}

void visitors_dismiss(struct visitors *visitors, unsigned index)
{
    struct visitor *visitor = &visitors->visitor[index];
    if (!is_present(visitor))
        return;
    visitors->present--;
    visitors->unheard -= !visitor->heard;
    change(visitors, visitor, VISITOR_LEAVING, 0, NEVER_MS);
}

void visitors_leave(struct visitors *visitors, unsigned index)
{
    visitors_dismiss(visitors, index);
    visitors->visitor[index] = (struct visitor){.state = VISITOR_ABSENT};
    while (visitors->bound > 0 && visitors->visitor[visitors->bound - 1].state == VISITOR_ABSENT)
        visitors->bound--;
}

unsigned visitors_overdue(struct visitors *visitors, int64_t now_ms)
{
    if (now_ms < visitors->next_ms)
        return VISITOR_NONE;
    int64_t next_ms = NEVER_MS;
    for (unsigned i = 0; i < visitors->bound; i++) {
        const struct visitor *visitor = &visitors->visitor[i];
        if (!is_present(visitor))
            continue;
        if (visitor->deadline_ms <= now_ms)
            return i;
        if (visitor->deadline_ms < next_ms)
            next_ms = visitor->deadline_ms;
    }
    visitors->next_ms = next_ms;
    return VISITOR_NONE;
}
