/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/plugin_settings.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/text.h"

static bool parse_integer(const char *text, int64_t *value)
{
    char *end = NULL;
    errno = 0;
    long long number = strtoll(text, &end, 10);
    *value = number;
    return errno == 0 && end != text && *end == '\0' && text[0] != ' ' && text[0] != '+';
}

static bool parse_boolean(const char *text, int64_t *value)
{
    *value = strcmp(text, "true") == 0;
    return *value == 1 || strcmp(text, "false") == 0;
}

/* Whether the configuration may write a value of the setting's type in that way. */
static bool is_of_type(const struct minotor_setting *setting, enum given_kind kind)
{
    switch (kind) {
    case GIVEN_TEXT:
        return setting->type == MINOTOR_SETTING_TEXT || setting->type == MINOTOR_SETTING_DURATION;
    case GIVEN_INTEGER:
        return setting->type == MINOTOR_SETTING_INTEGER;
    case GIVEN_BOOLEAN:
        return setting->type == MINOTOR_SETTING_BOOLEAN;
    default:
        return true;
    }
}

bool plugin_setting_parse(const struct minotor_setting *setting, const char *text, struct plugin_setting_value *value)
{
    value->integer = 0;
    value->text = text;
    switch (setting->type) {
    case MINOTOR_SETTING_INTEGER:
        return parse_integer(text, &value->integer) && value->integer >= setting->minimum &&
               value->integer <= setting->maximum;
    case MINOTOR_SETTING_BOOLEAN:
        return parse_boolean(text, &value->integer);
    case MINOTOR_SETTING_DURATION:
        value->integer = text_parse_duration_ms(text);
        return value->integer >= 0 && value->integer >= setting->minimum && value->integer <= setting->maximum;
    case MINOTOR_SETTING_TEXT: {
        size_t size = strlen(text);
        return text_is_utf8(text, size) && (int64_t)size >= setting->minimum && (int64_t)size <= setting->maximum;
    }
    default:
        return false;
    }
}

const char *plugin_setting_range(const struct minotor_setting *setting, char *out)
{
    long long minimum = setting->minimum;
    long long maximum = setting->maximum;
    char least[32], most[32];
    switch (setting->type) {
    case MINOTOR_SETTING_INTEGER:
        snprintf(out, PLUGIN_SETTING_RANGE_BYTES, "an integer from %lld to %lld", minimum, maximum);
        break;
    case MINOTOR_SETTING_BOOLEAN:
        snprintf(out, PLUGIN_SETTING_RANGE_BYTES, "true or false");
        break;
    case MINOTOR_SETTING_DURATION:
        snprintf(out, PLUGIN_SETTING_RANGE_BYTES,
                 "a duration from \"%s\" to \"%s\", with a unit: ms, s, m, h or d", text_duration(minimum, least),
                 text_duration(maximum, most));
        break;
    default:
        snprintf(out, PLUGIN_SETTING_RANGE_BYTES, "a text in UTF-8 of %lld to %lld bytes", minimum, maximum);
        break;
    }
    return out;
}

/* "reactions_top, other" or "none", cut when it is very long. */
static const char *declared_names(const struct plugin_settings *settings, char *out, size_t out_bytes)
{
    size_t used = 0;
    snprintf(out, out_bytes, "none");
    for (size_t i = 0; i < settings->count && used < out_bytes; i++)
        used += (size_t)snprintf(out + used, out_bytes - used, "%s%s", i == 0 ? "" : ", ",
                                 settings->declared[i].name);
    return out;
}

static bool take(struct plugin_settings *settings, const struct given_setting *given, char *error)
{
    char range[PLUGIN_SETTING_RANGE_BYTES];
    char names[512];
    const char *place = given->origin[0] != '\0' ? given->origin : "settings";
    for (size_t i = 0; i < settings->count; i++) {
        const struct minotor_setting *setting = &settings->declared[i];
        if (strcmp(given->name, setting->name) != 0)
            continue;
        if (is_of_type(setting, given->kind) &&
            plugin_setting_parse(setting, given->value, &settings->values[i]))
            return true;
        bool secret = (setting->flags & MINOTOR_SETTING_SECRET) != 0;
        const char *quote = secret || given->kind == GIVEN_INTEGER || given->kind == GIVEN_BOOLEAN ? "" : "\"";
        snprintf(error, PLUGIN_SETTING_ERROR_BYTES, "%s: %s = %s%.200s%s; allowed: %s", place, setting->name, quote,
                 secret ? "(hidden)" : given->value, quote, plugin_setting_range(setting, range));
        return false;
    }
    snprintf(error, PLUGIN_SETTING_ERROR_BYTES, "%s: unknown setting %s; allowed: %s", place, given->name,
             declared_names(settings, names, sizeof names));
    return false;
}

bool plugin_settings_resolve(struct plugin_settings *settings, const struct minotor_setting *declared, size_t count,
                             const struct given_setting *given, size_t given_count, char *error)
{
    assert(count <= PLUGIN_SETTINGS_MAX);
    settings->declared = declared;
    settings->count = count;
    for (size_t i = 0; i < count; i++) {
        bool good = plugin_setting_parse(&declared[i], declared[i].default_value, &settings->values[i]);
        assert(good); /* plugin_check() has tried it */
        (void)good;
    }
    for (size_t i = 0; i < given_count; i++)
        if (!take(settings, &given[i], error))
            return false;
    return true;
}

const struct plugin_setting_value *plugin_settings_find(const struct plugin_settings *settings, const char *name,
                                                        uint32_t *type)
{
    for (size_t i = 0; i < settings->count; i++) {
        if (strcmp(settings->declared[i].name, name) == 0) {
            *type = settings->declared[i].type;
            return &settings->values[i];
        }
    }
    return NULL;
}
