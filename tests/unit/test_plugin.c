/* SPDX-License-Identifier: Apache-2.0 */
/* Descriptors that a worker refuses, each with the words that say why. */
#include "tests/tap/cunit_tap.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/contract.h"
#include "worker/plugin.h"

static int do_nothing(const struct minotor_host *host, void *state)
{
    (void)host;
    (void)state;
    return MINOTOR_OK;
}

/* A good descriptor, copied and spoiled by each test. */
static struct minotor_family families[3];
static struct minotor_setting settings[2];
static struct minotor_collector collector;
static struct plugin plugin;
static char error[PLUGIN_ERROR_MAX_BYTES];

static void make_good(void)
{
    static const struct minotor_family good_families[3] = {
        { .name = "test_posts_total", .type = MINOTOR_COUNTER, .help = "Posts.", .labels = { "kind", "team" } },
        { .name = "test_age_seconds", .type = MINOTOR_GAUGE, .unit = "seconds", .help = "Age." },
        { .name = "test_info", .type = MINOTOR_INFO, .help = "What it is.", .labels = { "version" } },
    };
    static const struct minotor_setting good_settings[2] = {
        { .name = "top", .type = MINOTOR_SETTING_INTEGER, .default_value = "5", .maximum = 10, .help = "Top." },
        { .name = "pause", .type = MINOTOR_SETTING_DURATION, .default_value = "1s", .maximum = 5000, .help = "Pause." },
    };
    memcpy(families, good_families, sizeof families);
    memcpy(settings, good_settings, sizeof settings);
    collector = (struct minotor_collector){
        MINOTOR_DESCRIPTOR,
        .name = "test",
        .version = "1.0",
        .summary = "A test",
        .author = "somebody",
        .license = "MIT",
        .families = families,
        .family_count = 3,
        .family_size = sizeof families[0],
        .settings = settings,
        .setting_count = 2,
        .setting_size = sizeof settings[0],
        .collect = do_nothing,
    };
    error[0] = '\0';
}

static void check_refused(enum exit_code code, const char *words)
{
    CU_ASSERT_EQUAL(plugin_check(&collector, "test", &plugin, error), code);
    CU_ASSERT_PTR_NOT_NULL(strstr(error, words));
    if (strstr(error, words) == NULL)
        printf("# `%s' is not in `%s'\n", words, error);
    CU_ASSERT_PTR_NULL(plugin.families);
}

#define REFUSED(change, words)                                                                                   \
    do {                                                                                                         \
        make_good();                                                                                             \
        change;                                                                                                  \
        check_refused(EXIT_CODE_PLUGIN_DESCRIPTOR, words);                                                       \
    } while (0)

static void good_one_is_copied(void)
{
    make_good();
    CU_ASSERT_EQUAL_FATAL(plugin_check(&collector, "test", &plugin, error), EXIT_CODE_DONE);
    CU_ASSERT_EQUAL(plugin.family_count, 3);
    CU_ASSERT_EQUAL(plugin.families[0].label_count, 2);
    CU_ASSERT_EQUAL(plugin.families[1].label_count, 0);
    CU_ASSERT_EQUAL(plugin.setting_count, 2);
    families[0].name = "changed_later_total";
    CU_ASSERT_STRING_EQUAL(plugin.families[0].family.name, "test_posts_total");
    plugin_destroy(&plugin);
}

static void abi_differs(void)
{
    CU_ASSERT_EQUAL(plugin_check(NULL, "test", &plugin, error), EXIT_CODE_PLUGIN_ABI);
    make_good();
    collector.magic = 0x12345678;
    check_refused(EXIT_CODE_PLUGIN_ABI, "magic number 0x12345678 instead of 0x72746e4d");
    make_good();
    collector.abi_major = 2;
    check_refused(EXIT_CODE_PLUGIN_ABI, "built for ABI 2.0, this minotor offers 1.0: rebuild it");
    make_good();
    collector.abi_minor = MINOTOR_ABI_MINOR + 1;
    check_refused(EXIT_CODE_PLUGIN_ABI, "it needs a newer minotor");
    make_good();
    collector.size = 64;
    check_refused(EXIT_CODE_PLUGIN_ABI, "says that it has 64 bytes");
}

