/* SPDX-License-Identifier: Apache-2.0 */
/* What a worker has to reach follows from its settings, and a file that was replaced is noticed. */
#include "tests/tap/cunit_tap.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/layers.h"
#include "worker/rules.h"

static bool reads(const struct sandbox_rules *rules, const char *path)
{
    for (size_t i = 0; i < rules->path_count; i++)
        if (strcmp(rules->paths[i].path, path) == 0)
            return true;
    return false;
}

static bool connects(const struct sandbox_rules *rules, unsigned port)
{
    for (size_t i = 0; i < rules->port_count; i++)
        if (rules->ports[i] == port)
            return true;
    return false;
}

static void test_ports_of_addresses(void)
{
    CU_ASSERT_EQUAL(worker_rules_port_of("http://chat.example.org"), 80);
    CU_ASSERT_EQUAL(worker_rules_port_of("https://chat.example.org/sub/path:7"), 443);
    CU_ASSERT_EQUAL(worker_rules_port_of("http://127.0.0.1:8065"), 8065);
    CU_ASSERT_EQUAL(worker_rules_port_of("https://[::1]:8443/x"), 8443);
    CU_ASSERT_EQUAL(worker_rules_port_of("https://[fe80::1]"), 443);
    CU_ASSERT_EQUAL(worker_rules_port_of("/run/socket"), 0);
    CU_ASSERT_EQUAL(worker_rules_port_of(""), 0);
}

static void test_a_worker_that_connects_by_itself(void)
{
    static struct worker_settings settings;
    static struct sandbox_rules rules, brokered;
    worker_settings_init(&settings);
    snprintf(settings.plugin, sizeof settings.plugin, "/bin/sh");
    snprintf(settings.drivers, sizeof settings.drivers, "/opt/minotor/drivers");
    snprintf(settings.database.driver, sizeof settings.database.driver, "postgresql");
    snprintf(settings.database.host, sizeof settings.database.host, "db.example.org");
    snprintf(settings.database.port, sizeof settings.database.port, "6432");
    snprintf(settings.database.sslrootcert, sizeof settings.database.sslrootcert, "/etc/minotor/ca.pem");
    snprintf(settings.api.url, sizeof settings.api.url, "https://chat.example.org");
    worker_rules_make(&rules, &settings, false);
    CU_ASSERT_TRUE(reads(&rules, "/usr") && reads(&rules, "/opt/minotor/drivers") && reads(&rules, "/etc/minotor/ca.pem"));
    CU_ASSERT_TRUE(reads(&rules, "/etc/resolv.conf"));
    CU_ASSERT_FALSE(reads(&rules, "/etc") || reads(&rules, "/etc/minotor") || reads(&rules, "/"));
    CU_ASSERT_TRUE(connects(&rules, 6432) && connects(&rules, 443) && connects(&rules, 53));
    CU_ASSERT_EQUAL(rules.port_count, 3);
    CU_ASSERT_FALSE(rules.is_local);
    worker_rules_make(&brokered, &settings, true);
    CU_ASSERT_EQUAL(brokered.port_count, 0);
    CU_ASSERT_FALSE(reads(&brokered, "/etc/resolv.conf"));
    CU_ASSERT_TRUE(reads(&brokered, "/etc/minotor/ca.pem"));
}

static void test_unix_sockets_need_no_network(void)
{
    static struct worker_settings settings;
    static struct sandbox_rules rules;
    worker_settings_init(&settings);
    snprintf(settings.database.driver, sizeof settings.database.driver, "mysql");
    snprintf(settings.database.host, sizeof settings.database.host, "/run/mysqld");
    snprintf(settings.database.port, sizeof settings.database.port, "3306");
    snprintf(settings.api.local_socket, sizeof settings.api.local_socket, "/var/tmp/mattermost_local.socket");
    worker_rules_make(&rules, &settings, false);
    CU_ASSERT_TRUE(rules.is_local);
    CU_ASSERT_EQUAL(rules.port_count, 0);
}

static void touch(const char *path)
{
    FILE *file = fopen(path, "w");
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    fclose(file);
}

static void note(struct sandbox_rules *rules)
{
    struct stat status;
    for (size_t i = 0; i < rules->path_count; i++)
        if (stat(rules->paths[i].path, &status) == 0) {
            rules->paths[i].device = status.st_dev;
            rules->paths[i].inode = status.st_ino;
        }
    rules->in_force = true;
}

