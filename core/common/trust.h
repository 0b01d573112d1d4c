/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whose code a plugin is. It runs with what its slot is given, a password of the database among it, so nobody may have
 * written it but root and who starts minotord.
 *
 * The file's owner decides. Who may write to its folder can put another file in its place, but none that belongs to
 * somebody else; so of the folder only this is asked, that not everybody can do so in the moment between our look and
 * the loading.
 */
#ifndef MINOTOR_COMMON_TRUST_H
#define MINOTOR_COMMON_TRUST_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>
#include <sys/types.h>

/* Who starts minotord. */
struct trust_account {
    uid_t uid;
    gid_t gid;
};

/* Whether the plugin may be loaded; else one line on why not. */
bool trust_plugin(const char *path, const struct trust_account *starter, char *why, size_t why_bytes);

/* The same of what stat() said about the file and its folder. Pure. */
bool trust_judge(const struct stat *file, const struct stat *folder, const struct trust_account *starter, char *why,
                 size_t why_bytes);

#endif
