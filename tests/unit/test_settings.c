/* SPDX-License-Identifier: Apache-2.0 */
/* What a worker is told: its own settings, and those of its plugin. */
#include "tests/tap/cunit_tap.h"

#include <stdio.h>
#include <string.h>

#include "common/log.h"
#include "worker/plugin_settings.h"
#include "worker/settings.h"

static char logged[LOG_LINE_MAX_BYTES];

static void keep_line(enum log_level level, const char *text, void *context)
{
    (void)level;
    (void)context;
    snprintf(logged, sizeof logged, "%s", text);
}

static int take(struct worker_settings *worker, const char *name, const char *value)
{
    static struct control_setting setting;
    snprintf(setting.name, sizeof setting.name, "%s", name);
    snprintf(setting.value, sizeof setting.value, "%s", value);
    snprintf(setting.origin, sizeof setting.origin, "kpi.conf:3");
    logged[0] = '\0';
    return worker_settings_take(worker, &setting);
}

static void workers_own(void)
{
    static struct worker_settings worker;
    worker_settings_init(&worker);
    CU_ASSERT_EQUAL(worker.interval_ms, INTERVAL_DEFAULT_MS);
    CU_ASSERT_EQUAL(worker_settings_complete(&worker), -1);
    CU_ASSERT_STRING_EQUAL(logged, "setting slot is missing");
    CU_ASSERT_EQUAL(take(&worker, "slot", "kpi@second"), 0);
    CU_ASSERT_EQUAL(take(&worker, "collector", "kpi"), 0);
    CU_ASSERT_EQUAL(take(&worker, "plugin", "/lib/kpi.so"), 0);
    CU_ASSERT_EQUAL(take(&worker, "interval_ms", "2500"), 0);
    CU_ASSERT_EQUAL(take(&worker, "database.password", "secret"), 0);
    CU_ASSERT_EQUAL(take(&worker, "setting.reactions_top", "7"), 0);
    CU_ASSERT_EQUAL(worker_settings_complete(&worker), 0);
    CU_ASSERT_STRING_EQUAL(worker.slot, "kpi@second");
    CU_ASSERT_STRING_EQUAL(worker.database.password, "secret");
    CU_ASSERT_EQUAL(worker.interval_ms, 2500);
    CU_ASSERT_EQUAL_FATAL(worker.given_count, 1);
    CU_ASSERT_STRING_EQUAL(worker.given[0].name, "reactions_top");
    CU_ASSERT_STRING_EQUAL(worker.given[0].value, "7");
    CU_ASSERT_STRING_EQUAL(worker.given[0].origin, "kpi.conf:3");
    worker_settings_destroy(&worker);
    CU_ASSERT_EQUAL(worker.database.password[0], '\0');
}

/* What the supervisor lets pass must not be refused here: that would look as if minotord had sent rubbish. */
static void as_long_as_the_configuration_allows(void)
{
    static struct worker_settings worker;
    static const struct {
        const char *name;
        size_t bytes;
    } longest[] = {
        { "database.host", CONFIG_TEXT_BYTES },        { "database.name", CONFIG_TEXT_BYTES },
        { "database.user", CONFIG_TEXT_BYTES },        { "database.sslrootcert", CONFIG_PATH_BYTES },
        { "plugin", CONFIG_PATH_BYTES },               { "drivers", CONFIG_PATH_BYTES },
        { "database.password", SETTING_VALUE_MAX_BYTES }, { "api.token", SETTING_VALUE_MAX_BYTES },
        { "api.password", SETTING_VALUE_MAX_BYTES },   { "api.login", CONFIG_TEXT_BYTES },
    };
    worker_settings_init(&worker);
    for (size_t i = 0; i < sizeof longest / sizeof longest[0]; i++) {
        char text[SETTING_VALUE_MAX_BYTES];
        memset(text, 'x', longest[i].bytes - 1);
        text[longest[i].bytes - 1] = '\0';
        CU_ASSERT_EQUAL(take(&worker, longest[i].name, text), 0);
    }
    worker_settings_destroy(&worker);
}

