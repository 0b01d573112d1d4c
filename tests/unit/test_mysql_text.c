/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/tap/cunit_tap.h"

#include <stdlib.h>
#include <string.h>

#include "database/mysql_error.h"
#include "database/mysql_quote.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* What becomes of a query with up to three values, or the fault. */
static const char *quoted(const char *sql, size_t count, const char *first, const char *second)
{
    static char kept[4096];
    const char *values[] = {first, second};
    const char *fault;
    char *text = mysql_quote(sql, values, count, &fault);
    snprintf(kept, sizeof kept, "%s", text != NULL ? text : fault);
    free(text);
    return kept;
}

static void values(void)
{
    CU_ASSERT_STRING_EQUAL(quoted("SELECT 1", 0, NULL, NULL), "SELECT 1");
    CU_ASSERT_STRING_EQUAL(quoted("a = ?", 1, "100", NULL), "a = '100'");
    CU_ASSERT_STRING_EQUAL(quoted("a = ? AND b <> ?", 2, "+1 ~ \"x\" %_?", ""),
                           "a = '+1 ~ \"x\" %_?' AND b <> ''");
    CU_ASSERT_STRING_EQUAL(quoted("a = ?", 1, NULL, NULL), "a = NULL");
    CU_ASSERT_STRING_EQUAL(quoted("a = ?", 1, "it's", NULL), "a = _utf8mb4 X'69742773'");
    CU_ASSERT_STRING_EQUAL(quoted("a = ?", 1, "\\", NULL), "a = _utf8mb4 X'5C'");
    CU_ASSERT_STRING_EQUAL(quoted("a = ?", 1, "\xf0\x9f\x94\x91\n\x7f", NULL),
                           "a = _utf8mb4 X'F09F94910A7F'");
}

static void no_parameters(void)
{
    static const char *const queries[] = {
        "SELECT '?', '''?', 'a\\'?', \"?\"\"?\", `?`",
        "SELECT 1 -- ?\n",
        "SELECT 1 # ?\n + 1",
        "SELECT /* ? */ 1",
        "SELECT 'never closed ?",
        "SELECT 1 /* never closed ?",
        "SELECT '\\",
        "-- ?",
        "",
    };
    for (size_t i = 0; i < COUNT(queries); i++)
        CU_ASSERT_STRING_EQUAL(quoted(queries[i], 0, NULL, NULL), queries[i]);
    CU_ASSERT_STRING_EQUAL(quoted("SELECT `\\`, ?", 1, "x", NULL), "SELECT `\\`, 'x'");
    CU_ASSERT_STRING_EQUAL(quoted("SELECT 1--?", 1, "x", NULL), "SELECT 1--'x'");
    CU_ASSERT_STRING_EQUAL(quoted("SELECT '?' = ? -- ?\n AND ?", 2, "a", "b"),
                           "SELECT '?' = 'a' -- ?\n AND 'b'");
}

static void limits(void)
{
    CU_ASSERT_STRING_EQUAL(quoted("LIMIT ?", 1, "5", NULL), "LIMIT 5");
    CU_ASSERT_STRING_EQUAL(quoted("limit ?, ?", 2, "5", "10"), "limit 5, 10");
    CU_ASSERT_STRING_EQUAL(quoted("LIMIT 5 , /* n */ ?", 1, "10", NULL), "LIMIT 5 , /* n */ 10");
    CU_ASSERT_STRING_EQUAL(quoted("LIMIT ?\n OFFSET ?", 2, "5", "10"), "LIMIT 5\n OFFSET 10");
    CU_ASSERT_STRING_EQUAL(quoted("(SELECT 1 LIMIT 5), ?", 1, "7", NULL), "(SELECT 1 LIMIT 5), '7'");
    CU_ASSERT_STRING_EQUAL(quoted("x LIMIT 1 FOR UPDATE ?", 1, "7", NULL), "x LIMIT 1 FOR UPDATE '7'");
    CU_ASSERT_STRING_EQUAL(quoted("my_limit = ?", 1, "7", NULL), "my_limit = '7'");
    static const char *const wrong[] = {"", "-1", "5 OR 1", "1.5", "0x1", "1234567890123456789", NULL};
    for (size_t i = 0; i < COUNT(wrong); i++)
        CU_ASSERT_STRING_EQUAL(quoted("LIMIT ?", 1, wrong[i], NULL),
                               "a parameter of LIMIT or OFFSET is no number");
}

