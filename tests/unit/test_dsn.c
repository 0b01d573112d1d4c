/* SPDX-License-Identifier: Apache-2.0 */
/* Data sources as Mattermost's two drivers read them: every trap that an administrator's password can set. */
#include <CUnit/CUnit.h>
#include <stdio.h>
#include <string.h>

#include "supervisor/dsn.h"
#include "tests/tap/cunit_tap.h"

typedef const char *parser(const char *text, struct dsn *dsn);

struct good {
    const char *text;
    const char *host;
    unsigned port;
    const char *name;
    const char *user;
    const char *password;
    const char *sslmode;
};

/* A password in each form: 12 characters that stumble, a letter beyond ASCII, both quotes. */
#define NASTY        "a#%?&@/:'\"\\ \u00fcz"
#define NASTY_URL    "a%23%25%3F%26%40%2F%3A%27%22%5C%20%C3%BCz"
#define NASTY_QUOTED "a#%?&@/:\\'\"\\\\ \u00fcz"
#define NASTY_BARE   "a#%?&@/:\\'\"\\\\\\ \u00fcz"

static const struct good POSTGRESQL[] = {
    /* Mattermost's own. */
    {"postgres://mmuser:mostest@localhost/"
     "mattermost_test?sslmode=disable&connect_timeout=10&binary_parameters=yes",
     "localhost", 5432, "mattermost_test", "mmuser", "mostest", "disable"},
    {"postgresql://u:p@db.example:6432/mm", "db.example", 6432, "mm", "u", "p", "require"},
    /* Where is the end of what? */
    {"postgres://u:" NASTY_URL "@h/d", "h", 5432, "d", "u", NASTY, "require"},
    {"postgres://u:p%40%3a%2F@h/d", "h", 5432, "d", "u", "p@:/", "require"},
    {"postgres://u:a:b@h/d", "h", 5432, "d", "u", "a:b", "require"},
    {"postgres://u:a@b@h/d", "h", 5432, "d", "u", "a@b", "require"},
    {"postgres://u:a&b=c+d;e,f!$'()*~@h/d", "h", 5432, "d", "u", "a&b=c+d;e,f!$'()*~", "require"},
    {"postgres://u%40x:p@h/d%20b", "h", 5432, "d b", "u@x", "p", "require"},
    {"postgres://u:p%25@h/d", "h", 5432, "d", "u", "p%", "require"},
    {"postgres://u:p+q%2B@h/d+e", "h", 5432, "d+e", "u", "p+q+", "require"},
    {"postgres://u@h/d", "h", 5432, "d", "u", "", "require"},
    {"postgres://u:@h/d", "h", 5432, "d", "u", "", "require"},
    /* Parts that are not there. */
    {"postgres://u:p@h", "h", 5432, "u", "u", "p", "require"},
    {"postgres://u:p@h/", "h", 5432, "u", "u", "p", "require"},
    {"postgres://u:p@h:/d", "h", 5432, "d", "u", "p", "require"},
    {"postgres://u:p@/d", "localhost", 5432, "d", "u", "p", "require"},
    {"postgres://u:p@:7000/d", "localhost", 7000, "d", "u", "p", "require"},
    {"postgres://h/d?user=u&password=p%26q+r", "h", 5432, "d", "u", "p&q r", "require"},
    {"postgres://u:p@h?dbname=d", "h", 5432, "d", "u", "p", "require"},
    /* Addresses. */
    {"postgres://u:p@[::1]:6432/d", "::1", 6432, "d", "u", "p", "require"},
    {"postgres://u:p@[2001:db8::7]/d", "2001:db8::7", 5432, "d", "u", "p", "require"},
    {"postgres://u:p@[fe80::1%25eth0]:5432/d", "fe80::1%eth0", 5432, "d", "u", "p", "require"},
    {"postgres://u:p@10.0.0.7:65535/d", "10.0.0.7", 65535, "d", "u", "p", "require"},
    {"postgres://u:p@h/d?port=7", "h", 7, "d", "u", "p", "require"},
    {"postgres://u:p@h:8/d?port=7", "h", 8, "d", "u", "p", "require"},
    {"postgres://u:p@h:6/d?port=7", "h", 7, "d", "u", "p", "require"},
    /* Sockets: nothing is encrypted there. */
    {"postgres:///d?host=/var/run/postgresql&user=u", "/var/run/postgresql", 5432, "d", "u", "", "disable"},
    {"postgres://u:p@/d?host=/run/pg&sslmode=require", "/run/pg", 5432, "d", "u", "p", "disable"},
    {"postgres://u:p@/d?host=%2Frun%2Fpg&port=5433", "/run/pg", 5433, "d", "u", "p", "disable"},
    /* Of two values the driver takes the one that is sorted last, quoted. */
    {"postgres://u:p@h/d?host=/run/pg", "h", 5432, "d", "u", "p", "require"},
    {"postgres://u:p@a/d?host=b", "b", 5432, "d", "u", "p", "require"},
    {"postgres://u:p@b/d?host=a", "b", 5432, "d", "u", "p", "require"},
    {"postgres://u:p@h/d?user=uu", "h", 5432, "d", "uu", "p", "require"},
    {"postgres://u:p@h/d?user=u%27", "h", 5432, "d", "u'", "p", "require"},
    {"postgres://u:p@h/d?user=u%20", "h", 5432, "d", "u", "p", "require"},
    {"postgres://u:p@h/d?dbname=", "h", 5432, "d", "u", "p", "require"},
    {"postgres://u:p@h/d?sslmode=disable&sslmode=require", "h", 5432, "d", "u", "p", "disable"},
    /* The query. */
    {"postgres://u:p@h/d?", "h", 5432, "d", "u", "p", "require"},
    {"postgres://u:p@h/d?&&sslmode=verify-ca&", "h", 5432, "d", "u", "p", "verify-ca"},
    {"postgres://u:p@h/d?ssl%6Dode=verify-full", "h", 5432, "d", "u", "p", "verify-full"},
    {"postgres://u:p@h/d?sslmode=disable;x=1", "h", 5432, "d", "u", "p", "require"},
    {"postgres://u:p@h/d?sslmode=", "h", 5432, "d", "u", "p", "require"},
    {"postgres://u:p@h/d?a?b=/c@d", "h", 5432, "d", "u", "p", "require"},
    /* key=value. */
    {"host=h port=6432 dbname=d user=u password=p sslmode=disable", "h", 6432, "d", "u", "p", "disable"},
    {"user=u", "localhost", 5432, "u", "u", "", "require"},
    {" \t\nuser = u\r\n password =p  dbname= d ", "localhost", 5432, "d", "u", "p", "require"},
    {"user=u password='" NASTY_QUOTED "' dbname=d", "localhost", 5432, "d", "u", NASTY, "require"},
    {"user=u password=" NASTY_BARE " dbname=d", "localhost", 5432, "d", "u", NASTY, "require"},
    {"user=u password='' dbname='d e'", "localhost", 5432, "d e", "u", "", "require"},
    {"user=u dbname=d password=", "localhost", 5432, "d", "u", "", "require"},
    {"user=u password=%41", "localhost", 5432, "u", "u", "%41", "require"},
    {"user=u user=v dbname=d", "localhost", 5432, "d", "v", "", "require"},
    {"user='u'dbname='d'", "localhost", 5432, "d", "u", "", "require"},
    {"host=/run/pg user=u", "/run/pg", 5432, "u", "u", "", "disable"},
    {"host=@mm user=u", "@mm", 5432, "u", "u", "", "disable"},
    {"host=::1 user=u", "::1", 5432, "u", "u", "", "require"},
    {"user=u\u00a0dbname=d\u3000password=p\u2028", "localhost", 5432, "d", "u", "p", "require"},
    {"user=u password=a\\\u00a0b", "localhost", 5432, "u", "u", "a\u00a0b", "require"},
};

