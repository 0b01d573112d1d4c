/* SPDX-License-Identifier: Apache-2.0 */
#include "supervisor/places.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/un.h>

#include "common/text.h"

/* As the drivers call it where a host is a folder. */
#define POSTGRESQL_SOCKET "/.s.PGSQL."
#define MYSQL_SOCKET      "/mysqld.sock"

/* Once each: several addresses of a target may be one. */
static void add(struct places *places, const char *text)
{
    for (unsigned i = 0; i < places->count; i++)
        if (strcmp(places->text[i], text) == 0)
            return;
    if (places->count == PLACES_MAX)
        places->too_many = true;
    else
        text_format(places->text[places->count++], PLACE_TEXT_BYTES, "%s", text);
}

static void add_tcp(struct places *places, const char *host, int host_bytes, unsigned port)
{
    char text[PLACE_TEXT_BYTES];
    if (host_bytes > 0 && port > 0 && text_format(text, sizeof text, "tcp %.*s %u", host_bytes, host, port))
        add(places, text);
}

/* One that no address holds is no place: nothing could connect to it, and whoever tries says so with its path. */
static void add_unix(struct places *places, const char *folder, const char *file)
{
    char text[PLACE_TEXT_BYTES];
    if (strlen(folder) + strlen(file) < sizeof((struct sockaddr_un *)NULL)->sun_path &&
        text_format(text, sizeof text, "unix %s%s", folder, file))
        add(places, text);
}

/* libpq takes several hosts with commas between them, and goes from one to the next. */
static void add_postgresql(struct places *places, const struct config_database *database)
{
    char hosts[sizeof database->host], file[sizeof POSTGRESQL_SOCKET + 8];
    char *rest = hosts;
    strcpy(hosts, database->host);
    text_format(file, sizeof file, POSTGRESQL_SOCKET "%u", database->port);
    for (const char *host; (host = strsep(&rest, ",")) != NULL;) {
        if (host[0] == '/')
            add_unix(places, host, file);
        else
            add_tcp(places, host, (int)strlen(host), database->port);
    }
}

/* A path may be that of the socket or of its folder, today the one and tomorrow the other: the driver looks. */
static void add_mysql(struct places *places, const struct config_database *database)
{
    if (database->host[0] != '/') {
        add_tcp(places, database->host, (int)strlen(database->host), database->port);
        return;
    }
    add_unix(places, database->host, "");
    add_unix(places, database->host, MYSQL_SOCKET);
}

/* http(s)://HOST[:PORT][/...]; what does not look so is refused by the client, too. */
static void add_url(struct places *places, const char *url)
{
    unsigned port = strncasecmp(url, "https:", 6) == 0 ? 443 : 80;
    const char *host = strstr(url, "://");
    if (host == NULL)
        return;
    host += 3;
    bool is_bracketed = host[0] == '[';
    host += is_bracketed;
    size_t size = strcspn(host, is_bracketed ? "]/?#" : ":/?#");
    const char *after = host + size + (is_bracketed && host[size] == ']');
    if (*after == ':')
        port = (unsigned)strtoul(after + 1, NULL, 10);
    if (size < CONFIG_TEXT_BYTES && port <= 65535)
        add_tcp(places, host, (int)size, port);
}

void places_list(struct places *places, const struct config_target *target, unsigned secrets)
{
    memset(places, 0, sizeof *places);
    if ((secrets & CONFIG_SECRET_DATABASE) != 0 && target->database.driver == CONFIG_DRIVER_MYSQL)
        add_mysql(places, &target->database);
    else if ((secrets & CONFIG_SECRET_DATABASE) != 0)
        add_postgresql(places, &target->database);
    places->database_count = places->count;
    add_url(places, target->api.url);
    add_url(places, target->api.metrics_url);
    if ((secrets & CONFIG_SECRET_API) != 0 && target->api.local_socket[0] != '\0')
        add_unix(places, target->api.local_socket, "");
}
