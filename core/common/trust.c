/* SPDX-License-Identifier: Apache-2.0 */
#include "common/trust.h"

#include <errno.h>
#include <string.h>

#include "common/contract.h"
#include "common/text.h"

static bool refuse_mode(const struct stat *file, const struct trust_account *starter, char *why, size_t why_bytes)
{
    if ((file->st_mode & S_IWOTH) != 0) {
        text_format(why, why_bytes, "everybody may write to it (chmod o-w)");
        return true;
    }
    /* The group of root, or one that is nobody's but the starter's as distributions make them, changes nothing. */
    if ((file->st_mode & S_IWGRP) != 0 && file->st_gid != 0 && file->st_gid != starter->gid) {
        text_format(why, why_bytes, "the group %ld may write to it (chmod g-w)", (long)file->st_gid);
        return true;
    }
    return false;
}

bool trust_judge(const struct stat *file, const struct stat *folder, const struct trust_account *starter, char *why,
                 size_t why_bytes)
{
    if (!S_ISREG(file->st_mode)) {
        text_format(why, why_bytes, "it is not a regular file");
        return false;
    }
    if (file->st_uid != 0 && file->st_uid != starter->uid) {
        text_format(why, why_bytes, "it belongs to the user %ld; allowed are root and who starts minotord, %ld (chown)",
                    (long)file->st_uid, (long)starter->uid);
        return false;
    }
    if (refuse_mode(file, starter, why, why_bytes))
        return false;
    if ((folder->st_mode & S_IWOTH) != 0 && (folder->st_mode & S_ISVTX) == 0) {
        text_format(why, why_bytes, "everybody may replace it: its folder is open to all (chmod o-w)");
        return false;
    }
    return true;
}

bool trust_plugin(const char *path, const struct trust_account *starter, char *why, size_t why_bytes)
{
    struct stat file;
    struct stat folder;
    char folder_path[SETTING_VALUE_MAX_BYTES];
    const char *slash = strrchr(path, '/');
    if (slash == NULL ||
        !text_format(folder_path, sizeof folder_path, "%.*s/", (int)(slash - path), path)) {
        text_format(why, why_bytes, "it is no absolute path");
        return false;
    }
    if (stat(path, &file) != 0 || stat(folder_path, &folder) != 0) {
        text_format(why, why_bytes, "%s", strerror(errno));
        return false;
    }
    return trust_judge(&file, &folder, starter, why, why_bytes);
}
