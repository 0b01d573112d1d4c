/* SPDX-License-Identifier: Apache-2.0 */
/* What is told of a confinement, and what strict makes of it. That the kernel does it, system tests look at. */
#include "tests/tap/cunit_tap.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/log.h"
#include "common/sandbox.h"

static char logged[LOG_LINE_MAX_BYTES];

static void keep_line(enum log_level level, const char *text, void *context)
{
    (void)level;
    (void)context;
    snprintf(logged, sizeof logged, "%s", text);
}

static int take(struct sandbox *sandbox, const char *name, const char *value)
{
    static struct control_setting setting;
    snprintf(setting.name, sizeof setting.name, "%s", name);
    snprintf(setting.value, sizeof setting.value, "%s", value);
    return sandbox_take_setting(sandbox, &setting);
}

/* A strict child with a broker for which everything went well. */
static void make_whole(struct sandbox *sandbox, enum sandbox_profile profile)
{
    sandbox_init(sandbox, profile);
    CU_ASSERT_EQUAL(take(sandbox, "sandbox", "strict"), 0);
    CU_ASSERT_EQUAL(take(sandbox, "broker", "1"), 0);
    for (unsigned i = 0; i < LAYER_COUNT; i++)
        sandbox_set(sandbox, (enum sandbox_layer)i, LAYER_APPLIED, NULL);
    sandbox->report.landlock_abi = 7;
}

static void test_settings(void)
{
    struct sandbox sandbox;
    sandbox_init(&sandbox, SANDBOX_WORKER);
    CU_ASSERT_EQUAL(sandbox.choice.policy, SANDBOX_BEST_EFFORT);
    CU_ASSERT_EQUAL(take(&sandbox, "sandbox", "off"), 0);
    CU_ASSERT_EQUAL(take(&sandbox, "sandbox_without", "ipc,seccomp"), 0);
    CU_ASSERT_EQUAL(take(&sandbox, "sandbox_unknown", "kill"), 0);
    CU_ASSERT_EQUAL(take(&sandbox, "broker", "0"), 0);
    CU_ASSERT_EQUAL(sandbox.choice.policy, SANDBOX_OFF);
    CU_ASSERT_EQUAL(sandbox.choice.without, 1U << LAYER_IPC | 1U << LAYER_SECCOMP);
    CU_ASSERT_TRUE(sandbox.choice.kills_unknown && !sandbox.has_broker);
    CU_ASSERT_EQUAL(take(&sandbox, "slot", "kpi"), 1);
    CU_ASSERT_EQUAL(take(&sandbox, "sandbox", "lenient"), -1);
    CU_ASSERT_STRING_EQUAL(logged, "setting sandbox has a value that is unknown");
    CU_ASSERT_EQUAL(take(&sandbox, "sandbox_without", "ipc,walls"), -1);
}

static void test_what_is_told(void)
{
    struct sandbox sandbox;
    sandbox_init(&sandbox, SANDBOX_WORKER);
    sandbox_set(&sandbox, LAYER_IPC, LAYER_APPLIED, "of no interest");
    sandbox_set(&sandbox, LAYER_USER, LAYER_UNNEEDED, NULL);
    CU_ASSERT_STRING_EQUAL(sandbox.report.detail, "");
    sandbox_set(&sandbox, LAYER_LANDLOCK, LAYER_PARTIAL, "ABI 4");
    sandbox_set(&sandbox, LAYER_SECCOMP, LAYER_MISSING, NULL);
    CU_ASSERT_STRING_EQUAL(sandbox.report.detail, "landlock is partial (ABI 4); seccomp is missing");
    for (unsigned i = 0; i < 50; i++) /* cut, not overrun */
        sandbox_set(&sandbox, LAYER_NETWORK, LAYER_MISSING, "Operation not permitted");
    CU_ASSERT_EQUAL(strlen(sandbox.report.detail), sizeof sandbox.report.detail - 1);
}

static const struct {
    enum sandbox_profile profile;
    enum sandbox_layer layer;
    enum layer_state state;
    unsigned abi;
    int result;
} JUDGED[] = {
    { SANDBOX_WORKER, LAYER_IPC, LAYER_APPLIED, 7, 0 },
    { SANDBOX_WORKER, LAYER_LIMITS, LAYER_MISSING, 7, -1 },
    { SANDBOX_WORKER, LAYER_CAPABILITIES, LAYER_PARTIAL, 7, -1 },
    { SANDBOX_WORKER, LAYER_CAPABILITIES, LAYER_UNNEEDED, 7, 0 },
    { SANDBOX_WORKER, LAYER_NETWORK, LAYER_MISSING, 7, 0 }, /* seccomp and broker close that door */
    { SANDBOX_WORKER, LAYER_IPC, LAYER_MISSING, 7, 0 },
    { SANDBOX_WORKER, LAYER_WRITE_EXECUTE, LAYER_MISSING, 7, -1 },
    { SANDBOX_WORKER, LAYER_WRITE_EXECUTE, LAYER_OFF, 7, 0 },
    { SANDBOX_WORKER, LAYER_LANDLOCK, LAYER_PARTIAL, 3, -1 },
    { SANDBOX_WORKER, LAYER_LANDLOCK, LAYER_PARTIAL, 4, 0 },
    { SANDBOX_WORKER, LAYER_LANDLOCK, LAYER_MISSING, 0, -1 },
    { SANDBOX_WORKER, LAYER_SECCOMP, LAYER_PARTIAL, 7, -1 },
    { SANDBOX_WORKER, LAYER_SECCOMP, LAYER_OFF, 7, 0 },
    { SANDBOX_FRONT, LAYER_NETWORK, LAYER_MISSING, 7, 0 },
    { SANDBOX_FRONT, LAYER_SECCOMP, LAYER_MISSING, 7, -1 },
    { SANDBOX_BROKER, LAYER_LANDLOCK, LAYER_MISSING, 0, -1 },
};

