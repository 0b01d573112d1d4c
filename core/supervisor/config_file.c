/* SPDX-License-Identifier: Apache-2.0 */
#include "supervisor/config_file.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/contract.h"
#include "common/text.h"

/* What libconfig needs: its buffers, and for the densest text ("a=1;") a setting with name and place for each few bytes. */
#define PARSER_BYTES          (64 * 1024)
#define PARSED_BYTES_PER_BYTE 64

/* ---- faults */

static void report(struct config_faults *faults, const char *place, const char *format, va_list arguments)
{
    char what[LOG_LINE_MAX_BYTES];
    char line[LOG_LINE_MAX_BYTES];
    char clean[LOG_LINE_MAX_BYTES];
    vsnprintf(what, sizeof what, format, arguments);
    text_format(line, sizeof line, "%s%s", place, what);
    text_one_line(clean, sizeof clean, line);
    faults->count++;
    faults->report(clean, faults->context);
}

void config_origin(const struct config_file *file, const config_setting_t *where, char *out, size_t out_bytes)
{
    unsigned line = where == NULL ? 0 : config_setting_source_line(where);
    if (line == 0)
        text_format(out, out_bytes, "%s", file->path);
    else
        text_format(out, out_bytes, "%s:%u", file->path, line);
}

void config_fault(struct config_file *file, const config_setting_t *where, const char *format, ...)
{
    char place[CONFIG_PATH_BYTES + 16];
    va_list arguments;
    config_origin(file, where, place, sizeof place - 2);
    strcat(place, ": ");
    va_start(arguments, format);
    report(file->faults, place, format, arguments);
    va_end(arguments);
}

void config_fault_at(struct config_faults *faults, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    report(faults, "", format, arguments);
    va_end(arguments);
}

const char *config_describe(const config_setting_t *setting, char *out, size_t out_bytes)
{
    char clean[96];
    switch (config_setting_type(setting)) {
    case CONFIG_TYPE_STRING:
        text_one_line(clean, sizeof clean, config_setting_get_string(setting));
        text_format(out, out_bytes, "the text \"%s\"", clean);
        break;
    case CONFIG_TYPE_INT:
    case CONFIG_TYPE_INT64:
        text_format(out, out_bytes, "the integer %lld", config_setting_get_int64(setting));
        break;
    case CONFIG_TYPE_FLOAT:
        text_format(out, out_bytes, "the number %g", config_setting_get_float(setting));
        break;
    case CONFIG_TYPE_BOOL:
        text_format(out, out_bytes, "%s", config_setting_get_bool(setting) ? "true" : "false");
        break;
    case CONFIG_TYPE_GROUP:
        text_format(out, out_bytes, "a group");
        break;
    default:
        text_format(out, out_bytes, "a list");
        break;
    }
    return out;
}

static void wrong(struct config_file *file, const config_setting_t *setting, const char *allowed)
{
    char found[160];
    config_fault(file, setting, "\"%s\" is %s; allowed is %s", config_setting_name(setting),
                 config_describe(setting, found, sizeof found), allowed);
}

/* ---- the file */

/* libconfig's own reader ends the process on a folder, and believes in any size. Allocated, or NULL after a
 * fault. */
