/* SPDX-License-Identifier: Apache-2.0 */
/* What a worker says when it crashes, and when that was for want of memory. */
#include "tests/tap/cunit_tap.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/exit_code.h"
#include "worker/crash.h"
#include "worker/memory.h"

static void expect(const struct crash *crash, const char *line)
{
    char out[CRASH_LINE_BYTES + 1];
    size_t size = crash_describe(crash, out);
    out[size] = '\0';
    CU_ASSERT_STRING_EQUAL(out, line);
}

static void the_line(void)
{
    expect(&(struct crash){ SIGSEGV, 0xdead10, 0, 300 << 20, 256 << 20 },
           "E crashed by SIGSEGV at address 0xdead10, with 307200 KiB of memory in use; limits.memory is 262144 KiB\n");
    expect(&(struct crash){ SIGBUS, 0, 0, MEMORY_UNKNOWN, MEMORY_UNKNOWN }, "E crashed by SIGBUS at address 0x0\n");
    expect(&(struct crash){ SIGFPE, 7, 4711, MEMORY_UNKNOWN, 1 << 20 },
           "E crashed by SIGFPE from process 4711; limits.memory is 1024 KiB\n");
    expect(&(struct crash){ SIGILL, UINTPTR_MAX, 0, UINT64_MAX - 1, UINT64_MAX - 1 },
           "E crashed by SIGILL at address 0xffffffffffffffff, with 18014398509481983 KiB of memory in use; "
           "limits.memory is 18014398509481983 KiB\n");
}

static void short_of_memory(void)
{
    const uint64_t limit = UINT64_C(256) << 20;
    CU_ASSERT_TRUE(memory_is_short_of(limit, limit));
    CU_ASSERT_TRUE(memory_is_short_of(limit - limit / 8, limit));
    CU_ASSERT_FALSE(memory_is_short_of(limit - limit / 8 - 1, limit));
    CU_ASSERT_FALSE(memory_is_short_of(MEMORY_UNKNOWN, limit));
    CU_ASSERT_FALSE(memory_is_short_of(limit, MEMORY_UNKNOWN));
}

#ifndef MINOTOR_SANITIZED
static void what_is_in_use(void)
{
    memory_open(NULL);
    uint64_t before = memory_used_bytes();
    CU_ASSERT_NOT_EQUAL_FATAL(before, MEMORY_UNKNOWN);
    char *piece = malloc(8 << 20);
    CU_ASSERT_PTR_NOT_NULL_FATAL(piece);
    piece[0] = 1;
    CU_ASSERT_TRUE(memory_used_bytes() >= before + (8 << 20));
    free(piece);
}

/* Runs it in a process of its own, armed, with that much memory; keeps what it said. */
static int crash_by(void (*deed)(void), rlim_t memory_bytes, char said[512])
{
    int ends[2];
    int status = 0;
    ssize_t size;
    size_t total = 0;
    CU_ASSERT_EQUAL_FATAL(pipe(ends), 0);
    pid_t pid = fork();
    if (pid == 0) {
        const struct rlimit memory = { memory_bytes, memory_bytes };
        const struct rlimit core = { 0, 0 };
        dup2(ends[1], 2);
        setrlimit(RLIMIT_CORE, &core);
        memory_open(NULL);
        if (memory_bytes > 0)
            setrlimit(RLIMIT_DATA, &memory);
        crash_arm();
        deed();
        _exit(1);
    }
    close(ends[1]);
    while (total < 511 && (size = read(ends[0], said + total, 511 - total)) > 0)
        total += (size_t)size;
    said[total] = '\0';
    close(ends[0]);
    CU_ASSERT_EQUAL(waitpid(pid, &status, 0), pid);
    return status;
}

/* The compiler is not to see what these come to. */
static volatile int *volatile nowhere;
static void *volatile taken;
static volatile int bottom = 1 << 30;

static void fault(void)
{
    *nowhere = 1;
}

static int fall(int depth)
{
    volatile char room[4096];
    room[0] = (char)depth;
    return depth < bottom ? room[0] + fall(depth + 1) + room[0] : 0;
}

static void overflow(void)
{
    fall(0);
}

static void send_itself_a_signal(void)
{
    kill(getpid(), SIGSEGV);
}

static void take_all(void)
{
    do
        taken = malloc(1 << 20);
    while (taken != NULL);
}

static void hog_and_fault(void)
{
    take_all();
    fault();
}

static void hog_and_abort(void)
{
    take_all();
    abort();
}

static void signals_end_it_as_before(void)
{
    char said[512];
    int status = crash_by(fault, 0, said);
    CU_ASSERT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
    CU_ASSERT_PTR_NOT_NULL(strstr(said, "SIGSEGV at address 0x0, with"));
    status = crash_by(abort, 0, said);
    CU_ASSERT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
    CU_ASSERT_STRING_EQUAL(said, "");
    status = crash_by(overflow, 0, said);
    CU_ASSERT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
    CU_ASSERT_PTR_NOT_NULL(strstr(said, "crashed by SIGSEGV at address"));
    status = crash_by(send_itself_a_signal, 0, said);
    CU_ASSERT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
    CU_ASSERT_PTR_NOT_NULL(strstr(said, "from process "));
}

static void want_of_memory_is_told(void)
{
    const char *preloaded = getenv("LD_PRELOAD");
    if (preloaded != NULL && strstr(preloaded, "valgrind") != NULL) {
        cunit_tap_skip("valgrind takes minutes to fill the memory");
        return;
    }
    static void (*const deeds[])(void) = { hog_and_fault, hog_and_abort };
    for (size_t i = 0; i < 2; i++) {
        char said[512];
        int status = crash_by(deeds[i], 32 << 20, said);
        CU_ASSERT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == EXIT_CODE_MEMORY);
        CU_ASSERT_PTR_NOT_NULL(strstr(said, "limits.memory is 32768 KiB"));
    }
}
#endif

static CU_TestInfo tests[] = {
    { "the line", the_line },
    { "short of memory", short_of_memory },
#ifndef MINOTOR_SANITIZED /* their memory is reserved at the start */
    { "what is in use", what_is_in_use },
    { "signals end it as before", signals_end_it_as_before },
    { "want of memory is told", want_of_memory_is_told },
#endif
    CU_TEST_INFO_NULL,
};

static CU_SuiteInfo suites[] = {
    { "crash", NULL, NULL, NULL, NULL, tests },
    CU_SUITE_INFO_NULL,
};

int main(void)
{
    return cunit_tap_main(suites);
}
