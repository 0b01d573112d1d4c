/* SPDX-License-Identifier: Apache-2.0 */
/* The collector dbpool against a host whose database, Mattermost and minotord answer what the test has put there. */
#include "tests/unit/fake_dbpool.h"

static const struct answer postgresql[] = {
    { .query_name = "sessions",
      .rows = { { "1", "active", "3", "1700000005000" },
                { "1", "idle", "40", NULL },
                { "1", "idle_in_transaction", "2", "1700000000250" },
                { "0", "idle", "9", NULL },
                { "0", "active", "1", NULL } } },
    { .query_name = "limit of connections", .rows = { { "100" } } },
    { .query_name = "waits for locks", .rows = { { "3" } } },
    { .query_name = "replication", .rows = { { "walreceiver", "1500000", "0" }, { "starting", NULL, "0" } } },
    { .query_name = "dead rows", .rows = { { "posts", "50001", "1700000000500" }, { "jobs", "0", NULL } } },
    { .query_name = NULL },
};

static const struct answer mysql[] = {
    { .query_name = "server and privileges", .rows = { { "1", "8.0.39-0ubuntu0.22.04.1", "10", "2", "'minotor'@'localhost'" } } },
    { .query_name = "threads", .rows = { { "Threads_connected", "12" }, { "Threads_running", "2" } } },
    { .query_name = "limit of connections", .rows = { { "151" } } },
    { .query_name = "sessions", .rows = { { "10", "8" } } },
    { .query_name = "transactions", .rows = { { "1", "1700000000" } } },
    { .query_name = "replication", .rows = { { NULL } } },
    { .query_name = NULL },
};

static void set_engine(const char *engine)
{
    bool is_mysql = strcmp(engine, "mysql") == 0;
    memset(&fake, 0, sizeof fake);
    fake.engine = engine;
    fake.max_open_conns = "";
    fake.mattermost_user = "";
    fake.http_result = MINOTOR_NO_DATA;
    fake.remaining_ms = 10000;
    fake.now_ms = INT64_C(1700000000000);
    memcpy(fake.answers, is_mysql ? mysql : postgresql, is_mysql ? sizeof mysql : sizeof postgresql);
    if (state != NULL)
        minotor_collector()->close(&host, state);
    CU_ASSERT_EQUAL(minotor_collector()->open(&host, &state), MINOTOR_OK);
}

static struct answer *answer_of(const char *name)
{
    struct answer *answer = fake.answers;
    while (strcmp(answer->query_name, name) != 0)
        answer++;
    return answer;
}

static int collect(void)
{
    fake.sample_count = fake.queries = 0;
    memset(fake.unknown, 0, sizeof fake.unknown);
    return minotor_collector()->collect(&host, state);
}

static uint32_t family_of(const char *name)
{
    for (uint32_t i = 0; i < minotor_collector()->family_count; i++)
        if (strcmp(minotor_collector()->families[i].name + strlen("mattermost_"), name) == 0)
            return i;
    CU_FAIL_FATAL("no such family");
    return 0;
}

/* The value, or -1 when there is none. */
static double value_of(const char *family, const char *label)
{
    for (size_t i = 0; i < fake.sample_count; i++)
        if (fake.samples[i].family == family_of(family) && strcmp(fake.samples[i].label, label) == 0)
            return fake.samples[i].value;
    return -1;
}

static size_t unknown_count(void)
{
    size_t count = 0;
    for (size_t i = 0; i < sizeof fake.unknown; i++)
        count += fake.unknown[i];
    return count;
}

static void the_worker_would_load_it(void)
{
    struct plugin plugin;
    char error[PLUGIN_ERROR_MAX_BYTES] = "";
    CU_ASSERT_EQUAL(plugin_check(minotor_collector(), "dbpool", &plugin, error), EXIT_CODE_DONE);
    CU_ASSERT_STRING_EQUAL(error, "");
    plugin_destroy(&plugin);
}

