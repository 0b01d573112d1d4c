/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The data sources of go-sql-driver: [user[:password]@][network[(address)]]/name[?parameters]. Nothing in
 * front of the '?' is escaped: what is what depends on the last '/', the last '@' before it and the first
 * ':'.
 */
#include <string.h>
#include <strings.h>

#include "common/text.h"
#include "supervisor/dsn.h"

#define DEFAULT_PORT 3306

static const char DEFAULT_HOST[] = "127.0.0.1";
static const char DEFAULT_SOCKET[] = "/tmp/mysql.sock";

static const char TOO_LONG[] = "a part of it is too long";

static struct dsn_piece between(const char *begin, const char *end)
{
    return (struct dsn_piece){begin, (size_t)(end - begin)};
}

static bool is(struct dsn_piece piece, const char *word)
{
    return strlen(word) == piece.size && memcmp(piece.begin, word, piece.size) == 0;
}

static bool is_any_case(struct dsn_piece piece, const char *word)
{
    return strlen(word) == piece.size && strncasecmp(piece.begin, word, piece.size) == 0;
}

/* ---- in front of the name */

static const char *parse_credentials(struct dsn *dsn, struct dsn_piece piece)
{
    const char *end = piece.begin + piece.size;
    const char *colon = memchr(piece.begin, ':', piece.size);
    if (!dsn_copy(between(piece.begin, colon == NULL ? end : colon), dsn->user, sizeof dsn->user))
        return TOO_LONG;
    if (colon != NULL && !dsn_copy(between(colon + 1, end), dsn->password, sizeof dsn->password))
        return TOO_LONG;
    return NULL;
}

/* HOST, HOST:PORT, [IPv6]:PORT or an IPv6 address alone; an empty host is this one. */
static const char *parse_address(struct dsn *dsn, struct dsn_piece piece)
{
    char port[8] = "3306";
    const char *end = piece.begin + piece.size;
    const char *first = memchr(piece.begin, ':', piece.size);
    const char *last = memrchr(piece.begin, ':', piece.size);
    struct dsn_piece host = piece;
    bool port_fits = true;
    if (piece.size > 0 && piece.begin[0] == '[') {
        const char *close = memchr(piece.begin, ']', piece.size);
        if (close == NULL || (close + 1 != end && close[1] != ':'))
            return "the address in brackets has no end, or something else than a port follows it";
        host = between(piece.begin + 1, close);
        if (close + 1 != end)
            port_fits = dsn_copy(between(close + 2, end), port, sizeof port);
    } else if (first != NULL && first == last) {
        host = between(piece.begin, first);
        port_fits = dsn_copy(between(first + 1, end), port, sizeof port);
    }
    dsn->port = port_fits ? dsn_port(port) : 0;
    if (dsn->port == 0)
        return "the port is not a number from 1 to 65535";
    if (host.size == 0)
        host = between(DEFAULT_HOST, DEFAULT_HOST + strlen(DEFAULT_HOST));
    if (!dsn_copy(host, dsn->host, sizeof dsn->host))
        return TOO_LONG;
    if (strpbrk(dsn->host, ", /\\@()[]") != NULL)
        return "the host is neither one name nor one address";
    return NULL;
}

static const char *parse_socket(struct dsn *dsn, struct dsn_piece piece)
{
    dsn->port = DEFAULT_PORT;
    if (piece.size == 0)
        piece = between(DEFAULT_SOCKET, DEFAULT_SOCKET + strlen(DEFAULT_SOCKET));
    if (!dsn_copy(piece, dsn->host, sizeof dsn->host))
        return TOO_LONG;
    if (dsn->host[0] != '/')
        return "the path of the socket does not begin with a /";
    return NULL;
}

static const char *parse_network(struct dsn *dsn, struct dsn_piece piece)
{
    const char *end = piece.begin + piece.size;
    const char *open = memchr(piece.begin, '(', piece.size);
    struct dsn_piece network = between(piece.begin, open == NULL ? end : open);
    struct dsn_piece address = between(end, end);
    if (open != NULL && end[-1] != ')')
        return "the address has no ) right before the last /; a / in a parameter is written %2F";
    if (open != NULL)
        address = between(open + 1, end - 1);
    if (is(network, "unix"))
        return parse_socket(dsn, address);
    if (network.size == 0 || is(network, "tcp") || is(network, "tcp4") || is(network, "tcp6"))
        return parse_address(dsn, address);
    return "the network is neither tcp(HOST:PORT) nor unix(PATH)";
}

