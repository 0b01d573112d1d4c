/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who is connected, what each of them does and how long he may: times are absolute, so that a client who sends or reads
 * a byte now and then gains nothing. Pure: it closes nothing itself but says who has to go. The caller owns the table;
 * an index is valid from visitors_enter() until visitors_leave().
 */
#ifndef MINOTOR_FRONT_VISITORS_H
#define MINOTOR_FRONT_VISITORS_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/web_limits.h"

#define VISITOR_NONE UINT_MAX

struct sockaddr;

enum visitor_state {
    VISITOR_ABSENT,
    VISITOR_SILENT,  /* no line of a request has come yet */
    VISITOR_ASKING,  /* has sent the first line of one */
    VISITOR_READING, /* an answer is being written to him */
    VISITOR_LEAVING, /* has been told to go; counts as a descriptor only */
};

/* Whom a connection is counted for. All zero: he who comes through a unix socket. */
struct visitor_address {
    uint8_t family;    /* 0, 4 or 6 */
    uint8_t bytes[8];  /* of IPv4 four; of IPv6 the network's /64, which one host can fill alone */
};

struct visitor {
    enum visitor_state state;
    struct visitor_address address;
    bool heard;    /* has asked for something, all of it */
    bool answered; /* has got an answer before */
    bool faulty;   /* the caller's: the first line of his request cannot be understood */
    int64_t since_ms;    /* in this state; until the first answer: since he came */
    int64_t deadline_ms; /* he has to go */
    int64_t fair_ms;     /* READING: until then he is no slower than an honest client may be */
    void *connection;    /* the caller's */
};

struct visitors {
    struct web_limits limits;
    struct visitor visitor[HTTP_CONNECTIONS_MAX + HTTP_CONNECTIONS_SPARE];
    unsigned present; /* of all states but ABSENT and LEAVING */
    unsigned reading;
    unsigned unheard; /* present, and have not asked for anything yet */
    unsigned bound;   /* visitors are below this index */
    int64_t next_ms;  /* no deadline is earlier */
};

void visitors_init(struct visitors *visitors, const struct web_limits *limits);

void visitor_address_of(struct visitor_address *address, const struct sockaddr *from);

/*
 * Lets somebody in. Where there is no room, somebody who deserves it less has to go: his index is put into *gives_way,
 * else VISITOR_NONE. If there is nobody such, the new one has to go himself: he is LEAVING already.
 * VISITOR_NONE: there is not even a place to note him.
 */
unsigned visitors_enter(struct visitors *visitors, const struct visitor_address *address, int64_t now_ms,
                        unsigned *gives_way);
/* The first line of a request has come. */
void visitors_ask(struct visitors *visitors, unsigned index, int64_t now_ms);
/* The head of a request has come. */
void visitors_hear(struct visitors *visitors, unsigned index);
/* Whether one more answer is bearable; somebody may have to give way for it. False: 503. */
bool visitors_may_answer(struct visitors *visitors, int64_t now_ms, unsigned *gives_way);
/* An answer begins. */
void visitors_answer(struct visitors *visitors, unsigned index, size_t bytes, int64_t now_ms);
/* An answer has been written. */
void visitors_rest(struct visitors *visitors, unsigned index, int64_t now_ms);
/* He has to go, for whatever reason. */
void visitors_dismiss(struct visitors *visitors, unsigned index);
void visitors_leave(struct visitors *visitors, unsigned index);
/* Somebody whose time is over and who has not been dismissed; or VISITOR_NONE. */
unsigned visitors_overdue(struct visitors *visitors, int64_t now_ms);

#endif