static void own_pool_is_exact(void)
{
    static const struct {
        const char *family;
        double value;
    } all[] = { { "db_max_open_connections", 2 },
                { "db_open_connections", 2 },
                { "db_connections_in_use", 1 },
                { "db_connections_idle", 1 },
                { "db_wait_count", 4 },
                { "db_wait_duration_seconds", 1.5 },
                { "db_idle_connections_closed_total", 5 },
                { "db_idle_time_connections_closed_total", 6 },
                { "db_lifetime_connections_closed_total", 7 } };
    set_engine("postgresql");
    CU_ASSERT_EQUAL(collect(), MINOTOR_OK);
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        CU_ASSERT_EQUAL(value_of(all[i].family, "minotor"), all[i].value);
    for (size_t i = 4; i < sizeof all / sizeof all[0]; i++)
        CU_ASSERT_EQUAL(value_of(all[i].family, "mattermost"), -1);
}

static void values_of_postgresql(void)
{
    set_engine("postgresql");
    fake.max_open_conns = "300";
    CU_ASSERT_EQUAL(collect(), MINOTOR_OK);
    CU_ASSERT_EQUAL(unknown_count(), 0);
    CU_ASSERT_EQUAL(fake.logged, 0);
    CU_ASSERT_EQUAL(value_of("db_max_open_connections", "mattermost"), 300);
    CU_ASSERT_EQUAL(value_of("db_open_connections", "mattermost"), 45);
    CU_ASSERT_EQUAL(value_of("db_connections_idle", "mattermost"), 40);
    CU_ASSERT_EQUAL(value_of("db_connections_in_use", "mattermost"), 5);
    CU_ASSERT_EQUAL(value_of("database_connections", "idle"), 49);
    CU_ASSERT_EQUAL(value_of("database_connections", "active"), 4);
    CU_ASSERT_EQUAL(value_of("database_connections", "idle_in_transaction"), 2);
    CU_ASSERT_EQUAL(value_of("database_max_connections", ""), 100);
    CU_ASSERT_EQUAL(value_of("database_oldest_transaction_timestamp_seconds", ""), 1700000000.25);
    CU_ASSERT_EQUAL(value_of("database_lock_waits", ""), 3);
    CU_ASSERT_EQUAL(value_of("database_replication_lag_seconds", "walreceiver"), 1.5);
    CU_ASSERT_EQUAL(value_of("database_replication_lag_seconds", "starting"), -1);
    CU_ASSERT_EQUAL(value_of("database_table_dead_rows", "posts"), 50001);
    CU_ASSERT_EQUAL(value_of("database_table_last_vacuum_timestamp_seconds", "posts"), 1700000000.5);
    CU_ASSERT_EQUAL(value_of("database_table_last_vacuum_timestamp_seconds", "jobs"), -1);
}

static void what_is_hidden_is_absent_and_told_once(void)
{
    set_engine("postgresql");
    answer_of("sessions")->rows[1][1] = NULL;
    for (int i = 0; i < 2; i++) {
        CU_ASSERT_EQUAL(collect(), MINOTOR_OK);
        CU_ASSERT_EQUAL(value_of("db_open_connections", "mattermost"), 45);
        CU_ASSERT_EQUAL(value_of("db_connections_idle", "mattermost"), -1);
        CU_ASSERT_EQUAL(value_of("db_connections_in_use", "mattermost"), -1);
        CU_ASSERT_EQUAL(value_of("database_connections", "unknown"), 40);
        CU_ASSERT_EQUAL(value_of("database_oldest_transaction_timestamp_seconds", ""), -1);
        CU_ASSERT_EQUAL(fake.logged, 1);
    }
    CU_ASSERT_EQUAL(unknown_count(), 0);
}

/* Also where nobody else is connected whose state would be hidden. */
static void a_hidden_replica_is_told_once(void)
{
    set_engine("postgresql");
    answer_of("replication")->rows[0][1] = NULL;
    answer_of("replication")->rows[0][2] = "1";
    for (int i = 0; i < 2; i++) {
        CU_ASSERT_EQUAL(collect(), MINOTOR_OK);
        CU_ASSERT_EQUAL(value_of("database_replication_lag_seconds", "walreceiver"), -1);
        CU_ASSERT_EQUAL(unknown_count(), 0);
        CU_ASSERT_EQUAL(fake.logged, 1);
    }
}

