/* SPDX-License-Identifier: Apache-2.0 */
/* Descriptors that must be refused, each with words of its own; which one, the compiler is told. */
#include <minotor/collector.h>

#ifndef SIZE
#define SIZE sizeof(struct minotor_collector)
#endif
#ifndef MAGIC
#define MAGIC MINOTOR_MAGIC
#endif
#ifndef MAJOR
#define MAJOR MINOTOR_ABI_MAJOR
#endif
#ifndef MINOR
#define MINOR MINOTOR_ABI_MINOR
#endif
#ifndef FAMILY_NAME
#define FAMILY_NAME "hostile_descriptor_value"
#endif
#ifndef FAMILY_TYPE
#define FAMILY_TYPE MINOTOR_GAUGE
#endif
#ifndef LABEL
#define LABEL NULL
#endif
#ifndef FAMILY_COUNT
#define FAMILY_COUNT 1
#endif

static int collect(const struct minotor_host *host, void *state)
{
    (void)state;
    return minotor_set_u64(host, 0, 1);
}

#ifndef COLLECT
#define COLLECT collect
#endif

static const struct minotor_family families[] = {
    { .name = FAMILY_NAME, .type = FAMILY_TYPE, .help = "A value", .labels = { LABEL } },
    { .name = FAMILY_NAME, .type = FAMILY_TYPE, .help = "The same again", .labels = { LABEL } },
};

static const struct minotor_collector collector = {
    .size = SIZE,
    .magic = MAGIC,
    .abi_major = MAJOR,
    .abi_minor = MINOR,
    .name = "descriptor",
    .version = "1.0",
    .summary = "A collector for a test",
    .author = "minotor",
    .license = "Apache-2.0",
    .families = families,
    .family_count = FAMILY_COUNT,
    .family_size = sizeof(struct minotor_family),
    .setting_size = sizeof(struct minotor_setting),
    .collect = COLLECT,
};

const struct minotor_collector *minotor_collector(void)
{
    (void)collect;
#ifdef NOTHING
    (void)collector;
    return NULL;
#else
    return &collector;
#endif
}
