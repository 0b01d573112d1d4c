/* SPDX-License-Identifier: Apache-2.0 */
/* Becoming somebody else, and undoing what the worker has given up. */
#include "attack.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/securebits.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

static int become_root(const struct scene *scene)
{
    (void)scene;
    return outcome(setuid(0));
}

static int become_group_root(const struct scene *scene)
{
    (void)scene;
    return outcome(setgid(0));
}

static int join_groups(const struct scene *scene)
{
    (void)scene;
    return outcome(setgroups(1, &(gid_t){ 0 }));
}

static int act_as_root_on_files(const struct scene *scene)
{
    (void)scene;
    syscall(SYS_setfsuid, 0);
    return syscall(SYS_setfsuid, -1) == 0 ? 0 : EPERM; /* it only tells what holds now */
}

static int take_capabilities(const struct scene *scene)
{
    struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
    struct __user_cap_data_struct data[2] = { { 0 } };
    (void)scene;
    data[0].effective = data[0].permitted = 1U << CAP_SYS_ADMIN;
    return outcome(syscall(SYS_capset, &head, data));
}

static int keep_capabilities(const struct scene *scene)
{
    (void)scene;
    return outcome(prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0));
}

static int set_secure_bits(const struct scene *scene)
{
    (void)scene;
    return outcome(prctl(PR_SET_SECUREBITS, SECBIT_NOROOT, 0, 0, 0));
}

static int be_dumpable(const struct scene *scene)
{
    (void)scene;
    int refused = outcome(prctl(PR_SET_DUMPABLE, 1, 0, 0, 0));
    if (refused == 0)
        prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    return refused;
}

static int outlive_supervisor(const struct scene *scene)
{
    (void)scene;
    int refused = outcome(prctl(PR_SET_PDEATHSIG, 0, 0, 0, 0));
    if (refused == 0)
        prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    return refused;
}

static int adopt_orphans(const struct scene *scene)
{
    (void)scene;
    return outcome(prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0));
}

static int allow_tracers(const struct scene *scene)
{
    (void)scene;
    return outcome(prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY, 0, 0, 0));
}

static int raise_limit(const struct scene *scene)
{
    (void)scene;
    return outcome(setrlimit(RLIMIT_NOFILE, &(struct rlimit){ 4096, 4096 }));
}

static int raise_limit_of_files(const struct scene *scene)
{
    (void)scene;
    return outcome(prlimit(0, RLIMIT_FSIZE, &(struct rlimit){ 1 << 20, 1 << 20 }, NULL));
}

static int be_nicer_to_oneself(const struct scene *scene)
{
    (void)scene;
    return outcome(setpriority(PRIO_PROCESS, 0, -10));
}

static int rename_itself(const struct scene *scene)
{
    (void)scene;
    return outcome(prctl(PR_SET_NAME, "minotord", 0, 0, 0));
}

const struct attack people[] = {
    { "become_root", become_root },
    { "become_group_root", become_group_root },
    { "join_groups", join_groups },
    { "act_as_root_on_files", act_as_root_on_files },
    { "take_capabilities", take_capabilities },
    { "keep_capabilities", keep_capabilities },
    { "set_secure_bits", set_secure_bits },
    { "be_dumpable", be_dumpable },
    { "outlive_supervisor", outlive_supervisor },
    { "adopt_orphans", adopt_orphans },
    { "allow_tracers", allow_tracers },
    { "raise_limit", raise_limit },
    { "raise_limit_of_files", raise_limit_of_files },
    { "raise_priority", be_nicer_to_oneself },
    { "rename_itself", rename_itself },
    { NULL, NULL },
};
