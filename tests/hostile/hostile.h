/* SPDX-License-Identifier: Apache-2.0 */
/* The well-behaved part of every collector in this folder; each file adds what is wrong with it. */
#ifndef HOSTILE_H
#define HOSTILE_H

#include <minotor/collector.h>

#define HOSTILE(NAME, OPEN, COLLECT, CLOSE, ...) HOSTILE_NEEDING(0, NAME, OPEN, COLLECT, CLOSE, __VA_ARGS__)

/* A collector NAME that needs NEEDS, with one family hostile_NAME_value (three labels at most) and the given operations. */
#define HOSTILE_NEEDING(NEEDS, NAME, OPEN, COLLECT, CLOSE, ...)                                                  \
    HOSTILE_FULL(NULL, 0, NEEDS, NAME, OPEN, COLLECT, CLOSE, __VA_ARGS__)

/* The same with an array of settings. */
#define HOSTILE_WITH(SETTINGS, NEEDS, NAME, OPEN, COLLECT, CLOSE, ...)                                            \
    HOSTILE_FULL(SETTINGS, sizeof SETTINGS / sizeof SETTINGS[0], NEEDS, NAME, OPEN, COLLECT, CLOSE, __VA_ARGS__)

#define HOSTILE_FULL(SETTINGS, COUNT, NEEDS, NAME, OPEN, COLLECT, CLOSE, ...)                                    \
    static const struct minotor_family families[] = {                                                            \
        { .name = "hostile_" NAME "_value", .type = MINOTOR_GAUGE, .help = "A value", .labels = { __VA_ARGS__ } }, \
    };                                                                                                           \
    static const struct minotor_collector collector = {                                                          \
        MINOTOR_DESCRIPTOR,                                                                                      \
        .needs = NEEDS,                                                                                          \
        .name = NAME,                                                                                            \
        .version = "1.0",                                                                                        \
        .summary = "A collector for a test",                                                                     \
        .author = "minotor",                                                                                     \
        .license = "Apache-2.0",                                                                                 \
        .families = families,                                                                                    \
        .family_count = 1,                                                                                       \
        .family_size = sizeof(struct minotor_family),                                                            \
        .settings = SETTINGS,                                                                                    \
        .setting_count = COUNT,                                                                                  \
        .setting_size = sizeof(struct minotor_setting),                                                          \
        .open = OPEN,                                                                                            \
        .collect = COLLECT,                                                                                      \
        .close = CLOSE,                                                                                          \
    };                                                                                                           \
    const struct minotor_collector *minotor_collector(void)                                                      \
    {                                                                                                            \
        return &collector;                                                                                       \
    }

/* Emits the value 1. */
static inline int hostile_emit(const struct minotor_host *host)
{
    return minotor_set_u64(host, 0, 1);
}

#endif
