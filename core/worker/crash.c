/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/crash.h"

#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "common/contract.h"
#include "common/exit_code.h"
#include "worker/memory.h"

/* Beside the stack, which may be what is full. Register sets of some processors take 10 KiB of it. */
#define STACK_BYTES (64 * 1024)

static const struct {
    int number;
    const char *name;
} SIGNALS[] = {
    { SIGSEGV, "SIGSEGV" }, { SIGBUS, "SIGBUS" }, { SIGABRT, "SIGABRT" }, { SIGFPE, "SIGFPE" }, { SIGILL, "SIGILL" },
};

#define SIGNALS_COUNT (sizeof SIGNALS / sizeof SIGNALS[0])

/* A line in the making. printf is not for signal handlers. */
struct line {
    char *bytes;
    size_t size;
};

static void put(struct line *line, const char *text)
{
    while (*text != '\0' && line->size < CRASH_LINE_BYTES - 1)
        line->bytes[line->size++] = *text++;
}

static void put_number(struct line *line, uint64_t number, unsigned base)
{
    char digits[24];
    size_t at = sizeof digits - 1;
    digits[at] = '\0';
    do {
        digits[--at] = "0123456789abcdef"[number % base];
        number /= base;
    } while (number > 0);
    put(line, digits + at);
}

size_t crash_describe(const struct crash *crash, char out[CRASH_LINE_BYTES])
{
    struct line line = { .bytes = out };
    const char *name = "a signal";
    for (size_t i = 0; i < SIGNALS_COUNT; i++)
        if (SIGNALS[i].number == crash->signal)
            name = SIGNALS[i].name;
    put(&line, "E crashed by ");
    put(&line, name);
    if (crash->sender != 0) {
        put(&line, " from process ");
        put_number(&line, (uint64_t)crash->sender, 10);
    } else {
        put(&line, " at address 0x");
        put_number(&line, crash->address, 16);
    }
    if (crash->used_bytes != MEMORY_UNKNOWN) {
        put(&line, ", with ");
        put_number(&line, crash->used_bytes >> 10, 10);
        put(&line, " KiB of memory in use");
    }
    if (crash->limit_bytes != MEMORY_UNKNOWN) {
        put(&line, "; limits.memory is ");
        put_number(&line, crash->limit_bytes >> 10, 10);
        put(&line, " KiB");
    }
    out[line.size++] = '\n'; /* put() leaves room for it */
    return line.size;
}

#ifndef MINOTOR_SANITIZED
static void handle(int number, siginfo_t *info, void *context)
{
    char line[CRASH_LINE_BYTES];
    const bool is_short = memory_is_short();
    const struct crash crash = { .signal = number,
                                 .address = (uintptr_t)info->si_addr,
                                 .sender = info->si_code <= 0 ? info->si_pid : 0,
                                 .used_bytes = memory_used_bytes(),
                                 .limit_bytes = memory_limit_bytes() };
    (void)context;
    /* Who aborts has said why: those shall be its last words. */
    if (number != SIGABRT || is_short) {
        ssize_t written = write(FD_LOG, line, crash_describe(&crash, line));
        (void)written;
    }
    if (is_short)
        _exit(EXIT_CODE_MEMORY);
    raise(number); /* the handler is gone: this ends the process as if there had been none */
}
#endif

void crash_arm(void)
{
#ifndef MINOTOR_SANITIZED /* the sanitizers' reports say more */
    static char stack[STACK_BYTES];
    const stack_t alternate = { .ss_sp = stack, .ss_size = sizeof stack };
    struct sigaction action = { .sa_sigaction = handle,
                                .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESETHAND | SA_NODEFER };
    sigemptyset(&action.sa_mask);
    sigaltstack(&alternate, NULL);
    for (size_t i = 0; i < SIGNALS_COUNT; i++)
        sigaction(SIGNALS[i].number, &action, NULL);
#endif
}
