/* SPDX-License-Identifier: Apache-2.0 */
/* Mattermost's own configuration: config.json, variables, systemd's files of variables, and what of it goes
 * first. */
#include <CUnit/CUnit.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/text.h"
#include "supervisor/environment_file.h"
#include "supervisor/mattermost_config.h"
#include "tests/tap/cunit_tap.h"

#define NASTY     "a#%?&@/:'\"\\ \u00fcz"
#define NASTY_URL "a%23%25%3F%26%40%2F%3A%27%22%5C%20%C3%BCz"

static char folder[64];
static struct mattermost_source source;
static struct mattermost_config config;
static char fault[1024];

static int make_folder(void)
{
    strcpy(folder, "/tmp/minotor-unit-XXXXXX");
    return mkdtemp(folder) == NULL;
}

static int remove_folder(void)
{
    static const char *const NAMES[] = {"config.json", "environment", "dsn"};
    for (size_t i = 0; i < sizeof NAMES / sizeof NAMES[0]; i++) {
        char path[128];
        snprintf(path, sizeof path, "%s/%s", folder, NAMES[i]);
        unlink(path);
    }
    return rmdir(folder);
}

/* Writes a file; its path goes to `path`, a member of `source`. */
static void put(const char *name, const char *text, char path[DSN_PATH_BYTES])
{
    snprintf(path, DSN_PATH_BYTES, "%s/%s", folder, name);
    FILE *file = fopen(path, "w");
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    fputs(text, file);
    fclose(file);
    chmod(path, 0600);
}

static void begin(void)
{
    memset(&source, 0, sizeof source);
    mattermost_config_wipe(&config);
    fault[0] = '\0';
}

static int read_with(const char *json, const char *variables, char *const *environment)
{
    begin();
    if (json != NULL)
        put("config.json", json, source.config);
    if (variables != NULL)
        put("environment", variables, source.environment);
    int result = mattermost_config_read(&source, environment, &config, fault, sizeof fault);
    if (result != 0)
        printf("# %s\n", fault);
    return result;
}

static bool faults_with(const char *json, const char *variables, const char *part)
{
    int result = read_with(json, variables, NULL);
    static const struct mattermost_config nothing;
    return result == -1 && strstr(fault, part) != NULL && strstr(fault, "SECRET") == NULL &&
           strchr(fault, '\n') == NULL && memcmp(&config, &nothing, sizeof nothing) == 0;
}

/* ---- config.json */

static void test_whole(void)
{
    CU_ASSERT_EQUAL_FATAL(
        read_with(
            "{\"ServiceSettings\": {\"SiteURL\": \"https://chat.example/mm\", \"ListenAddress\": \":8443\","
            " \"ConnectionSecurity\": \"TLS\", \"EnableLocalMode\": true, \"LocalModeSocketLocation\":"
            " \"/run/mm.socket\"},"
            " \"SqlSettings\": {\"DriverName\": \"postgres\", \"DataSource\":"
            " \"postgres://u:" NASTY_URL "@h:6432/d?sslmode=disable\\u0026connect_timeout=10\","
            " \"DataSourceReplicas\": [], \"MaxIdleConns\": 20, \"MaxOpenConns\": 300,"
            " \"ConnMaxLifetimeMilliseconds\": 1000, \"ConnMaxIdleTimeMilliseconds\": 2000},"
            " \"MetricsSettings\": {\"Enable\": true, \"ListenAddress\": \":9067\"},"
            " \"FileSettings\": {\"DriverName\": \"amazons3\", \"Directory\": \"/srv/data\"}}",
            NULL, NULL),
        0);
    const struct mattermost_facts *facts = &config.facts;
    CU_ASSERT_STRING_EQUAL(config.database.host, "h");
    CU_ASSERT_STRING_EQUAL(config.database.password, NASTY);
    CU_ASSERT_STRING_EQUAL(config.database.sslmode, "disable");
    CU_ASSERT_EQUAL(config.database.port, 6432);
    CU_ASSERT_STRING_EQUAL(facts->origin, source.config);
    CU_ASSERT_PTR_NOT_NULL(strstr(facts->database_origin, "config.json: SqlSettings.DataSource"));
    CU_ASSERT_FALSE(facts->in_database);
    CU_ASSERT_FALSE(facts->is_replica);
    CU_ASSERT_EQUAL(facts->replicas, 0);
    CU_ASSERT_EQUAL(facts->max_open_connections, 300);
    CU_ASSERT_EQUAL(facts->max_idle_connections, 20);
    CU_ASSERT_EQUAL(facts->connection_max_lifetime_ms, 1000);
    CU_ASSERT_EQUAL(facts->connection_max_idle_time_ms, 2000);
    CU_ASSERT_STRING_EQUAL(facts->site_url, "https://chat.example/mm");
    CU_ASSERT_STRING_EQUAL(facts->listen_address, ":8443");
    CU_ASSERT_STRING_EQUAL(facts->connection_security, "TLS");
    CU_ASSERT_EQUAL(facts->local_mode, 1);
    CU_ASSERT_STRING_EQUAL(facts->local_socket, "/run/mm.socket");
    CU_ASSERT_EQUAL(facts->metrics, 1);
    CU_ASSERT_STRING_EQUAL(facts->metrics_listen_address, ":9067");
}

