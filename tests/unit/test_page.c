/* SPDX-License-Identifier: Apache-2.0 */
/* The composed page: order, heads, target labels, and what happens when slots disagree. */
#include <CUnit/CUnit.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "front/intake.h"
#include "front/page.h"
#include "front/status_page.h"
#include "tests/tap/cunit_tap.h"
#include "tests/unit/frame_stream.h"

static const struct page_build build = {"1.2.3", "abc"};
static const struct moment now = {5000, 1700000000000};
static struct frame_stream stream;
static struct store store;
static struct page *page;

static void set_up(void)
{
    page_release(page);
    page = NULL;
    store_free(&store);
}

static void add_slot(uint32_t number, const char *collector, const char *target)
{
    struct control_slot identity = {
        .slot = number, .generation = 1, .interval_ms = 15000, .stale_after_ms = 45000, .samples_max = SAMPLES_MAX, .bytes_max = ROUND_MAX_BYTES};
    snprintf(identity.collector, sizeof identity.collector, "%s", collector);
    snprintf(identity.target, sizeof identity.target, "%s", target);
    CU_ASSERT_TRUE_FATAL(store_set_slot(&store, &identity, now));
}

/* One family with one sample, delivered by that slot. */
static void deliver(uint32_t number, enum frame_family_type type, const char *name, const char *labels,
                    const char *help, const char *values, uint64_t value)
{
    struct intake *intake = intake_new(&store, number, 1, -1);
    CU_ASSERT_PTR_NOT_NULL_FATAL(intake);
    stream_init(&stream);
    stream_hello(&stream, 1);
    stream_desc(&stream, 0, type, name, labels, help);
    stream_begin(&stream);
    stream_u64(&stream, 0, values, value);
    stream_end(&stream, ROUND_OK, -1, "");
    CU_ASSERT_EQUAL(intake_feed(intake, stream.bytes, stream.size, now), INTAKE_OPEN);
    intake_free(intake);
}

static void compose(void)
{
    struct page *next = page_compose(&store, page, &build);
    CU_ASSERT_PTR_NOT_NULL_FATAL(next);
    page_release(page);
    page = next;
}

/* The families of a page, in one format, without our own. The caller frees it. */
static char *families_of(const struct page *one, enum render_format format)
{
    struct buffer out = {0};
    const struct chain *chain = &one->families->chains[format];
    for (size_t i = 0; i < chain->link_count; i++)
        buffer_put(&out, chain->links[i].text->bytes, chain->links[i].text->size);
    buffer_put_char(&out, '\0');
    CU_ASSERT_FALSE_FATAL(out.failed);
    return out.bytes;
}

static void check_text(enum render_format format, const char *expected)
{
    char *text = families_of(page, format);
    if (strcmp(text, expected) != 0) {
        printf("# got:\n%s", text);
        CU_FAIL("another page");
    }
    free(text);
}

static void check_families(const char *expected)
{
    compose();
    check_text(RENDER_TEXT, expected);
}

static bool collectors_have(const char *line)
{
    char *text = strndup(page->collectors[RENDER_TEXT]->bytes, page->collectors[RENDER_TEXT]->size);
    bool found = text && strstr(text, line);
    if (!found)
        printf("# got:\n%s", text);
    free(text);
    return found;
}

static void test_empty(void)
{
    set_up();
    check_families("");
    CU_ASSERT_TRUE(collectors_have("minotor_build_info{version=\"1.2.3\",revision=\"abc\"} 1\n"));
}

static void test_a_family(void)
{
    set_up();
    add_slot(0, "kpi", "mattermost");
    deliver(0, FRAME_FAMILY_COUNTER, "sent_total", "kind,to", "Sent.", "push,all", 7);
    check_families(
        "# HELP sent_total Sent.\n# TYPE sent_total counter\nsent_total{kind=\"push\",to=\"all\"} 7\n");
    CU_ASSERT_TRUE(collectors_have("minotor_collector_success{collector=\"kpi\"} 1\n"));
    CU_ASSERT_TRUE(collectors_have("minotor_family_last_success_timestamp_seconds{collector=\"kpi\",family="
                                   "\"sent_total\"} 1700000000\n"));
}

