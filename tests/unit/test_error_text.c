/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/tap/cunit_tap.h"

#include <string.h>

#include "database/error_text.h"

#define WITHHELD "(the server's words are withheld: they hold the password)"

static char out[256];

static const char *reason(const char *foreign, const char *secret)
{
    error_text_connect_reason(out, sizeof out, foreign, secret);
    return out;
}

static const char *first_line(const char *foreign, const char *secret)
{
    error_text_first_line(out, sizeof out, foreign, secret);
    return out;
}

static void reasons(void)
{
    CU_ASSERT_STRING_EQUAL(reason("connection to server on socket \"/run/.s.PGSQL.5432\" failed: FATAL:  password "
                                  "authentication failed for user \"minotor\"\n", "x9"),
                           "password authentication failed");
    CU_ASSERT_STRING_EQUAL(reason("connection to server on socket \"/run/.s.PGSQL.5432\" failed: No such file or "
                                  "directory\n\tIs the server running locally and accepting connections on that "
                                  "socket?\n", ""),
                           "No such file or directory");
    CU_ASSERT_STRING_EQUAL(reason("connection to server at \"db\" (::1), port 5432 failed: Connection refused\n\tIs "
                                  "the server running?\nconnection to server at \"db\" (127.0.0.1), port 5432 failed: "
                                  "FATAL:  database \"mm\" does not exist\n", ""),
                           "database \"mm\" does not exist");
    CU_ASSERT_STRING_EQUAL(reason("could not translate host name \"db\" to address: Name or service not known\n", ""),
                           "could not translate host name \"db\" to address: Name or service not known");
    CU_ASSERT_STRING_EQUAL(reason("", ""), "no reason given");
    CU_ASSERT_STRING_EQUAL(reason("\n\n", ""), "no reason given");
}

static void the_password_never_appears(void)
{
    CU_ASSERT_STRING_EQUAL(reason("failed: FATAL:  no role hunter2 here", "hunter2"), WITHHELD);
    CU_ASSERT_STRING_EQUAL(first_line("relation hunter2", "hunter2"), WITHHELD);
    CU_ASSERT_STRING_EQUAL(reason("x failed: FATAL:  password authentication failed for user \"a\"", "password"),
                           "password authentication failed");
}

static void one_clean_line(void)
{
    CU_ASSERT_STRING_EQUAL(first_line("server closed the connection\n\tThis probably means\n", ""),
                           "server closed the connection");
    CU_ASSERT_STRING_EQUAL(first_line("\r\na\tb\x1b[31m\xff", ""), "a b [31m\xef\xbf\xbd");
    CU_ASSERT_STRING_EQUAL(first_line("", ""), "");
}

static void long_texts_are_cut(void)
{
    static char text[5000];
    memset(text, 'a', sizeof text - 1);
    CU_ASSERT_EQUAL(strlen(first_line(text, "")), sizeof out - 1);
    CU_ASSERT_EQUAL(strlen(reason(text, "")), sizeof out - 1);
}

int main(void)
{
    CU_TestInfo tests[] = {
        { "reasons", reasons },
        { "the password never appears", the_password_never_appears },
        { "one clean line", one_clean_line },
        { "long texts are cut", long_texts_are_cut },
        CU_TEST_INFO_NULL,
    };
    CU_SuiteInfo suites[] = { { .pName = "error_text", .pTests = tests }, CU_SUITE_INFO_NULL };
    return cunit_tap_main(suites);
}
