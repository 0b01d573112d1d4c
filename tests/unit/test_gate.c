/* SPDX-License-Identifier: Apache-2.0 */
/* Who may come in: headers as clients write them, tries as time goes by, and the rules as the supervisor tells them. */
#include <CUnit/CUnit.h>
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "front/credentials.h"
#include "front/gate.h"
#include "tests/tap/cunit_tap.h"

/* Of "secret", at the least cost that there is. */
#define SECRET_HASH "$2b$04$abcdefghijklmnopqrstuu2r9OfJnfCsdneAXAGHnS4UpFFP8WIrW"

static void be_silent(enum log_level level, const char *text, void *context)
{
    (void)level;
    (void)text;
    (void)context;
}

static void expect(const char *header, enum credentials_kind kind, const char *user, const char *secret)
{
    struct credentials credentials;
    credentials_parse(&credentials, header);
    CU_ASSERT_EQUAL(credentials.kind, kind);
    if (kind == CREDENTIALS_NONE)
        return;
    CU_ASSERT_STRING_EQUAL(credentials.user, user);
    CU_ASSERT_STRING_EQUAL(credentials.secret, secret);
}

static void test_headers(void)
{
    expect("Basic YTpi", CREDENTIALS_BASIC, "a", "b");
    expect("bAsIc  YTpi", CREDENTIALS_BASIC, "a", "b");
    expect("Basic YTpiYw==", CREDENTIALS_BASIC, "a", "bc");
    expect("Basic YTpiOmM=", CREDENTIALS_BASIC, "a", "b:c");
    expect("Basic YTo=", CREDENTIALS_BASIC, "a", "");
    expect("Bearer token", CREDENTIALS_BEARER, "", "token");
    static const char *const BAD[] = {"", "Basic", "Basic ", "Basic YTpi=", "Basic YTp", "Basic Y===", "Basic YT=i",
                                      "Basic YWI=", "Basic YTpi YTpi", "Basic YToA", "Basic YTpiYw==YTpi", "Bearer",
                                      "Bearer ", "Digest x", "BasicYTpi", "Basic \xff\xff\xff\xff"};
    expect(NULL, CREDENTIALS_NONE, "", "");
    for (size_t i = 0; i < sizeof BAD / sizeof BAD[0]; i++)
        expect(BAD[i], CREDENTIALS_NONE, "", "");
}

static void test_long_headers(void)
{
    char header[4096] = "Bearer ";
    memset(header + 7, 'x', WEB_SECRET_MAX_BYTES);
    header[7 + WEB_SECRET_MAX_BYTES] = '\0';
    struct credentials credentials;
    credentials_parse(&credentials, header);
    CU_ASSERT_EQUAL(credentials.kind, CREDENTIALS_BEARER);
    header[7 + WEB_SECRET_MAX_BYTES] = 'x';
    expect(header, CREDENTIALS_NONE, "", "");
    memset(header, 'A', sizeof header - 4);
    header[sizeof header - 4] = '\0';
    memcpy(header, "Basic ", 6);
    expect(header, CREDENTIALS_NONE, "", "");
}

static struct sockaddr_in at(uint32_t address)
{
    return (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(address)};
}

static unsigned tries(struct guesses *guesses, uint32_t address, int64_t now_ms)
{
    struct sockaddr_in from = at(address);
    unsigned taken = 0;
    while (taken < 1000 && guesses_take(guesses, (const struct sockaddr *)&from, now_ms))
        taken++;
    return taken;
}

static void test_tries_come_back(void)
{
    static struct guesses guesses;
    memset(&guesses, 0, sizeof guesses);
    CU_ASSERT_EQUAL(tries(&guesses, 1, 1000), GUESS_ADDRESS_BURST);
    CU_ASSERT_EQUAL(tries(&guesses, 1, 1000 + GUESS_ADDRESS_MS - 1), 0);
    CU_ASSERT_EQUAL(tries(&guesses, 1, 1000 + GUESS_ADDRESS_MS), 1);
    CU_ASSERT_EQUAL(tries(&guesses, 2, 1000 + GUESS_ADDRESS_MS), GUESS_ADDRESS_BURST);
    CU_ASSERT_EQUAL(tries(&guesses, 1, 1000 + 100 * GUESS_ADDRESS_MS), GUESS_ADDRESS_BURST);
}