static void test_without_labels_no_braces(void)
{
    set_up();
    add_slot(0, "kpi", "mattermost");
    deliver(0, FRAME_FAMILY_GAUGE, "posts", "", "Posts.", "", 7);
    check_families("# HELP posts Posts.\n# TYPE posts gauge\nposts 7\n");
}

static void test_sorted_by_name(void)
{
    set_up();
    add_slot(0, "a", "mattermost");
    add_slot(1, "b", "mattermost");
    add_slot(2, "c", "mattermost");
    deliver(0, FRAME_FAMILY_GAUGE, "zebra", "", "Z.", "", 1);
    deliver(1, FRAME_FAMILY_GAUGE, "apes", "", "A.", "", 2);
    deliver(2, FRAME_FAMILY_GAUGE, "processor", "", "P.", "", 3);
    check_families("# HELP apes A.\n# TYPE apes gauge\napes 2\n# HELP processor P.\n# TYPE processor "
                   "gauge\nprocessor 3\n"
                   "# HELP zebra Z.\n# TYPE zebra gauge\nzebra 1\n");
    CU_ASSERT_EQUAL(page->families->gaps[OWN_GAP_MINOTOR], 1);
    CU_ASSERT_EQUAL(page->families->gaps[OWN_GAP_PROCESS], 1);
    CU_ASSERT_EQUAL(page->families->gaps[OWN_GAP_PROMHTTP], 2);
    for (unsigned i = 0; i < OWN_GAP_COUNT; i++) {
        const struct chain *chain = &page->families->chains[RENDER_TEXT];
        CU_ASSERT_EQUAL(memcmp(chain->links[chain->gaps[i]].text->bytes, i < OWN_GAP_PROMHTTP ? "# HELP p" : "# HELP z", 8), 0);
    }
}

static void test_no_samples_no_head(void)
{
    struct moment later = now;
    set_up();
    add_slot(0, "kpi", "mattermost");
    deliver(0, FRAME_FAMILY_GAUGE, "posts", "", "Posts.", "", 7);
    later.monotonic_ms += 45000;
    store_tick(&store, later);
    check_families("");
    CU_ASSERT_TRUE(collectors_have("minotor_collector_stale{collector=\"kpi\"} 1\n"));
    CU_ASSERT_TRUE(collectors_have("minotor_collector_late{collector=\"kpi\"} 1\n"));
}

static void test_two_targets(void)
{
    set_up();
    add_slot(0, "kpi", "east");
    add_slot(1, "kpi", "west");
    deliver(1, FRAME_FAMILY_GAUGE, "posts", "", "Posts.", "", 2);
    deliver(0, FRAME_FAMILY_GAUGE, "posts", "", "Posts.", "", 1);
    check_families(
        "# HELP posts Posts.\n# TYPE posts gauge\nposts{target=\"east\"} 1\nposts{target=\"west\"} 2\n");
    CU_ASSERT_TRUE(collectors_have("minotor_collector_up{target=\"west\",collector=\"kpi\"} 0\n"));
    deliver(0, FRAME_FAMILY_GAUGE, "posts", "type", "Posts.", "open", 1);
    deliver(1, FRAME_FAMILY_GAUGE, "posts", "type", "Posts.", "open", 2);
    check_families("# HELP posts Posts.\n# TYPE posts gauge\nposts{target=\"east\",type=\"open\"} 1\n"
                   "posts{target=\"west\",type=\"open\"} 2\n");
}

static void check_rejected(uint32_t number, enum reject_reason reason, uint64_t count)
{
    for (unsigned i = 0; i < REJECT_REASON_COUNT; i++)
        CU_ASSERT_EQUAL(store.slots[number].rejected[i], i == reason ? count : 0);
}

