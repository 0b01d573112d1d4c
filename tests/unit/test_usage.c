/* SPDX-License-Identifier: Apache-2.0 */
/* The collector usage against a host whose database answers what the test has put there; and licences. */
#include "tests/tap/cunit_tap.h"
#include "tests/unit/fake_database.h"

#include <string.h>

#include "usage/blob.h"
#include "worker/plugin.h"

#define INFO "mattermost_usage_info"

/* Made for this test: professional, 250 users, until September 2026, with a signature that is none. */
static const char license[] =
    "eyJpZCI6ICJhYmMiLCAiaXNzdWVkX2F0IjogMTY5MDAwMDAwMDAwMCwgInN0YXJ0c19hdCI6IDE2OTAwMDAwMDAwMDAsICJleHBp"
    "cmVzX2F0IjogMTc5MDAwMDAwMDAwMCwgImN1c3RvbWVyIjogeyJpZCI6ICJjIiwgIm5hbWUiOiAiQSBcIkJcIiB7IiwgImVtYWls"
    "IjogInhAZXhhbXBsZS5jb20ifSwgImZlYXR1cmVzIjogeyJ1c2VycyI6IDI1MCwgImxkYXAiOiB0cnVlLCAieCI6IFsxLCB7InVz"
    "ZXJzIjogM31dfSwgInNrdV9uYW1lIjogIlByb2Zlc3Npb25hbCIsICJza3Vfc2hvcnRfbmFtZSI6ICJwcm9mZXNzaW9uYWwiLCAi"
    "aXNfdHJpYWwiOiBmYWxzZX0AAQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyAhIiMkJSYnKCkqKywtLi8wMTIzNDU2Nzg5"
    "Ojs8PT4/QEFCQ0RFRkdISUpLTE1OT1BRUlNUVVZXWFlaW1xdXl9gYWJjZGVmZ2hpamtsbW5vcHFyc3R1dnd4eXp7fH1+f4CBgoOE"
    "hYaHiImKi4yNjo+QkZKTlJWWl5iZmpucnZ6foKGio6SlpqeoqaqrrK2ur7CxsrO0tba3uLm6u7y9vr/AwcLDxMXGx8jJysvMzc7P"
    "0NHS09TV1tfY2drb3N3e3+Dh4uPk5ebn6Onq6+zt7u/w8fLz9PX29/j5+vv8/f7/";

static void start(void)
{
    static const struct fake_answer answers[] = {
        { .name = "system values",
          .row_count = 2,
          .rows = { { "InstallationDate", "1690000000500" }, { "ActiveLicenseId", "abc" } } },
        { .name = "schema version", .row_count = 1, .rows = { { "121" } } },
        { .name = "licence", .row_count = 1, .rows = { { license } } },
        { .name = "users", .row_count = 1, .rows = { { "42" } } },
        { .name = "sizes of tables",
          .row_count = 2,
          .rows = { { "posts", "8192", NULL }, { "jobs", "16384", "7" } } },
        { .name = "size of the database", .row_count = 1, .rows = { { "99999" } } },
        { .name = "signs of purged posts", .row_count = 1, .rows = { { "1", NULL, "0" } } },
        { .name = "signs of purged files", .row_count = 1, .rows = { { "1", NULL, "0" } } },
        { .name = "posts of people", .row_count = 1, .rows = { { "1000", "0" } } },
        { .name = "recent posts of people", .row_count = 1, .rows = { { "3", "0", "1", "0" } } },
        { .name = "files", .row_count = 1, .rows = { { "10", "5000" } } },
        { .name = "recent files", .row_count = 1, .rows = { { "0", "0", "0", "0" } } },
    };
    fake_reset();
    fake_answers(answers, sizeof answers / sizeof answers[0]);
}

static void the_worker_would_load_it(void)
{
    struct plugin plugin;
    char error[PLUGIN_ERROR_MAX_BYTES] = "";
    CU_ASSERT_EQUAL(plugin_check(minotor_collector(), "usage", &plugin, error), EXIT_CODE_DONE);
    CU_ASSERT_STRING_EQUAL(error, "");
    plugin_destroy(&plugin);
}

static void all_values(void)
{
    start();
    CU_ASSERT_EQUAL(fake_collect(), MINOTOR_OK);
    CU_ASSERT_EQUAL(fake_unknown_count(), 0);
    CU_ASSERT_EQUAL(fake_value(INFO, "schema 121,professional,postgres"), 1);
    CU_ASSERT_EQUAL(fake_value("mattermost_usage_start_time_seconds", ""), 1690000000.5);
    CU_ASSERT_EQUAL(fake_value("mattermost_usage_posts_total", ""), 1000);
    CU_ASSERT_EQUAL(fake_value("mattermost_usage_users_total", ""), 42);
    CU_ASSERT_EQUAL(fake_value("mattermost_usage_storage_bytes", ""), 5000);
    CU_ASSERT_EQUAL(fake_value("mattermost_license_expiry_timestamp_seconds", ""), 1790000000);
    CU_ASSERT_EQUAL(fake_value("mattermost_license_users", ""), 250);
    CU_ASSERT_EQUAL(fake_value("mattermost_database_schema_version", ""), 121);
    CU_ASSERT_EQUAL(fake_value("mattermost_database_size_bytes", ""), 99999);
    CU_ASSERT_EQUAL(fake_value("mattermost_database_table_size_bytes", "jobs"), 16384);
    CU_ASSERT_EQUAL(fake_value("mattermost_database_table_rows", "jobs"), 7);
    CU_ASSERT_EQUAL(fake_count("mattermost_database_table_rows"), 1);
    CU_ASSERT_EQUAL(fake_count("mattermost_users_limit"), 0);
}

