/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of the HTTP client that need no server: addresses, bounds of an answer, JSON, names, routes. */
#include "tests/tap/cunit_tap.h"

#include <netdb.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "api/answer.h"
#include "api/document.h"
#include "api/resolver.h"
#include "api/url.h"
#include "common/clock.h"
#include "worker/api.h"

/* Addresses ---------------------------------------------------------------------------------------------------- */

static void good_addresses(void)
{
    static const struct {
        const char *given, *text, *host;
        unsigned port;
        bool is_https, is_name;
    } cases[] = {
        { "http://127.0.0.1:8065", "http://127.0.0.1:8065", "127.0.0.1", 8065, false, false },
        { "https://chat.example.org", "https://chat.example.org:443", "chat.example.org", 443, true, true },
        { "http://chat/", "http://chat:80", "chat", 80, false, true },
        { "https://chat/sub/path//", "https://chat:443/sub/path", "chat", 443, true, true },
        { "http://[::1]:80/a", "http://[::1]:80/a", "::1", 80, false, false },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct url_base base;
        const char *reason = NULL;
        CU_ASSERT_TRUE_FATAL(url_base_parse(&base, cases[i].given, &reason));
        CU_ASSERT_STRING_EQUAL(base.text, cases[i].text);
        CU_ASSERT_STRING_EQUAL(base.host, cases[i].host);
        CU_ASSERT_EQUAL(base.port, cases[i].port);
        CU_ASSERT_EQUAL(base.is_https, cases[i].is_https);
        CU_ASSERT_EQUAL(base.is_name, cases[i].is_name);
    }
}

static void bad_addresses(void)
{
    static const char *const cases[] = { "chat:8065",      "//chat",          "ftp://chat",        "file:///etc/passwd",
                                         "http://",        "http://a b",      "http://chat:0x1",   "http://chat:70000",
                                         "http://u@chat",  "http://u:p@chat", "http://chat/?q",    "http://chat/#f",
                                         "http://ch\xc3\xa4t", "http://chat/../x", "http://chat/a/%2e./", "http://chat\r\n/" };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct url_base base;
        const char *reason = NULL;
        bool is_good = url_base_parse(&base, cases[i], &reason);
        CU_ASSERT_FALSE(is_good);
        CU_ASSERT_PTR_NOT_NULL(reason);
        if (is_good)
            printf("# %s\n", cases[i]);
    }
}

static void paths(void)
{
    static const char *const good[] = { "/", "/api/v4/system/ping?a=b&c=d", "/a..b/.c", "/a?x=/../y" };
    static const char *const bad[] = { "", "api", "/a b", "/a\n", "/a#b", "/../a", "/a/..", "/a/./b", "/%2E%2e/a",
                                       "/a\\b", "/\xc3\xa4" };
    char path[API_PATH_MAX_BYTES + 2];
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        CU_ASSERT_TRUE(url_path_is_good(good[i]));
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        CU_ASSERT_FALSE(url_path_is_good(bad[i]));
    memset(path, 'a', sizeof path);
    path[0] = '/';
    path[sizeof path - 1] = '\0';
    CU_ASSERT_FALSE(url_path_is_good(path));
    path[sizeof path - 2] = '\0';
    CU_ASSERT_TRUE(url_path_is_good(path));
}

/* Answers ------------------------------------------------------------------------------------------------------ */

static bool take_line(struct answer *answer, const char *line)
{
    return answer_take_header(answer, line, strlen(line));
}

