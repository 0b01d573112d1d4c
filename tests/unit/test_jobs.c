/* SPDX-License-Identifier: Apache-2.0 */
/* The collector jobs against a host whose database answers what the test has put there. */
#include "tests/tap/cunit_tap.h"
#include "tests/unit/fake_database.h"

#include <string.h>

#include "worker/plugin.h"

#define TOTAL "mattermost_usage_job_total"
#define LAST "mattermost_usage_job_last_seconds"

static void start(void)
{
    static const struct fake_answer answers[] = {
        { .name = "waiting jobs",
          .row_count = 4,
          .rows = { { "ldap_sync", "pending", "2", "1699999000000", "0", "0", "0" },
                    { "migrations", "in_progress", "1", "1690000000000", "1690000001500", "1690000001500", "40" },
                    { "plugins", "in_progress", "1", "1699999990000", "1699999995000", "1699999999000", NULL },
                    { "message_export", "cancel_requested", "1", "1699990000000", "1699990500000", "1699990500000",
                      "10" } } },
        { .name = "all jobs",
          .row_count = 7,
          .rows = { { "ldap_sync", "pending", "1", "0", NULL },
                    { "ldap_sync", "success", "50", "1699998000000", "001699998000000001699997990000" },
                    { "ldap_sync", "warning", "1", "1699998500000", "001699998500000001699998499000" },
                    { "ldap_sync", "error", "3", "1699900000000", "001699900000000001699899999000" },
                    { "data_retention", "canceled", "1", "1699999999500", NULL },
                    { "new_type", "new_status", "4", NULL, NULL },
                    { "plugins", "success", "9", "1699990000000", NULL } } },
    };
    fake_reset();
    fake_answers(answers, sizeof answers / sizeof answers[0]);
}

static void the_worker_would_load_it(void)
{
    struct plugin plugin;
    char error[PLUGIN_ERROR_MAX_BYTES] = "";
    CU_ASSERT_EQUAL(plugin_check(minotor_collector(), "jobs", &plugin, error), EXIT_CODE_DONE);
    CU_ASSERT_STRING_EQUAL(error, "");
    plugin_destroy(&plugin);
}

static void all_values(void)
{
    start();
    CU_ASSERT_EQUAL(fake_collect(), MINOTOR_OK);
    CU_ASSERT_EQUAL(fake_unknown_count(), 0);
    /* Of what is not done the queue knows better than the history. */
    CU_ASSERT_EQUAL(fake_value(TOTAL, "ldap_sync,pending"), 2);
    CU_ASSERT_EQUAL(fake_value(TOTAL, "ldap_sync,success"), 50);
    CU_ASSERT_EQUAL(fake_value(TOTAL, "new_type,new_status"), 4);
    CU_ASSERT_EQUAL(fake_count(TOTAL), 10);
    CU_ASSERT_EQUAL(fake_value(LAST, ""), 1699999999.5);
    CU_ASSERT_EQUAL(fake_value("mattermost_job_oldest_pending_timestamp_seconds", "ldap_sync"), 1699999000);
    CU_ASSERT_EQUAL(fake_value("mattermost_job_last_activity_timestamp_seconds", "migrations"), 1690000001.5);
    CU_ASSERT_EQUAL(fake_value("mattermost_job_last_activity_timestamp_seconds", "plugins"), 1699999995);
    CU_ASSERT_EQUAL(fake_value("mattermost_job_oldest_cancel_request_timestamp_seconds", "message_export"), 1699990500);
    CU_ASSERT_EQUAL(fake_value("mattermost_job_progress_ratio", "migrations"), 0.4);
    CU_ASSERT_EQUAL(fake_count("mattermost_job_progress_ratio"), 1);
    CU_ASSERT_EQUAL(fake_value("mattermost_job_last_success_timestamp_seconds", "ldap_sync"), 1699998500);
    CU_ASSERT_EQUAL(fake_value("mattermost_job_last_duration_seconds", "ldap_sync"), 1);
    CU_ASSERT_EQUAL(fake_value("mattermost_job_last_failure_timestamp_seconds", "ldap_sync"), 1699900000);
    CU_ASSERT_EQUAL(fake_value("mattermost_job_last_success_timestamp_seconds", "plugins"), 1699990000);
    CU_ASSERT_EQUAL(fake_value("mattermost_job_last_duration_seconds", "plugins"), -1);
    CU_ASSERT_EQUAL(fake_value("mattermost_jobs_counted_timestamp_seconds", ""), 1700000000.123);
}

