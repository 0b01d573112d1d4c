/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a collector does while it is loaded, before anybody has called it: ACT says what, and WHEN whether in a
 * constructor or in the resolver of an indirect function, which runs even earlier, when this object is not yet linked.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <minotor/collector.h>

#define CONSTRUCTOR 1
#define RESOLVER 2

/* Numbers, not functions: in a resolver no function of another object can be called safely. */
#define ACT_ADDRESS 1
#define ACT_EXIT 2
#define ACT_EXECUTE 3
#define ACT_READ 4
#define ACT_LOOP 5

static volatile long refused = -1;

static inline __attribute__((always_inline, unused)) long call(long number, long first, long second, long third)
{
#ifdef __x86_64__
    long result;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(number), "D"(first), "S"(second), "d"(third)
                     : "rcx", "r11", "memory");
    return result;
#else
    long result = syscall(number, first, second, third);
    return result < 0 ? -errno : result;
#endif
}

static inline __attribute__((always_inline)) void act(void)
{
#if ACT == ACT_ADDRESS
    *(volatile int *)16L = 1;
#elif ACT == ACT_EXIT
    call(SYS_exit_group, 0, 0, 0);
#elif ACT == ACT_EXECUTE
    char path[] = { '/', 'b', 'i', 'n', '/', 't', 'r', 'u', 'e', 0 };
    char *arguments[] = { path, NULL };
    refused = -call(SYS_execve, (long)path, (long)arguments, 0);
#elif ACT == ACT_READ
    char path[] = { '/', 't', 'm', 'p', 0 };
    long result = call(SYS_openat, AT_FDCWD, (long)path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    refused = result < 0 ? -result : 0;
#elif ACT == ACT_LOOP
    for (;;)
        call(SYS_sched_yield, 0, 0, 0);
#endif
}

#if WHEN == CONSTRUCTOR
static void __attribute__((constructor)) early(void)
{
    act();
}
#else
static __attribute__((used)) int nothing(void)
{
    return 0;
}

static __attribute__((used)) int (*resolve(void))(void)
{
    act();
    return nothing;
}

int indirect(void) __attribute__((ifunc("resolve"), visibility("default")));
int indirect(void);
#endif

static int collect(const struct minotor_host *host, void *state)
{
    (void)state;
#if WHEN == RESOLVER
    indirect();
#endif
    minotor_log(host, MINOTOR_NOTICE, "outcome %s", refused == 0 ? "hit" : strerrorname_np((int)refused));
    return MINOTOR_OK;
}

const struct minotor_collector *minotor_collector(void)
{
    static const struct minotor_family families[] = {
        { .name = "attack_nothing", .type = MINOTOR_GAUGE, .help = "Never has a sample" },
    };
    static const struct minotor_collector collector = {
        MINOTOR_DESCRIPTOR,
        .name = NAME,
        .version = "1.0",
        .summary = "A collector for a test",
        .author = "minotor",
        .license = "Apache-2.0",
        .families = families,
        .family_count = 1,
        .family_size = sizeof(struct minotor_family),
        .setting_size = sizeof(struct minotor_setting),
        .collect = collect,
    };
    return &collector;
}
