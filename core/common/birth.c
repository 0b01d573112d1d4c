/* SPDX-License-Identifier: Apache-2.0 */
#include "common/birth.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/exit_code.h"
#include "common/log.h"

/* The settings that are birth's own. */
struct birth_settings {
    long supervisor_pid;
    long uid; /* -1: stay who we are */
    long gid;
    long nice; /* 0: as the supervisor */
    uint64_t data_max_bytes;
    uint64_t files_max;
    long crowded; /* the account that we keep has many processes of its own */
    struct sandbox sandbox;
};

void birth_exit(int code)
{
    _exit(code);
}

static _Noreturn void refuse(enum exit_code code, const char *what)
{
    log_error("%s: %s", what, strerror(errno));
    birth_exit(code);
}

/* Before Linux 5.9, or behind a wall that does not know the call. What is open is listed: a limit may be lower than that. */
static void close_listed(int first)
{
    DIR *folder = opendir("/proc/self/fd");
    if (folder == NULL)
        refuse(EXIT_CODE_DESCRIPTORS, "/proc/self/fd");
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
        int descriptor = atoi(entry->d_name);
        if (descriptor >= first && descriptor != dirfd(folder))
            close(descriptor);
    }
    closedir(folder);
}

/* A descriptor that leaks in would outlive every promise about who holds what. */
static void close_descriptors(int first)
{
    if (syscall(SYS_close_range, (unsigned)first, ~0U, 0U) != 0)
        close_listed(first);
}

static void reset_signals(void)
{
    struct sigaction action = { .sa_handler = SIG_DFL };
    sigset_t none;
    for (int number = 1; number < NSIG; number++)
        sigaction(number, &action, NULL); /* KILL, STOP and libc's own refuse; nothing is lost */
    action.sa_handler = SIG_IGN;
    if (sigaction(SIGPIPE, &action, NULL) != 0 || sigaction(SIGXFSZ, &action, NULL) != 0)
        refuse(EXIT_CODE_SIGNALS, "sigaction");
    sigemptyset(&none);
    if (sigprocmask(SIG_SETMASK, &none, NULL) != 0)
        refuse(EXIT_CODE_SIGNALS, "sigprocmask");
}

/* A decimal number of a setting; the supervisor sends no other. */
static long decimal(const struct control_setting *setting)
{
    char *end = NULL;
    errno = 0;
    long value = strtol(setting->value, &end, 10);
    if (errno != 0 || end == setting->value || *end != '\0' || value < 0) {
        log_error("setting %s is not a number", setting->name);
        birth_exit(EXIT_CODE_PROTOCOL);
    }
    return value;
}

static void take_setting(const struct birth_plan *plan, struct birth_settings *own,
                         const struct control_setting *setting)
{
    enum log_level level;
    int taken = sandbox_take_setting(&own->sandbox, setting);
    if (taken < 0)
        birth_exit(EXIT_CODE_PROTOCOL);
    if (taken == 0)
        return;
    if (strcmp(setting->name, "supervisor_pid") == 0)
        own->supervisor_pid = decimal(setting);
    else if (strcmp(setting->name, "uid") == 0)
        own->uid = decimal(setting);
    else if (strcmp(setting->name, "gid") == 0)
        own->gid = decimal(setting);
    else if (strcmp(setting->name, "memory_bytes") == 0)
        own->data_max_bytes = (uint64_t)decimal(setting);
    else if (strcmp(setting->name, "descriptors") == 0)
        own->files_max = (uint64_t)decimal(setting);
    else if (strcmp(setting->name, "nice") == 0)
        own->nice = decimal(setting);
    else if (strcmp(setting->name, "crowded") == 0)
        own->crowded = decimal(setting);
    else if (strcmp(setting->name, "log_level") == 0 && log_level_parse(setting->value, &level) == 0)
        log_set_level(level);
    else if (plan->take_setting(setting, plan->context) != 0)
        birth_exit(EXIT_CODE_PROTOCOL);
}

static void wait_for_message(int64_t deadline_ms)
{
    struct pollfd waiting = { .fd = FD_CONTROL, .events = POLLIN };
    int64_t left_ms = deadline_ms - clock_monotonic_ms();
    if (left_ms <= 0 || poll(&waiting, 1, (int)left_ms) == 0) {
        log_error("no settings from minotord within %d ms", SETTINGS_TIMEOUT_MS);
        birth_exit(EXIT_CODE_NO_SETTINGS);
    }
}