static const struct good MYSQL[] = {
    {"mmuser:mostest@tcp(localhost:3306)/mattermost_test?charset=utf8mb4,utf8&writeTimeout=30s", "localhost",
     3306, "mattermost_test", "mmuser", "mostest", "disable"},
    /* Nothing is escaped; the last '/', the last '@', the first ':'. */
    {"u:" NASTY "@tcp(h:3307)/d", "h", 3307, "d", "u", NASTY, "disable"},
    {"u:%41%2F@tcp(h)/d", "h", 3306, "d", "u", "%41%2F", "disable"},
    {"u:p@tcp(x)/y@tcp(h)/d", "h", 3306, "d", "u", "p@tcp(x)/y", "disable"},
    {"u:a?b=c&d@tcp(h)/d", "h", 3306, "d", "u", "a?b=c&d", "disable"},
    {"u::@tcp(h)/d", "h", 3306, "d", "u", ":", "disable"},
    {"u@tcp(h)/d", "h", 3306, "d", "u", "", "disable"},
    {"u:@tcp(h)/d", "h", 3306, "d", "u", "", "disable"},
    {"u@x:p@tcp(h)/d", "h", 3306, "d", "u@x", "p", "disable"},
    {"u:p@tcp(h)/d%20e", "h", 3306, "d%20e", "u", "p", "disable"},
    /* Addresses. */
    {"u:p@/d", "127.0.0.1", 3306, "d", "u", "p", "disable"},
    {"u:p@tcp/d", "127.0.0.1", 3306, "d", "u", "p", "disable"},
    {"u:p@tcp()/d", "127.0.0.1", 3306, "d", "u", "p", "disable"},
    {"u:p@(h:1)/d", "h", 1, "d", "u", "p", "disable"},
    {"u:p@tcp(:3307)/d", "127.0.0.1", 3307, "d", "u", "p", "disable"},
    {"u:p@tcp([::1]:3307)/d", "::1", 3307, "d", "u", "p", "disable"},
    {"u:p@tcp([2001:db8::7])/d", "2001:db8::7", 3306, "d", "u", "p", "disable"},
    {"u:p@tcp(2001:db8::7)/d", "2001:db8::7", 3306, "d", "u", "p", "disable"},
    {"u:p@tcp6([fe80::1%eth0]:1)/d", "fe80::1%eth0", 1, "d", "u", "p", "disable"},
    {"u:p@unix(/run/mysqld/mysqld.sock)/d", "/run/mysqld/mysqld.sock", 3306, "d", "u", "p", "disable"},
    {"u:p@unix/d", "/tmp/mysql.sock", 3306, "d", "u", "p", "disable"},
    /* TLS. */
    {"u:p@tcp(h)/d?tls=true", "h", 3306, "d", "u", "p", "verify-full"},
    {"u:p@tcp(h)/d?tls=1&charset=utf8", "h", 3306, "d", "u", "p", "verify-full"},
    {"u:p@tcp(h)/d?tls=False", "h", 3306, "d", "u", "p", "disable"},
    {"u:p@tcp(h)/d?tls=", "h", 3306, "d", "u", "p", "disable"},
    {"u:p@tcp(h)/d?tls=skip-verify", "h", 3306, "d", "u", "p", "require"},
    {"u:p@tcp(h)/d?tls=Preferred", "h", 3306, "d", "u", "p", "prefer"},
    {"u:p@tcp(h)/d?", "h", 3306, "d", "u", "p", "disable"},
    {"u:p@tcp(h)/d?tls&&=&", "h", 3306, "d", "u", "p", "disable"},
    {"u:p@tcp(h)/d?loc=Europe%2FBerlin", "h", 3306, "d", "u", "p", "disable"},
};