static void headers_of_the_last_answer(void)
{
    struct answer answer = { 0 };
    answer_begin(&answer, 10);
    CU_ASSERT_TRUE(take_line(&answer, "HTTP/1.1 103 Early Hints\r\n"));
    CU_ASSERT_TRUE(take_line(&answer, "X-Old: 1\r\n"));
    CU_ASSERT_TRUE(take_line(&answer, "HTTP/1.1 200 OK\r\n"));
    CU_ASSERT_TRUE(take_line(&answer, "X-Version-Id:  10.1.6 \r\n"));
    CU_ASSERT_TRUE(take_line(&answer, "Empty:\r\n"));
    CU_ASSERT_TRUE(take_line(&answer, "no colon\r\n"));
    CU_ASSERT_TRUE(take_line(&answer, ": no name\r\n"));
    CU_ASSERT_TRUE(take_line(&answer, "x-version-id: later\r\n"));
    CU_ASSERT_TRUE(take_line(&answer, "\r\n"));
    CU_ASSERT_STRING_EQUAL(answer_header(&answer, "x-VERSION-id"), "10.1.6");
    CU_ASSERT_STRING_EQUAL(answer_header(&answer, "Empty"), "");
    CU_ASSERT_PTR_NULL(answer_header(&answer, "X-Old"));
    CU_ASSERT_PTR_NULL(answer_header(&answer, "10.1.6"));
    answer_begin(&answer, 10);
    CU_ASSERT_PTR_NULL(answer_header(&answer, "Empty"));
    answer_destroy(&answer);
}

static void headers_are_bounded(void)
{
    struct answer answer = { 0 };
    answer_begin(&answer, 10);
    for (int i = 0; i < API_HEADERS_MAX; i++)
        CU_ASSERT_TRUE(take_line(&answer, "A: b\r\n"));
    CU_ASSERT_FALSE(take_line(&answer, "A: b\r\n"));
    CU_ASSERT_PTR_NOT_NULL(answer.overflow);
    answer_begin(&answer, 10);
    CU_ASSERT_PTR_NULL(answer.overflow);
    size_t taken = 0;
    while (taken < 1000000 && take_line(&answer, "HTTP/1.1 100 Continue\r\n")) /* each forgets the one before */
        taken++;
    CU_ASSERT(taken < 1000);
    static char largest[API_HEADERS_MAX_BYTES + 1];
    memset(largest, 'v', API_HEADERS_MAX_BYTES);
    largest[1] = ':';
    answer_begin(&answer, 10);
    CU_ASSERT_TRUE(take_line(&answer, largest));
    CU_ASSERT_EQUAL(strlen(answer_header(&answer, "v")), API_HEADERS_MAX_BYTES - 2);
    answer_destroy(&answer);
}

static void a_secret_answer_leaves_nothing(void)
{
    static struct answer answer;
    answer_begin(&answer, 100);
    CU_ASSERT_TRUE(take_line(&answer, "Token: hidden\r\n"));
    CU_ASSERT_TRUE(answer_take_body(&answer, "hidden", 6));
    answer_wipe(&answer);
    CU_ASSERT_PTR_NULL(answer_header(&answer, "Token"));
    CU_ASSERT_PTR_NULL(memmem(answer.headers, sizeof answer.headers, "hidden", 6));
    CU_ASSERT_PTR_NULL(memmem(answer.body, answer.body_room, "hidden", 6));
    answer_destroy(&answer);
    answer_wipe(&answer);
}

static void body_is_bounded(void)
{
    struct answer answer = { 0 };
    static char piece[5000];
    memset(piece, 'x', sizeof piece);
    answer_begin(&answer, 12000);
    CU_ASSERT_TRUE(answer_take_body(&answer, piece, sizeof piece));
    CU_ASSERT_TRUE(answer_take_body(&answer, piece, sizeof piece));
    CU_ASSERT_FALSE(answer_take_body(&answer, piece, sizeof piece));
    CU_ASSERT_PTR_NOT_NULL(answer.overflow);
    CU_ASSERT_TRUE(answer_take_body(&answer, piece, 2000));
    CU_ASSERT_EQUAL(answer.body_bytes, 12000);
    CU_ASSERT_EQUAL(strlen(answer.body), 12000);
    CU_ASSERT_FALSE(answer_take_body(&answer, piece, 1));
    answer_destroy(&answer);
}

/* JSON --------------------------------------------------------------------------------------------------------- */