static void take_message(const struct birth_plan *plan, struct birth_settings *own,
                         const struct control_message *message, int descriptor)
{
    if (message->type == CONTROL_SETTING && descriptor < 0) {
        take_setting(plan, own, &message->body.setting);
    } else if (plan->take_message == NULL || plan->take_message(message, descriptor, plan->context) != 0) {
        log_error("control message %d before the start", (int)message->type);
        birth_exit(EXIT_CODE_PROTOCOL);
    }
}

/* Reads messages up to START. */
static void read_settings(const struct birth_plan *plan, struct birth_settings *own)
{
    int64_t deadline_ms = clock_monotonic_ms() + SETTINGS_TIMEOUT_MS;
    struct control_message message;
    for (;;) {
        int descriptor = -1;
        switch (control_receive(FD_CONTROL, CONTROL_FROM_SUPERVISOR, &message, &descriptor)) {
        case CONTROL_OK:
            if (message.type == CONTROL_START)
                return;
            take_message(plan, own, &message, descriptor);
            explicit_bzero(&message, sizeof message);
            break;
        case CONTROL_AGAIN:
            wait_for_message(deadline_ms);
            break;
        case CONTROL_CLOSED:
            birth_exit(EXIT_CODE_ORPHAN);
        case CONTROL_BROKEN:
            log_error("a control message that cannot be understood");
            birth_exit(EXIT_CODE_PROTOCOL);
        case CONTROL_ERROR:
            refuse(EXIT_CODE_CONTROL, "control channel");
        }
    }
}

/* What could not be set, for the report; a wall around minotor may keep limits for itself. */
static char refused_limit[64];

static void limit(int resource, uint64_t value, const char *what)
{
    struct rlimit current;
    if (getrlimit((__rlimit_resource_t)resource, &current) != 0)
        refuse(EXIT_CODE_LIMITS, what);
    rlim_t wanted = current.rlim_max < value ? current.rlim_max : value; /* never more than we were given */
    struct rlimit limits = { .rlim_cur = wanted, .rlim_max = wanted };
    if (setrlimit((__rlimit_resource_t)resource, &limits) != 0)
        snprintf(refused_limit, sizeof refused_limit, "%s: %s", what, strerror(errno));
}

static void set_limits(const struct birth_settings *own)
{
    limit(RLIMIT_CORE, 0, "limit of core size");
    limit(RLIMIT_FSIZE, 0, "limit of file size");
    limit(RLIMIT_MEMLOCK, 0, "limit of locked memory");
    limit(RLIMIT_MSGQUEUE, 0, "limit of message queues");
    limit(RLIMIT_NOFILE, own->files_max, "limit of descriptors");
#ifndef MINOTOR_SANITIZED /* the sanitizers' shadow memory is counted as data, and they start threads */
    limit(RLIMIT_DATA, own->data_max_bytes, "limit of memory");
    /* Stacks, mappings that grow downwards and shared ones are not data: what else would bound them? */
    limit(RLIMIT_AS, own->data_max_bytes + ADDRESSES_BESIDE_DATA_BYTES, "limit of addresses");
    limit(RLIMIT_STACK, STACK_MAX_BYTES, "limit of the stack");
#endif
}

/*
 * Whoever serves people goes first. Kernels with autogroups weigh sessions against each other, not processes, and this
 * process has a session of its own: it takes the same place there. Where that cannot be said, it is not needed.
 */
static void yield_processor(const struct birth_settings *own)
{
    errno = 0;
    int current = getpriority(PRIO_PROCESS, 0);
    if (errno == 0 && own->nice <= current) /* never more than we were given */
        return;
    if (errno != 0 || setpriority(PRIO_PROCESS, 0, (int)own->nice) != 0) {
        snprintf(refused_limit, sizeof refused_limit, "priority: %s", strerror(errno));
        return;
    }
    int group = open("/proc/self/autogroup", O_WRONLY | O_CLOEXEC);
    if (group < 0)
        return;
    if (dprintf(group, "%ld", own->nice) < 0)
        log_debug("the session's priority stays as it is: %s", strerror(errno));
    close(group);
}

/*
 * The number of processes is counted per user, over the whole host: in a busy account it would keep a worker from
 * starting a resolver's thread. Of a user that we change to nobody else has processes.
 */
static bool may_limit_processes(const struct birth_plan *plan, const struct birth_settings *own)
{
    return own->uid > 0 || own->crowded == 0 || plan->processes_max == 1; /* who starts none is not held up */
}

static void limit_processes(const struct birth_plan *plan, const struct birth_settings *own)
{
    if (may_limit_processes(plan, own)) /* of root it is no limit */
        limit(RLIMIT_NPROC, plan->processes_max, "limit of processes");
}

