/* SPDX-License-Identifier: Apache-2.0 */
#include "api/document.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/contract.h"
#include "common/text.h"

#define TOKEN_MAX_BYTES 256 /* one step of a pointer; keys of Mattermost's answers are a few words */
#define NUMBER_BYTES 40

/* The parser recurses; its stack is not the sender's to choose. */
static bool is_too_deep(const char *text, size_t size)
{
    size_t depth = 0;
    bool in_string = false;
    for (size_t i = 0; i < size; i++) {
        if (in_string) {
            if (text[i] == '\\')
                i++;
            else if (text[i] == '"')
                in_string = false;
        } else if (text[i] == '"') {
            in_string = true;
        } else if (text[i] == '[' || text[i] == '{') {
            if (++depth > API_JSON_DEPTH_MAX)
                return true;
        } else if ((text[i] == ']' || text[i] == '}') && depth > 0) {
            depth--;
        }
    }
    return false;
}

void document_parse(struct document *document, const char *text, size_t size)
{
    if (document->is_parsed)
        return;
    document->is_parsed = true;
    if (!is_too_deep(text, size))
        document->root = json_loadb(text, size, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
}

void document_reset(struct document *document)
{
    json_decref(document->root);
    document->root = NULL;
    document->is_parsed = false;
}

/* One step of a pointer, "~1" and "~0" undone. Returns what follows it; NULL: a bad pointer. */
static const char *take_token(const char *pointer, char token[TOKEN_MAX_BYTES])
{
    size_t size = 0;
    for (pointer++; *pointer != '\0' && *pointer != '/'; pointer++) {
        char letter = *pointer;
        if (letter == '~') {
            pointer++;
            if (*pointer != '0' && *pointer != '1')
                return NULL;
            letter = *pointer == '0' ? '~' : '/';
        }
        if (size == TOKEN_MAX_BYTES - 1)
            return NULL;
        token[size++] = letter;
    }
    token[size] = '\0';
    return pointer;
}

/* "0", or digits that do not begin with one. */
static bool take_index(const char *token, size_t *index)
{
    size_t digits = strspn(token, "0123456789");
    if (digits == 0 || digits > 9 || token[digits] != '\0' || (token[0] == '0' && digits > 1))
        return false;
    *index = strtoul(token, NULL, 10);
    return true;
}

/* Where a value stands, so that it can be replaced there. */
struct place {
    json_t *parent; /* NULL: the root */
    json_t *value;
    char token[TOKEN_MAX_BYTES];
    size_t index;
};

static bool find(struct document *document, const char *pointer, struct place *place)
{
    place->parent = NULL;
    place->value = document->root;
    if (place->value == NULL || (pointer[0] != '\0' && pointer[0] != '/'))
        return false;
    while (*pointer != '\0') {
        pointer = take_token(pointer, place->token);
        if (pointer == NULL)
            return false;
        place->parent = place->value;
        if (json_is_array(place->parent) && take_index(place->token, &place->index))
            place->value = json_array_get(place->parent, place->index);
        else
            place->value = json_object_get(place->parent, place->token); /* NULL unless it is an object */
        if (place->value == NULL)
            return false;
    }
    return true;
}

static void format_real(double value, char out[NUMBER_BYTES])
{
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(out, NUMBER_BYTES, "%.*g", digits, value);
        if (strtod(out, NULL) == value)
            return;
    }
}

/* A number is replaced by its text, which then lives as long as the document. */
static const char *text_of_number(struct document *document, const struct place *place)
{
    char number[NUMBER_BYTES];
    if (json_is_integer(place->value))
        text_format(number, sizeof number, "%" JSON_INTEGER_FORMAT, json_integer_value(place->value));
    else
        format_real(json_real_value(place->value), number);
    json_t *text = json_string(number);
    if (text == NULL)
        return NULL;
    int failed = 0;
    if (place->parent == NULL) {
        json_decref(document->root);
        document->root = text;
    } else if (json_is_array(place->parent)) {
        failed = json_array_set_new(place->parent, place->index, text);
    } else {
        failed = json_object_set_new(place->parent, place->token, text);
    }
    return failed == 0 ? json_string_value(text) : NULL;
}

const char *document_text(struct document *document, const char *pointer)
{
    struct place place;
    if (!find(document, pointer, &place))
        return NULL;
    switch (json_typeof(place.value)) {
    case JSON_STRING:
        return strlen(json_string_value(place.value)) == json_string_length(place.value)
                   ? json_string_value(place.value)
                   : NULL;
    case JSON_TRUE:
        return "true";
    case JSON_FALSE:
        return "false";
    case JSON_INTEGER:
    case JSON_REAL:
        return text_of_number(document, &place);
    default:
        return NULL;
    }
}

size_t document_count(struct document *document, const char *pointer)
{
    struct place place;
    return find(document, pointer, &place) ? json_array_size(place.value) : 0;
}
