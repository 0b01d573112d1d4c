/* SPDX-License-Identifier: Apache-2.0 */
/* The files of collectors.d: which collectors there are, how often they run, and what they are told. */
#include "supervisor/config.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/text.h"

#define STALE_AFTER_MAX_MS (7LL * 24 * 3600 * 1000)

static const char SUFFIX[] = ".conf";

static void read_name(struct config *config, struct config_collector *collector, struct config_file *file,
                      const config_setting_t *root)
{
    const config_setting_t *setting = config_setting_get_member(root, "collector");
    const char *base = strrchr(file->path, '/');
    base = base == NULL ? file->path : base + 1;
    if (setting == NULL)
        text_format(collector->name, sizeof collector->name, "%.*s", (int)(strlen(base) - strlen(SUFFIX)),
                    base);
    else if (!config_text(file, root, "collector", collector->name, sizeof collector->name))
        return;
    bool fits = setting != NULL || strlen(base) - strlen(SUFFIX) <= NAME_MAX_BYTES;
    if (!fits || !text_is_word(collector->name)) {
        config_fault(file, setting,
                     "the collector's name is \"%s\"; allowed are a to z, 0 to 9 and _, beginning with "
                     "a letter, at most %d bytes",
                     collector->name, NAME_MAX_BYTES);
        return;
    }
    for (unsigned i = 0; i < config->collector_count; i++)
        if (strcmp(config->collectors[i]->name, collector->name) == 0)
            config_fault(file, setting,
                         "the collector \"%s\" is configured already in %s; allowed is one file for each",
                         collector->name, config->collectors[i]->path);
}

static void read_times(struct config_collector *collector, struct config_file *file,
                       const config_setting_t *root)
{
    collector->interval_ms = INTERVAL_DEFAULT_MS;
    config_duration(file, root, "interval", INTERVAL_MIN_MS, INTERVAL_MAX_MS, &collector->interval_ms);
    int64_t longest_ms = collector->interval_ms < TIMEOUT_MAX_MS ? collector->interval_ms : TIMEOUT_MAX_MS;
    collector->timeout_ms = longest_ms < TIMEOUT_DEFAULT_MS ? longest_ms : TIMEOUT_DEFAULT_MS;
    /* Rounds of a slot follow each other; one that may last longer than the interval would delay the next. */
    config_duration(file, root, "timeout", TIMEOUT_MIN_MS, longest_ms, &collector->timeout_ms);
    collector->stale_after_ms = STALE_INTERVALS_DEFAULT * collector->interval_ms;
    config_duration(file, root, "stale_after", collector->interval_ms, STALE_AFTER_MAX_MS,
                    &collector->stale_after_ms);
}

static void add_target(const struct config *config, struct config_collector *collector,
                       struct config_file *file, const config_setting_t *element)
{
    const char *name = config_element_text(file, element, "the name of a target");
    if (name == NULL)
        return;
    for (unsigned i = 0; i < config->target_count; i++) {
        if (strcmp(config->targets[i].name, name) == 0) {
            collector->targets |= UINT32_C(1) << i;
            return;
        }
    }
    config_fault(file, element, "\"%s\" is no target; allowed are the names in \"targets\" of %s", name,
                 config->path);
}

static void read_targets(const struct config *config, struct config_collector *collector,
                         struct config_file *file, const config_setting_t *root)
{
    const config_setting_t *list = config_setting_get_member(root, "targets");
    if (list == NULL) {
        collector->targets = (UINT32_C(1) << config->target_count) - 1;
        if (config->target_count == 0 && collector->enabled)
            config_fault(file, NULL,
                         "the collector \"%s\" is enabled and there is no target; allowed is at least one "
                         "in \"targets\" of %s",
                         collector->name, config->path);
        return;
    }
    if ((!config_setting_is_array(list) && !config_setting_is_list(list)) ||
        config_setting_length(list) == 0) {
        config_fault(file, list, "\"targets\" is not a list of names; allowed is [ \"NAME\", ... ]");
        return;
    }
    for (int i = 0; i < config_setting_length(list); i++)
        add_target(config, collector, file, config_setting_get_elem(list, (unsigned)i));
}

