/* SPDX-License-Identifier: Apache-2.0 */
/* Every wrong way to call the host. */
#include "hostile.h"

static int collect(const struct minotor_host *host, void *state)
{
    static const char *const values[] = { "a", "b" };
    (void)state;
    minotor_set_u64(host, 7, 1);
    minotor_emit_u64(host, 0, values, 2, 1);
    minotor_emit_u64(host, 0, NULL, 4000000000U, 1);
    minotor_unknown(host, 4000000000U, "no such family");
    minotor_next_row(host);
    minotor_cell(host, 3);
    minotor_setting_integer(host, "undeclared");
    minotor_setting_text(host, "undeclared");
    minotor_query(host, &(struct minotor_query){ .size = sizeof(struct minotor_query), .name = "none", .postgresql = "SELECT 1" });
    return hostile_emit(host);
}

HOSTILE("misuse", NULL, collect, NULL, NULL)
