/* SPDX-License-Identifier: Apache-2.0 */
#include "database/mysql_error.h"

#include <stdlib.h>
#include <string.h>

#include "common/contract.h"
#include "common/text.h"
#include "database/error_text.h"

/* Numbers of both servers and of the client library, of which MariaDB's headers have only some. */
enum {
    FIRST_OF_CLIENT = 2000,
    CANNOT_CONNECT_TO_SOCKET = 2002,
    CANNOT_CONNECT_TO_HOST = 2003,
    UNKNOWN_HOST = 2005,
    LAST_OF_CLIENT = 2999,
    FIRST_OF_MARIADB_CLIENT = 5000,
    LAST_OF_MARIADB_CLIENT = 5999,
    SYNTAX = 1064,
    TABLE_DENIED = 1142,
    COLUMN_DENIED = 1143,
    ROUTINE_DENIED = 1370,
    INTERRUPTED = 1317,
    MARIADB_TIMEOUT = 1969,
    MYSQL_TIMEOUT = 3024,
};

static bool is_in(unsigned number, const unsigned *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (list[i] == number)
            return true;
    return false;
}

bool mysql_error_ends_session(unsigned number)
{
    static const unsigned of_servers[] = {
        1053,       /* shutdown in progress */
        1152, 1184, /* aborted connection */
        1927,       /* MariaDB: killed */
        3169,       /* MySQL: killed */
        4031,       /* MySQL: disconnected because of inactivity */
    };
    return (number >= FIRST_OF_CLIENT && number <= LAST_OF_CLIENT) ||
           (number >= FIRST_OF_MARIADB_CLIENT && number <= LAST_OF_MARIADB_CLIENT) ||
           is_in(number, of_servers, sizeof of_servers / sizeof of_servers[0]);
}

bool mysql_error_is_timeout(unsigned number)
{
    return number == MARIADB_TIMEOUT || number == MYSQL_TIMEOUT;
}

bool mysql_error_is_interruption(unsigned number)
{
    return number == INTERRUPTED;
}

void mysql_error_of_query(char *out, size_t out_bytes, unsigned number, const char *message,
                          const char *secret)
{
    char line[ERROR_TEXT_MAX_BYTES];
    error_text_first_line(line, sizeof line,
                          number == SYNTAX ? "the server does not understand the query" : message, secret);
    bool is_grant = number == TABLE_DENIED || number == COLUMN_DENIED || number == ROUTINE_DENIED;
    text_format(out, out_bytes, "ERROR %u: %s%s", number, line, is_grant ? " (see mysql-role.sql)" : "");
}

void mysql_error_of_connect(char *out, size_t out_bytes, unsigned number, const char *message,
                            const char *secret)
{
    const char *bracket = strrchr(message, '(');
    int cause = bracket != NULL ? atoi(bracket + 1) : 0;
    if ((number == CANNOT_CONNECT_TO_SOCKET || number == CANNOT_CONNECT_TO_HOST) && cause > 0)
        text_format(out, out_bytes, "%s", strerror(cause));
    else if (number == UNKNOWN_HOST)
        text_format(out, out_bytes, "the host's name is not known");
    else
        error_text_first_line(out, out_bytes, message[0] != '\0' ? message : "no reason given", secret);
}
