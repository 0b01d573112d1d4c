/* SPDX-License-Identifier: Apache-2.0 */
/* minotor.conf and Mattermost's configuration together: what comes from where, and which worker may know it.
 */
#include <CUnit/CUnit.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "supervisor/config.h"
#include "supervisor/target_settings.h"
#include "tests/tap/cunit_tap.h"

#define DATA_SOURCE                                                                                          \
    "postgres://mm:p%23w@db:6432/chat?sslmode=verify-ca&sslrootcert=/ca.pem&search_path=mm&work_mem=1MB"

static char folder[64];
static char faults_text[4096];

static void put(const char *name, const char *text)
{
    char path[160];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "w");
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    fputs(text, file);
    fclose(file);
    chmod(path, 0600);
}

static int make_folder(void)
{
    char path[128];
    strcpy(folder, "/tmp/minotor-unit-XXXXXX");
    if (mkdtemp(folder) == NULL)
        return 1;
    snprintf(path, sizeof path, "%s/collectors.d", folder);
    return mkdir(path, 0700);
}

static int remove_folder(void)
{
    static const char *const NAMES[] = {"collectors.d/kpi.conf", "collectors.d", "minotor.conf",
                                        "config.json", "secret"};
    for (size_t i = 0; i < sizeof NAMES / sizeof NAMES[0]; i++) {
        char path[160];
        snprintf(path, sizeof path, "%s/%s", folder, NAMES[i]);
        if (unlink(path) != 0)
            rmdir(path);
    }
    return rmdir(folder);
}

static void note(const char *line, void *context)
{
    (void)context;
    strncat(faults_text, line, sizeof faults_text - strlen(faults_text) - 1);
    strncat(faults_text, "\n", sizeof faults_text - strlen(faults_text) - 1);
}

/* Without an account to drop to, so that the test needs none. NULL: `faults_text` says why. */
static struct config *load(const char *target, const char *collector, const char *service)
{
    char text[2048];
    char path[128];
    struct config_faults faults = {.report = note};
    faults_text[0] = '\0';
    snprintf(text, sizeof text, "user = \"root\";\ntargets = ( { name = \"mattermost\";\n%s } );\n", target);
    put("minotor.conf", text);
    snprintf(text, sizeof text,
             "{\"SqlSettings\": {\"DataSource\": \"%s\"}, \"ServiceSettings\": {%s},"
             " \"MetricsSettings\": {\"Enable\": true, \"ListenAddress\": \"10.0.0.7:8067\"}}",
             DATA_SOURCE, service);
    put("config.json", text);
    put("collectors.d/kpi.conf", collector);
    put("secret", "own-secret\n");
    snprintf(path, sizeof path, "%s/minotor.conf", folder);
    struct config *config = config_load(path, NULL, NULL, &faults);
    if (config == NULL)
        printf("# %s", faults_text);
    return config;
}

#define FROM_MATTERMOST "mattermost_config = \"config.json\";\n"

static void test_all_from_mattermost(void)
{
    struct config *config = load(FROM_MATTERMOST, "", "\"SiteURL\": \"https://chat.example/mm\"");
    CU_ASSERT_PTR_NOT_NULL_FATAL(config);
    const struct config_target *target = &config->targets[0];
    struct target_secrets secrets;
    char why[256];
    CU_ASSERT_EQUAL(target->database.driver, CONFIG_DRIVER_POSTGRESQL);
    CU_ASSERT_STRING_EQUAL(target->database.host, "db");
    CU_ASSERT_EQUAL(target->database.port, 6432);
    CU_ASSERT_STRING_EQUAL(target->database.name, "chat");
    CU_ASSERT_STRING_EQUAL(target->database.user, "mm");
    CU_ASSERT_STRING_EQUAL(target->database.sslmode, "verify-ca");
    CU_ASSERT_STRING_EQUAL(target->database.sslrootcert, "/ca.pem");
    CU_ASSERT_STRING_EQUAL(target->database.search_path, "mm");
    CU_ASSERT_EQUAL(target->mattermost.left_out, 1);
    CU_ASSERT_TRUE(target->mattermost.gives_password);
    CU_ASSERT_STRING_EQUAL(target->api.url, "https://chat.example/mm");
    CU_ASSERT_STRING_EQUAL(target->api.metrics_url, "http://10.0.0.7:8067");
    CU_ASSERT_STRING_EQUAL(target->api.local_socket, "");
    CU_ASSERT_EQUAL(config->collectors[0]->secrets, CONFIG_SECRET_DATABASE);
    CU_ASSERT_EQUAL(target_secrets_read(target, CONFIG_SECRET_DATABASE, &secrets, why, sizeof why), 0);
    CU_ASSERT_STRING_EQUAL(secrets.password, "p#w");
    CU_ASSERT_EQUAL(target_secrets_read(target, CONFIG_SECRET_API, &secrets, why, sizeof why), 0);
    CU_ASSERT_STRING_EQUAL(secrets.password, "");
    /* The configuration in memory has no secret. */
    CU_ASSERT_PTR_NULL(memmem(config, sizeof *config, "p#w", 3));
    config_free(config);
}

