/* SPDX-License-Identifier: Apache-2.0 */
/* The tables behind common/seccomp.h: which system call is allowed to whom, with which arguments, and what else becomes of it. */
#ifndef MINOTOR_COMMON_SECCOMP_CALLS_H
#define MINOTOR_COMMON_SECCOMP_CALLS_H

#include <stddef.h>
#include <stdint.h>

/* Who a row is for: bits. */
enum seccomp_for {
    FOR_WORKER = 1,   /* that connects by itself */
    FOR_BROKERED = 2, /* a worker with a broker */
    FOR_FRONT = 4,
    FOR_BROKER = 8,
    FOR_WORKERS = FOR_WORKER | FOR_BROKERED,
    FOR_CONNECTING = FOR_WORKER | FOR_BROKER,
    FOR_LIBRARIES = FOR_WORKERS | FOR_BROKER, /* processes in which foreign libraries run */
    FOR_ALL = FOR_LIBRARIES | FOR_FRONT,
};

/* What becomes of a call. Errors are E numbers. */
enum { CALL_ALLOWED = 0, CALL_KILLS = -1 };

enum seccomp_compare {
    COMPARE_END = 0, /* no further test */
    COMPARE_BITS,    /* (argument & mask) == value */
    COMPARE_EQUAL,
    COMPARE_GREATER,
    COMPARE_IS_SELF, /* the process's own number */
    COMPARE_IS_NOT_SELF,
};

struct seccomp_test {
    enum seccomp_compare compare;
    unsigned argument;
    uint64_t mask; /* BITS only */
    uint64_t value;
};

#define SECCOMP_TESTS_MAX 3

struct seccomp_call {
    const char *name;
    unsigned who; /* of enum seccomp_for */
    int verdict;
    struct seccomp_test tests[SECCOMP_TESTS_MAX]; /* all must hold */
};

/* Names that become one verdict whatever their arguments are; words with spaces between them. */
struct seccomp_names {
    unsigned who;
    int verdict;
    const char *names;
};

extern const struct seccomp_names SECCOMP_NAMES[];
extern const size_t SECCOMP_NAMES_COUNT;
extern const struct seccomp_call SECCOMP_CALLS[];
extern const size_t SECCOMP_CALLS_COUNT;

#endif