static void an_old_server_without_a_licence(void)
{
    static const char *const version = "5.37.0";
    start();
    fake_lacks("db_migrations.Version");
    fake_cell_is("system values", 0, "Version");
    fake_cell_is("system values", 1, version);
    fake_result_is("licence", MINOTOR_OK, 0);
    fake_no_rows("licence");
    CU_ASSERT_EQUAL(fake_collect(), MINOTOR_OK);
    CU_ASSERT_EQUAL(fake_count("mattermost_database_schema_version"), 0);
    CU_ASSERT_EQUAL(fake_count("mattermost_usage_start_time_seconds"), 0);
    /* A licence is active and not there: the edition is not known, and not free. */
    CU_ASSERT_TRUE(fake_unknown_is(INFO));
    CU_ASSERT_TRUE(fake_unknown_is("mattermost_license_users"));
    fake_reset();
    start();
    fake_no_rows("system values");
    fake_lacks("db_migrations.Version");
    CU_ASSERT_EQUAL(fake_collect(), MINOTOR_OK);
    CU_ASSERT_EQUAL(fake_value(INFO, ",free,postgres"), 1);
    CU_ASSERT_EQUAL(fake_queries("licence"), 0);
}

static void values_that_may_not_be_read(void)
{
    start();
    fake_result_is("system values", MINOTOR_FAILED, 0);
    CU_ASSERT_EQUAL(fake_collect(), MINOTOR_OK);
    CU_ASSERT_TRUE(fake_unknown_is("mattermost_usage_start_time_seconds"));
    CU_ASSERT_TRUE(fake_unknown_is(INFO));
    CU_ASSERT_EQUAL(fake_value("mattermost_usage_users_total", ""), 42);
}

static void licences_that_are_none(void)
{
    static const char *const bad[] = { "", "x", "!!!!", "QUJD", "====" };
    static char json[BLOB_MAX_BYTES];
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        CU_ASSERT_EQUAL(blob_decode(bad[i], json), 0);
        start();
        fake_cell_is("licence", 0, bad[i]);
        CU_ASSERT_EQUAL(fake_collect(), MINOTOR_OK);
        CU_ASSERT_TRUE(fake_unknown_is(INFO));
        CU_ASSERT_TRUE(fake_unknown_is("mattermost_license_expiry_timestamp_seconds"));
    }
}

static void finding_in_json(void)
{
    static const struct {
        const char *json;
        const char *path;
        const char *value; /* NULL: not found */
    } cases[] = {
        { "{\"a\":1}", "a", "1" },
        { " { \"b\" : { \"a\" : \"x\\\"y\" } , \"a\" : true } ", "a", "true" },
        { " { \"b\" : { \"a\" : \"x\\\"y\" } , \"a\" : true } ", "b/a", "x\"y" },
        { "{\"x\":[1,{\"a\":2},\"}\"],\"a\":-3}", "a", "-3" },
        { "{\"a\":{}}", "a", NULL },
        { "{\"a\":\"\\u0041\"}", "a", NULL },
        { "{\"a\":\"x", "a", NULL },
        { "{\"a\\", "a", NULL },
        { "{\"b\":[[[[", "a", NULL },
        { "{\"b\":1 \"a\":2}", "a", NULL },
        { "{\"b\":]", "a", NULL },
        { "{\"b\"", "b", NULL },
        { "{\"b\":", "b", NULL },
        { "[1]", "a", NULL },
        { "", "a", NULL },
        { "{\"a\":\"longer than the room\"}", "a", NULL },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char value[16] = "";
        int found = blob_find(cases[i].json, cases[i].path, value, sizeof value);
        CU_ASSERT_EQUAL(found, cases[i].value != NULL);
        if (cases[i].value != NULL)
            CU_ASSERT_STRING_EQUAL(value, cases[i].value);
    }
}

int main(void)
{
    CU_TestInfo tests[] = {
        { "the worker would load it", the_worker_would_load_it },
        { "all values", all_values },
        { "an old server without a licence", an_old_server_without_a_licence },
        { "values that may not be read", values_that_may_not_be_read },
        { "licences that are none", licences_that_are_none },
        { "finding in JSON", finding_in_json },
        CU_TEST_INFO_NULL,
    };
    CU_SuiteInfo suites[] = { { .pName = "usage", .pTests = tests }, CU_SUITE_INFO_NULL };
    int status = cunit_tap_main(suites);
    fake_close();
    return status;
}
