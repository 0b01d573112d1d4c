/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The data sources of lib/pq: a URL, which it turns into key='value' pairs, or such pairs themselves. What
 * differs from libpq: no sslmode means require, there is one host only, and a parameter that the driver does
 * not know is a setting of the session.
 */
#include <stdlib.h>
#include <string.h>

#include "common/text.h"
#include "supervisor/dsn.h"

#define DEFAULT_HOST "localhost"
#define DEFAULT_PORT 5432

enum parameter {
    PARAMETER_USER,
    PARAMETER_PASSWORD,
    PARAMETER_HOST,
    PARAMETER_PORT,
    PARAMETER_DBNAME,
    PARAMETER_SSLMODE,
    PARAMETER_SSLROOTCERT,
    PARAMETER_SSLCERT,
    PARAMETER_SSLKEY,
    PARAMETER_SSLINLINE,
    PARAMETER_SEARCH_PATH,
    PARAMETERS,
};

static const char *const NAMES[PARAMETERS] = {
    [PARAMETER_USER] = "user",
    [PARAMETER_PASSWORD] = "password",
    [PARAMETER_HOST] = "host",
    [PARAMETER_PORT] = "port",
    [PARAMETER_DBNAME] = "dbname",
    [PARAMETER_SSLMODE] = "sslmode",
    [PARAMETER_SSLROOTCERT] = "sslrootcert",
    [PARAMETER_SSLCERT] = "sslcert",
    [PARAMETER_SSLKEY] = "sslkey",
    [PARAMETER_SSLINLINE] = "sslinline",
    [PARAMETER_SEARCH_PATH] = "search_path",
};

/* Of the driver itself or of no concern: leaving them out changes nothing that we read. */
static const char *const HARMLESS[] = {
    "application_name",
    "binary_parameters",
    "client_encoding",
    "connect_timeout",
    "datestyle",
    "disable_prepared_binary_result",
    "extra_float_digits",
    "fallback_application_name",
    "krbspn",
    "krbsrvname",
    "passfile",
    "timezone",
};

static const char *const SSL_MODES[] = {"disable", "allow", "prefer", "require", "verify-ca", "verify-full"};

static const char BAD_ESCAPE[] =
    "there is a % without two hexadecimal digits after it, or a part is too long";
static const char TOO_LONG[] = "a part of it is too long";

/* Values as the driver would have them before it connects. Holds the password: wiped by its owner. */
struct parameters {
    char value[PARAMETERS][DSN_PASSWORD_BYTES];
    unsigned left_out;
};

static bool is_harmless(struct dsn_piece name)
{
    for (size_t i = 0; i < sizeof HARMLESS / sizeof HARMLESS[0]; i++)
        if (strlen(HARMLESS[i]) == name.size && memcmp(HARMLESS[i], name.begin, name.size) == 0)
            return true;
    return false;
}

/* The place for the value of a parameter; NULL when we have none. */
static char *find(struct parameters *parameters, struct dsn_piece name)
{
    for (size_t i = 0; i < PARAMETERS; i++)
        if (strlen(NAMES[i]) == name.size && memcmp(NAMES[i], name.begin, name.size) == 0)
            return parameters->value[i];
    parameters->left_out += !is_harmless(name);
    return NULL;
}

static struct dsn_piece piece_of(const char *text)
{
    return (struct dsn_piece){text, strlen(text)};
}

static struct dsn_piece between(const char *begin, const char *end)
{
    return (struct dsn_piece){begin, (size_t)(end - begin)};
}

/* ---- key = value */

/* The runes that Go's unicode.IsSpace knows; `size` becomes the number of its bytes. */
static bool is_space(const char *text, size_t *size)
{
    static const char *const WIDE[] = {
        "\xc2\x85", "\u00a0", "\u1680", "\u2000", "\u2001", "\u2002", "\u2003", "\u2004", "\u2005", "\u2006",
        "\u2007",   "\u2008", "\u2009", "\u200a", "\u2028", "\u2029", "\u202f", "\u205f", "\u3000",
    };
    *size = 1;
    if (*text == ' ' || (*text >= '\t' && *text <= '\r'))
        return true;
    for (size_t i = 0; i < sizeof WIDE / sizeof WIDE[0]; i++) {
        if (strncmp(text, WIDE[i], strlen(WIDE[i])) == 0) {
            *size = strlen(WIDE[i]);
            return true;
        }
    }
    return false;
}

