/* SPDX-License-Identifier: Apache-2.0 */
#include "common/sandbox_rules.h"

#include <libgen.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/log.h"
#include "common/text.h"

static void add(struct sandbox_rules *rules, const char *path, bool watched)
{
    if (path[0] != '/')
        return;
    for (size_t i = 0; i < rules->path_count; i++) {
        if (strcmp(rules->paths[i].path, path) == 0) {
            rules->paths[i].watched |= watched;
            return;
        }
    }
    struct sandbox_path *rule = &rules->paths[rules->path_count];
    if (rules->path_count == SANDBOX_PATHS_MAX || !text_format(rule->path, sizeof rule->path, "%s", path)) {
        log_warning("%s: no room for a rule that lets it be read", path);
        return;
    }
    rule->watched = watched;
    rules->path_count++;
}

void sandbox_rules_read(struct sandbox_rules *rules, const char *path)
{
    add(rules, path, false);
}

void sandbox_rules_watch(struct sandbox_rules *rules, const char *path)
{
    add(rules, path, true);
}

void sandbox_rules_read_folder_of(struct sandbox_rules *rules, const char *path)
{
    char real[PATH_MAX];
    if (realpath(path, real) != NULL)
        add(rules, dirname(real), false);
}

void sandbox_rules_connect(struct sandbox_rules *rules, unsigned port)
{
    if (port == 0 || port > UINT16_MAX || rules->port_count == SANDBOX_PORTS_MAX)
        return;
    for (size_t i = 0; i < rules->port_count; i++)
        if (rules->ports[i] == port)
            return;
    rules->ports[rules->port_count++] = (uint16_t)port;
}

const char *sandbox_rules_stale(const struct sandbox_rules *rules)
{
    if (!rules->in_force)
        return NULL;
    for (size_t i = 0; i < rules->path_count; i++) {
        const struct sandbox_path *rule = &rules->paths[i];
        struct stat now;
        if (!rule->watched || stat(rule->path, &now) != 0)
            continue; /* what is gone cannot be read by a successor either */
        if (now.st_dev != rule->device || now.st_ino != rule->inode)
            return rule->path;
    }
    return NULL;
}