#define OVERLONG_PORT "99999999999999999999"

static const struct {
    parser *parse;
    const char *text;
    const char *fault; /* part of it */
} BAD[] = {
    {dsn_parse_postgresql, "", "empty"},
    {dsn_parse_postgresql, "postgres://", "no user"},
    {dsn_parse_postgresql, "postgres://h/d", "no user"},
    {dsn_parse_postgresql, "postgres://u:SECRET#SECRET@h/d", "%23"},
    {dsn_parse_postgresql, "postgres://u:SECRET?SECRET@h/d", "the port"},
    {dsn_parse_postgresql, "postgres://u:SECRET/SECRET@h/d", "the port"},
    {dsn_parse_postgresql, "postgres://u:12/SECRET@h/d", "no user"},
    {dsn_parse_postgresql, "postgres://u:12?SECRET@h/d", "no user"},
    {dsn_parse_postgresql, "postgres://u:SECRET\"@h/d", "escape"},
    {dsn_parse_postgresql, "postgres://u:SECRET\\@h/d", "escape"},
    {dsn_parse_postgresql, "postgres://u:SECRET SECRET@h/d", "escape"},
    {dsn_parse_postgresql, "postgres://u:SECRET\u00fc@h/d", "escape"},
    {dsn_parse_postgresql, "postgres://u:SECRET%@h/d", "hexadecimal"},
    {dsn_parse_postgresql, "postgres://u:SECRET%4@h/d", "hexadecimal"},
    {dsn_parse_postgresql, "postgres://u:SECRET%zz@h/d", "hexadecimal"},
    {dsn_parse_postgresql, "postgres://u:SECRET%00@h/d", "hexadecimal"},
    {dsn_parse_postgresql, "postgres://u:p@h/d?password=SECRET%", "hexadecimal"},
    {dsn_parse_postgresql, "postgres://u:p@h:port/d", "the port"},
    {dsn_parse_postgresql, "postgres://u:p@h:0/d", "the port"},
    {dsn_parse_postgresql, "postgres://u:p@h:65536/d", "the port"},
    {dsn_parse_postgresql, "postgres://u:p@h:-1/d", "the port"},
    {dsn_parse_postgresql, "postgres://u:p@h:" OVERLONG_PORT "/d", "the port"},
    {dsn_parse_postgresql, "postgres://u:p@h/d?port=x", "the port"},
    {dsn_parse_postgresql, "postgres://u:p@h/d?port=" OVERLONG_PORT, "the port"},
    {dsn_parse_postgresql, "postgres://u:p@::1/d", "the port"},
    {dsn_parse_postgresql, "postgres://u:p@[::1/d", "brackets"},
    {dsn_parse_postgresql, "postgres://u:p@[::1]x/d", "brackets"},
    {dsn_parse_postgresql, "postgres://u:p@a,b/d", "neither one name"},
    {dsn_parse_postgresql, "postgres://u:p@a:1,b:2/d", "the port"},
    {dsn_parse_postgresql, "postgres://u:p@%2Frun%2Fpg/d", "?host=/"},
    {dsn_parse_postgresql, "postgres://u:p@h h/d", "neither one name"},
    {dsn_parse_postgresql, "postgres://u:p@h/d%0ae", "control"},
    {dsn_parse_postgresql, "postgres://u:p@h/d%ff", "UTF-8"},
    {dsn_parse_postgresql, "postgres://u:p@h/d?sslmode=SECRET", "sslmode"},
    {dsn_parse_postgresql, "postgres://u:p@h/d?sslinline=true", "sslinline"},
    {dsn_parse_postgresql, "mysql://u:SECRET@h/d", "neither"},
    {dsn_parse_postgresql, "u:SECRET@tcp(h:3306)/d", "neither a URL"},
    {dsn_parse_postgresql, "user=u password=SECRET SECRET", "="},
    {dsn_parse_postgresql, "user=u password='SECRET", "no end"},
    {dsn_parse_postgresql, "user=u password='SECRET\\'", "no end"},
    {dsn_parse_postgresql, "user=u password=SECRET\\", "backslash"},
    {dsn_parse_postgresql, "user", "="},
    {dsn_parse_postgresql, "host=a,b user=u", "neither one name"},
    {dsn_parse_postgresql, "password=SECRET", "no user"},
    {dsn_parse_mysql, "", "empty"},
    {dsn_parse_mysql, "SECRET", "no /"},
    {dsn_parse_mysql, "u:SECRET@tcp(h)", "no /"},
    {dsn_parse_mysql, "u:SE/CRET@tcp(h)", "neither tcp"},
    {dsn_parse_mysql, "/", "no user"},
    {dsn_parse_mysql, "u:SECRET@tcp(h)/", "no name"},
    {dsn_parse_mysql, ":SECRET@tcp(h)/d", "no user"},
    {dsn_parse_mysql, "u:SECRET@h:3306/d", "neither tcp"},
    {dsn_parse_mysql, "u:SECRET@tcp(h/d", "no )"},
    {dsn_parse_mysql, "u:SECRET@tcp(h)x/d", "no )"},
    {dsn_parse_mysql, "u:SECRET@tcp(h)/d?loc=Europe/Berlin", "no )"},
    {dsn_parse_mysql, "u:SECRET@tcp(h:x)/d", "the port"},
    {dsn_parse_mysql, "u:SECRET@tcp(h:0)/d", "the port"},
    {dsn_parse_mysql, "u:SECRET@tcp(h:" OVERLONG_PORT ")/d", "the port"},
    {dsn_parse_mysql, "u:SECRET@tcp([::1:3306)/d", "brackets"},
    {dsn_parse_mysql, "u:SECRET@tcp([::1]3306)/d", "brackets"},
    {dsn_parse_mysql, "u:SECRET@tcp(a,b)/d", "neither one name"},
    {dsn_parse_mysql, "u:SECRET@unix(mysqld.sock)/d", "socket"},
    {dsn_parse_mysql, "u:SECRET@pipe(x)/d", "neither tcp"},
    {dsn_parse_mysql, "u:SECRET@unix(/a@b)/d", "neither tcp"},
    {dsn_parse_mysql, "u:SECRET@tcp(h)/d?tls=custom", "tls"},
    {dsn_parse_url, "https://u:SECRET@h/d", "begins with"},
    {dsn_parse_url, "/opt/mattermost/config/config.json", "begins with"},
    {dsn_parse_url, "", "begins with"},
};