static const char *skip_spaces(const char *text)
{
    size_t size;
    while (*text != '\0' && is_space(text, &size))
        text += size;
    return text;
}

/* Reads a value into `out`, which may be NULL, and moves on. NULL or a fault. */
static const char *read_value(const char **position, char *out, size_t out_bytes)
{
    const char *text = *position;
    size_t size;
    size_t used = 0;
    bool quoted = *text == '\'';
    text += quoted;
    while (*text != '\0' && (quoted ? *text != '\'' : !is_space(text, &size))) {
        if (*text == '\\' && *++text == '\0')
            return "it ends after a backslash";
        if (used + 1 >= out_bytes)
            return TOO_LONG;
        if (out != NULL)
            out[used] = *text;
        used++;
        text++;
    }
    if (quoted && *text++ != '\'')
        return "a quoted value has no end";
    if (out != NULL)
        out[used] = '\0';
    *position = text;
    return NULL;
}

/* The last of several wins. */
static const char *parse_pairs(struct parameters *parameters, const char *text)
{
    size_t size;
    for (text = skip_spaces(text); *text != '\0'; text = skip_spaces(text)) {
        const char *begin = text;
        while (*text != '\0' && *text != '=' && !is_space(text, &size))
            text++;
        struct dsn_piece name = between(begin, text);
        text = skip_spaces(text);
        if (*text != '=')
            return "it is neither a URL nor a list of key=value: a = is missing";
        text = skip_spaces(text + 1);
        const char *fault = read_value(&text, find(parameters, name), DSN_PASSWORD_BYTES);
        if (fault != NULL)
            return fault;
    }
    return NULL;
}

/* ---- URL */

/* The next byte of a value as it stands between quotes: the driver sorts its pairs in this form. */
static int quoted_byte(const char **text, bool *escaped)
{
    int byte = (unsigned char)**text;
    if (byte == '\0')
        return '\'';
    if ((byte == '\'' || byte == '\\') && !*escaped) {
        *escaped = true;
        return '\\';
    }
    *escaped = false;
    (*text)++;
    return byte;
}

/* Whether key='one' is sorted behind key='other'. */
static bool is_behind(const char *one, const char *other)
{
    bool one_escaped = false;
    bool other_escaped = false;
    for (;;) {
        bool end = *one == '\0' || *other == '\0';
        int difference = quoted_byte(&one, &one_escaped) - quoted_byte(&other, &other_escaped);
        if (difference != 0 || end)
            return difference > 0;
    }
}

/* An empty value counts as none; of two values the one that is sorted last wins. */
static void offer(char *place, const char *value)
{
    if (place != NULL && value[0] != '\0' && (place[0] == '\0' || is_behind(value, place)))
        strcpy(place, value);
}

static const char *take(struct parameters *parameters, enum parameter parameter, struct dsn_piece piece,
                        bool plus_is_space)
{
    char value[DSN_PASSWORD_BYTES];
    bool good = dsn_decode(piece, plus_is_space, value, sizeof value);
    if (good)
        offer(parameters->value[parameter], value);
    explicit_bzero(value, sizeof value);
    return good ? NULL : BAD_ESCAPE;
}

