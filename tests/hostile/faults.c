/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fault points for minotord and its children: a library for LD_PRELOAD, and a file that says which call fails when.
 * MINOTOR_FAULTS is the path of that file, tests/system/chaos/points.py writes it. Children are born with a clean
 * environment, so the library lets itself be loaded there by what it adds at their exec.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* The order of both is that of points.py. */
enum role { SUPERVISOR, FRONT, WORKER, BROKER, ROLE_COUNT };
enum call { MEMORY, FORK, PIPE2, SOCKETPAIR, SENDMSG, RECVMSG, PIDFD_OPEN, EXECVEAT, SOCKET, ACCEPT4, FCNTL, POLL, CALL_COUNT };

/* After `skip` calls that work, `left` ones fail with `error`; `hits` counts those that did. */
struct point {
    int32_t error;
    _Atomic int32_t skip;
    _Atomic int32_t left;
    _Atomic uint32_t hits;
};

struct plan {
    _Atomic int64_t wall_offset_ms;
    struct point points[CALL_COUNT];
};

static struct plan *plan;
static const char *faults_path;
static char environment_of_children[2][1024];

/* Of glibc, which has them for such a library as this one. */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *memory, size_t size);

static struct {
    pid_t (*fork)(void);
    int (*pipe2)(int ends[2], int flags);
    int (*socketpair)(int domain, int type, int protocol, int ends[2]);
    ssize_t (*sendmsg)(int descriptor, const struct msghdr *message, int flags);
    ssize_t (*recvmsg)(int descriptor, struct msghdr *message, int flags);
    int (*pidfd_open)(pid_t pid, unsigned flags);
    int (*execveat)(int directory, const char *path, char *const arguments[], char *const environment[], int flags);
    int (*socket)(int domain, int type, int protocol);
    int (*accept4)(int descriptor, struct sockaddr *address, socklen_t *size, int flags);
    int (*fcntl)(int descriptor, int command, ...);
    int (*poll)(struct pollfd *polled, nfds_t count, int timeout_ms);
    int (*__poll_chk)(struct pollfd *polled, nfds_t count, int timeout_ms, size_t polled_bytes);
    int (*clock_gettime)(clockid_t id, struct timespec *now);
} next;

static bool strikes(enum call call)
{
    if (plan == NULL)
        return false;
    struct point *point = &plan->points[call];
    if (atomic_load(&point->left) <= 0 || atomic_fetch_sub(&point->skip, 1) > 0 || atomic_fetch_sub(&point->left, 1) <= 0)
        return false;
    atomic_fetch_add(&point->hits, 1);
    errno = point->error;
    return true;
}

/* A library may be called before its constructor has run: by the constructors of others. */
static void *find(const char *name)
{
    void *symbol = dlsym(RTLD_NEXT, name);
    if (symbol == NULL)
        abort();
    return symbol;
}

