/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A wall around minotor, as a container's or a service manager's: takes layers of the sandbox away from a command and
 * all that it starts.
 *
 *     outer [--landlock-abi N] [--deny WHAT]... [--errno EPERM|ENOSYS] -- COMMAND ARGUMENTS
 *
 * WHAT: landlock, seccomp (both ways to it), seccomp-call (only the newer one), unshare, close_range, mdwe, setrlimit.
 * --landlock-abi answers the question for the version itself; the kernel's own Landlock is underneath, so code that
 * would use more than the answer allows is not noticed here, but by what it hands to the kernel.
 */
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define NR_CREATE_RULESET 444
#define NR_ADD_RULE 445
#define NR_RESTRICT_SELF 446
#define CREATE_RULESET_VERSION 1
#define PR_MDWE 65
#define INSTRUCTIONS_MAX 128

struct program {
    struct sock_filter code[INSTRUCTIONS_MAX];
    unsigned short size;
};

static bool denied[7];
enum { LANDLOCK, SECCOMP, SECCOMP_CALL, UNSHARE, CLOSE_RANGE, MDWE, SETRLIMIT };
static const char *const NAMES[] = { "landlock", "seccomp", "seccomp-call", "unshare", "close_range", "mdwe",
                                     "setrlimit" };
static int answer_errno = EPERM;
static int landlock_abi = -1;

static _Noreturn void fail(const char *what)
{
    fprintf(stderr, "outer: %s: %s\n", what, strerror(errno));
    exit(125);
}

static void put(struct program *program, uint16_t code, uint32_t k, uint8_t yes, uint8_t no)
{
    program->code[program->size++] = (struct sock_filter){ code, yes, no, k };
}

static void load(struct program *program, size_t offset)
{
    put(program, BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset, 0, 0);
}

/* The call's number is in the accumulator; it stays there unless the call is this one. */
static void answer(struct program *program, long number, uint32_t action)
{
    put(program, BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)number, 0, 1);
    put(program, BPF_RET | BPF_K, action, 0, 0);
}

/* The same for one value of an argument; the lower half is enough. */
static void answer_argument(struct program *program, long number, unsigned argument, uint32_t value, uint32_t action)
{
    put(program, BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)number, 0, 4);
    load(program, offsetof(struct seccomp_data, args) + argument * sizeof(uint64_t));
    put(program, BPF_JMP | BPF_JEQ | BPF_K, value, 0, 1);
    put(program, BPF_RET | BPF_K, action, 0, 0);
    load(program, offsetof(struct seccomp_data, nr));
}

/* Namespaces can also be left when a process is made; clone3() hides its flags in memory and so has to go as a whole. */
static void build(struct program *program)
{
    const uint32_t refuse = SECCOMP_RET_ERRNO | (uint32_t)answer_errno;
    load(program, offsetof(struct seccomp_data, nr));
    if (denied[LANDLOCK]) {
        answer(program, NR_CREATE_RULESET, refuse);
        answer(program, NR_ADD_RULE, refuse);
        answer(program, NR_RESTRICT_SELF, refuse);
    }
    if (denied[SECCOMP] || denied[SECCOMP_CALL])
        answer(program, SYS_seccomp, refuse);
    if (denied[SECCOMP])
        answer_argument(program, SYS_prctl, 0, PR_SET_SECCOMP, refuse);
    if (denied[UNSHARE]) {
        answer(program, SYS_unshare, refuse);
        answer(program, SYS_clone3, SECCOMP_RET_ERRNO | ENOSYS);
    }
    if (denied[CLOSE_RANGE])
        answer(program, SYS_close_range, refuse);
    if (denied[MDWE])
        answer_argument(program, SYS_prctl, 0, PR_MDWE, SECCOMP_RET_ERRNO | EINVAL);
    if (denied[SETRLIMIT]) {
        answer(program, SYS_setrlimit, refuse);
        answer_argument(program, SYS_prlimit64, 2, 0, SECCOMP_RET_ALLOW); /* only asks */
        answer(program, SYS_prlimit64, refuse);
    }
    if (landlock_abi >= 0)
        answer_argument(program, NR_CREATE_RULESET, 2, CREATE_RULESET_VERSION, SECCOMP_RET_USER_NOTIF);
    put(program, BPF_RET | BPF_K, SECCOMP_RET_ALLOW, 0, 0);
}

