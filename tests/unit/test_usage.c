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
        { .name = "time of posts", .row_count = 1, .rows = { { "1700000000123", NULL } } },
        { .name = "time of files", .row_count = 1, .rows = { { "1700000000123", NULL } } },
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
    struct license found;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        CU_ASSERT_EQUAL(blob_read(bad[i], &found), 0);
        start();
        fake_cell_is("licence", 0, bad[i]);
        CU_ASSERT_EQUAL(fake_collect(), MINOTOR_OK);
        CU_ASSERT_TRUE(fake_unknown_is(INFO));
        CU_ASSERT_TRUE(fake_unknown_is("mattermost_license_expiry_timestamp_seconds"));
    }
}

/* Base64 of the text, and a signature of zeros. */
static const char *encoded(const char *text)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    static char out[4096];
    unsigned char bytes[1024];
    size_t length = strlen(text), size = 0;
    memcpy(bytes, text, length);
    memset(bytes + length, 'S', 256);
    for (length += 256; length % 3 != 0; length++)
        bytes[length] = 0;
    for (size_t i = 0; i < length; i += 3) {
        uint32_t bits = (uint32_t)bytes[i] << 16 | (uint32_t)bytes[i + 1] << 8 | bytes[i + 2];
        for (int shift = 18; shift >= 0; shift -= 6)
            out[size++] = digits[bits >> shift & 63];
    }
    out[size] = '\0';
    return out;
}

static void what_licences_say(void)
{
    static const struct {
        const char *json;
        int is_one;
        int64_t expires_ms, users;
        const char *sku;
    } cases[] = {
        { "{\"expires_at\":5,\"sku_short_name\":\"E\\u0032\",\"features\":{\"users\":7}}", 1, 5, 7, "E2" },
        { " { \"features\" : { \"x\" : [ 1, { \"users\" : 2 } ] } , \"expires_at\" : \"5\" } ", 1, -1, -1, "" },
        { "{\"expires_at\":-5,\"features\":{\"users\":1.5},\"sku_short_name\":7}", 1, -1, -1, "" },
        { "{\"features\":null}", 1, -1, -1, "" },
        { "{}", 1, -1, -1, "" },
        { "[1]", 0, 0, 0, "" },
        { "{\"a\":\"x", 0, 0, 0, "" },
        { "{\"b\":1 \"a\":2}", 0, 0, 0, "" },
        { "{\"b\":[[[[", 0, 0, 0, "" },
        { "\"text\"", 0, 0, 0, "" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct license found = { .expires_ms = -2 };
        CU_ASSERT_EQUAL(blob_read(encoded(cases[i].json), &found), cases[i].is_one);
        CU_ASSERT_EQUAL(found.is_licensed, cases[i].is_one);
        CU_ASSERT_EQUAL(found.expires_ms, cases[i].is_one ? cases[i].expires_ms : -2);
        if (!cases[i].is_one)
            continue;
        CU_ASSERT_EQUAL(found.users, cases[i].users);
        CU_ASSERT_STRING_EQUAL(found.sku, cases[i].sku);
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
        { "what licences say", what_licences_say },
        CU_TEST_INFO_NULL,
    };
    CU_SuiteInfo suites[] = { { .pName = "usage", .pTests = tests }, CU_SUITE_INFO_NULL };
    int status = cunit_tap_main(suites);
    fake_close();
    return status;
}