static void no_jobs(void)
{
    start();
    fake_no_rows("waiting jobs");
    fake_no_rows("all jobs");
    CU_ASSERT_EQUAL(fake_collect(), MINOTOR_OK);
    CU_ASSERT_EQUAL(fake_count(TOTAL), 0);
    CU_ASSERT_EQUAL(fake_count(LAST), 0);
    CU_ASSERT_EQUAL(fake_unknown_count(), 0);
}

/* The whole table is read when the queue has changed, or after a while; never so often that it costs much. */
static void the_history_is_read_rarely(void)
{
    start();
    CU_ASSERT_EQUAL(fake_collect(), MINOTOR_OK);
    CU_ASSERT_EQUAL(fake_queries("all jobs"), 1);
    fake_advance(15000);
    CU_ASSERT_EQUAL(fake_collect(), MINOTOR_OK);
    CU_ASSERT_EQUAL(fake_queries("all jobs"), 0);
    CU_ASSERT_EQUAL(fake_value(TOTAL, "ldap_sync,success"), 50);
    fake_cell_is("waiting jobs", 2, "1");
    fake_query_takes(300);
    CU_ASSERT_EQUAL(fake_collect(), MINOTOR_OK);
    CU_ASSERT_EQUAL(fake_queries("all jobs"), 1);
    fake_query_takes(0);
    fake_advance(30000);
    fake_cell_is("waiting jobs", 2, "2");
    CU_ASSERT_EQUAL(fake_collect(), MINOTOR_OK);
    CU_ASSERT_EQUAL(fake_queries("waiting jobs"), 1);
    CU_ASSERT_EQUAL(fake_value(TOTAL, "ldap_sync,pending"), 2);
    CU_ASSERT_EQUAL(fake_queries("all jobs"), 1);
    fake_advance(299000);
    CU_ASSERT_EQUAL(fake_collect(), MINOTOR_OK);
    CU_ASSERT_EQUAL(fake_queries("all jobs"), 0);
    fake_advance(1000);
    CU_ASSERT_EQUAL(fake_collect(), MINOTOR_OK);
    CU_ASSERT_EQUAL(fake_queries("all jobs"), 1);
}

static void a_dear_history_waits(void)
{
    start();
    fake_query_takes(1000);
    CU_ASSERT_EQUAL(fake_collect(), MINOTOR_OK);
    fake_query_takes(0);
    fake_cell_is("waiting jobs", 2, "1");
    fake_advance(50000);
    CU_ASSERT_EQUAL(fake_collect(), MINOTOR_OK);
    CU_ASSERT_EQUAL(fake_queries("all jobs"), 0);
    fake_advance(100000);
    CU_ASSERT_EQUAL(fake_collect(), MINOTOR_OK);
    CU_ASSERT_EQUAL(fake_queries("all jobs"), 1);
}

static void failures(void)
{
    start();
    fake_result_is("waiting jobs", MINOTOR_FAILED, 0);
    CU_ASSERT_EQUAL(fake_collect(), MINOTOR_OK);
    CU_ASSERT_TRUE(fake_unknown_is("mattermost_job_oldest_pending_timestamp_seconds"));
    CU_ASSERT_TRUE(fake_unknown_is("mattermost_job_progress_ratio"));
    CU_ASSERT_EQUAL(fake_value(TOTAL, "ldap_sync,pending"), 1);
    start();
    fake_result_is("all jobs", MINOTOR_FAILED, 0);
    CU_ASSERT_EQUAL(fake_collect(), MINOTOR_OK);
    CU_ASSERT_TRUE(fake_unknown_is(TOTAL));
    CU_ASSERT_EQUAL(fake_value("mattermost_job_progress_ratio", "migrations"), 0.4);
    start();
    fake_result_is("waiting jobs", MINOTOR_FAILED, 0);
    fake_result_is("all jobs", MINOTOR_FAILED, 0);
    CU_ASSERT_EQUAL(fake_collect(), MINOTOR_FAILED);
    CU_ASSERT_STRING_EQUAL(fake_error(), "the table is gone");
}

int main(void)
{
    CU_TestInfo tests[] = {
        { "the worker would load it", the_worker_would_load_it },
        { "all values", all_values },
        { "no jobs", no_jobs },
        { "the history is read rarely", the_history_is_read_rarely },
        { "a dear history waits", a_dear_history_waits },
        { "failures", failures },
        CU_TEST_INFO_NULL,
    };
    CU_SuiteInfo suites[] = { { .pName = "jobs", .pTests = tests }, CU_SUITE_INFO_NULL };
    int status = cunit_tap_main(suites);
    fake_close();
    return status;
}
