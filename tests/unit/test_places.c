/* SPDX-License-Identifier: Apache-2.0 */
/* What a slot may reach follows from its target and the secrets of its collector. */
#include <CUnit/CUnit.h>
#include <stdio.h>
#include <string.h>

#include "common/reach.h"
#include "supervisor/places.h"
#include "tests/tap/cunit_tap.h"

static struct config_target target;
static struct places places;

/* All of them, with "|" between. */
static const char *list(unsigned secrets)
{
    static char text[PLACES_MAX * PLACE_TEXT_BYTES];
    size_t used = 0;
    places_list(&places, &target, secrets);
    text[0] = '\0';
    for (unsigned i = 0; i < places.count; i++)
        used += (size_t)snprintf(text + used, sizeof text - used, "%s%s", i > 0 ? "|" : "", places.text[i]);
    return text;
}

static const char *database(enum config_driver driver, const char *host, unsigned port)
{
    memset(&target, 0, sizeof target);
    target.database.driver = driver;
    target.database.port = port;
    snprintf(target.database.host, sizeof target.database.host, "%s", host);
    return list(CONFIG_SECRET_DATABASE);
}

static const char *url(const char *text)
{
    memset(&target, 0, sizeof target);
    snprintf(target.api.url, sizeof target.api.url, "%s", text);
    return list(0);
}

static void postgresql(void)
{
    CU_ASSERT_STRING_EQUAL(database(CONFIG_DRIVER_POSTGRESQL, "localhost", 5432), "tcp localhost 5432");
    CU_ASSERT_STRING_EQUAL(database(CONFIG_DRIVER_POSTGRESQL, "::1", 5433), "tcp ::1 5433");
    CU_ASSERT_STRING_EQUAL(database(CONFIG_DRIVER_POSTGRESQL, "/run/postgresql", 5432),
                           "unix /run/postgresql/.s.PGSQL.5432");
    CU_ASSERT_STRING_EQUAL(database(CONFIG_DRIVER_POSTGRESQL, "a,/run/b,c,a", 1),
                           "tcp a 1|unix /run/b/.s.PGSQL.1|tcp c 1");
}

static void mysql(void)
{
    CU_ASSERT_STRING_EQUAL(database(CONFIG_DRIVER_MYSQL, "localhost", 3306), "tcp localhost 3306");
    CU_ASSERT_STRING_EQUAL(database(CONFIG_DRIVER_MYSQL, "/run/mysqld", 3306),
                           "unix /run/mysqld|unix /run/mysqld/mysqld.sock");
}

static void addresses_of_http(void)
{
    CU_ASSERT_STRING_EQUAL(url("http://a.test"), "tcp a.test 80");
    CU_ASSERT_STRING_EQUAL(url("https://a.test/chat"), "tcp a.test 443");
    CU_ASSERT_STRING_EQUAL(url("HTTPS://a.test:8443/chat:9"), "tcp a.test 8443");
    CU_ASSERT_STRING_EQUAL(url("http://[2001:db8::1]:8065"), "tcp 2001:db8::1 8065");
    CU_ASSERT_STRING_EQUAL(url("https://[::1]"), "tcp ::1 443");
    CU_ASSERT_STRING_EQUAL(url("http://a.test:99999"), "");
    CU_ASSERT_STRING_EQUAL(url("http://:80"), "");
    CU_ASSERT_STRING_EQUAL(url("a.test"), "");
}

static void secrets_open_doors(void)
{
    database(CONFIG_DRIVER_POSTGRESQL, "db", 5432);
    strcpy(target.api.url, "http://web");
    strcpy(target.api.metrics_url, "http://web:8067");
    strcpy(target.api.local_socket, "/var/tmp/mattermost_local.socket");
    CU_ASSERT_STRING_EQUAL(list(0), "tcp web 80|tcp web 8067");
    CU_ASSERT_STRING_EQUAL(list(CONFIG_SECRET_DATABASE), "tcp db 5432|tcp web 80|tcp web 8067");
    CU_ASSERT_STRING_EQUAL(list(CONFIG_SECRET_API), "tcp web 80|tcp web 8067|unix /var/tmp/mattermost_local.socket");
}

/* A broker that is sent a place which it cannot take leaves, and its worker with it. */
static bool broker_takes(const char *text)
{
    return strncmp(text, "unix ", 5) != 0 || strlen(text + 5) < REACH_PATH_BYTES;
}

static const char *path_of(size_t bytes)
{
    static char path[256];
    memset(path, 'a', bytes);
    path[0] = '/';
    path[bytes] = '\0';
    return path;
}

static unsigned count_of(enum config_driver driver, size_t bytes)
{
    database(driver, path_of(bytes), 5432);
    for (unsigned i = 0; i < places.count; i++)
        CU_ASSERT_TRUE(broker_takes(places.text[i]));
    return places.count;
}

/* 107 bytes are what the address of a unix socket holds beside its end. */
static void paths_that_are_too_long_are_left_out(void)
{
    CU_ASSERT_EQUAL(count_of(CONFIG_DRIVER_MYSQL, 95), 2);
    CU_ASSERT_EQUAL(count_of(CONFIG_DRIVER_MYSQL, 96), 1);
    CU_ASSERT_EQUAL(count_of(CONFIG_DRIVER_MYSQL, 97), 1);
    CU_ASSERT_STRING_EQUAL(places.text[0] + 5, path_of(97));
    CU_ASSERT_EQUAL(count_of(CONFIG_DRIVER_MYSQL, 107), 1);
    CU_ASSERT_EQUAL(count_of(CONFIG_DRIVER_MYSQL, 108), 0);
    CU_ASSERT_EQUAL(count_of(CONFIG_DRIVER_POSTGRESQL, 107 - strlen("/.s.PGSQL.5432")), 1);
    CU_ASSERT_EQUAL(count_of(CONFIG_DRIVER_POSTGRESQL, 108 - strlen("/.s.PGSQL.5432")), 0);
    database(CONFIG_DRIVER_POSTGRESQL, "db", 5432);
    strcpy(target.api.local_socket, path_of(107));
    CU_ASSERT_STRING_EQUAL(list(CONFIG_SECRET_API) + 5, path_of(107));
    strcpy(target.api.local_socket, path_of(108));
    CU_ASSERT_STRING_EQUAL(list(CONFIG_SECRET_API), "");
    CU_ASSERT_STRING_EQUAL(list(CONFIG_SECRET_API | CONFIG_SECRET_DATABASE), "tcp db 5432");
}

static void too_many_are_told(void)
{
    char hosts[128] = "";
    for (int i = 0; i <= PLACES_MAX; i++)
        snprintf(hosts + strlen(hosts), sizeof hosts - strlen(hosts), "%sh%d", i > 0 ? "," : "", i);
    database(CONFIG_DRIVER_POSTGRESQL, hosts, 1);
    CU_ASSERT_TRUE(places.too_many);
    CU_ASSERT_EQUAL(places.count, PLACES_MAX);
}

int main(void)
{
    CU_TestInfo tests[] = {
        { "PostgreSQL", postgresql },
        { "MySQL", mysql },
        { "addresses of HTTP", addresses_of_http },
        { "secrets open doors", secrets_open_doors },
        { "paths that are too long are left out", paths_that_are_too_long_are_left_out },
        { "too many are told", too_many_are_told },
        CU_TEST_INFO_NULL,
    };
    CU_SuiteInfo suites[] = { { "places", NULL, NULL, NULL, NULL, tests }, CU_SUITE_INFO_NULL };
    return cunit_tap_main(suites);
}