static struct document document;

static void parse(const char *text)
{
    document_reset(&document);
    document_parse(&document, text, strlen(text));
}

static void is(const char *pointer, const char *expected)
{
    const char *text = document_text(&document, pointer);
    bool same = text == expected || (text != NULL && expected != NULL && strcmp(text, expected) == 0);
    CU_ASSERT(same);
    if (!same)
        printf("# %s gives %s, not %s\n", pointer, text != NULL ? text : "NULL", expected != NULL ? expected : "NULL");
}

/* The document and the pointers of RFC 6901, 5. */
static void pointers(void)
{
    parse("{\"foo\": [\"bar\", \"baz\"], \"\": 0, \"a/b\": 1, \"c%d\": 2, \"e^f\": 3, \"g|h\": 4, \"i\\\\j\": 5,"
          " \"k\\\"l\": 6, \" \": 7, \"m~n\": 8}");
    is("", NULL);
    is("/foo", NULL);
    is("/foo/0", "bar");
    is("/foo/1", "baz");
    is("/", "0");
    is("/a~1b", "1");
    is("/c%d", "2");
    is("/e^f", "3");
    is("/g|h", "4");
    is("/i\\j", "5");
    is("/k\"l", "6");
    is("/ ", "7");
    is("/m~0n", "8");
    is("/m~0n", "8"); /* also after it has become a text */
    is("/foo/2", NULL);
    is("/foo/-", NULL);
    is("/foo/00", NULL);
    is("/foo/01", NULL);
    is("/foo/+1", NULL);
    is("/foo/99999999999999999999", NULL);
    is("/foo/0/x", NULL);
    is("/none/x", NULL);
    is("/m~2n", NULL);
    is("/m~", NULL);
    is("foo", NULL);
    CU_ASSERT_EQUAL(document_count(&document, "/foo"), 2);
    CU_ASSERT_EQUAL(document_count(&document, ""), 0);
    CU_ASSERT_EQUAL(document_count(&document, "/none"), 0);
}

static void values(void)
{
    parse("[9223372036854775807, -9223372036854775808, 0.1, 1e21, 1.5e-7, 12.0, true, false, null, \"\", \"\\u00e9\","
          " \"a\\u0000b\", [], {}, 123456789.123456789]");
    static const char *const expected[] = { "9223372036854775807", "-9223372036854775808", "0.1", "1e+21", "1.5e-07",
                                            "12", "true", "false", NULL, "", "\xc3\xa9", NULL, NULL, NULL,
                                            "123456789.12345679" };
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++) {
        char pointer[8];
        snprintf(pointer, sizeof pointer, "/%zu", i);
        is(pointer, expected[i]);
    }
    CU_ASSERT_EQUAL(document_count(&document, ""), 15);
    parse("42");
    is("", "42");
    is("", "42");
    parse("\"text\"");
    is("", "text");
    is("/0", NULL);
}

static void no_json(void)
{
    static const char *const cases[] = { "", "<html>", "{", "{\"a\":1", "{\"a\":1}x", "\xff", "[1,]", "1e999",
                                         "99999999999999999999" };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        parse(cases[i]);
        is("", NULL);
        is("/a", NULL);
        CU_ASSERT_EQUAL(document_count(&document, ""), 0);
    }
}

static void nest(char *text, size_t depth)
{
    memset(text, '[', depth);
    memset(text + depth, ']', depth);
    text[2 * depth] = '\0';
}

static void depth_is_bounded(void)
{
    char text[2 * API_JSON_DEPTH_MAX + 8];
    nest(text, API_JSON_DEPTH_MAX);
    parse(text);
    CU_ASSERT_EQUAL(document_count(&document, ""), 1);
    nest(text, API_JSON_DEPTH_MAX + 1);
    parse(text);
    CU_ASSERT_EQUAL(document_count(&document, ""), 0);
    parse("[\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\\\"[[[[[[[[[[[\", 1]");
    is("/1", "1");
    document_reset(&document);
}