static void values_of_mysql(void)
{
    set_engine("mysql");
    CU_ASSERT_EQUAL(collect(), MINOTOR_OK);
    CU_ASSERT_EQUAL(unknown_count(), 0);
    CU_ASSERT_EQUAL(value_of("db_max_open_connections", "mattermost"), -1);
    CU_ASSERT_EQUAL(value_of("db_open_connections", "mattermost"), 10);
    CU_ASSERT_EQUAL(value_of("db_connections_idle", "mattermost"), 8);
    CU_ASSERT_EQUAL(value_of("db_connections_in_use", "mattermost"), 2);
    CU_ASSERT_EQUAL(value_of("database_connections", "active"), 2);
    CU_ASSERT_EQUAL(value_of("database_connections", "idle"), 10);
    CU_ASSERT_EQUAL(value_of("database_max_connections", ""), 151);
    CU_ASSERT_EQUAL(value_of("database_lock_waits", ""), 1);
    CU_ASSERT_EQUAL(value_of("database_oldest_transaction_timestamp_seconds", ""), 1700000000);
}

static void mysql_without_the_privilege(void)
{
    set_engine("mysql");
    answer_of("server and privileges")->rows[0][0] = "0";
    answer_of("server and privileges")->rows[0][2] = "0";
    CU_ASSERT_EQUAL(collect(), MINOTOR_OK);
    CU_ASSERT_PTR_NOT_NULL(strstr(fake.last_line, "GRANT PROCESS ON *.* TO 'minotor'@'localhost'"));
    CU_ASSERT_EQUAL(unknown_count(), 0);
    CU_ASSERT_EQUAL(fake.queries, 4); /* what would be refused is not asked */
    CU_ASSERT_EQUAL(fake.logged, 1);
    CU_ASSERT_EQUAL(value_of("db_open_connections", "mattermost"), -1);
    CU_ASSERT_EQUAL(value_of("database_lock_waits", ""), -1);
    CU_ASSERT_EQUAL(value_of("database_max_connections", ""), 151);
}

static void mysql_with_one_account_for_both(void)
{
    set_engine("mysql");
    fake.mattermost_user = "minotor";
    CU_ASSERT_EQUAL(collect(), MINOTOR_OK);
    CU_ASSERT_EQUAL(value_of("db_open_connections", "mattermost"), -1);
    CU_ASSERT_EQUAL(value_of("db_open_connections", "minotor"), 2);
}

/* Nobody else is there, and this account has more sessions than minotor's two. */
static void mysql_does_not_believe_in_an_empty_pool(void)
{
    set_engine("mysql");
    answer_of("server and privileges")->rows[0][2] = "0";
    CU_ASSERT_EQUAL(collect(), MINOTOR_OK);
    CU_ASSERT_EQUAL(value_of("db_open_connections", "mattermost"), 10);
    answer_of("server and privileges")->rows[0][3] = "3";
    CU_ASSERT_EQUAL(collect(), MINOTOR_OK);
    CU_ASSERT_EQUAL(value_of("db_open_connections", "mattermost"), -1);
    CU_ASSERT_EQUAL(value_of("database_lock_waits", ""), -1);
    CU_ASSERT_EQUAL(unknown_count(), 0);
    CU_ASSERT_EQUAL(fake.logged, 1);
}

static void a_failed_query_costs_its_families(void)
{
    set_engine("postgresql");
    answer_of("dead rows")->result = MINOTOR_FAILED;
    CU_ASSERT_EQUAL(collect(), MINOTOR_OK);
    CU_ASSERT_TRUE(fake.unknown[family_of("database_table_dead_rows")]);
    CU_ASSERT_TRUE(fake.unknown[family_of("database_table_last_vacuum_timestamp_seconds")]);
    CU_ASSERT_EQUAL(unknown_count(), 2);
}

static void without_a_database_there_is_still_the_budget(void)
{
    set_engine("postgresql");
    answer_of("sessions")->result = MINOTOR_CANCELLED;
    CU_ASSERT_EQUAL(collect(), MINOTOR_OK);
    CU_ASSERT_EQUAL(fake.queries, 1);
    CU_ASSERT_EQUAL(value_of("db_wait_count", "minotor"), 4);
    CU_ASSERT_TRUE(fake.unknown[family_of("database_lock_waits")]);
    CU_ASSERT_FALSE(fake.unknown[family_of("db_wait_count")]);
}

