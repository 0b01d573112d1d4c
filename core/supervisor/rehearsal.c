/* SPDX-License-Identifier: Apache-2.0 */
#include "supervisor/rehearsal.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/log.h"
#include "common/text.h"
#include "supervisor/spawn.h"

#define ARGUMENT_BYTES (CONFIG_PATH_BYTES + 32)

/* Of --web.listen-address none is given: nobody listens. */
struct command_line {
    char config[ARGUMENT_BYTES];
    char level[ARGUMENT_BYTES];
    char *arguments[5];
};

int rehearsal_init(struct rehearsal *rehearsal)
{
    char path[CONFIG_PATH_BYTES];
    *rehearsal = (struct rehearsal){.program = -1, .pidfd = -1, .output = -1};
    ssize_t size = readlink("/proc/self/exe", path, sizeof path - 1);
    if (size < 0)
        return -1;
    path[size] = '\0';
    rehearsal->program = spawn_open_program(path);
    return rehearsal->program < 0 ? -1 : 0;
}

static void write_command_line(struct command_line *line, const struct options *options)
{
    static char name[] = "minotord", check[] = "--check=files";
    unsigned count = 0;
    text_format(line->config, sizeof line->config, "--config.file=%s", options->config_path);
    line->arguments[count++] = name;
    line->arguments[count++] = line->config;
    line->arguments[count++] = check;
    if (options->overrides.log_level != NULL) {
        text_format(line->level, sizeof line->level, "--log.level=%s", options->overrides.log_level);
        line->arguments[count++] = line->level;
    }
    line->arguments[count] = NULL;
}

/* Between fork and exec. It dies with us; what it says is for standard error, what is good is not of interest. */
static _Noreturn void become(const struct rehearsal *rehearsal, const struct command_line *line, pid_t parent,
                             int output)
{
    sigset_t none;
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    sigemptyset(&none);
    signal(SIGPIPE, SIG_DFL);
    if (null >= 0 && dup2(null, STDIN_FILENO) >= 0 && dup2(null, STDOUT_FILENO) >= 0 &&
        dup2(output, STDERR_FILENO) >= 0 && prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) == 0 &&
        getppid() == parent && sigprocmask(SIG_SETMASK, &none, NULL) == 0)
        execveat(rehearsal->program, "", line->arguments, environ, AT_EMPTY_PATH);
    _exit(SPAWN_EXIT_CODE_EXEC);
}

static bool start(struct rehearsal *rehearsal, const struct options *options, int64_t now_ms)
{
    struct command_line line;
    int output[2];
    pid_t parent = getpid();
    if (pipe2(output, O_CLOEXEC) != 0)
        return false;
    write_command_line(&line, options);
    pid_t pid = fcntl(output[0], F_SETFL, O_NONBLOCK) == 0 ? fork() : -1;
    if (pid == 0)
        become(rehearsal, &line, parent, output[1]);
    int saved_errno = errno;
    close(output[1]);
    errno = saved_errno;
    int pidfd = pid > 0 ? pidfd_open(pid, 0) : -1;
    if (pidfd < 0) {
        saved_errno = errno;
        if (pid > 0) {
            kill(pid, SIGKILL);
            waitpid(pid, NULL, 0);
        }
        close(output[0]);
        errno = saved_errno;
        return false;
    }
    rehearsal->pid = pid;
    rehearsal->pidfd = pidfd;
    rehearsal->output = output[0];
    rehearsal->deadline_ms = now_ms + REHEARSAL_TIMEOUT_MS;
    rehearsal->size = 0;
    rehearsal->stopped = false;
    return true;
}

bool rehearsal_begin(struct rehearsal *rehearsal, const struct options *options, int64_t now_ms)
{
    rehearsal->wanted_again = rehearsal->pid != 0;
    if (rehearsal->wanted_again || start(rehearsal, options, now_ms))
        return true;
    log_warning("settings of collectors cannot be looked at before the reload: %s", strerror(errno));
    return false;
}

/* What does not fit is not kept, but read: it must not wait for us. */
static void read_output(struct rehearsal *rehearsal)
{
    char bytes[4096];
    ssize_t got;
    for (int i = 0; i < 64 && (got = read(rehearsal->output, bytes, sizeof bytes)) > 0; i++) {
        size_t room = REHEARSAL_TEXT_MAX_BYTES - rehearsal->size;
        size_t taken = (size_t)got < room ? (size_t)got : room;
        memcpy(rehearsal->text + rehearsal->size, bytes, taken);
        rehearsal->size += taken;
    }
}

static void finish(struct rehearsal *rehearsal)
{
    close(rehearsal->pidfd);
    close(rehearsal->output);
    rehearsal->pid = 0;
    rehearsal->pidfd = rehearsal->output = -1;
}

static void log_output(struct rehearsal *rehearsal)
{
    char line[LOG_LINE_MAX_BYTES];
    char *rest = rehearsal->text;
    rehearsal->text[rehearsal->size] = '\0';
    for (char *text; (text = strsep(&rest, "\n")) != NULL;) {
        text_one_line(line, sizeof line, text);
        if (line[0] != '\0')
            log_error("%s", line);
    }
}

static enum rehearsal_result judge(struct rehearsal *rehearsal, const siginfo_t *info)
{
    if (info->si_code != CLD_EXITED || info->si_status != MINOTORD_CONFIG)
        return REHEARSAL_GOOD; /* a collector that crashes, or cannot be asked now, is no mistake in a file */
    log_output(rehearsal);
    return REHEARSAL_MISTAKE;
}

enum rehearsal_result rehearsal_turn(struct rehearsal *rehearsal, const struct options *options, int64_t now_ms)
{
    siginfo_t info = {.si_pid = 0};
    if (rehearsal->pid == 0)
        return REHEARSAL_NONE;
    read_output(rehearsal);
    if (now_ms >= rehearsal->deadline_ms)
        pidfd_send_signal(rehearsal->pidfd, SIGKILL, NULL, 0);
    if (waitid((idtype_t)P_PIDFD, (id_t)rehearsal->pidfd, &info, WEXITED | WNOHANG) != 0 || info.si_pid == 0) {
        if (now_ms < rehearsal->deadline_ms + SHUTDOWN_STUCK_MS)
            return REHEARSAL_NONE;
        /* It does not die of SIGKILL: nobody waits for it any longer, and what it leaves is reaped as an orphan. */
        finish(rehearsal);
        return REHEARSAL_GOOD;
    }
    read_output(rehearsal);
    finish(rehearsal);
    /* The files may have been written to since it read them. */
    if (rehearsal->wanted_again && rehearsal_begin(rehearsal, options, now_ms))
        return REHEARSAL_NONE;
    return judge(rehearsal, &info);
}

void rehearsal_stop(struct rehearsal *rehearsal, int64_t now_ms)
{
    if (rehearsal->pid == 0 || rehearsal->stopped)
        return;
    pidfd_send_signal(rehearsal->pidfd, SIGTERM, NULL, 0);
    rehearsal->deadline_ms = now_ms + SHUTDOWN_GRACE_MS;
    rehearsal->stopped = true;
    rehearsal->wanted_again = false;
}

void rehearsal_destroy(struct rehearsal *rehearsal)
{
    if (rehearsal->pid != 0) {
        pidfd_send_signal(rehearsal->pidfd, SIGKILL, NULL, 0);
        finish(rehearsal);
    }
    if (rehearsal->program >= 0)
        close(rehearsal->program);
    rehearsal->program = -1;
}