/* Go refuses a user or password in which anything else stands unescaped. */
static bool is_userinfo(struct dsn_piece piece)
{
    for (size_t i = 0; i < piece.size; i++) {
        char byte = piece.begin[i];
        bool alphanumeric =
            (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || (byte >= '0' && byte <= '9');
        if (!alphanumeric && (byte == '\0' || strchr("-._:~!$&'()*+,;=%@", byte) == NULL))
            return false;
    }
    return true;
}

static const char *parse_userinfo(struct parameters *parameters, struct dsn_piece piece)
{
    const char *end = piece.begin + piece.size;
    const char *colon = memchr(piece.begin, ':', piece.size);
    if (!is_userinfo(piece))
        return "the user or the password holds a character that a URL has to escape with %";
    const char *fault =
        take(parameters, PARAMETER_USER, between(piece.begin, colon == NULL ? end : colon), false);
    if (fault == NULL && colon != NULL)
        fault = take(parameters, PARAMETER_PASSWORD, between(colon + 1, end), false);
    return fault;
}

static const char *parse_port(struct parameters *parameters, struct dsn_piece piece)
{
    char port[8];
    if (piece.size == 0)
        return NULL;
    if (!dsn_copy(piece, port, sizeof port) || dsn_port(port) == 0)
        return "the port is not a number from 1 to 65535; a character such as #, ?, / or @ in a password may "
               "have to be escaped";
    offer(parameters->value[PARAMETER_PORT], port);
    return NULL;
}

static const char *parse_bracketed_host(struct parameters *parameters, struct dsn_piece piece)
{
    const char *end = piece.begin + piece.size;
    const char *close = memchr(piece.begin, ']', piece.size);
    if (close == NULL || (close + 1 != end && close[1] != ':'))
        return "the address in brackets has no end, or something else than a port follows it";
    const char *fault = take(parameters, PARAMETER_HOST, between(piece.begin + 1, close), false);
    if (fault == NULL && close + 1 != end)
        fault = parse_port(parameters, between(close + 2, end));
    return fault;
}

static const char *parse_host(struct parameters *parameters, struct dsn_piece piece)
{
    if (piece.size > 0 && piece.begin[0] == '[')
        return parse_bracketed_host(parameters, piece);
    const char *end = piece.begin + piece.size;
    const char *colon = memchr(piece.begin, ':', piece.size);
    struct dsn_piece host = between(piece.begin, colon == NULL ? end : colon);
    if (memchr(host.begin, '%', host.size) != NULL)
        return "the host is escaped with %; the folder of a socket is given as ?host=/FOLDER with no other "
               "host";
    const char *fault = take(parameters, PARAMETER_HOST, host, false);
    if (fault == NULL && colon != NULL)
        fault = parse_port(parameters, between(colon + 1, end));
    return fault;
}

/* Members with a bad name are passed over, as Go does; the first of several with one name counts. */
static const char *parse_query(struct parameters *parameters, const char *text)
{
    bool seen[PARAMETERS] = {false};
    while (*text != '\0') {
        const char *end = text + strcspn(text, "&");
        const char *equals = memchr(text, '=', (size_t)(end - text));
        struct dsn_piece name = between(text, equals == NULL ? end : equals);
        struct dsn_piece value = equals == NULL ? between(end, end) : between(equals + 1, end);
        bool usable = end != text && memchr(text, ';', (size_t)(end - text)) == NULL;
        char decoded[64];
        usable = usable && dsn_decode(name, true, decoded, sizeof decoded);
        char *place = usable ? find(parameters, piece_of(decoded)) : NULL;
        if (place != NULL) {
            enum parameter parameter = (enum parameter)((place - parameters->value[0]) / DSN_PASSWORD_BYTES);
            if (!seen[parameter] && take(parameters, parameter, value, true) != NULL)
                return BAD_ESCAPE;
            seen[parameter] = true;
        }
        text = *end == '\0' ? end : end + 1;
    }
    return NULL;
}

static const char *parse_url(struct parameters *parameters, const char *text)
{
    const char *authority = strstr(text, "://") + 3;
    if (strchr(text, '#') != NULL)
        return "a # stands in it unescaped; in a URL it is written %23";
    const char *query = authority + strcspn(authority, "?");
    const char *path = authority + strcspn(authority, "/?");
    const char *at = memrchr(authority, '@', (size_t)(path - authority));
    const char *fault = NULL;
    if (at != NULL)
        fault = parse_userinfo(parameters, between(authority, at));
    if (fault == NULL)
        fault = parse_host(parameters, between(at == NULL ? authority : at + 1, path));
    if (fault == NULL && path < query)
        fault = take(parameters, PARAMETER_DBNAME, between(path + 1, query), false);
    if (fault == NULL && *query == '?')
        fault = parse_query(parameters, query + 1);
    return fault;
}

/* ---- fields */

static const char *check_sslmode(const char *mode)
{
    for (size_t i = 0; i < sizeof SSL_MODES / sizeof SSL_MODES[0]; i++)
        if (strcmp(mode, SSL_MODES[i]) == 0)
            return NULL;
    return "sslmode is none of disable, require, verify-ca and verify-full";
}

/* Where the host is the folder of a socket, the driver encrypts nothing. */
static const char *fill_host(struct dsn *dsn, const char *host, const char *sslmode)
{
    bool is_socket = host[0] == '/' || host[0] == '@';
    if (!is_socket && strpbrk(host, ", /\\@") != NULL)
        return "the host is neither one name, nor one address, nor the folder of a socket";
    text_format(dsn->host, sizeof dsn->host, "%s", host[0] == '\0' ? DEFAULT_HOST : host);
    if (sslmode[0] == '\0')
        sslmode = "require";
    text_format(dsn->sslmode, sizeof dsn->sslmode, "%s", is_socket ? "disable" : sslmode);
    return check_sslmode(sslmode);
}

static const char *fill(struct dsn *dsn, const struct parameters *parameters)
{
    const char(*value)[DSN_PASSWORD_BYTES] = parameters->value;
    const char *name = value[PARAMETER_DBNAME][0] == '\0' ? value[PARAMETER_USER] : value[PARAMETER_DBNAME];
    const char *port = value[PARAMETER_PORT];
    dsn->port = port[0] == '\0' ? DEFAULT_PORT : dsn_port(port);
    if (dsn->port == 0)
        return "the port is not a number from 1 to 65535";
    if (strcmp(value[PARAMETER_SSLINLINE], "true") == 0)
        return "sslinline is true; certificates have to be in files";
    strcpy(dsn->password, value[PARAMETER_PASSWORD]);
    bool fits = strlen(value[PARAMETER_HOST]) < sizeof dsn->host &&
                text_format(dsn->user, sizeof dsn->user, "%s", value[PARAMETER_USER]) &&
                text_format(dsn->name, sizeof dsn->name, "%s", name) &&
                text_format(dsn->sslrootcert, sizeof dsn->sslrootcert, "%s", value[PARAMETER_SSLROOTCERT]) &&
                text_format(dsn->sslcert, sizeof dsn->sslcert, "%s", value[PARAMETER_SSLCERT]) &&
                text_format(dsn->sslkey, sizeof dsn->sslkey, "%s", value[PARAMETER_SSLKEY]) &&
                text_format(dsn->search_path, sizeof dsn->search_path, "%s", value[PARAMETER_SEARCH_PATH]);
    dsn->left_out = parameters->left_out;
    const char *fault = fits ? NULL : TOO_LONG;
    if (fault == NULL)
        fault = fill_host(dsn, value[PARAMETER_HOST], value[PARAMETER_SSLMODE]);
    return fault;
}

const char *dsn_parse_postgresql(const char *text, struct dsn *dsn)
{
    const char *fault = NULL;
    memset(dsn, 0, sizeof *dsn);
    dsn->driver = DSN_POSTGRESQL;
    struct parameters *parameters = calloc(1, sizeof *parameters);
    if (parameters == NULL)
        return "no memory to read it";
    if (text[0] == '\0')
        fault = "it is empty";
    else if (dsn_is_url(text) && text[0] == 'p')
        fault = parse_url(parameters, text);
    else
        fault = parse_pairs(parameters, text);
    if (fault == NULL)
        fault = fill(dsn, parameters);
    if (fault == NULL)
        fault = dsn_check(dsn);
    explicit_bzero(parameters, sizeof *parameters);
    free(parameters);
    if (fault != NULL)
        dsn_wipe(dsn);
    return fault;
}
