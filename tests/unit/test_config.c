/* SPDX-License-Identifier: Apache-2.0 */
/* The configuration: what is taken, and that each kind of mistake is one line with its place. */
#include "tests/tap/cunit_tap.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "supervisor/config.h"

static char folder[] = "/tmp/minotor-test-XXXXXX";
static char main_path[sizeof folder + 32];
static char collector_path[sizeof folder + 32];
static char said[8192];
static unsigned lines_said;

static const char ONE_TARGET[] = "targets = ( { name = \"chat\";\n"
                                 "  database = { name = \"mattermost\"; user = \"minotor\"; };\n"
                                 "} );\n";

static void write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    fputs(text, file);
    fclose(file);
}

static int make_folder(void)
{
    char collectors[sizeof folder + 32];
    if (mkdtemp(folder) == NULL)
        return -1;
    snprintf(collectors, sizeof collectors, "%s/collectors.d", folder);
    snprintf(main_path, sizeof main_path, "%s/minotor.conf", folder);
    snprintf(collector_path, sizeof collector_path, "%s/collectors.d/kpi.conf", folder);
    return mkdir(collectors, 0700);
}

static int remove_folder(void)
{
    char collectors[sizeof folder + 32];
    snprintf(collectors, sizeof collectors, "%s/collectors.d", folder);
    unlink(main_path);
    unlink(collector_path);
    rmdir(collectors);
    return rmdir(folder);
}

static void hear(const char *line, void *context)
{
    (void)context;
    lines_said++;
    size_t size = strlen(said);
    snprintf(said + size, sizeof said - size, "%s\n", line);
}

/* "user" must name an account when the tests are run by root. */
static struct config *load(const char *main_text, const char *collector_text,
                           const struct config_overrides *overrides)
{
    struct config_faults faults = {.report = hear};
    char text[8192];
    said[0] = '\0';
    lines_said = 0;
    snprintf(text, sizeof text, "%s", main_text);
    if (strstr(text, "user = \"no") == NULL)
        snprintf(text, sizeof text, "user = \"root\"; %s", main_text);
    write_file(main_path, text);
    if (collector_text == NULL)
        unlink(collector_path);
    else
        write_file(collector_path, collector_text);
    struct config *config = config_load(main_path, overrides, NULL, &faults);
    CU_ASSERT_EQUAL(faults.count, lines_said);
    CU_ASSERT_EQUAL(config == NULL, faults.count > 0);
    return config;
}

static void test_defaults(void)
{
    struct config *config = load(ONE_TARGET, "", NULL);
    CU_ASSERT_PTR_NOT_NULL_FATAL(config);
    CU_ASSERT_EQUAL(config->listen_count, 1);
    CU_ASSERT_STRING_EQUAL(config->listen[0].text, "127.0.0.1:9806");
    CU_ASSERT_EQUAL(config->log_level, LOG_LEVEL_INFO);
    CU_ASSERT_STRING_EQUAL(config->state_file, PKGSTATEDIR "/state");
    CU_ASSERT_STRING_EQUAL(config->state_file_origin, main_path);
    CU_ASSERT_EQUAL(config->target_count, 1);
    const struct config_database *database = &config->targets[0].database;
    CU_ASSERT_EQUAL(database->driver, CONFIG_DRIVER_POSTGRESQL);
    CU_ASSERT_STRING_EQUAL(database->host, "localhost");
    CU_ASSERT_EQUAL(database->port, 5432);
    CU_ASSERT_STRING_EQUAL(database->sslmode, "prefer");
    CU_ASSERT_STRING_EQUAL(database->password_file, "");
    CU_ASSERT_EQUAL_FATAL(config->collector_count, 1);
    const struct config_collector *kpi = config->collectors[0];
    CU_ASSERT_STRING_EQUAL(kpi->name, "kpi");
    CU_ASSERT_TRUE(kpi->enabled);
    CU_ASSERT_EQUAL(kpi->interval_ms, INTERVAL_DEFAULT_MS);
    CU_ASSERT_EQUAL(kpi->timeout_ms, TIMEOUT_DEFAULT_MS);
    CU_ASSERT_EQUAL(kpi->stale_after_ms, 3 * INTERVAL_DEFAULT_MS);
    CU_ASSERT_EQUAL(kpi->targets, 1);
    CU_ASSERT_PTR_NOT_NULL(strstr(kpi->plugin, "/kpi.so"));
    config_free(config);
}