static void test_defaults(void)
{
    CU_ASSERT_EQUAL_FATAL(
        read_with("{\"SqlSettings\": {\"DataSource\": null}, \"ServiceSettings\": null}", NULL, NULL), 0);
    CU_ASSERT_EQUAL(config.database.driver, DSN_POSTGRESQL);
    CU_ASSERT_STRING_EQUAL(config.database.host, "localhost");
    CU_ASSERT_STRING_EQUAL(config.database.name, "mattermost_test");
    CU_ASSERT_STRING_EQUAL(config.database.user, "mmuser");
    CU_ASSERT_STRING_EQUAL(config.database.sslmode, "disable");
    /* They differ between releases. */
    CU_ASSERT_EQUAL(config.facts.max_open_connections, -1);
    CU_ASSERT_EQUAL(config.facts.max_idle_connections, -1);
    CU_ASSERT_EQUAL(config.facts.connection_max_lifetime_ms, 3600000);
    CU_ASSERT_EQUAL(config.facts.connection_max_idle_time_ms, 300000);
    CU_ASSERT_STRING_EQUAL(config.facts.site_url, "");
    CU_ASSERT_STRING_EQUAL(config.facts.listen_address, ":8065");
    CU_ASSERT_STRING_EQUAL(config.facts.metrics_listen_address, ":8067");
    CU_ASSERT_STRING_EQUAL(config.facts.local_socket, "/var/tmp/mattermost_local.socket");
    CU_ASSERT_EQUAL(config.facts.local_mode, 0);
    CU_ASSERT_EQUAL(config.facts.metrics, 0);
    CU_ASSERT_EQUAL(config.facts.replicas, 0);
}

static void test_keys(void)
{
    /* Go knows keys in any case, and the last of several counts. */
    CU_ASSERT_EQUAL(read_with("{\"sqlsettings\": {\"DATASOURCE\": \"postgres://a@h/d\", \"datasource\":"
                              " \"postgres://b@h/d\"}}",
                              NULL, NULL),
                    0);
    CU_ASSERT_STRING_EQUAL(config.database.user, "b");
    CU_ASSERT_EQUAL(read_with("{\"SqlSettings\": {\"DriverName\": \"mysql\", \"DataSource\":"
                              " \"u:p&%41@tcp(h:3307)/d?charset=utf8mb4,utf8\\u0026tls=true\"}}",
                              NULL, NULL),
                    0);
    CU_ASSERT_EQUAL(config.database.driver, DSN_MYSQL);
    CU_ASSERT_STRING_EQUAL(config.database.password, "p&%41");
    CU_ASSERT_STRING_EQUAL(config.database.sslmode, "verify-full");
}

#define MASTER "\"DataSource\": \"postgres://m:p@master/d\""

