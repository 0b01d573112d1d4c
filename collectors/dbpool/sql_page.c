/* SPDX-License-Identifier: Apache-2.0 */
#include "sql_page.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define PREFIX "go_sql_"
#define POOL_LABEL "db_name"
#define VALUE_BYTES 32 /* the longest number that Go writes has 24 */
#define EXACT_MAX 9007199254740992.0 /* below it a double holds each whole number */
#define NOT_UNDERSTOOD "has a line that cannot be understood"

static const char *const names[POOL_FAMILIES] = {
    [MAX_OPEN] = PREFIX "max_open_connections",
    [OPEN] = PREFIX "open_connections",
    [IN_USE] = PREFIX "in_use_connections",
    [IDLE] = PREFIX "idle_connections",
    [WAIT_COUNT] = PREFIX "wait_count_total",
    [WAIT_DURATION] = PREFIX "wait_duration_seconds_total",
    [CLOSED_MAX_IDLE] = PREFIX "max_idle_closed_total",
    [CLOSED_IDLE_TIME] = PREFIX "max_idle_time_closed_total",
    [CLOSED_LIFETIME] = PREFIX "max_lifetime_closed_total",
};

#define ALL_FAMILIES ((1U << POOL_FAMILIES) - 1)

/* A piece of the page, without an end of its own. */
struct piece {
    const char *text;
    size_t size;
};

struct pool {
    struct piece name;
    unsigned families; /* those of which it has a value, as bits */
};

struct reader {
    struct sql_page *page;
    struct pool pools[SQL_PAGE_POOLS_MAX];
    enum family first; /* of the page, which names the pools; NO_FAMILY: none yet */
    int names_are_complete;
    int is_unlimited;
};

const char *sql_page_name(enum family family)
{
    return names[family];
}

static int equals(struct piece piece, const char *text)
{
    return piece.size == strlen(text) && memcmp(piece.text, text, piece.size) == 0;
}

/* Takes as much from the front as consists of these characters, or does not. */
static struct piece take(struct piece *line, const char *characters, int wanted)
{
    struct piece taken = { line->text, 0 };
    while (line->size > 0 && (*line->text != '\0' && strchr(characters, *line->text) != NULL) == wanted) {
        line->text++;
        line->size--;
        taken.size++;
    }
    return taken;
}

static int take_character(struct piece *line, char character)
{
    if (line->size == 0 || *line->text != character)
        return 0;
    line->text++;
    line->size--;
    return 1;
}

/* The rest of a quoted text; what is escaped stays so, because it is compared only. */
static int take_quoted(struct piece *line, struct piece *quoted)
{
    quoted->text = line->text;
    while (line->size > 0 && *line->text != '"') {
        size_t step = *line->text == '\\' ? 2 : 1;
        if (step > line->size)
            return 0;
        line->text += step;
        line->size -= step;
    }
    quoted->size = (size_t)(line->text - quoted->text);
    return take_character(line, '"');
}

/* {db_name="master"}, and other labels, which are not looked at. 0: no such thing. */
static int take_labels(struct piece *line, struct piece *pool)
{
    int found = 0;
    if (!take_character(line, '{'))
        return 0;
    do {
        struct piece name = take(line, "=\"{}, ", 0), value;
        if (name.size == 0 || !take_character(line, '=') || !take_character(line, '"') || !take_quoted(line, &value))
            return 0;
        if (equals(name, POOL_LABEL)) {
            if (found++ > 0)
                return 0;
            *pool = value;
        }
    } while (take_character(line, ','));
    return found && take_character(line, '}');
}

/* A number that is not negative, and a whole one unless it is a time. */
static int parse_value(struct piece piece, enum family family, double *value)
{
    char text[VALUE_BYTES];
    char *end = NULL;
    struct piece rest = piece;
    if (piece.size == 0 || piece.size >= sizeof text || *piece.text < '0' || *piece.text > '9')
        return 0;
    take(&rest, "0123456789.e+-", 1);
    memcpy(text, piece.text, piece.size);
    text[piece.size] = '\0';
    *value = strtod(text, &end);
    if (rest.size != 0 || *end != '\0' || !(*value <= EXACT_MAX))
        return 0;
    return family == WAIT_DURATION || (double)(uint64_t)*value == *value;
}

static const char *add(struct reader *reader, struct piece name, enum family family, double value)
{
    struct sql_page *page = reader->page;
    struct pool *pool = reader->pools;
    while (pool < reader->pools + page->pools &&
           (pool->name.size != name.size || memcmp(pool->name.text, name.text, name.size) != 0))
        pool++;
    if (pool == reader->pools + page->pools) {
        if (reader->names_are_complete)
            return "does not name the same pools in all families";
        if (page->pools == SQL_PAGE_POOLS_MAX)
            return "has too many pools";
        *pool = (struct pool){ .name = name };
        page->pools++;
    }
    if ((pool->families & 1U << family) != 0)
        return "has the same value twice";
    pool->families |= 1U << family;
    page->sums[family] += value;
    reader->is_unlimited |= family == MAX_OPEN && value == 0;
    return NULL;
}

static const char *read_line(struct reader *reader, struct piece line)
{
    enum family family = 0;
    struct piece name, pool = { NULL, 0 };
    double value;
    if (line.size < strlen(PREFIX) || memcmp(line.text, PREFIX, strlen(PREFIX)) != 0)
        return NULL;
    name = take(&line, "{ ", 0);
    while (family < POOL_FAMILIES && !equals(name, names[family]))
        family++;
    if (family == POOL_FAMILIES)
        return NULL;
    if (!take_labels(&line, &pool) || !take_character(&line, ' ') || !parse_value(line, family, &value))
        return NOT_UNDERSTOOD;
    if (reader->first == NO_FAMILY)
        reader->first = family;
    reader->names_are_complete |= family != reader->first;
    return add(reader, pool, family, value);
}

static const char *judge(const struct reader *reader)
{
    const struct sql_page *page = reader->page;
    if (page->pools == 0)
        return "says nothing of Mattermost's pools";
    for (size_t i = 0; i < page->pools; i++)
        if (reader->pools[i].families != ALL_FAMILIES)
            return "does not have all values of each pool";
    for (enum family family = 0; family < POOL_FAMILIES; family++)
        if (page->sums[family] >= EXACT_MAX)
            return "has values that are too large";
    return NULL;
}

const char *sql_page_read(struct sql_page *page, const char *text, size_t size)
{
    struct reader reader = { .page = page, .first = NO_FAMILY };
    const char *fault = size > 0 && text[size - 1] != '\n' ? "is cut off" : NULL;
    memset(page, 0, sizeof *page);
    while (fault == NULL && size > 0) {
        const char *end = memchr(text, '\n', size);
        fault = read_line(&reader, (struct piece){ text, (size_t)(end - text) });
        size -= (size_t)(end - text) + 1;
        text = end + 1;
    }
    if (fault == NULL)
        fault = judge(&reader);
    if (reader.is_unlimited)
        page->sums[MAX_OPEN] = 0; /* as long as one pool has no limit, all together have none */
    if (fault != NULL)
        memset(page, 0, sizeof *page);
    return fault;
}
