/* SPDX-License-Identifier: Apache-2.0 */
#include "common/landlock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/log.h"

/* The same on every architecture. */
#define NR_CREATE_RULESET 444
#define NR_ADD_RULE 445
#define NR_RESTRICT_SELF 446

#define CREATE_RULESET_VERSION 1u
#define RULE_PATH_BENEATH 1
#define RULE_NET_PORT 2

#define FS_READ_FILE (UINT64_C(1) << 2)
#define FS_READ_DIR (UINT64_C(1) << 3)
#define NET_BIND_TCP (UINT64_C(1) << 0)
#define NET_CONNECT_TCP (UINT64_C(1) << 1)
#define SCOPE_ABSTRACT_UNIX_SOCKET (UINT64_C(1) << 0)
#define SCOPE_SIGNAL (UINT64_C(1) << 1)

struct ruleset_attributes {
    uint64_t handled_fs;
    uint64_t handled_net;
    uint64_t scoped;
};

struct path_beneath {
    uint64_t allowed;
    int32_t parent;
} __attribute__((packed));

struct net_port {
    uint64_t allowed;
    uint64_t port;
};

/* How many rights of files each version knows, and how much of the attributes it takes. Newer ones are like the last. */
static const struct abi {
    unsigned fs_rights;
    size_t attribute_bytes;
} ABIS[] = {
    { 0, 0 },
    { 13, offsetof(struct ruleset_attributes, handled_net) }, /* 1: bits 0 to 12, execute to make_sym */
    { 14, offsetof(struct ruleset_attributes, handled_net) }, /* 2: refer */
    { 15, offsetof(struct ruleset_attributes, handled_net) }, /* 3: truncate */
    { 15, offsetof(struct ruleset_attributes, scoped) },      /* 4: TCP ports */
    { 16, offsetof(struct ruleset_attributes, scoped) },      /* 5: ioctl_dev */
    { 16, sizeof(struct ruleset_attributes) },                /* 6: abstract sockets, signals */
};

#define ABI_KNOWN ((int)(sizeof ABIS / sizeof ABIS[0]) - 1)

static int create_ruleset(int abi)
{
    const struct abi *known = &ABIS[abi < ABI_KNOWN ? abi : ABI_KNOWN];
    const struct ruleset_attributes attributes = {
        .handled_fs = (UINT64_C(1) << known->fs_rights) - 1,
        .handled_net = NET_BIND_TCP | NET_CONNECT_TCP,
        .scoped = SCOPE_ABSTRACT_UNIX_SOCKET | SCOPE_SIGNAL,
    };
    return (int)syscall(NR_CREATE_RULESET, &attributes, known->attribute_bytes, 0u);
}

/* What is not there needs no rule: it cannot be opened either. */
static void allow_path(int ruleset, struct sandbox_path *rule)
{
    struct stat status;
    struct path_beneath beneath = { .parent = open(rule->path, O_PATH | O_CLOEXEC) };
    if (beneath.parent < 0)
        return;
    if (fstat(beneath.parent, &status) == 0) {
        beneath.allowed = S_ISDIR(status.st_mode) ? FS_READ_FILE | FS_READ_DIR : FS_READ_FILE;
        if (syscall(NR_ADD_RULE, ruleset, RULE_PATH_BENEATH, &beneath, 0u) != 0)
            log_warning("landlock: %s: %s", rule->path, strerror(errno));
        rule->device = status.st_dev;
        rule->inode = status.st_ino;
    }
    close(beneath.parent);
}

static void allow_port(int ruleset, uint16_t port)
{
    const struct net_port rule = { .allowed = NET_CONNECT_TCP, .port = port };
    if (syscall(NR_ADD_RULE, ruleset, RULE_NET_PORT, &rule, 0u) != 0)
        log_warning("landlock: port %u: %s", (unsigned)port, strerror(errno));
}

int landlock_apply(struct sandbox_rules *rules)
{
    int abi = (int)syscall(NR_CREATE_RULESET, NULL, (size_t)0, CREATE_RULESET_VERSION);
    if (abi == 0)
        errno = ENOSYS; /* no kernel says so, but a wall around minotor may */
    if (abi <= 0)
        return -1;
    int ruleset = create_ruleset(abi);
    if (ruleset < 0)
        return -1;
    for (size_t i = 0; i < rules->path_count; i++)
        allow_path(ruleset, &rules->paths[i]);
    for (size_t i = 0; i < rules->port_count && abi >= LANDLOCK_ABI_PORTS; i++)
        allow_port(ruleset, rules->ports[i]);
    int result = (int)syscall(NR_RESTRICT_SELF, ruleset, 0u);
    int saved_errno = errno;
    close(ruleset);
    errno = saved_errno;
    rules->in_force = result == 0;
    return result == 0 ? abi : -1;
}