static void test_everything_said(void)
{
    struct config *config = load(
        "log = { level = \"debug\"; format = \"json\"; };\n"
        "web = { listen = [ \"0.0.0.0:1\", \"[::1]:0\", \":2\", \"localhost:3\" ]; insecure = true; };\n"
        "state_file = \"s\";\n"
        "paths = { worker = \"w\"; front = \"/f\"; collectors = \"/c\"; drivers = \"/d\"; };\n"
        "targets = ( { name = \"one\"; database = { driver = \"mysql\"; host = \"h\"; name = \"n\"; user = "
        "\"u\";\n"
        "  password_file = \"secret\"; sslmode = \"verify-full\"; sslrootcert = \"\"; }; },\n"
        "  { name = \"two\"; database = { port = 1; name = \"n\"; user = \"u\"; }; } );\n",
        "collector = \"other\"; enabled = false; interval = \"5m\"; timeout = \"2s\"; stale_after = \"1h\";\n"
        "targets = [ \"two\" ]; plugin = \"/p.so\";\n"
        "settings = { number = -5; big = 5000000000L; yes = true; text = \"\xc3\xa4\"; };\n",
        NULL);
    CU_ASSERT_PTR_NOT_NULL_FATAL(config);
    CU_ASSERT_EQUAL(config->log_level, LOG_LEVEL_DEBUG);
    CU_ASSERT_EQUAL(config->log_format, LOG_FORMAT_JSON);
    CU_ASSERT_EQUAL(config->listen_count, 4);
    char path[sizeof folder + 32];
    snprintf(path, sizeof path, "%s/s", folder);
    CU_ASSERT_STRING_EQUAL(config->state_file, path);
    CU_ASSERT_PTR_NOT_NULL(strstr(config->state_file_origin, "minotor.conf:3"));
    snprintf(path, sizeof path, "%s/w", folder);
    CU_ASSERT_STRING_EQUAL(config->paths.worker, path);
    CU_ASSERT_STRING_EQUAL(config->paths.front, "/f");
    CU_ASSERT_EQUAL(config->targets[0].database.port, 3306);
    snprintf(path, sizeof path, "%s/secret", folder);
    CU_ASSERT_STRING_EQUAL(config->targets[0].database.password_file, path);
    CU_ASSERT_STRING_EQUAL(config->targets[0].database.sslrootcert, "");
    CU_ASSERT_EQUAL(config->targets[1].database.port, 1);
    const struct config_collector *other = config->collectors[0];
    CU_ASSERT_STRING_EQUAL(other->name, "other");
    CU_ASSERT_FALSE(other->enabled);
    CU_ASSERT_EQUAL(other->interval_ms, 300000);
    CU_ASSERT_EQUAL(other->targets, 2);
    CU_ASSERT_EQUAL_FATAL(other->setting_count, 4);
    CU_ASSERT_STRING_EQUAL(other->settings[0].value, "-5");
    CU_ASSERT_STRING_EQUAL(other->settings[1].value, "5000000000");
    CU_ASSERT_STRING_EQUAL(other->settings[2].value, "true");
    CU_ASSERT_STRING_EQUAL(other->settings[3].value, "\xc3\xa4");
    CU_ASSERT_PTR_NOT_NULL(strstr(other->settings[0].origin, "kpi.conf:3"));
    config_free(config);
}

static void test_the_command_line_wins(void)
{
    const struct config_overrides overrides = {
        .listen = {"[::1]:7", "127.0.0.2:8"}, .listen_count = 2, .log_level = "error", .log_format = "json"};
    char text[1024];
    snprintf(text, sizeof text, "log = { level = \"debug\"; };\nweb = { listen = [ \"127.0.0.1:1\" ]; };\n%s",
             ONE_TARGET);
    struct config *config = load(text, "", &overrides);
    CU_ASSERT_PTR_NOT_NULL_FATAL(config);
    CU_ASSERT_EQUAL(config->listen_count, 2);
    CU_ASSERT_STRING_EQUAL(config->listen[0].text, "[::1]:7");
    CU_ASSERT_EQUAL(config->log_level, LOG_LEVEL_ERROR);
    CU_ASSERT_EQUAL(config->log_format, LOG_FORMAT_JSON);
    config_free(config);
    /* A public address is refused wherever it comes from. */
    const struct config_overrides public = {.listen = {":9806"}, .listen_count = 1};
    CU_ASSERT_PTR_NULL(load(ONE_TARGET, "", &public));
    CU_ASSERT_PTR_NOT_NULL(strstr(said, "--web.listen-address: \":9806\""));
}