/* Names -------------------------------------------------------------------------------------------------------- */

/* In the place of the C library's: a lookup that takes its time. */
static int lookup_ms;

int getaddrinfo(const char *restrict name, const char *restrict service, const struct addrinfo *restrict hints,
                struct addrinfo **restrict found)
{
    (void)service;
    (void)hints;
    usleep((useconds_t)lookup_ms * 1000);
    if (strcmp(name, "there.test") != 0)
        return EAI_NONAME;
    struct {
        struct addrinfo entry;
        struct sockaddr_in address;
    } *made = calloc(2, sizeof *made);
    for (int i = 0; i < 2; i++) {
        made[i].address.sin_family = AF_INET;
        made[i].address.sin_addr.s_addr = htonl((in_addr_t)(0xc0000201 + i));
        made[i].entry.ai_family = AF_INET;
        made[i].entry.ai_addr = (struct sockaddr *)(void *)&made[i].address;
        made[i].entry.ai_next = i == 0 ? &made[1].entry : NULL;
    }
    *found = &made[0].entry;
    return 0;
}

void freeaddrinfo(struct addrinfo *found)
{
    free(found);
}

static bool wait_for(int descriptor, int timeout_ms)
{
    struct pollfd waiting = { .fd = descriptor, .events = POLLIN };
    return poll(&waiting, 1, timeout_ms) == 1;
}

static void name_is_found(void)
{
    struct resolver resolver;
    lookup_ms = 0;
    resolver_init(&resolver, "there.test");
    CU_ASSERT_FALSE(resolver_is_fresh(&resolver, 1000));
    CU_ASSERT_TRUE_FATAL(wait_for(resolver_begin(&resolver), 10000));
    resolver_take(&resolver, 1000);
    CU_ASSERT_STRING_EQUAL(resolver.addresses, "192.0.2.1,192.0.2.2");
    CU_ASSERT_STRING_EQUAL(resolver.error, "");
    CU_ASSERT_TRUE(resolver_is_fresh(&resolver, 1000 + API_NAME_AGE_MAX_MS - 1));
    CU_ASSERT_FALSE(resolver_is_fresh(&resolver, 1000 + API_NAME_AGE_MAX_MS));
    resolver_distrust(&resolver);
    CU_ASSERT_FALSE(resolver_is_fresh(&resolver, 1000));
    resolver.host = "gone.test";
    CU_ASSERT_TRUE_FATAL(wait_for(resolver_begin(&resolver), 10000));
    resolver_take(&resolver, 2000);
    CU_ASSERT_STRING_NOT_EQUAL(resolver.error, "");
    CU_ASSERT_STRING_EQUAL(resolver.addresses, "192.0.2.1,192.0.2.2"); /* better than none */
    CU_ASSERT_TRUE(resolver_is_fresh(&resolver, 2000));
    resolver_destroy(&resolver);
}

static void name_is_not_found(void)
{
    struct resolver resolver;
    lookup_ms = 0;
    resolver_init(&resolver, "gone.test");
    CU_ASSERT_TRUE_FATAL(wait_for(resolver_begin(&resolver), 10000));
    resolver_take(&resolver, 1000);
    CU_ASSERT_STRING_EQUAL(resolver.error, gai_strerror(EAI_NONAME));
    CU_ASSERT_FALSE(resolver_is_fresh(&resolver, 1000));
    resolver_destroy(&resolver);
}

static void slow_lookup_is_not_waited_for(void)
{
    struct resolver resolver;
    lookup_ms = 400;
    resolver_init(&resolver, "there.test");
    int descriptor = resolver_begin(&resolver);
    CU_ASSERT_FALSE(wait_for(descriptor, 1));
    CU_ASSERT_EQUAL(resolver_begin(&resolver), descriptor); /* no second one */
    CU_ASSERT_TRUE(wait_for(descriptor, 10000));
    resolver_take(&resolver, 1000);
    CU_ASSERT_STRING_EQUAL(resolver.addresses, "192.0.2.1,192.0.2.2");
    int again = resolver_begin(&resolver);
    CU_ASSERT(again >= 0);
    resolver_destroy(&resolver); /* under way: its thread frees the rest */
    usleep(600 * 1000);
}