static void check_good(parser *parse, enum dsn_driver driver, const struct good *wanted)
{
    struct dsn dsn;
    const char *fault = parse(wanted->text, &dsn);
    bool good = fault == NULL && dsn.driver == driver && strcmp(dsn.host, wanted->host) == 0 &&
                dsn.port == wanted->port && strcmp(dsn.name, wanted->name) == 0 &&
                strcmp(dsn.user, wanted->user) == 0 && strcmp(dsn.password, wanted->password) == 0 &&
                strcmp(dsn.sslmode, wanted->sslmode) == 0;
    CU_ASSERT_TRUE(good);
    if (!good)
        printf("# %s\n# %s: host %s port %u name %s user %s password %s sslmode %s\n", wanted->text,
               fault == NULL ? "no fault" : fault, dsn.host, dsn.port, dsn.name, dsn.user, dsn.password,
               dsn.sslmode);
    dsn_wipe(&dsn);
}

static void test_postgresql(void)
{
    for (size_t i = 0; i < sizeof POSTGRESQL / sizeof POSTGRESQL[0]; i++)
        check_good(dsn_parse_postgresql, DSN_POSTGRESQL, &POSTGRESQL[i]);
}

static void test_mysql(void)
{
    for (size_t i = 0; i < sizeof MYSQL / sizeof MYSQL[0]; i++)
        check_good(dsn_parse_mysql, DSN_MYSQL, &MYSQL[i]);
}