static void test_all_together_are_bounded(void)
{
    static struct guesses guesses;
    unsigned taken = 0;
    memset(&guesses, 0, sizeof guesses);
    for (uint32_t address = 1; address <= 10 * GUESS_ADDRESSES_MAX; address++)
        taken += tries(&guesses, address, 1000);
    CU_ASSERT_EQUAL(taken, GUESS_ALL_BURST);
    for (int64_t now_ms = 2000; now_ms < 2000 + 20000; now_ms += 10) {
        struct sockaddr_in from = at((uint32_t)now_ms);
        taken += guesses_take(&guesses, (const struct sockaddr *)&from, now_ms);
    }
    CU_ASSERT_EQUAL(taken, GUESS_ALL_BURST + 20000 / GUESS_ALL_MS);
}

static int tell(struct gate *gate, const char *name, const char *value)
{
    struct control_setting setting = {.name = ""};
    snprintf(setting.name, sizeof setting.name, "%s", name);
    snprintf(setting.value, sizeof setting.value, "%s", value);
    return gate_take_setting(gate, &setting);
}

static unsigned ask(struct gate *gate, const char *authorization)
{
    struct http_answer answer = {.status = 200};
    struct http_request *request = calloc(1, sizeof *request);
    CU_ASSERT_PTR_NOT_NULL_FATAL(request);
    request->authorization = authorization;
    bool let_in = gate_ask(gate, request, &answer);
    free(request);
    CU_ASSERT_EQUAL(let_in, answer.status == 200);
    return answer.status;
}

static void test_rules(void)
{
    static struct gate gate;
    memset(&gate, 0, sizeof gate);
    CU_ASSERT_EQUAL(ask(&gate, NULL), 401); /* nothing was told yet */
    CU_ASSERT_EQUAL(tell(&gate, "web.commit", "true"), 0);
    CU_ASSERT_EQUAL(ask(&gate, NULL), 200);
    tell(&gate, "web.required", "true");
    tell(&gate, "web.user", "a:" SECRET_HASH);
    tell(&gate, "web.token", "0123456789abcdef");
    CU_ASSERT_EQUAL(ask(&gate, NULL), 200); /* not before the commit */
    tell(&gate, "web.commit", "true");
    CU_ASSERT_EQUAL(ask(&gate, NULL), 401);
    CU_ASSERT_EQUAL(ask(&gate, "Basic YTpzZWNyZXQ="), 200);
    for (int i = 0; i < 100; i++)
        CU_ASSERT_EQUAL(ask(&gate, "Basic YTpzZWNyZXQ="), 200);
    CU_ASSERT_EQUAL(ask(&gate, "Basic YTpzZWNyZXU="), 401);
    CU_ASSERT_EQUAL(ask(&gate, "Basic YjpzZWNyZXQ="), 401);
    CU_ASSERT_EQUAL(ask(&gate, "Bearer 0123456789abcdef"), 200);
    CU_ASSERT_EQUAL(ask(&gate, "Bearer 0123456789abcdee"), 401);
    for (int i = 0; i < 20; i++)
        ask(&gate, "Basic YTpzZWNyZXU=");
    CU_ASSERT_EQUAL(ask(&gate, "Basic YTpzZWNyZXU="), 429);
    CU_ASSERT_EQUAL(ask(&gate, "Basic YTpzZWNyZXQ="), 200);
    tell(&gate, "web.required", "true");
    tell(&gate, "web.commit", "true");
    CU_ASSERT_EQUAL(ask(&gate, "Basic YTpzZWNyZXQ="), 401);
    CU_ASSERT_EQUAL(ask(&gate, "Bearer 0123456789abcdef"), 401);
}

static void test_settings_that_make_no_sense(void)
{
    static struct gate gate;
    log_set_sink(be_silent, NULL);
    memset(&gate, 0, sizeof gate);
    CU_ASSERT_EQUAL(tell(&gate, "web.user", "a"), -1);
    CU_ASSERT_EQUAL(tell(&gate, "web.user", "a:$2b$04$short"), -1);
    CU_ASSERT_EQUAL(tell(&gate, "web.unknown", ""), -1);
    for (int i = 0; i < WEB_USERS_MAX; i++)
        CU_ASSERT_EQUAL(tell(&gate, "web.user", "a:" SECRET_HASH), 0);
    CU_ASSERT_EQUAL(tell(&gate, "web.user", "a:" SECRET_HASH), -1);
}

static CU_TestInfo tests[] = {
    {"headers", test_headers},
    {"headers that are too long", test_long_headers},
    {"tries come back with time", test_tries_come_back},
    {"all addresses together are bounded", test_all_together_are_bounded},
    {"users and tokens come and go", test_rules},
    {"settings that make no sense", test_settings_that_make_no_sense},
    CU_TEST_INFO_NULL,
};

static CU_SuiteInfo suites[] = {
    {"gate", NULL, NULL, NULL, NULL, tests},
    CU_SUITE_INFO_NULL,
};

int main(void)
{
    return cunit_tap_main(suites);
}