/* As the worker gets it: a text. Whether it means something to the plugin, the worker finds out. */
static bool write_value(const config_setting_t *setting, struct config_setting_value *value)
{
    const size_t size = sizeof value->value;
    switch (config_setting_type(setting)) {
    case CONFIG_TYPE_STRING:
        value->kind = "text";
        return text_format(value->value, size, "%s", config_setting_get_string(setting));
    case CONFIG_TYPE_INT:
    case CONFIG_TYPE_INT64:
        value->kind = "integer";
        return text_format(value->value, size, "%lld", config_setting_get_int64(setting));
    case CONFIG_TYPE_BOOL:
        value->kind = "boolean";
        return text_format(value->value, size, "%s", config_setting_get_bool(setting) ? "true" : "false");
    default:
        return false;
    }
}

static void read_settings(struct config_collector *collector, struct config_file *file,
                          const config_setting_t *root)
{
    char found[160];
    const config_setting_t *group;
    if (!config_group(file, root, "settings", &group) || config_setting_length(group) == 0)
        return;
    unsigned count = (unsigned)config_setting_length(group);
    if (count > PLUGIN_SETTINGS_MAX) {
        config_fault(file, group, "\"settings\" has %u members; allowed are at most %d", count,
                     PLUGIN_SETTINGS_MAX);
        return;
    }
    collector->settings = calloc(count, sizeof *collector->settings);
    if (collector->settings == NULL) {
        config_fault(file, group, "no memory for the settings");
        return;
    }
    for (unsigned i = 0; i < count; i++) {
        const config_setting_t *setting = config_setting_get_elem(group, i);
        struct config_setting_value *value = &collector->settings[i];
        config_origin(file, setting, value->origin, sizeof value->origin);
        if (!text_format(value->name, sizeof value->name, "%s", config_setting_name(setting)) ||
            !text_is_word(value->name))
            config_fault(file, setting,
                         "\"%s\" is no name of a setting; allowed are a to z, 0 to 9 and _, at most %d "
                         "bytes",
                         config_setting_name(setting), NAME_MAX_BYTES);
        else if (!write_value(setting, value))
            config_fault(file, setting,
                         "\"%s\" is %s; allowed is a text of at most %d bytes, an integer, true or false",
                         value->name, config_describe(setting, found, sizeof found),
                         SETTING_VALUE_MAX_BYTES - 1);
    }
    collector->setting_count = count;
}

static void read_plugin(const struct config *config, struct config_collector *collector,
                        struct config_file *file, const config_setting_t *root)
{
    const config_setting_t *setting = config_setting_get_member(root, "plugin");
    if (setting != NULL)
        config_origin(file, setting, collector->plugin_origin, sizeof collector->plugin_origin);
    if (!config_text(file, root, "plugin", collector->plugin, sizeof collector->plugin))
        text_format(collector->plugin, sizeof collector->plugin, "%s/%s.so", config->paths.collectors,
                    collector->name);
    else if (collector->plugin[0] != '/')
        config_fault(file, setting,
                     "\"plugin\" is \"%s\"; allowed is an absolute path, nothing is searched for",
                     collector->plugin);
}

static void add_secret(struct config_collector *collector, struct config_file *file,
                       const config_setting_t *element)
{
    static const char ALLOWED[] = "\"database\" or \"api\"";
    const char *name = config_element_text(file, element, ALLOWED);
    if (name == NULL)
        return;
    if (strcmp(name, "database") == 0)
        collector->secrets |= CONFIG_SECRET_DATABASE;
    else if (strcmp(name, "api") == 0)
        collector->secrets |= CONFIG_SECRET_API;
    else
        config_fault(file, element, "\"%s\" is no secret of a target; allowed is %s", name, ALLOWED);
}

