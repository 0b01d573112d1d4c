/* SPDX-License-Identifier: Apache-2.0 */
#include "supervisor/mattermost_values.h"

#include <ctype.h>
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/text.h"
#include "supervisor/secret_file.h"

enum kind {
    KIND_TEXT,
    KIND_NUMBER,
    KIND_FLAG,
    KIND_LIST,
};

static const struct known {
    const char *name; /* SECTION.KEY */
    enum kind kind;
} KNOWN[MATTERMOST_KEYS] = {
    [MATTERMOST_CONFIG_PLACE] = {"CONFIG", KIND_TEXT},
    [MATTERMOST_DRIVER_NAME] = {"SqlSettings.DriverName", KIND_TEXT},
    [MATTERMOST_DATA_SOURCE] = {"SqlSettings.DataSource", KIND_TEXT},
    [MATTERMOST_DATA_SOURCE_REPLICAS] = {"SqlSettings.DataSourceReplicas", KIND_LIST},
    [MATTERMOST_MAX_OPEN_CONNS] = {"SqlSettings.MaxOpenConns", KIND_NUMBER},
    [MATTERMOST_MAX_IDLE_CONNS] = {"SqlSettings.MaxIdleConns", KIND_NUMBER},
    [MATTERMOST_CONN_MAX_LIFETIME] = {"SqlSettings.ConnMaxLifetimeMilliseconds", KIND_NUMBER},
    [MATTERMOST_CONN_MAX_IDLE_TIME] = {"SqlSettings.ConnMaxIdleTimeMilliseconds", KIND_NUMBER},
    [MATTERMOST_SITE_URL] = {"ServiceSettings.SiteURL", KIND_TEXT},
    [MATTERMOST_LISTEN_ADDRESS] = {"ServiceSettings.ListenAddress", KIND_TEXT},
    [MATTERMOST_CONNECTION_SECURITY] = {"ServiceSettings.ConnectionSecurity", KIND_TEXT},
    [MATTERMOST_LOCAL_MODE] = {"ServiceSettings.EnableLocalMode", KIND_FLAG},
    [MATTERMOST_LOCAL_SOCKET] = {"ServiceSettings.LocalModeSocketLocation", KIND_TEXT},
    [MATTERMOST_METRICS] = {"MetricsSettings.Enable", KIND_FLAG},
    [MATTERMOST_METRICS_LISTEN_ADDRESS] = {"MetricsSettings.ListenAddress", KIND_TEXT},
};

static const char *const KINDS[] = {
    [KIND_TEXT] = "a text",
    [KIND_NUMBER] = "an integer",
    [KIND_FLAG] = "true or false",
    [KIND_LIST] = "a list of texts",
};

const char *mattermost_key_name(enum mattermost_key key)
{
    return KNOWN[key].name;
}

const char *mattermost_key_variable(enum mattermost_key key, char out[64])
{
    text_format(out, 64, "MM_%s", KNOWN[key].name);
    for (char *byte = out; *byte != '\0'; byte++)
        *byte = *byte == '.' ? '_' : (char)toupper((unsigned char)*byte);
    return out;
}

/* Forgets what was known before. False: no memory. */
static bool set_text(struct mattermost_value *value, const char *text, size_t size)
{
    secret_free(value->text);
    value->text = secret_copy(text, size);
    return value->text != NULL;
}

void mattermost_values_free(struct mattermost_values *values)
{
    for (size_t i = 0; i < MATTERMOST_KEYS; i++)
        secret_free(values->value[i].text);
    explicit_bzero(values, sizeof *values);
}

/* ---- variables */

/* Go's strconv.ParseBool. */
static bool parse_flag(const char *text, int64_t *number)
{
    static const char *const WORDS[2][6] = {{"0", "f", "F", "false", "FALSE", "False"},
                                            {"1", "t", "T", "true", "TRUE", "True"}};
    for (int flag = 0; flag < 2; flag++) {
        for (size_t i = 0; i < 6; i++) {
            if (strcmp(WORDS[flag][i], text) == 0) {
                *number = flag;
                return true;
            }
        }
    }
    return false;
}

/* Go's strconv.ParseInt: no white space around it. */
static bool parse_number(const char *text, int64_t *number)
{
    char *end;
    errno = 0;
    long long found = strtoll(text, &end, 10);
    if (end == text || *end != '\0' || errno != 0 || isspace((unsigned char)text[0]))
        return false;
    *number = found;
    return true;
}

/* Members are split at single spaces. */
static bool set_words(struct mattermost_value *value, const char *text)
{
    bool good = set_text(value, "", 0);
    value->number = 0;
    while (good && *text != '\0') {
        size_t size = strcspn(text, " ");
        if (size > 0 && value->number++ == 0)
            good = set_text(value, text, size);
        text += size + (text[size] == ' ');
    }
    return good;
}

