/* SPDX-License-Identifier: Apache-2.0 */
/* The confinement of children, as an administrator wants it. */
#include "supervisor/config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/text.h"

static const char *const POLICIES[] = {"strict", "best-effort", "off", NULL};
static const char *const UNKNOWN[] = {"refuse", "kill", NULL};

static unsigned optional_layers(void)
{
    unsigned layers = 0;
    for (unsigned i = 0; i < LAYER_COUNT; i++)
        layers |= layer_is_optional((enum sandbox_layer)i) ? 1U << i : 0;
    return layers;
}

static void add_layer(struct sandbox_choice *choice, struct config_file *file, const config_setting_t *element)
{
    char allowed[160];
    enum sandbox_layer layer;
    layers_write(allowed, sizeof allowed, optional_layers());
    const char *name = config_element_text(file, element, allowed);
    if (name == NULL)
        return;
    if (layer_parse(name, &layer) == 0 && layer_is_optional(layer))
        choice->without |= 1U << layer;
    else
        config_fault(file, element, "\"%s\" is no layer that can be left out; allowed are %s", name, allowed);
}

static void read_without(struct sandbox_choice *choice, struct config_file *file, const config_setting_t *root)
{
    const config_setting_t *list = config_setting_get_member(root, "sandbox_without");
    if (list == NULL)
        return;
    choice->without = 0;
    if (!config_setting_is_array(list) && !config_setting_is_list(list)) {
        config_fault(file, list, "\"sandbox_without\" is not a list; allowed is [ \"landlock\", \"seccomp\" ] or the like");
        return;
    }
    for (int i = 0; i < config_setting_length(list); i++)
        add_layer(choice, file, config_setting_get_elem(list, (unsigned)i));
}

void config_read_sandbox(struct sandbox_choice *choice, struct config_file *file, const config_setting_t *root)
{
    unsigned index;
    if (config_choice(file, root, "sandbox", POLICIES, &index))
        sandbox_policy_parse(POLICIES[index], &choice->policy);
    if (config_choice(file, root, "sandbox_unknown", UNKNOWN, &index))
        choice->kills_unknown = index == 1;
    read_without(choice, file, root);
}

/* "FIRST-LAST", both numbers of accounts, or false. */
static bool parse_range(const char *text, unsigned long *first, unsigned long *last)
{
    char extra;
    return text[0] >= '1' && text[0] <= '9' && sscanf(text, "%10lu-%10lu%c", first, last, &extra) == 2 &&
           *last <= (uid_t)-2 && *first <= *last;
}

void config_read_worker_uids(struct config *config, struct config_file *file, const config_setting_t *root)
{
    char text[64];
    unsigned long first, last;
    const config_setting_t *setting = config_setting_get_member(root, "worker_uids");
    if (!config_text(file, root, "worker_uids", text, sizeof text))
        return;
    config_origin(file, setting, config->worker_uids_origin, sizeof config->worker_uids_origin);
    if (!parse_range(text, &first, &last) || last - first + 1 < SLOTS_MAX)
        config_fault(file, setting,
                     "\"worker_uids\" is \"%s\"; allowed are the first and the last of at least %d numbers of accounts "
                     "that nobody else has, such as \"61184-61247\"",
                     text, SLOTS_MAX);
    else if (geteuid() == 0)
        config->worker_uid_first = (uid_t)first;
}