static void test_explicit_fields(void)
{
    struct config *config =
        load(FROM_MATTERMOST
             "database = { host = \"replica\"; user = \"minotor\"; password_file = \"secret\";"
             " sslmode = \"require\"; sslrootcert = \"\"; };\n"
             "api = { url = \"http://127.0.0.1:8065\"; token_file = \"secret\"; local_socket = \"\"; };",
             "secrets = [ \"api\" ];", "\"SiteURL\": \"https://chat.example\", \"EnableLocalMode\": true");
    CU_ASSERT_PTR_NOT_NULL_FATAL(config);
    const struct config_target *target = &config->targets[0];
    struct target_secrets secrets;
    char why[256];
    CU_ASSERT_STRING_EQUAL(target->database.host, "replica");
    CU_ASSERT_EQUAL(target->database.port, 6432);
    CU_ASSERT_STRING_EQUAL(target->database.name, "chat");
    CU_ASSERT_STRING_EQUAL(target->database.user, "minotor");
    CU_ASSERT_STRING_EQUAL(target->database.sslmode, "require");
    CU_ASSERT_STRING_EQUAL(target->database.sslrootcert, "");
    CU_ASSERT_FALSE(target->mattermost.gives_password);
    CU_ASSERT_STRING_EQUAL(target->api.url, "http://127.0.0.1:8065");
    CU_ASSERT_STRING_EQUAL(target->api.local_socket, "/var/tmp/mattermost_local.socket");
    CU_ASSERT_EQUAL(config->collectors[0]->secrets, CONFIG_SECRET_API);
    CU_ASSERT_EQUAL(target_secrets_read(target, CONFIG_SECRET_API, &secrets, why, sizeof why), 0);
    CU_ASSERT_STRING_EQUAL(secrets.token, "own-secret");
    CU_ASSERT_STRING_EQUAL(secrets.password, "");
    config_free(config);
    /* Another account without a password of its own does not get Mattermost's. */
    config = load(FROM_MATTERMOST "database = { user = \"minotor\"; };", "", "");
    CU_ASSERT_PTR_NOT_NULL_FATAL(config);
    CU_ASSERT_EQUAL(
        target_secrets_read(&config->targets[0], CONFIG_SECRET_DATABASE, &secrets, why, sizeof why), 0);
    CU_ASSERT_STRING_EQUAL(secrets.password, "");
    config_free(config);
}