static void without_anything(void)
{
    set_engine("postgresql");
    fake.pool_result = MINOTOR_FAILED;
    answer_of("sessions")->result = MINOTOR_CANCELLED;
    CU_ASSERT_EQUAL(collect(), MINOTOR_CANCELLED);
    set_engine("mysql");
    fake.pool_result = MINOTOR_FAILED;
    CU_ASSERT_EQUAL(collect(), MINOTOR_OK);
    CU_ASSERT_EQUAL(unknown_count(), 9);
    CU_ASSERT_EQUAL(value_of("database_max_connections", ""), 151);
}

/* Mattermost's own metrics --------------------------------------------------------------------------------------- */

#define PAGE(open_connections)                                                                                   \
    "go_sql_idle_connections{db_name=\"master\"} 3\n"                                                            \
    "go_sql_in_use_connections{db_name=\"master\"} 7\n"                                                          \
    "go_sql_max_idle_closed_total{db_name=\"master\"} 1.2345678e+07\n"                                           \
    "go_sql_max_idle_time_closed_total{db_name=\"master\"} 5\n"                                                  \
    "go_sql_max_lifetime_closed_total{db_name=\"master\"} 6\n"                                                   \
    "go_sql_max_open_connections{db_name=\"master\"} 300\n"                                                      \
    "go_sql_open_connections{db_name=\"master\"} " open_connections "\n"                                         \
    "go_sql_wait_count_total{db_name=\"master\"} 42\n"                                                           \
    "go_sql_wait_duration_seconds_total{db_name=\"master\"} 0.25\n"

static void mattermost_says(const char *page)
{
    fake.http_result = MINOTOR_OK;
    fake.http_status = 200;
    fake.page = page;
}

static void check_told_pool(void)
{
    CU_ASSERT_EQUAL(value_of("db_max_open_connections", "mattermost"), 300);
    CU_ASSERT_EQUAL(value_of("db_open_connections", "mattermost"), 10);
    CU_ASSERT_EQUAL(value_of("db_connections_in_use", "mattermost"), 7);
    CU_ASSERT_EQUAL(value_of("db_connections_idle", "mattermost"), 3);
    CU_ASSERT_EQUAL(value_of("db_wait_count", "mattermost"), 42);
    CU_ASSERT_EQUAL(value_of("db_wait_duration_seconds", "mattermost"), 0.25);
    CU_ASSERT_EQUAL(value_of("db_idle_connections_closed_total", "mattermost"), 12345678);
    CU_ASSERT_EQUAL(value_of("db_idle_time_connections_closed_total", "mattermost"), 5);
    CU_ASSERT_EQUAL(value_of("db_lifetime_connections_closed_total", "mattermost"), 6);
    CU_ASSERT_EQUAL(value_of("db_open_connections", "minotor"), 2);
}

static void mattermost_tells_all_of_its_pool(void)
{
    static const char *const engines[] = { "postgresql", "mysql" };
    for (size_t i = 0; i < 2; i++) {
        set_engine(engines[i]);
        fake.max_open_conns = "100"; /* of one of its pools */
        mattermost_says(PAGE("10"));
        CU_ASSERT_EQUAL(collect(), MINOTOR_OK);
        check_told_pool();
        CU_ASSERT_EQUAL(unknown_count(), 0);
        CU_ASSERT_EQUAL(fake.logged, 0);
        CU_ASSERT_NOT_EQUAL(value_of("database_connections", "active"), -1);
        CU_ASSERT_EQUAL(fake.queries, 5); /* on MySQL the sessions are of no interest now */
    }
}

static void what_mattermost_tells_stays_without_a_database(void)
{
    static const char *const first[] = { "sessions", "server and privileges" };
    static const char *const engines[] = { "postgresql", "mysql" };
    for (size_t i = 0; i < 2; i++) {
        for (int result = MINOTOR_FAILED; result <= MINOTOR_CANCELLED; result++) {
            set_engine(engines[i]);
            mattermost_says(PAGE("10"));
            answer_of(first[i])->result = result;
            CU_ASSERT_EQUAL(collect(), MINOTOR_OK);
            check_told_pool();
            for (const char *const *family = (const char *const[]){ "db_open_connections", "db_connections_idle",
                                                                     "db_wait_count", NULL };
                 *family != NULL; family++)
                CU_ASSERT_FALSE(fake.unknown[family_of(*family)]);
            CU_ASSERT_TRUE(fake.unknown[family_of("database_oldest_transaction_timestamp_seconds")]);
        }
    }
}

