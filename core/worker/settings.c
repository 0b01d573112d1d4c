/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/settings.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"

/* Settings of the plugin's own: how they are named, by how their values were written. */
static const char *const own_prefixes[] = {
    [GIVEN_ANYHOW] = "setting.",
    [GIVEN_TEXT] = "text.",
    [GIVEN_INTEGER] = "integer.",
    [GIVEN_BOOLEAN] = "boolean.",
};
#define FACT_PREFIX "target."

static const struct text_setting {
    const char *name;
    size_t offset;
    size_t size;
} text_settings[] = {
#define TEXT(name, member)                                                                                       \
    { name, offsetof(struct worker_settings, member), sizeof(((struct worker_settings *)0)->member) }
    TEXT("slot", slot),
    TEXT("collector", collector),
    TEXT("target", target),
    TEXT("plugin", plugin),
    TEXT("drivers", drivers),
    TEXT("database.driver", database.driver),
    TEXT("database.host", database.host),
    TEXT("database.port", database.port),
    TEXT("database.name", database.name),
    TEXT("database.user", database.user),
    TEXT("database.password", database.password),
    TEXT("database.sslmode", database.sslmode),
    TEXT("database.sslrootcert", database.sslrootcert),
    TEXT("database.sslcert", database.sslcert),
    TEXT("database.sslkey", database.sslkey),
    TEXT("database.search_path", database.search_path),
    TEXT("api.url", api.url),
    TEXT("api.metrics_url", api.metrics_url),
    TEXT("api.local_socket", api.local_socket),
    TEXT("api.ca_file", api.ca_file),
    TEXT("api.token", api.token),
    TEXT("api.login", api.login),
    TEXT("api.password", api.password),
    TEXT("api.insecure", api.insecure),
#undef TEXT
};

static const struct number_setting {
    const char *name;
    size_t offset;
    int64_t minimum;
    int64_t maximum;
} number_settings[] = {
    { "interval_ms", offsetof(struct worker_settings, interval_ms), INTERVAL_MIN_MS, INTERVAL_MAX_MS },
    { "timeout_ms", offsetof(struct worker_settings, timeout_ms), TIMEOUT_MIN_MS, TIMEOUT_MAX_MS },
    { "first_delay_ms", offsetof(struct worker_settings, first_delay_ms), 0, INTERVAL_MAX_MS },
    { "trial", offsetof(struct worker_settings, trial), TRIAL_NONE, TRIAL_SETTINGS },
    { "row", offsetof(struct worker_settings, row), 0, 1 },
};

void worker_settings_init(struct worker_settings *settings)
{
    memset(settings, 0, sizeof *settings);
    settings->interval_ms = INTERVAL_DEFAULT_MS;
    settings->timeout_ms = TIMEOUT_DEFAULT_MS;
}

static int take_text(struct worker_settings *settings, const struct text_setting *known, const char *value)
{
    if (strlen(value) >= known->size) {
        log_error("setting %s is longer than %zu bytes", known->name, known->size - 1);
        return -1;
    }
    strcpy((char *)settings + known->offset, value);
    return 0;
}

static int take_number(struct worker_settings *settings, const struct number_setting *known, const char *value)
{
    char *end = NULL;
    errno = 0;
    long long number = strtoll(value, &end, 10);
    if (errno != 0 || end == value || *end != '\0' || number < known->minimum || number > known->maximum) {
        log_error("setting %s is `%s'; allowed: %lld to %lld", known->name, value, (long long)known->minimum,
                  (long long)known->maximum);
        return -1;
    }
    *(int64_t *)(void *)((char *)settings + known->offset) = number;
    return 0;
}

/* `name` without its prefix. */
static int take_given(struct given_setting *given, const char *name, const struct control_setting *setting)
{
    given->name = strdup(name);
    given->value = strdup(setting->value);
    given->origin = strdup(setting->origin);
    if (given->name == NULL || given->value == NULL || given->origin == NULL) {
        log_error("out of memory");
        return -1;
    }
    return 0;
}

static int take_own(struct worker_settings *settings, const struct control_setting *setting, enum given_kind kind)
{
    struct given_setting *given = &settings->given[settings->given_count];
    if (settings->given_count == PLUGIN_SETTINGS_MAX) {
        log_error("%s: more than %d settings for one collector", setting->origin, PLUGIN_SETTINGS_MAX);
        return -1;
    }
    settings->given_count++;
    given->kind = kind;
    return take_given(given, setting->name + strlen(own_prefixes[kind]), setting);
}

static int take_fact(struct worker_settings *settings, const struct control_setting *setting)
{
    if (settings->fact_count == TARGET_FACTS_MAX) {
        log_error("%s: more than %d facts about one target", setting->origin, TARGET_FACTS_MAX);
        return -1;
    }
    return take_given(&settings->facts[settings->fact_count++], setting->name + strlen(FACT_PREFIX), setting);
}

const char *worker_settings_fact(const struct worker_settings *settings, const char *name)
{
    for (size_t i = 0; i < settings->fact_count; i++)
        if (strcmp(settings->facts[i].name, name) == 0)
            return settings->facts[i].value;
    return "";
}

int worker_settings_take(struct worker_settings *settings, const struct control_setting *setting)
{
    for (size_t kind = 0; kind < sizeof own_prefixes / sizeof own_prefixes[0]; kind++)
        if (strncmp(setting->name, own_prefixes[kind], strlen(own_prefixes[kind])) == 0)
            return take_own(settings, setting, (enum given_kind)kind);
    if (strncmp(setting->name, FACT_PREFIX, strlen(FACT_PREFIX)) == 0)
        return take_fact(settings, setting);
    for (size_t i = 0; i < sizeof text_settings / sizeof text_settings[0]; i++)
        if (strcmp(setting->name, text_settings[i].name) == 0)
            return take_text(settings, &text_settings[i], setting->value);
    for (size_t i = 0; i < sizeof number_settings / sizeof number_settings[0]; i++)
        if (strcmp(setting->name, number_settings[i].name) == 0)
            return take_number(settings, &number_settings[i], setting->value);
    log_error("setting %s is not one of a worker's", setting->name);
    return -1;
}

int worker_settings_complete(const struct worker_settings *settings)
{
    const struct {
        const char *name;
        const char *value;
    } needed[] = { { "slot", settings->slot },
                   { "collector", settings->collector },
                   { "plugin", settings->row ? "none" : settings->plugin } };
    for (size_t i = 0; i < sizeof needed / sizeof needed[0]; i++) {
        if (needed[i].value[0] == '\0') {
            log_error("setting %s is missing", needed[i].name);
            return -1;
        }
    }
    return 0;
}

static void free_given(struct given_setting *given, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        free(given[i].name);
        free(given[i].value);
        free(given[i].origin);
    }
}

void worker_settings_destroy(struct worker_settings *settings)
{
    free_given(settings->given, settings->given_count);
    free_given(settings->facts, settings->fact_count);
    explicit_bzero(settings, sizeof *settings);
}
