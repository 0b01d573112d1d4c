/* SPDX-License-Identifier: Apache-2.0 */
/* Puts the pieces of all parts in a row, small neighbours together. See families.h. */
#ifndef MINOTOR_FRONT_CHAIN_H
#define MINOTOR_FRONT_CHAIN_H

#include "front/families.h"

/* Makes one format's chain of the parts, taking over links of `before` (may be NULL). False: no memory. */
bool chain_compose(struct families *families, enum render_format format, const struct families *before);
void chain_free(struct chain *chain);

#endif