static void test_a_file_that_was_replaced(void)
{
    static struct sandbox_rules rules;
    char folder[] = "/tmp/minotor-test-XXXXXX", path[64], next[64], late[64];
    CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/ca.pem", folder);
    snprintf(next, sizeof next, "%s/next.pem", folder);
    snprintf(late, sizeof late, "%s/late.pem", folder);
    touch(path);
    sandbox_rules_watch(&rules, path);
    sandbox_rules_watch(&rules, late);
    sandbox_rules_watch(&rules, "");
    sandbox_rules_watch(&rules, "system");
    CU_ASSERT_EQUAL(rules.path_count, 2);
    CU_ASSERT_PTR_NULL(sandbox_rules_stale(&rules)); /* not in force */
    note(&rules);
    CU_ASSERT_PTR_NULL(sandbox_rules_stale(&rules));
    touch(path); /* written again: the same file */
    CU_ASSERT_PTR_NULL(sandbox_rules_stale(&rules));
    touch(next);
    CU_ASSERT_EQUAL(rename(next, path), 0);
    CU_ASSERT_PTR_NOT_NULL_FATAL(sandbox_rules_stale(&rules));
    CU_ASSERT_STRING_EQUAL(sandbox_rules_stale(&rules), path);
    unlink(path); /* gone for good: nobody could read it */
    CU_ASSERT_PTR_NULL(sandbox_rules_stale(&rules));
    touch(late); /* was not there when the rules were made */
    CU_ASSERT_PTR_NOT_NULL(sandbox_rules_stale(&rules));
    unlink(late);
    rmdir(folder);
}

static void test_no_more_than_there_is_room_for(void)
{
    static struct sandbox_rules rules;
    char path[64];
    for (unsigned i = 0; i < SANDBOX_PATHS_MAX + 5; i++) {
        snprintf(path, sizeof path, "/folder/%u", i);
        sandbox_rules_read(&rules, path);
        sandbox_rules_read(&rules, path); /* once more is no second rule */
        sandbox_rules_connect(&rules, 1000 + i);
    }
    CU_ASSERT_EQUAL(rules.path_count, SANDBOX_PATHS_MAX);
    CU_ASSERT_EQUAL(rules.port_count, SANDBOX_PORTS_MAX);
    sandbox_rules_connect(&rules, 0);
    sandbox_rules_connect(&rules, 65536);
    CU_ASSERT_EQUAL(rules.port_count, SANDBOX_PORTS_MAX);
}

static void test_layers_as_words(void)
{
    char text[256], small[8];
    unsigned layers = 0;
    enum sandbox_layer layer;
    layers_write(text, sizeof text, (1U << LAYER_COUNT) - 1);
    CU_ASSERT_EQUAL(layers_parse(text, &layers), 0);
    CU_ASSERT_EQUAL(layers, (1U << LAYER_COUNT) - 1);
    layers_write(text, sizeof text, 0);
    CU_ASSERT_STRING_EQUAL(text, "");
    CU_ASSERT_EQUAL(layers_parse("", &layers), 0);
    CU_ASSERT_EQUAL(layers, 0);
    CU_ASSERT_EQUAL(layers_parse("seccomp,", &layers), 0);
    CU_ASSERT_EQUAL(layers_parse("seccomp,none", &layers), -1);
    CU_ASSERT_EQUAL(layers_parse("seccom", &layers), -1);
    layers_write(small, sizeof small, (1U << LAYER_COUNT) - 1); /* cut */
    CU_ASSERT_EQUAL(strlen(small), sizeof small - 1);
    CU_ASSERT_EQUAL(layer_parse("seccomp", &layer), 0);
    CU_ASSERT_EQUAL(layer, LAYER_SECCOMP);
    CU_ASSERT_EQUAL(layer_parse("walls", &layer), -1);
    CU_ASSERT_STRING_EQUAL(layer_name(LAYER_COUNT), "unknown");
    CU_ASSERT_STRING_EQUAL(layer_state_name(LAYER_STATE_COUNT), "unknown");
}

int main(void)
{
    static CU_TestInfo tests[] = {
        { "ports of addresses", test_ports_of_addresses },
        { "a worker that connects by itself", test_a_worker_that_connects_by_itself },
        { "unix sockets need no network", test_unix_sockets_need_no_network },
        { "a file that was replaced", test_a_file_that_was_replaced },
        { "no more than there is room for", test_no_more_than_there_is_room_for },
        { "layers as words", test_layers_as_words },
        CU_TEST_INFO_NULL,
    };
    static CU_SuiteInfo suites[] = { { "rules", NULL, NULL, NULL, NULL, tests }, CU_SUITE_INFO_NULL };
    return cunit_tap_main(suites);
}
