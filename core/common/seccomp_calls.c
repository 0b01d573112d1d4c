/* SPDX-License-Identifier: Apache-2.0 */
#include "common/seccomp_calls.h"

#include <asm/ioctls.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#ifndef PR_SET_VMA
#define PR_SET_VMA 0x53564d41
#endif
#ifndef PR_SET_PTRACER
#define PR_SET_PTRACER 0x59616d61
#endif

#define TYPE_MASK 0xF              /* of socket(): without SOCK_CLOEXEC and SOCK_NONBLOCK */
#define FAMILY_LAST_KNOWN AF_INET6 /* netlink, packet, vsock and the like come after it */
#define FAST_OPEN MSG_FASTOPEN     /* sends before it connects, past Landlock's rules on ports */
#define TCP 6
#define UDP 17
#define THREAD (CLONE_VM | CLONE_THREAD | CLONE_SIGHAND)
#define NEW_NAMESPACES                                                                                           \
    (CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET)
#define CHANGES_FILES (O_ACCMODE | O_CREAT | O_TRUNC | O_APPEND | (O_TMPFILE & ~O_DIRECTORY))

const struct seccomp_names SECCOMP_NAMES[] = {
    /* memory, time, waiting, ending: what every process does */
    { FOR_ALL, CALL_ALLOWED,
      "brk munmap mremap madvise read readv pread64 write writev close lseek _llseek fstat fstat64 newfstatat fstatat64 "
      "getdents getdents64 poll ppoll ppoll_time64 clock_gettime clock_gettime64 clock_getres clock_getres_time64 "
      "gettimeofday time rt_sigreturn sigreturn rt_sigprocmask restart_syscall exit exit_group getpid gettid futex "
      "futex_time64 getrandom getrusage getrlimit ugetrlimit sysinfo setsockopt getsockopt shutdown recvfrom recv recvmsg "
      "send" },
    { FOR_LIBRARIES, CALL_ALLOWED,
      "membarrier preadv stat stat64 lstat lstat64 statx access faccessat faccessat2 readlink readlinkat getcwd statfs "
      "statfs64 fstatfs fstatfs64 dup dup2 dup3 pipe pipe2 eventfd2 recvmmsg recvmmsg_time64 getsockname getpeername "
      "select _newselect pselect6 pselect6_time64 epoll_create epoll_create1 epoll_ctl epoll_ctl_old epoll_wait "
      "epoll_wait_old epoll_pwait epoll_pwait2 clock_nanosleep clock_nanosleep_time64 nanosleep times rt_sigaction "
      "rt_sigpending rt_sigtimedwait rt_sigtimedwait_time64 sigaltstack pause getppid getpgrp getuid getuid32 geteuid "
      "geteuid32 getgid getgid32 getegid getegid32 getresuid getresuid32 getresgid getresgid32 getgroups getgroups32 "
      "futex_waitv futex_wait futex_wake futex_requeue set_robust_list get_robust_list set_tid_address rseq sched_yield "
      "sched_getaffinity getcpu uname arch_prctl map_shadow_stack mseal" },
    /* the alarm that a worker sets itself for the case that it overruns */
    { FOR_WORKERS, CALL_ALLOWED, "setitimer getitimer alarm" },
    { FOR_CONNECTING, CALL_ALLOWED, "connect" },
    /* the HTTP service; its listeners come from the supervisor */
    { FOR_FRONT, CALL_ALLOWED, "accept accept4 epoll_create1 epoll_ctl epoll_wait epoll_pwait sendmsg sendto eventfd2" },

    /* Another host than the broker's would be reached by it. */
    { FOR_BROKERED, EACCES, "connect" },
    /* glibc falls back to clone, whose flags can be looked at. */
    { FOR_LIBRARIES, ENOSYS, "clone3" },
    { FOR_ALL, EPERM,
      "fork vfork setuid setuid32 setgid setgid32 setreuid setreuid32 setregid setregid32 setresuid setresuid32 setresgid "
      "setresgid32 setfsuid setfsuid32 setfsgid setfsgid32 setgroups setgroups32 capset setrlimit setpriority "
      "ioprio_set sched_setscheduler sched_setparam sched_setaffinity sched_setattr setsid setpgid tkill rt_sigqueueinfo "
      "rt_tgsigqueueinfo pidfd_open pidfd_send_signal" },
    { FOR_LIBRARIES, EPERM,
      "bind listen accept accept4 unlink unlinkat rename renameat renameat2 mkdir mkdirat rmdir creat link linkat symlink "
      "symlinkat mknod mknodat truncate truncate64 ftruncate ftruncate64 fallocate chmod fchmod fchmodat fchmodat2 chown "
      "chown32 fchown fchown32 lchown lchown32 fchownat utime utimes utimensat utimensat_time64 futimesat setxattr "
      "lsetxattr fsetxattr removexattr lremovexattr fremovexattr chdir fchdir umask" },
    /* Nobody who calls one of these is what he says he is. */
    { FOR_ALL, CALL_KILLS,
      "execve execveat ptrace process_vm_readv process_vm_writev process_madvise mount umount umount2 pivot_root chroot "
      "move_mount open_tree fsopen fsconfig fsmount fspick mount_setattr bpf perf_event_open init_module finit_module "
      "delete_module kexec_load kexec_file_load keyctl add_key request_key userfaultfd io_uring_setup io_uring_enter "
      "io_uring_register setns unshare reboot swapon swapoff acct open_by_handle_at iopl ioperm "
      "modify_ldt kcmp pidfd_getfd personality memfd_create memfd_secret quotactl quotactl_fd syslog sethostname "
      "setdomainname settimeofday clock_settime clock_settime64 adjtimex clock_adjtime clock_adjtime64 vhangup "
      "fanotify_init lookup_dcookie uselib ustat" },
};