static void numbers_of_values(void)
{
    CU_ASSERT_STRING_EQUAL(quoted("? = ?", 1, "a", NULL), "the query has more parameters than values");
    CU_ASSERT_STRING_EQUAL(quoted("'?'", 1, "a", NULL), "the query has fewer parameters than values");
}

/* Whatever the value: outside of the quotes around it there is nothing of it. */
static void every_byte(void)
{
    for (int byte = 1; byte < 256; byte++) {
        const char value[] = {(char)byte, 0};
        const char *text = quoted("?", 1, value, NULL);
        size_t size = strlen(text);
        const char *opening = strchr(text, '\'');
        CU_ASSERT_PTR_NOT_NULL_FATAL(opening);
        CU_ASSERT_PTR_EQUAL(strchr(opening + 1, '\''), text + size - 1);
        CU_ASSERT_PTR_NULL(strchr(text, '\\'));
    }
}

static char out[256];

static const char *of_query(unsigned number, const char *message)
{
    mysql_error_of_query(out, sizeof out, number, message, "hush");
    return out;
}

static const char *of_connect(unsigned number, const char *message)
{
    mysql_error_of_connect(out, sizeof out, number, message, "hush");
    return out;
}

static void errors_of_queries(void)
{
    CU_ASSERT_STRING_EQUAL(of_query(1146, "Table 'mm.Sessions' doesn't exist"),
                           "ERROR 1146: Table 'mm.Sessions' doesn't exist");
    CU_ASSERT_STRING_EQUAL(of_query(1064, "You have an error in your SQL syntax near 'FROM x WHERE y = 'z''"),
                           "ERROR 1064: the server does not understand the query");
    CU_ASSERT_PTR_NULL(strstr(of_query(1142, "denied to hush"), "hush"));
    CU_ASSERT_PTR_NULL(strchr(of_query(1142, "two\nlines"), '\n'));
}

static void errors_of_connecting(void)
{
    CU_ASSERT_STRING_EQUAL(of_connect(2002, "Can't connect to local server through socket '/x (y)' (2)"),
                           "No such file or directory");
    CU_ASSERT_STRING_EQUAL(of_connect(2002, "Can't connect to server on 'db' (111)"), "Connection refused");
    CU_ASSERT_STRING_EQUAL(of_connect(2005, "Unknown server host 'db' (-2)"), "the host's name is not known");
    CU_ASSERT_STRING_EQUAL(of_connect(1045, "Access denied for user 'a'@'b' (using password: YES)"),
                           "Access denied for user 'a'@'b' (using password: YES)");
    CU_ASSERT_STRING_EQUAL(of_connect(2026, ""), "no reason given");
    CU_ASSERT_PTR_NULL(strstr(of_connect(1045, "Access denied for 'hush'"), "hush"));
}

static void kinds_of_errors(void)
{
    CU_ASSERT(mysql_error_ends_session(2013) && mysql_error_ends_session(1927) &&
              mysql_error_ends_session(5014));
    CU_ASSERT(!mysql_error_ends_session(0) && !mysql_error_ends_session(1205) &&
              !mysql_error_ends_session(3024));
    CU_ASSERT(mysql_error_is_timeout(1969) && mysql_error_is_timeout(3024) && !mysql_error_is_timeout(1317));
    CU_ASSERT(mysql_error_is_interruption(1317) && !mysql_error_is_interruption(1205));
}

static CU_TestInfo quote_tests[] = {
    {"values", values},           {"what is no parameter", no_parameters},
    {"LIMIT and OFFSET", limits}, {"as many values as parameters", numbers_of_values},
    {"every byte", every_byte},   CU_TEST_INFO_NULL,
};

static CU_TestInfo error_tests[] = {
    {"of queries", errors_of_queries},
    {"of connecting", errors_of_connecting},
    {"their kinds", kinds_of_errors},
    CU_TEST_INFO_NULL,
};

static CU_SuiteInfo suites[] = {
    {"parameters of MySQL", NULL, NULL, NULL, NULL, quote_tests},
    {"errors of MySQL", NULL, NULL, NULL, NULL, error_tests},
    CU_SUITE_INFO_NULL,
};

int main(void)
{
    return cunit_tap_main(suites);
}
