/* SPDX-License-Identifier: Apache-2.0 */
#include "database/mysql_quote.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define HEX_PREFIX       "_utf8mb4 X'" /* the longest thing that surrounds a value, but for its last quote */
#define LIMIT_DIGITS_MAX 18

struct writer {
    char *text;
    size_t size;
};

static void put(struct writer *out, const char *text, size_t size)
{
    memcpy(out->text + out->size, text, size);
    out->size += size;
}

/* Values ------------------------------------------------------------------------------------------------- */

/* Needs nothing but quotes around it, in every character set and sql_mode. */
static bool is_plain(const char *value)
{
    for (; *value != '\0'; value++)
        if (*value < ' ' || *value > '~' || *value == '\'' || *value == '\\')
            return false;
    return true;
}

static void put_hexadecimal(struct writer *out, const char *value)
{
    static const char digits[] = "0123456789ABCDEF";
    put(out, HEX_PREFIX, sizeof HEX_PREFIX - 1);
    for (; *value != '\0'; value++) {
        unsigned char byte = (unsigned char)*value;
        const char pair[2] = {digits[byte >> 4], digits[byte & 15]};
        put(out, pair, sizeof pair);
    }
    put(out, "'", 1);
}

static void put_value(struct writer *out, const char *value)
{
    if (value == NULL) {
        put(out, "NULL", 4);
    } else if (is_plain(value)) {
        put(out, "'", 1);
        put(out, value, strlen(value));
        put(out, "'", 1);
    } else {
        put_hexadecimal(out, value);
    }
}

static bool put_limit(struct writer *out, const char *value)
{
    size_t size = value != NULL ? strlen(value) : 0;
    if (size == 0 || size > LIMIT_DIGITS_MAX || strspn(value, "0123456789") != size)
        return false;
    put(out, value, size);
    return true;
}

/* Tokens ------------------------------------------------------------------------------------------------- */

static bool is_word_byte(char byte)
{
    return isalnum((unsigned char)byte) || byte == '_' || byte == '$' || (unsigned char)byte >= 0x80;
}

/* Length of the string or quoted name that begins here. In strings a backslash escapes; we set sql_mode so.
 */
static size_t quoted_size(const char *sql)
{
    size_t size = 1;
    while (sql[size] != '\0' && sql[size] != sql[0])
        size += sql[size] == '\\' && sql[0] != '`' && sql[size + 1] != '\0' ? 2 : 1;
    return sql[size] != '\0' ? size + 1 : size;
}

/* Length of the comment that begins here, 0: none does. */
static size_t comment_size(const char *sql)
{
    bool is_line =
        sql[0] == '#' || (strncmp(sql, "--", 2) == 0 && (sql[2] == '\0' || isspace((unsigned char)sql[2])));
    if (is_line)
        return strcspn(sql, "\n");
    if (strncmp(sql, "/*", 2) != 0)
        return 0;
    const char *end = strstr(sql + 2, "*/");
    return end != NULL ? (size_t)(end - sql) + 2 : strlen(sql);
}

static size_t word_size(const char *sql)
{
    size_t size = 0;
    while (is_word_byte(sql[size]))
        size++;
    return size;
}

/* Whether a number must follow this word; digits change nothing, as the first one in LIMIT 5, ? */
static bool wants_number(const char *word, size_t size, bool before)
{
    if (strspn(word, "0123456789") >= size)
        return before;
    return (size == 5 && strncasecmp(word, "LIMIT", size) == 0) ||
           (size == 6 && strncasecmp(word, "OFFSET", size) == 0);
}

/* Length of the token that begins here; keeps up with whether a value here stands in LIMIT or OFFSET. */
static size_t token_size(const char *sql, bool *in_limit)
{
    size_t size = comment_size(sql);
    if (size > 0)
        return size;
    if (isspace((unsigned char)*sql) || *sql == ',')
        return 1;
    size = word_size(sql);
    if (size > 0) {
        *in_limit = wants_number(sql, size, *in_limit);
        return size;
    }
    *in_limit = false;
    return *sql == '\'' || *sql == '"' || *sql == '`' ? quoted_size(sql) : 1;
}

static char *allocate(const char *sql, const char *const *values, size_t count)
{
    size_t size = strlen(sql) + 1;
    for (size_t i = 0; i < count; i++)
        size += sizeof HEX_PREFIX + 1 + (values[i] != NULL ? 2 * strlen(values[i]) : 0);
    return malloc(size);
}

static const char *write_query(struct writer *out, const char *sql, const char *const *values, size_t count)
{
    size_t used = 0;
    bool in_limit = false;
    while (*sql != '\0') {
        if (*sql != '?') {
            size_t size = token_size(sql, &in_limit);
            put(out, sql, size);
            sql += size;
            continue;
        }
        if (used == count)
            return "the query has more parameters than values";
        if (!in_limit)
            put_value(out, values[used]);
        else if (!put_limit(out, values[used]))
            return "a parameter of LIMIT or OFFSET is no number";
        used++;
        sql++;
    }
    out->text[out->size] = '\0';
    return used == count ? NULL : "the query has fewer parameters than values";
}

char *mysql_quote(const char *sql, const char *const *values, size_t count, const char **fault)
{
    struct writer out = {.text = allocate(sql, values, count)};
    *fault = out.text != NULL ? write_query(&out, sql, values, count) : "out of memory";
    if (*fault == NULL)
        return out.text;
    free(out.text);
    return NULL;
}
