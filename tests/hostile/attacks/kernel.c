/* SPDX-License-Identifier: Apache-2.0 */
/*
 * System calls that no collector needs, one row each. Where success would change the machine the arguments are such
 * that a permitted caller gets an error of its own, which counts as success: the permission has been looked at before.
 */
#include "attack.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <linux/bpf.h>
#include <linux/io_uring.h>
#include <linux/keyctl.h>
#include <linux/perf_event.h>
#include <linux/userfaultfd.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/quota.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timex.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#ifndef SYS_lookup_dcookie
#define SYS_lookup_dcookie 1000000
#endif

static const char GARBAGE[] = "this is no module";
static const char NOWHERE[] = "/nonexistent/minotor";

/* An errno with which a permitted caller is refused is as good as success. */
static int passed(long result, int harmless)
{
    int refused = outcome(result);
    return refused == harmless ? 0 : refused;
}

#define CALL(NAME, HARMLESS, ...)                                                                               \
    static int NAME(const struct scene *scene)                                                                  \
    {                                                                                                           \
        (void)scene;                                                                                            \
        return passed(syscall(__VA_ARGS__), HARMLESS);                                                          \
    }
#define OPENING(NAME, ...)                                                                                      \
    static int NAME(const struct scene *scene)                                                                  \
    {                                                                                                           \
        (void)scene;                                                                                            \
        return opened((int)syscall(__VA_ARGS__));                                                               \
    }

/* -- mounts and namespaces */
static int mount_something(const struct scene *scene)
{
    return passed(mount(NULL, in_place(scene, "folder"), NULL, MS_PRIVATE, NULL), EINVAL); /* no mount point */
}

static int unmount_something(const struct scene *scene)
{
    return passed(umount2(in_place(scene, "folder"), 0), EINVAL);
}

static int change_root(const struct scene *scene)
{
    (void)scene;
    return outcome(chroot("/"));
}

static int exchange_root(const struct scene *scene)
{
    const char *folder = in_place(scene, "folder");
    return passed(syscall(SYS_pivot_root, folder, folder), EBUSY);
}

static int enter_own_namespace(const struct scene *scene)
{
    (void)scene;
    int space = open("/proc/self/ns/uts", O_RDONLY | O_CLOEXEC);
    int refused = outcome(setns(space, CLONE_NEWUTS)); /* also of -1: EBADF tells that it is allowed */
    if (space >= 0)
        close(space);
    return refused == EBADF ? 0 : refused;
}

OPENING(copy_tree, SYS_open_tree, AT_FDCWD, "/", 1U /* OPEN_TREE_CLONE */)
OPENING(open_file_system, SYS_fsopen, "tmpfs", 0)
CALL(move_mount_of_nothing, ENOENT, SYS_move_mount, -1, "", -1, "", 4U /* MOVE_MOUNT_F_EMPTY_PATH */)
CALL(new_user_namespace, 0, SYS_unshare, CLONE_NEWUSER)
CALL(new_network, 0, SYS_unshare, CLONE_NEWNET)
CALL(new_mounts, 0, SYS_unshare, CLONE_NEWNS)

/* -- keys, programs in the kernel, rings */
CALL(add_key, 0, SYS_add_key, "user", "minotor", "x", 1, KEY_SPEC_PROCESS_KEYRING)
CALL(request_key, ENOKEY, SYS_request_key, "user", "minotor", NULL, 0)
CALL(look_for_keys, ENOKEY, SYS_keyctl, KEYCTL_GET_KEYRING_ID, KEY_SPEC_SESSION_KEYRING, 0)

static int load_program(const struct scene *scene)
{
    union bpf_attr attribute;
    (void)scene;
    memset(&attribute, 0, sizeof attribute);
    attribute.map_type = BPF_MAP_TYPE_ARRAY;
    attribute.key_size = attribute.value_size = 4;
    attribute.max_entries = 1;
    return opened((int)syscall(SYS_bpf, BPF_MAP_CREATE, &attribute, sizeof attribute));
}

