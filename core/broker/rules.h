/* SPDX-License-Identifier: Apache-2.0 */
/* What a broker has to reach, by its places: what the C library reads about names, and the places' ports. */
#ifndef MINOTOR_BROKER_RULES_H
#define MINOTOR_BROKER_RULES_H

#include "broker/places.h"
#include "common/sandbox_rules.h"

/* Adds to rules that are all zero. */
void broker_rules_make(struct sandbox_rules *rules, const struct places *places);

#endif
