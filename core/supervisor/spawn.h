/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Making one child process: its descriptors, its environment, its image. What it is told comes afterwards, on
 * its control socket.
 */
#ifndef MINOTOR_SUPERVISOR_SPAWN_H
#define MINOTOR_SUPERVISOR_SPAWN_H

#include <sys/types.h>

/* The exit status of a child whose image could not be executed; as in a shell, because no child of ours said
 * it. */
#define SPAWN_EXIT_CODE_EXEC 127

struct spawn_plan {
    int program;       /* O_PATH descriptor of the executable, opened once: survives an upgrade of the file */
    int null;          /* /dev/null, for reading and writing */
    const char *title; /* argv[0], the whole command line: "minotor: worker kpi" */
    int data;          /* becomes FD_DATA (of a broker FD_CLIENT, which has its number), or -1. Stays the caller's */
    int broker;        /* becomes FD_BROKER, or -1: that one is closed. Stays the caller's */
};

/* The supervisor's side of a child; all descriptors are close-on-exec and non-blocking and the caller's to
 * close. */
struct spawned {
    pid_t pid;
    int pidfd;
    int control; /* SOCK_SEQPACKET */
    int log;     /* read end of what the child writes to stderr */
};

/* What could not be made; errno says why. */
enum spawn_result {
    SPAWN_OK = 0,
    SPAWN_NO_PIPE,
    SPAWN_NO_SOCKET,
    SPAWN_NO_PROCESS,
    SPAWN_NO_PIDFD,
};

/* "a pipe", "a process" ... Static. */
const char *spawn_result_text(enum spawn_result result);

/* Starts the child. On any failure nothing is left over and `spawned` is not touched. */
enum spawn_result spawn(const struct spawn_plan *plan, struct spawned *spawned);

/* Opens an executable for spawn_plan.program. A descriptor, or -1 and errno. */
int spawn_open_program(const char *path);

#endif
