/* SPDX-License-Identifier: Apache-2.0 */
/* Why a request got no answer, in words that are the same each time the same thing happens. Pure. */
#ifndef MINOTOR_API_REASON_H
#define MINOTOR_API_REASON_H

#include <stddef.h>

/*
 * One line into `out`. `code` is libcurl's, `detail` its own words, which are used where they add something and
 * hold no times; `system_error` is an errno or 0.
 */
void reason_of_code(char *out, size_t out_bytes, int code, const char *detail, long system_error);

#endif