static int count_events(const struct scene *scene)
{
    struct perf_event_attr attribute;
    (void)scene;
    memset(&attribute, 0, sizeof attribute);
    attribute.type = PERF_TYPE_SOFTWARE;
    attribute.size = sizeof attribute;
    attribute.config = PERF_COUNT_SW_TASK_CLOCK;
    attribute.exclude_kernel = 1;
    return opened((int)syscall(SYS_perf_event_open, &attribute, 0, -1, -1, 0));
}

static int make_ring(const struct scene *scene)
{
    struct io_uring_params parameters;
    (void)scene;
    memset(&parameters, 0, sizeof parameters);
    return opened((int)syscall(SYS_io_uring_setup, 1, &parameters));
}

static int queue_transfers(const struct scene *scene)
{
    aio_context_t context = 0;
    (void)scene;
    int refused = outcome(syscall(SYS_io_setup, 1, &context));
    if (refused == 0)
        syscall(SYS_io_destroy, context);
    return refused;
}

OPENING(handle_faults, SYS_userfaultfd, O_CLOEXEC | 1 /* UFFD_USER_MODE_ONLY */)
#ifdef SYS_modify_ldt
static int read_descriptor_table(const struct scene *scene)
{
    char table[64];
    (void)scene;
    return outcome(syscall(SYS_modify_ldt, 0, table, sizeof table));
}
#endif
#ifdef SYS_iopl
CALL(raise_io_level, 0, SYS_iopl, 3)
CALL(open_io_port, 0, SYS_ioperm, 0x80, 1, 1)
#endif

/* -- the machine */
CALL(restart_machine, EINVAL, SYS_reboot, 0, 0, 0, 0) /* with numbers that mean nothing, on purpose */
CALL(load_kernel, EINVAL, SYS_kexec_load, 0, 0, NULL, 0xffffUL) /* with flags that do not exist */
CALL(load_module, ENOEXEC, SYS_init_module, GARBAGE, sizeof GARBAGE, "")
CALL(load_module_file, EBADF, SYS_finit_module, -1, "", 0)
CALL(unload_module, ENOENT, SYS_delete_module, "no_such_module_of_minotor", O_NONBLOCK)
CALL(swap_on, ENOENT, SYS_swapon, NOWHERE, 0)
CALL(swap_off, ENOENT, SYS_swapoff, NOWHERE)
CALL(account_processes, ENOENT, SYS_acct, NOWHERE)
CALL(read_kernel_log, 0, SYS_syslog, 10 /* its size */, NULL, 0)

static int ask_for_quota(const struct scene *scene)
{
    (void)scene;
    return passed(quotactl(QCMD(Q_SYNC, USRQUOTA), NULL, 0, NULL), ENODEV);
}

static int rename_machine(const struct scene *scene)
{
    struct utsname names;
    (void)scene;
    uname(&names);
    return outcome(sethostname(names.nodename, strlen(names.nodename)));
}

static int rename_domain(const struct scene *scene)
{
    struct utsname names;
    (void)scene;
    uname(&names);
    return outcome(setdomainname(names.domainname, strlen(names.domainname)));
}

/* The zone that it has already; the time itself would be an older one by the time that it is set. */
static int set_time_zone(const struct scene *scene)
{
    struct timezone zone = { 0 };
    struct timeval now;
    (void)scene;
    syscall(SYS_gettimeofday, &now, &zone);
    return outcome(syscall(SYS_settimeofday, NULL, &zone));
}

static int set_clock(const struct scene *scene)
{
    struct timespec now;
    (void)scene;
    if (geteuid() == 0) /* it might be allowed */
        return passed(syscall(SYS_clock_settime, CLOCK_MONOTONIC, &(struct timespec){ 0 }), EINVAL);
    clock_gettime(CLOCK_REALTIME, &now);
    return outcome(syscall(SYS_clock_settime, CLOCK_REALTIME, &now));
}