static void test_conflicts(void)
{
    static const struct {
        enum frame_family_type type;
        const char *labels, *help, *values;
    } others[] = {
        {FRAME_FAMILY_COUNTER, "", "Posts.", ""},
        {FRAME_FAMILY_GAUGE, "", "Other.", ""},
        {FRAME_FAMILY_GAUGE, "type", "Posts.", "x"},
    };
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        set_up();
        add_slot(4, "first", "mattermost");
        add_slot(9, "second", "mattermost");
        deliver(9, others[i].type, "posts", others[i].labels, others[i].help, others[i].values, 2);
        deliver(4, FRAME_FAMILY_GAUGE, "posts", "", "Posts.", "", 1);
        check_families("# HELP posts Posts.\n# TYPE posts gauge\nposts 1\n");
        check_rejected(9, REJECT_CONFLICT, 1);
        check_rejected(4, REJECT_CONFLICT, 0);
        store.families_changed = true;
        compose();
        check_rejected(9, REJECT_CONFLICT, 1); /* once for each round, not for each page */
        deliver(9, others[i].type, "posts", others[i].labels, others[i].help, others[i].values, 2);
        compose();
        check_rejected(9, REJECT_CONFLICT, 2);
        CU_ASSERT_TRUE(collectors_have(
            "minotor_collector_rejected_samples_total{collector=\"second\",reason=\"conflict\"} 2\n"));
    }
}

static void test_the_same_series_of_two_slots(void)
{
    set_up();
    add_slot(0, "first", "mattermost");
    add_slot(1, "second", "mattermost");
    add_slot(2, "third", "mattermost");
    deliver(0, FRAME_FAMILY_GAUGE, "posts", "x", "Posts.", "a} 1", 1);
    deliver(1, FRAME_FAMILY_GAUGE, "posts", "x", "Posts.", "a} 1", 2);
    deliver(2, FRAME_FAMILY_GAUGE, "posts", "x", "Posts.", "a} 2", 3);
    check_families("# HELP posts Posts.\n# TYPE posts gauge\nposts{x=\"a} 1\"} 1\nposts{x=\"a} 2\"} 3\n");
    check_rejected(1, REJECT_DUPLICATE, 1);
    check_rejected(2, REJECT_DUPLICATE, 0);
}

static void test_our_names_are_ours(void)
{
    static const char *const names[] = {"minotor_build_info", "process_open_fds", "promhttp_x"};
    for (size_t i = 0; i < 3; i++) {
        set_up();
        add_slot(0, "kpi", "mattermost");
        deliver(0, FRAME_FAMILY_GAUGE, names[i], "", "Mine.", "", 1);
        check_families("");
        check_rejected(0, REJECT_RESERVED, 1);
    }
}

static void test_what_has_not_changed_is_shared(void)
{
    set_up();
    add_slot(0, "kpi", "mattermost");
    deliver(0, FRAME_FAMILY_GAUGE, "posts", "", "Posts.", "", 1);
    compose();
    struct page *old = page_hold(page);
    struct control_slot_state state = {.slot = 0, .state = CHILD_READY};
    store_set_state(&store, &state);
    compose();
    CU_ASSERT_PTR_EQUAL(page->families, old->families);
    CU_ASSERT_PTR_NOT_EQUAL(page->collectors[RENDER_TEXT], old->collectors[RENDER_TEXT]);
    CU_ASSERT_EQUAL(page->families->references, 2);
    deliver(0, FRAME_FAMILY_GAUGE, "posts", "", "Posts.", "", 2);
    compose();
    char *before = families_of(old, RENDER_TEXT);
    char *after = families_of(page, RENDER_TEXT);
    CU_ASSERT_PTR_NOT_NULL(strstr(before, "posts 1\n"));
    CU_ASSERT_PTR_NOT_NULL(strstr(after, "posts 2\n"));
    free(before);
    free(after);
    page_release(old);
}

