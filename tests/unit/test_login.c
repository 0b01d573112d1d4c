/* SPDX-License-Identifier: Apache-2.0 */
/* When to log in and when not: every pause with a clock of the test's own; and what a login consists of. */
#include "tests/tap/cunit_tap.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "api/login.h"
#include "api/rights.h"
#include "common/contract.h"

#define MINUTE_MS 60000
#define HOUR_MS 3600000

static struct login login;
static int64_t now_ms;

static void begin(void)
{
    const struct control_login nothing = { .next_ms = 0 };
    now_ms = 1000000;
    login_init(&login, &nothing, now_ms);
}

static enum login_action step(enum login_event event)
{
    return login_step(&login, event, LOGIN_NO_TROUBLE, now_ms);
}

static enum login_action answer(enum login_trouble trouble)
{
    return login_step(&login, LOGIN_ANSWERED, trouble, now_ms);
}

/* The next login is allowed exactly `pause_ms` from now, and is begun then. */
static void next_after(int64_t pause_ms)
{
    now_ms += pause_ms - 1;
    CU_ASSERT_EQUAL(step(LOGIN_WANTED), LOGIN_WAIT);
    now_ms++;
    CU_ASSERT_EQUAL(step(LOGIN_WANTED), LOGIN_BEGIN);
}

static void one_session_for_all(void)
{
    begin();
    CU_ASSERT_EQUAL(step(LOGIN_WANTED), LOGIN_BEGIN);
    CU_ASSERT_EQUAL(step(LOGIN_WANTED), LOGIN_WAIT); /* one is under way, or its answer was lost */
    CU_ASSERT_EQUAL(answer(LOGIN_NO_TROUBLE), LOGIN_USE);
    for (int i = 0; i < 1000; i++) {
        now_ms += HOUR_MS;
        CU_ASSERT_EQUAL(step(LOGIN_WANTED), LOGIN_USE);
        CU_ASSERT_EQUAL(step(LOGIN_SESSION_USED), LOGIN_USE);
    }
}

static void refusals(void)
{
    static const int64_t pauses_ms[] = { 15 * MINUTE_MS, HOUR_MS, 4 * HOUR_MS, 16 * HOUR_MS, 24 * HOUR_MS,
                                         24 * HOUR_MS };
    begin();
    CU_ASSERT_EQUAL(step(LOGIN_WANTED), LOGIN_BEGIN);
    for (size_t i = 0; i < sizeof pauses_ms / sizeof pauses_ms[0]; i++) {
        CU_ASSERT_EQUAL(answer(i % 2 == 0 ? LOGIN_REFUSED : LOGIN_LOCKED), LOGIN_WAIT);
        CU_ASSERT_EQUAL(login.memory.trouble, i % 2 == 0 ? LOGIN_REFUSED : LOGIN_LOCKED);
        next_after(pauses_ms[i]);
    }
    /* For ever, also when the counters have come to their end. */
    for (int i = 0; i < 300; i++) {
        CU_ASSERT_EQUAL(answer(LOGIN_MFA), LOGIN_WAIT);
        next_after(24 * HOUR_MS);
    }
    CU_ASSERT_EQUAL(answer(LOGIN_NO_TROUBLE), LOGIN_USE);
    CU_ASSERT_EQUAL(login.memory.refusals, 0);
}

/* What the bounds are for: as many as Mattermost allows before it locks the account, and two collectors log in. */
static void a_day_does_not_lock_the_account(void)
{
    const int64_t day_ms = 21 * HOUR_MS;
    int tries = 0;
    begin();
    for (int64_t end_ms = now_ms + day_ms; now_ms < end_ms; now_ms += 1000) {
        if (step(LOGIN_WANTED) != LOGIN_BEGIN)
            continue;
        answer(LOGIN_REFUSED);
        tries++;
    }
    CU_ASSERT(2 * tries < 10);
}

static void silence(void)
{
    static const int64_t pauses_ms[] = { 30000, 60000, 120000, 240000, 480000, 960000, 1920000, HOUR_MS, HOUR_MS };
    begin();
    CU_ASSERT_EQUAL(step(LOGIN_WANTED), LOGIN_BEGIN);
    for (size_t i = 0; i < sizeof pauses_ms / sizeof pauses_ms[0]; i++) {
        now_ms += 700; /* as long as it waited */
        CU_ASSERT_EQUAL(answer(LOGIN_UNANSWERED), LOGIN_WAIT);
        next_after(pauses_ms[i]);
    }
    /* It neither adds to the refusals nor takes them away. */
    answer(LOGIN_REFUSED);
    next_after(15 * MINUTE_MS);
    answer(LOGIN_UNANSWERED);
    next_after(30000);
    answer(LOGIN_REFUSED);
    next_after(HOUR_MS);
}