static void test_replicas(void)
{
    CU_ASSERT_EQUAL(read_with("{\"SqlSettings\": {" MASTER ", \"DataSourceReplicas\":"
                              " [\"\", \"postgres://r:q@one/d\", \"postgres://r:q@two/d\"]}}",
                              NULL, NULL),
                    0);
    CU_ASSERT_STRING_EQUAL(config.database.host, "one");
    CU_ASSERT_STRING_EQUAL(config.database.password, "q");
    CU_ASSERT_EQUAL(config.facts.replicas, 2);
    CU_ASSERT_TRUE(config.facts.is_replica);
    CU_ASSERT_PTR_NOT_NULL(strstr(config.facts.database_origin, "SqlSettings.DataSourceReplicas"));
    CU_ASSERT_EQUAL(
        read_with("{\"SqlSettings\": {" MASTER "}}",
                  "MM_SQLSETTINGS_DATASOURCEREPLICAS=\"postgres://r:q@three/d postgres://r:q@four/d\"\n",
                  NULL),
        0);
    CU_ASSERT_STRING_EQUAL(config.database.host, "three");
    CU_ASSERT_EQUAL(config.facts.replicas, 2);
    /* None, by a variable. */
    CU_ASSERT_EQUAL(read_with("{\"SqlSettings\": {" MASTER
                              ", \"DataSourceReplicas\": [\"postgres://r:q@one/d\"]}}",
                              "MM_SQLSETTINGS_DATASOURCEREPLICAS=\n", NULL),
                    0);
    CU_ASSERT_STRING_EQUAL(config.database.host, "master");
    CU_ASSERT_EQUAL(config.facts.replicas, 0);
    CU_ASSERT_TRUE(faults_with("{\"SqlSettings\": {" MASTER ", \"DataSourceReplicas\": [\"SECRET\"]}}", NULL,
                               "config.json: SqlSettings.DataSourceReplicas cannot be used: it is neither"));
}

