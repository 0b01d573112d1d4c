/* SPDX-License-Identifier: Apache-2.0 */
/* What collect[], exclude[] and name[] want, and what is wrong with them. */
#include <CUnit/CUnit.h>
#include <stdio.h>
#include <string.h>

#include "front/filter.h"
#include "tests/tap/cunit_tap.h"

static struct store store;

static int set_up(void)
{
    static const char *const collectors[] = {"kpi", "jobs", "kpi"};
    for (size_t i = 0; i < 3; i++) {
        struct slot *slot = &store.slots[i];
        slot->used = true;
        snprintf(slot->identity.collector, sizeof slot->identity.collector, "%s", collectors[i]);
    }
    return 0;
}

/* Pairs of names and values. */
static struct http_request request_of(const char *const words[][2])
{
    struct http_request request = {0};
    for (size_t i = 0; words[i][0]; i++)
        request.parameters[request.parameter_count++] = (struct http_parameter){words[i][0], words[i][1]};
    return request;
}

#define REQUEST(...) request_of((const char *const[][2]){__VA_ARGS__, {NULL, NULL}})

static bool wants(const struct filter *filter, const char *collector)
{
    return !filter->page.wants_slot || filter->page.wants_slot(filter->page.context, collector, "mattermost");
}

static bool names(const struct filter *filter, const char *family)
{
    return !filter->page.wants_family || filter->page.wants_family(filter->page.context, family, strlen(family));
}

static void test_nothing_asked(void)
{
    struct filter filter;
    struct http_request empty = {0};
    struct http_request other = REQUEST({"collect", "kpi"}, {"name", "x"}, {"a[]", ""});
    CU_ASSERT_FALSE(filter_read(&filter, &empty, &store));
    CU_ASSERT_FALSE(filter_read(&filter, &other, &store));
    CU_ASSERT_STRING_EQUAL(filter.fault, "");
}

static void test_collect(void)
{
    struct filter filter;
    struct http_request one = REQUEST({"collect[]", "kpi"});
    struct http_request two = REQUEST({"collect[]", "kpi"}, {"collect[]", "jobs"});
    CU_ASSERT_TRUE(filter_read(&filter, &one, &store));
    CU_ASSERT_STRING_EQUAL(filter.fault, "");
    CU_ASSERT_TRUE(wants(&filter, "kpi") && !wants(&filter, "jobs"));
    CU_ASSERT_TRUE(filter_read(&filter, &two, &store));
    CU_ASSERT_TRUE(wants(&filter, "kpi") && wants(&filter, "jobs"));
}

static void test_exclude(void)
{
    struct filter filter;
    struct http_request one = REQUEST({"exclude[]", "kpi"});
    CU_ASSERT_TRUE(filter_read(&filter, &one, &store));
    CU_ASSERT_STRING_EQUAL(filter.fault, "");
    CU_ASSERT_TRUE(!wants(&filter, "kpi") && wants(&filter, "jobs"));
}

static void test_names(void)
{
    struct filter filter;
    struct http_request two = REQUEST({"name[]", "posts_total"}, {"name[]", "build_info"});
    CU_ASSERT_TRUE(filter_read(&filter, &two, &store));
    CU_ASSERT_TRUE(names(&filter, "posts_total") && names(&filter, "posts"));
    CU_ASSERT_TRUE(names(&filter, "build_info") && names(&filter, "build"));
    CU_ASSERT_FALSE(names(&filter, "posts_tot") || names(&filter, "post") || names(&filter, "posts_total_total"));
    CU_ASSERT_TRUE(wants(&filter, "jobs"));
}

static void test_faults(void)
{
    struct filter filter;
    struct http_request both = REQUEST({"exclude[]", "kpi"}, {"collect[]", "jobs"});
    struct http_request unknown = REQUEST({"collect[]", "kpi"}, {"collect[]", "a\nb"});
    struct http_request empty = REQUEST({"exclude[]", ""});
    CU_ASSERT_TRUE(filter_read(&filter, &both, &store));
    CU_ASSERT_STRING_EQUAL(filter.fault, "400 collect[] and exclude[] exclude each other\n");
    CU_ASSERT_TRUE(filter_read(&filter, &unknown, &store));
    CU_ASSERT_STRING_EQUAL(filter.fault, "400 there is no collector `a b'\n");
    CU_ASSERT_TRUE(filter_read(&filter, &empty, &store));
    CU_ASSERT_STRING_EQUAL(filter.fault, "400 there is no collector `'\n");
}

static CU_TestInfo tests[] = {
    {"nothing is asked for", test_nothing_asked},
    {"collect[]", test_collect},
    {"exclude[]", test_exclude},
    {"name[]", test_names},
    {"what is refused", test_faults},
    CU_TEST_INFO_NULL,
};

static CU_SuiteInfo suites[] = {
    {"filter", set_up, NULL, NULL, NULL, tests},
    CU_SUITE_INFO_NULL,
};

int main(void)
{
    return cunit_tap_main(suites);
}