static bool is_wiped(const struct dsn *dsn)
{
    static const struct dsn nothing;
    return memcmp(dsn, &nothing, sizeof nothing) == 0;
}

static void test_bad(void)
{
    for (size_t i = 0; i < sizeof BAD / sizeof BAD[0]; i++) {
        struct dsn dsn;
        memset(&dsn, 0xa5, sizeof dsn);
        const char *fault = BAD[i].parse(BAD[i].text, &dsn);
        bool good = fault != NULL && strstr(fault, BAD[i].fault) != NULL && strstr(fault, "SECRET") == NULL;
        CU_ASSERT_TRUE(good);
        if (!good)
            printf("# %s\n# gives: %s\n", BAD[i].text, fault == NULL ? "no fault" : fault);
        CU_ASSERT_TRUE(is_wiped(&dsn));
    }
}

static void test_other_fields(void)
{
    struct dsn dsn;
    CU_ASSERT_PTR_NULL(
        dsn_parse_postgresql("postgres://u:p@h/d?sslmode=verify-full&sslrootcert=%2Fca.pem&"
                             "sslcert=/c.pem&sslkey=/k.pem&connect_timeout=10&search_path=mm%2Cpublic&"
                             "statement_timeout=5&binary_parameters=yes&work_mem=1MB&"
                             "application_name=mm",
                             &dsn));
    CU_ASSERT_STRING_EQUAL(dsn.sslrootcert, "/ca.pem");
    CU_ASSERT_STRING_EQUAL(dsn.sslcert, "/c.pem");
    CU_ASSERT_STRING_EQUAL(dsn.sslkey, "/k.pem");
    CU_ASSERT_STRING_EQUAL(dsn.search_path, "mm,public");
    CU_ASSERT_EQUAL(dsn.left_out, 2);
    CU_ASSERT_PTR_NULL(
        dsn_parse_mysql("u:p@tcp(h)/d?timeout=1m30.5s&readTimeout=1s&sql_mode=ANSI&charset=utf8", &dsn));
    CU_ASSERT_EQUAL(dsn.left_out, 1);
}