static void longer_rows_are_stepped_over(void)
{
    struct {
        struct minotor_family family;
        uint64_t later[3];
    } long_families[2] = { { { .name = "test_a", .type = MINOTOR_GAUGE, .help = "A." }, { ~0ULL, ~0ULL, ~0ULL } },
                           { { .name = "test_b", .type = MINOTOR_GAUGE, .help = "B." }, { ~0ULL, ~0ULL, ~0ULL } } };
    struct {
        struct minotor_collector collector;
        uint64_t later[2];
    } long_collector;
    make_good();
    memset(&long_collector, 0xff, sizeof long_collector);
    long_collector.collector = collector;
    long_collector.collector.size = sizeof long_collector;
    long_collector.collector.families = &long_families[0].family;
    long_collector.collector.family_count = 2;
    long_collector.collector.family_size = sizeof long_families[0];
    CU_ASSERT_EQUAL_FATAL(plugin_check(&long_collector.collector, "test", &plugin, error), EXIT_CODE_DONE);
    CU_ASSERT_STRING_EQUAL(plugin.families[1].family.name, "test_b");
    plugin_destroy(&plugin);
}

static void words_about_itself(void)
{
    REFUSED(collector.name = NULL, "calls itself `'");
    REFUSED(collector.name = "Test", "calls itself `Test'");
    REFUSED(collector.name = "a_name_that_is_longer_than_31_bytes", "at most 31 bytes");
    REFUSED(collector.name = "other", "it is the collector other, not test");
    REFUSED(collector.version = NULL, "version is missing");
    REFUSED(collector.summary = "two\nlines", "summary is missing, or not one line");
    REFUSED(collector.author = "\xff", "author is missing, or not one line of UTF-8");
    REFUSED(collector.license = "", "license is missing");
    REFUSED(collector.needs = 6, "it needs 0x6");
    REFUSED(collector.collect = NULL, "no collect()");
}

static void families_that_are_wrong(void)
{
    static char long_name[METRIC_NAME_MAX_BYTES + 2];
    static char long_help[HELP_MAX_BYTES + 2];
    memset(long_name, 'a', sizeof long_name - 1);
    memset(long_help, 'a', sizeof long_help - 1);
    REFUSED(collector.family_count = 0, "0 families");
    REFUSED(collector.family_count = FAMILIES_MAX + 1, "1025 families");
    REFUSED(collector.families = NULL, "3 families; allowed");
    REFUSED(collector.family_size = 16, "family_size is 16");
    REFUSED(collector.family_size = sizeof families[0] + 1, "family_size");
    REFUSED(families[1].name = NULL, "family 1 has the name `'");
    REFUSED(families[1].name = "9lives", "no metric name");
    REFUSED(families[1].name = "a:b", "no metric name");
    REFUSED(families[1].name = long_name, "no metric name");
    REFUSED((families[1].name = "test_info", families[1].unit = NULL), "test_info is there twice");
    REFUSED(families[1].type = 0, "has the type 0");
    REFUSED(families[1].type = 9, "has the type 9");
    REFUSED(families[1].reserved = 1, "reserved");
    REFUSED(families[0].name = "test_posts", "must end in _total");
    REFUSED(families[0].name = "_total", "must end in _total");
    REFUSED(families[2].name = "test_infos", "must end in _info");
    REFUSED(families[1].unit = "bytes", "does not end its name");
    REFUSED(families[0].unit = "seconds", "does not end its name");
    REFUSED(families[1].help = NULL, "needs a help text");
    REFUSED(families[1].help = "", "needs a help text");
    REFUSED(families[1].help = long_help, "needs a help text");
    REFUSED(families[1].help = "bad \xc0\xaf", "needs a help text");
}

static void unit_of_a_counter_stands_before_total(void)
{
    make_good();
    families[0].name = "test_wait_seconds_total";
    families[0].unit = "seconds";
    CU_ASSERT_EQUAL(plugin_check(&collector, "test", &plugin, error), EXIT_CODE_DONE);
    plugin_destroy(&plugin);
}

static void labels_that_are_wrong(void)
{
    REFUSED(families[0].labels[1] = "kind", "label kind twice");
    REFUSED(families[0].labels[1] = "__kind", "`__kind', which is no label name");
    REFUSED(families[0].labels[1] = "a-b", "no label name");
    REFUSED(families[0].labels[1] = "", "no label name");
    REFUSED(families[0].labels[1] = "target", "label target, which is reserved");
    REFUSED(families[0].labels[1] = "le", "label le, which is reserved");
    REFUSED(families[0].labels[1] = "quantile", "label quantile, which is reserved");
    REFUSED(families[0].labels[3] = "late", "after an empty place");
}

