/* SPDX-License-Identifier: Apache-2.0 */
/* Whole files of others that may hold secrets, and memory that is wiped when it is given back. */
#ifndef MINOTOR_SUPERVISOR_SECRET_FILE_H
#define MINOTOR_SUPERVISOR_SECRET_FILE_H

#include <stddef.h>

/* Like malloc() and free(); wiped before it is freed. The functions have the form that jansson wants. */
void *secret_malloc(size_t size);
void secret_free(void *memory);
/* A copy in such memory; NULL: no memory. */
char *secret_copy(const char *text, size_t size);

/*
 * Reads a regular file of at most `max_bytes` without a NUL byte. A text for secret_free(); or NULL, and
 * `fault` is a line that begins with the path.
 */
char *secret_file_read(const char *path, size_t max_bytes, char *fault, size_t fault_bytes);

#endif
