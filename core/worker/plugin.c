/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/plugin.h"

#include <dlfcn.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/contract.h"
#include "common/text.h"
#include "worker/plugin_settings.h"

/* What ABI 1.0 promised at the least; later minors only append. Frozen for all of major 1. */
#define DESCRIPTOR_BYTES_1_0 (offsetof(struct minotor_collector, close) + sizeof(void *))
#define FAMILY_BYTES_1_0 (offsetof(struct minotor_family, labels) + MINOTOR_LABELS_MAX * sizeof(char *))
#define SETTING_BYTES_1_0 (offsetof(struct minotor_setting, help) + sizeof(char *))

#define NEEDS_KNOWN (MINOTOR_NEEDS_DATABASE | MINOTOR_NEEDS_API)

__attribute__((format(printf, 3, 4))) static enum exit_code refuse(enum exit_code code, char *error,
                                                                   const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(error, PLUGIN_ERROR_MAX_BYTES, format, arguments);
    va_end(arguments);
    return code;
}

#define REFUSE(...) refuse(EXIT_CODE_PLUGIN_DESCRIPTOR, error, __VA_ARGS__)

/* Members of a table whose rows may be longer, or were once shorter, than ours. */
static void copy_row(void *row, size_t row_bytes, const void *table, size_t table_row_bytes, size_t index)
{
    memset(row, 0, row_bytes);
    memcpy(row, (const char *)table + index * table_row_bytes,
           table_row_bytes < row_bytes ? table_row_bytes : row_bytes);
}

/* One line of UTF-8, not empty. */
static bool is_line(const char *text, size_t max_bytes)
{
    if (text == NULL)
        return false;
    size_t size = strnlen(text, max_bytes + 1);
    if (size == 0 || size > max_bytes || !text_is_utf8(text, size))
        return false;
    for (size_t i = 0; i < size; i++)
        if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f)
            return false;
    return true;
}

static bool ends_with(const char *text, size_t text_bytes, const char *ending)
{
    size_t ending_bytes = strlen(ending);
    return text_bytes > ending_bytes && memcmp(text + text_bytes - ending_bytes, ending, ending_bytes) == 0;
}

/* "seconds" must end the name as "_seconds", in a counter as "_seconds_total". */
static bool unit_ends_name(const struct minotor_family *family)
{
    char ending[METRIC_NAME_MAX_BYTES + 2];
    if (!text_format(ending, sizeof ending, "_%s", family->unit))
        return false;
    size_t size = strlen(family->name);
    if (family->type == MINOTOR_COUNTER)
        size -= strlen("_total");
    return ends_with(family->name, size, ending);
}

static enum exit_code check_labels(struct plugin_family *entry, char *error)
{
    const struct minotor_family *family = &entry->family;
    size_t count = 0;
    while (count < MINOTOR_LABELS_MAX && family->labels[count] != NULL)
        count++;
    for (size_t i = count; i < MINOTOR_LABELS_MAX; i++)
        if (family->labels[i] != NULL)
            return REFUSE("family %s has a label after an empty place in its labels", family->name);
    for (size_t i = 0; i < count; i++) {
        const char *label = family->labels[i];
        if (!text_is_label_name(label, strnlen(label, METRIC_NAME_MAX_BYTES + 1)))
            return REFUSE("family %s has the label `%.64s', which is no label name", family->name, label);
        if (text_is_reserved_label(label))
            return REFUSE("family %s has the label %s, which is reserved", family->name, label);
        for (size_t k = 0; k < i; k++)
            if (strcmp(label, family->labels[k]) == 0)
                return REFUSE("family %s has the label %s twice", family->name, label);
    }
    entry->label_count = (uint8_t)count;
    return EXIT_CODE_DONE;
}

static enum exit_code check_family(struct plugin_family *entry, size_t index, char *error)
{
    const struct minotor_family *family = &entry->family;
    if (family->name == NULL || !text_is_metric_name(family->name, strnlen(family->name, METRIC_NAME_MAX_BYTES + 1)))
        return REFUSE("family %zu has the name `%.64s', which is no metric name", index,
                      family->name != NULL ? family->name : "");
    size_t size = strlen(family->name);
    if (family->type < MINOTOR_GAUGE || family->type > MINOTOR_UNTYPED)
        return REFUSE("family %s has the type %u; this minotor knows 1 to 4", family->name, family->type);
    if (family->reserved != 0)
        return REFUSE("family %s has %u in its reserved member; it must be 0", family->name, family->reserved);
    if (family->type == MINOTOR_COUNTER && !ends_with(family->name, size, "_total"))
        return REFUSE("family %s is a counter, so its name must end in _total", family->name);
    if (family->type == MINOTOR_INFO && !ends_with(family->name, size, "_info"))
        return REFUSE("family %s is of type info, so its name must end in _info", family->name);
    if (family->unit != NULL && !unit_ends_name(family))
        return REFUSE("family %s has the unit `%.64s', which does not end its name", family->name, family->unit);
    if (!is_line(family->help, HELP_MAX_BYTES))
        return REFUSE("family %s needs a help text: one line of UTF-8, 1 to %d bytes", family->name, HELP_MAX_BYTES);
    return check_labels(entry, error);
}

