/* SPDX-License-Identifier: Apache-2.0 */
/* The collector that carries out the attack after which its slot is named, once, and says in the log what came of it. */
#include "attack.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#ifndef NEEDS
#define NEEDS 0
#endif

int outcome(long result)
{
    return result < 0 ? errno : 0;
}

int opened(int descriptor)
{
    if (descriptor < 0)
        return errno;
    close(descriptor);
    return 0;
}

const char *in_place(const struct scene *scene, const char *name)
{
    static char path[512];
    snprintf(path, sizeof path, "%s/%s", scene->place, name);
    return path;
}

/* NULL: none of that name. `lasts`: its success shows only when the worker still works a round later. */
static const struct attack *find(const char *name, bool *lasts)
{
    static const struct attack *const TABLES[] = { crashes, files,   kernel_calls, manners,   memory,
                                                   messages, network, people,       processes, signals };
    for (size_t i = 0; i < sizeof TABLES / sizeof TABLES[0]; i++)
        for (const struct attack *attack = TABLES[i]; attack->name != NULL; attack++)
            if (strcmp(attack->name, name) == 0) {
                *lasts = TABLES[i] == manners || TABLES[i] == messages;
                return attack;
            }
    return NULL;
}

static void read_scene(const struct minotor_host *host, struct scene *scene)
{
    scene->host = host;
    scene->supervisor = (pid_t)minotor_setting_integer(host, "supervisor");
    scene->front = (pid_t)minotor_setting_integer(host, "front");
    scene->sibling = (pid_t)minotor_setting_integer(host, "sibling");
    scene->prey = (pid_t)minotor_setting_integer(host, "prey");
    scene->place = minotor_setting_text(host, "place");
    scene->secret = minotor_setting_text(host, "secret");
    scene->config = minotor_setting_text(host, "config");
    scene->socket = minotor_setting_text(host, "socket");
    scene->allowed = (uint16_t)minotor_setting_integer(host, "allowed");
    scene->forbidden = (uint16_t)minotor_setting_integer(host, "forbidden");
}

/* The last word of the process's title is the slot. */
static const char *slot_name(void)
{
    const char *blank = strrchr(program_invocation_name, ' ');
    return blank == NULL ? program_invocation_name : blank + 1;
}

static int collect(const struct minotor_host *host, void *state)
{
    static int rounds;
    static char answer[32];
    bool lasts;
    const struct attack *attack = find(slot_name(), &lasts);
    (void)state;
    if (attack == NULL)
        return minotor_fail(host, "there is no attack of that name");
    if (++rounds == 1) {
        struct scene scene;
        read_scene(host, &scene);
        int refused = attack->run(&scene);
        const char *name = refused == 0 ? "hit" : strerrorname_np(refused);
        snprintf(answer, sizeof answer, "%s", name == NULL ? "?" : name);
    }
    /* Said again: a line may be one too many, of a worker that has just flooded the log. */
    if (lasts ? rounds % 4 == 3 : rounds == 1)
        minotor_log(host, MINOTOR_NOTICE, "outcome %s", answer);
    return MINOTOR_OK;
}

#define NUMBER(NAME, HELP)                                                                                      \
    { .name = NAME, .type = MINOTOR_SETTING_INTEGER, .default_value = "0", .maximum = INT32_MAX, .help = HELP }
#define PATH(NAME, HELP)                                                                                        \
    { .name = NAME, .type = MINOTOR_SETTING_TEXT, .default_value = "", .maximum = 400, .help = HELP }

static const struct minotor_setting settings[] = {
    NUMBER("supervisor", "pid"),
    NUMBER("front", "pid"),
    NUMBER("sibling", "pid"),
    NUMBER("prey", "pid"),
    PATH("place", "a folder"),
    PATH("secret", "a file"),
    PATH("config", "a file"),
    PATH("socket", "a socket"),
    NUMBER("allowed", "port"),
    NUMBER("forbidden", "port"),
};

static const struct minotor_family families[] = {
    { .name = "attack_nothing", .type = MINOTOR_GAUGE, .help = "Never has a sample" },
};

const struct minotor_collector *minotor_collector(void)
{
    static struct minotor_collector collector = {
        MINOTOR_DESCRIPTOR,
        .needs = NEEDS,
        .version = "1.0",
        .summary = "A collector for a test",
        .author = "minotor",
        .license = "Apache-2.0",
        .families = families,
        .family_count = 1,
        .family_size = sizeof(struct minotor_family),
        .settings = settings,
        .setting_count = sizeof settings / sizeof settings[0],
        .setting_size = sizeof(struct minotor_setting),
        .collect = collect,
    };
    collector.name = slot_name();
    return &collector;
}
