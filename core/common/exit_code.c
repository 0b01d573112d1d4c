/* SPDX-License-Identifier: Apache-2.0 */
#include "common/exit_code.h"

#include <stddef.h>

static const struct {
    int code;
    bool parks;
    const char *text;
} codes[] = {
    { EXIT_CODE_DONE, false, "left without being asked to" },
    { EXIT_CODE_USAGE, true, "was not started by minotord" },
    { EXIT_CODE_DESCRIPTORS, false, "could not close inherited descriptors" },
    { EXIT_CODE_SESSION, false, "could not leave the session of minotord" },
    { EXIT_CODE_SIGNALS, false, "could not reset its signals" },
    { EXIT_CODE_NO_SETTINGS, false, "did not get its settings in time" },
    { EXIT_CODE_LIMITS, false, "could not set its resource limits" },
    { EXIT_CODE_USER, true, "could not change to the configured user" },
    { EXIT_CODE_ORPHAN, false, "lost minotord" },
    { EXIT_CODE_PRIVILEGES, false, "could not give up privileges" },
    { EXIT_CODE_SANDBOX, true, "could not be confined as the configuration demands" },
    { EXIT_CODE_CONTROL, false, "lost its control channel" },
    { EXIT_CODE_PROTOCOL, false, "got a control message that is not allowed" },
    { EXIT_CODE_MEMORY, false, "ran out of memory" },
    { EXIT_CODE_DRIVER, true, "could not load the database driver" },
    { EXIT_CODE_PLUGIN_FILE, true, "could not load the plugin" },
    { EXIT_CODE_PLUGIN_ABI, true, "refused the plugin's ABI" },
    { EXIT_CODE_PLUGIN_DESCRIPTOR, true, "refused the plugin's descriptor" },
    { EXIT_CODE_PLUGIN_SETTING, true, "refused a setting of the plugin" },
    { EXIT_CODE_PLUGIN_OPEN, false, "the plugin could not open" },
    { EXIT_CODE_HTTP, false, "could not start the HTTP service" },
    { EXIT_CODE_ROW, false, "could not read Mattermost's configuration in its database" },
    { EXIT_CODE_BROKER, false, "lost its broker" },
};

_Static_assert(sizeof codes / sizeof codes[0] == EXIT_CODE_LAST - EXIT_CODE_USAGE + 2, "every exit code has its row");

const char *exit_code_text(int code)
{
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++)
        if (codes[i].code == code)
            return codes[i].text;
    return "left with a code that minotor does not use";
}

bool exit_code_parks(int code)
{
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++)
        if (codes[i].code == code)
            return codes[i].parks;
    return false;
}
