/* SPDX-License-Identifier: Apache-2.0 */
/* Dying, in the ways in which programs die. */
#include "attack.h"

#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static int crash_address(const struct scene *scene)
{
    (void)scene;
    *(volatile int *)(uintptr_t)16 = 1;
    return 0;
}

static int crash_abort(const struct scene *scene)
{
    (void)scene;
    abort();
}

static int crash_instruction(const struct scene *scene)
{
    (void)scene;
    __builtin_trap();
}

static int crash_bus(const struct scene *scene)
{
    (void)scene;
    raise(SIGBUS);
    return 0;
}

static int crash_kill(const struct scene *scene)
{
    (void)scene;
    raise(SIGKILL);
    return 0;
}

static int crash_heap(const struct scene *scene)
{
    (void)scene;
    char *volatile memory = malloc(16);
    memset(memory, 0x41, 4096); /* and what lies behind it */
    free(memory);
    free(malloc(4000));
    abort(); /* should the heap have been patient */
}

static int __attribute__((noinline)) deeper(volatile char *before, int depth)
{
    volatile char frame[4096];
    frame[0] = before[0];
    return depth < 0 ? 0 : deeper(frame, depth + 1) + frame[1];
}

static int crash_stack(const struct scene *scene)
{
    volatile char frame[1] = { 0 };
    (void)scene;
    return deeper(frame, 0) & 0;
}

static int leave_by_exit(const struct scene *scene)
{
    (void)scene;
    exit(0);
}

static int leave_at_once(const struct scene *scene)
{
    (void)scene;
    _exit(0);
}

static int leave_by_quick_exit(const struct scene *scene)
{
    (void)scene;
    quick_exit(0);
}

/* With the exit code that means "I was told to leave my place". */
static int leave_with_a_lie(const struct scene *scene)
{
    (void)scene;
    _exit(73);
}

static int leave_thread(const struct scene *scene)
{
    (void)scene;
    pthread_exit(NULL);
}

static int unmap_everything(const struct scene *scene)
{
    uintptr_t here = (uintptr_t)&unmap_everything & ~(uintptr_t)0xfffff;
    (void)scene;
    munmap((void *)here, 0x200000);
    return 0;
}

const struct attack crashes[] = {
    { "crash_address", crash_address },
    { "crash_abort", crash_abort },
    { "crash_instruction", crash_instruction },
    { "crash_bus", crash_bus },
    { "crash_kill", crash_kill },
    { "crash_heap", crash_heap },
    { "crash_stack", crash_stack },
    { "leave_by_exit", leave_by_exit },
    { "leave_at_once", leave_at_once },
    { "leave_by_quick_exit", leave_by_quick_exit },
    { "leave_with_a_lie", leave_with_a_lie },
    { "leave_thread", leave_thread },
    { "unmap_everything", unmap_everything },
    { NULL, NULL },
};
