/* SPDX-License-Identifier: Apache-2.0 */
/* The collector health against a host whose HTTP answers are what the test has put there. */
#include "tests/tap/cunit_tap.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "api/document.h"
#include "minotor/collector.h"
#include "worker/plugin.h"

#define SAMPLES_MAX_HERE 512
#define REQUESTS_MAX 16
#define FULL "/api/v4/system/ping?"
#define PLAIN "/api/v4/system/ping"
#define ANALYTICS "/api/v4/analytics/old"
#define STATUSES "/api/v4/plugins/statuses"
#define MANIFESTS "/api/v4/plugins"
#define CLUSTER "/api/v4/cluster/status"

#define OK_BODY "{\"status\":\"OK\",\"database_status\":\"OK\",\"filestore_status\":\"OK\"}"

/* What comes for a path; the first one that is the beginning of the request's. */
struct answer {
    const char *path;
    int result;
    int status;
    const char *body;
};

struct sample {
    uint32_t family;
    char labels[2][200];
    double value;
};

static struct {
    struct answer answers[8];
    const struct answer *current;
    const char *version; /* the header; NULL: none */
    struct document document;
    int64_t now_ms, remaining_ms, analytics_on_old_servers;
    char error[MINOTOR_TEXT_MAX], reason[MINOTOR_TEXT_MAX], last_line[MINOTOR_TEXT_MAX];
    char paths[REQUESTS_MAX][128];
    uint32_t flags[REQUESTS_MAX], timeouts_ms[REQUESTS_MAX];
    size_t requests;
    struct sample samples[SAMPLES_MAX_HERE];
    size_t sample_count, log_lines;
    bool unknown[32];
} fake;

static const struct minotor_collector *collector;
static void *state;

/* The host ----------------------------------------------------------------------------------------------------- */

static void fake_log(const struct minotor_host *host, int level, const char *text)
{
    (void)host;
    (void)level;
    snprintf(fake.last_line, sizeof fake.last_line, "%s", text);
    fake.log_lines++;
}

static int64_t fake_now_ms(const struct minotor_host *host)
{
    (void)host;
    return fake.now_ms;
}

static int64_t fake_remaining_ms(const struct minotor_host *host)
{
    (void)host;
    return fake.remaining_ms;
}

static int fake_setting_integer(const struct minotor_host *host, const char *name, int64_t *value)
{
    (void)host;
    if (strcmp(name, "ping_timeout") == 0)
        *value = 5000;
    else if (strcmp(name, "analytics_on_old_servers") == 0)
        *value = fake.analytics_on_old_servers;
    else
        *value = 60000;
    return MINOTOR_OK;
}

static int fake_emit_f64(const struct minotor_host *host, uint32_t family, const char *const *label_values,
                         uint32_t label_count, double value)
{
    (void)host;
    CU_ASSERT_FATAL(fake.sample_count < SAMPLES_MAX_HERE);
    struct sample *sample = &fake.samples[fake.sample_count++];
    memset(sample, 0, sizeof *sample);
    sample->family = family;
    sample->value = value;
    for (uint32_t i = 0; i < label_count; i++)
        snprintf(sample->labels[i], sizeof sample->labels[i], "%s", label_values[i]);
    return MINOTOR_OK;
}

static int fake_emit_u64(const struct minotor_host *host, uint32_t family, const char *const *label_values,
                         uint32_t label_count, uint64_t value)
{
    return fake_emit_f64(host, family, label_values, label_count, (double)value);
}

static void fake_unknown(const struct minotor_host *host, uint32_t family, const char *reason)
{
    (void)host;
    CU_ASSERT_STRING_NOT_EQUAL(reason, "");
    fake.unknown[family] = true;
    if (reason != fake.reason)
        snprintf(fake.reason, sizeof fake.reason, "%s", reason);
}

static void fake_set_error(const struct minotor_host *host, const char *text)
{
    (void)host;
    snprintf(fake.error, sizeof fake.error, "%s", text);
}

static const char *fake_error(const struct minotor_host *host)
{
    (void)host;
    return fake.error;
}

