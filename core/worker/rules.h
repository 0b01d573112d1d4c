/* SPDX-License-Identifier: Apache-2.0 */
/* What a worker has to reach, by its settings: libraries, its plugin, certificates, and where it connects by itself the ports. */
#ifndef MINOTOR_WORKER_RULES_H
#define MINOTOR_WORKER_RULES_H

#include "common/sandbox_rules.h"
#include "worker/settings.h"

/* Adds to rules that are all zero. `rules` refers to `settings`. */
void worker_rules_make(struct sandbox_rules *rules, const struct worker_settings *settings, bool has_broker);

/* The port of an http or https address, by its scheme where it names none; 0: it is no such address. */
unsigned worker_rules_port_of(const char *url);

#endif