/* A mistake in minotor.conf: the line on which it is, and words of the message. */
static const struct {
    const char *text;
    unsigned line; /* 0: of the file as a whole */
    const char *words;
} MAIN_MISTAKES[] = {
    {"web = { listen = [ };", 1, "syntax error"},
    {"colour = 1;", 1, "\"colour\" is no setting known here; allowed are user, log, web"},
    {"log = 5;", 1, "\"log\" is the integer 5; allowed is a group"},
    {"log = { level = \"loud\"; };", 1, "the text \"loud\"; allowed is one of error, warning, info, debug"},
    {"log = { level = 3; };", 1, "\"level\" is the integer 3"},
    {"log = { format = \"xml\"; };", 1, "allowed is one of logfmt, json"},
    {"sandbox = 1;", 1, "\"sandbox\" is the integer 1"},
    {"sandbox_without = [ \"limits\" ];", 1, "\"limits\" is no layer that can be left out"},
    {"worker_uids = \"61184\";", 1, "at least 64 numbers of accounts"},
    {"worker_uids = \"61184-61246\";", 1, "at least 64 numbers of accounts"},
    {"worker_uids = \"0-1000\";", 1, "\"worker_uids\" is \"0-1000\""},
    {"worker_uids = \"100-4294967295\";", 1, "\"worker_uids\" is"},
    {"worker_uids = \"61184-61247 \";", 1, "\"worker_uids\" is"},
    {"worker_uids = 61184;", 1, "the integer 61184"},
    {"web = {\n listen = \"x\"; };", 2, "\"listen\" is not a list"},
    {"web = {\n listen = [ ]; };", 2, "\"listen\" is not a list of 1 to"},
    {"web = {\n listen = [ 5 ]; };", 2, "the integer 5"},
    {"web = {\n listen = [ \"mattermost.example:80\" ]; };", 2, "is no address to listen on"},
    {"web = {\n listen = [ \"127.0.0.1:70000\" ]; };", 2, "127.0.0.1:70000"},
    {"web = {\n listen = [ \"0.0.0.0:80\" ]; };", 2, "insecure = true"},
    {"web = {\n listen = [ \"[::ffff:8.8.8.8]:80\" ]; };", 2, "insecure = true"},
    {"web = { insecure = \"yes\"; };", 1, "allowed is true or false"},
    {"collectors_dir = \"elsewhere\";", 0, "elsewhere\", which cannot be read (No such file or directory)"},
    {"state_file = 5;", 1, "\"state_file\" is the integer 5"},
    {"state_file = \"a\\n\";", 1, "control characters"},
    {"paths = { worker = \"\"; };", 1, "the path of a file"},
    {"paths = { pingback = \"/x\"; };", 1, "pingback"},
    {"targets = 5;", 1, "allowed is a list of 1 to"},
    {"targets = ( 5 );", 1, "a target is the integer 5"},
    {"targets = ( { database = { name = \"n\"; user = \"u\"; }; } );", 1,
     "there is no \"name\" in this target"},
    {"targets = ( { name = \"Chat 1\"; database = { name = \"n\"; user = \"u\"; }; } );", 1,
     "Chat 1\"; allowed are a to z"},
    {"targets = ( { name = \"a\"; } );", 1, "there is no \"database\""},
    {"targets = ( { name = \"a\"; database = { user = \"u\"; }; } );", 1,
     "there is no \"name\" in this group"},
    {"targets = ( { name = \"a\"; database = { name = \"\"; user = \"u\"; }; } );", 1, "\"name\" is empty"},
    {"targets = ( { name = \"a\"; database = { name = \"n\"; user = \"u\";\n port = 65536; }; } );", 2,
     "\"port\" is the integer 65536; allowed is an integer from 1 to 65535"},
    {"targets = ( { name = \"a\"; database = { name = \"n\"; user = \"u\";\n port = \"x\"; }; } );", 2,
     "the text \"x\""},
    {"targets = ( { name = \"a\"; database = { name = \"n\"; user = \"u\";\n driver = \"oracle\"; }; } );", 2,
     "allowed is one of postgresql, mysql"},
    {"targets = ( { name = \"a\"; database = { name = \"n\"; user = \"u\";\n sslmode = \"maybe\"; }; } );", 2,
     "verify-full"},
    {"targets = ( { name = \"a\"; database = { name = \"n\"; user = \"u\\n\"; }; } );", 1,
     "control characters"},
    {"targets = ( { name = \"a\"; database = { name = \"n\"; user = \"u\";\n password = \"hunter2\"; }; } );",
     2, "password_file"},
    {"targets = ( { name = \"a\"; database = { name = \"n\"; user = \"u\"; }; },\n"
     "{ name = \"a\"; database = { name = \"n\"; user = \"u\"; }; } );",
     2, "taken already at"},
    {"log = { };\nlog = { };", 2, "duplicate"},
    {"# \xff", 0, "UTF-8"},
    /* libconfig ends the process when it includes a folder, and waits for ever for a pipe. */
    {"\n\n \t@include \"collectors.d\"\n", 3, "files cannot be included here"},
};

