/* SPDX-License-Identifier: Apache-2.0 */
#include "supervisor/environment_file.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum state {
    BEFORE_NAME,
    NAME,
    BEFORE_VALUE, /* also between two quoted pieces of one value */
    VALUE,
    VALUE_ESCAPE,
    SINGLE_QUOTED,
    DOUBLE_QUOTED,
    DOUBLE_QUOTED_ESCAPE,
    COMMENT,
    COMMENT_ESCAPE,
};

struct parser {
    enum state state;
    char *name;
    char *value;
    size_t name_size;
    size_t value_size;
    size_t value_kept; /* without the white space at its end that no quote protects */
    environment_take *take;
    void *context;
};

static bool is_blank(char byte)
{
    return byte == ' ' || byte == '\t' || byte == '\n' || byte == '\r';
}

static bool is_newline(char byte)
{
    return byte == '\n' || byte == '\r';
}

static bool is_name(const char *name)
{
    if (*name >= '0' && *name <= '9')
        return false;
    size_t size = strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_");
    return size > 0 && name[size] == '\0';
}

/* One more byte of the value; white space at its end is dropped unless `keep`. */
static void add(struct parser *parser, char byte, bool keep)
{
    parser->value[parser->value_size++] = byte;
    if (keep || !is_blank(byte))
        parser->value_kept = parser->value_size;
}

static void end_assignment(struct parser *parser)
{
    while (parser->name_size > 0 && is_blank(parser->name[parser->name_size - 1]))
        parser->name_size--;
    parser->name[parser->name_size] = '\0';
    parser->value[parser->value_kept] = '\0';
    if (is_name(parser->name))
        parser->take(parser->name, parser->value, parser->context);
    parser->name_size = parser->value_size = parser->value_kept = 0;
    parser->state = BEFORE_NAME;
}

static void step_name(struct parser *parser, char byte)
{
    if (parser->state == BEFORE_NAME && (byte == '#' || byte == ';')) {
        parser->state = COMMENT;
    } else if (parser->state == BEFORE_NAME && is_blank(byte)) {
        return;
    } else if (is_newline(byte)) { /* a line without '=' */
        parser->name_size = 0;
        parser->state = BEFORE_NAME;
    } else if (byte == '=') {
        parser->state = BEFORE_VALUE;
    } else {
        parser->name[parser->name_size++] = byte;
        parser->state = NAME;
    }
}

static void step_value(struct parser *parser, char byte)
{
    if (is_newline(byte)) {
        end_assignment(parser);
    } else if (byte == '\\') {
        parser->state = VALUE_ESCAPE;
    } else if (parser->state == BEFORE_VALUE && byte == '\'') {
        parser->state = SINGLE_QUOTED;
    } else if (parser->state == BEFORE_VALUE && byte == '"') {
        parser->state = DOUBLE_QUOTED;
    } else if (parser->state == VALUE || !is_blank(byte)) {
        parser->state = VALUE;
        add(parser, byte, false);
    }
}

static void step_escape(struct parser *parser, char byte)
{
    if (parser->state == DOUBLE_QUOTED_ESCAPE) {
        if (strchr("\"\\`$", byte) == NULL && byte != '\n')
            add(parser, '\\', true);
        parser->state = DOUBLE_QUOTED;
    } else {
        parser->state = VALUE;
    }
    if (!is_newline(byte))
        add(parser, byte, true);
}

static void step_quoted(struct parser *parser, char byte)
{
    if (byte == (parser->state == SINGLE_QUOTED ? '\'' : '"'))
        parser->state = BEFORE_VALUE;
    else if (byte == '\\' && parser->state == DOUBLE_QUOTED)
        parser->state = DOUBLE_QUOTED_ESCAPE;
    else
        add(parser, byte, true);
}

static void step_comment(struct parser *parser, char byte)
{
    if (parser->state == COMMENT && byte == '\\')
        parser->state = COMMENT_ESCAPE;
    else if (is_newline(byte))
        parser->state = BEFORE_NAME;
    else
        parser->state = COMMENT;
}

static void step(struct parser *parser, char byte)
{
    static void (*const STEPS[])(struct parser *, char) = {
        [BEFORE_NAME] = step_name,     [NAME] = step_name,
        [BEFORE_VALUE] = step_value,   [VALUE] = step_value,
        [VALUE_ESCAPE] = step_escape,  [SINGLE_QUOTED] = step_quoted,
        [DOUBLE_QUOTED] = step_quoted, [DOUBLE_QUOTED_ESCAPE] = step_escape,
        [COMMENT] = step_comment,      [COMMENT_ESCAPE] = step_comment,
    };
    STEPS[parser->state](parser, byte);
}

int environment_file_parse(const char *text, environment_take *take, void *context)
{
    size_t size = strlen(text);
    struct parser parser = {.state = BEFORE_NAME, .take = take, .context = context};
    int result = -1;
    /* Neither can become longer than the text: what an escape adds, it has taken up before. */
    parser.name = malloc(size + 1);
    parser.value = malloc(size + 1);
    if (parser.name == NULL || parser.value == NULL)
        goto out;
    for (size_t i = 0; i < size; i++)
        step(&parser, text[i]);
    if (parser.state != BEFORE_NAME && parser.state != NAME && parser.state != COMMENT &&
        parser.state != COMMENT_ESCAPE)
        end_assignment(&parser);
    result = 0;
out:
    if (parser.value != NULL)
        explicit_bzero(parser.value, size + 1);
    free(parser.name);
    free(parser.value);
    return result;
}
