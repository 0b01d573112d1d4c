/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The attacks: each is one function, found by its name, run once in the life of a worker. Succeeding must harm nothing
 * but the attacker: counts are bounded, files lie in a folder of the test, and what would change the machine changes
 * it to what it is already, or is asked for with an argument that is refused after the permission was looked at.
 */
#ifndef ATTACK_H
#define ATTACK_H

#include <minotor/collector.h>
#include <stdint.h>
#include <sys/types.h>

/* What an attacker has been told about its surroundings; the test cannot expect it to find them. */
struct scene {
    const struct minotor_host *host;
    pid_t supervisor;
    pid_t front;
    pid_t sibling;      /* a worker that must live */
    pid_t prey;         /* a worker that exists to be killed */
    const char *place;  /* a folder of this attack's own, writable by all, with a file "file" and a folder "folder" */
    const char *secret; /* a file that only the worker's account may read */
    const char *config; /* a file that only the supervisor may read */
    const char *socket; /* a unix socket on which the test listens; under the same name also an abstract one */
    uint16_t allowed;   /* the configured port, on 127.0.0.1; the test listens there on 127.0.0.2 too */
    uint16_t forbidden; /* another port on 127.0.0.1, TCP and UDP, where the test listens */
};

/* What came of it: 0 it worked, or the errno with which it was refused. */
typedef int attack_function(const struct scene *scene);

struct attack {
    const char *name;
    attack_function *run;
};

/* Tables, by noun, each ended by a row without a name. */
extern const struct attack crashes[], files[], kernel_calls[], manners[], memory[], messages[], network[], people[],
    processes[], signals[];

/* 0, or the errno of a call that has just returned this. */
int outcome(long result);
/* The same for a new descriptor, which is closed again. */
int opened(int descriptor);
/* PLACE/NAME, in a static buffer. */
const char *in_place(const struct scene *scene, const char *name);

#endif
