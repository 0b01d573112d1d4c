/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A reload is rehearsed first: another minotord, with the same command line and --check=files, lets every collector take
 * its settings. Only they know what these may be, and here no collector is loaded; so a mistake in them is found
 * before anything is changed. The loop goes on meanwhile.
 */
#ifndef MINOTOR_SUPERVISOR_REHEARSAL_H
#define MINOTOR_SUPERVISOR_REHEARSAL_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/contract.h"
#include "supervisor/options.h"

struct rehearsal {
    int program; /* O_PATH descriptor of minotord itself */
    pid_t pid;   /* 0: none is under way */
    int pidfd;
    int output; /* what it says of mistakes */
    int64_t deadline_ms;
    bool wanted_again; /* somebody has asked for one since it began */
    bool stopped;
    size_t size;
    char text[REHEARSAL_TEXT_MAX_BYTES + 1];
};

enum rehearsal_result {
    REHEARSAL_NONE,    /* not over, or there is none */
    REHEARSAL_GOOD,    /* or it has not found anything in its time */
    REHEARSAL_MISTAKE, /* they have been logged: nothing is to be changed */
};

/* 0, or -1 with errno: minotord's own program cannot be opened. */
int rehearsal_init(struct rehearsal *rehearsal);

/* Begins one, or another after the one that is under way. False: none could be begun, which has been logged. */
bool rehearsal_begin(struct rehearsal *rehearsal, const struct options *options, int64_t now_ms);

/* Looks at the one that is under way, without waiting. */
enum rehearsal_result rehearsal_turn(struct rehearsal *rehearsal, const struct options *options, int64_t now_ms);

/* Tells the one that is under way to end: nobody wants to know any more. */
void rehearsal_stop(struct rehearsal *rehearsal, int64_t now_ms);

/* Ends the one that is under way, and gives everything up. */
void rehearsal_destroy(struct rehearsal *rehearsal);

#endif
