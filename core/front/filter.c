/* SPDX-License-Identifier: Apache-2.0 */
#include "front/filter.h"

#include <stdio.h>
#include <string.h>

#include "common/text.h"

static const char collect[] = "collect[]";
static const char exclude[] = "exclude[]";
static const char family[] = "name[]";

/* Whether the query has that parameter with that value. */
static bool says(const struct http_request *request, const char *name, const char *value)
{
    for (size_t i = 0; i < request->parameter_count; i++)
        if (strcmp(request->parameters[i].name, name) == 0 && strcmp(request->parameters[i].value, value) == 0)
            return true;
    return false;
}

static bool is_collected(const void *context, const char *collector, const char *target)
{
    (void)target;
    return says(context, collect, collector);
}

static bool is_not_excluded(const void *context, const char *collector, const char *target)
{
    (void)target;
    return !says(context, exclude, collector);
}

/* OpenMetrics calls some families without their suffix; either name will do. */
static bool is_named(const void *context, const char *name, size_t size)
{
    static const char *const suffixes[] = {"", "_total", "_info"};
    const struct http_request *request = context;
    for (size_t i = 0; i < request->parameter_count; i++) {
        const struct http_parameter *parameter = &request->parameters[i];
        if (strcmp(parameter->name, family) != 0 || strncmp(parameter->value, name, size) != 0)
            continue;
        for (size_t k = 0; k < sizeof suffixes / sizeof suffixes[0]; k++)
            if (strcmp(parameter->value + size, suffixes[k]) == 0)
                return true;
    }
    return false;
}

static bool is_collector(const struct store *store, const char *name)
{
    for (size_t i = 0; i < SLOTS_MAX; i++)
        if (store->slots[i].used && strcmp(store->slots[i].identity.collector, name) == 0)
            return true;
    return false;
}

bool filter_read(struct filter *filter, const struct http_request *request, const struct store *store)
{
    const char *unknown = NULL;
    *filter = (struct filter){.request = request, .page = {.context = request}};
    for (size_t i = 0; i < request->parameter_count; i++) {
        const struct http_parameter *parameter = &request->parameters[i];
        bool collects = strcmp(parameter->name, collect) == 0;
        bool excludes = strcmp(parameter->name, exclude) == 0;
        if (collects)
            filter->page.wants_slot = is_collected;
        if ((collects || excludes) && !unknown && !is_collector(store, parameter->value))
            unknown = parameter->value;
        if (strcmp(parameter->name, family) == 0)
            filter->page.wants_family = is_named;
    }
    if (http_request_parameter(request, exclude)) {
        if (filter->page.wants_slot)
            snprintf(filter->fault, sizeof filter->fault, "400 collect[] and exclude[] exclude each other\n");
        filter->page.wants_slot = is_not_excluded;
    }
    if (unknown && !filter->fault[0]) {
        char name[NAME_MAX_BYTES + 1];
        text_one_line(name, sizeof name, unknown);
        snprintf(filter->fault, sizeof filter->fault, "400 there is no collector `%s'\n", name);
    }
    return filter->page.wants_slot || filter->page.wants_family;
}