static void a_session_that_ends(void)
{
    begin();
    step(LOGIN_WANTED);
    answer(LOGIN_NO_TROUBLE);
    now_ms += 1000;
    CU_ASSERT_EQUAL(step(LOGIN_SESSION_ENDED), LOGIN_BEGIN); /* the first is replaced at once */
    answer(LOGIN_NO_TROUBLE);
    CU_ASSERT_EQUAL(step(LOGIN_SESSION_ENDED), LOGIN_WAIT); /* once per request */
    CU_ASSERT_EQUAL(login.memory.trouble, LOGIN_ENDED);
    CU_ASSERT_EQUAL(step(LOGIN_WANTED), LOGIN_WAIT);
    static const int64_t pauses_ms[] = { MINUTE_MS, 2 * MINUTE_MS, 4 * MINUTE_MS, 8 * MINUTE_MS, 16 * MINUTE_MS,
                                         32 * MINUTE_MS, HOUR_MS, HOUR_MS };
    for (size_t i = 0; i < sizeof pauses_ms / sizeof pauses_ms[0]; i++) {
        next_after(pauses_ms[i]);
        answer(LOGIN_NO_TROUBLE);
        CU_ASSERT_EQUAL(step(LOGIN_SESSION_ENDED), LOGIN_WAIT);
    }
    /* One that held so long ended for a reason: all is forgotten. */
    next_after(HOUR_MS);
    answer(LOGIN_NO_TROUBLE);
    now_ms += API_SESSION_SETTLED_MS;
    CU_ASSERT_EQUAL(step(LOGIN_SESSION_USED), LOGIN_USE);
    CU_ASSERT_EQUAL(login.memory.next_ms, 0);
    CU_ASSERT_EQUAL(step(LOGIN_SESSION_ENDED), LOGIN_BEGIN);
    answer(LOGIN_NO_TROUBLE);
    CU_ASSERT_EQUAL(step(LOGIN_SESSION_ENDED), LOGIN_BEGIN);
}

/* A worker that dies, at any point, and its successor that is told the memory. */
static void successor(void)
{
    const struct control_login memory = login.memory;
    login_init(&login, &memory, now_ms);
}

static void memory_outlives_the_worker(void)
{
    begin();
    step(LOGIN_WANTED);
    successor(); /* before the answer: nobody knows what it was */
    CU_ASSERT_EQUAL(step(LOGIN_WANTED), LOGIN_WAIT);
    next_after(30000);
    successor();
    next_after(60000);
    answer(LOGIN_REFUSED);
    for (int i = 0; i < 50; i++) {
        now_ms += 1000;
        successor();
        CU_ASSERT_EQUAL(step(LOGIN_WANTED), LOGIN_WAIT);
        CU_ASSERT_EQUAL(login.memory.trouble, LOGIN_REFUSED);
    }
    next_after(15 * MINUTE_MS - 50 * 1000);
    answer(LOGIN_REFUSED);
    next_after(HOUR_MS);
}

static void crashes_make_few_sessions(void)
{
    int sessions = 0;
    begin();
    for (int64_t end_ms = now_ms + 24 * HOUR_MS; now_ms < end_ms; now_ms += 30000) {
        successor();
        if (step(LOGIN_WANTED) != LOGIN_BEGIN)
            continue;
        answer(LOGIN_NO_TROUBLE);
        sessions++;
    }
    CU_ASSERT(sessions >= 24);
    CU_ASSERT(sessions < 35);
    /* After an hour without a crash the next one costs nothing. */
    now_ms += HOUR_MS;
    if (step(LOGIN_WANTED) == LOGIN_BEGIN)
        answer(LOGIN_NO_TROUBLE);
    now_ms += HOUR_MS;
    step(LOGIN_SESSION_USED);
    successor();
    CU_ASSERT_EQUAL(step(LOGIN_WANTED), LOGIN_BEGIN);
}

static void memory_that_cannot_be(void)
{
    const struct control_login memory = { INT64_MAX, 255, 255, 255, 255 };
    now_ms = 1000;
    login_init(&login, &memory, now_ms);
    CU_ASSERT_STRING_NOT_EQUAL(login_trouble_text(login.memory.trouble), "");
    next_after(API_LOGIN_REFUSED_MAX_MS);
    for (unsigned trouble = 0; trouble < 256; trouble++)
        CU_ASSERT_STRING_NOT_EQUAL(login_trouble_text(trouble), "");
}