static enum exit_code check_families(const struct minotor_collector *collector, struct plugin *plugin, char *error)
{
    if (collector->family_count == 0 || collector->family_count > FAMILIES_MAX || collector->families == NULL)
        return REFUSE("it has %u families; allowed: 1 to %d", collector->family_count, FAMILIES_MAX);
    if (collector->family_size < FAMILY_BYTES_1_0 || collector->family_size % _Alignof(struct minotor_family) != 0)
        return REFUSE("its family_size is %u; it must be sizeof(struct minotor_family)", collector->family_size);
    plugin->families = calloc(collector->family_count, sizeof *plugin->families);
    if (plugin->families == NULL)
        return refuse(EXIT_CODE_MEMORY, error, "out of memory");
    plugin->family_count = collector->family_count;
    for (size_t i = 0; i < plugin->family_count; i++) {
        struct plugin_family *entry = &plugin->families[i];
        copy_row(&entry->family, sizeof entry->family, collector->families, collector->family_size, i);
        enum exit_code code = check_family(entry, i, error);
        if (code != EXIT_CODE_DONE)
            return code;
        for (size_t k = 0; k < i; k++)
            if (strcmp(entry->family.name, plugin->families[k].family.name) == 0)
                return REFUSE("family %s is there twice", entry->family.name);
    }
    return EXIT_CODE_DONE;
}

static enum exit_code check_setting(const struct minotor_setting *setting, size_t index, char *error)
{
    char wanted[PLUGIN_SETTING_RANGE_BYTES];
    struct plugin_setting_value value;
    if (setting->name == NULL || !text_is_word(setting->name))
        return REFUSE("setting %zu has the name `%.64s'; allowed: [a-z][a-z0-9_]*, at most %d bytes", index,
                      setting->name != NULL ? setting->name : "", NAME_MAX_BYTES);
    if (setting->type < MINOTOR_SETTING_INTEGER || setting->type > MINOTOR_SETTING_TEXT)
        return REFUSE("setting %s has the type %u; this minotor knows 1 to 4", setting->name, setting->type);
    if ((setting->flags & ~MINOTOR_SETTING_SECRET) != 0)
        return REFUSE("setting %s has the flags 0x%x; this minotor knows 0x%x", setting->name, setting->flags,
                      MINOTOR_SETTING_SECRET);
    if (setting->minimum > setting->maximum)
        return REFUSE("setting %s has a minimum above its maximum", setting->name);
    if (!is_line(setting->help, HELP_MAX_BYTES))
        return REFUSE("setting %s needs a help text: one line of UTF-8", setting->name);
    if (setting->default_value == NULL || !plugin_setting_parse(setting, setting->default_value, &value))
        return REFUSE("setting %s has a default that it would refuse itself; allowed: %s", setting->name,
                      plugin_setting_range(setting, wanted));
    return EXIT_CODE_DONE;
}

static enum exit_code check_settings(const struct minotor_collector *collector, struct plugin *plugin, char *error)
{
    if (collector->setting_count == 0)
        return EXIT_CODE_DONE;
    if (collector->setting_count > PLUGIN_SETTINGS_MAX || collector->settings == NULL)
        return REFUSE("it has %u settings; allowed: 0 to %d", collector->setting_count, PLUGIN_SETTINGS_MAX);
    if (collector->setting_size < SETTING_BYTES_1_0 ||
        collector->setting_size % _Alignof(struct minotor_setting) != 0)
        return REFUSE("its setting_size is %u; it must be sizeof(struct minotor_setting)", collector->setting_size);
    plugin->settings = calloc(collector->setting_count, sizeof *plugin->settings);
    if (plugin->settings == NULL)
        return refuse(EXIT_CODE_MEMORY, error, "out of memory");
    plugin->setting_count = collector->setting_count;
    for (size_t i = 0; i < plugin->setting_count; i++) {
        struct minotor_setting *setting = &plugin->settings[i];
        copy_row(setting, sizeof *setting, collector->settings, collector->setting_size, i);
        enum exit_code code = check_setting(setting, i, error);
        if (code != EXIT_CODE_DONE)
            return code;
        for (size_t k = 0; k < i; k++)
            if (strcmp(setting->name, plugin->settings[k].name) == 0)
                return REFUSE("setting %s is there twice", setting->name);
    }
    return EXIT_CODE_DONE;
}