bool mattermost_values_take_variable(struct mattermost_values *values, const char *name, const char *text)
{
    bool good = true;
    for (size_t i = 0; i < MATTERMOST_KEYS; i++) {
        struct mattermost_value *value = &values->value[i];
        char variable[64];
        if (strcasecmp(mattermost_key_variable((enum mattermost_key)i, variable), name) != 0)
            continue;
        bool fits = true;
        switch (KNOWN[i].kind) {
        case KIND_TEXT:
            good = set_text(value, text, strlen(text));
            break;
        case KIND_LIST:
            good = set_words(value, text);
            break;
        case KIND_NUMBER:
            fits = parse_number(text, &value->number);
            break;
        case KIND_FLAG:
            fits = parse_flag(text, &value->number);
            break;
        }
        if (fits)
            value->from = MATTERMOST_FROM_VARIABLE;
    }
    return good;
}

/* ---- config.json */

/* The last member of that name, in any case; a member that is null is not given. */
static json_t *member(json_t *object, const char *name, size_t size)
{
    json_t *found = NULL;
    const char *key;
    json_t *value;
    json_object_foreach(object, key, value)
    {
        if (strlen(key) == size && strncasecmp(key, name, size) == 0 && !json_is_null(value))
            found = value;
    }
    return found;
}

static bool set_list(struct mattermost_value *value, const json_t *list, bool *fits)
{
    size_t index;
    const json_t *element;
    bool good = set_text(value, "", 0);
    value->number = 0;
    *fits = json_is_array(list);
    json_array_foreach(list, index, element)
    {
        *fits = *fits && json_is_string(element);
        if (!json_is_string(element) || json_string_length(element) == 0)
            continue;
        if (value->number++ == 0 && good)
            good = set_text(value, json_string_value(element), json_string_length(element));
    }
    return good;
}

/* Sets `fits` to whether it has the type of its key. False: no memory. */
static bool take_value(struct mattermost_value *value, enum kind kind, const json_t *found, bool *fits)
{
    bool good = true;
    switch (kind) {
    case KIND_LIST:
        good = set_list(value, found, fits);
        break;
    case KIND_TEXT:
        *fits = json_is_string(found);
        if (*fits)
            good = set_text(value, json_string_value(found), json_string_length(found));
        break;
    case KIND_NUMBER:
        *fits = json_is_integer(found);
        value->number = json_integer_value(found);
        break;
    case KIND_FLAG:
        *fits = json_is_boolean(found);
        value->number = json_is_true(found);
        break;
    }
    value->from = MATTERMOST_FROM_FILE;
    return good;
}

static int take_root(struct mattermost_values *values, const char *path, json_t *root, char *fault,
                     size_t fault_bytes)
{
    if (!json_is_object(root)) {
        text_format(fault, fault_bytes, "%s: is no JSON object; allowed is Mattermost's config.json", path);
        return -1;
    }
    for (size_t i = MATTERMOST_CONFIG_PLACE + 1; i < MATTERMOST_KEYS; i++) {
        const char *dot = strchr(KNOWN[i].name, '.');
        size_t size = (size_t)(dot - KNOWN[i].name);
        json_t *section = member(root, KNOWN[i].name, size);
        bool fits = true;
        if (section == NULL)
            continue;
        if (!json_is_object(section)) {
            text_format(fault, fault_bytes, "%s: \"%.*s\" is no object; allowed is { ... }", path, (int)size,
                        KNOWN[i].name);
            return -1;
        }
        const json_t *found = member(section, dot + 1, strlen(dot + 1));
        if (found == NULL)
            continue;
        if (!take_value(&values->value[i], KNOWN[i].kind, found, &fits)) {
            text_format(fault, fault_bytes, "%s: no memory to read it", path);
            return -1;
        }
        if (!fits) {
            text_format(fault, fault_bytes, "%s: \"%s\" is of another type; allowed is %s", path,
                        KNOWN[i].name, KINDS[KNOWN[i].kind]);
            return -1;
        }
    }
    return 0;
}

/* jansson's own sentence repeats the text near the mistake, which may be the password. */
static const char *why(const json_error_t *error)
{
    switch (json_error_code(error)) {
    case json_error_invalid_utf8:
        return "the text is not UTF-8";
    case json_error_premature_end_of_input:
        return "the text ends too early";
    case json_error_end_of_input_expected:
        return "something follows the end of the object";
    case json_error_out_of_memory:
        return "no memory to read it";
    case json_error_stack_overflow:
        return "it is nested too deeply";
    case json_error_numeric_overflow:
        return "a number is too large";
    case json_error_null_character:
    case json_error_null_byte_in_key:
        return "a text holds a NUL";
    default:
        return "it is not JSON";
    }
}

int mattermost_values_take_json(struct mattermost_values *values, const char *path, const char *text,
                                char *fault, size_t fault_bytes)
{
    json_error_t error;
    /* What jansson copies of the text is wiped as well. Nothing else in this process uses it. */
    json_set_alloc_funcs(secret_malloc, secret_free);
    json_t *root = json_loads(text, 0, &error);
    int result = -1;
    if (root == NULL)
        text_format(fault, fault_bytes, "%s:%d: %s; allowed is Mattermost's config.json", path, error.line,
                    why(&error));
    else
        result = take_root(values, path, root, fault, fault_bytes);
    explicit_bzero(&error, sizeof error);
    json_decref(root);
    return result;
}
