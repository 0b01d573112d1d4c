/* SPDX-License-Identifier: Apache-2.0 */
/* The page for people at / : every slot at a glance. Plain HTML; works without scripts, follows the reader's
 * dark or light. */
#ifndef MINOTOR_FRONT_STATUS_PAGE_H
#define MINOTOR_FRONT_STATUS_PAGE_H

#include "front/page.h"

void status_page_render(struct buffer *out, const struct store *store, const struct page_build *build,
                        struct moment now);

#endif