#define CALL_NEXT(name, ...)                                                                             \
    ((void)(next.name == NULL && (next.name = (__typeof__(next.name))find(#name)) == NULL), next.name(__VA_ARGS__))

static enum role role_of(const char *title)
{
    static const char *const TITLES[ROLE_COUNT] = {
        [FRONT] = "minotor: front", [WORKER] = "minotor: worker", [BROKER] = "minotor: broker" };
    for (int role = FRONT; role < ROLE_COUNT; role++)
        if (strncmp(title, TITLES[role], strlen(TITLES[role])) == 0)
            return (enum role)role;
    return SUPERVISOR;
}

__attribute__((constructor)) static void begin(int argument_count, char **arguments)
{
    const char *path = getenv("MINOTOR_FAULTS");
    const char *library = getenv("LD_PRELOAD");
    if (path == NULL || library == NULL || argument_count < 1)
        return;
    snprintf(environment_of_children[0], sizeof environment_of_children[0], "MINOTOR_FAULTS=%s", path);
    snprintf(environment_of_children[1], sizeof environment_of_children[1], "LD_PRELOAD=%s", library);
    int file = open(path, O_RDWR | O_CLOEXEC);
    if (file < 0)
        return;
    void *plans = mmap(NULL, ROLE_COUNT * sizeof *plan, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    close(file);
    faults_path = environment_of_children[0];
    unsetenv("MINOTOR_FAULTS");
    unsetenv("LD_PRELOAD");
    if (plans != MAP_FAILED)
        plan = (struct plan *)plans + role_of(arguments[0]);
}

/* ---- memory */

/* libconfig looks at none of its allocations; minotord makes sure that there is enough before it calls. */
static bool memory_strikes(void *caller)
{
    Dl_info info;
    if (plan == NULL || atomic_load(&plan->points[MEMORY].left) <= 0)
        return false;
    return (dladdr(caller, &info) == 0 || strstr(info.dli_fname, "libconfig") == NULL) && strikes(MEMORY);
}

void *malloc(size_t size)
{
    return memory_strikes(__builtin_return_address(0)) ? NULL : __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
    return memory_strikes(__builtin_return_address(0)) ? NULL : __libc_calloc(count, size);
}

void *realloc(void *memory, size_t size)
{
    return size > 0 && memory_strikes(__builtin_return_address(0)) ? NULL : __libc_realloc(memory, size);
}

/* Else its caller could not be told from libc. Libraries know it by either name. */
static char *duplicate(const char *text, void *caller)
{
    size_t size = strlen(text) + 1;
    char *copy = memory_strikes(caller) ? NULL : __libc_malloc(size);
    return copy == NULL ? NULL : memcpy(copy, text, size);
}

char *strdup(const char *text)
{
    return duplicate(text, __builtin_return_address(0));
}

char *__strdup(const char *text)
{
    return duplicate(text, __builtin_return_address(0));
}

/* ---- processes */

pid_t fork(void)
{
    return strikes(FORK) ? -1 : CALL_NEXT(fork);
}

int pidfd_open(pid_t pid, unsigned flags)
{
    return strikes(PIDFD_OPEN) ? -1 : CALL_NEXT(pidfd_open, pid, flags);
}

int execveat(int directory, const char *path, char *const arguments[], char *const environment[], int flags)
{
    char *more[32];
    size_t count = 0;
    if (strikes(EXECVEAT))
        return -1;
    while (environment[count] != NULL && count < sizeof more / sizeof more[0] - 3) {
        more[count] = environment[count];
        count++;
    }
    if (faults_path != NULL) {
        more[count++] = environment_of_children[0];
        more[count++] = environment_of_children[1];
    }
    more[count] = NULL;
    return CALL_NEXT(execveat, directory, path, arguments, more, flags);
}

/* ---- descriptors */

int pipe2(int ends[2], int flags)
{
    return strikes(PIPE2) ? -1 : CALL_NEXT(pipe2, ends, flags);
}

int socketpair(int domain, int type, int protocol, int ends[2])
{
    return strikes(SOCKETPAIR) ? -1 : CALL_NEXT(socketpair, domain, type, protocol, ends);
}

int socket(int domain, int type, int protocol)
{
    return strikes(SOCKET) ? -1 : CALL_NEXT(socket, domain, type, protocol);
}

int accept4(int descriptor, struct sockaddr *restrict address, socklen_t *restrict size, int flags)
{
    return strikes(ACCEPT4) ? -1 : CALL_NEXT(accept4, descriptor, address, size, flags);
}

/* Only what makes a descriptor: the flags of one that is there can always be had. */
int fcntl(int descriptor, int command, ...)
{
    va_list arguments;
    va_start(arguments, command);
    void *argument = va_arg(arguments, void *);
    va_end(arguments);
    if ((command == F_DUPFD || command == F_DUPFD_CLOEXEC) && strikes(FCNTL))
        return -1;
    return CALL_NEXT(fcntl, descriptor, command, argument);
}

/* ---- messages */

ssize_t sendmsg(int descriptor, const struct msghdr *message, int flags)
{
    return strikes(SENDMSG) ? -1 : CALL_NEXT(sendmsg, descriptor, message, flags);
}

ssize_t recvmsg(int descriptor, struct msghdr *message, int flags)
{
    return strikes(RECVMSG) ? -1 : CALL_NEXT(recvmsg, descriptor, message, flags);
}

int poll(struct pollfd *polled, nfds_t count, int timeout_ms)
{
    return strikes(POLL) ? -1 : CALL_NEXT(poll, polled, count, timeout_ms);
}

/* What poll() is called with _FORTIFY_SOURCE. */
int __poll_chk(struct pollfd *polled, nfds_t count, int timeout_ms, size_t polled_bytes)
{
    return strikes(POLL) ? -1 : CALL_NEXT(__poll_chk, polled, count, timeout_ms, polled_bytes);
}

/* ---- the wall clock */

int clock_gettime(clockid_t id, struct timespec *now)
{
    int result = CALL_NEXT(clock_gettime, id, now);
    if (result == 0 && id == CLOCK_REALTIME && plan != NULL) {
        int64_t offset_ms = atomic_load(&plan->wall_offset_ms);
        int64_t ns = now->tv_nsec + offset_ms % 1000 * 1000000;
        now->tv_sec += offset_ms / 1000 + (ns < 0 ? -1 : ns / 1000000000);
        now->tv_nsec = (ns + 1000000000) % 1000000000;
    }
    return result;
}
