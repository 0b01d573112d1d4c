/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/fake_database.h"

#include <CUnit/CUnit.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ANSWERS_MAX 24
#define SAMPLES_MAX_HERE 256
#define QUERIES_MAX 64
#define SETTINGS_MAX 16
#define ROUND_MS 60000

static struct {
    int64_t now_ms, query_ms, round_ends_ms;
    struct fake_answer answers[ANSWERS_MAX];
    size_t asked[ANSWERS_MAX];
    size_t answer_count;
    const struct fake_answer *current;
    size_t next_row;
    struct {
        const char *name;
        int64_t value;
    } settings[SETTINGS_MAX];
    size_t setting_count;
    const char *lacks[4];
    char error[MINOTOR_TEXT_MAX];
    struct {
        uint32_t family;
        char labels[128];
        double value;
    } samples[SAMPLES_MAX_HERE];
    size_t sample_count;
    bool unknown[64];
    struct {
        char name[48];
        char parameters[96];
    } queries[QUERIES_MAX];
    size_t query_count;
    uint32_t state_version;
    char state[MINOTOR_STATE_MAX];
    size_t state_size;
    void *collector;
    bool is_open;
} fake;

static void log_nothing(const struct minotor_host *host, int level, const char *text)
{
    (void)host, (void)level, (void)text;
}

static int64_t now_ms(const struct minotor_host *host)
{
    (void)host;
    return fake.now_ms;
}

static int64_t remaining_ms(const struct minotor_host *host)
{
    (void)host;
    return fake.round_ends_ms > fake.now_ms ? fake.round_ends_ms - fake.now_ms : 0;
}

/* As it would be written in a file: "5", "true", "24h". */
static int64_t default_of(const struct minotor_setting *setting)
{
    static const struct {
        const char *unit;
        int64_t ms;
    } units[] = { { "ms", 1 }, { "s", 1000 }, { "m", 60000 }, { "h", 3600000 }, { "", 1 } };
    char *end = NULL;
    int64_t value = strtoll(setting->default_value, &end, 10);
    if (setting->type == MINOTOR_SETTING_BOOLEAN)
        return strcmp(setting->default_value, "true") == 0;
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++)
        if (strcmp(end, units[i].unit) == 0)
            return value * units[i].ms;
    CU_FAIL_FATAL("a default that is no duration");
    return 0;
}

static int setting_integer(const struct minotor_host *host, const char *name, int64_t *value)
{
    const struct minotor_collector *collector = minotor_collector();
    (void)host;
    for (size_t i = 0; i < fake.setting_count; i++) {
        if (strcmp(fake.settings[i].name, name) == 0) {
            *value = fake.settings[i].value;
            return MINOTOR_OK;
        }
    }
    for (uint32_t i = 0; i < collector->setting_count; i++) {
        if (strcmp(collector->settings[i].name, name) == 0) {
            *value = default_of(&collector->settings[i]);
            return MINOTOR_OK;
        }
    }
    CU_FAIL_FATAL("a setting that was not declared");
    return MINOTOR_FAILED;
}

static int emit_f64(const struct minotor_host *host, uint32_t family, const char *const *labels, uint32_t count,
                    double value)
{
    (void)host;
    CU_ASSERT_FATAL(fake.sample_count < SAMPLES_MAX_HERE);
    CU_ASSERT_FATAL(family < minotor_collector()->family_count);
    char *text = fake.samples[fake.sample_count].labels;
    text[0] = '\0';
    for (uint32_t i = 0; i < count; i++) {
        CU_ASSERT_PTR_NOT_NULL_FATAL(minotor_collector()->families[family].labels[i]);
        snprintf(text + strlen(text), 128 - strlen(text), "%s%s", i > 0 ? "," : "", labels[i]);
    }
    for (size_t i = 0; i < fake.sample_count; i++)
        CU_ASSERT_FALSE(fake.samples[i].family == family && strcmp(fake.samples[i].labels, text) == 0);
    fake.samples[fake.sample_count].family = family;
    fake.samples[fake.sample_count++].value = value;
    return MINOTOR_OK;
}

static int emit_u64(const struct minotor_host *host, uint32_t family, const char *const *labels, uint32_t count,
                    uint64_t value)
{
    return emit_f64(host, family, labels, count, (double)value);
}

static void unknown(const struct minotor_host *host, uint32_t family, const char *reason)
{
    (void)host;
    fake.unknown[family] = true;
    snprintf(fake.error, sizeof fake.error, "%s", reason);
}

