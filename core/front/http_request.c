/* SPDX-License-Identifier: Apache-2.0 */
#include "front/http_request.h"

#include <assert.h>
#include <microhttpd.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static void keep(void *owner)
{
    (void)owner;
}

static const char plain_text[] = "text/plain; charset=utf-8";

static const char *header_of(struct MHD_Connection *connection, const char *name)
{
    return MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name);
}

/* The library has decoded it and put a NUL at its end. */
static enum MHD_Result take_parameter(void *context, enum MHD_ValueKind kind, const char *name, size_t name_size,
                                      const char *value, size_t value_size)
{
    struct http_request *request = context;
    (void)kind;
    if (strlen(name) != name_size || (value && strlen(value) != value_size)) {
        request->fault = "400 the query holds a NUL\n";
        return MHD_NO;
    }
    if (request->parameter_count == HTTP_PARAMETERS_MAX) {
        request->fault = "400 the query has too many parameters\n";
        return MHD_NO;
    }
    request->parameters[request->parameter_count++] = (struct http_parameter){name, value ? value : ""};
    return MHD_YES;
}

void http_request_read(struct http_request *request, struct MHD_Connection *connection, const char *path,
                       const char *method)
{
    const union MHD_ConnectionInfo *client =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    request->path = path;
    request->head = strcmp(method, MHD_HTTP_METHOD_HEAD) == 0;
    request->accept = header_of(connection, MHD_HTTP_HEADER_ACCEPT);
    request->accept_encoding = header_of(connection, MHD_HTTP_HEADER_ACCEPT_ENCODING);
    request->authorization = header_of(connection, MHD_HTTP_HEADER_AUTHORIZATION);
    request->parameter_count = 0;
    request->fault = NULL;
    request->client = client ? client->client_addr : NULL;
    request->connection = connection;
    MHD_get_connection_values_n(connection, MHD_GET_ARGUMENT_KIND, take_parameter, request);
}

const char *http_request_parameter(const struct http_request *request, const char *name)
{
    for (size_t i = 0; i < request->parameter_count; i++)
        if (strcmp(request->parameters[i].name, name) == 0)
            return request->parameters[i].value;
    return NULL;
}

void http_answer_add_header(struct http_answer *answer, const char *name, const char *value)
{
    assert(answer->header_count < HTTP_ANSWER_HEADERS_MAX);
    answer->headers[answer->header_count++] = (struct http_header){name, value};
}

void http_answer_add_piece(struct http_answer *answer, const char *bytes, size_t size)
{
    assert(answer->piece_count < HTTP_PIECES_MAX);
    answer->pieces[answer->piece_count++] = (struct http_piece){bytes, size};
}

void http_answer_text(struct http_answer *answer, unsigned status, const char *text)
{
    answer->status = status;
    answer->content_type = plain_text;
    http_answer_add_piece(answer, text, strlen(text));
}

/* One piece goes out in the same packet as the head; more of them come behind it. */
size_t http_answer_bytes(const struct http_answer *answer)
{
    const struct http_piece *pieces = answer->many ? answer->many : answer->pieces;
    size_t bytes = 0;
    if (answer->prepared)
        return answer->prepared_bytes;
    for (size_t i = 0; i < answer->piece_count; i++)
        bytes += pieces[i].size;
    return bytes;
}

static struct MHD_Response *response_of_pieces(const struct http_answer *answer)
{
    const struct http_piece *pieces = answer->many ? answer->many : answer->pieces;
    unsigned count = 0;
    if (answer->piece_count == 1)
        return MHD_create_response_from_buffer_with_free_callback_cls(
            pieces[0].size, (void *)(uintptr_t)pieces[0].bytes, answer->release ? answer->release : keep, answer->owner);
    struct MHD_IoVec *vectors = calloc(answer->piece_count + 1, sizeof *vectors); /* the library copies them */
    if (!vectors)
        return NULL;
    for (size_t i = 0; i < answer->piece_count; i++)
        if (pieces[i].size > 0)
            vectors[count++] = (struct MHD_IoVec){pieces[i].bytes, pieces[i].size};
    struct MHD_Response *response =
        MHD_create_response_from_iovec(vectors, count, answer->release, answer->owner);
    free(vectors);
    return response;
}

struct MHD_Response *http_prepare(const struct http_answer *answer)
{
    struct MHD_Response *response = response_of_pieces(answer);
    if (!response) {
        if (answer->release)
            answer->release(answer->owner);
        return NULL;
    }
    MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, answer->content_type);
    for (size_t i = 0; i < answer->header_count; i++)
        MHD_add_response_header(response, answer->headers[i].name, answer->headers[i].value);
    return response;
}

void http_forget(struct MHD_Response *prepared)
{
    if (prepared)
        MHD_destroy_response(prepared);
}