static void workers_own_refused(void)
{
    static struct worker_settings worker;
    static char long_text[CONFIG_TEXT_BYTES + 1];
    memset(long_text, 'x', sizeof long_text - 1);
    worker_settings_init(&worker);
    CU_ASSERT_EQUAL(take(&worker, "colour", "red"), -1);
    CU_ASSERT_STRING_EQUAL(logged, "setting colour is not one of a worker's");
    CU_ASSERT_EQUAL(take(&worker, "interval_ms", "99"), -1);
    CU_ASSERT_STRING_EQUAL(logged, "setting interval_ms is `99'; allowed: 100 to 86400000");
    CU_ASSERT_EQUAL(take(&worker, "interval_ms", ""), -1);
    CU_ASSERT_EQUAL(take(&worker, "timeout_ms", "12x"), -1);
    CU_ASSERT_EQUAL(take(&worker, "timeout_ms", "99999999999999999999"), -1);
    CU_ASSERT_EQUAL(take(&worker, "database.user", long_text), -1);
    CU_ASSERT_STRING_EQUAL(logged, "setting database.user is longer than 255 bytes");
    for (int i = 0; i < PLUGIN_SETTINGS_MAX; i++)
        CU_ASSERT_EQUAL(take(&worker, "setting.some", "1"), 0);
    CU_ASSERT_EQUAL(take(&worker, "setting.some", "1"), -1);
    worker_settings_destroy(&worker);
}

static const struct minotor_setting declared[] = {
    { "top", MINOTOR_SETTING_INTEGER, 0, "5", 0, 100, "Top." },
    { "exact", MINOTOR_SETTING_BOOLEAN, 0, "false", 0, 0, "Exact." },
    { "pause", MINOTOR_SETTING_DURATION, 0, "1s", 100, 60000, "Pause." },
    { "prefix", MINOTOR_SETTING_TEXT, 0, "", 0, 8, "Prefix." },
    { "token", MINOTOR_SETTING_TEXT, MINOTOR_SETTING_SECRET, "none", 4, 8, "Token." },
};
#define DECLARED (sizeof declared / sizeof declared[0])

static struct plugin_settings resolved;
static char error[PLUGIN_SETTING_ERROR_BYTES];

static bool resolve(const char *name, const char *value, const char *origin)
{
    struct given_setting given = { (char *)(uintptr_t)name, (char *)(uintptr_t)value, (char *)(uintptr_t)origin, GIVEN_ANYHOW };
    error[0] = '\0';
    return plugin_settings_resolve(&resolved, declared, DECLARED, &given, 1, error);
}

static int64_t integer_of(const char *name)
{
    uint32_t type = 0;
    const struct plugin_setting_value *value = plugin_settings_find(&resolved, name, &type);
    return value != NULL ? value->integer : -1;
}

static void defaults_and_values(void)
{
    uint32_t type = 0;
    CU_ASSERT_TRUE(plugin_settings_resolve(&resolved, declared, DECLARED, NULL, 0, error));
    CU_ASSERT_EQUAL(integer_of("top"), 5);
    CU_ASSERT_EQUAL(integer_of("exact"), 0);
    CU_ASSERT_EQUAL(integer_of("pause"), 1000);
    CU_ASSERT_STRING_EQUAL(plugin_settings_find(&resolved, "token", &type)->text, "none");
    CU_ASSERT_EQUAL(type, MINOTOR_SETTING_TEXT);
    CU_ASSERT_PTR_NULL(plugin_settings_find(&resolved, "other", &type));
    CU_ASSERT_TRUE(resolve("top", "0", "f:1") && integer_of("top") == 0);
    CU_ASSERT_TRUE(resolve("top", "100", "f:1") && integer_of("top") == 100);
    CU_ASSERT_TRUE(resolve("exact", "true", "f:1") && integer_of("exact") == 1);
    CU_ASSERT_TRUE(resolve("pause", "1m", "f:1") && integer_of("pause") == 60000);
    CU_ASSERT_TRUE(resolve("prefix", "gr\xc3\xbc\xc3\x9f", "f:1"));
}

static void check_refused(const char *name, const char *value, const char *line)
{
    CU_ASSERT_FALSE(resolve(name, value, "kpi.conf:9"));
    CU_ASSERT_STRING_EQUAL(error, line);
}

