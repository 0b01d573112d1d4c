/* SPDX-License-Identifier: Apache-2.0 */
#include "supervisor/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/contract.h"
#include "common/exit_code.h"

/* Above every fixed number, so that no source of a dup2 is overwritten by an earlier one. */
#define DESCRIPTOR_OUT_OF_THE_WAY 16

/* Room in the control socket for a whole table of slots; the kernel may give less, the outbox takes the rest.
 */
#define CONTROL_BUFFER_BYTES (512 * 1024)

/* Both ends of everything that parent and child share. */
struct channels {
    int log[2];
    int control[2];
};

const char *spawn_result_text(enum spawn_result result)
{
    static const char *const TEXTS[] = {
        [SPAWN_OK] = "nothing",
        [SPAWN_NO_PIPE] = "a pipe for its log",
        [SPAWN_NO_SOCKET] = "a control socket",
        [SPAWN_NO_PROCESS] = "a process",
        [SPAWN_NO_PIDFD] = "a descriptor of its process",
    };
    return TEXTS[result];
}

int spawn_open_program(const char *path)
{
    struct stat status;
    int program = open(path, O_PATH | O_CLOEXEC);
    if (program < 0)
        return -1;
    if (fstat(program, &status) == 0 && S_ISREG(status.st_mode) &&
        faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) == 0)
        return program;
    close(program);
    errno = EACCES;
    return -1;
}

static void close_pair(int pair[2])
{
    for (int i = 0; i < 2; i++) {
        if (pair[i] >= 0)
            close(pair[i]);
        pair[i] = -1;
    }
}

static void close_channels(struct channels *channels)
{
    int saved_errno = errno;
    close_pair(channels->log);
    close_pair(channels->control);
    errno = saved_errno;
}

static enum spawn_result open_channels(struct channels *channels)
{
    int bytes = CONTROL_BUFFER_BYTES;
    if (pipe2(channels->log, O_CLOEXEC) != 0)
        return SPAWN_NO_PIPE;
    /* Only our end: the child writes its last words with plain blocking writes. */
    if (fcntl(channels->log[0], F_SETFL, O_NONBLOCK) != 0)
        return SPAWN_NO_PIPE;
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, channels->control) != 0)
        return SPAWN_NO_SOCKET;
    if (setsockopt(channels->control[0], SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes) != 0)
        return SPAWN_NO_SOCKET;
    return SPAWN_OK;
}

/* PATH and locale are fixed; the time zone is the host's; HOME keeps libraries from reading somebody's dot
 * files; a dead name server costs a worker two seconds instead of ten. */
static void make_environment(char *environment[6], char *zone, size_t zone_bytes)
{
    static char path[] = "PATH=/usr/bin:/bin";
    static char locale[] = "LC_ALL=C";
    static char home[] = "HOME=/nonexistent";
    static char resolver[] = "RES_OPTIONS=timeout:1 attempts:2";
    const char *host_zone = getenv("TZ");
    unsigned count = 0;
    environment[count++] = path;
    environment[count++] = locale;
    environment[count++] = home;
    environment[count++] = resolver;
    if (host_zone != NULL && (size_t)snprintf(zone, zone_bytes, "TZ=%s", host_zone) < zone_bytes)
        environment[count++] = zone;
    environment[count] = NULL;
}

static int out_of_the_way(int descriptor)
{
    return descriptor < 0 ? -1 : fcntl(descriptor, F_DUPFD_CLOEXEC, DESCRIPTOR_OUT_OF_THE_WAY);
}

/* The child's fixed descriptors; dup2 takes the close-on-exec flag off. */
static bool place_descriptors(const struct spawn_plan *plan, const struct channels *channels)
{
    int null = out_of_the_way(plan->null);
    int log = out_of_the_way(channels->log[1]);
    int control = out_of_the_way(channels->control[1]);
    int data = out_of_the_way(plan->data);
    int broker = out_of_the_way(plan->broker);
    if (null < 0 || log < 0 || control < 0 || (plan->data >= 0 && data < 0) || (plan->broker >= 0 && broker < 0))
        return false;
    /* What whoever started us left open under that number is not taken for a broker. */
    if (broker < 0)
        close(FD_BROKER);
    return dup2(null, STDIN_FILENO) >= 0 && dup2(null, STDOUT_FILENO) >= 0 && dup2(log, FD_LOG) >= 0 &&
           dup2(control, FD_CONTROL) >= 0 && (data < 0 || dup2(data, FD_DATA) >= 0) &&
           (broker < 0 || dup2(broker, FD_BROKER) >= 0);
}

/* Between fork and exec. The supervisor has one thread, so libc is usable here; still as little as possible.
 */
static _Noreturn void become(const struct spawn_plan *plan, const struct channels *channels,
                             char *const *environment)
{
    char title[128];
    char *arguments[] = {title, NULL};
    sigset_t none;
    int program = out_of_the_way(plan->program);
    snprintf(title, sizeof title, "%s", plan->title);
    signal(SIGPIPE, SIG_DFL);
    sigemptyset(&none);
    if (program < 0 || !place_descriptors(plan, channels) || sigprocmask(SIG_SETMASK, &none, NULL) != 0) {
        dprintf(channels->log[1], "E descriptors cannot be placed: %s\n", strerror(errno));
        _exit(EXIT_CODE_DESCRIPTORS);
    }
    execveat(program, "", arguments, environment, AT_EMPTY_PATH);
    dprintf(FD_LOG, "E cannot be executed: %s\n", strerror(errno));
    _exit(SPAWN_EXIT_CODE_EXEC);
}

/* The pid cannot be another's: a dead child keeps it until we reap. */
static enum spawn_result open_pidfd(pid_t pid, int *pidfd)
{
    *pidfd = pidfd_open(pid, 0);
    if (*pidfd >= 0)
        return SPAWN_OK;
    int saved_errno = errno;
    kill(pid, SIGKILL);
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
        continue;
    errno = saved_errno;
    return SPAWN_NO_PIDFD;
}

enum spawn_result spawn(const struct spawn_plan *plan, struct spawned *spawned)
{
    struct channels channels = {{-1, -1}, {-1, -1}};
    char *environment[6];
    char zone[128];
    int pidfd = -1;
    pid_t pid;
    enum spawn_result result = open_channels(&channels);
    if (result != SPAWN_OK)
        goto out;
    make_environment(environment, zone, sizeof zone);
    pid = fork();
    if (pid == 0)
        become(plan, &channels, environment);
    result = pid < 0 ? SPAWN_NO_PROCESS : open_pidfd(pid, &pidfd);
    if (result != SPAWN_OK)
        goto out;
    *spawned = (struct spawned){pid, pidfd, channels.control[0], channels.log[0]};
    channels.control[0] = -1;
    channels.log[0] = -1;
out:
    close_channels(&channels);
    return result;
}