static void set_error(const struct minotor_host *host, const char *text)
{
    (void)host;
    snprintf(fake.error, sizeof fake.error, "%s", text);
}

static const char *error_text(const struct minotor_host *host)
{
    (void)host;
    return fake.error;
}

static size_t find_answer(const char *name)
{
    size_t found = fake.answer_count;
    for (size_t i = 0; i < fake.answer_count; i++) {
        if (strcmp(fake.answers[i].name, name) != 0)
            continue;
        found = i;
        if (fake.asked[i] == 0)
            break;
    }
    if (found == fake.answer_count)
        printf("# nobody has an answer to: %s\n", name);
    CU_ASSERT_FATAL(found < fake.answer_count);
    return found;
}

static int query(const struct minotor_host *host, const struct minotor_query *asked)
{
    (void)host;
    CU_ASSERT_FATAL(fake.query_count < QUERIES_MAX);
    CU_ASSERT_EQUAL(asked->size, sizeof *asked);
    snprintf(fake.queries[fake.query_count].name, sizeof fake.queries[0].name, "%s", asked->name);
    char *text = fake.queries[fake.query_count++].parameters;
    text[0] = '\0';
    for (uint32_t i = 0; i < asked->parameter_count; i++)
        snprintf(text + strlen(text), 96 - strlen(text), "%s%s", i > 0 ? "," : "", asked->parameters[i]);
    size_t found = find_answer(asked->name);
    fake.asked[found]++;
    fake.current = &fake.answers[found];
    fake.next_row = 0;
    fake.now_ms += fake.query_ms;
    if (fake.current->result != MINOTOR_OK)
        snprintf(fake.error, sizeof fake.error, "the table is gone");
    return fake.current->result;
}

static int next_row(const struct minotor_host *host)
{
    (void)host;
    if (fake.next_row < fake.current->row_count) {
        fake.next_row++;
        return MINOTOR_OK;
    }
    fake.next_row = FAKE_ROWS + 1;
    if (fake.current->last_result != 0)
        snprintf(fake.error, sizeof fake.error, "the connection was lost");
    return fake.current->last_result != 0 ? fake.current->last_result : MINOTOR_END;
}

static const char *cell(const struct minotor_host *host, uint32_t column)
{
    (void)host;
    CU_ASSERT_FATAL(fake.next_row > 0 && fake.next_row <= FAKE_ROWS && column < FAKE_COLUMNS);
    return fake.current->rows[fake.next_row - 1][column];
}

static int http(const struct minotor_host *host, const struct minotor_request *request, int *status)
{
    (void)host, (void)request;
    *status = 0;
    return MINOTOR_NO_DATA;
}

static const char *engine(const struct minotor_host *host)
{
    (void)host;
    return "postgresql";
}

static const char *target(const struct minotor_host *host, const char *key)
{
    (void)host;
    return strcmp(key, "database.name") == 0 ? "mattermost" : "";
}

static int has(const struct minotor_host *host, const char *table, const char *column)
{
    char name[96];
    (void)host;
    snprintf(name, sizeof name, "%s%s%s", table, column != NULL ? "." : "", column != NULL ? column : "");
    for (size_t i = 0; i < sizeof fake.lacks / sizeof fake.lacks[0]; i++)
        if (fake.lacks[i] != NULL && strcmp(fake.lacks[i], name) == 0)
            return MINOTOR_NO_DATA;
    return MINOTOR_OK;
}

static size_t state_load(const struct minotor_host *host, uint32_t version, void *state, size_t size)
{
    (void)host;
    if (fake.state_size > size || fake.state_version != version)
        return 0;
    memcpy(state, fake.state, fake.state_size);
    return fake.state_size;
}

static int state_save(const struct minotor_host *host, uint32_t version, const void *state, size_t size)
{
    (void)host;
    CU_ASSERT_FATAL(size <= sizeof fake.state);
    fake.state_version = version;
    memcpy(fake.state, state, size);
    fake.state_size = size;
    return MINOTOR_OK;
}

const struct minotor_host fake_host = {
    .size = sizeof fake_host,
    .abi_major = MINOTOR_ABI_MAJOR,
    .abi_minor = MINOTOR_ABI_MINOR,
    .log = log_nothing,
    .now_ms = now_ms,
    .remaining_ms = remaining_ms,
    .setting_integer = setting_integer,
    .emit_u64 = emit_u64,
    .emit_f64 = emit_f64,
    .unknown = unknown,
    .set_error = set_error,
    .error = error_text,
    .query = query,
    .next_row = next_row,
    .cell = cell,
    .http = http,
    .engine = engine,
    .target = target,
    .has = has,
    .state_load = state_load,
    .state_save = state_save,
};

