/* SPDX-License-Identifier: Apache-2.0 */
/* Other programs, more processes, and a hand on those that are there. */
#include "attack.h"

#include <asm/sockios.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

/* Of a shell that did run: the test knows this exit code. */
#define HIT_COMMAND "exit 42"
#define BOMB_PROCESSES 64
#define BOMB_THREADS 600 /* more than an account may have, */
#define BOMB_STACK_BYTES (64 << 10) /* and not stopped by the limit of addresses */

/* What nobody acts on; who may send it may send any other. */
#define HARMLESS SIGURG

static int execute_shell(const struct scene *scene)
{
    (void)scene;
    return outcome(execl("/bin/sh", "sh", "-c", HIT_COMMAND, (char *)NULL));
}

/* A set-user-ID program; that it gains nothing is no_new_privs' work. */
static int execute_su(const struct scene *scene)
{
    (void)scene;
    return outcome(execl("/bin/su", "su", "--no-such-option", (char *)NULL));
}

static int execute_at(const struct scene *scene)
{
    static char *const arguments[] = { "sh", "-c", HIT_COMMAND, NULL };
    (void)scene;
    int shell = open("/bin/sh", O_PATH | O_CLOEXEC);
    if (shell < 0)
        return errno;
    return outcome(syscall(SYS_execveat, shell, "", arguments, NULL, AT_EMPTY_PATH));
}

/* A program that never was a file. */
static int execute_memory(const struct scene *scene)
{
    static char *const arguments[] = { "sh", "-c", HIT_COMMAND, NULL };
    static char page[65536];
    (void)scene;
    int program = memfd_create("program", MFD_CLOEXEC);
    int shell = open("/bin/sh", O_RDONLY | O_CLOEXEC);
    if (program < 0 || shell < 0)
        return errno;
    for (ssize_t size; (size = read(shell, page, sizeof page)) > 0;)
        if (write(program, page, (size_t)size) != size)
            return errno;
    return outcome(fexecve(program, arguments, (char *const[]){ NULL }));
}

/* Of a fork in its many forms: the child leaves at once. */
static int forked(long pid)
{
    if (pid == 0)
        _exit(0);
    if (pid < 0)
        return errno;
    waitpid((pid_t)pid, NULL, __WALL);
    return 0;
}

static int fork_once(const struct scene *scene)
{
    (void)scene;
    return forked(fork());
}

static int fork_by_clone3(const struct scene *scene)
{
    struct clone_args arguments = { .exit_signal = SIGCHLD };
    (void)scene;
    return forked(syscall(SYS_clone3, &arguments, sizeof arguments));
}

static int fork_into_namespace(const struct scene *scene)
{
    (void)scene;
    return forked(syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, NULL, NULL, NULL, NULL));
}

static int fork_bomb(const struct scene *scene)
{
    pid_t children[BOMB_PROCESSES];
    int count = 0, refused = 0;
    (void)scene;
    while (count < BOMB_PROCESSES && refused == 0) {
        pid_t pid = fork();
        if (pid == 0) {
            alarm(2); /* should we die before we can end it */
            pause();
            _exit(0);
        }
        if (pid < 0)
            refused = errno;
        else
            children[count++] = pid;
    }
    for (int i = 0; i < count; i++) {
        kill(children[i], SIGKILL);
        waitpid(children[i], NULL, 0);
    }
    return refused;
}

static void *wait_for_end(void *gate)
{
    pthread_mutex_lock(gate);
    pthread_mutex_unlock(gate);
    return NULL;
}

static int thread_bomb(const struct scene *scene)
{
    static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
    pthread_t threads[BOMB_THREADS];
    pthread_attr_t small;
    int count = 0, refused = 0;
    (void)scene;
    pthread_attr_init(&small);
    pthread_attr_setstacksize(&small, BOMB_STACK_BYTES);
    pthread_mutex_lock(&gate);
    while (count < BOMB_THREADS && refused == 0) {
        refused = pthread_create(&threads[count], &small, wait_for_end, &gate);
        count += refused == 0;
    }
    pthread_mutex_unlock(&gate);
    for (int i = 0; i < count; i++)
        pthread_join(threads[i], NULL);
    return refused;
}

static int kill_supervisor(const struct scene *scene)
{
    return outcome(kill(scene->supervisor, HARMLESS));
}

static int kill_front(const struct scene *scene)
{
    return outcome(kill(scene->front, HARMLESS));
}

static int kill_sibling(const struct scene *scene)
{
    return outcome(kill(scene->sibling, HARMLESS));
}

/* Nothing is sent, but the kernel looks for somebody to whom it might be. */
static int kill_everybody(const struct scene *scene)
{
    (void)scene;
    return outcome(kill(-1, 0));
}

static int tkill_sibling(const struct scene *scene)
{
    return outcome(syscall(SYS_tkill, scene->sibling, HARMLESS));
}

static int tgkill_sibling(const struct scene *scene)
{
    return outcome(syscall(SYS_tgkill, scene->sibling, scene->sibling, HARMLESS));
}

static int queue_signal(const struct scene *scene)
{
    return outcome(sigqueue(scene->sibling, HARMLESS, (union sigval){ .sival_int = 1 }));
}

static int signal_by_descriptor(const struct scene *scene)
{
    int process = (int)syscall(SYS_pidfd_open, scene->sibling, 0);
    if (process < 0)
        return errno;
    int refused = outcome(syscall(SYS_pidfd_send_signal, process, HARMLESS, NULL, 0));
    close(process);
    return refused;
}

