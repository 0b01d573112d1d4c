/* SPDX-License-Identifier: Apache-2.0 */
/* minotord: keeps the front and the workers alive. */
#include <fcntl.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "supervisor/check.h"
#include "supervisor/options.h"
#include "supervisor/supervisor.h"

/* Whoever started us may have closed them; then a listener would become "standard error" and get the log. */
static int keep_standard_descriptors(void)
{
    for (int descriptor = STDIN_FILENO; descriptor <= STDERR_FILENO; descriptor++)
        if (fcntl(descriptor, F_GETFD) < 0 && open("/dev/null", O_RDWR) != descriptor)
            return -1;
    return 0;
}

int main(int argument_count, char **arguments)
{
    struct options options;
    if (keep_standard_descriptors() != 0)
        return MINOTORD_OS;
    int status = options_parse(&options, argument_count, arguments);
    if (status >= 0)
        return status;
    if (options.check)
        return check_run(&options);
    status = supervisor_run(&options);
#ifdef MINOTOR_SANITIZED
    /* The leak checker looks at this process as a debugger does. No secret is left in it. */
    prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
#endif
    return status;
}