static char *read_whole(struct config_file *file)
{
    struct stat status;
    char *bytes = NULL;
    size_t size = 0;
    int descriptor = open(file->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (descriptor < 0 || fstat(descriptor, &status) != 0) {
        config_fault(file, NULL, "cannot be read (%s)", strerror(errno));
        goto out;
    }
    if (!S_ISREG(status.st_mode) || status.st_size > CONFIG_FILE_MAX_BYTES) {
        config_fault(file, NULL, "is not a file of at most %d bytes", CONFIG_FILE_MAX_BYTES);
        goto out;
    }
    bytes = malloc(CONFIG_FILE_MAX_BYTES + 1);
    if (bytes == NULL) {
        config_fault(file, NULL, "no memory to read it");
        goto out;
    }
    for (ssize_t got = 1; got > 0 && size < CONFIG_FILE_MAX_BYTES; size += (size_t)got) {
        got = read(descriptor, bytes + size, CONFIG_FILE_MAX_BYTES - size);
        if (got < 0) {
            config_fault(file, NULL, "cannot be read (%s)", strerror(errno));
            free(bytes);
            bytes = NULL;
            goto out;
        }
    }
    bytes[size] = '\0';
    if (strlen(bytes) != size || !text_is_utf8(bytes, size)) {
        config_fault(file, NULL, "is not a text in UTF-8");
        free(bytes);
        bytes = NULL;
    }
out:
    if (descriptor >= 0)
        close(descriptor);
    return bytes;
}

/*
 * libconfig opens what is included with a reader of its own, which ends the process on a folder and waits for ever
 * on a pipe. Its directive stands first in its line. The number of the line with one, or 0.
 */
static unsigned find_include(const char *bytes)
{
    static const char DIRECTIVE[] = "@include";
    unsigned line = 1;
    for (const char *at = bytes;; line++) {
        at += strspn(at, " \t");
        if (strncmp(at, DIRECTIVE, strlen(DIRECTIVE)) == 0)
            return line;
        at = strchr(at, '\n');
        if (at == NULL)
            return 0;
        at++;
    }
}

/* libconfig looks at none of its allocations: whether it will have memory is tried before it is called. */
static bool has_memory_for(const char *bytes)
{
    void *trial = malloc(PARSER_BYTES + PARSED_BYTES_PER_BYTE * strlen(bytes));
    bool has = trial != NULL;
    free(trial);
    return has;
}

int config_file_open(struct config_file *file, const char *path, struct config_faults *faults)
{
    file->faults = faults;
    if (!text_format(file->path, sizeof file->path, "%s", path)) {
        config_fault_at(faults, "%s: the path is longer than %d bytes", path, CONFIG_PATH_BYTES - 1);
        return -1;
    }
    char *bytes = read_whole(file);
    if (bytes == NULL)
        return -1;
    unsigned include_line = find_include(bytes);
    if (include_line > 0) {
        config_fault_at(faults, "%s:%u: files cannot be included here; allowed is one file for each collector",
                        file->path, include_line);
        free(bytes);
        return -1;
    }
    if (!has_memory_for(bytes)) {
        config_fault(file, NULL, "no memory to take it apart");
        free(bytes);
        return -1;
    }
    config_init(&file->parsed);
    int parsed = config_read_string(&file->parsed, bytes);
    free(bytes);
    if (parsed == CONFIG_TRUE)
        return 0;
    /* It is found where what is missing would have made a difference. */
    config_fault_at(faults,
                    "%s:%d: %s, here or in the lines before; allowed is the syntax of minotor.conf(5): text "
                    "in \"double quotes\", true or false, and a ; after each setting",
                    file->path, config_error_line(&file->parsed), config_error_text(&file->parsed));
    config_destroy(&file->parsed);
    return -1;
}

void config_file_close(struct config_file *file)
{
    config_destroy(&file->parsed);
}

/* ---- values */

static const config_setting_t *member(const config_setting_t *group, const char *key)
{
    return config_setting_get_member(group, key);
}

static void join(const char *const *words, char *out, size_t out_bytes)
{
    size_t size = 0;
    out[0] = '\0';
    for (size_t i = 0; words[i] != NULL && size < out_bytes; i++) {
        int added = snprintf(out + size, out_bytes - size, "%s%s", i == 0 ? "" : ", ", words[i]);
        size += added < 0 ? 0 : (size_t)added;
    }
}

void config_known_keys(struct config_file *file, const config_setting_t *group, const char *const *keys)
{
    for (int i = 0; i < config_setting_length(group); i++) {
        const config_setting_t *setting = config_setting_get_elem(group, (unsigned)i);
        const char *name = config_setting_name(setting);
        size_t k = 0;
        while (keys[k] != NULL && strcmp(keys[k], name) != 0)
            k++;
        if (keys[k] == NULL) {
            char allowed[320];
            join(keys, allowed, sizeof allowed);
            config_fault(file, setting, "\"%s\" is no setting known here; allowed are %s", name, allowed);
        }
    }
}

static bool is_clean(const char *text)
{
    for (; *text != '\0'; text++)
        if ((unsigned char)*text < 0x20 || *text == 0x7f)
            return false;
    return true;
}

bool config_text(struct config_file *file, const config_setting_t *group, const char *key, char *out,
                 size_t out_bytes)
{
    char allowed[96];
    const config_setting_t *setting = member(group, key);
    if (setting == NULL)
        return false;
    const char *text = config_setting_get_string(setting);
    if (text != NULL && is_clean(text) && strlen(text) < out_bytes) {
        memcpy(out, text, strlen(text) + 1);
        return true;
    }
    text_format(allowed, sizeof allowed, "a text of at most %zu bytes without control characters",
                out_bytes - 1);
    wrong(file, setting, allowed);
    return false;
}

bool config_boolean(struct config_file *file, const config_setting_t *group, const char *key, bool *value)
{
    const config_setting_t *setting = member(group, key);
    if (setting == NULL)
        return false;
    if (config_setting_type(setting) != CONFIG_TYPE_BOOL) {
        wrong(file, setting, "true or false");
        return false;
    }
    *value = config_setting_get_bool(setting) != CONFIG_FALSE;
    return true;
}

bool config_integer(struct config_file *file, const config_setting_t *group, const char *key,
                    long long minimum, long long maximum, long long *value)
{
    char allowed[96];
    const config_setting_t *setting = member(group, key);
    if (setting == NULL)
        return false;
    int type = config_setting_type(setting);
    if (type == CONFIG_TYPE_INT || type == CONFIG_TYPE_INT64) {
        long long found = config_setting_get_int64(setting);
        if (found >= minimum && found <= maximum) {
            *value = found;
            return true;
        }
    }
    text_format(allowed, sizeof allowed, "an integer from %lld to %lld", minimum, maximum);
    wrong(file, setting, allowed);
    return false;
}

bool config_duration(struct config_file *file, const config_setting_t *group, const char *key,
                     int64_t minimum_ms, int64_t maximum_ms, int64_t *value_ms)
{
    char allowed[160];
    char least[32];
    char most[32];
    const config_setting_t *setting = member(group, key);
    if (setting == NULL)
        return false;
    const char *text = config_setting_get_string(setting);
    int64_t found = text == NULL ? -1 : text_parse_duration_ms(text);
    if (found >= minimum_ms && found <= maximum_ms) {
        *value_ms = found;
        return true;
    }
    text_format(allowed, sizeof allowed, "a duration from \"%s\" to \"%s\", with a unit: ms, s, m, h or d",
                text_duration(minimum_ms, least), text_duration(maximum_ms, most));
    wrong(file, setting, allowed);
    return false;
}

const char *config_size_text(int64_t value_bytes, char out[32])
{
    if (value_bytes % (INT64_C(1) << 30) == 0)
        snprintf(out, 32, "%" PRId64 "G", value_bytes >> 30);
    else if (value_bytes % (INT64_C(1) << 20) == 0)
        snprintf(out, 32, "%" PRId64 "M", value_bytes >> 20);
    else
        snprintf(out, 32, "%" PRId64 "K", value_bytes >> 10);
    return out;
}

bool config_size(struct config_file *file, const config_setting_t *group, const char *key, int64_t minimum_bytes,
                 int64_t maximum_bytes, int64_t *value_bytes)
{
    char allowed[160];
    char least[32];
    char most[32];
    const config_setting_t *setting = member(group, key);
    if (setting == NULL)
        return false;
    const char *text = config_setting_get_string(setting);
    int64_t found = text == NULL ? -1 : text_parse_size_bytes(text);
    if (found >= minimum_bytes && found <= maximum_bytes) {
        *value_bytes = found;
        return true;
    }
    text_format(allowed, sizeof allowed, "a size from \"%s\" to \"%s\", with a unit: K, M or G",
                config_size_text(minimum_bytes, least), config_size_text(maximum_bytes, most));
    wrong(file, setting, allowed);
    return false;
}

bool config_choice(struct config_file *file, const config_setting_t *group, const char *key,
                   const char *const *words, unsigned *index)
{
    char list[160];
    char allowed[192];
    const config_setting_t *setting = member(group, key);
    if (setting == NULL)
        return false;
    const char *text = config_setting_get_string(setting);
    for (unsigned i = 0; text != NULL && words[i] != NULL; i++) {
        if (strcmp(words[i], text) == 0) {
            *index = i;
            return true;
        }
    }
    join(words, list, sizeof list);
    text_format(allowed, sizeof allowed, "one of %s", list);
    wrong(file, setting, allowed);
    return false;
}

bool config_resolve_path(const char *base, const char *path, char *out, size_t out_bytes)
{
    const char *slash = strrchr(base, '/');
    if (path[0] == '/' || slash == NULL)
        return text_format(out, out_bytes, "%s", path);
    return text_format(out, out_bytes, "%.*s/%s", (int)(slash - base), base, path);
}

bool config_path(struct config_file *file, const config_setting_t *group, const char *key, char *out,
                 size_t out_bytes)
{
    char text[CONFIG_PATH_BYTES];
    char path[CONFIG_PATH_BYTES];
    if (!config_text(file, group, key, text, sizeof text))
        return false;
    if (text[0] != '\0' && config_resolve_path(file->path, text, path, sizeof path) &&
        strlen(path) < out_bytes) {
        memcpy(out, path, strlen(path) + 1);
        return true;
    }
    wrong(file, member(group, key), "the path of a file or folder");
    return false;
}

bool config_group(struct config_file *file, const config_setting_t *group, const char *key,
                  const config_setting_t **value)
{
    const config_setting_t *setting = member(group, key);
    if (setting == NULL)
        return false;
    if (config_setting_type(setting) != CONFIG_TYPE_GROUP) {
        wrong(file, setting, "a group: { ... }");
        return false;
    }
    *value = setting;
    return true;
}

const char *config_element_text(struct config_file *file, const config_setting_t *element,
                                const char *allowed)
{
    char found[160];
    const char *text = config_setting_get_string(element);
    if (text != NULL && is_clean(text))
        return text;
    config_fault(file, element, "an element is %s; allowed is %s",
                 config_describe(element, found, sizeof found), allowed);
    return NULL;
}
