/* SPDX-License-Identifier: Apache-2.0 */
#include "supervisor/dsn.h"

#include <string.h>

#include "common/text.h"

#define MYSQL_SCHEME "mysql://"

static const char *const POSTGRESQL_SCHEMES[] = {"postgres://", "postgresql://"};

void dsn_wipe(struct dsn *dsn)
{
    explicit_bzero(dsn, sizeof *dsn);
}

static bool begins_with(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

bool dsn_is_url(const char *text)
{
    return begins_with(text, POSTGRESQL_SCHEMES[0]) || begins_with(text, POSTGRESQL_SCHEMES[1]) ||
           begins_with(text, MYSQL_SCHEME);
}

const char *dsn_parse_url(const char *text, struct dsn *dsn)
{
    if (begins_with(text, MYSQL_SCHEME))
        return dsn_parse_mysql(text + strlen(MYSQL_SCHEME), dsn);
    if (dsn_is_url(text))
        return dsn_parse_postgresql(text, dsn);
    dsn_wipe(dsn);
    return "it begins with neither postgres://, postgresql:// nor mysql://";
}

/* ---- pieces */

bool dsn_copy(struct dsn_piece piece, char *out, size_t out_bytes)
{
    if (piece.size >= out_bytes)
        return false;
    memcpy(out, piece.begin, piece.size);
    out[piece.size] = '\0';
    return true;
}

static int hexadecimal(char digit)
{
    if (digit >= '0' && digit <= '9')
        return digit - '0';
    if (digit >= 'a' && digit <= 'f')
        return digit - 'a' + 10;
    if (digit >= 'A' && digit <= 'F')
        return digit - 'A' + 10;
    return -1;
}

bool dsn_decode(struct dsn_piece piece, bool plus_is_space, char *out, size_t out_bytes)
{
    size_t used = 0;
    for (size_t i = 0; i < piece.size; i++) {
        char byte = piece.begin[i];
        if (byte == '%') {
            int high = i + 2 < piece.size ? hexadecimal(piece.begin[i + 1]) : -1;
            int low = i + 2 < piece.size ? hexadecimal(piece.begin[i + 2]) : -1;
            /* No field can hold a NUL. */
            if (high < 0 || low < 0 || high + low == 0)
                return false;
            byte = (char)(high << 4 | low);
            i += 2;
        } else if (byte == '+' && plus_is_space) {
            byte = ' ';
        }
        if (used + 1 >= out_bytes)
            return false;
        out[used++] = byte;
    }
    out[used] = '\0';
    return true;
}

unsigned dsn_port(const char *text)
{
    unsigned port = 0;
    if (text[0] == '\0')
        return 0;
    for (; *text != '\0'; text++) {
        if (*text < '0' || *text > '9')
            return 0;
        port = port * 10 + (unsigned)(*text - '0');
        if (port > 65535)
            return 0;
    }
    return port;
}

/* ---- fields */

static bool is_line(const char *text)
{
    for (const char *byte = text; *byte != '\0'; byte++)
        if ((unsigned char)*byte < 0x20 || *byte == 0x7f)
            return false;
    return text_is_utf8(text, strlen(text));
}

const char *dsn_check(const struct dsn *dsn)
{
    if (dsn->user[0] == '\0')
        return "there is no user in it; a character such as #, ?, / or @ in a password may have to be "
               "escaped";
    if (dsn->name[0] == '\0')
        return "there is no name of a database in it";
    if (!is_line(dsn->host) || !is_line(dsn->name) || !is_line(dsn->user) || !is_line(dsn->search_path))
        return "host, name, user or search_path hold control characters or are not UTF-8";
    if (!is_line(dsn->sslrootcert) || !is_line(dsn->sslcert) || !is_line(dsn->sslkey))
        return "the path of a certificate or key holds control characters or is not UTF-8";
    return NULL;
}
