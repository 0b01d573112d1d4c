/* SPDX-License-Identifier: Apache-2.0 */
/* Makes a folder where its setting says: on a frozen file system that takes until it thaws, whatever signals come. */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hostile.h"

static int collect(const struct minotor_host *host, void *state)
{
    const char *path = minotor_setting_text(host, "path");
    (void)state;
    if (mkdir(path, 0700) != 0 && errno != EEXIST) /* who was killed over it left it behind */
        return minotor_fail(host, "mkdir: %s", strerror(errno));
    rmdir(path);
    return hostile_emit(host);
}

static const struct minotor_setting settings[] = {
    { .name = "path", .type = MINOTOR_SETTING_TEXT, .default_value = "", .maximum = 255, .help = "A path" },
};

HOSTILE_WITH(settings, 0, "frozen", NULL, collect, NULL, NULL)