/* A socket whose owner is the prey: the kernel sends it SIGIO, which kills. Whether it did, the test sees. */
static int signal_by_socket(const struct scene *scene)
{
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0)
        return errno;
    if (fcntl(ends[0], F_SETOWN, scene->prey) != 0 || fcntl(ends[0], F_SETFL, O_ASYNC | O_NONBLOCK) != 0)
        return errno;
    return outcome(write(ends[1], "x", 1));
}

/* The same, with the word that sockets have for it. */
static int signal_by_ioctl(const struct scene *scene)
{
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0)
        return errno;
    return outcome(ioctl(ends[0], FIOSETOWN, &scene->sibling));
}

static int priority_of_sibling(const struct scene *scene)
{
    errno = 0;
    int priority = getpriority(PRIO_PROCESS, (id_t)scene->sibling);
    if (errno != 0)
        return errno;
    return outcome(setpriority(PRIO_PROCESS, (id_t)scene->sibling, priority));
}

static int limits_of_sibling(const struct scene *scene)
{
    struct rlimit limit;
    if (prlimit(scene->sibling, RLIMIT_NOFILE, NULL, &limit) != 0)
        return errno;
    return outcome(prlimit(scene->sibling, RLIMIT_NOFILE, &limit, NULL));
}

static int processors_of_sibling(const struct scene *scene)
{
    cpu_set_t set;
    if (sched_getaffinity(scene->sibling, sizeof set, &set) != 0)
        return errno;
    return outcome(sched_setaffinity(scene->sibling, sizeof set, &set));
}

static int scheduler_of_sibling(const struct scene *scene)
{
    return outcome(sched_setscheduler(scene->sibling, SCHED_OTHER, &(struct sched_param){ 0 }));
}

static int disk_priority_of_sibling(const struct scene *scene)
{
    long priority = syscall(SYS_ioprio_get, 1, scene->sibling);
    if (priority < 0)
        return errno;
    return outcome(syscall(SYS_ioprio_set, 1, scene->sibling, priority));
}

static int trace_sibling(const struct scene *scene)
{
    int status;
    if (ptrace(PTRACE_SEIZE, scene->sibling, NULL, NULL) != 0)
        return errno;
    ptrace(PTRACE_INTERRUPT, scene->sibling, NULL, NULL);
    waitpid(scene->sibling, &status, __WALL);
    ptrace(PTRACE_DETACH, scene->sibling, NULL, NULL);
    return 0;
}

/* At an address where nothing is: the permission comes first, then EFAULT. */
static int touch_memory(pid_t pid, int number)
{
    char byte = 0;
    struct iovec own = { &byte, 1 }, foreign = { (void *)(uintptr_t)16, 1 };
    int refused = outcome(syscall(number, pid, &own, 1, &foreign, 1, 0));
    return refused == EFAULT ? 0 : refused;
}

static int read_memory_of_sibling(const struct scene *scene)
{
    return touch_memory(scene->sibling, SYS_process_vm_readv);
}

static int write_memory_of_sibling(const struct scene *scene)
{
    return touch_memory(scene->sibling, SYS_process_vm_writev);
}

static int read_memory_of_supervisor(const struct scene *scene)
{
    return touch_memory(scene->supervisor, SYS_process_vm_readv);
}

/* Its control channel, in whose name one could speak then. */
static int steal_descriptor(const struct scene *scene)
{
    int process = (int)syscall(SYS_pidfd_open, scene->sibling, 0);
    if (process < 0)
        return errno;
    int refused = opened((int)syscall(SYS_pidfd_getfd, process, 3, 0));
    close(process);
    return refused;
}

static int compare_with_sibling(const struct scene *scene)
{
    return outcome(syscall(SYS_kcmp, getpid(), scene->sibling, 0, 3, 3));
}

static int enter_namespace_of_supervisor(const struct scene *scene)
{
    int process = (int)syscall(SYS_pidfd_open, scene->supervisor, 0);
    if (process < 0)
        return errno;
    int refused = outcome(setns(process, CLONE_NEWNET));
    close(process);
    return refused;
}

const struct attack processes[] = {
    { "execute_shell", execute_shell },
    { "execute_su", execute_su },
    { "execute_at", execute_at },
    { "execute_memory", execute_memory },
    { "fork_once", fork_once },
    { "fork_by_clone3", fork_by_clone3 },
    { "fork_into_namespace", fork_into_namespace },
    { "fork_bomb", fork_bomb },
    { "thread_bomb", thread_bomb },
    { "kill_supervisor", kill_supervisor },
    { "kill_front", kill_front },
    { "kill_sibling", kill_sibling },
    { "kill_everybody", kill_everybody },
    { "tkill_sibling", tkill_sibling },
    { "tgkill_sibling", tgkill_sibling },
    { "queue_signal", queue_signal },
    { "signal_by_descriptor", signal_by_descriptor },
    { "signal_by_socket", signal_by_socket },
    { "signal_by_ioctl", signal_by_ioctl },
    { "priority_of_sibling", priority_of_sibling },
    { "limits_of_sibling", limits_of_sibling },
    { "processors_of_sibling", processors_of_sibling },
    { "scheduler_of_sibling", scheduler_of_sibling },
    { "disk_priority_of_sibling", disk_priority_of_sibling },
    { "trace_sibling", trace_sibling },
    { "read_memory_of_sibling", read_memory_of_sibling },
    { "write_memory_of_sibling", write_memory_of_sibling },
    { "read_memory_of_supervisor", read_memory_of_supervisor },
    { "steal_descriptor", steal_descriptor },
    { "compare_with_sibling", compare_with_sibling },
    { "enter_namespace_of_supervisor", enter_namespace_of_supervisor },
    { NULL, NULL },
};
