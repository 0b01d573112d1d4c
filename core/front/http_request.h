/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What one request asks for and what it is answered with, in words that know no library. A request belongs to
 * http.c and is valid during the call of its handler only. An answer belongs to its handler until it is sent.
 */
#ifndef MINOTOR_FRONT_HTTP_REQUEST_H
#define MINOTOR_FRONT_HTTP_REQUEST_H

#include <stdbool.h>
#include <stddef.h>

#include "common/contract.h"

struct sockaddr;
struct MHD_Connection;
struct MHD_Response;

#define HTTP_PIECES_MAX 8
#define HTTP_ANSWER_HEADERS_MAX 6

/* "?name=value", decoded; a name may come again. The value is "" where there is none. */
struct http_parameter {
    const char *name;
    const char *value;
};

struct http_request {
    const char *path;
    bool head; /* HEAD: the same answer without its body; do no work for it */
    const char *accept;          /* this and the next two: NULL when the client sent none */
    const char *accept_encoding;
    const char *authorization;
    struct http_parameter parameters[HTTP_PARAMETERS_MAX];
    size_t parameter_count;
    const char *fault; /* why the query cannot be understood; else NULL */
    const struct sockaddr *client;     /* NULL: not known */
    struct MHD_Connection *connection; /* for who has to ask the library for more: its TLS session */
};

struct http_header {
    const char *name;
    const char *value;
};

struct http_piece {
    const char *bytes;
    size_t size;
};

/* An answer in pieces that nobody copies: they stay valid and unchanged until `release` is called, once. */
struct http_answer {
    unsigned status; /* 200 ... */
    const char *content_type;
    struct http_header headers[HTTP_ANSWER_HEADERS_MAX]; /* copied when it is sent */
    size_t header_count;
    struct http_piece pieces[HTTP_PIECES_MAX];
    size_t piece_count;
    const struct http_piece *many; /* instead of `pieces`, if not NULL: so many as piece_count says */
    void (*release)(void *owner);  /* may be NULL */
    void *owner;
    struct MHD_Response *prepared; /* if not NULL: this is sent, with `status`, and nothing else above counts */
    size_t prepared_bytes;         /* of that one's body, about: how long a client may read it */
};

/* Reads what the library knows of a request. What does not fit, or cannot be decoded, is a fault of it. */
void http_request_read(struct http_request *request, struct MHD_Connection *connection, const char *path,
                       const char *method);
/* The first value of a parameter, or NULL. */
const char *http_request_parameter(const struct http_request *request, const char *name);

void http_answer_add_header(struct http_answer *answer, const char *name, const char *value);
void http_answer_add_piece(struct http_answer *answer, const char *bytes, size_t size);
/* Of its body. */
size_t http_answer_bytes(const struct http_answer *answer);
/* A constant text as the whole answer. */
void http_answer_text(struct http_answer *answer, unsigned status, const char *text);

/*
 * Makes of an answer what can be sent again and again, as answer.prepared, until http_forget(). The answer is
 * used up: it has been released, or will be when it was forgotten and nobody reads it any more. NULL: no memory.
 */
struct MHD_Response *http_prepare(const struct http_answer *answer);
void http_forget(struct MHD_Response *prepared);

#endif