static void without_a_page_the_database_tells(void)
{
    static const struct {
        int result;
        int status;
        const char *page;
        const char *words;
    } cases[] = { { MINOTOR_FAILED, 0, "", "connection refused" },
                  { MINOTOR_OK, 404, "404 page not found\n", "status 404" },
                  { MINOTOR_OK, 500, PAGE("10"), "status 500" },
                  { MINOTOR_OK, 302, "", "status 302" },
                  { MINOTOR_OK, 200, "", "the page says nothing of Mattermost's pools" },
                  { MINOTOR_OK, 200, "<html></html>\n", "the page says nothing of Mattermost's pools" },
                  { MINOTOR_OK, 200, "go_sql_idle_connections{db_name=\"master\"} 3\n", "all values" },
                  { MINOTOR_OK, 200, "go_sql_idle_connections{db_name=\"master\"} 3", "is cut off" },
                  { MINOTOR_OK, 200, PAGE("-1"), "cannot be understood" } };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        set_engine("postgresql");
        fake.max_open_conns = "300";
        fake.http_result = cases[i].result;
        fake.http_status = cases[i].status;
        fake.page = cases[i].page;
        for (int round = 0; round < 2; round++) {
            CU_ASSERT_EQUAL(collect(), MINOTOR_OK);
            CU_ASSERT_EQUAL(unknown_count(), 0);
            CU_ASSERT_EQUAL(value_of("db_max_open_connections", "mattermost"), 300);
            CU_ASSERT_EQUAL(value_of("db_open_connections", "mattermost"), 45);
            CU_ASSERT_EQUAL(value_of("db_wait_count", "mattermost"), -1);
            CU_ASSERT_EQUAL(value_of("db_lifetime_connections_closed_total", "mattermost"), -1);
            CU_ASSERT_EQUAL(value_of("db_wait_count", "minotor"), 4);
            CU_ASSERT_EQUAL(fake.logged, 1);
        }
        CU_ASSERT_PTR_NOT_NULL(strstr(fake.last_line, cases[i].words));
    }
}

static void a_change_is_told_once(void)
{
    set_engine("postgresql");
    mattermost_says(PAGE("10"));
    collect();
    CU_ASSERT_EQUAL(fake.logged, 0);
    fake.http_result = MINOTOR_FAILED;
    collect();
    collect();
    CU_ASSERT_EQUAL(fake.logged, 1);
    fake.http_result = MINOTOR_CANCELLED; /* the worker leaves: no news of Mattermost */
    collect();
    CU_ASSERT_EQUAL(fake.logged, 1);
    mattermost_says(PAGE("10"));
    collect();
    collect();
    CU_ASSERT_EQUAL(fake.logged, 2);
    CU_ASSERT_PTR_NOT_NULL(strstr(fake.last_line, "again"));
    fake.http_result = MINOTOR_FAILED;
    collect();
    CU_ASSERT_EQUAL(fake.logged, 3);
}

static void a_page_has_a_part_of_the_round(void)
{
    set_engine("postgresql");
    collect();
    CU_ASSERT_EQUAL(fake.timeout_ms, 2000);
    fake.remaining_ms = 400;
    collect();
    CU_ASSERT_EQUAL(fake.timeout_ms, 101);
    fake.remaining_ms = 0;
    collect();
    CU_ASSERT_EQUAL(fake.timeout_ms, 1); /* 0 would be all that is left */
    CU_ASSERT_EQUAL(fake.requests, 3);
    CU_ASSERT_EQUAL(fake.logged, 0); /* without an address there is nothing to tell */
}

static void a_page_that_is_not_wanted_is_not_asked_for(void)
{
    set_engine("postgresql");
    mattermost_says(PAGE("10"));
    fake.asks_no_metrics = true;
    CU_ASSERT_EQUAL(collect(), MINOTOR_OK);
    CU_ASSERT_EQUAL(fake.requests, 0);
    CU_ASSERT_EQUAL(fake.logged, 0);
    CU_ASSERT_EQUAL(value_of("db_open_connections", "mattermost"), 45);
}

