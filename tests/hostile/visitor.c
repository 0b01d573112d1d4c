/* SPDX-License-Identifier: Apache-2.0 */
/* Does no harm: asks the HTTP API what takes rights, in each round, and shows what came of it. */
#include <stdio.h>

#include "hostile.h"

static void visit(const struct minotor_host *host, const char *path, uint32_t flags)
{
    const struct minotor_request request = { .size = sizeof request, .flags = flags, .path = path };
    int status = 0;
    int result = minotor_http(host, &request, &status);
    const char *token = minotor_http_header(host, "Token");
    const char *const labels[] = { path, result == MINOTOR_OK ? "" : minotor_error(host), token != NULL ? token : "" };
    minotor_emit_u64(host, 0, labels, 3, (uint64_t)result * 1000 + (uint64_t)status);
}

static int collect(const struct minotor_host *host, void *state)
{
    (void)state;
    visit(host, "/api/v4/system/ping", 0);
    visit(host, "/api/v4/plugins/statuses", MINOTOR_REQUEST_TOKEN);
    visit(host, "/api/v4/cluster/status", MINOTOR_REQUEST_PRIVILEGED);
    return MINOTOR_OK;
}

HOSTILE_NEEDING(MINOTOR_NEEDS_API, "visitor", NULL, collect, NULL, "path", "error", "token")
