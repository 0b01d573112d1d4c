/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/rules.h"

#define PORT_DNS 53 /* long answers come over TCP */

/*
 * Whole folders: resolv.conf and hosts are replaced by other files now and then, and a rule on a file would be about
 * the old one. No stranger's code runs here. The modules of the name service are loaded when it is first asked.
 */
static const char *const FOLDERS[] = { "/etc", "/run", "/usr", "/lib", "/lib32", "/lib64", "/var/lib/misc" };

void broker_rules_make(struct sandbox_rules *rules, const struct places *places)
{
    bool has_name = false;
    for (unsigned i = 0; i < places->count; i++) {
        const struct place *place = &places->place[i];
        bool is_known = false;
        for (size_t k = 0; k < rules->port_count; k++)
            is_known |= rules->ports[k] == place->where.port;
        if (!is_known)
            sandbox_rules_connect(rules, place->where.port);
        has_name |= place->host[0] != '\0';
    }
    if (!has_name)
        return;
    sandbox_rules_connect(rules, PORT_DNS);
    for (size_t i = 0; i < sizeof FOLDERS / sizeof FOLDERS[0]; i++)
        sandbox_rules_read(rules, FOLDERS[i]);
    sandbox_rules_read_folder_of(rules, "/etc/resolv.conf");
}