/* Replication of MySQL ------------------------------------------------------------------------------------------- */

static bool was_asked(const char *sql)
{
    for (size_t i = 0; i < fake.queries; i++)
        if (strcmp(fake.asked[i], sql) == 0)
            return true;
    return false;
}

static void each_server_is_asked_in_its_own_words(void)
{
    static const struct {
        const char *version;
        const char *sql; /* NULL: none */
        unsigned column;
    } cases[] = { { "8.0.22", "SHOW REPLICA STATUS", 32 },
                  { "8.0.21", "SHOW SLAVE STATUS", 32 },
                  { "5.7.44-log", "SHOW SLAVE STATUS", 32 },
                  { "8.4.3", "SHOW REPLICA STATUS", 32 },
                  { "9.1.0", "SHOW REPLICA STATUS", 32 },
                  { "10.11.6-MariaDB-0+deb12u1-log", "SHOW ALL SLAVES STATUS", 34 },
                  { "5.5.5-10.3.39-MariaDB", "SHOW ALL SLAVES STATUS", 34 },
                  { "something new", NULL, 0 } };
    static const char *const all[] = { "SHOW REPLICA STATUS", "SHOW SLAVE STATUS", "SHOW ALL SLAVES STATUS" };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        set_engine("mysql");
        answer_of("server and privileges")->rows[0][1] = cases[i].version;
        struct answer *answer = answer_of("replication");
        answer->rows[0][0] = "";
        answer->rows[0][cases[i].column] = "17";
        CU_ASSERT_EQUAL(collect(), MINOTOR_OK);
        CU_ASSERT_EQUAL(value_of("database_replication_lag_seconds", "local"), cases[i].sql != NULL ? 17 : -1);
        for (size_t k = 0; k < 3; k++)
            CU_ASSERT_EQUAL(was_asked(all[k]), cases[i].sql != NULL && strcmp(all[k], cases[i].sql) == 0);
        CU_ASSERT_EQUAL(unknown_count(), 0);
    }
}

static void a_replica_that_stands_still_is_behind_by_nobody_knows(void)
{
    set_engine("mysql");
    struct answer *answer = answer_of("replication");
    answer->rows[0][0] = answer->rows[1][0] = "";
    answer->rows[0][32] = "3";
    answer->rows[1][32] = "70";
    CU_ASSERT_EQUAL(collect(), MINOTOR_OK);
    CU_ASSERT_EQUAL(value_of("database_replication_lag_seconds", "local"), 70);
    answer->rows[1][32] = "0";
    collect();
    CU_ASSERT_EQUAL(value_of("database_replication_lag_seconds", "local"), 3);
    answer->rows[1][32] = NULL;
    collect();
    CU_ASSERT_EQUAL(value_of("database_replication_lag_seconds", "local"), -1);
    CU_ASSERT_EQUAL(unknown_count(), 0);
    answer->rows[1][32] = "Yes"; /* another column than we think */
    collect();
    CU_ASSERT_TRUE(fake.unknown[family_of("database_replication_lag_seconds")]);
    answer->rows[0][0] = NULL;
    collect();
    CU_ASSERT_EQUAL(value_of("database_replication_lag_seconds", "local"), -1); /* no replica */
    CU_ASSERT_EQUAL(unknown_count(), 0);
}

