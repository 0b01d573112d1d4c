/* SPDX-License-Identifier: Apache-2.0 */
#include "supervisor/obituary.h"

#include <stdio.h>
#include <string.h>

#include "common/exit_code.h"
#include "common/text.h"
#include "supervisor/spawn.h"

/* What comes before "killed by signal": why we killed it. */
static const char *verdict(enum restart_cause cause)
{
    static const char *const VERDICTS[RESTART_CAUSE_COUNT] = {
        [RESTART_DEADLINE] = "did not speak again in time",
        [RESTART_START] = "was not ready in time",
        [RESTART_PROTOCOL] = "broke the rules of the control channel",
        [RESTART_BAD_FRAME] = "wrote bad frames",
    };
    return cause < RESTART_CAUSE_COUNT ? VERDICTS[cause] : NULL;
}

static void describe_end(char *out, size_t out_bytes, const struct obituary *obituary)
{
    if (obituary->signalled) {
        const char *name = sigabbrev_np(obituary->status);
        const char *meaning = sigdescr_np(obituary->status);
        text_format(out, out_bytes, "signal %d SIG%s (%s)%s", obituary->status, name == NULL ? "?" : name,
                    meaning == NULL ? "unknown" : meaning, obituary->core ? ", core dumped" : "");
    } else if (obituary->status == SPAWN_EXIT_CODE_EXEC) {
        text_format(out, out_bytes, "could not be executed");
    } else if (obituary->cause == RESTART_CAUSE_COUNT && obituary->status == EXIT_CODE_DONE) {
        text_format(out, out_bytes, "as asked");
    } else {
        text_format(out, out_bytes, "exit code %d: %s", obituary->status, exit_code_text(obituary->status));
    }
}

bool obituary_write(char *out, size_t out_bytes, const struct obituary *obituary)
{
    char end[160];
    const char *why = verdict(obituary->cause);
    bool speaks = obituary->last_words[0] != '\0' && obituary->cause != RESTART_CAUSE_COUNT;
    describe_end(end, sizeof end, obituary);
    return text_format(out, out_bytes, "%s%s%s%s%s", why == NULL ? "" : why, why == NULL ? "" : "; ", end,
                       speaks ? "; last words: " : "", speaks ? obituary->last_words : "");
}