void fake_reset(void)
{
    fake_close();
    memset(&fake, 0, sizeof fake);
    fake.now_ms = FAKE_NOW_MS;
}

void fake_answers(const struct fake_answer *answers, size_t count)
{
    CU_ASSERT_FATAL(count <= ANSWERS_MAX);
    memcpy(fake.answers, answers, count * sizeof answers[0]);
    memset(fake.asked, 0, sizeof fake.asked);
    fake.answer_count = count;
}

static struct fake_answer *answer_of(const char *name)
{
    size_t index = 0;
    while (index < fake.answer_count && strcmp(fake.answers[index].name, name) != 0)
        index++;
    CU_ASSERT_FATAL(index < fake.answer_count);
    return &fake.answers[index];
}

void fake_cell_is(const char *name, uint32_t column, const char *text)
{
    struct fake_answer *answer = answer_of(name);
    answer->row_count = answer->row_count > 0 ? answer->row_count : 1;
    answer->rows[0][column] = text;
}

void fake_result_is(const char *name, int result, int last_result)
{
    answer_of(name)->result = result;
    answer_of(name)->last_result = last_result;
}

void fake_no_rows(const char *name)
{
    answer_of(name)->row_count = 0;
}

void fake_setting(const char *name, int64_t value)
{
    CU_ASSERT_FATAL(fake.setting_count < SETTINGS_MAX);
    fake.settings[fake.setting_count].name = name;
    fake.settings[fake.setting_count++].value = value;
}

void fake_advance(int64_t ms)
{
    fake.now_ms += ms;
}

void fake_query_takes(int64_t ms)
{
    fake.query_ms = ms;
}

void fake_lacks(const char *name)
{
    for (size_t i = 0; i < sizeof fake.lacks / sizeof fake.lacks[0]; i++) {
        if (fake.lacks[i] == NULL) {
            fake.lacks[i] = name;
            return;
        }
    }
    CU_FAIL_FATAL("no room");
}

void fake_state_is_of_version(uint32_t version)
{
    fake.state_version = version;
}

int fake_collect(void)
{
    fake.round_ends_ms = fake.now_ms + ROUND_MS;
    fake.sample_count = fake.query_count = 0;
    memset(fake.unknown, 0, sizeof fake.unknown);
    fake.error[0] = '\0';
    if (!fake.is_open)
        CU_ASSERT_EQUAL_FATAL(minotor_collector()->open(&fake_host, &fake.collector), MINOTOR_OK);
    fake.is_open = true;
    return minotor_collector()->collect(&fake_host, fake.collector);
}

void fake_restart(void)
{
    fake_close();
}

void fake_close(void)
{
    if (fake.is_open)
        minotor_collector()->close(&fake_host, fake.collector);
    fake.is_open = false;
    fake.collector = NULL;
}

static uint32_t family_of(const char *name)
{
    for (uint32_t i = 0; i < minotor_collector()->family_count; i++)
        if (strcmp(minotor_collector()->families[i].name, name) == 0)
            return i;
    CU_FAIL_FATAL("no such family");
    return 0;
}

double fake_value(const char *family, const char *labels)
{
    for (size_t i = 0; i < fake.sample_count; i++)
        if (fake.samples[i].family == family_of(family) && strcmp(fake.samples[i].labels, labels) == 0)
            return fake.samples[i].value;
    return -1;
}

size_t fake_count(const char *family)
{
    size_t count = 0;
    for (size_t i = 0; i < fake.sample_count; i++)
        count += fake.samples[i].family == family_of(family);
    return count;
}

bool fake_unknown_is(const char *family)
{
    return fake.unknown[family_of(family)];
}

size_t fake_unknown_count(void)
{
    size_t count = 0;
    for (size_t i = 0; i < sizeof fake.unknown; i++)
        count += fake.unknown[i];
    return count;
}

const char *fake_error(void)
{
    return fake.error;
}

size_t fake_queries(const char *name)
{
    size_t count = 0;
    for (size_t i = 0; i < fake.query_count; i++)
        count += strcmp(fake.queries[i].name, name) == 0;
    return count;
}

const char *fake_parameters(const char *name, size_t index)
{
    for (size_t i = 0; i < fake.query_count; i++)
        if (strcmp(fake.queries[i].name, name) == 0 && index-- == 0)
            return fake.queries[i].parameters;
    return "";
}
