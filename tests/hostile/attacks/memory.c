/* SPDX-License-Identifier: Apache-2.0 */
/* Taking more than one's share, and making code out of data. */
#include "attack.h"

#include <errno.h>
#include <fcntl.h>
#include <mqueue.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/personality.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define GB (UINT64_C(1) << 30)
#define MORE_THAN_ALLOWED (UINT64_C(512) << 20)
#define DESCRIPTORS 100000
#define PIPES 1000
#define TIMERS 2000

static int take_heap(const struct scene *scene)
{
    (void)scene;
    void *memory = malloc(10 * GB);
    if (memory == NULL)
        return errno;
    free(memory);
    return 0;
}

/* Of a mapping, which is given back untouched: what it could hold is what counts. */
static int mapped(void *memory, size_t size)
{
    if (memory == MAP_FAILED)
        return errno;
    munmap(memory, size);
    return 0;
}

static int take_shared(const struct scene *scene)
{
    (void)scene;
    return mapped(mmap(NULL, MORE_THAN_ALLOWED, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0), MORE_THAN_ALLOWED);
}

/* Without the shortcut that the name "anonymous" is. */
static int take_shared_zero(const struct scene *scene)
{
    (void)scene;
    int zero = open("/dev/zero", O_RDWR | O_CLOEXEC);
    if (zero < 0)
        return errno;
    int refused = mapped(mmap(NULL, MORE_THAN_ALLOWED, PROT_READ | PROT_WRITE, MAP_SHARED, zero, 0), MORE_THAN_ALLOWED);
    close(zero);
    return refused;
}

/* Reading, too, fills such a mapping with pages that no limit of data counts. */
static int take_shared_by_reading(const struct scene *scene)
{
    (void)scene;
    int zero = open("/dev/zero", O_RDONLY | O_CLOEXEC);
    if (zero < 0)
        return errno;
    int refused = mapped(mmap(NULL, MORE_THAN_ALLOWED, PROT_READ, MAP_SHARED, zero, 0), MORE_THAN_ALLOWED);
    close(zero);
    return refused;
}

/* What can grow downwards is stack, and stack is not data. */
static int take_stack(const struct scene *scene)
{
    (void)scene;
    return mapped(mmap(NULL, MORE_THAN_ALLOWED, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_GROWSDOWN, -1, 0),
                  MORE_THAN_ALLOWED);
}

/* A page of the real stack, far from where it is used, moved to where there is room for more. */
static int move_stack(const struct scene *scene)
{
    volatile char frame[256 * 1024];
    (void)scene;
    for (size_t i = 0; i < sizeof frame; i += 4096)
        frame[i] = 1;
    void *page = (void *)(((uintptr_t)frame + 65536) & ~(uintptr_t)4095);
    return mapped(mremap(page, 4096, MORE_THAN_ALLOWED, MREMAP_MAYMOVE), MORE_THAN_ALLOWED);
}

static int take_memory_file(const struct scene *scene)
{
    (void)scene;
    int file = memfd_create("memory", MFD_CLOEXEC);
    if (file < 0)
        return errno;
    int refused = outcome(fallocate(file, 0, 0, 1 << 20));
    close(file);
    return refused;
}

static int take_secret_memory(const struct scene *scene)
{
    (void)scene;
#ifdef SYS_memfd_secret
    return opened((int)syscall(SYS_memfd_secret, 0));
#else
    return ENOSYS;
#endif
}

/* Address space only: nothing is behind it. */
static int reserve(const struct scene *scene)
{
    (void)scene;
    return mapped(mmap(NULL, 64 * GB, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0), 64 * GB);
}

/* Such a reserve becomes memory by a change of protection. */
static int reserve_and_use(const struct scene *scene)
{
    (void)scene;
    void *memory = mmap(NULL, MORE_THAN_ALLOWED, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED)
        return errno;
    int refused = outcome(mprotect(memory, MORE_THAN_ALLOWED, PROT_READ | PROT_WRITE));
    munmap(memory, MORE_THAN_ALLOWED);
    return refused;
}

static int lock_memory(const struct scene *scene)
{
    static char page[8192];
    (void)scene;
    return outcome(mlock(page, sizeof page));
}

static int take_descriptors(const struct scene *scene)
{
    static int taken[DESCRIPTORS];
    int count = 0, refused = 0;
    (void)scene;
    while (count < DESCRIPTORS && refused == 0) {
        taken[count] = dup(0);
        refused = outcome(taken[count]);
        count += refused == 0;
    }
    while (count-- > 0)
        close(taken[count]);
    return refused;
}

static int take_pipes(const struct scene *scene)
{
    static int ends[PIPES][2];
    int count = 0, refused = 0;
    (void)scene;
    while (count < PIPES && refused == 0) {
        refused = outcome(pipe2(ends[count], O_CLOEXEC | O_NONBLOCK));
        if (refused == 0)
            refused = outcome(fcntl(ends[count++][1], F_SETPIPE_SZ, 1 << 20));
    }
    while (count-- > 0) {
        close(ends[count][0]);
        close(ends[count][1]);
    }
    return refused;
}