static int fake_http(const struct minotor_host *host, const struct minotor_request *request, int *status)
{
    (void)host;
    CU_ASSERT_FATAL(fake.requests < REQUESTS_MAX);
    CU_ASSERT_EQUAL(request->size, sizeof *request);
    snprintf(fake.paths[fake.requests], sizeof fake.paths[0], "%s", request->path);
    fake.flags[fake.requests] = request->flags;
    fake.timeouts_ms[fake.requests++] = request->timeout_ms;
    document_reset(&fake.document);
    *status = 0;
    fake.current = NULL;
    for (size_t i = 0; i < sizeof fake.answers / sizeof fake.answers[0] && fake.answers[i].path != NULL; i++) {
        const struct answer *answer = &fake.answers[i];
        if (strncmp(answer->path, request->path, strlen(answer->path)) != 0)
            continue;
        if (answer->result != MINOTOR_OK) {
            fake_set_error(host, "no answer in time");
            return answer->result;
        }
        fake.current = answer;
        *status = answer->status;
        document_parse(&fake.document, answer->body, strlen(answer->body));
        return MINOTOR_OK;
    }
    fake_set_error(host, "neither a token nor a socket");
    return MINOTOR_NO_DATA;
}

static const char *fake_http_header(const struct minotor_host *host, const char *name)
{
    (void)host;
    if (strcmp(name, "X-Version-Id") == 0)
        return fake.version;
    return strcmp(name, "Location") == 0 ? "https://elsewhere/" : NULL;
}

static const char *fake_http_body(const struct minotor_host *host, size_t *size)
{
    (void)host;
    *size = fake.current != NULL ? strlen(fake.current->body) : 0;
    return fake.current != NULL ? fake.current->body : "";
}

static int64_t fake_http_duration_us(const struct minotor_host *host)
{
    (void)host;
    return 12500;
}

static const char *fake_json(const struct minotor_host *host, const char *pointer)
{
    (void)host;
    return document_text(&fake.document, pointer);
}

static uint32_t fake_json_count(const struct minotor_host *host, const char *pointer)
{
    (void)host;
    return (uint32_t)document_count(&fake.document, pointer);
}

static const struct minotor_host host = {
    .size = sizeof host,
    .abi_major = MINOTOR_ABI_MAJOR,
    .abi_minor = MINOTOR_ABI_MINOR,
    .log = fake_log,
    .now_ms = fake_now_ms,
    .remaining_ms = fake_remaining_ms,
    .setting_integer = fake_setting_integer,
    .emit_u64 = fake_emit_u64,
    .emit_f64 = fake_emit_f64,
    .unknown = fake_unknown,
    .set_error = fake_set_error,
    .error = fake_error,
    .http = fake_http,
    .http_header = fake_http_header,
    .http_body = fake_http_body,
    .http_duration_us = fake_http_duration_us,
    .json = fake_json,
    .json_count = fake_json_count,
};

/* Looking ------------------------------------------------------------------------------------------------------ */

/* Puts an answer before those that are there. */
static void answer(const char *path, int result, int status, const char *body)
{
    const size_t count = sizeof fake.answers / sizeof fake.answers[0];
    CU_ASSERT_PTR_NULL_FATAL(fake.answers[count - 1].path);
    memmove(&fake.answers[1], &fake.answers[0], (count - 1) * sizeof fake.answers[0]);
    fake.answers[0] = (struct answer){ path, result, status, body };
}

static void begin(void)
{
    document_reset(&fake.document);
    memset(&fake, 0, sizeof fake);
    fake.version = "11.6.0.11.6.0.abc.false";
    fake.now_ms = 1700000000000;
    fake.remaining_ms = 10000;
    answer(PLAIN, MINOTOR_OK, 200, "{\"status\":\"OK\",\"ActiveSearchBackend\":\"database\"}");
    answer(FULL, MINOTOR_OK, 200, OK_BODY);
    collector = minotor_collector();
    CU_ASSERT_EQUAL_FATAL(collector->open(&host, &state), MINOTOR_OK);
}

static void end(void)
{
    collector->close(&host, state);
    document_reset(&fake.document);
}

static int run(void)
{
    fake.requests = fake.sample_count = 0;
    memset(fake.unknown, 0, sizeof fake.unknown);
    fake.reason[0] = fake.error[0] = '\0';
    return collector->collect(&host, state);
}

static uint32_t family(const char *name)
{
    for (uint32_t i = 0; i < collector->family_count; i++)
        if (strcmp(collector->families[i].name, name) == 0)
            return i;
    CU_FAIL_FATAL("no such family");
    return 0;
}

static const struct sample *find(const char *name, const char *label)
{
    uint32_t number = family(name);
    for (size_t i = 0; i < fake.sample_count; i++)
        if (fake.samples[i].family == number && (label == NULL || strcmp(fake.samples[i].labels[0], label) == 0))
            return &fake.samples[i];
    return NULL;
}

