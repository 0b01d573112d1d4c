/* SPDX-License-Identifier: Apache-2.0 */
/* A family as a worker described it on its pipe, and the table of those of one generation. */
#ifndef MINOTOR_FRONT_FAMILY_H
#define MINOTOR_FRONT_FAMILY_H

#include <stddef.h>

#include "common/frame.h"

/* Immutable once made. All strings are terminated and belong to it. */
struct family {
    enum frame_family_type type;
    unsigned label_count;
    char *name;
    char *help;
    char *unit; /* "" without one */
    char *labels[FRAME_LABELS_MAX];
};

/* Indexed by the id on the wire. All zero is an empty table; the owner calls family_table_free(). */
struct family_table {
    struct family *families[FAMILIES_MAX];
    size_t count;
};

/*
 * Reads the payload of a DESC and appends the family. Returns NULL, or why it was refused: malformed, out of
 * order, a bad name, a name or label twice, a label that belongs to the exposition format or to the page.
 */
const char *family_table_describe(struct family_table *table, const uint8_t *payload, size_t size);
void family_table_free(struct family_table *table);

#endif