/* Of the pipe into which the worker writes its rounds. */
static int enlarge_data_pipe(const struct scene *scene)
{
    (void)scene;
    return outcome(fcntl(4, F_SETPIPE_SZ, 1 << 20));
}

static int take_timers(const struct scene *scene)
{
    struct sigevent nothing = { .sigev_notify = SIGEV_NONE };
    int refused = 0;
    (void)scene;
    for (int i = 0; i < TIMERS && refused == 0; i++) {
        timer_t timer;
        refused = outcome(timer_create(CLOCK_MONOTONIC, &nothing, &timer));
    }
    return refused;
}

static int map_writable_code(const struct scene *scene)
{
    (void)scene;
    return mapped(mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), 4096);
}

/* A function that returns at once, from data that is made code. */
static int run_data(const struct scene *scene)
{
    (void)scene;
    unsigned char *memory = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED)
        return errno;
    memory[0] = 0xc3; /* ret */
    int refused = outcome(mprotect(memory, 4096, PROT_READ | PROT_EXEC));
#if defined(__x86_64__) || defined(__i386__)
    if (refused == 0)
        ((void (*)(void))(uintptr_t)memory)();
#endif
    munmap(memory, 4096);
    return refused;
}

static int protect_with_key(const struct scene *scene)
{
    (void)scene;
    void *memory = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED)
        return errno;
    int refused = outcome(syscall(SYS_pkey_mprotect, memory, 4096, PROT_READ | PROT_EXEC, -1));
    munmap(memory, 4096);
    return refused;
}

/* Its own code, made writable. */
static int rewrite_code(const struct scene *scene)
{
    (void)scene;
    uintptr_t page = (uintptr_t)rewrite_code & ~(uintptr_t)4095;
    int refused = outcome(mprotect((void *)page, 4096, PROT_READ | PROT_WRITE | PROT_EXEC));
    if (refused == 0)
        mprotect((void *)page, 4096, PROT_READ | PROT_EXEC);
    return refused;
}

/* Code out of a file that is not a library and that others can write. */
static int map_code_of_file(const struct scene *scene)
{
    int file = open(in_place(scene, "code.so"), O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return errno;
    int refused = mapped(mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, file, 0), 4096);
    close(file);
    return refused;
}

static int make_data_executable(const struct scene *scene)
{
    (void)scene;
    return outcome(personality(READ_IMPLIES_EXEC));
}

static int share_by_shm(const struct scene *scene)
{
    (void)scene;
    int id = shmget(IPC_PRIVATE, 4096, IPC_CREAT | 0600);
    if (id < 0)
        return errno;
    shmctl(id, IPC_RMID, NULL);
    return 0;
}

static int share_by_messages(const struct scene *scene)
{
    (void)scene;
    int id = msgget(IPC_PRIVATE, IPC_CREAT | 0600);
    if (id < 0)
        return errno;
    msgctl(id, IPC_RMID, NULL);
    return 0;
}

static int share_by_semaphores(const struct scene *scene)
{
    (void)scene;
    int id = semget(IPC_PRIVATE, 1, IPC_CREAT | 0600);
    if (id < 0)
        return errno;
    semctl(id, 0, IPC_RMID);
    return 0;
}

static int share_by_queue(const struct scene *scene)
{
    struct mq_attr small = { .mq_maxmsg = 1, .mq_msgsize = 8 };
    char name[64] = "/minotor_attack";
    (void)scene;
    mqd_t queue = mq_open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0600, &small);
    if (queue == (mqd_t)-1)
        return errno;
    mq_close(queue);
    mq_unlink(name);
    return 0;
}

const struct attack memory[] = {
    { "take_heap", take_heap },
    { "take_shared", take_shared },
    { "take_shared_zero", take_shared_zero },
    { "take_shared_by_reading", take_shared_by_reading },
    { "take_stack", take_stack },
    { "move_stack", move_stack },
    { "take_memory_file", take_memory_file },
    { "take_secret_memory", take_secret_memory },
    { "reserve", reserve },
    { "reserve_and_use", reserve_and_use },
    { "lock_memory", lock_memory },
    { "take_descriptors", take_descriptors },
    { "take_pipes", take_pipes },
    { "enlarge_data_pipe", enlarge_data_pipe },
    { "take_timers", take_timers },
    { "map_writable_code", map_writable_code },
    { "run_data", run_data },
    { "protect_with_key", protect_with_key },
    { "rewrite_code", rewrite_code },
    { "map_code_of_file", map_code_of_file },
    { "make_data_executable", make_data_executable },
    { "share_by_shm", share_by_shm },
    { "share_by_messages", share_by_messages },
    { "share_by_semaphores", share_by_semaphores },
    { "share_by_queue", share_by_queue },
    { NULL, NULL },
};