static void expect_one_line(const char *path, unsigned line, const char *words)
{
    char place[256];
    if (line == 0)
        snprintf(place, sizeof place, "%s: ", path);
    else
        snprintf(place, sizeof place, "%s:%u: ", path, line);
    if (lines_said != 1 || strncmp(said, place, strlen(place)) != 0 || strstr(said, words) == NULL)
        printf("# expected %s ... %s\n# found %s", place, words, said);
    CU_ASSERT_EQUAL(lines_said, 1);
    CU_ASSERT_EQUAL(strncmp(said, place, strlen(place)), 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(said, words));
    CU_ASSERT_PTR_NULL(strstr(said, "hunter2"));
}

static void test_mistakes_in_the_main_file(void)
{
    for (size_t i = 0; i < sizeof MAIN_MISTAKES / sizeof MAIN_MISTAKES[0]; i++) {
        CU_ASSERT_PTR_NULL(load(MAIN_MISTAKES[i].text, NULL, NULL));
        expect_one_line(main_path, MAIN_MISTAKES[i].line, MAIN_MISTAKES[i].words);
    }
}

/* The same in collectors.d/kpi.conf. */
static const struct {
    const char *text;
    unsigned line;
    const char *words;
} COLLECTOR_MISTAKES[] = {
    {"\nintervall = \"1s\";", 2, "\"intervall\" is no setting known here; allowed are enabled"},
    {"enabled = 1;", 1, "allowed is true or false"},
    {"interval = 15;", 1, "the integer 15; allowed is a duration from \"100ms\" to \"24h\""},
    {"interval = \"15\";", 1, "with a unit"},
    {"interval = \"99ms\";", 1, "99ms"},
    {"interval = \"25h\";", 1, "25h"},
    {"interval = \"5s\";\ntimeout = \"6s\";", 2, "allowed is a duration from \"50ms\" to \"5s\""},
    {"interval = \"5s\";\nstale_after = \"1s\";", 2, "\"5s\""},
    {"collector = \"No Word\";", 1, "No Word"},
    {"plugin = \"kpi.so\";", 1, "allowed is an absolute path"},
    {"targets = \"chat\";", 1, "not a list of names"},
    {"targets = [ ];", 1, "not a list of names"},
    {"targets = [ \"chatt\" ];", 1, "\"chatt\" is no target"},
    {"sandbox = \"none\";", 1, "allowed is one of strict, best-effort, off"},
    {"sandbox_without = \"landlock\";", 1, "is not a list; allowed is"},
    {"sandbox_without = [\n\"user\" ];", 2, "\"user\" is no layer that can be left out; allowed are capabilities,network"},
    {"sandbox_without = [ 1 ];", 1, "allowed"},
    {"sandbox_unknown = \"ignore\";", 1, "allowed is one of refuse, kill"},
    {"settings = [ 1 ];", 1, "allowed is a group"},
    {"settings = {\n a = 1.5; };", 2, "the number 1.5; allowed is a text"},
    {"settings = {\n a = { }; };", 2, "\"a\" is a group"},
    {"settings = {\n Big = 1; };", 2, "\"Big\" is no name of a setting"},
};

