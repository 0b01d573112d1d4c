/* SPDX-License-Identifier: Apache-2.0 */
/* Label values that are no UTF-8, or would break a page that does not escape them. */
#include "hostile.h"

static int collect(const struct minotor_host *host, void *state)
{
    (void)state;
    minotor_label_u64(host, 0, "bad \xff\xc0\x80 bytes", 1);
    minotor_label_u64(host, 0, "line\nfeed \"quote\" back\\slash", 2);
    minotor_label_u64(host, 0, "\xe2\x82\xac and \xf0\x9f\x98\x80", 3);
    return MINOTOR_OK;
}

HOSTILE("bad_text", NULL, collect, NULL, "text")