/* Where Mattermost listens, when it has no SiteURL, or one that is not for everybody. */
static void test_address(void)
{
    static const struct {
        const char *service;
        const char *url;
    } cases[] = {
        {"", "http://localhost:8065"},
        {"\"ListenAddress\": \"127.0.0.1:80\"", "http://127.0.0.1:80"},
        {"\"ListenAddress\": \"0.0.0.0:443\", \"ConnectionSecurity\": \"TLS\"", "https://localhost:443"},
        {"\"ListenAddress\": \"[::]:8065\"", "http://localhost:8065"},
        {"\"ListenAddress\": \"[::1]:8065\"", "http://[::1]:8065"},
        {"\"ListenAddress\": \"/run/mm.sock\"", ""},
        {"\"ListenAddress\": \":http\"", ""},
        {"\"SiteURL\": \"https://user:SECRET@chat\"", "http://localhost:8065"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct config *config = load(FROM_MATTERMOST, "", cases[i].service);
        CU_ASSERT_PTR_NOT_NULL_FATAL(config);
        CU_ASSERT_STRING_EQUAL(config->targets[0].api.url, cases[i].url);
        CU_ASSERT_PTR_NULL(memmem(config, sizeof *config, "SECRET", 6));
        config_free(config);
    }
}

static void test_mistakes(void)
{
    static const struct {
        const char *target;
        const char *collector;
        const char *fault;
    } cases[] = {
        {"mattermost_config = 7;", "", "minotor.conf:3: \"mattermost_config\" is the integer 7"},
        {"mattermost_config = \"nothing.json\";", "", "nothing.json: cannot be read"},
        {"mattermost_environment = \"nothing\";", "", "nothing: cannot be read"},
        {"mattermost_config_dsn_file = \"nothing\";", "", "nothing: cannot be read (No such file"},
        {"mattermost_config_dsn_file = \"secret\";", "", "begins with neither"},
        {FROM_MATTERMOST "mattermost_config_dsn_file = \"secret\";", "", "minotor.conf:3: both"},
        {FROM_MATTERMOST "database = { driver = \"mysql\"; };", "",
         "minotor.conf:4: \"driver\" is \"mysql\""},
        {FROM_MATTERMOST "database = { name = \"\"; };", "", "\"name\" is empty"},
        {FROM_MATTERMOST "api = { uri = \"\"; };", "", "\"uri\" is no setting known here"},
        {FROM_MATTERMOST "api = { url = \"chat\"; };", "", "\"url\" is no URL that can be used"},
        {FROM_MATTERMOST "api = { url = \"http://u:SECRET@chat\"; };", "",
         "\"url\" is no URL that can be used"},
        {FROM_MATTERMOST "api = { login = \"a\"; password_file = \"secret\"; token_file = \"secret\"; };", "",
         "minotor.conf:4: both \"login\" and \"token_file\" are given"},
        {FROM_MATTERMOST "api = { login = \"a\"; };", "",
         "minotor.conf:4: \"login\" is given without a \"password_file\""},
        {FROM_MATTERMOST "api = { password_file = \"secret\"; };", "",
         "minotor.conf:4: \"password_file\" is given without a \"login\""},
        {FROM_MATTERMOST "api = { login = \"\"; password_file = \"secret\"; };", "",
         "\"password_file\" is given without a \"login\""},
        {FROM_MATTERMOST "api = { login = \"a\"; password_file = \"\"; };", "",
         "\"login\" is given without a \"password_file\""},
        {FROM_MATTERMOST "api = { login = \"\\xff\"; password_file = \"secret\"; };", "", "\"login\" is not UTF-8"},
        {FROM_MATTERMOST "api = { login = \"a\"; password_file = \"secret\"; url = \"http://chat\"; };", "",
         "minotor.conf:4: \"login\" would send its password unencrypted to \"http://chat\"; allowed are https"},
        {FROM_MATTERMOST "api = { insecure = 1; };", "", "\"insecure\""},
        {"database = { name = \"a\"; user = \"b\"; }; api = { login = \"a\"; password_file = \"secret\"; };", "",
         "no address to log in at"},
        {FROM_MATTERMOST, "secrets = \"api\";", "\"secrets\" is not a list"},
        {FROM_MATTERMOST, "secrets = [ \"all\" ];", "\"all\" is no secret of a target"},
        {"", "", "there is no \"database\" in this target"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct config *config = load(cases[i].target, cases[i].collector, "");
        CU_ASSERT_PTR_NULL(config);
        CU_ASSERT_PTR_NOT_NULL(strstr(faults_text, cases[i].fault));
        CU_ASSERT_PTR_NULL(strstr(faults_text, "SECRET"));
        config_free(config);
    }
}

/* A login is told to those workers only that have its password. */
static void test_login(void)
{
    static const char *const targets[] = {
        FROM_MATTERMOST "api = { login = \"monitor\"; password_file = \"secret\"; };",
        FROM_MATTERMOST "api = { url = \"http://chat\"; login = \"monitor\"; password_file = \"secret\";"
                        " insecure = true; token_file = \"\"; };",
    };
    for (size_t i = 0; i < 2; i++) {
        struct config *config = load(targets[i], "secrets = [ \"api\" ];", "\"SiteURL\": \"https://chat.example\"");
        struct target_secrets secrets;
        struct target_status status;
        char why[256];
        CU_ASSERT_PTR_NOT_NULL_FATAL(config);
        const struct config_target *target = &config->targets[0];
        CU_ASSERT_STRING_EQUAL(target->api.login, "monitor");
        CU_ASSERT_EQUAL(target->api.insecure, i == 1);
        CU_ASSERT_EQUAL(target_secrets_read(target, CONFIG_SECRET_DATABASE, &secrets, why, sizeof why), 0);
        CU_ASSERT_STRING_EQUAL(secrets.login_password, "");
        CU_ASSERT_EQUAL(target_secrets_read(target, CONFIG_SECRET_API, &secrets, why, sizeof why), 0);
        CU_ASSERT_STRING_EQUAL(secrets.login_password, "own-secret");
        CU_ASSERT_STRING_EQUAL(secrets.token, "");
        CU_ASSERT_PTR_NULL(memmem(config, sizeof *config, "own-secret", 10));
        target_status_take(target, &status);
        CU_ASSERT_TRUE(target_status_same(target, &status));
        put("secret", "another\n");
        CU_ASSERT_FALSE(target_status_same(target, &status));
        put("secret", "p\xfc\n");
        CU_ASSERT_EQUAL(target_secrets_read(target, CONFIG_SECRET_API, &secrets, why, sizeof why), -1);
        CU_ASSERT_PTR_NOT_NULL(strstr(why, "minotor.conf:4: password_file"));
        CU_ASSERT_PTR_NOT_NULL(strstr(why, "not UTF-8"));
        config_free(config);
    }
    struct config *one = load(targets[0], "", "\"SiteURL\": \"https://chat.example\"");
    struct config *other = load(FROM_MATTERMOST "api = { login = \"other\"; password_file = \"secret\"; };", "",
                                "\"SiteURL\": \"https://chat.example\"");
    CU_ASSERT_PTR_NOT_NULL_FATAL(one);
    CU_ASSERT_PTR_NOT_NULL_FATAL(other);
    CU_ASSERT_FALSE(config_target_equal(&one->targets[0], &other->targets[0]));
    config_free(one);
    config_free(other);
}

static void test_changes(void)
{
    struct config *one = load(FROM_MATTERMOST, "", "");
    struct config *same = load(FROM_MATTERMOST, "", "\"EnableLinkPreviews\": true");
    struct config *other = load(FROM_MATTERMOST, "", "\"SiteURL\": \"https://chat.example\"");
    struct config *third = load(FROM_MATTERMOST "database = { port = 5433; };", "", "");
    CU_ASSERT_PTR_NOT_NULL_FATAL(one);
    CU_ASSERT_TRUE(config_target_equal(&one->targets[0], &same->targets[0]));
    CU_ASSERT_FALSE(config_target_equal(&one->targets[0], &other->targets[0]));
    CU_ASSERT_FALSE(config_target_equal(&one->targets[0], &third->targets[0]));
    struct target_status status;
    target_status_take(&one->targets[0], &status);
    CU_ASSERT_TRUE(target_status_same(&one->targets[0], &status));
    put("config.json", "{}");
    CU_ASSERT_FALSE(target_status_same(&one->targets[0], &status));
    struct target_secrets secrets;
    char why[256];
    CU_ASSERT_EQUAL(target_secrets_read(&one->targets[0], CONFIG_SECRET_DATABASE, &secrets, why, sizeof why),
                    -1);
    CU_ASSERT_PTR_NOT_NULL(strstr(why, "names another database or user; reload minotord"));
    config_free(one);
    config_free(same);
    config_free(other);
    config_free(third);
}

int main(void)
{
    static CU_TestInfo tests[] = {
        {"all from Mattermost", test_all_from_mattermost},
        {"explicit fields go first", test_explicit_fields},
        {"the address of the API", test_address},
        {"a login", test_login},
        {"mistakes", test_mistakes},
        {"changes", test_changes},
        CU_TEST_INFO_NULL,
    };
    static CU_SuiteInfo suites[] = {{"target from Mattermost", make_folder, remove_folder, NULL, NULL, tests},
                                    CU_SUITE_INFO_NULL};
    /* Variables of whoever runs this must not matter. */
    clearenv();
    return cunit_tap_main(suites);
}
