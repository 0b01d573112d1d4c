/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a worker says when it crashes: one line with the signal, the address and the memory in use, which becomes the
 * last words of its obituary. One that dies for want of memory leaves with EXIT_CODE_MEMORY instead, so that it is
 * counted as what it is. A plugin that takes the handlers away loses the line, and nothing else.
 */
#ifndef MINOTOR_WORKER_CRASH_H
#define MINOTOR_WORKER_CRASH_H

#include <stddef.h>
#include <stdint.h>

/* Sets the handlers; before the plugin is loaded, and again before it is called. */
void crash_arm(void);

/* The line, with its end; returns its size. Safe in a signal handler. */
struct crash {
    int signal;
    uintptr_t address;
    int sender; /* the process that sent the signal; 0: the kernel, for a fault */
    uint64_t used_bytes;
    uint64_t limit_bytes; /* MEMORY_UNKNOWN: not known, likewise */
};
#define CRASH_LINE_BYTES 256
size_t crash_describe(const struct crash *crash, char out[CRASH_LINE_BYTES]);

#endif
