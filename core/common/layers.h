/* SPDX-License-Identifier: Apache-2.0 */
/* The words of confinement, which configuration, control channel and page share: layers, their states, policies. */
#ifndef MINOTOR_COMMON_LAYERS_H
#define MINOTOR_COMMON_LAYERS_H

#include <stdbool.h>
#include <stddef.h>

/* In the order in which they are applied. */
enum sandbox_layer {
    LAYER_LIMITS,            /* resource limits */
    LAYER_USER,              /* another account than root */
    LAYER_CAPABILITIES,      /* none, and none to be had */
    LAYER_NETWORK,           /* an empty network of its own */
    LAYER_IPC,               /* no System V IPC or message queues of others */
    LAYER_NO_NEW_PRIVILEGES, /* no program that is executed has more */
    LAYER_DUMPABLE,          /* no core, no debugger of the same account */
    LAYER_WRITE_EXECUTE,     /* memory that was written is never executed */
    LAYER_LANDLOCK,          /* files and TCP ports */
    LAYER_SECCOMP,           /* system calls */
    LAYER_BROKER,            /* hosts: another process connects, and only to configured places */
    LAYER_COUNT
};

enum layer_state {
    LAYER_APPLIED,
    LAYER_PARTIAL, /* by an older kernel, with less than this release knows of */
    LAYER_MISSING, /* the kernel, or a wall around minotor, refused */
    LAYER_OFF,     /* the configuration says so */
    LAYER_UNNEEDED,
    LAYER_STATE_COUNT
};

enum sandbox_policy {
    SANDBOX_STRICT,      /* what is missing ends the child */
    SANDBOX_BEST_EFFORT, /* what is missing is told */
    SANDBOX_OFF,         /* only what every kernel can do */
    SANDBOX_POLICY_COUNT
};

/* What an administrator has said about a child. */
struct sandbox_choice {
    enum sandbox_policy policy;
    unsigned without;   /* bit i: layer i is left out on purpose */
    bool kills_unknown; /* a system call that the filter does not know ends the process instead of failing */
};

/* "limits", "user" ...; "applied", "partial" ...; "strict", "best-effort", "off". Static. */
const char *layer_name(unsigned layer);
const char *layer_state_name(unsigned state);
const char *sandbox_policy_name(unsigned policy);

/* 0 and the value, or -1 for a word that is none of them. */
int layer_parse(const char *word, enum sandbox_layer *layer);
int sandbox_policy_parse(const char *word, enum sandbox_policy *policy);

/* Whether a layer is to be applied: neither the policy nor the list of layers left out speaks against it. */
bool sandbox_choice_wants(const struct sandbox_choice *choice, enum sandbox_layer layer);

/* Whether a configuration may leave a layer out: not those that cost nothing and have no reason to fail. */
bool layer_is_optional(enum sandbox_layer layer);

/* Names of the layers of a set, with commas; cut to fit. */
void layers_write(char *out, size_t out_bytes, unsigned layers);
/* The set of a text like that. 0, or -1. */
int layers_parse(const char *text, unsigned *layers);

bool sandbox_choice_equal(const struct sandbox_choice *one, const struct sandbox_choice *other);

#endif
