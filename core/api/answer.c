/* SPDX-License-Identifier: Apache-2.0 */
#include "api/answer.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define BODY_FIRST_BYTES 4096
#define BODY_KEPT_BYTES (256u * 1024) /* a larger buffer is not kept for answers that are usually small */

void answer_begin(struct answer *answer, size_t body_max_bytes)
{
    if (answer->body_room > BODY_KEPT_BYTES)
        answer_destroy(answer);
    answer->status = 0;
    answer->body_max_bytes = body_max_bytes;
    answer->body_bytes = 0;
    answer->header_bytes_seen = answer->header_count = answer->headers_bytes = 0;
    answer->overflow = NULL;
}

static bool refuse(struct answer *answer, const char *what)
{
    answer->overflow = what;
    return false;
}

static size_t without_spaces(const char **text, size_t size)
{
    while (size > 0 && (**text == ' ' || **text == '\t')) {
        ++*text;
        size--;
    }
    while (size > 0 && strchr(" \t\r\n", (*text)[size - 1]) != NULL)
        size--;
    return size;
}

static void keep(struct answer *answer, const char *text, size_t size)
{
    memcpy(answer->headers + answer->headers_bytes, text, size);
    answer->headers[answer->headers_bytes + size] = '\0';
    answer->headers_bytes += size + 1;
}

bool answer_take_header(struct answer *answer, const char *line, size_t size)
{
    answer->header_bytes_seen += size;
    if (answer->header_bytes_seen > API_HEADERS_MAX_BYTES)
        return refuse(answer, "the headers of the answer are too large");
    if (size >= 5 && memcmp(line, "HTTP/", 5) == 0) {
        answer->header_count = answer->headers_bytes = 0; /* those before were of an interim answer */
        return true;
    }
    const char *colon = memchr(line, ':', size);
    if (colon == NULL || colon == line || memchr(line, '\0', size) != NULL)
        return true;
    if (answer->header_count == API_HEADERS_MAX)
        return refuse(answer, "the answer has too many headers");
    const char *name = line, *value = colon + 1;
    size_t name_bytes = without_spaces(&name, (size_t)(colon - line));
    size_t value_bytes = without_spaces(&value, size - (size_t)(value - line));
    keep(answer, name, name_bytes);
    keep(answer, value, value_bytes);
    answer->header_count++;
    return true;
}

bool answer_take_body(struct answer *answer, const char *bytes, size_t size)
{
    if (size > answer->body_max_bytes - answer->body_bytes)
        return refuse(answer, "the body of the answer is too large");
    size_t needed = answer->body_bytes + size + 1;
    if (needed > answer->body_room) {
        size_t room = answer->body_room > 0 ? answer->body_room : BODY_FIRST_BYTES;
        while (room < needed)
            room *= 2;
        char *body = realloc(answer->body, room);
        if (body == NULL)
            return refuse(answer, "out of memory");
        answer->body = body;
        answer->body_room = room;
    }
    memcpy(answer->body + answer->body_bytes, bytes, size);
    answer->body_bytes += size;
    answer->body[answer->body_bytes] = '\0';
    return true;
}

const char *answer_header(const struct answer *answer, const char *name)
{
    const char *at = answer->headers;
    for (size_t i = 0; i < answer->header_count; i++) {
        const char *value = at + strlen(at) + 1;
        if (strcasecmp(at, name) == 0)
            return value;
        at = value + strlen(value) + 1;
    }
    return NULL;
}

void answer_wipe(struct answer *answer)
{
    explicit_bzero(answer->headers, sizeof answer->headers);
    if (answer->body_room > 0)
        explicit_bzero(answer->body, answer->body_room);
    answer_begin(answer, 0);
}

void answer_destroy(struct answer *answer)
{
    free(answer->body);
    answer->body = NULL;
    answer->body_room = answer->body_bytes = 0;
}