static void test_status_page_escapes(void)
{
    struct buffer out = {0};
    struct control_slot_state state = {.slot = 0, .state = CHILD_BACKOFF};
    set_up();
    add_slot(0, "kpi", "mattermost");
    snprintf(state.error, sizeof state.error, "<script>alert('\"&\"')</script>");
    store_set_state(&store, &state);
    status_page_render(&out, &store, &build, now);
    buffer_put_char(&out, '\0');
    CU_ASSERT_FALSE_FATAL(out.failed);
    CU_ASSERT_PTR_NULL(strstr(out.bytes, "<script"));
    CU_ASSERT_PTR_NOT_NULL(strstr(out.bytes, "&lt;script&gt;alert(&#39;&quot;&amp;&quot;&#39;)"));
    CU_ASSERT_PTR_NOT_NULL(strstr(out.bytes, "backoff"));
    buffer_free(&out);
    set_up();
}

static bool status_page_says(const char *words)
{
    struct buffer out = {0};
    status_page_render(&out, &store, &build, now);
    buffer_put_char(&out, '\0');
    CU_ASSERT_FALSE_FATAL(out.failed);
    bool says = strstr(out.bytes, words) != NULL;
    buffer_free(&out);
    return says;
}

static void test_quarantine(void)
{
    struct control_slot_state state = {.slot = 0, .state = CHILD_READY};
    set_up();
    add_slot(0, "kpi", "mattermost");
    store_set_state(&store, &state);
    CU_ASSERT_FALSE(status_page_says("Quarantine"));
    state.state = CHILD_BACKOFF;
    state.failures = 7;
    state.since_ms = now.monotonic_ms - 1000;
    state.failing_since_ms = now.monotonic_ms - 90000;
    state.next_start_ms = now.monotonic_ms + 12000;
    state.limit_hits[LIMIT_CPU] = 1;
    state.limit_hits[LIMIT_LOG_LINES] = 2;
    snprintf(state.error, sizeof state.error, "signal 11");
    store_set_state(&store, &state);
    CU_ASSERT_TRUE(status_page_says("<h2>Quarantine</h2>"));
    CU_ASSERT_TRUE(status_page_says("<td class=\"n\">7</td>"));
    CU_ASSERT_TRUE(status_page_says("1 min 30 s"));
    CU_ASSERT_TRUE(status_page_says("next try in 12 s"));
    CU_ASSERT_TRUE(status_page_says("limits reached: cpu 1 time, log_lines 2 times<br>signal 11"));
    /* At work again, and not trusted yet. */
    state.state = CHILD_BUSY;
    store_set_state(&store, &state);
    CU_ASSERT_TRUE(status_page_says("works, for too short a time to be sure"));
    state.failures = 0;
    store_set_state(&store, &state);
    CU_ASSERT_FALSE(status_page_says("Quarantine"));
    state.state = CHILD_STUCK;
    store_set_state(&store, &state);
    CU_ASSERT_TRUE(status_page_says("when the kernel lets its process go"));
    set_up();
}

static CU_TestInfo tests[] = {
    {"an empty store", test_empty},
    {"a family", test_a_family},
    {"without labels there are no braces", test_without_labels_no_braces},
    {"sorted by name, with gaps for our own", test_sorted_by_name},
    {"no samples, no HELP and TYPE", test_no_samples_no_head},
    {"two targets: one head, a label in front", test_two_targets},
    {"conflicting families of two slots", test_conflicts},
    {"the same series of two slots", test_the_same_series_of_two_slots},
    {"our names are ours", test_our_names_are_ours},
    {"what has not changed is shared", test_what_has_not_changed_is_shared},
    {"the status page escapes", test_status_page_escapes},
    {"quarantine", test_quarantine},
    CU_TEST_INFO_NULL,
};

static CU_SuiteInfo suites[] = {
    {"page", NULL, NULL, NULL, NULL, tests},
    CU_SUITE_INFO_NULL,
};

int main(void)
{
    return cunit_tap_main(suites);
}
