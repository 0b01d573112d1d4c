/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a child has to reach in spite of its confinement: folders and files that it reads, TCP ports that it
 * connects to. A rule on a folder is about whatever lies in it; a rule on a file is about that very file, and is
 * no good any more when another one is put in its place.
 */
#ifndef MINOTOR_COMMON_SANDBOX_RULES_H
#define MINOTOR_COMMON_SANDBOX_RULES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/contract.h"

#define SANDBOX_PATHS_MAX 40
#define SANDBOX_PORTS_MAX 8

struct sandbox_path {
    char path[CONFIG_PATH_BYTES];
    bool watched; /* it is used for as long as the process lives, so it matters when it is replaced */
    dev_t device; /* of the file that the rule is about; inode 0: there was none */
    ino_t inode;
};

struct sandbox_rules {
    struct sandbox_path paths[SANDBOX_PATHS_MAX];
    size_t path_count;
    uint16_t ports[SANDBOX_PORTS_MAX];
    size_t port_count;
    bool is_local;      /* it connects to nothing but unix sockets */
    const char *secret; /* a file of which it checks the owner, or NULL */
    bool in_force;      /* the rules on files are what the kernel goes by */
};

/* A folder, or a file that is only used at the start. What is too long or does not fit is left out: it fails later. */
void sandbox_rules_read(struct sandbox_rules *rules, const char *path);
/* A file that is opened again and again. "": none. */
void sandbox_rules_watch(struct sandbox_rules *rules, const char *path);
/* The folder that a file really lies in, whatever links lead to it. */
void sandbox_rules_read_folder_of(struct sandbox_rules *rules, const char *path);
/* 0: no port. */
void sandbox_rules_connect(struct sandbox_rules *rules, unsigned port);

/* The path of a watched file that was replaced since the rules came into force, or NULL. Looks, opens nothing. */
const char *sandbox_rules_stale(const struct sandbox_rules *rules);

#endif