static void is(const char *name, const char *label, double value)
{
    const struct sample *sample = find(name, label);
    bool same = sample != NULL && sample->value == value && !fake.unknown[family(name)];
    CU_ASSERT(same);
    if (!same)
        printf("# %s is %g\n", name, sample != NULL ? sample->value : -1);
}

static void is_absent(const char *name)
{
    CU_ASSERT_PTR_NULL(find(name, NULL));
    CU_ASSERT_FALSE(fake.unknown[family(name)]);
}

static void is_unknown(const char *name)
{
    CU_ASSERT_TRUE(fake.unknown[family(name)]);
}

static size_t asked(const char *path)
{
    size_t count = 0;
    for (size_t i = 0; i < fake.requests; i++)
        count += strncmp(fake.paths[i], path, strlen(path)) == 0;
    return count;
}

/* Tests -------------------------------------------------------------------------------------------------------- */

static void descriptor_is_good(void)
{
    static struct plugin plugin;
    static char error[PLUGIN_ERROR_MAX_BYTES];
    enum exit_code code = plugin_check(minotor_collector(), "health", &plugin, error);
    CU_ASSERT_EQUAL(code, EXIT_CODE_DONE);
    if (code != EXIT_CODE_DONE)
        printf("# %s\n", error);
    free(plugin.families);
    free(plugin.settings);
}

static void healthy(void)
{
    begin();
    CU_ASSERT_EQUAL(run(), MINOTOR_OK);
    is("mattermost_up", NULL, 1);
    is("mattermost_ping_duration_seconds", NULL, 0.0125);
    is("mattermost_usage_status", NULL, 1);
    is("mattermost_system_database_status", NULL, 1);
    is("mattermost_system_filestore_status", NULL, 1);
    is("mattermost_full_ping_timestamp_seconds", NULL, 1700000000);
    is("mattermost_search_backend_info", "database", 1);
    is_absent("mattermost_websocket_connections");
    is_absent("mattermost_plugin_running");
    CU_ASSERT_EQUAL(fake.flags[0], 0); /* a ping is no business of the token */
    CU_ASSERT_EQUAL(fake.flags[1], 0);
    CU_ASSERT_EQUAL(fake.flags[2], MINOTOR_REQUEST_PRIVILEGED);
    end();
}

static void times_of_requests(void)
{
    begin();
    fake.remaining_ms = 20000;
    run();
    CU_ASSERT_EQUAL(fake.timeouts_ms[0], 5000);
    fake.remaining_ms = 1000;
    run();
    CU_ASSERT_EQUAL(fake.timeouts_ms[0], 500);
    fake.remaining_ms = 0;
    run();
    CU_ASSERT_EQUAL(fake.timeouts_ms[0], 1); /* 0 would ask for the longest */
    end();
}

static void full_ping_keeps_its_interval(void)
{
    begin();
    run();
    CU_ASSERT_EQUAL(asked(FULL), 1);
    fake.now_ms += 59999;
    run();
    CU_ASSERT_EQUAL(asked(FULL), 0);
    is("mattermost_system_database_status", NULL, 1);
    is("mattermost_full_ping_timestamp_seconds", NULL, 1700000000);
    fake.now_ms += 1;
    run();
    CU_ASSERT_EQUAL(asked(FULL), 1);
    is("mattermost_full_ping_timestamp_seconds", NULL, 1700000060);
    fake.now_ms -= 3600000; /* the clock is set back */
    run();
    CU_ASSERT_EQUAL(asked(FULL), 1);
    end();
}

static void unhealthy_with_status_500(void)
{
    begin();
    answer(FULL, MINOTOR_OK, 500,
           "{\"status\":\"UNHEALTHY\",\"database_status\":\"UNHEALTHY\",\"filestore_status\":\"OK\",\"root_status\":false}");
    CU_ASSERT_EQUAL(run(), MINOTOR_OK);
    is("mattermost_up", NULL, 1);
    is("mattermost_usage_status", NULL, 0);
    is("mattermost_system_database_status", NULL, 0);
    is("mattermost_system_filestore_status", NULL, 1);
    end();
}

static void words_that_we_do_not_know(void)
{
    begin();
    answer(FULL, MINOTOR_OK, 200, "{\"status\":\"TIRED\",\"database_status\":\"OK\",\"filestore_status\":7}");
    CU_ASSERT_EQUAL(run(), MINOTOR_OK);
    is_absent("mattermost_usage_status");
    is("mattermost_system_database_status", NULL, 1);
    is_absent("mattermost_system_filestore_status");
    end();
}