static void test_mistakes_in_a_collector_file(void)
{
    for (size_t i = 0; i < sizeof COLLECTOR_MISTAKES / sizeof COLLECTOR_MISTAKES[0]; i++) {
        CU_ASSERT_PTR_NULL(load(ONE_TARGET, COLLECTOR_MISTAKES[i].text, NULL));
        expect_one_line(collector_path, COLLECTOR_MISTAKES[i].line, COLLECTOR_MISTAKES[i].words);
    }
}

/* Of minotor.conf, and of a collector's file, which goes before it. */
static void test_confinement(void)
{
    char text[2048];
    struct config *config = load(ONE_TARGET, "", NULL);
    CU_ASSERT_PTR_NOT_NULL_FATAL(config);
    CU_ASSERT_EQUAL(config->sandbox.policy, SANDBOX_BEST_EFFORT);
    CU_ASSERT_EQUAL(config->sandbox.without, 0);
    CU_ASSERT_EQUAL(config->worker_uid_first, 0);
    config_free(config);
    snprintf(text, sizeof text,
             "sandbox = \"strict\"; sandbox_without = [ \"landlock\", \"broker\" ]; sandbox_unknown = \"kill\";\n"
             "worker_uids = \"61184-61247\";\n%s", ONE_TARGET);
    const unsigned two = 1U << LAYER_LANDLOCK | 1U << LAYER_BROKER;
    config = load(text, "", NULL);
    CU_ASSERT_PTR_NOT_NULL_FATAL(config);
    CU_ASSERT_EQUAL(config->sandbox.policy, SANDBOX_STRICT);
    CU_ASSERT_EQUAL(config->sandbox.without, two);
    CU_ASSERT_TRUE(config->sandbox.kills_unknown);
    CU_ASSERT_TRUE(sandbox_choice_equal(&config->collectors[0]->sandbox, &config->sandbox));
    CU_ASSERT_TRUE(sandbox_choice_equal(&config->row_reader.sandbox, &config->sandbox));
    CU_ASSERT_EQUAL(config->worker_uid_first, geteuid() == 0 ? 61184 : 0);
    struct config *other = load(text, "sandbox = \"off\"; sandbox_without = [ ];", NULL);
    CU_ASSERT_PTR_NOT_NULL_FATAL(other);
    CU_ASSERT_EQUAL(other->collectors[0]->sandbox.policy, SANDBOX_OFF);
    CU_ASSERT_EQUAL(other->collectors[0]->sandbox.without, 0);
    CU_ASSERT_TRUE(other->collectors[0]->sandbox.kills_unknown);
    CU_ASSERT_FALSE(config_collector_equal(config->collectors[0], other->collectors[0]));
    config_free(config);
    config_free(other);
}

static void test_a_collector_without_a_target(void)
{
    CU_ASSERT_PTR_NULL(load("", "", NULL));
    expect_one_line(collector_path, 0, "there is no target");
    struct config *config = load("", "enabled = false;", NULL);
    CU_ASSERT_PTR_NOT_NULL(config);
    config_free(config);
}

static void test_all_mistakes_are_told_at_once(void)
{
    CU_ASSERT_PTR_NULL(load("log = { level = 1; };\ncolour = 1;\nweb = { insecure = 1; };", NULL, NULL));
    CU_ASSERT_EQUAL(lines_said, 3);
}

static void test_files_that_are_none(void)
{
    struct config_faults faults = {.report = hear};
    said[0] = '\0';
    CU_ASSERT_PTR_NULL(config_load(folder, NULL, NULL, &faults));
    CU_ASSERT_PTR_NOT_NULL(strstr(said, "is not a file"));
    CU_ASSERT_PTR_NULL(config_load("/nonexistent/minotor.conf", NULL, NULL, &faults));
    CU_ASSERT_PTR_NOT_NULL(
        strstr(said, "/nonexistent/minotor.conf: cannot be read (No such file or directory)"));
}

static void test_an_unknown_user(void)
{
    if (geteuid() != 0) {
        cunit_tap_skip("only root changes the user");
        return;
    }
    CU_ASSERT_PTR_NULL(load("user = \"no-such-user\";", NULL, NULL));
    expect_one_line(main_path, 1, "no-such-user\", which does not exist");
}