/* Routes ------------------------------------------------------------------------------------------------------- */

static void routes(void)
{
    enum { PLAIN = 0, TOKEN = MINOTOR_REQUEST_TOKEN, RIGHTS = MINOTOR_REQUEST_PRIVILEGED, METRICS = MINOTOR_REQUEST_METRICS };
    static const struct {
        bool url, socket, rights, metrics;
        uint32_t flags;
        int place; /* -1: no way */
        bool with_rights;
    } cases[] = {
        { true, false, false, false, PLAIN, API_SITE, false },
        { true, false, true, false, PLAIN, API_SITE, false },
        { true, false, true, false, TOKEN, API_SITE, true },
        { true, false, false, false, TOKEN, API_SITE, false },
        { true, false, false, false, RIGHTS, -1, false },
        { true, false, true, false, RIGHTS, API_SITE, true },
        { true, true, false, false, PLAIN, API_SITE, false },
        { true, true, false, false, TOKEN, API_LOCAL, false },
        { true, true, true, false, RIGHTS, API_SITE, true },
        { false, true, true, false, PLAIN, API_LOCAL, false },
        { false, true, true, false, RIGHTS, API_LOCAL, false },
        { false, false, true, false, PLAIN, -1, false },
        { false, false, true, false, TOKEN, -1, false },
        { true, true, true, false, METRICS, -1, false },
        { true, true, true, true, METRICS, API_METRICS, false },
        { true, true, true, true, METRICS | TOKEN, API_METRICS, false },
    };
    /* A token and a login open the same ways. */
    for (size_t i = 0; i < 2 * (sizeof cases / sizeof cases[0]); i++) {
        struct api_site site = { .url = "" };
        enum api_place place = API_PLACE_COUNT;
        bool with_rights = false;
        const char *reason = NULL;
        size_t k = i / 2;
        strcpy(site.url, cases[k].url ? "http://chat" : "");
        strcpy(site.local_socket, cases[k].socket ? "/socket" : "");
        strcpy(i % 2 == 0 ? site.token : site.login, cases[k].rights ? "monitor" : "");
        strcpy(site.metrics_url, cases[k].metrics ? "http://metrics" : "");
        bool is_there = api_route(&site, cases[k].flags, &place, &with_rights, &reason);
        CU_ASSERT_EQUAL(is_there, cases[k].place >= 0);
        CU_ASSERT_EQUAL(with_rights, cases[k].with_rights);
        if (is_there)
            CU_ASSERT_EQUAL((int)place, cases[k].place);
        if (!is_there)
            CU_ASSERT_PTR_NOT_NULL(reason);
    }
}

static CU_TestInfo tests[] = {
    { "good addresses", good_addresses },
    { "bad addresses", bad_addresses },
    { "paths below an address", paths },
    { "headers are those of the last answer", headers_of_the_last_answer },
    { "headers are bounded", headers_are_bounded },
    { "the body is bounded", body_is_bounded },
    { "a secret answer leaves nothing", a_secret_answer_leaves_nothing },
    { "pointers of RFC 6901", pointers },
    { "values become texts", values },
    { "what is no JSON has no values", no_json },
    { "depth is bounded", depth_is_bounded },
    { "a name is found", name_is_found },
    { "a name is not found", name_is_not_found },
    { "a slow lookup is not waited for", slow_lookup_is_not_waited_for },
    { "which way a request goes", routes },
    CU_TEST_INFO_NULL,
};

int main(void)
{
    CU_SuiteInfo suites[] = { { .pName = "api", .pTests = tests }, CU_SUITE_INFO_NULL };
    return cunit_tap_main(suites);
}