static void plain_ping_says_unhealthy(void)
{
    begin();
    run();
    answer(PLAIN, MINOTOR_OK, 500, "{\"status\":\"UNHEALTHY\"}");
    fake.answers[2] = fake.answers[0]; /* the full one is not asked */
    CU_ASSERT_EQUAL(run(), MINOTOR_OK);
    is("mattermost_up", NULL, 1);
    is("mattermost_usage_status", NULL, 0);
    is("mattermost_system_database_status", NULL, 1);
    end();
}

static void down(void)
{
    static const struct answer cases[] = {
        { PLAIN, MINOTOR_FAILED, 0, "" },
        { PLAIN, MINOTOR_OK, 502, "<html>" },
        { PLAIN, MINOTOR_OK, 200, "<html>" },
        { PLAIN, MINOTOR_OK, 500, "{\"id\":\"x\",\"status_code\":500}" },
        { PLAIN, MINOTOR_OK, 302, "" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        begin();
        run();
        answer(cases[i].path, cases[i].result, cases[i].status, cases[i].body);
        CU_ASSERT_EQUAL(run(), MINOTOR_OK);
        CU_ASSERT_EQUAL(fake.requests, 1);
        CU_ASSERT_EQUAL(fake.sample_count, 1);
        is("mattermost_up", NULL, 0);
        is_unknown("mattermost_ping_duration_seconds");
        is_unknown("mattermost_usage_status");
        is_unknown("mattermost_system_database_status");
        if (cases[i].status == 302)
            CU_ASSERT_PTR_NOT_NULL(strstr(fake.reason, "redirects to https://elsewhere/"));
        end();
    }
}

static void neither_up_nor_down(void)
{
    begin();
    answer(PLAIN, MINOTOR_OK, 429, "limit exceeded");
    CU_ASSERT_EQUAL(run(), MINOTOR_OK);
    CU_ASSERT_EQUAL(fake.sample_count, 0);
    is_unknown("mattermost_up");
    end();
}

static void results_are_passed_on(void)
{
    begin();
    answer(PLAIN, MINOTOR_CANCELLED, 0, "");
    CU_ASSERT_EQUAL(run(), MINOTOR_CANCELLED);
    fake.answers[0].result = MINOTOR_NO_DATA;
    CU_ASSERT_EQUAL(run(), MINOTOR_NO_DATA);
    CU_ASSERT_EQUAL(fake.sample_count, 0);
    end();
}

/* The time ran out after the ping: what it gave is used, and the rest is asked for in the next round. */
static void time_runs_out(void)
{
    begin();
    answer(FULL, MINOTOR_CANCELLED, 0, "");
    CU_ASSERT_EQUAL(run(), MINOTOR_OK);
    is("mattermost_up", NULL, 1);
    is_unknown("mattermost_usage_status");
    is_unknown("mattermost_system_database_status");
    fake.answers[0].result = MINOTOR_OK;
    fake.answers[0].status = 200;
    fake.answers[0].body = OK_BODY;
    CU_ASSERT_EQUAL(run(), MINOTOR_OK);
    CU_ASSERT_EQUAL(asked(FULL), 1);
    end();
    begin();
    answer(CLUSTER, MINOTOR_CANCELLED, 0, "");
    CU_ASSERT_EQUAL(run(), MINOTOR_OK);
    is("mattermost_usage_status", NULL, 1);
    is_unknown("mattermost_cluster_nodes");
    fake.answers[0].result = MINOTOR_OK;
    fake.answers[0].status = 200;
    fake.answers[0].body = "[]";
    CU_ASSERT_EQUAL(run(), MINOTOR_OK);
    CU_ASSERT_EQUAL(asked(CLUSTER), 1);
    end();
}

static void full_ping_without_answer(void)
{
    begin();
    run();
    answer(FULL, MINOTOR_FAILED, 0, "");
    fake.now_ms += 60000;
    CU_ASSERT_EQUAL(run(), MINOTOR_OK);
    for (int i = 0; i < 2; i++) {
        is("mattermost_up", NULL, 1);
        is_unknown("mattermost_usage_status");
        is_unknown("mattermost_system_database_status");
        is_unknown("mattermost_system_filestore_status");
        is_unknown("mattermost_full_ping_timestamp_seconds");
        fake.now_ms += 1000;
        run();
        CU_ASSERT_EQUAL(asked(FULL), 0);
    }
    fake.answers[0] = fake.answers[1];
    fake.now_ms += 60000;
    run();
    is("mattermost_usage_status", NULL, 1);
    end();
    begin();
    answer(FULL, MINOTOR_OK, 200, "{\"status\":\"OK\"}"); /* a proxy that drops the query */
    CU_ASSERT_EQUAL(run(), MINOTOR_OK);
    is_unknown("mattermost_system_database_status");
    end();
}

#define COUNTS                                                                                                   \
    "[{\"name\":\"total_websocket_connections\",\"value\":41},{\"name\":\"post_count\",\"value\":-1},"             \
    "{\"name\":\"total_master_db_connections\",\"value\":17.0},{\"name\":\"total_read_db_connections\",\"value\":-1}]"

static void analytics(void)
{
    begin();
    answer(ANALYTICS, MINOTOR_OK, 200, COUNTS);
    CU_ASSERT_EQUAL(run(), MINOTOR_OK);
    is("mattermost_websocket_connections", NULL, 41);
    is("mattermost_server_database_connections", "master", 17);
    CU_ASSERT_PTR_NULL(find("mattermost_server_database_connections", "replica"));
    fake.now_ms += 1000;
    run();
    CU_ASSERT_EQUAL(asked(ANALYTICS), 0);
    is("mattermost_websocket_connections", NULL, 41);
    fake.answers[0].body = "[]"; /* no such list */
    fake.now_ms += 60000;
    run();
    is_unknown("mattermost_websocket_connections");
    end();
}

static void analytics_by_version(void)
{
    static const struct {
        const char *version;
        bool wanted;
    } cases[] = { { "5.37.0.x", false }, { "9.9.0.x", false }, { "10.5.9.x", false }, { "10.6.0.x", true },
                  { "10.11.2.x", true }, { "11.0.1.x", true },  { NULL, false },       { "dev", false },
                  { "", false },         { "99999999.1.1", false } };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        begin();
        fake.version = cases[i].version;
        answer(ANALYTICS, MINOTOR_OK, 200, COUNTS);
        run();
        CU_ASSERT_EQUAL(asked(ANALYTICS), cases[i].wanted);
        CU_ASSERT_EQUAL(find("mattermost_websocket_connections", NULL) != NULL, cases[i].wanted);
        fake.analytics_on_old_servers = 1;
        run();
        CU_ASSERT_PTR_NOT_NULL(find("mattermost_websocket_connections", NULL));
        end();
    }
}