static void refused_with_place_and_range(void)
{
    check_refused("top", "101", "kpi.conf:9: top = \"101\"; allowed: an integer from 0 to 100");
    check_refused("top", "-1", "kpi.conf:9: top = \"-1\"; allowed: an integer from 0 to 100");
    check_refused("top", "five", "kpi.conf:9: top = \"five\"; allowed: an integer from 0 to 100");
    check_refused("top", "", "kpi.conf:9: top = \"\"; allowed: an integer from 0 to 100");
    check_refused("top", "99999999999999999999", "kpi.conf:9: top = \"99999999999999999999\"; allowed: an integer from 0 to 100");
    check_refused("exact", "1", "kpi.conf:9: exact = \"1\"; allowed: true or false");
    check_refused("pause", "5",
                  "kpi.conf:9: pause = \"5\"; allowed: a duration from \"100ms\" to \"1m\", with a unit: ms, s, m, h or d");
    check_refused("prefix", "123456789", "kpi.conf:9: prefix = \"123456789\"; allowed: a text in UTF-8 of 0 to 8 bytes");
    check_refused("prefix", "\xff", "kpi.conf:9: prefix = \"\xff\"; allowed: a text in UTF-8 of 0 to 8 bytes");
    check_refused("token", "abc", "kpi.conf:9: token = (hidden); allowed: a text in UTF-8 of 4 to 8 bytes");
    check_refused("tops", "5", "kpi.conf:9: unknown setting tops; allowed: top, exact, pause, prefix, token");
    CU_ASSERT_FALSE(resolve("top", "x", ""));
    CU_ASSERT_STRING_EQUAL(error, "settings: top = \"x\"; allowed: an integer from 0 to 100");
}

/* A number in quotes is a text, whatever it says. */
static void refused_when_written_as_something_else(void)
{
    static const struct {
        const char *name, *value;
        enum given_kind kind;
        bool is_good;
    } cases[] = {
        { "top", "5", GIVEN_INTEGER, true },      { "top", "5", GIVEN_TEXT, false },
        { "exact", "true", GIVEN_BOOLEAN, true }, { "exact", "true", GIVEN_TEXT, false },
        { "prefix", "5", GIVEN_TEXT, true },      { "prefix", "5", GIVEN_INTEGER, false },
        { "pause", "15s", GIVEN_TEXT, true },     { "pause", "15", GIVEN_INTEGER, false },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct given_setting given = { (char *)(uintptr_t)cases[i].name, (char *)(uintptr_t)cases[i].value,
                                       (char[]){ "f:1" }, cases[i].kind };
        CU_ASSERT_EQUAL(plugin_settings_resolve(&resolved, declared, DECLARED, &given, 1, error), cases[i].is_good);
    }
    CU_ASSERT_STRING_EQUAL(error, "f:1: pause = 15; allowed: a duration from \"100ms\" to \"1m\", with a unit: ms, s, m, h or d");
}

static void unknown_where_none_is_declared(void)
{
    struct given_setting given = { (char[]){ "a" }, (char[]){ "1" }, (char[]){ "f:2" }, GIVEN_ANYHOW };
    CU_ASSERT_FALSE(plugin_settings_resolve(&resolved, NULL, 0, &given, 1, error));
    CU_ASSERT_STRING_EQUAL(error, "f:2: unknown setting a; allowed: none");
}

int main(void)
{
    CU_TestInfo tests[] = {
        { "the worker's own", workers_own },
        { "as long as the configuration allows", as_long_as_the_configuration_allows },
        { "the worker's own refused", workers_own_refused },
        { "defaults and values of a plugin's", defaults_and_values },
        { "refused with place and range", refused_with_place_and_range },
        { "refused when written as something else", refused_when_written_as_something_else },
        { "unknown where none is declared", unknown_where_none_is_declared },
        CU_TEST_INFO_NULL,
    };
    CU_SuiteInfo suites[] = { { .pName = "settings", .pTests = tests }, CU_SUITE_INFO_NULL };
    log_set_sink(keep_line, NULL);
    return cunit_tap_main(suites);
}
