/* SPDX-License-Identifier: Apache-2.0 */
/* A JSON text, taken apart when first asked about, and looked into with RFC 6901 pointers. */
#ifndef MINOTOR_API_DOCUMENT_H
#define MINOTOR_API_DOCUMENT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

struct document {
    json_t *root; /* owned; NULL: not parsed, or no JSON */
    bool is_parsed;
};

/* Parses the text unless that has been done since the last reset. Deeper than API_JSON_DEPTH_MAX is no JSON. */
void document_parse(struct document *document, const char *text, size_t size);
/* Forgets the text. */
void document_reset(struct document *document);

/*
 * Text of the string, number, true or false at the pointer; NULL for anything else, for a bad pointer and for a
 * string that holds a NUL. Valid until the reset.
 */
const char *document_text(struct document *document, const char *pointer);
/* Elements of the array at the pointer; 0 when there is none. */
size_t document_count(struct document *document, const char *pointer);

#endif