static void send_descriptor(int socket, int descriptor)
{
    char byte = 0;
    union {
        char bytes[CMSG_SPACE(sizeof(int))];
        struct cmsghdr head;
    } space = { .bytes = { 0 } };
    struct iovec vector = { &byte, 1 };
    struct msghdr message = { .msg_iov = &vector, .msg_iovlen = 1, .msg_control = space.bytes,
                              .msg_controllen = sizeof space.bytes };
    space.head = (struct cmsghdr){ .cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS };
    memcpy(CMSG_DATA(&space.head), &descriptor, sizeof descriptor);
    if (sendmsg(socket, &message, 0) != 1)
        fail("sendmsg");
}

static int receive_descriptor(int socket)
{
    char byte;
    int descriptor = -1;
    union {
        char bytes[CMSG_SPACE(sizeof(int))];
        struct cmsghdr head;
    } space = { .bytes = { 0 } };
    struct iovec vector = { &byte, 1 };
    struct msghdr message = { .msg_iov = &vector, .msg_iovlen = 1, .msg_control = space.bytes,
                              .msg_controllen = sizeof space.bytes };
    if (recvmsg(socket, &message, MSG_CMSG_CLOEXEC) != 1 || space.head.cmsg_type != SCM_RIGHTS)
        fail("recvmsg");
    memcpy(&descriptor, CMSG_DATA(&space.head), sizeof descriptor);
    return descriptor;
}

/* The real version where it is lower than the one that is asked for. */
static void serve(int listener)
{
    struct seccomp_notif question;
    struct seccomp_notif_resp reply;
    int real = (int)syscall(NR_CREATE_RULESET, NULL, (size_t)0, CREATE_RULESET_VERSION);
    for (;;) {
        struct pollfd waiting = { .fd = listener, .events = POLLIN };
        if (poll(&waiting, 1, -1) < 0 || (waiting.revents & POLLIN) == 0)
            exit(0); /* nobody is left under the filter */
        memset(&question, 0, sizeof question);
        if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &question) != 0)
            continue;
        memset(&reply, 0, sizeof reply);
        reply.id = question.id;
        reply.val = real < landlock_abi ? real : landlock_abi;
        if (reply.val <= 0) {
            reply.val = 0;
            reply.error = -EOPNOTSUPP; /* what a kernel says that was started without Landlock */
        }
        ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &reply);
    }
}

static int install(struct program *program, unsigned flags)
{
    const struct sock_fprog filter = { program->size, program->code };
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        fail("no_new_privs");
    int result = (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &filter);
    if (result < 0)
        fail("seccomp");
    return result;
}

/* The command takes our place, so that whoever started us has it by its number; the answers come from a child. */
static void surround(struct program *program, char *title)
{
    int pair[2];
    if (landlock_abi < 0) {
        install(program, 0);
        return;
    }
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
        fail("socketpair");
    pid_t server = fork();
    if (server < 0)
        fail("fork");
    if (server == 0) {
        /* Not ours to be waited for: a grandchild. */
        if (fork() != 0)
            _exit(0);
        close(pair[0]);
        setsid();
        memset(title, '-', strlen(title)); /* it ends after minotor, of which it is no part */
        int listener = receive_descriptor(pair[1]);
        for (int i = 0; i < 3; i++)
            close(i);
        serve(listener);
    }
    waitpid(server, NULL, 0);
    close(pair[1]);
    int listener = install(program, SECCOMP_FILTER_FLAG_NEW_LISTENER);
    send_descriptor(pair[0], listener);
    close(listener);
    close(pair[0]);
}

static void deny(const char *word)
{
    for (size_t i = 0; i < sizeof NAMES / sizeof NAMES[0]; i++) {
        if (strcmp(word, NAMES[i]) == 0) {
            denied[i] = true;
            return;
        }
    }
    errno = EINVAL;
    fail(word);
}

int main(int argc, char **argv)
{
    struct program program = { .size = 0 };
    int i = 1;
    for (; i + 1 < argc && strcmp(argv[i], "--") != 0; i += 2) {
        if (strcmp(argv[i], "--deny") == 0)
            deny(argv[i + 1]);
        else if (strcmp(argv[i], "--landlock-abi") == 0)
            landlock_abi = atoi(argv[i + 1]);
        else if (strcmp(argv[i], "--errno") == 0)
            answer_errno = strcmp(argv[i + 1], "ENOSYS") == 0 ? ENOSYS : EPERM;
        else
            break;
    }
    if (i + 1 >= argc || strcmp(argv[i], "--") != 0) {
        fprintf(stderr, "usage: outer [--landlock-abi N] [--deny WHAT]... [--errno E] -- COMMAND ARGUMENTS\n");
        return 125;
    }
    build(&program);
    surround(&program, argv[0]);
    execv(argv[i + 1], argv + i + 1);
    fail(argv[i + 1]);
}
