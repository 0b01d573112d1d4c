/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A worker's way out: what connect() and getaddrinfo() are where a broker makes the connections. The program exports
 * functions of those names (interpose.c), so libpq, libmariadb and libcurl come here without knowing it. Without a
 * broker they are the C library's.
 *
 * Any thread may call; each waits for its own answer, and never longer than REACH_ANSWER_MS, or NAME_TIMEOUT_MS and
 * that for a name. A broker that is gone, or has been silent for long, is not waited for: the call fails at once.
 */
#ifndef MINOTOR_WORKER_REACH_H
#define MINOTOR_WORKER_REACH_H

#include <netdb.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

/* The socket to the broker; -1: there is none. Before any other thread is there. */
void reach_init(int descriptor);

/* Until when names are worth waiting for, on the monotonic clock: the round's end. INT64_MAX: no such time. */
void reach_set_deadline(int64_t deadline_ms);

/* Readable when an answer comes that nobody waits for, or the end; -1: there is no broker, or no more. */
int reach_descriptor(void);

/* Takes what has come. True: the broker is gone, or owes an answer for too long. */
bool reach_is_lost(void);

/* Whether a connection that was given up may yet have been made. */
bool reach_is_owed(void);

/* Whether a connection failed with EMFILE because there was no descriptor left for it. */
bool reach_lacked_descriptor(void);

/* The C library's functions. Refused places are EACCES and EAI_NONAME; a lost broker is ENETDOWN and EAI_AGAIN. */
int reach_connect(int socket, const struct sockaddr *address, socklen_t size);
int reach_getaddrinfo(const char *host, const char *service, const struct addrinfo *hints, struct addrinfo **found);
void reach_freeaddrinfo(struct addrinfo *found);

#endif
