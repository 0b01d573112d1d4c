/* SPDX-License-Identifier: Apache-2.0 */
#include "common/layers.h"

#include <stdio.h>
#include <string.h>

static const char *const LAYERS[LAYER_COUNT] = {
    [LAYER_LIMITS] = "limits",
    [LAYER_USER] = "user",
    [LAYER_CAPABILITIES] = "capabilities",
    [LAYER_NETWORK] = "network",
    [LAYER_IPC] = "ipc",
    [LAYER_NO_NEW_PRIVILEGES] = "no_new_privileges",
    [LAYER_DUMPABLE] = "dumpable",
    [LAYER_WRITE_EXECUTE] = "write_execute",
    [LAYER_LANDLOCK] = "landlock",
    [LAYER_SECCOMP] = "seccomp",
    [LAYER_BROKER] = "broker",
};

static const char *const STATES[LAYER_STATE_COUNT] = {
    [LAYER_APPLIED] = "applied",   [LAYER_PARTIAL] = "partial", [LAYER_MISSING] = "missing",
    [LAYER_OFF] = "off",           [LAYER_UNNEEDED] = "unneeded",
};

static const char *const POLICIES[SANDBOX_POLICY_COUNT] = {
    [SANDBOX_STRICT] = "strict",
    [SANDBOX_BEST_EFFORT] = "best-effort",
    [SANDBOX_OFF] = "off",
};

static const char *word_of(const char *const *words, unsigned count, unsigned index)
{
    return index < count ? words[index] : "unknown";
}

static int index_of(const char *const *words, int count, const char *word)
{
    for (int i = 0; i < count; i++)
        if (strcmp(words[i], word) == 0)
            return i;
    return -1;
}

const char *layer_name(unsigned layer)
{
    return word_of(LAYERS, LAYER_COUNT, layer);
}

const char *layer_state_name(unsigned state)
{
    return word_of(STATES, LAYER_STATE_COUNT, state);
}

const char *sandbox_policy_name(unsigned policy)
{
    return word_of(POLICIES, SANDBOX_POLICY_COUNT, policy);
}

int layer_parse(const char *word, enum sandbox_layer *layer)
{
    int index = index_of(LAYERS, LAYER_COUNT, word);
    if (index < 0)
        return -1;
    *layer = (enum sandbox_layer)index;
    return 0;
}

int sandbox_policy_parse(const char *word, enum sandbox_policy *policy)
{
    int index = index_of(POLICIES, SANDBOX_POLICY_COUNT, word);
    if (index < 0)
        return -1;
    *policy = (enum sandbox_policy)index;
    return 0;
}

bool layer_is_optional(enum sandbox_layer layer)
{
    return layer != LAYER_LIMITS && layer != LAYER_USER && layer != LAYER_NO_NEW_PRIVILEGES &&
           layer != LAYER_DUMPABLE;
}

bool sandbox_choice_wants(const struct sandbox_choice *choice, enum sandbox_layer layer)
{
    if (!layer_is_optional(layer))
        return true;
    return choice->policy != SANDBOX_OFF && (choice->without >> layer & 1) == 0;
}

void layers_write(char *out, size_t out_bytes, unsigned layers)
{
    size_t used = 0;
    out[0] = '\0';
    for (unsigned i = 0; i < LAYER_COUNT && used < out_bytes; i++)
        if ((layers >> i & 1) != 0)
            used += (size_t)snprintf(out + used, out_bytes - used, "%s%s", used == 0 ? "" : ",", LAYERS[i]);
}

int layers_parse(const char *text, unsigned *layers)
{
    *layers = 0;
    while (*text != '\0') {
        size_t size = strcspn(text, ",");
        unsigned i = 0;
        while (i < LAYER_COUNT && (strlen(LAYERS[i]) != size || strncmp(LAYERS[i], text, size) != 0))
            i++;
        if (i == LAYER_COUNT)
            return -1;
        *layers |= 1U << i;
        text += size + (text[size] == ',');
    }
    return 0;
}

bool sandbox_choice_equal(const struct sandbox_choice *one, const struct sandbox_choice *other)
{
    return one->policy == other->policy && one->without == other->without &&
           one->kills_unknown == other->kills_unknown;
}