static void test_strict(void)
{
    for (size_t i = 0; i < sizeof JUDGED / sizeof JUDGED[0]; i++) {
        struct sandbox sandbox;
        make_whole(&sandbox, JUDGED[i].profile);
        sandbox_set(&sandbox, JUDGED[i].layer, JUDGED[i].state, NULL);
        sandbox.report.landlock_abi = (uint8_t)JUDGED[i].abi;
        CU_ASSERT_EQUAL(sandbox_judge(&sandbox), JUDGED[i].result);
        sandbox.choice.policy = SANDBOX_BEST_EFFORT;
        CU_ASSERT_EQUAL(sandbox_judge(&sandbox), 0);
    }
}

static void test_strict_without_a_broker(void)
{
    struct sandbox sandbox;
    make_whole(&sandbox, SANDBOX_WORKER);
    sandbox.has_broker = false;
    CU_ASSERT_EQUAL(sandbox_judge(&sandbox), -1);
    CU_ASSERT_STRING_EQUAL(logged, "sandbox is \"strict\", but broker is missing (it connects by itself)");
    CU_ASSERT_EQUAL(sandbox.report.state[LAYER_BROKER], LAYER_MISSING);
    make_whole(&sandbox, SANDBOX_WORKER);
    sandbox.has_broker = false;
    CU_ASSERT_EQUAL(take(&sandbox, "sandbox_without", "broker"), 0);
    CU_ASSERT_EQUAL(sandbox_judge(&sandbox), 0);
    CU_ASSERT_EQUAL(sandbox.report.state[LAYER_BROKER], LAYER_OFF);
    sandbox_set(&sandbox, LAYER_NETWORK, LAYER_MISSING, NULL); /* now nothing closes that door */
    CU_ASSERT_EQUAL(sandbox_judge(&sandbox), -1);
}

static void test_two_doors_are_not_one(void)
{
    struct sandbox sandbox;
    make_whole(&sandbox, SANDBOX_WORKER);
    sandbox_set(&sandbox, LAYER_NETWORK, LAYER_MISSING, NULL);
    sandbox_set(&sandbox, LAYER_SECCOMP, LAYER_OFF, NULL);
    CU_ASSERT_EQUAL(sandbox_judge(&sandbox), -1);
}

/* In a user namespace root's files look like a stranger's, which libpq refuses as a key. */
static int leave_with_a_secret(const char *secret)
{
    static const struct sandbox_rules nothing;
    struct sandbox_rules rules = nothing;
    struct sandbox sandbox;
    if (geteuid() == 0 && (setgid(65534) != 0 || setuid(65534) != 0))
        return 100;
    sandbox_init(&sandbox, SANDBOX_FRONT);
    rules.secret = secret;
    sandbox_leave_namespaces(&sandbox, &rules);
    return strstr(sandbox.report.detail, "network is missing (a file that it has to read belongs to another") != NULL;
}

static int in_a_child(const char *secret)
{
    int status = 0;
    pid_t child = fork();
    if (child == 0)
        _exit(leave_with_a_secret(secret));
    CU_ASSERT_EQUAL(waitpid(child, &status, 0), child);
    return WEXITSTATUS(status);
}

static void test_a_key_that_is_not_ours(void)
{
    CU_ASSERT_EQUAL(in_a_child("/etc/passwd"), 1);
    CU_ASSERT_EQUAL(in_a_child("/nonexistent"), 0);
    CU_ASSERT_EQUAL(in_a_child(NULL), 0);
}

int main(void)
{
    static CU_TestInfo tests[] = {
        { "settings", test_settings },
        { "what is told", test_what_is_told },
        { "strict", test_strict },
        { "strict without a broker", test_strict_without_a_broker },
        { "two doors are not one", test_two_doors_are_not_one },
        { "a key that is not ours", test_a_key_that_is_not_ours },
        CU_TEST_INFO_NULL,
    };
    static CU_SuiteInfo suites[] = { { "sandbox", NULL, NULL, NULL, NULL, tests }, CU_SUITE_INFO_NULL };
    log_set_sink(keep_line, NULL);
    return cunit_tap_main(suites);
}
