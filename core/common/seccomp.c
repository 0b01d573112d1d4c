/* SPDX-License-Identifier: Apache-2.0 */
#include "common/seccomp.h"

#include <errno.h>
#include <malloc.h>
#include <seccomp.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/log.h"
#include "common/seccomp_calls.h"

/* A filter under construction. */
struct filter {
    scmp_filter_ctx context;
    const struct seccomp_plan *plan;
    uint32_t kill;      /* the strongest way to kill that this kernel has */
    uint32_t otherwise; /* for calls of no rule */
};

static unsigned who(const struct seccomp_plan *plan)
{
    static const unsigned WHO[SANDBOX_PROFILE_COUNT] = {
        [SANDBOX_WORKER] = FOR_WORKER,
        [SANDBOX_FRONT] = FOR_FRONT,
        [SANDBOX_BROKER] = FOR_BROKER,
    };
    return plan->profile == SANDBOX_WORKER && plan->has_broker ? FOR_BROKERED : WHO[plan->profile];
}

static uint32_t action_of(const struct filter *filter, int verdict)
{
    if (verdict == CALL_KILLS)
        return filter->kill;
    return verdict == CALL_ALLOWED ? SCMP_ACT_ALLOW : SCMP_ACT_ERRNO((uint16_t)verdict);
}

static struct scmp_arg_cmp compare(const struct seccomp_test *test)
{
    struct scmp_arg_cmp out = { .arg = test->argument, .op = SCMP_CMP_EQ, .datum_a = test->value };
    switch (test->compare) {
    case COMPARE_BITS:
        out.op = SCMP_CMP_MASKED_EQ;
        out.datum_a = test->mask;
        out.datum_b = test->value;
        break;
    case COMPARE_GREATER:
        out.op = SCMP_CMP_GT;
        break;
    case COMPARE_IS_SELF:
        out.datum_a = (scmp_datum_t)getpid();
        break;
    case COMPARE_IS_NOT_SELF:
        out.op = SCMP_CMP_NE;
        out.datum_a = (scmp_datum_t)getpid();
        break;
    default:
        break;
    }
    return out;
}

/* 0, or -1 and errno. A name that this library or architecture does not know is no rule; the library refuses a rule that
 * says what holds anyway. */
static int add_rule(const struct filter *filter, const char *name, int verdict, const struct seccomp_test *tests)
{
    struct scmp_arg_cmp compared[SECCOMP_TESTS_MAX];
    unsigned count = 0;
    uint32_t action = action_of(filter, verdict);
    int number = seccomp_syscall_resolve_name(name);
    if (number == __NR_SCMP_ERROR || action == filter->otherwise)
        return 0;
    for (; tests != NULL && count < SECCOMP_TESTS_MAX && tests[count].compare != COMPARE_END; count++)
        compared[count] = compare(&tests[count]);
    int result = seccomp_rule_add_array(filter->context, action, number, count, compared);
    if (result == 0 || (number < 0 && result != -ENOMEM) || result == -EEXIST)
        return 0; /* negative numbers are calls of other architectures */
    errno = -result;
    log_debug("seccomp: rule for %s: %s", name, strerror(errno));
    return -1;
}

static int add_names(const struct filter *filter, const struct seccomp_names *row)
{
    char name[32];
    for (const char *word = row->names; *word != '\0';) {
        size_t size = strcspn(word, " ");
        snprintf(name, sizeof name, "%.*s", (int)size, word);
        if (add_rule(filter, name, row->verdict, NULL) != 0)
            return -1;
        word += size + strspn(word + size, " ");
    }
    return 0;
}

static int add_all(const struct filter *filter)
{
    unsigned mine = who(filter->plan);
    for (size_t i = 0; i < SECCOMP_NAMES_COUNT; i++)
        if ((SECCOMP_NAMES[i].who & mine) != 0 && add_names(filter, &SECCOMP_NAMES[i]) != 0)
            return -1;
    for (size_t i = 0; i < SECCOMP_CALLS_COUNT; i++) {
        const struct seccomp_call *call = &SECCOMP_CALLS[i];
        if ((call->who & mine) != 0 && add_rule(filter, call->name, call->verdict, call->tests) != 0)
            return -1;
    }
    return 0;
}

/* Calls of another architecture, on the same processor, would have other numbers. */
static int set_attributes(struct filter *filter)
{
    if (filter->plan->logs)
        seccomp_attr_set(filter->context, SCMP_FLTATR_CTL_LOG, 1); /* since Linux 4.14; nothing depends on it */
    int result = seccomp_attr_set(filter->context, SCMP_FLTATR_ACT_BADARCH, filter->kill);
    if (result != 0)
        errno = -result;
    return result == 0 ? 0 : -1;
}

/* 0, or -1 and errno: the kernel, or this way to kill, does not do. */
static int build(struct filter *filter)
{
    bool kills = filter->plan->kills_unknown || filter->plan->profile == SANDBOX_FRONT;
    filter->otherwise = kills ? filter->kill : SCMP_ACT_ERRNO(ENOSYS);
    filter->context = seccomp_init(filter->otherwise);
    if (filter->context == NULL) {
        errno = EINVAL;
        return -1;
    }
    if (set_attributes(filter) == 0 && add_all(filter) == 0)
        return 0;
    int saved_errno = errno;
    seccomp_release(filter->context);
    filter->context = NULL;
    errno = saved_errno;
    return -1;
}

int seccomp_apply(const struct seccomp_plan *plan, const char **why)
{
    struct filter filter = { .plan = plan, .kill = SCMP_ACT_KILL_PROCESS };
    *why = "";
    if (build(&filter) != 0) {
        /* The library thinks little of a kernel whose seccomp() it may not call; prctl() may do all the same. */
        filter.kill = SCMP_ACT_KILL_THREAD;
        *why = "it kills threads, not processes";
        if (build(&filter) != 0)
            return -1;
    }
    errno = 0;
    int result = seccomp_load(filter.context);
    int error = errno != 0 ? errno : -result; /* older libraries return one number for all */
    seccomp_release(filter.context);
    malloc_trim(0); /* building it took half a megabyte, which every child would keep */
    if (result != 0) {
        errno = error;
        return -1;
    }
    return (*why)[0] == '\0' ? 0 : 1;
}
