/* SPDX-License-Identifier: Apache-2.0 */
/* `minotord --check`: would it start, would it find everything, and what would its collectors be given? */
#ifndef MINOTOR_SUPERVISOR_CHECK_H
#define MINOTOR_SUPERVISOR_CHECK_H

#include "supervisor/options.h"

/*
 * Prints what is good on standard output, what is not on standard error. MINOTORD_CONFIG for mistakes in files, after
 * which nothing is tried; else as supervisor_try().
 */
enum minotord_status check_run(const struct options *options);

#endif