static void test_bad_files(void)
{
    static const struct {
        const char *json;
        const char *fault;
    } cases[] = {
        {"", "config.json:1: the text ends too early"},
        {"{\n\"SqlSettings\": {\n\"DataSource\": \"SECRET\n", "config.json:3: it is not JSON"},
        {"{\n\"SqlSettings\": SECRET}", "config.json:2: it is not JSON"},
        {"{} SECRET", "config.json:1: something follows"},
        {"{\"a\": \"\xff\"}", "config.json:1: the text is not UTF-8"},
        {"{\"a\": \"SECRET\\u0000\"}", "NUL"},
        {"[\"SECRET\"]", "config.json: is no JSON object"},
        {"{\"SqlSettings\": \"SECRET\"}", "config.json: \"SqlSettings\" is no object"},
        {"{\"SqlSettings\": {\"DataSource\": [\"SECRET\"]}}",
         "\"SqlSettings.DataSource\" is of another type; allowed is a text"},
        {"{\"SqlSettings\": {\"DataSourceReplicas\": \"SECRET\"}}",
         "\"SqlSettings.DataSourceReplicas\" is of another type"},
        {"{\"SqlSettings\": {\"DataSourceReplicas\": [\"SECRET\", 1]}}", "allowed is a list of texts"},
        {"{\"SqlSettings\": {\"MaxOpenConns\": \"300\"}}", "allowed is an integer"},
        {"{\"SqlSettings\": {\"MaxOpenConns\": 3.5}}", "allowed is an integer"},
        {"{\"MetricsSettings\": {\"Enable\": \"true\"}}", "allowed is true or false"},
        {"{\"SqlSettings\": {\"DriverName\": \"SECRET\"}}",
         "config.json: SqlSettings.DriverName is another text"},
        {"{\"SqlSettings\": {\"DataSource\": \"\"}}",
         "config.json: SqlSettings.DataSource cannot be used: it is empty"},
        {"{\"SqlSettings\": {\"DataSource\": \"postgres://u:SECRET#@h/d\"}}", "%23"},
        {"{\"ServiceSettings\": {\"SiteURL\": \"http://x/\\nSECRET\"}}",
         "config.json: ServiceSettings.SiteURL is too long"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        CU_ASSERT_TRUE(faults_with(cases[i].json, NULL, cases[i].fault));
    begin();
    snprintf(source.config, sizeof source.config, "%s/nothing.json", folder);
    CU_ASSERT_EQUAL(mattermost_config_read(&source, NULL, &config, fault, sizeof fault), -1);
    CU_ASSERT_PTR_NOT_NULL(strstr(fault, "nothing.json: cannot be read (No such file or directory)"));
    strcpy(source.config, folder);
    CU_ASSERT_EQUAL(mattermost_config_read(&source, NULL, &config, fault, sizeof fault), -1);
    CU_ASSERT_PTR_NOT_NULL(strstr(fault, "is no regular file"));
    begin();
    CU_ASSERT_EQUAL(mattermost_config_read(&source, NULL, &config, fault, sizeof fault), -1);
    CU_ASSERT_PTR_NOT_NULL(strstr(fault, "the environment of minotord: MM_CONFIG is not set"));
}

static void test_large_file(void)
{
    size_t size = 5 * 1024 * 1024;
    char *text = malloc(size + 1);
    CU_ASSERT_PTR_NOT_NULL_FATAL(text);
    memset(text, ' ', size);
    text[0] = '{';
    text[size - 1] = '}';
    text[size] = '\0';
    CU_ASSERT_TRUE(faults_with(text, NULL, "config.json: is larger than the 4194304 bytes that are allowed"));
    /* At the bound it is read. */
    text[MATTERMOST_CONFIG_MAX_BYTES - 1] = '}';
    text[MATTERMOST_CONFIG_MAX_BYTES] = '\0';
    CU_ASSERT_EQUAL(read_with(text, NULL, NULL), 0);
    free(text);
}

/* ---- variables */

static void test_variables(void)
{
    CU_ASSERT_EQUAL(
        read_with("{\"SqlSettings\": {" MASTER ", \"MaxOpenConns\": 1, \"MaxIdleConns\": 2},"
                  " \"ServiceSettings\": {\"SiteURL\": \"http://file\", \"EnableLocalMode\": true}}",
                  "MM_SQLSETTINGS_DATASOURCE='postgres://v:" NASTY_URL "@variable/d'\n"
                  "mm_sqlsettings_maxopenconns=77\n"
                  "MM_SQLSETTINGS_MAXIDLECONNS=many\n"
                  "MM_SERVICESETTINGS_SITEURL=\n"
                  "MM_SERVICESETTINGS_ENABLELOCALMODE=f\n"
                  "MM_METRICSSETTINGS_ENABLE=T\n"
                  "MM_SERVICESETTINGS_LISTENADDRESSES=:1\n"
                  "MMSERVICESETTINGS_LISTENADDRESS=:1\n",
                  NULL),
        0);
    CU_ASSERT_STRING_EQUAL(config.database.host, "variable");
    CU_ASSERT_STRING_EQUAL(config.database.password, NASTY);
    CU_ASSERT_PTR_NOT_NULL(strstr(config.facts.database_origin, "environment: MM_SQLSETTINGS_DATASOURCE"));
    CU_ASSERT_EQUAL(config.facts.max_open_connections, 77);
    CU_ASSERT_EQUAL(config.facts.max_idle_connections, 2); /* what is no number is passed over */
    CU_ASSERT_STRING_EQUAL(config.facts.site_url, "");
    CU_ASSERT_EQUAL(config.facts.local_mode, 0);
    CU_ASSERT_EQUAL(config.facts.metrics, 1);
    CU_ASSERT_STRING_EQUAL(config.facts.listen_address, ":8065");
}

static void test_own_environment(void)
{
    char driver[] = "MM_SQLSETTINGS_DRIVERNAME=mysql";
    char place[] = "MM_SQLSETTINGS_DATASOURCE=own:p=q@tcp(own)/d";
    char odd[] = "MM_ODD";
    char *environment[] = {odd, driver, place, NULL};
    CU_ASSERT_EQUAL(read_with("{}", NULL, environment), 0);
    CU_ASSERT_STRING_EQUAL(config.database.host, "own");
    CU_ASSERT_STRING_EQUAL(config.database.password, "p=q");
    CU_ASSERT_STRING_EQUAL(config.facts.database_origin,
                           "the environment of minotord: MM_SQLSETTINGS_DATASOURCE");
    /* A file of variables stands in its place. */
    CU_ASSERT_EQUAL(read_with("{\"SqlSettings\": {" MASTER "}}", "# nothing\n", environment), 0);
    CU_ASSERT_STRING_EQUAL(config.database.host, "master");
}

static void test_place(void)
{
    char variables[DSN_PATH_BYTES + 16];
    /* MM_CONFIG names the file... */
    begin();
    put("config.json", "{\"SqlSettings\": {" MASTER "}}", source.config);
    snprintf(variables, sizeof variables, "MM_CONFIG=%s\n", source.config);
    CU_ASSERT_EQUAL(read_with(NULL, variables, NULL), 0);
    CU_ASSERT_STRING_EQUAL(config.database.host, "master");
    /* ... unless somebody has named one. */
    CU_ASSERT_EQUAL(read_with("{\"SqlSettings\": {" MASTER "}}", "MM_CONFIG=/nowhere\n", NULL), 0);
    CU_ASSERT_TRUE(
        faults_with(NULL, "MM_CONFIG=SECRET.json\n", "environment: MM_CONFIG is neither an absolute path"));
    CU_ASSERT_TRUE(faults_with(NULL, "", "environment: MM_CONFIG is not set"));
}

static void test_in_database(void)
{
    CU_ASSERT_EQUAL(read_with(NULL, "MM_CONFIG=postgres://c:" NASTY_URL "@configs/d?sslmode=disable\n", NULL),
                    0);
    CU_ASSERT_TRUE(config.facts.in_database);
    CU_ASSERT_STRING_EQUAL(config.facts.origin, "the database");
    CU_ASSERT_STRING_EQUAL(config.database.host, "configs");
    CU_ASSERT_STRING_EQUAL(config.database.password, NASTY);
    /* What the row in the database says is not known here, so no default stands for it. */
    CU_ASSERT_EQUAL(config.facts.replicas, -1);
    CU_ASSERT_EQUAL(config.facts.connection_max_lifetime_ms, -1);
    CU_ASSERT_EQUAL(config.facts.metrics, -1);
    CU_ASSERT_STRING_EQUAL(config.facts.listen_address, "");
    CU_ASSERT_EQUAL(
        read_with(NULL,
                  "MM_CONFIG=mysql://c:p@tcp(configs)/d\nMM_SQLSETTINGS_DATASOURCE=u:q@tcp(other)/d\n"
                  "MM_SERVICESETTINGS_SITEURL=https://chat\n",
                  NULL),
        0);
    CU_ASSERT_EQUAL(config.database.driver, DSN_MYSQL);
    CU_ASSERT_STRING_EQUAL(config.database.host, "other");
    CU_ASSERT_STRING_EQUAL(config.facts.site_url, "https://chat");
    begin();
    put("dsn", "postgres://f:p%23@file/d\n", source.dsn_file);
    CU_ASSERT_EQUAL(mattermost_config_read(&source, NULL, &config, fault, sizeof fault), 0);
    CU_ASSERT_STRING_EQUAL(config.database.password, "p#");
    CU_ASSERT_STRING_EQUAL(config.facts.database_origin, source.dsn_file);
    chmod(source.dsn_file, 0644);
    CU_ASSERT_EQUAL(mattermost_config_read(&source, NULL, &config, fault, sizeof fault), -1);
    CU_ASSERT_PTR_NOT_NULL(strstr(fault, "others than its owner"));
    put("dsn", "postgres://f:SECRET#@file/d\n", source.dsn_file);
    CU_ASSERT_EQUAL(mattermost_config_read(&source, NULL, &config, fault, sizeof fault), -1);
    CU_ASSERT_PTR_NOT_NULL(strstr(fault, "%23"));
    CU_ASSERT_PTR_NULL(strstr(fault, "SECRET"));
    CU_ASSERT_TRUE(faults_with(NULL, "MM_CONFIG=postgres://u:SECRET/x@h/d\n",
                               "environment: MM_CONFIG: the data source"));
}

/* ---- systemd's files */

static void append(const char *name, const char *value, void *context)
{
    size_t used = strlen(context);
    text_format((char *)context + used, 512 - used, "%s=%s;", name, value);
}

static void test_environment_file(void)
{
    static const struct {
        const char *text;
        const char *expected;
    } cases[] = {
        {"", ""},
        {"A=b", "A=b;"},
        {"A=b\nC=d\n", "A=b;C=d;"},
        {"A=b\r\nC=d\r\n", "A=b;C=d;"},
        {"  A =  b c  \n", "A=b c;"},
        {"A=\nB=", "A=;B=;"},
        {"# A=b\n; C=d\n\n  # E=f\nG=h", "G=h;"},
        {"# comment \\\nA=b\n", "A=b;"},
        {"no equals\nA=b", "A=b;"},
        {"export A=b\n1A=b\n=b\nA-B=c\nD=e", "D=e;"},
        {"A=b # no comment\n", "A=b # no comment;"},
        {"A=b=c\n", "A=b=c;"},
        {"A='b c '\n", "A=b c ;"},
        {"A=\" b \"\n", "A= b ;"},
        {"A='b'\"c\" 'd'e\n", "A=bcde;"},
        {"A=b'c'd\"e\"\n", "A=b'c'd\"e\";"},
        {"A='b\\c\"$d#'\n", "A=b\\c\"$d#;"},
        {"A=\"b\\\"\\\\\\`\\$\\c\"\n", "A=b\"\\`$\\c;"},
        {"A=b\\c\\\\\\ \n", "A=bc\\ ;"},
        {"A=b\\\nc\n", "A=bc;"},
        {"A=\"b\\\nc\"\n", "A=bc;"},
        {"A='b\nc'\n", "A=b\nc;"},
        {"A=\"b", "A=b;"},
        {"A=$B${C}\n", "A=$B${C};"},
        {"A=p%23\u00fc\n", "A=p%23\u00fc;"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char found[512] = "";
        CU_ASSERT_EQUAL(environment_file_parse(cases[i].text, append, found), 0);
        CU_ASSERT_STRING_EQUAL(found, cases[i].expected);
        if (strcmp(found, cases[i].expected) != 0)
            printf("# case %zu gives %s\n", i, found);
    }
}

static int read_row(const char *variables, const char *row)
{
    read_with(NULL, variables, NULL); /* writes the files */
    source.row = row;
    int result = mattermost_config_read(&source, NULL, &config, fault, sizeof fault);
    source.row = NULL;
    return result;
}

/* What was read there counts as a file would; variables go before it. */
static void test_row(void)
{
    static const char PLACE[] = "MM_CONFIG=postgres://c:p@configs/d\n";
    CU_ASSERT_EQUAL(read_row(PLACE, "{\"SqlSettings\": {\"DriverName\": \"postgres\", \"DataSource\": \"postgres://u:q@master/e\","
                                     " \"DataSourceReplicas\": null, \"MaxOpenConns\": 71}}"),
                    0);
    CU_ASSERT_TRUE(config.facts.in_database);
    CU_ASSERT_FALSE(config.facts.is_partial);
    CU_ASSERT_STRING_EQUAL(config.place.host, "configs");
    CU_ASSERT_STRING_EQUAL(config.database.host, "master");
    CU_ASSERT_STRING_EQUAL(config.facts.database_origin, "the database: SqlSettings.DataSource");
    CU_ASSERT_EQUAL(config.facts.max_open_connections, 71);
    CU_ASSERT_EQUAL(config.facts.connection_max_lifetime_ms, 3600000); /* Mattermost's default, as in a file */
    CU_ASSERT_EQUAL(config.facts.replicas, 0);
    CU_ASSERT_EQUAL(read_row("MM_CONFIG=postgres://c:p@configs/d\nMM_SQLSETTINGS_MAXOPENCONNS=72\n",
                             "{\"SqlSettings\": {\"MaxOpenConns\": 71, \"DataSourceReplicas\": [\"postgres://u:q@replica/e\"]}}"),
                    0);
    CU_ASSERT_EQUAL(config.facts.max_open_connections, 72);
    CU_ASSERT_STRING_EQUAL(config.database.host, "replica");
    CU_ASSERT_TRUE(config.facts.is_replica);
    /* Without a data source it is the database that the configuration stands in. */
    CU_ASSERT_EQUAL(read_row(PLACE, "{\"SqlSettings\": {\"DataSource\": \"\"}}"), 0);
    CU_ASSERT_STRING_EQUAL(config.database.host, "configs");
    CU_ASSERT_EQUAL(read_row(PLACE, "{\"SqlSettings\": {\"MaxOpenConns\": \"many\"}}"), -1);
    CU_ASSERT_PTR_NOT_NULL(strstr(fault, "the database"));
    CU_ASSERT_EQUAL(read_row(PLACE, "{"), -1);
    CU_ASSERT_EQUAL(read_row(PLACE, ""), -1);
}

int main(void)
{
    static CU_TestInfo tests[] = {
        {"everything is there", test_whole},
        {"Mattermost's defaults", test_defaults},
        {"keys", test_keys},
        {"replicas", test_replicas},
        {"bad files", test_bad_files},
        {"a file of 5 MiB", test_large_file},
        {"variables go first", test_variables},
        {"minotord's own environment", test_own_environment},
        {"MM_CONFIG", test_place},
        {"a configuration in the database", test_in_database},
        {"a configuration in the database that was read", test_row},
        {"files of variables, as systemd reads them", test_environment_file},
        CU_TEST_INFO_NULL,
    };
    static CU_SuiteInfo suites[] = {
        {"Mattermost's configuration", make_folder, remove_folder, NULL, NULL, tests}, CU_SUITE_INFO_NULL};
    return cunit_tap_main(suites);
}
