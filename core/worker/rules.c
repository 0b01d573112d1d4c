/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/rules.h"

#include <stdlib.h>
#include <string.h>

#include "common/text.h"

#define PORT_DNS 53 /* long answers come over TCP */

/* Read while plugin, drivers and their libraries are loaded, and by what these load later. */
static const char *const LIBRARIES[] = { "/usr", "/lib", "/lib32", "/lib64", "/etc/ssl", "/etc/ld.so.cache" };

/* The C library's own files about names. As files of /etc, where the account of an unprivileged minotord may have secrets. */
static const char *const NAMES[] = { "/etc/resolv.conf", "/etc/nsswitch.conf", "/etc/hosts",     "/etc/host.conf",
                                     "/etc/gai.conf",    "/etc/services",      "/etc/protocols" };

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

unsigned worker_rules_port_of(const char *url)
{
    const char *host = strstr(url, "://");
    if (host == NULL)
        return 0;
    unsigned port = strncmp(url, "https:", 6) == 0 ? 443 : 80;
    host += 3;
    size_t size = strcspn(host, "/?#");
    const char *colon = memrchr(host, ':', size);
    if (colon != NULL && memchr(colon, ']', size - (size_t)(colon - host)) == NULL)
        port = (unsigned)strtoul(colon + 1, NULL, 10);
    return port;
}

static bool is_network_host(const char *host)
{
    return host[0] != '\0' && host[0] != '/';
}

static void let_connect(struct sandbox_rules *rules, const struct worker_settings *settings)
{
    const struct api_site *api = &settings->api;
    bool database = settings->database.driver[0] != '\0' && is_network_host(settings->database.host);
    rules->is_local = !database && api->url[0] == '\0' && api->metrics_url[0] == '\0';
    if (rules->is_local)
        return;
    if (database)
        sandbox_rules_connect(rules, (unsigned)strtoul(settings->database.port, NULL, 10));
    sandbox_rules_connect(rules, worker_rules_port_of(api->url));
    sandbox_rules_connect(rules, worker_rules_port_of(api->metrics_url));
    sandbox_rules_connect(rules, PORT_DNS);
    for (size_t i = 0; i < COUNT(NAMES); i++)
        sandbox_rules_watch(rules, NAMES[i]);
}

/* The modules of a folder may be links, as in a build tree. */
static void let_load(struct sandbox_rules *rules, const struct worker_settings *settings)
{
    static const char *const MODULES[] = { "postgresql", "mysql", "api" };
    char path[SETTING_VALUE_MAX_BYTES + 16];
    for (size_t i = 0; i < COUNT(LIBRARIES); i++)
        sandbox_rules_read(rules, LIBRARIES[i]);
    sandbox_rules_read_folder_of(rules, settings->plugin);
    sandbox_rules_read(rules, settings->drivers);
    for (size_t i = 0; i < COUNT(MODULES); i++)
        if (text_format(path, sizeof path, "%s/%s.so", settings->drivers, MODULES[i]))
            sandbox_rules_read_folder_of(rules, path);
}

void worker_rules_make(struct sandbox_rules *rules, const struct worker_settings *settings, bool has_broker)
{
    const struct database_place *database = &settings->database;
    let_load(rules, settings);
    sandbox_rules_read(rules, "/etc/localtime");
    sandbox_rules_watch(rules, database->sslrootcert);
    sandbox_rules_watch(rules, database->sslcert);
    sandbox_rules_watch(rules, database->sslkey);
    sandbox_rules_watch(rules, settings->api.ca_file);
    if (database->sslkey[0] == '/')
        rules->secret = database->sslkey;
    if (!has_broker)
        let_connect(rules, settings);
}