static void test_url(void)
{
    struct dsn dsn;
    CU_ASSERT_TRUE(dsn_is_url("postgres://x"));
    CU_ASSERT_TRUE(dsn_is_url("postgresql://x"));
    CU_ASSERT_TRUE(dsn_is_url("mysql://x"));
    CU_ASSERT_FALSE(dsn_is_url("/postgres://x"));
    CU_ASSERT_FALSE(dsn_is_url("user=u"));
    CU_ASSERT_PTR_NULL(dsn_parse_url("mysql://u:" NASTY "@tcp(h:3307)/d", &dsn));
    CU_ASSERT_EQUAL(dsn.driver, DSN_MYSQL);
    CU_ASSERT_STRING_EQUAL(dsn.password, NASTY);
    CU_ASSERT_PTR_NULL(dsn_parse_url("postgres://u:" NASTY_URL "@h/d", &dsn));
    CU_ASSERT_EQUAL(dsn.driver, DSN_POSTGRESQL);
    CU_ASSERT_STRING_EQUAL(dsn.password, NASTY);
}

/* Each part at its bound and one past it, in every form. */
static void test_lengths(void)
{
    static const struct {
        parser *parse;
        const char *format;
        size_t bytes; /* of the field */
    } cases[] = {
        {dsn_parse_postgresql, "postgres://u:%s@h/d", DSN_PASSWORD_BYTES},
        {dsn_parse_postgresql, "postgres://%s:p@h/d", DSN_TEXT_BYTES},
        {dsn_parse_postgresql, "postgres://u:p@%s/d", DSN_TEXT_BYTES},
        {dsn_parse_postgresql, "postgres://u:p@h/%s", DSN_TEXT_BYTES},
        {dsn_parse_postgresql, "postgres://u:p@h/d?sslcert=/%s", DSN_PATH_BYTES - 1},
        {dsn_parse_postgresql, "user=u password='%s'", DSN_PASSWORD_BYTES},
        {dsn_parse_postgresql, "user=u host=%s", DSN_TEXT_BYTES},
        {dsn_parse_mysql, "u:%s@tcp(h)/d", DSN_PASSWORD_BYTES},
        {dsn_parse_mysql, "%s:p@tcp(h)/d", DSN_TEXT_BYTES},
        {dsn_parse_mysql, "u:p@tcp(%s)/d", DSN_TEXT_BYTES},
        {dsn_parse_mysql, "u:p@unix(/%s)/d", DSN_TEXT_BYTES - 1},
        {dsn_parse_mysql, "u:p@tcp(h)/%s", DSN_TEXT_BYTES},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[DSN_PASSWORD_BYTES + 64];
        char part[DSN_PASSWORD_BYTES + 1];
        struct dsn dsn;
        memset(part, 'x', sizeof part);
        part[cases[i].bytes - 1] = '\0';
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
        snprintf(text, sizeof text, cases[i].format, part);
        CU_ASSERT_PTR_NULL(cases[i].parse(text, &dsn));
        part[cases[i].bytes - 1] = 'x';
        part[cases[i].bytes] = '\0';
        snprintf(text, sizeof text, cases[i].format, part);
#pragma GCC diagnostic pop
        CU_ASSERT_PTR_NOT_NULL(cases[i].parse(text, &dsn));
    }
}

int main(void)
{
    static CU_TestInfo tests[] = {
        {"PostgreSQL", test_postgresql},
        {"MySQL", test_mysql},
        {"faults tell nothing and leave nothing", test_bad},
        {"certificates, what is left out", test_other_fields},
        {"MM_CONFIG", test_url},
        {"lengths", test_lengths},
        CU_TEST_INFO_NULL,
    };
    static CU_SuiteInfo suites[] = {{"dsn", NULL, NULL, NULL, NULL, tests}, CU_SUITE_INFO_NULL};
    return cunit_tap_main(suites);
}