static void plugins(void)
{
    begin();
    answer(STATUSES, MINOTOR_OK, 200,
           "[{\"plugin_id\":\"a\",\"version\":\"1\",\"state\":2},{\"plugin_id\":\"b\",\"version\":\"2\",\"state\":3},"
           "{\"plugin_id\":\"a\",\"version\":\"1\",\"state\":0},{\"plugin_id\":\"c\",\"version\":\"3\",\"state\":2},"
           "{\"plugin_id\":\"c\",\"version\":\"4\",\"state\":2},{\"state\":2},{\"plugin_id\":\"d\"},7]");
    CU_ASSERT_EQUAL(run(), MINOTOR_OK);
    is("mattermost_plugin_running", "a", 0); /* on one node only */
    is("mattermost_plugin_running", "b", 0);
    is("mattermost_plugin_running", "c", 1);
    CU_ASSERT_PTR_NULL(find("mattermost_plugin_running", "d"));
    size_t infos = 0;
    for (size_t i = 0; i < fake.sample_count; i++)
        infos += fake.samples[i].family == family("mattermost_plugin_info");
    CU_ASSERT_EQUAL(infos, 4);
    fake.answers[0].body = "[]"; /* all were removed */
    fake.now_ms += 60000;
    run();
    is_absent("mattermost_plugin_running");
    is_absent("mattermost_plugin_info");
    end();
}

static void plugins_of_local_mode(void)
{
    begin();
    answer(MANIFESTS, MINOTOR_OK, 200,
           "{\"active\":[{\"id\":\"a\",\"version\":\"1\"}],\"inactive\":[{\"id\":\"b\",\"version\":\"2\"}]}");
    answer(STATUSES, MINOTOR_OK, 404, "{}");
    CU_ASSERT_EQUAL(run(), MINOTOR_OK);
    is("mattermost_plugin_running", "a", 1);
    is("mattermost_plugin_running", "b", 0);
    end();
}

