/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a server, or whoever stands in its place, can send to the HTTP client, and what an administrator can write
 * as its address. The first line is the address and at once the pointer; up to an empty line come headers; the
 * rest is the body.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/answer.h"
#include "api/document.h"
#include "api/url.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int condition, const char *what)
{
    if (!condition) {
        fprintf(stderr, "%s\n", what);
        abort();
    }
}

static void try_address(const char *text)
{
    struct url_base base;
    const char *reason = NULL;
    bool is_good = url_base_parse(&base, text, &reason);
    require(is_good == (reason == NULL), "a refusal without a reason, or a reason without a refusal");
    require(!is_good || (base.host[0] != '\0' && base.port <= 65535), "an address without a host or a port");
    require(!is_good || base.text[strlen(base.text) - 1] != '/', "an address that ends in a slash");
    require(!url_path_is_good(text) || strchr(text, ' ') == NULL, "a path with a space");
}

/* Returns what follows the headers. */
static const char *try_headers(struct answer *answer, const char *text)
{
    while (*text != '\0') {
        size_t size = strcspn(text, "\n");
        size += text[size] == '\n';
        if (!answer_take_header(answer, text, size))
            require(answer->overflow != NULL, "headers refused without a reason");
        bool is_last = size == 1;
        text += size;
        if (is_last)
            break;
    }
    const char *value = answer_header(answer, "Location");
    require(value == NULL || strlen(value) <= API_HEADERS_MAX_BYTES, "a header larger than all of them");
    require(answer->headers_bytes <= sizeof answer->headers, "more headers than there is room");
    return text;
}

static void try_body(struct answer *answer, const char *bytes, size_t size, const char *pointer)
{
    struct document document = { NULL, false };
    for (size_t taken = 0; taken < size; taken += 7) /* in pieces, as a network gives them */
        if (!answer_take_body(answer, bytes + taken, size - taken < 7 ? size - taken : 7))
            break;
    if (answer->body_bytes > 0)
        document_parse(&document, answer->body, answer->body_bytes);
    const char *text = document_text(&document, pointer);
    char *first = text != NULL ? strdup(text) : NULL;
    size_t count = document_count(&document, pointer);
    const char *again = document_text(&document, pointer);
    require((first == NULL) == (again == NULL), "a value that comes and goes");
    require(first == NULL || strcmp(first, again) == 0, "a value that changes when it is read");
    require(first == NULL || count == 0, "an array that is a text");
    free(first);
    document_reset(&document);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct answer answer;
    char *text = malloc(size + 1);
    if (text == NULL)
        return 0;
    memcpy(text, data, size);
    text[size] = '\0';
    size_t line_bytes = strcspn(text, "\n");
    const char *rest = text + line_bytes + (text[line_bytes] == '\n');
    text[line_bytes] = '\0';
    answer_begin(&answer, 4096);
    try_address(text);
    rest = try_headers(&answer, rest);
    try_body(&answer, rest, size - (size_t)(rest - text), text);
    answer_destroy(&answer);
    free(text);
    return 0;
}
