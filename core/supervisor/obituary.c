/* SPDX-License-Identifier: Apache-2.0 */
#include "supervisor/obituary.h"

#include <inttypes.h>
#include <signal.h>
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
        [RESTART_MEMORY] = "reached limits.memory",
        [RESTART_CPU] = "used more CPU time in a round than limits.cpu allows",
        [RESTART_SANDBOX] = "the sandbox killed it for a system call, whose number is in a line type=1326 of the kernel's log",
    };
    return cause < RESTART_CAUSE_COUNT ? VERDICTS[cause] : NULL;
}

/* Late because it computes is another matter than late because it waits. */
static bool is_late(enum restart_cause cause)
{
    return cause == RESTART_DEADLINE || cause == RESTART_START;
}

static void describe_use(char *out, size_t out_bytes, const struct obituary *obituary)
{
    out[0] = '\0';
    if (obituary->cause == RESTART_CPU || (is_late(obituary->cause) && obituary->busy))
        text_format(out, out_bytes, "%s (%" PRId64 ".%" PRId64 " s of CPU time)",
                    is_late(obituary->cause) ? " and was computing" : "", obituary->cpu_ms / 1000,
                    obituary->cpu_ms % 1000 / 100);
}

static void describe_end(char *out, size_t out_bytes, const struct obituary *obituary)
{
    if (obituary->signalled) {
        const char *name = sigabbrev_np(obituary->status);
        const char *meaning = sigdescr_np(obituary->status);
        bool by_others = obituary->status == SIGKILL && obituary->cause == RESTART_SIGNAL;
        text_format(out, out_bytes, "signal %d SIG%s (%s)%s%s", obituary->status, name == NULL ? "?" : name,
                    meaning == NULL ? "unknown" : meaning, obituary->core ? ", core dumped" : "",
                    by_others ? ", not ours: the kernel's for want of memory on the host, or somebody's" : "");
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
    char use[96];
    const char *why = verdict(obituary->cause);
    bool speaks = obituary->last_words[0] != '\0' && obituary->cause != RESTART_CAUSE_COUNT;
    describe_end(end, sizeof end, obituary);
    describe_use(use, sizeof use, obituary);
    return text_format(out, out_bytes, "%s%s%s%s%s%s", why == NULL ? "" : why, use, why == NULL ? "" : "; ", end,
                       speaks ? "; last words: " : "", speaks ? obituary->last_words : "");
}
