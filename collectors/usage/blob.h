/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A licence as Mattermost stores it: base64 of JSON and a signature of 256 bytes, possibly with NULs behind. It is
 * read, not verified: a server runs with it only if it was.
 */
#ifndef COLLECTORS_USAGE_BLOB_H
#define COLLECTORS_USAGE_BLOB_H

#include <stddef.h>

#define BLOB_MAX_BYTES 16384 /* base64 is at most 10000 characters long in the schema */

/* Decodes into `json`, NUL-terminated; the length, or 0 when it is no licence. `json` has BLOB_MAX_BYTES. */
size_t blob_decode(const char *base64, char *json);

/*
 * The value at a path of keys, "features/users", of a JSON object: a string without its quotes, or a number, true or
 * false as written. Strings with escapes beyond \" \\ \/ are not taken.
 * @return 1; or 0: it is not there, does not fit, or the text is not JSON
 */
int blob_find(const char *json, const char *path, char *out, size_t out_bytes);

#endif
