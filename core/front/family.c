/* SPDX-License-Identifier: Apache-2.0 */
#include "front/family.h"

#include <stdlib.h>
#include <string.h>

#include "common/text.h"

static void family_free(struct family *family)
{
    if (!family)
        return;
    free(family->name);
    free(family->help);
    free(family->unit);
    for (unsigned i = 0; i < family->label_count; i++)
        free(family->labels[i]);
    free(family);
}

void family_table_free(struct family_table *table)
{
    for (size_t i = 0; i < table->count; i++)
        family_free(table->families[i]);
    table->count = 0;
}

static const char *check_label(const struct family *family, unsigned index)
{
    const char *label = family->labels[index];
    if (!text_is_label_name(label, strlen(label)))
        return "a label name in DESC is not [a-zA-Z_][a-zA-Z0-9_]*";
    if (text_is_reserved_label(label))
        return "a label name in DESC is reserved (le, quantile, target)";
    for (unsigned i = 0; i < index; i++)
        if (!strcmp(label, family->labels[i]))
            return "the same label name twice in DESC";
    return NULL;
}

static const char *check_family(const struct family_table *table, const struct family *family)
{
    if (!text_is_metric_name(family->name, strlen(family->name)))
        return "the name in DESC is not [a-zA-Z_][a-zA-Z0-9_]*";
    if (strlen(family->help) > HELP_MAX_BYTES)
        return "the help in DESC is too long";
    if (!text_is_utf8(family->help, strlen(family->help)))
        return "the help in DESC is not UTF-8";
    for (unsigned i = 0; i < family->label_count; i++) {
        const char *reason = check_label(family, i);
        if (reason)
            return reason;
    }
    for (size_t i = 0; i < table->count; i++)
        if (!strcmp(table->families[i]->name, family->name))
            return "the same family name twice in DESC";
    return NULL;
}

/* A copy that is terminated. A NUL inside would hide what follows it from every check: refused. */
static char *copy_text(struct wire_text text)
{
    if (text.size && memchr(text.bytes, '\0', text.size))
        return NULL;
    char *copy = malloc(text.size + 1);
    if (!copy)
        return NULL;
    if (text.size)
        memcpy(copy, text.bytes, text.size);
    copy[text.size] = '\0';
    return copy;
}

const char *family_table_describe(struct family_table *table, const uint8_t *payload, size_t size)
{
    const char *reason = NULL;
    struct wire_reader in;
    wire_reader_init(&in, payload, size);
    unsigned id = wire_get_u16(&in);
    unsigned type = wire_get_u8(&in);
    unsigned label_count = wire_get_u8(&in);
    if (in.broken)
        return "DESC is truncated";
    if (table->count >= FAMILIES_MAX)
        return "too many families";
    if (id != table->count)
        return "the id in DESC is not the next one";
    if (type < FRAME_FAMILY_GAUGE || type > FRAME_FAMILY_UNTYPED)
        return "the type in DESC is unknown";
    if (label_count > FRAME_LABELS_MAX)
        return "too many labels in DESC";

    struct family *family = calloc(1, sizeof *family);
    if (!family)
        return "no memory for a family";
    family->type = (enum frame_family_type)type;
    struct wire_text name = wire_get_text(&in);
    struct wire_text unit = wire_get_text(&in);
    struct wire_text help = wire_get_text(&in);
    family->name = copy_text(name);
    family->help = copy_text(help);
    family->unit = copy_text(unit);
    bool whole = family->name && family->help && family->unit;
    for (unsigned i = 0; i < label_count; i++) {
        family->labels[i] = copy_text(wire_get_text(&in));
        family->label_count++;
        whole = whole && family->labels[i];
    }
    if (in.broken)
        reason = "DESC is truncated";
    else if (!wire_done(&in))
        reason = "bytes after the end of DESC";
    else if (!whole)
        reason = "a text in DESC holds a NUL, or there is no memory for it";
    else if (unit.size && !text_is_label_name(unit.bytes, unit.size))
        reason = "the unit in DESC is not a word";
    else
        reason = check_family(table, family);
    if (reason)
        family_free(family);
    else
        table->families[table->count++] = family;
    return reason;
}