/* A worker that does not need a secret cannot give it away. */
static void read_secrets(struct config_collector *collector, struct config_file *file,
                         const config_setting_t *root)
{
    const config_setting_t *list = config_setting_get_member(root, "secrets");
    collector->secrets = list == NULL ? CONFIG_SECRET_DATABASE : 0;
    if (list == NULL)
        return;
    if (!config_setting_is_array(list) && !config_setting_is_list(list)) {
        config_fault(file, list, "\"secrets\" is not a list; allowed is [ \"database\", \"api\" ], or less");
        return;
    }
    for (int i = 0; i < config_setting_length(list); i++)
        add_secret(collector, file, config_setting_get_elem(list, (unsigned)i));
}

static void read_collector(struct config *config, struct config_file *file)
{
    static const char *const KEYS[] = {
        "enabled", "collector", "interval", "timeout", "stale_after",     "targets",         "plugin",
        "secrets", "settings",  "sandbox",  "sandbox_without", "sandbox_unknown", NULL};
    const config_setting_t *root = config_root_setting(&file->parsed);
    struct config_collector *collector = calloc(1, sizeof *collector);
    if (collector == NULL) {
        config_fault(file, NULL, "no memory to read it");
        return;
    }
    text_format(collector->path, sizeof collector->path, "%s", file->path);
    config_known_keys(file, root, KEYS);
    collector->enabled = true;
    config_boolean(file, root, "enabled", &collector->enabled);
    read_name(config, collector, file, root);
    read_times(collector, file, root);
    read_targets(config, collector, file, root);
    read_plugin(config, collector, file, root);
    read_secrets(collector, file, root);
    collector->sandbox = config->sandbox;
    config_read_sandbox(&collector->sandbox, file, root);
    read_settings(collector, file, root);
    config->collectors[config->collector_count++] = collector;
}

static int is_collector_file(const struct dirent *entry)
{
    size_t size = strlen(entry->d_name);
    return entry->d_name[0] != '.' && size > strlen(SUFFIX) &&
           strcmp(entry->d_name + size - strlen(SUFFIX), SUFFIX) == 0;
}

static void read_file(struct config *config, const char *name, struct config_faults *faults)
{
    struct config_file file;
    char path[CONFIG_PATH_BYTES];
    if (!text_format(path, sizeof path, "%s/%s", config->collectors_dir, name))
        config_fault_at(faults, "%s/%s: the path is longer than %d bytes", config->collectors_dir, name,
                        CONFIG_PATH_BYTES - 1);
    else if (config->collector_count == SLOTS_MAX)
        config_fault_at(faults, "%s: there are more than %d collectors", path, SLOTS_MAX);
    else if (config_file_open(&file, path, faults) == 0) {
        read_collector(config, &file);
        config_file_close(&file);
    }
}

void config_read_collectors(struct config *config, struct config_faults *faults)
{
    struct dirent **entries = NULL;
    int count = scandir(config->collectors_dir, &entries, is_collector_file, alphasort);
    if (count < 0)
        config_fault_at(faults,
                        "%s: collectors_dir is \"%s\", which cannot be read (%s); allowed is a folder of "
                        "NAME.conf files",
                        config->path, config->collectors_dir, strerror(errno));
    for (int i = 0; i < count; i++) {
        read_file(config, entries[i]->d_name, faults);
        free(entries[i]);
    }
    free(entries);
}

bool config_collector_equal(const struct config_collector *one, const struct config_collector *other)
{
    if (strcmp(one->name, other->name) != 0 || one->enabled != other->enabled ||
        one->interval_ms != other->interval_ms || one->timeout_ms != other->timeout_ms ||
        one->stale_after_ms != other->stale_after_ms || strcmp(one->plugin, other->plugin) != 0 ||
        one->secrets != other->secrets || !sandbox_choice_equal(&one->sandbox, &other->sandbox) ||
        one->setting_count != other->setting_count)
        return false;
    for (unsigned i = 0; i < one->setting_count; i++)
        if (strcmp(one->settings[i].name, other->settings[i].name) != 0 ||
            one->settings[i].kind != other->settings[i].kind ||
            strcmp(one->settings[i].value, other->settings[i].value) != 0)
            return false;
    return true;
}