static int bend_clock(const struct scene *scene)
{
    struct timex clock = { 0 };
    (void)scene;
    if (adjtimex(&clock) < 0)
        return errno;
    clock.modes = ADJ_TICK; /* as long as it is */
    return outcome(adjtimex(&clock) < 0 ? -1 : 0);
}

/* What somebody would type on a terminal. */
static int type_for_others(const struct scene *scene)
{
    (void)scene;
    int terminal = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC);
    int refused = outcome(ioctl(terminal >= 0 ? terminal : 0, TIOCSTI, "x"));
    if (terminal >= 0)
        close(terminal);
    return refused;
}

static int look_up_cookie(const struct scene *scene)
{
    char name[16];
    (void)scene;
    return outcome(syscall(SYS_lookup_dcookie, 0ULL, name, sizeof name));
}

/* -- what it may do */
static int order_memory(const struct scene *scene)
{
    (void)scene;
    return outcome(syscall(SYS_membarrier, 0 /* which orders there are */, 0, 0));
}

static int ask_for_random(const struct scene *scene)
{
    char bytes[16];
    (void)scene;
    return outcome(syscall(SYS_getrandom, bytes, sizeof bytes, 0));
}

static int call_a_number_that_does_not_exist(const struct scene *scene)
{
    (void)scene;
    return outcome(syscall(100000));
}

/* -- past the filter's idea of a system call */
static int call_as_i386(const struct scene *scene)
{
    (void)scene;
#ifdef __x86_64__
    long result;
    __asm__ volatile("int $0x80" : "=a"(result) : "a"(20 /* getpid of i386 */) : "memory");
    return result == getpid() ? 0 : ENOSYS;
#else
    return ENOSYS;
#endif
}

static int call_as_x32(const struct scene *scene)
{
    (void)scene;
    return outcome(syscall(0x40000000 + 39 /* getpid */));
}

const struct attack kernel_calls[] = {
    { "mount_something", mount_something },
    { "unmount_something", unmount_something },
    { "change_root", change_root },
    { "exchange_root", exchange_root },
    { "copy_tree", copy_tree },
    { "open_file_system", open_file_system },
    { "move_mount", move_mount_of_nothing },
    { "enter_own_namespace", enter_own_namespace },
    { "new_user_namespace", new_user_namespace },
    { "new_network", new_network },
    { "new_mounts", new_mounts },
    { "add_key", add_key },
    { "request_key", request_key },
    { "look_for_keys", look_for_keys },
    { "load_program", load_program },
    { "count_events", count_events },
    { "make_ring", make_ring },
    { "queue_transfers", queue_transfers },
    { "handle_faults", handle_faults },
#ifdef SYS_modify_ldt
    { "read_descriptor_table", read_descriptor_table },
#endif
#ifdef SYS_iopl
    { "raise_io_level", raise_io_level },
    { "open_io_port", open_io_port },
#endif
    { "restart_machine", restart_machine },
    { "load_kernel", load_kernel },
    { "load_module", load_module },
    { "load_module_file", load_module_file },
    { "unload_module", unload_module },
    { "swap_on", swap_on },
    { "swap_off", swap_off },
    { "account_processes", account_processes },
    { "read_kernel_log", read_kernel_log },
    { "ask_for_quota", ask_for_quota },
    { "rename_machine", rename_machine },
    { "rename_domain", rename_domain },
    { "set_time_zone", set_time_zone },
    { "set_clock", set_clock },
    { "bend_clock", bend_clock },
    { "type_for_others", type_for_others },
    { "look_up_cookie", look_up_cookie },
    { "order_memory", order_memory },
    { "ask_for_random", ask_for_random },
    { "call_a_number_of_nothing", call_a_number_that_does_not_exist },
    { "call_as_i386", call_as_i386 },
    { "call_as_x32", call_as_x32 },
    { NULL, NULL },
};