static void test_equality(void)
{
    struct config *one = load(ONE_TARGET, "settings = { a = 1; };", NULL);
    struct config *other = load(ONE_TARGET, "\n\n\nsettings = { a = 1; };", NULL);
    struct config *third = load(ONE_TARGET, "settings = { a = 2; };", NULL);
    CU_ASSERT_FATAL(one != NULL && other != NULL && third != NULL);
    CU_ASSERT_TRUE(config_collector_equal(one->collectors[0], other->collectors[0]));
    CU_ASSERT_FALSE(config_collector_equal(one->collectors[0], third->collectors[0]));
    CU_ASSERT_TRUE(config_database_equal(&one->targets[0].database, &third->targets[0].database));
    third->targets[0].database.port++;
    CU_ASSERT_FALSE(config_database_equal(&one->targets[0].database, &third->targets[0].database));
    config_free(one);
    config_free(other);
    config_free(third);
}

static void test_no_state_file(void)
{
    char text[1024];
    snprintf(text, sizeof text, "state_file = \"\"; %s", ONE_TARGET);
    struct config *config = load(text, "", NULL);
    CU_ASSERT_PTR_NOT_NULL_FATAL(config);
    CU_ASSERT_STRING_EQUAL(config->state_file, "");
    config_free(config);
}

/* What a database is told from another one by; who reads it, and how, makes no difference. */
static void test_places(void)
{
    struct config *config = load(ONE_TARGET, "", NULL);
    CU_ASSERT_PTR_NOT_NULL_FATAL(config);
    const struct config_target *target = &config->targets[0];
    struct config_target other = *target;
    uint64_t place = config_target_place(target);
    snprintf(other.name, sizeof other.name, "elsewhere");
    snprintf(other.database.user, sizeof other.database.user, "somebody");
    snprintf(other.database.sslmode, sizeof other.database.sslmode, "require");
    other.database.connections.max++;
    CU_ASSERT_EQUAL(config_target_place(&other), place);
    other.database.port++;
    CU_ASSERT_NOT_EQUAL(config_target_place(&other), place);
    other = *target;
    other.database.driver = CONFIG_DRIVER_MYSQL;
    CU_ASSERT_NOT_EQUAL(config_target_place(&other), place);
    char *const texts[] = {other.database.host, other.database.name, other.database.search_path};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        other = *target;
        strcat(texts[i], "x");
        CU_ASSERT_NOT_EQUAL(config_target_place(&other), place);
    }
    config_free(config);
}

static bool read_shipped(const char *name, char *out, size_t out_bytes)
{
    char path[1024];
    const char *source = getenv("top_srcdir");
    snprintf(path, sizeof path, "%s/etc/%s", source == NULL ? "." : source, name);
    FILE *file = fopen(path, "r");
    if (file == NULL)
        return false;
    out[fread(out, 1, out_bytes - 1, file)] = '\0';
    fclose(file);
    return true;
}

static void test_what_is_shipped(void)
{
    char main_text[8000];
    char collector_text[4000];
    if (!read_shipped("minotor.conf", main_text, sizeof main_text) ||
        !read_shipped("collectors.d/kpi.conf", collector_text, sizeof collector_text)) {
        cunit_tap_skip("etc/minotor.conf is not there: top_srcdir does not name the source tree");
        return;
    }
    struct config *config = load(main_text, collector_text, NULL);
    CU_ASSERT_STRING_EQUAL(said, "");
    CU_ASSERT_PTR_NOT_NULL_FATAL(config);
    CU_ASSERT_EQUAL(config->target_count, 1);
    CU_ASSERT_EQUAL(config->collector_count, 1);
    config_free(config);
}

int main(void)
{
    static CU_TestInfo tests[] = {
        {"defaults", test_defaults},
        {"everything said", test_everything_said},
        {"the command line wins", test_the_command_line_wins},
        {"mistakes in minotor.conf", test_mistakes_in_the_main_file},
        {"mistakes in a collector's file", test_mistakes_in_a_collector_file},
        {"confinement", test_confinement},
        {"a collector without a target", test_a_collector_without_a_target},
        {"all mistakes are told at once", test_all_mistakes_are_told_at_once},
        {"files that are none", test_files_that_are_none},
        {"an unknown user", test_an_unknown_user},
        {"equality", test_equality},
        {"no state file", test_no_state_file},
        {"places", test_places},
        {"the files that are shipped", test_what_is_shipped},
        CU_TEST_INFO_NULL,
    };
    static CU_SuiteInfo suites[] = {{"config", make_folder, remove_folder, NULL, NULL, tests},
                                    CU_SUITE_INFO_NULL};
    return cunit_tap_main(suites);
}