static void too_many_plugins(void)
{
    static char body[200 * 64];
    size_t used = 0;
    for (int i = 0; i < 200; i++)
        used += (size_t)snprintf(body + used, sizeof body - used, "%s{\"plugin_id\":\"p%d\",\"version\":\"1\",\"state\":2}",
                                 i > 0 ? "," : "[", i);
    snprintf(body + used, sizeof body - used, "]");
    begin();
    answer(STATUSES, MINOTOR_OK, 200, body);
    CU_ASSERT_EQUAL(run(), MINOTOR_OK);
    is("mattermost_plugin_running", "p127", 1);
    CU_ASSERT_PTR_NULL(find("mattermost_plugin_running", "p128"));
    CU_ASSERT_EQUAL(fake.log_lines, 1);
    end();
}

static void cluster(void)
{
    begin();
    answer(CLUSTER, MINOTOR_OK, 200, "[]");
    CU_ASSERT_EQUAL(run(), MINOTOR_OK);
    is_absent("mattermost_cluster_nodes");
    fake.answers[0].body = "[{\"hostname\":\"n1\",\"version\":\"9\"},{\"hostname\":\"n2\",\"version\":\"9\"},"
                           "{\"hostname\":\"n2\",\"version\":\"9\"}]";
    fake.now_ms += 60000;
    run();
    is("mattermost_cluster_nodes", NULL, 3);
    CU_ASSERT_EQUAL(fake.sample_count, 7 + 1 + 2); /* no series twice */
    end();
}

static void refusals(void)
{
    static const struct {
        int status;
        bool is_unknown;
        size_t log_lines;
    } cases[] = { { 401, true, 0 }, { 403, false, 1 }, { 404, false, 0 }, { 501, false, 0 }, { 429, true, 0 },
                  { 500, true, 0 }, { 302, true, 0 },  { 200, true, 0 } };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        begin();
        answer(CLUSTER, MINOTOR_OK, cases[i].status, "{}");
        for (int round = 0; round < 3; round++) {
            CU_ASSERT_EQUAL(run(), MINOTOR_OK);
            CU_ASSERT_EQUAL(fake.unknown[family("mattermost_cluster_nodes")], cases[i].is_unknown);
            CU_ASSERT_PTR_NULL(find("mattermost_cluster_nodes", NULL));
            is("mattermost_usage_status", NULL, 1);
            fake.now_ms += 60000;
        }
        CU_ASSERT_EQUAL(fake.log_lines, cases[i].log_lines);
        end();
    }
}

/* The log says why there is nothing, with the server's own reason where that is a matter of the account. */
static void refusal_for_lack_of_a_second_factor(void)
{
    begin();
    answer(CLUSTER, MINOTOR_OK, 403, "{\"id\":\"api.context.mfa_required.app_error\"}");
    run();
    CU_ASSERT_PTR_NOT_NULL(strstr(fake.last_line, "multi-factor authentication"));
    end();
    begin();
    answer(CLUSTER, MINOTOR_OK, 403, "{\"id\":\"api.context.permissions.app_error\"}");
    run();
    CU_ASSERT_PTR_NOT_NULL(strstr(fake.last_line, "has no right"));
    end();
}

static CU_TestInfo tests[] = {
    { "the descriptor is one that a worker loads", descriptor_is_good },
    { "healthy", healthy },
    { "times of requests", times_of_requests },
    { "the full ping keeps its interval", full_ping_keeps_its_interval },
    { "unhealthy with status 500", unhealthy_with_status_500 },
    { "words that are not known", words_that_we_do_not_know },
    { "the plain ping says unhealthy", plain_ping_says_unhealthy },
    { "down", down },
    { "neither up nor down", neither_up_nor_down },
    { "cancelled and no data are passed on", results_are_passed_on },
    { "time runs out", time_runs_out },
    { "a full ping without an answer", full_ping_without_answer },
    { "connections", analytics },
    { "connections only of servers that do not count posts for it", analytics_by_version },
    { "plugins", plugins },
    { "plugins of local mode", plugins_of_local_mode },
    { "too many plugins", too_many_plugins },
    { "nodes of a cluster", cluster },
    { "refusals of details", refusals },
    { "a refusal for lack of a second factor", refusal_for_lack_of_a_second_factor },
    CU_TEST_INFO_NULL,
};

int main(void)
{
    CU_SuiteInfo suites[] = { { .pName = "health", .pTests = tests }, CU_SUITE_INFO_NULL };
    return cunit_tap_main(suites);
}
