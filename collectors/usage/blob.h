/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A licence as Mattermost stores it: base64 of JSON and a signature of 256 bytes, possibly with NULs behind. It is
 * read, not verified: a server runs with it only if it was.
 */
#ifndef COLLECTORS_USAGE_BLOB_H
#define COLLECTORS_USAGE_BLOB_H

#include "usage.h"

/* 1; or 0: it is no licence, and nothing is touched. */
int blob_read(const char *base64, struct license *license);

#endif