/* Answers ------------------------------------------------------------------------------------------------------ */

static void judgements(void)
{
    static const struct {
        int status;
        const char *error_id;
        enum login_trouble trouble;
    } cases[] = {
        { 200, NULL, LOGIN_NO_TROUBLE },
        { 200, "api.user.login.inactive.app_error", LOGIN_NO_TROUBLE },
        { 401, "api.user.login.invalid_credentials_email_username", LOGIN_REFUSED },
        { 401, "api.user.login.invalid_credentials_sso", LOGIN_REFUSED },
        { 401, NULL, LOGIN_REFUSED },
        { 403, "", LOGIN_REFUSED },
        { 400, "?", LOGIN_REFUSED },
        { 501, "api.user.login_ldap.not_available.app_error", LOGIN_REFUSED },
        { 401, "mfa.validate_token.authenticate.app_error", LOGIN_MFA },
        { 400, "ent.mfa.validate_token.authenticate.app_error", LOGIN_MFA },
        { 401, "api.user.check_user_mfa.bad_code.app_error", LOGIN_MFA },
        { 401, "api.user.check_user_login_attempts.too_many.app_error", LOGIN_LOCKED },
        { 401, "api.user.check_user_login_attempts.too_many_ldap.app_error", LOGIN_LOCKED },
        { 401, "api.user.login.inactive.app_error", LOGIN_INACTIVE },
        { 401, "api.user.login.bot_login_forbidden.app_error", LOGIN_BOT },
        { 401, "api.user.login.not_verified.app_error", LOGIN_UNVERIFIED },
        { 0, NULL, LOGIN_UNANSWERED },
        { 204, NULL, LOGIN_UNANSWERED },
        { 302, NULL, LOGIN_UNANSWERED },
        { 404, "api.context.404.app_error", LOGIN_UNANSWERED },
        { 429, NULL, LOGIN_UNANSWERED },
        { 500, "mfa.validate_token.authenticate.app_error", LOGIN_UNANSWERED },
        { 502, NULL, LOGIN_UNANSWERED },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        enum login_trouble trouble = login_judge(cases[i].status, cases[i].error_id);
        CU_ASSERT_EQUAL(trouble, cases[i].trouble);
        if (trouble != cases[i].trouble)
            printf("# %d %s\n", cases[i].status, cases[i].error_id != NULL ? cases[i].error_id : "");
    }
}

/* Body --------------------------------------------------------------------------------------------------------- */

static bool body_holds(const char *name, const char *password)
{
    static char body[6 * SETTING_VALUE_MAX_BYTES];
    size_t size = login_body(body, sizeof body, name, password);
    json_t *parsed = json_loadb(body, size, JSON_REJECT_DUPLICATES, NULL);
    bool same = parsed != NULL && json_object_size(parsed) == 2 &&
                strcmp(json_string_value(json_object_get(parsed, "login_id")), name) == 0 &&
                strcmp(json_string_value(json_object_get(parsed, "password")), password) == 0;
    json_decref(parsed);
    return same;
}

static void bodies(void)
{
    char every[256];
    CU_ASSERT_TRUE(body_holds("minotor", "secret"));
    CU_ASSERT_TRUE(body_holds("a@b", "# % ? & @ / : ' \" \\ space \xc3\xbc \xf0\x9f\x98\x80 </script> \x7f"));
    CU_ASSERT_TRUE(body_holds("", ""));
    for (int i = 1; i < 128; i++)
        every[i - 1] = (char)i;
    every[127] = '\0';
    CU_ASSERT_TRUE(body_holds(every, every));
}

static void bodies_that_cannot_be(void)
{
    char body[64], exact[] = "{\"login_id\":\"n\",\"password\":\"pw\"}";
    CU_ASSERT_EQUAL(login_body(body, sizeof body, "n", "p\xfc"), 0);
    CU_ASSERT_EQUAL(login_body(body, sizeof body, "\xc3", "p"), 0);
    CU_ASSERT_EQUAL(login_body(body, strlen(exact), "n", "pw"), strlen(exact));
    CU_ASSERT_EQUAL(memcmp(body, exact, strlen(exact)), 0);
    for (size_t room = 0; room < strlen(exact); room++)
        CU_ASSERT_EQUAL(login_body(body, room, "n", "pw"), 0);
}