static void a_missing_privilege_is_no_failure(void)
{
    set_engine("mysql");
    struct answer *answer = answer_of("replication");
    answer->result = MINOTOR_FAILED;
    fake.refusal = "replication: ERROR 1227: Access denied; you need (at least one of) the SUPER, REPLICATION CLIENT "
                   "privilege(s) for this operation";
    fake.pool_result = MINOTOR_FAILED; /* then one failure would be one too many */
    for (int round = 0; round < 3; round++) {
        CU_ASSERT_EQUAL(collect(), MINOTOR_OK);
        CU_ASSERT_EQUAL(was_asked("SHOW REPLICA STATUS"), round == 0); /* the next time in ten minutes */
        CU_ASSERT_FALSE(fake.unknown[family_of("database_replication_lag_seconds")]);
        CU_ASSERT_EQUAL(fake.logged, 1);
    }
    CU_ASSERT_PTR_NOT_NULL(strstr(fake.last_line, "GRANT REPLICATION CLIENT ON *.* TO "));
    fake.now_ms += 10 * 60 * 1000;
    CU_ASSERT_EQUAL(collect(), MINOTOR_OK);
    CU_ASSERT_TRUE(was_asked("SHOW REPLICA STATUS"));
    CU_ASSERT_EQUAL(fake.logged, 1);
    fake.now_ms -= 3600 * 1000; /* somebody has put the clock right */
    answer->result = MINOTOR_OK;
    answer->rows[0][0] = "";
    answer->rows[0][32] = "0";
    CU_ASSERT_EQUAL(collect(), MINOTOR_OK);
    CU_ASSERT_EQUAL(value_of("database_replication_lag_seconds", "local"), 0);
}

static void any_other_refusal_is_one(void)
{
    set_engine("mysql");
    answer_of("replication")->result = MINOTOR_FAILED;
    CU_ASSERT_EQUAL(collect(), MINOTOR_OK);
    CU_ASSERT_TRUE(fake.unknown[family_of("database_replication_lag_seconds")]);
    CU_ASSERT_EQUAL(unknown_count(), 1);
    CU_ASSERT_EQUAL(fake.logged, 0);
}

/* What the first query finds out decides on others: their families are not empty, but unknown. */
static void without_knowing_the_server_the_rest_is_unknown(void)
{
    set_engine("mysql");
    answer_of("server and privileges")->result = MINOTOR_FAILED;
    CU_ASSERT_EQUAL(collect(), MINOTOR_OK);
    for (const char *const *family = (const char *const[]){ "db_open_connections", "db_connections_in_use",
                                                             "db_connections_idle", "database_lock_waits",
                                                             "database_oldest_transaction_timestamp_seconds",
                                                             "database_replication_lag_seconds", NULL };
         *family != NULL; family++)
        CU_ASSERT_TRUE(fake.unknown[family_of(*family)]);
    CU_ASSERT_EQUAL(unknown_count(), 6);
    CU_ASSERT_EQUAL(value_of("database_max_connections", ""), 151);
}

int main(void)
{
    CU_TestInfo tests[] = {
        { "the worker would load it", the_worker_would_load_it },
        { "minotor's own pool is exact", own_pool_is_exact },
        { "values of PostgreSQL", values_of_postgresql },
        { "what is hidden is absent and told once", what_is_hidden_is_absent_and_told_once },
        { "a hidden replica is told once", a_hidden_replica_is_told_once },
        { "values of MySQL", values_of_mysql },
        { "MySQL without the privilege", mysql_without_the_privilege },
        { "MySQL with one account for both", mysql_with_one_account_for_both },
        { "MySQL does not believe in an empty pool", mysql_does_not_believe_in_an_empty_pool },
        { "a failed query costs its families", a_failed_query_costs_its_families },
        { "without a database there is still the budget", without_a_database_there_is_still_the_budget },
        { "without anything", without_anything },
        { "Mattermost tells all of its pool", mattermost_tells_all_of_its_pool },
        { "what Mattermost tells stays without a database", what_mattermost_tells_stays_without_a_database },
        { "without a page the database tells", without_a_page_the_database_tells },
        { "a change is told once", a_change_is_told_once },
        { "a page has a part of the round", a_page_has_a_part_of_the_round },
        { "a page that is not wanted is not asked for", a_page_that_is_not_wanted_is_not_asked_for },
        { "each server is asked in its own words", each_server_is_asked_in_its_own_words },
        { "a replica that stands still", a_replica_that_stands_still_is_behind_by_nobody_knows },
        { "a missing privilege is no failure", a_missing_privilege_is_no_failure },
        { "any other refusal is one", any_other_refusal_is_one },
        { "without knowing the server the rest is unknown", without_knowing_the_server_the_rest_is_unknown },
        CU_TEST_INFO_NULL,
    };
    CU_SuiteInfo suites[] = { { .pName = "dbpool", .pTests = tests }, CU_SUITE_INFO_NULL };
    int status = cunit_tap_main(suites);
    if (state != NULL)
        minotor_collector()->close(&host, state);
    return status;
}