static void report_limits(const struct birth_plan *plan, struct birth_settings *own)
{
    enum layer_state state = refused_limit[0] == '\0' ? LAYER_APPLIED : LAYER_MISSING;
    if (state == LAYER_APPLIED && !may_limit_processes(plan, own)) {
        state = LAYER_PARTIAL;
        snprintf(refused_limit, sizeof refused_limit, "processes: its account has too many others");
    }
#ifdef MINOTOR_SANITIZED
    state = LAYER_OFF;
#endif
    sandbox_set(&own->sandbox, LAYER_LIMITS, state, refused_limit);
}

static void change_user(struct birth_settings *own)
{
    struct sandbox *sandbox = &own->sandbox;
    if (own->uid < 0) {
        sandbox_set(sandbox, LAYER_USER, sandbox->was_root ? LAYER_OFF : LAYER_UNNEEDED, NULL);
        return;
    }
    sandbox_drop_capabilities(sandbox, true);
    if (setgroups(0, NULL) != 0 || setresgid((gid_t)own->gid, (gid_t)own->gid, (gid_t)own->gid) != 0 ||
        setresuid((uid_t)own->uid, (uid_t)own->uid, (uid_t)own->uid) != 0)
        refuse(EXIT_CODE_USER, "change of user");
    sandbox_set(sandbox, LAYER_USER, own->uid == 0 ? LAYER_OFF : LAYER_APPLIED, NULL);
    if (own->uid != 0 && setuid(0) == 0) {
        log_error("root came back after the change of user");
        birth_exit(EXIT_CODE_USER);
    }
}

/* The kernel forgets the death signal when the user changes, so it comes after; the race with a death is closed by looking. */
static void die_with_supervisor(const struct birth_settings *own)
{
    if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0)
        refuse(EXIT_CODE_ORPHAN, "death signal");
    if (own->supervisor_pid != 0 && getppid() != (pid_t)own->supervisor_pid)
        birth_exit(EXIT_CODE_ORPHAN);
}

/* Before any foreign code runs, so that none can report in our place: a second report ends the child. */
static void report(const struct sandbox *sandbox)
{
    struct control_message message = { .type = CONTROL_SANDBOX };
    message.body.sandbox = sandbox->report;
    enum control_result sent = control_send(FD_CONTROL, &message, -1);
    if (sent == CONTROL_CLOSED)
        birth_exit(EXIT_CODE_ORPHAN);
    if (sent != CONTROL_OK)
        refuse(EXIT_CODE_CONTROL, "control channel");
}

static void leave_host(void)
{
    if (setsid() < 0 && getsid(0) != getpid())
        refuse(EXIT_CODE_SESSION, "setsid");
    reset_signals();
    if (chdir("/") != 0)
        refuse(EXIT_CODE_SESSION, "chdir");
    umask(077);
}

static void confine(const struct birth_plan *plan, struct birth_settings *own)
{
    struct sandbox *sandbox = &own->sandbox;
    struct sandbox_rules none = { .path_count = 0 };
    struct sandbox_rules *rules = plan->rules != NULL ? plan->rules(plan->context, sandbox->has_broker) : &none;
    sandbox_leave_namespaces(sandbox, rules);
    set_limits(own);
    limit_processes(plan, own);
    report_limits(plan, own);
    change_user(own);
    sandbox_drop_capabilities(sandbox, false);
    die_with_supervisor(own);
    if (sandbox_refuse_privileges(sandbox) != 0)
        birth_exit(EXIT_CODE_PRIVILEGES);
    enum exit_code code = plan->before_sandbox == NULL ? EXIT_CODE_DONE : plan->before_sandbox(plan->context);
    if (code != EXIT_CODE_DONE)
        birth_exit(code);
    sandbox_apply_filters(sandbox, rules);
    int judged = sandbox_judge(sandbox);
    report(sandbox);
    if (judged != 0)
        birth_exit(EXIT_CODE_SANDBOX);
}

void birth(const struct birth_plan *plan)
{
    struct birth_settings own = { .uid = -1,
                                  .gid = -1,
                                  .data_max_bytes = plan->data_max_bytes,
                                  .files_max = plan->files_max };
    if (fcntl(FD_CONTROL, F_GETFD) < 0)
        birth_exit(EXIT_CODE_USAGE);
    /* Executed by descriptor it would be named after a number. */
    prctl(PR_SET_NAME, plan->process_name, 0, 0, 0);
    /* Among the settings is a password: no core and no debugger from here on. The change of user undoes it. */
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    sandbox_init(&own.sandbox, plan->profile);
    close_descriptors(plan->first_free_descriptor);
    leave_host();
    read_settings(plan, &own);
    yield_processor(&own);
    confine(plan, &own);
}