const size_t SECCOMP_NAMES_COUNT = sizeof SECCOMP_NAMES / sizeof SECCOMP_NAMES[0];

#define BITS(argument, mask, value) { COMPARE_BITS, argument, mask, value }
#define EQUAL(argument, value) { COMPARE_EQUAL, argument, 0, value }
#define IS(compare, argument) { COMPARE_##compare, argument, 0, 0 }

const struct seccomp_call SECCOMP_CALLS[] = {
    /* Memory is never both shared and nobody's file's, which no limit would count; nor executable, but from a file. */
    { "mmap", FOR_ALL, CALL_ALLOWED, { BITS(2, PROT_EXEC, 0), BITS(3, MAP_ANONYMOUS, 0) } },
    { "mmap", FOR_ALL, CALL_ALLOWED, { BITS(2, PROT_EXEC, 0), BITS(3, MAP_SHARED, 0) } },
    { "mmap", FOR_LIBRARIES, CALL_ALLOWED, { BITS(2, PROT_WRITE | PROT_EXEC, PROT_EXEC), BITS(3, MAP_ANONYMOUS, 0) } },
    { "mmap2", FOR_ALL, CALL_ALLOWED, { BITS(2, PROT_EXEC, 0), BITS(3, MAP_ANONYMOUS, 0) } },
    { "mmap2", FOR_ALL, CALL_ALLOWED, { BITS(2, PROT_EXEC, 0), BITS(3, MAP_SHARED, 0) } },
    { "mmap2", FOR_LIBRARIES, CALL_ALLOWED, { BITS(2, PROT_WRITE | PROT_EXEC, PROT_EXEC), BITS(3, MAP_ANONYMOUS, 0) } },
    { "mprotect", FOR_ALL, CALL_ALLOWED, { BITS(2, PROT_EXEC, 0) } },

    { "openat", FOR_LIBRARIES, CALL_ALLOWED, { BITS(2, CHANGES_FILES, O_RDONLY) } },
    { "openat", FOR_LIBRARIES, EROFS, { BITS(2, O_ACCMODE, O_WRONLY) } },
    { "openat", FOR_LIBRARIES, EROFS, { BITS(2, O_ACCMODE, O_RDWR) } },
    { "open", FOR_LIBRARIES, CALL_ALLOWED, { BITS(1, CHANGES_FILES, O_RDONLY) } },
    { "open", FOR_LIBRARIES, EROFS, { BITS(1, O_ACCMODE, O_WRONLY) } },
    { "open", FOR_LIBRARIES, EROFS, { BITS(1, O_ACCMODE, O_RDWR) } },

    /* F_SETOWN with O_ASYNC would let one process signal another. */
    { "fcntl", FOR_ALL, CALL_ALLOWED, { EQUAL(1, F_GETFL) } },
    { "fcntl", FOR_ALL, CALL_ALLOWED, { EQUAL(1, F_SETFL) } },
    { "fcntl", FOR_ALL, CALL_ALLOWED, { EQUAL(1, F_GETFD) } },
    { "fcntl", FOR_ALL, CALL_ALLOWED, { EQUAL(1, F_SETFD) } },
    { "fcntl", FOR_LIBRARIES, CALL_ALLOWED, { EQUAL(1, F_DUPFD) } },
    { "fcntl", FOR_LIBRARIES, CALL_ALLOWED, { EQUAL(1, F_DUPFD_CLOEXEC) } },
    { "fcntl64", FOR_ALL, CALL_ALLOWED, { EQUAL(1, F_GETFL) } },
    { "fcntl64", FOR_ALL, CALL_ALLOWED, { EQUAL(1, F_SETFL) } },
    { "fcntl64", FOR_ALL, CALL_ALLOWED, { EQUAL(1, F_GETFD) } },
    { "fcntl64", FOR_ALL, CALL_ALLOWED, { EQUAL(1, F_SETFD) } },
    { "fcntl64", FOR_LIBRARIES, CALL_ALLOWED, { EQUAL(1, F_DUPFD) } },
    { "fcntl64", FOR_LIBRARIES, CALL_ALLOWED, { EQUAL(1, F_DUPFD_CLOEXEC) } },
    { "ioctl", FOR_LIBRARIES, CALL_ALLOWED, { EQUAL(1, FIONREAD) } },
    { "ioctl", FOR_LIBRARIES, CALL_ALLOWED, { EQUAL(1, FIONBIO) } },
    { "ioctl", FOR_ALL, ENOTTY, { EQUAL(1, TCGETS) } }, /* whether it is a terminal */

    { "prlimit64", FOR_ALL, CALL_ALLOWED, { EQUAL(2, 0) } },
    { "prctl", FOR_LIBRARIES, CALL_ALLOWED, { EQUAL(0, PR_SET_NAME) } },
    { "prctl", FOR_LIBRARIES, CALL_ALLOWED, { EQUAL(0, PR_GET_NAME) } },
    { "prctl", FOR_LIBRARIES, CALL_ALLOWED, { EQUAL(0, PR_GET_DUMPABLE) } },
    { "prctl", FOR_ALL, CALL_ALLOWED, { EQUAL(0, PR_SET_VMA) } }, /* names of memory, by newer allocators */
    { "prctl", FOR_LIBRARIES, EINVAL, { EQUAL(0, PR_SET_PDEATHSIG) } },
    { "prctl", FOR_LIBRARIES, EINVAL, { EQUAL(0, PR_SET_DUMPABLE) } },
    { "prctl", FOR_LIBRARIES, EINVAL, { EQUAL(0, PR_SET_KEEPCAPS) } },
    { "prctl", FOR_LIBRARIES, EINVAL, { EQUAL(0, PR_SET_SECCOMP) } },
    { "prctl", FOR_LIBRARIES, EINVAL, { EQUAL(0, PR_SET_SECUREBITS) } },
    { "prctl", FOR_LIBRARIES, EINVAL, { EQUAL(0, PR_SET_MM) } },
    { "prctl", FOR_LIBRARIES, EINVAL, { EQUAL(0, PR_SET_CHILD_SUBREAPER) } },
    { "prctl", FOR_LIBRARIES, EINVAL, { EQUAL(0, PR_CAP_AMBIENT) } },
    { "prctl", FOR_LIBRARIES, EINVAL, { EQUAL(0, PR_SET_PTRACER) } },

    /* Datagrams between unix sockets take an address each: they would reach any daemon. */
    { "socket", FOR_LIBRARIES, CALL_ALLOWED,
      { EQUAL(0, AF_UNIX), BITS(1, TYPE_MASK, SOCK_STREAM), EQUAL(2, 0) } },
    { "socket", FOR_LIBRARIES, CALL_ALLOWED,
      { EQUAL(0, AF_INET), BITS(1, TYPE_MASK, SOCK_STREAM), EQUAL(2, 0) } },
    { "socket", FOR_LIBRARIES, CALL_ALLOWED,
      { EQUAL(0, AF_INET), BITS(1, TYPE_MASK, SOCK_STREAM), EQUAL(2, TCP) } },
    { "socket", FOR_LIBRARIES, CALL_ALLOWED,
      { EQUAL(0, AF_INET6), BITS(1, TYPE_MASK, SOCK_STREAM), EQUAL(2, 0) } },
    { "socket", FOR_LIBRARIES, CALL_ALLOWED,
      { EQUAL(0, AF_INET6), BITS(1, TYPE_MASK, SOCK_STREAM), EQUAL(2, TCP) } },
    /* Name servers are asked in datagrams. */
    { "socket", FOR_CONNECTING, CALL_ALLOWED,
      { EQUAL(0, AF_INET), BITS(1, TYPE_MASK, SOCK_DGRAM), EQUAL(2, 0) } },
    { "socket", FOR_CONNECTING, CALL_ALLOWED,
      { EQUAL(0, AF_INET), BITS(1, TYPE_MASK, SOCK_DGRAM), EQUAL(2, UDP) } },
    { "socket", FOR_CONNECTING, CALL_ALLOWED,
      { EQUAL(0, AF_INET6), BITS(1, TYPE_MASK, SOCK_DGRAM), EQUAL(2, 0) } },
    { "socket", FOR_CONNECTING, CALL_ALLOWED,
      { EQUAL(0, AF_INET6), BITS(1, TYPE_MASK, SOCK_DGRAM), EQUAL(2, UDP) } },
    { "socket", FOR_BROKERED, EAFNOSUPPORT, { EQUAL(0, AF_INET), BITS(1, TYPE_MASK, SOCK_DGRAM) } },
    { "socket", FOR_BROKERED, EAFNOSUPPORT, { EQUAL(0, AF_INET6), BITS(1, TYPE_MASK, SOCK_DGRAM) } },
    { "socket", FOR_LIBRARIES, EAFNOSUPPORT, { { COMPARE_GREATER, 0, 0, FAMILY_LAST_KNOWN } } },
    { "socketpair", FOR_LIBRARIES, CALL_ALLOWED, { EQUAL(0, AF_UNIX), BITS(1, TYPE_MASK, SOCK_STREAM) } },
    { "sendto", FOR_LIBRARIES, CALL_ALLOWED, { BITS(3, FAST_OPEN, 0) } },
    { "sendmsg", FOR_LIBRARIES, CALL_ALLOWED, { BITS(2, FAST_OPEN, 0) } },
    { "sendmmsg", FOR_LIBRARIES, CALL_ALLOWED, { BITS(3, FAST_OPEN, 0) } },

    /* abort(), and what a library does to its own threads. */
    { "kill", FOR_ALL, CALL_ALLOWED, { IS(IS_SELF, 0) } },
    { "kill", FOR_ALL, EPERM, { IS(IS_NOT_SELF, 0) } },
    { "tgkill", FOR_ALL, CALL_ALLOWED, { IS(IS_SELF, 0) } },
    { "tgkill", FOR_ALL, EPERM, { IS(IS_NOT_SELF, 0) } },

    /* Threads, and nothing else that clone() makes. */
    { "clone", FOR_LIBRARIES, CALL_ALLOWED, { BITS(0, THREAD | NEW_NAMESPACES, THREAD) } },
    { "clone", FOR_LIBRARIES, EPERM, { BITS(0, CLONE_VM, 0) } },
    { "clone", FOR_LIBRARIES, EPERM, { BITS(0, CLONE_THREAD, 0) } },
    { "clone", FOR_LIBRARIES, EPERM, { BITS(0, CLONE_NEWUSER, CLONE_NEWUSER) } },
};

const size_t SECCOMP_CALLS_COUNT = sizeof SECCOMP_CALLS / sizeof SECCOMP_CALLS[0];