/* Only the first 12 bytes are believed to be there until they have said so. */
static enum exit_code check_abi(const struct minotor_collector *descriptor, char *error)
{
    if (descriptor == NULL)
        return refuse(EXIT_CODE_PLUGIN_ABI, error, "minotor_collector() returned no descriptor");
    if (descriptor->magic != MINOTOR_MAGIC)
        return refuse(EXIT_CODE_PLUGIN_ABI, error,
                      "its descriptor has the magic number 0x%08x instead of 0x%08x: it is no collector of minotor",
                      descriptor->magic, MINOTOR_MAGIC);
    if (descriptor->abi_major != MINOTOR_ABI_MAJOR)
        return refuse(EXIT_CODE_PLUGIN_ABI, error,
                      "it is built for ABI %u.%u, this minotor offers %u.%u: rebuild it with this minotor's header",
                      descriptor->abi_major, descriptor->abi_minor, MINOTOR_ABI_MAJOR, MINOTOR_ABI_MINOR);
    if (descriptor->abi_minor > MINOTOR_ABI_MINOR)
        return refuse(EXIT_CODE_PLUGIN_ABI, error,
                      "it is built for ABI %u.%u, this minotor offers %u.%u: it needs a newer minotor",
                      descriptor->abi_major, descriptor->abi_minor, MINOTOR_ABI_MAJOR, MINOTOR_ABI_MINOR);
    if (descriptor->size < DESCRIPTOR_BYTES_1_0)
        return refuse(EXIT_CODE_PLUGIN_ABI, error,
                      "its descriptor says that it has %u bytes, ABI %u.0 has %zu: its size is not sizeof(struct "
                      "minotor_collector)",
                      descriptor->size, MINOTOR_ABI_MAJOR, (size_t)DESCRIPTOR_BYTES_1_0);
    return EXIT_CODE_DONE;
}

static enum exit_code check_words(const struct minotor_collector *collector, const char *expected_name, char *error)
{
    const struct {
        const char *name;
        const char *text;
    } lines[] = { { "version", collector->version },
                  { "summary", collector->summary },
                  { "author", collector->author },
                  { "license", collector->license } };
    if (collector->name == NULL || !text_is_word(collector->name))
        return REFUSE("it calls itself `%.64s'; allowed: [a-z][a-z0-9_]*, at most %d bytes",
                      collector->name != NULL ? collector->name : "", NAME_MAX_BYTES);
    if (strcmp(collector->name, expected_name) != 0)
        return REFUSE("it is the collector %s, not %s", collector->name, expected_name);
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++)
        if (!is_line(lines[i].text, ERROR_TEXT_MAX_BYTES))
            return REFUSE("its %s is missing, or not one line of UTF-8 of at most %d bytes", lines[i].name,
                          ERROR_TEXT_MAX_BYTES);
    if ((collector->needs & ~NEEDS_KNOWN) != 0)
        return REFUSE("it needs 0x%x, of which this minotor has only 0x%x", collector->needs, NEEDS_KNOWN);
    if (collector->collect == NULL)
        return REFUSE("it has no collect()");
    return EXIT_CODE_DONE;
}

enum exit_code plugin_check(const struct minotor_collector *descriptor, const char *expected_name,
                            struct plugin *plugin, char *error)
{
    memset(plugin, 0, sizeof *plugin);
    enum exit_code code = check_abi(descriptor, error);
    if (code != EXIT_CODE_DONE)
        return code;
    copy_row(&plugin->collector, sizeof plugin->collector, descriptor, descriptor->size, 0);
    code = check_words(&plugin->collector, expected_name, error);
    if (code == EXIT_CODE_DONE)
        code = check_families(&plugin->collector, plugin, error);
    if (code == EXIT_CODE_DONE)
        code = check_settings(&plugin->collector, plugin, error);
    if (code != EXIT_CODE_DONE)
        plugin_destroy(plugin);
    return code;
}

enum exit_code plugin_load(const char *path, const char *distrust, const char *expected_name, struct plugin *plugin,
                           char *error)
{
    const struct minotor_collector *(*entry)(void) = NULL;
    if (distrust[0] != '\0')
        return refuse(EXIT_CODE_PLUGIN_FILE, error, "%s", distrust);
    void *module = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (module == NULL)
        return refuse(EXIT_CODE_PLUGIN_FILE, error, "%s", dlerror());
    void *symbol = dlsym(module, "minotor_collector");
    if (symbol == NULL)
        return refuse(EXIT_CODE_PLUGIN_FILE, error, "it exports no minotor_collector()");
    memcpy(&entry, &symbol, sizeof entry); /* ISO C has no cast from object to function pointer */
    return plugin_check(entry(), expected_name, plugin, error);
}

void plugin_destroy(struct plugin *plugin)
{
    free(plugin->families);
    free(plugin->settings);
    memset(plugin, 0, sizeof *plugin);
}
