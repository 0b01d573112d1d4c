/* SPDX-License-Identifier: Apache-2.0 */
#include "front/http_request.h"

#include <assert.h>
#include <limits.h>
#include <microhttpd.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>

#define LONG_BLOCK_BYTES (256 * 1024) /* copied at once, for each who reads such an answer */

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

/* An answer of more pieces than the kernel takes at once, which the library does not look after: copied as it goes. */
struct long_answer {
    struct http_piece *pieces;
    uint64_t *ends; /* where in the answer each piece ends */
    size_t count;
    void (*release)(void *owner);
    void *owner;
};

static ssize_t read_long(void *context, uint64_t position, char *out, size_t room)
{
    const struct long_answer *answer = context;
    size_t low = 0;
    size_t high = answer->count;
    while (low < high) { /* the first piece that ends behind the position */
        size_t middle = low + (high - low) / 2;
        if (answer->ends[middle] <= position)
            low = middle + 1;
        else
            high = middle;
    }
    size_t copied = 0;
    for (; low < answer->count && copied < room; low++) {
        uint64_t begin = answer->ends[low] - answer->pieces[low].size;
        size_t offset = (size_t)(position + copied - begin);
        size_t left = answer->pieces[low].size - offset;
        size_t size = left < room - copied ? left : room - copied;
        memcpy(out + copied, answer->pieces[low].bytes + offset, size);
        copied += size;
    }
    return copied > 0 ? (ssize_t)copied : MHD_CONTENT_READER_END_OF_STREAM;
}

static void free_long(void *context)
{
    struct long_answer *answer = context;
    if (answer->release)
        answer->release(answer->owner);
    free(answer->pieces);
    free(answer->ends);
    free(answer);
}

static struct MHD_Response *response_of_many(const struct http_answer *answer, const struct http_piece *pieces)
{
    struct long_answer *copy = calloc(1, sizeof *copy);
    uint64_t size = 0;
    if (copy) {
        copy->pieces = calloc(answer->piece_count, sizeof *copy->pieces);
        copy->ends = calloc(answer->piece_count, sizeof *copy->ends);
    }
    struct MHD_Response *response = NULL;
    if (copy && copy->pieces && copy->ends) {
        for (size_t i = 0; i < answer->piece_count; i++) {
            copy->pieces[i] = pieces[i];
            copy->ends[i] = size += pieces[i].size;
        }
        copy->count = answer->piece_count;
        response = MHD_create_response_from_callback(size, LONG_BLOCK_BYTES, read_long, copy, free_long);
    }
    if (!response) {
        if (copy)
            free_long(copy); /* releases nothing: the caller does */
        return NULL;
    }
    copy->release = answer->release;
    copy->owner = answer->owner;
    return response;
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
    if (answer->piece_count > IOV_MAX)
        return response_of_many(answer, pieces);
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
