/* SPDX-License-Identifier: Apache-2.0 */
/* `minotord --check`: would it start, and would it find everything? Starts nothing and loads nothing. */
#ifndef MINOTOR_SUPERVISOR_CHECK_H
#define MINOTOR_SUPERVISOR_CHECK_H

#include "supervisor/options.h"

/* Prints a line per file on standard output, mistakes on standard error. MINOTORD_OK or MINOTORD_CONFIG. */
enum minotord_status check_run(const struct options *options);

#endif