static void settings_that_are_wrong(void)
{
    REFUSED(collector.setting_count = PLUGIN_SETTINGS_MAX + 1, "65 settings");
    REFUSED(collector.settings = NULL, "2 settings; allowed");
    REFUSED(collector.setting_size = 8, "setting_size is 8");
    REFUSED(settings[0].name = NULL, "setting 0 has the name `'");
    REFUSED(settings[0].name = "Top", "setting 0 has the name `Top'");
    REFUSED(settings[1].name = "top", "setting top is there twice");
    REFUSED(settings[0].type = 7, "has the type 7");
    REFUSED(settings[0].flags = 4, "has the flags 0x4");
    REFUSED(settings[0].minimum = 11, "minimum above its maximum");
    REFUSED(settings[0].help = NULL, "needs a help text");
    REFUSED(settings[0].default_value = NULL, "default that it would refuse itself");
    REFUSED(settings[0].default_value = "11", "allowed: an integer from 0 to 10");
    REFUSED(settings[1].default_value = "1", "allowed: a duration from");
}

static void whose_file_it_is(void)
{
    const struct trust_account me = { 1000, 1000 };
    static const struct {
        mode_t file_mode, folder_mode;
        uid_t uid;
        gid_t gid;
        const char *why; /* NULL: it is loaded */
    } CASES[] = {
        { 0755, 0755, 0, 0, NULL },
        { 0775, 0755, 0, 0, NULL },
        { 0775, 0775, 1000, 1000, NULL },
        { 0644, 01777, 1000, 50, NULL },
        { 0775, 0755, 0, 50, "the group 50 may write to it (chmod g-w)" },
        { 0757, 0755, 0, 0, "everybody may write to it (chmod o-w)" },
        { 0755, 0777, 0, 0, "everybody may replace it: its folder is open to all (chmod o-w)" },
        { 0755, 0755, 1001, 0, "it belongs to the user 1001; allowed are root and who starts minotord, 1000 (chown)" },
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        char why[256] = "";
        const struct stat file = { .st_mode = S_IFREG | CASES[i].file_mode, .st_uid = CASES[i].uid, .st_gid = CASES[i].gid };
        const struct stat folder = { .st_mode = S_IFDIR | CASES[i].folder_mode };
        CU_ASSERT_EQUAL(trust_judge(&file, &folder, &me, why, sizeof why), CASES[i].why == NULL);
        CU_ASSERT_STRING_EQUAL(why, CASES[i].why == NULL ? "" : CASES[i].why);
    }
}

static void files_that_are_no_plugin(void)
{
    const struct trust_account me = { geteuid(), getegid() };
    char why[256];
    CU_ASSERT_FALSE(trust_plugin("/nonexistent/x.so", &me, why, sizeof why));
    CU_ASSERT_STRING_EQUAL(why, "No such file or directory");
    CU_ASSERT_FALSE(trust_plugin("/", &me, why, sizeof why));
    CU_ASSERT_STRING_EQUAL(why, "it is not a regular file");
    CU_ASSERT_EQUAL(plugin_load("/etc/passwd", "it is not ours", "test", &plugin, error), EXIT_CODE_PLUGIN_FILE);
    CU_ASSERT_STRING_EQUAL(error, "it is not ours");
    CU_ASSERT_EQUAL(plugin_load("/etc/passwd", "", "test", &plugin, error), EXIT_CODE_PLUGIN_FILE);
    CU_ASSERT_PTR_NOT_NULL(strstr(error, "/etc/passwd"));
}

int main(void)
{
    CU_TestInfo tests[] = {
        { "a good one is copied", good_one_is_copied },
        { "ABI differs", abi_differs },
        { "longer rows are stepped over", longer_rows_are_stepped_over },
        { "words about itself", words_about_itself },
        { "families that are wrong", families_that_are_wrong },
        { "unit of a counter stands before _total", unit_of_a_counter_stands_before_total },
        { "labels that are wrong", labels_that_are_wrong },
        { "settings that are wrong", settings_that_are_wrong },
        { "whose file it is", whose_file_it_is },
        { "files that are no plugin", files_that_are_no_plugin },
        CU_TEST_INFO_NULL,
    };
    CU_SuiteInfo suites[] = { { .pName = "plugin", .pTests = tests }, CU_SUITE_INFO_NULL };
    return cunit_tap_main(suites);
}
