/* SPDX-License-Identifier: Apache-2.0 */
#include "database/mysql_options.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#include "common/contract.h"
#include "common/text.h"

#define SOCKET_NAME "mysqld.sock"
/* A row longer than this is no row for us; the library's own bound is 1 GiB. */
#define PACKET_MAX_BYTES (16ul << 20)
/* After so long without a word each step of connecting fails; for threads that nobody waits for any more. */
#define STEP_SECONDS (CONNECT_TIMEOUT_MS / 1000u)

/*
 * Ways to log in of which none gives the password away. A server may ask for any that the client has, and one
 * of the others would send it as it is.
 */
#define LOGIN_METHODS "mysql_native_password,caching_sha2_password,sha256_password,client_ed25519,parsec"

/* Places ------------------------------------------------------------------------------------------------- */

/* Where Debian, Fedora, SUSE and Alpine keep the authorities that the system trusts. */
static const char *system_authorities(void)
{
    static const char *const FILES[] = {"/etc/ssl/certs/ca-certificates.crt",
                                        "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/ca-bundle.pem",
                                        "/etc/ssl/cert.pem"};
    for (size_t i = 0; i < sizeof FILES / sizeof FILES[0]; i++)
        if (access(FILES[i], R_OK) == 0)
            return FILES[i];
    return NULL;
}

/*
 * Whose certificate the server must have. Since 3.4 the library is content with less than that: without a file
 * of authorities, with a server that knows the password; at two addresses, with any name. So there always is a
 * file, and those two are refused, whatever the release.
 */
static const char *expect_server(struct mysql_place *place, const struct database_settings *settings)
{
    if (strncmp(settings->sslmode, "verify-", 7) != 0)
        return NULL;
    if (strcmp(place->host, "127.0.0.1") == 0 || strcmp(place->host, "::1") == 0)
        return "TLS: the client library does not check the name of a server at 127.0.0.1 or ::1; give a name as "
               "host, such as localhost";
    place->authorities = settings->sslrootcert[0] != '\0' ? settings->sslrootcert : system_authorities();
    if (place->authorities == NULL)
        return "TLS: no file of the system's certificate authorities is here; sslrootcert has to name one";
    return NULL;
}

const char *mysql_place_of(struct mysql_place *place, const struct database_settings *settings)
{
    struct stat found;
    const char *host = settings->host;
    memset(place, 0, sizeof *place);
    place->host = host;
    place->port = (unsigned)strtoul(settings->port, NULL, 10);
    place->is_socket = host[0] == '/' || host[0] == '\0';
    if (!place->is_socket)
        return expect_server(place, settings);
    place->host = "localhost";
    bool is_folder = stat(host, &found) == 0 && S_ISDIR(found.st_mode);
    if (text_format(place->path, sizeof place->path, "%s%s", host, is_folder ? "/" SOCKET_NAME : ""))
        return NULL;
    return "the path of the unix socket is too long";
}

bool mysql_place_needs_tls(const struct mysql_place *place, const struct database_settings *settings)
{
    return !place->is_socket &&
           (strcmp(settings->sslmode, "require") == 0 || strcmp(settings->sslmode, "verify-ca") == 0 ||
            strcmp(settings->sslmode, "verify-full") == 0);
}

/* Options ------------------------------------------------------------------------------------------------ */

/*
 * The names are libpq's. "prefer" and "allow" are one: TLS with whom has it. The library cannot check who
 * issued a certificate without checking whose it is, so "verify-ca" is as strict as "verify-full". What
 * crosses a unix socket is seen by nobody, so there TLS is never used.
 */
static bool set_tls(MYSQL *handle, const struct database_settings *settings, const struct mysql_place *place)
{
    my_bool verifies = place->authorities != NULL;
    my_bool is_wanted = !place->is_socket && strcmp(settings->sslmode, "disable") != 0;
    if (verifies && mysql_optionsv(handle, MYSQL_OPT_SSL_CA, place->authorities) != 0)
        return false;
    /* Both have defaults that differ between releases of the library. */
    return mysql_optionsv(handle, MYSQL_OPT_SSL_ENFORCE, &is_wanted) == 0 &&
           mysql_optionsv(handle, MYSQL_OPT_SSL_VERIFY_SERVER_CERT, &verifies) == 0;
}

bool mysql_set_options(MYSQL *handle, const struct database_settings *settings,
                       const struct mysql_place *place)
{
    unsigned protocol = place->is_socket ? MYSQL_PROTOCOL_SOCKET : MYSQL_PROTOCOL_TCP;
    unsigned step_seconds = STEP_SECONDS;
    unsigned no_files = 0; /* the server must not be able to ask for one */
    size_t packet_bytes = PACKET_MAX_BYTES;
    return mysql_optionsv(handle, MYSQL_OPT_NONBLOCK, NULL) == 0 &&
           mysql_optionsv(handle, MYSQL_OPT_PROTOCOL, &protocol) == 0 &&
           mysql_optionsv(handle, MYSQL_OPT_CONNECT_TIMEOUT, &step_seconds) == 0 &&
           mysql_optionsv(handle, MYSQL_OPT_LOCAL_INFILE, &no_files) == 0 &&
           mysql_optionsv(handle, MYSQL_OPT_MAX_ALLOWED_PACKET, &packet_bytes) == 0 &&
           mysql_optionsv(handle, MYSQL_SET_CHARSET_NAME, "utf8mb4") == 0 &&
           mysql_optionsv(handle, MARIADB_OPT_RESTRICTED_AUTH, LOGIN_METHODS) == 0 &&
           mysql_optionsv(handle, MYSQL_OPT_CONNECT_ATTR_ADD, "program_name", settings->application_name) ==
               0 &&
           set_tls(handle, settings, place);
}

void mysql_bound_socket(int descriptor)
{
    const struct timeval step = {.tv_sec = STEP_SECONDS};
    setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &step, sizeof step);
    setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &step, sizeof step);
}

bool mysql_tune_socket(int descriptor, bool is_tcp)
{
    const struct {
        int level, name, value;
    } options[] = {
        {IPPROTO_TCP, TCP_USER_TIMEOUT, 30000}, {SOL_SOCKET, SO_KEEPALIVE, 1},
        {IPPROTO_TCP, TCP_KEEPIDLE, 15},        {IPPROTO_TCP, TCP_KEEPINTVL, 5},
        {IPPROTO_TCP, TCP_KEEPCNT, 3},
    };
    for (size_t i = 0; is_tcp && i < sizeof options / sizeof options[0]; i++)
        setsockopt(descriptor, options[i].level, options[i].name, &options[i].value, sizeof options[i].value);
    int flags = fcntl(descriptor, F_GETFL);
    return flags >= 0 && fcntl(descriptor, F_SETFL, flags | O_NONBLOCK) == 0;
}