/* Rights ------------------------------------------------------------------------------------------------------- */

static struct control_login told;
static int tellings;

static void tell(void *context, const struct control_login *memory)
{
    (void)context;
    told = *memory;
    tellings++;
}

static void rights_of_a_login(void)
{
    static struct rights rights;
    char error[128] = "", line[128];
    const struct api_settings settings = { .token = "", .login = "monitor", .password = "secret", .memory = { .changed = tell } };
    CU_ASSERT_TRUE_FATAL(rights_open(&rights, &settings, error, sizeof error));
    CU_ASSERT_TRUE(rights_can_log_in(&rights));
    CU_ASSERT_STRING_EQUAL(rights.header, "");
    tellings = 0;
    CU_ASSERT_EQUAL(rights_step(&rights, LOGIN_WANTED, LOGIN_NO_TROUBLE), LOGIN_BEGIN);
    CU_ASSERT_EQUAL(tellings, 1); /* before it is sent */
    CU_ASSERT_EQUAL(told.trouble, LOGIN_UNANSWERED);
    CU_ASSERT_FALSE(rights_take_session(&rights, ""));
    CU_ASSERT_FALSE(rights_take_session(&rights, "a b"));
    CU_ASSERT_TRUE(rights_take_session(&rights, "session"));
    CU_ASSERT_EQUAL(rights_step(&rights, LOGIN_ANSWERED, LOGIN_NO_TROUBLE), LOGIN_USE);
    CU_ASSERT_STRING_EQUAL(rights.header, "Authorization: Bearer session");
    CU_ASSERT_EQUAL(tellings, 2);
    CU_ASSERT_EQUAL(rights_step(&rights, LOGIN_WANTED, LOGIN_NO_TROUBLE), LOGIN_USE);
    CU_ASSERT_EQUAL(tellings, 2); /* nothing has changed */
    CU_ASSERT_EQUAL(rights_step(&rights, LOGIN_SESSION_ENDED, LOGIN_NO_TROUBLE), LOGIN_BEGIN);
    CU_ASSERT_PTR_NULL(memmem(rights.header, sizeof rights.header, "session", 7));
    rights_step(&rights, LOGIN_ANSWERED, LOGIN_REFUSED);
    rights_explain(&rights, line, sizeof line);
    CU_ASSERT_STRING_EQUAL(line, "login: the server does not accept the name or the password; tried again after a pause");
    rights_close(&rights);
}

static void rights_of_a_token(void)
{
    static struct rights rights;
    char error[128] = "";
    struct api_settings settings = { .token = "token", .login = "monitor", .password = "secret" };
    CU_ASSERT_TRUE(rights_open(&rights, &settings, error, sizeof error));
    CU_ASSERT_FALSE(rights_can_log_in(&rights));
    CU_ASSERT_STRING_EQUAL(rights.header, "Authorization: Bearer token");
    rights_close(&rights);
    CU_ASSERT_PTR_NULL(memmem(&rights, sizeof rights, "token", 5));
    settings.token = "to\nken";
    CU_ASSERT_FALSE(rights_open(&rights, &settings, error, sizeof error));
    CU_ASSERT_PTR_NOT_NULL(strstr(error, "api.token"));
    rights_close(&rights);
    settings.token = "";
    settings.password = "\xff";
    CU_ASSERT_FALSE(rights_open(&rights, &settings, error, sizeof error));
    CU_ASSERT_PTR_NOT_NULL(strstr(error, "api.password is not UTF-8"));
    rights_close(&rights);
}

static CU_TestInfo tests[] = {
    { "one session serves all requests", one_session_for_all },
    { "pauses after refusals", refusals },
    { "a day of refusals does not lock the account", a_day_does_not_lock_the_account },
    { "pauses after silence", silence },
    { "a session that ends", a_session_that_ends },
    { "what is known outlives the worker", memory_outlives_the_worker },
    { "crashes make few sessions", crashes_make_few_sessions },
    { "a memory that cannot be", memory_that_cannot_be },
    { "what answers mean", judgements },
    { "bodies are JSON", bodies },
    { "bodies that cannot be", bodies_that_cannot_be },
    { "the rights of a login", rights_of_a_login },
    { "the rights of a token", rights_of_a_token },
    CU_TEST_INFO_NULL,
};

int main(void)
{
    CU_SuiteInfo suites[] = { { .pName = "login", .pTests = tests }, CU_SUITE_INFO_NULL };
    return cunit_tap_main(suites);
}
