/* SPDX-License-Identifier: Apache-2.0 */
#include "supervisor/usage.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

/* A lower time under the same number is another process's. */
static void add_generation(struct usage *usage, pid_t pid, uint64_t own_us)
{
    if (pid != usage->pid || own_us < usage->own_us)
        usage->past_us += usage->own_us;
    usage->pid = pid;
    usage->own_us = own_us;
}

void usage_note(struct usage *usage, pid_t pid)
{
    struct timespec used;
    clockid_t clock;
    if (pid <= 0 || clock_getcpuclockid(pid, &clock) != 0 || clock_gettime(clock, &used) != 0)
        return;
    add_generation(usage, pid, (uint64_t)used.tv_sec * 1000000 + (uint64_t)used.tv_nsec / 1000);
}

/* False: not known. */
static bool read_resident(pid_t pid, uint64_t *bytes)
{
    char path[32];
    char text[128];
    unsigned long long total;
    unsigned long long resident;
    snprintf(path, sizeof path, "/proc/%ld/statm", (long)pid);
    int statm = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t size = statm >= 0 ? read(statm, text, sizeof text - 1) : -1;
    if (statm >= 0)
        close(statm);
    if (size <= 0)
        return false;
    text[size] = '\0';
    if (sscanf(text, "%llu %llu", &total, &resident) != 2 || resident == 0) /* 0: it has ended */
        return false;
    *bytes = (uint64_t)resident * (uint64_t)sysconf(_SC_PAGESIZE);
    return true;
}

struct control_process usage_read(struct usage *usage, pid_t pid)
{
    struct control_process process = {.known = 0};
    usage_note(usage, pid);
    if (usage->pid != 0) {
        process.known |= USAGE_CPU;
        process.cpu_us = usage->past_us + usage->own_us;
    }
    if (pid > 0 && read_resident(pid, &process.resident_bytes))
        process.known |= USAGE_MEMORY;
    return process;
}