/* ---- behind the name */

/* The driver's words become libpq's, which the configuration of a target has for both engines. */
static const char *take_tls(struct dsn *dsn, struct dsn_piece value)
{
    const char *mode = NULL;
    if (is(value, "1") || is(value, "true") || is(value, "TRUE") || is(value, "True"))
        mode = "verify-full";
    else if (is(value, "0") || is(value, "false") || is(value, "FALSE") || is(value, "False") ||
             value.size == 0)
        mode = "disable";
    else if (is_any_case(value, "skip-verify"))
        mode = "require";
    else if (is_any_case(value, "preferred"))
        mode = "prefer";
    else
        return "tls is none of true, false, skip-verify and preferred; what another word means only the "
               "server knows";
    text_format(dsn->sslmode, sizeof dsn->sslmode, "%s", mode);
    return NULL;
}

/* Of the driver itself, or made good by ours. Everything else is a SET of the session. */
static bool is_harmless(struct dsn_piece name)
{
    static const char *const NAMES[] = {
        "allowAllFiles",
        "allowCleartextPasswords",
        "allowFallbackToPlaintext",
        "allowNativePasswords",
        "allowOldPasswords",
        "charset",
        "checkConnLiveness",
        "clientFoundRows",
        "collation",
        "columnsWithAlias",
        "compress",
        "connectionAttributes",
        "interpolateParams",
        "loc",
        "maxAllowedPacket",
        "multiStatements",
        "parseTime",
        "readTimeout",
        "rejectReadOnly",
        "serverPubKey",
        "timeTruncate",
        "timeout",
        "tinyInt1IsBool",
        "writeTimeout",
    };
    for (size_t i = 0; i < sizeof NAMES / sizeof NAMES[0]; i++)
        if (is(name, NAMES[i]))
            return true;
    return false;
}

static const char *parse_parameters(struct dsn *dsn, const char *text)
{
    const char *fault = NULL;
    while (*text != '\0' && fault == NULL) {
        const char *end = text + strcspn(text, "&");
        const char *equals = memchr(text, '=', (size_t)(end - text));
        if (equals != NULL) {
            struct dsn_piece name = between(text, equals);
            struct dsn_piece value = between(equals + 1, end);
            if (is(name, "tls"))
                fault = take_tls(dsn, value);
            else
                dsn->left_out += !is_harmless(name);
        }
        text = *end == '\0' ? end : end + 1;
    }
    return fault;
}

static const char *parse(struct dsn *dsn, const char *text)
{
    const char *slash = strrchr(text, '/');
    if (slash == NULL)
        return "there is no / in front of the name of the database";
    const char *at = memrchr(text, '@', (size_t)(slash - text));
    const char *question = strchr(slash, '?');
    const char *end = question == NULL ? slash + strlen(slash) : question;
    const char *fault = NULL;
    if (at != NULL)
        fault = parse_credentials(dsn, between(text, at));
    if (fault == NULL)
        fault = parse_network(dsn, between(at == NULL ? text : at + 1, slash));
    if (fault == NULL && !dsn_copy(between(slash + 1, end), dsn->name, sizeof dsn->name))
        fault = TOO_LONG;
    if (fault == NULL && question != NULL)
        fault = parse_parameters(dsn, question + 1);
    return fault;
}

const char *dsn_parse_mysql(const char *text, struct dsn *dsn)
{
    memset(dsn, 0, sizeof *dsn);
    dsn->driver = DSN_MYSQL;
    text_format(dsn->sslmode, sizeof dsn->sslmode, "disable");
    const char *fault = text[0] == '\0' ? "it is empty" : parse(dsn, text);
    if (fault == NULL)
        fault = dsn_check(dsn);
    if (fault != NULL)
        dsn_wipe(dsn);
    return fault;
}
