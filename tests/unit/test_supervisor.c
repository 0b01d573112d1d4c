/* SPDX-License-Identifier: Apache-2.0 */
/* The supervisor's small parts: addresses, log lines, children's words, obituaries, passwords, outbox, spawn.
 */
#include "tests/tap/cunit_tap.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/exit_code.h"
#include "supervisor/listener.h"
#include "supervisor/log_format.h"
#include "supervisor/loop.h"
#include "supervisor/obituary.h"
#include "supervisor/outbox.h"
#include "supervisor/password.h"
#include "supervisor/relog.h"
#include "supervisor/spawn.h"

#define LINES_BURST (LIMIT_LOG_LINES_DEFAULT * LOG_BURST_S)

/* ---- listener */

static void test_addresses(void)
{
    static const struct {
        const char *text;
        bool good;
        bool loopback;
    } CASES[] = {
        {"127.0.0.1:9806", true, true},
        {"127.255.0.1:0", true, true},
        {"localhost:1", true, true},
        {"[::1]:9806", true, true},
        {"[::ffff:127.0.0.1]:1", true, true},
        {"0.0.0.0:80", true, false},
        {":80", true, false},
        {"[::]:80", true, false},
        {"[fe80::1]:1", true, false},
        {"192.168.1.1:65535", true, false},
        {"128.0.0.1:1", true, false},
        {"", false, false},
        {"127.0.0.1", false, false},
        {"127.0.0.1:", false, false},
        {"127.0.0.1:65536", false, false},
        {"127.0.0.1:-1", false, false},
        {"127.0.0.1:+1", false, false},
        {"127.0.0.1:1x", false, false},
        {"127.1:80", false, false},
        {"::1:80", false, false},
        {"[::1:80", false, false},
        {"[]:80", false, false},
        {"[:80", false, false},
        {"host.example:80", false, false},
        {"127.0.0.1:000080", false, false},
        {"[127.0.0.1]:80", false, false},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        struct listener_address address;
        bool good = listener_parse(CASES[i].text, &address) == 0;
        CU_ASSERT_EQUAL(good, CASES[i].good);
        if (good)
            CU_ASSERT_EQUAL(listener_is_loopback(&address), CASES[i].loopback);
    }
}

static void test_a_listener_tells_its_port(void)
{
    struct listener_address address;
    char bound[LISTENER_TEXT_BYTES];
    CU_ASSERT_EQUAL(listener_parse("127.0.0.1:0", &address), 0);
    int listener = listener_open(&address);
    CU_ASSERT_FATAL(listener >= 0);
    CU_ASSERT_EQUAL(listener_describe(listener, bound, sizeof bound), 0);
    CU_ASSERT_EQUAL(strncmp(bound, "127.0.0.1:", 10), 0);
    CU_ASSERT_STRING_NOT_EQUAL(bound, "127.0.0.1:0");
    CU_ASSERT_TRUE(fcntl(listener, F_GETFD) & FD_CLOEXEC);
    /* The same once more: taken. */
    struct listener_address same;
    CU_ASSERT_EQUAL(listener_parse(bound, &same), 0);
    CU_ASSERT_EQUAL(listener_open(&same), -1);
    CU_ASSERT_EQUAL(errno, EADDRINUSE);
    close(listener);
}

/* ---- log */

static void test_log_lines(void)
{
    char line[256];
    const struct log_field fields[] = {{"level", "info"}, {"msg", "say \"hi\" to C:\\ now"}, {"empty", ""}};
    size_t size = log_format_line(line, sizeof line, LOG_FORMAT_LOGFMT, 1700000000123, fields, 3);
    line[size] = '\0';
    CU_ASSERT_STRING_EQUAL(
        line, "time=2023-11-14T22:13:20.123Z level=info msg=\"say \\\"hi\\\" to C:\\\\ now\" empty=\"\"\n");
    size = log_format_line(line, sizeof line, LOG_FORMAT_JSON, 5, fields, 2);
    line[size] = '\0';
    CU_ASSERT_STRING_EQUAL(line, "{\"time\":\"1970-01-01T00:00:00.005Z\",\"level\":\"info\",\"msg\":\"say "
                                 "\\\"hi\\\" to C:\\\\ now\"}\n");
}

static void test_long_log_lines_are_whole(void)
{
    char text[LOG_LINE_MAX_BYTES];
    char line[512];
    memset(text, '"', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    const struct log_field fields[] = {{"msg", text}};
    for (unsigned format = LOG_FORMAT_LOGFMT; format <= LOG_FORMAT_JSON; format++) {
        size_t size = log_format_line(line, sizeof line, (enum log_format)format, 0, fields, 1);
        CU_ASSERT_FATAL(size > 2 && size <= sizeof line);
        CU_ASSERT_EQUAL(line[size - 1], '\n');
        CU_ASSERT_EQUAL(line[size - (format == LOG_FORMAT_JSON ? 3 : 2)], '"');
    }
}

/* Fills the pipe but for one page. */
static void fill_but_a_page(int pipe_end)
{
    static const char page[4096];
    int size = fcntl(pipe_end, F_GETPIPE_SZ);
    for (int i = 1; i < size / (int)sizeof page; i++)
        CU_ASSERT_EQUAL(write(pipe_end, page, sizeof page), (ssize_t)sizeof page);
}

/* The word on lost lines takes the last room; the line after it would wait for ever. */
static void test_a_full_log_never_blocks(void)
{
    int ends[2];
    char text[LOG_LINE_MAX_BYTES];
    char drained[4096];
    memset(text, 1, sizeof text - 1); /* each becomes six bytes: the line has the longest that there is */
    text[sizeof text - 1] = '\0';
    CU_ASSERT_EQUAL_FATAL(pipe2(ends, O_CLOEXEC), 0);
    int kept = dup(STDERR_FILENO);
    CU_ASSERT_EQUAL_FATAL(dup2(ends[1], STDERR_FILENO), STDERR_FILENO);
    fill_but_a_page(STDERR_FILENO);
    alarm(20);
    log_format_begin(LOG_FORMAT_LOGFMT);
    for (int i = 0; i < 4; i++) /* the second finds no room, the others neither */
        log_format_child(LOG_LEVEL_ERROR, "child", 1, text);
    CU_ASSERT_EQUAL(read(ends[0], drained, sizeof drained), (ssize_t)sizeof drained);
    for (int i = 0; i < 4; i++)
        log_format_child(LOG_LEVEL_ERROR, "child", 1, text);
    alarm(0);
    dup2(kept, STDERR_FILENO);
    close(kept);
    close(ends[0]);
    close(ends[1]);
}

/* ---- relog */

static char heard[64][LOG_LINE_MAX_BYTES + 1];
static enum log_level heard_levels[64];
static unsigned heard_count;

static void hear(enum log_level level, const char *text, void *context)
{
    (void)context;
    if (heard_count < 64) {
        heard_levels[heard_count] = level;
        snprintf(heard[heard_count], sizeof heard[0], "%s", text);
    }
    heard_count++;
}

static void feed(struct relog *relog, const char *text, int64_t now_ms)
{
    relog_feed(relog, text, strlen(text), now_ms);
}

static void test_lines_of_a_child(void)
{
    static struct relog relog;
    heard_count = 0;
    relog_begin(&relog, LIMIT_LOG_LINES_DEFAULT, hear, NULL, 0);
    feed(&relog, "E bad\nI go", 0);
    CU_ASSERT_EQUAL(heard_count, 1);
    feed(&relog, "od\nD hidden\n\nlibrary \x01 \xff words\nlast", 0);
    relog_end(&relog, 0);
    CU_ASSERT_EQUAL_FATAL(heard_count, 4);
    CU_ASSERT_EQUAL(heard_levels[0], LOG_LEVEL_ERROR);
    CU_ASSERT_STRING_EQUAL(heard[0], "bad");
    CU_ASSERT_STRING_EQUAL(heard[1], "good");
    CU_ASSERT_EQUAL(heard_levels[2], LOG_LEVEL_WARNING);
    CU_ASSERT_STRING_EQUAL(heard[2], "library   \xef\xbf\xbd words");
    CU_ASSERT_STRING_EQUAL(heard[3], "last");
    CU_ASSERT_STRING_EQUAL(relog_last_words(&relog, 0), "last");
    CU_ASSERT_STRING_EQUAL(relog_last_words(&relog, 60000), "");
}

static void test_a_flood_of_lines(void)
{
    static struct relog relog;
    heard_count = 0;
    relog_begin(&relog, LIMIT_LOG_LINES_DEFAULT, hear, NULL, 0);
    for (int i = 0; i < 10000; i++)
        feed(&relog, "I again\n", 0);
    feed(&relog, "E the end\n", 0);
    CU_ASSERT_EQUAL(heard_count, LINES_BURST);
    CU_ASSERT_NOT_EQUAL(relog_tick_ms(&relog), INT64_MAX);
    relog_tick(&relog, relog_tick_ms(&relog));
    CU_ASSERT_EQUAL(heard_count, LINES_BURST + 1);
    CU_ASSERT_EQUAL(relog_tick_ms(&relog), INT64_MAX);
    CU_ASSERT_STRING_EQUAL(relog_last_words(&relog, 0), "the end");
    /* A second later there is room for some more. */
    for (int i = 0; i < 1000; i++)
        feed(&relog, "I again\n", 1000);
    CU_ASSERT_EQUAL(heard_count, LINES_BURST + 1 + LIMIT_LOG_LINES_DEFAULT);
    /* Totals outlive a generation; another limit makes another budget. */
    relog_end(&relog, 1000);
    CU_ASSERT_EQUAL(relog.dropped_total, 10001 - LINES_BURST + 1000 - LIMIT_LOG_LINES_DEFAULT);
    CU_ASSERT_EQUAL(relog.summaries_total, 2);
    heard_count = 0;
    relog_begin(&relog, 1, hear, NULL, 2000);
    for (int i = 0; i < 1000; i++)
        feed(&relog, "I again\n", 2000);
    CU_ASSERT_EQUAL(heard_count, LOG_BURST_S);
    relog_end(&relog, 2000);
    CU_ASSERT_EQUAL(relog.summaries_total, 3);
    CU_ASSERT_PTR_NOT_NULL(strstr(heard[heard_count - 1], "more than limits.log_lines, 1 in a second"));
}

static void test_an_endless_line(void)
{
    static struct relog relog;
    heard_count = 0;
    relog_begin(&relog, LIMIT_LOG_LINES_DEFAULT, hear, NULL, 0);
    for (int i = 0; i < 100000; i++)
        feed(&relog, "xyz", 0);
    CU_ASSERT_EQUAL(heard_count, 0);
    feed(&relog, "\nI next\n", 0);
    CU_ASSERT_EQUAL_FATAL(heard_count, 2);
    CU_ASSERT_TRUE(strlen(heard[0]) <= LOG_LINE_MAX_BYTES);
    CU_ASSERT_STRING_EQUAL(heard[1], "next");
    for (int i = 0; i < 100; i++)
        feed(&relog, "W some words that are to be kept until others take their place\n", 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(relog_last_words(&relog, 0), "some words"));
}

/* ---- obituary */

static void expect_obituary(const struct obituary *obituary, const char *expected)
{
    char text[512];
    obituary_write(text, sizeof text, obituary);
    CU_ASSERT_STRING_EQUAL(text, expected);
}

static void test_obituaries(void)
{
    expect_obituary(&(struct obituary){true, SIGSEGV, true, RESTART_SIGNAL, false, 0, "oops"},
                    "signal 11 SIGSEGV (Segmentation fault), core dumped; last words: oops");
    expect_obituary(&(struct obituary){true, SIGKILL, false, RESTART_DEADLINE, false, 0, ""},
                    "did not speak again in time; signal 9 SIGKILL (Killed)");
    expect_obituary(&(struct obituary){false, EXIT_CODE_PLUGIN_ABI, false, RESTART_EXIT, false, 0, ""},
                    "exit code 79: refused the plugin's ABI");
    expect_obituary(&(struct obituary){false, 0, false, RESTART_EXIT, false, 0, ""},
                    "exit code 0: left without being asked to");
    expect_obituary(&(struct obituary){false, 0, false, RESTART_CAUSE_COUNT, false, 0, "bye"}, "as asked");
    expect_obituary(&(struct obituary){false, SPAWN_EXIT_CODE_EXEC, false, RESTART_EXIT, false, 0, "why"},
                    "could not be executed; last words: why");
    expect_obituary(&(struct obituary){true, SIGKILL, false, RESTART_DEADLINE, true, 3250, ""},
                    "did not speak again in time and was computing (3.2 s of CPU time); signal 9 SIGKILL "
                    "(Killed)");
    expect_obituary(&(struct obituary){true, SIGKILL, false, RESTART_SIGNAL, false, 0, ""},
                    "signal 9 SIGKILL (Killed), not ours: the kernel's for want of memory on the host, or somebody's");
    expect_obituary(&(struct obituary){true, SIGPROF, false, RESTART_CPU, false, 5010, ""},
                    "used more CPU time in a round than limits.cpu allows (5.0 s of CPU time); signal 27 SIGPROF "
                    "(Profiling timer expired)");
    expect_obituary(&(struct obituary){false, EXIT_CODE_MEMORY, false, RESTART_MEMORY, false, 0, "so much"},
                    "reached limits.memory; exit code 76: ran out of memory; last words: so much");
    expect_obituary(&(struct obituary){true, SIGSYS, false, RESTART_SANDBOX, false, 0, ""},
                    "the sandbox killed it for a system call, whose number is in a line type=1326 of the kernel's log; "
                    "signal 31 SIGSYS (Bad system call)");
}

/* ---- password */

static void write_password(const char *path, const void *bytes, size_t size, mode_t mode)
{
    unlink(path); /* a plain user cannot write into the one before, when that was read-only */
    int descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
    CU_ASSERT_FATAL(descriptor >= 0);
    CU_ASSERT_EQUAL(write(descriptor, bytes, size), (ssize_t)size);
    CU_ASSERT_EQUAL(fchmod(descriptor, mode), 0);
    close(descriptor);
}

static void test_passwords(void)
{
    char path[] = "/tmp/minotor-test-XXXXXX";
    char password[SETTING_VALUE_MAX_BYTES];
    char huge[SETTING_VALUE_MAX_BYTES + 1];
    struct stat status;
    close(mkstemp(path));
    write_password(path, "pa ss'w\\rd\n", 11, 0600);
    CU_ASSERT_EQUAL(password_read(path, password, &status), PASSWORD_OK);
    CU_ASSERT_STRING_EQUAL(password, "pa ss'w\\rd");
    CU_ASSERT_EQUAL(status.st_size, 11);
    write_password(path, "x", 1, 0400);
    CU_ASSERT_EQUAL(password_read(path, password, NULL), PASSWORD_OK);
    write_password(path, "x", 1, 0640);
    CU_ASSERT_EQUAL(password_read(path, password, NULL), PASSWORD_TOO_OPEN);
    CU_ASSERT_EQUAL(password[0], '\0');
    write_password(path, "x", 1, 0604);
    CU_ASSERT_EQUAL(password_read(path, password, NULL), PASSWORD_TOO_OPEN);
    write_password(path, "", 0, 0600);
    CU_ASSERT_EQUAL(password_read(path, password, NULL), PASSWORD_BAD_TEXT);
    write_password(path, "a\nb\n", 4, 0600);
    CU_ASSERT_EQUAL(password_read(path, password, NULL), PASSWORD_BAD_TEXT);
    write_password(path, "a\0b", 3, 0600);
    CU_ASSERT_EQUAL(password_read(path, password, NULL), PASSWORD_BAD_TEXT);
    memset(huge, 'x', sizeof huge);
    write_password(path, huge, SETTING_VALUE_MAX_BYTES - 1, 0600);
    CU_ASSERT_EQUAL(password_read(path, password, NULL), PASSWORD_OK);
    write_password(path, huge, SETTING_VALUE_MAX_BYTES, 0600);
    CU_ASSERT_EQUAL(password_read(path, password, NULL), PASSWORD_BAD_TEXT);
    write_password(path, "p\xc3\xbc", 3, 0600);
    CU_ASSERT_EQUAL(password_read_utf8(path, password), PASSWORD_OK);
    write_password(path, "p\xfc", 2, 0600);
    CU_ASSERT_EQUAL(password_read(path, password, NULL), PASSWORD_OK);
    CU_ASSERT_EQUAL(password_read_utf8(path, password), PASSWORD_NO_UTF8);
    CU_ASSERT_EQUAL(password[0], '\0');
    unlink(path);
    CU_ASSERT_EQUAL(password_read(path, password, NULL), PASSWORD_UNREADABLE);
    CU_ASSERT_EQUAL(errno, ENOENT);
    CU_ASSERT_EQUAL(password_read("/dev/null", password, NULL), PASSWORD_NO_FILE);
    CU_ASSERT_EQUAL(mkfifo(path, 0600), 0);
    CU_ASSERT_EQUAL(password_read(path, password, NULL),
                    PASSWORD_NO_FILE); /* and does not wait for a writer */
    unlink(path);
}

/* ---- outbox */

static void make_setting(struct control_message *message, unsigned number)
{
    memset(message, 0, sizeof *message);
    message->type = CONTROL_SETTING;
    snprintf(message->body.setting.name, sizeof message->body.setting.name, "s%u", number);
    memset(message->body.setting.value, 'v', 2000);
}

static void test_a_full_socket(void)
{
    int ends[2];
    struct outbox outbox;
    struct control_message message;
    const unsigned count = 500;
    outbox_init(&outbox);
    CU_ASSERT_EQUAL_FATAL(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends), 0);
    for (unsigned i = 0; i < count; i++) {
        make_setting(&message, i);
        CU_ASSERT_EQUAL_FATAL(outbox_send(&outbox, ends[0], &message, i == count - 1 ? ends[0] : -1),
                              OUTBOX_OK);
    }
    CU_ASSERT_TRUE(outbox_waiting(&outbox));
    /* Everything arrives, in order, as the other side reads. */
    for (unsigned i = 0; i < count; i++) {
        char name[16];
        int descriptor = -1;
        outbox_flush(&outbox, ends[0]);
        CU_ASSERT_EQUAL_FATAL(control_receive(ends[1], CONTROL_FROM_SUPERVISOR, &message, &descriptor),
                              CONTROL_OK);
        snprintf(name, sizeof name, "s%u", i);
        CU_ASSERT_STRING_EQUAL_FATAL(message.body.setting.name, name);
        CU_ASSERT_EQUAL(descriptor >= 0, i == count - 1);
        if (descriptor >= 0)
            close(descriptor);
    }
    CU_ASSERT_FALSE(outbox_waiting(&outbox));
    close(ends[0]);
    close(ends[1]);
}

static void test_one_who_never_reads(void)
{
    int ends[2];
    struct outbox outbox;
    struct control_message message;
    unsigned taken = 0;
    outbox_init(&outbox);
    make_setting(&message, 0);
    CU_ASSERT_EQUAL_FATAL(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends), 0);
    while (taken < 100000 && outbox_send(&outbox, ends[0], &message, -1) == OUTBOX_OK)
        taken++;
    CU_ASSERT_TRUE(taken >= CONTROL_WAITING_MAX && taken < 100000);
    CU_ASSERT_EQUAL(outbox_send(&outbox, ends[0], &message, -1), OUTBOX_FULL);
    outbox_clear(&outbox);
    CU_ASSERT_FALSE(outbox_waiting(&outbox));
    close(ends[1]);
    CU_ASSERT_EQUAL(outbox_send(&outbox, ends[0], &message, -1), OUTBOX_CLOSED);
    close(ends[0]);
}

/* ---- spawn */

/* valgrind 3.19 does not know pidfd_open: under it nothing can be spawned. */
static bool can_spawn(const struct spawn_plan *plan, struct spawned *spawned)
{
    enum spawn_result result = spawn(plan, spawned);
    if (result == SPAWN_NO_PIDFD && errno == ENOSYS) {
        cunit_tap_skip("no pidfd_open here");
        return false;
    }
    CU_ASSERT_EQUAL_FATAL(result, SPAWN_OK);
    return true;
}

static size_t read_all(int descriptor, char *out, size_t out_bytes)
{
    size_t size = 0;
    struct pollfd readable = {.fd = descriptor, .events = POLLIN};
    while (size + 1 < out_bytes && poll(&readable, 1, 10000) == 1) {
        ssize_t got = read(descriptor, out + size, out_bytes - 1 - size);
        if (got <= 0)
            break;
        size += (size_t)got;
    }
    out[size] = '\0';
    return size;
}

static int reap(const struct spawned *spawned)
{
    siginfo_t info = {.si_pid = 0};
    CU_ASSERT_EQUAL(waitid((idtype_t)P_PIDFD, (id_t)spawned->pidfd, &info, WEXITED), 0);
    CU_ASSERT_EQUAL(info.si_pid, spawned->pid);
    close(spawned->pidfd);
    close(spawned->control);
    close(spawned->log);
    return info.si_status;
}

/* This program once more, as a child: says what it was born with. */
#define PROBE_TITLE "minotor: probe of a test"

static _Noreturn void probe(int argument_count)
{
    static const int SIGNALS[] = {SIGTERM, SIGCHLD, SIGPIPE};
    struct stat status;
    sigset_t blocked;
    struct sigaction action;
    dprintf(STDERR_FILENO, "arguments %d\n", argument_count);
    for (char **variable = environ; *variable != NULL; variable++)
        dprintf(STDERR_FILENO, "%s\n", *variable);
    for (int descriptor = 0; descriptor <= FD_DATA; descriptor++)
        dprintf(STDERR_FILENO, "%d %s\n", descriptor,
                fstat(descriptor, &status) != 0 ? "closed"
                : S_ISCHR(status.st_mode)       ? "device"
                : S_ISSOCK(status.st_mode)      ? "socket"
                : S_ISFIFO(status.st_mode)      ? "pipe"
                                                : "else");
    sigprocmask(SIG_SETMASK, NULL, &blocked);
    for (size_t i = 0; i < sizeof SIGNALS / sizeof SIGNALS[0]; i++) {
        sigaction(SIGNALS[i], NULL, &action);
        if (sigismember(&blocked, SIGNALS[i]) || action.sa_handler != SIG_DFL)
            dprintf(STDERR_FILENO, "signal %d is not as it should be\n", SIGNALS[i]);
    }
    _exit(7);
}

static void test_a_spawned_child_starts_clean(void)
{
    struct spawned spawned;
    char said[4096];
    int data[2];
    sigset_t blocked;
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    int program = spawn_open_program("/proc/self/exe");
    CU_ASSERT_FATAL(program >= 0 && null >= 0);
    CU_ASSERT_EQUAL_FATAL(pipe2(data, O_CLOEXEC), 0);
    setenv("PGPASSWORD", "must not arrive", 1);
    setenv("TZ", "Europe/Berlin", 1);
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGTERM);
    sigaddset(&blocked, SIGCHLD);
    sigprocmask(SIG_BLOCK, &blocked, NULL);
    signal(SIGPIPE, SIG_IGN);
    const struct spawn_plan plan = {.program = program, .null = null, .title = PROBE_TITLE, .data = data[1]};
    bool spawns = can_spawn(&plan, &spawned);
    sigprocmask(SIG_UNBLOCK, &blocked, NULL);
    if (!spawns)
        return;
    CU_ASSERT_TRUE(fcntl(spawned.control, F_GETFD) & FD_CLOEXEC);
    CU_ASSERT_TRUE(fcntl(spawned.control, F_GETFL) & O_NONBLOCK);
    CU_ASSERT_TRUE(fcntl(spawned.log, F_GETFD) & FD_CLOEXEC);
    CU_ASSERT_TRUE(fcntl(spawned.pidfd, F_GETFD) & FD_CLOEXEC);
    read_all(spawned.log, said, sizeof said);
    CU_ASSERT_STRING_EQUAL(said, "arguments 1\nPATH=/usr/bin:/bin\nLC_ALL=C\nHOME=/nonexistent\n"
                                 "RES_OPTIONS=timeout:1 attempts:2\nTZ=Europe/Berlin\n"
                                 "0 device\n1 device\n2 pipe\n3 socket\n4 pipe\n");
    CU_ASSERT_EQUAL(reap(&spawned), 7);
    close(data[0]);
    close(data[1]);
    close(program);
    close(null);
}

static void test_what_cannot_be_executed(void)
{
    struct spawned spawned;
    char said[4096];
    char path[] = "/tmp/minotor-test-XXXXXX";
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    int file = mkstemp(path);
    CU_ASSERT_EQUAL(write(file, "no program", 10), 10);
    close(file);
    CU_ASSERT_EQUAL(spawn_open_program(path), -1);
    CU_ASSERT_EQUAL(chmod(path, 0700), 0);
    int program = spawn_open_program(path);
    CU_ASSERT_FATAL(program >= 0);
    const struct spawn_plan plan = {.program = program, .null = null, .title = "nothing", .data = -1};
    if (!can_spawn(&plan, &spawned))
        return;
    read_all(spawned.log, said, sizeof said);
    CU_ASSERT_STRING_EQUAL(said, "E cannot be executed: Exec format error\n");
    CU_ASSERT_EQUAL(reap(&spawned), SPAWN_EXIT_CODE_EXEC);
    unlink(path);
    close(program);
    close(null);
    CU_ASSERT_EQUAL(spawn_open_program("/nonexistent"), -1);
    CU_ASSERT_EQUAL(spawn_open_program("/tmp"), -1);
}

/* ---- loop */

static void test_a_stalled_loop(void)
{
    CU_ASSERT_EQUAL(loop_stall_ms(1000, 1000), 0);
    CU_ASSERT_EQUAL(loop_stall_ms(10, 1000), 0);
    CU_ASSERT_EQUAL(loop_stall_ms(1000 + STALL_MS, 1000), 0);
    CU_ASSERT_EQUAL(loop_stall_ms(61000, 1000), 60000);
}

int main(int argument_count, char **arguments)
{
    if (strcmp(arguments[0], PROBE_TITLE) == 0)
        probe(argument_count);
    static CU_TestInfo tests[] = {
        {"addresses", test_addresses},
        {"a listener tells its port", test_a_listener_tells_its_port},
        {"log lines", test_log_lines},
        {"long log lines are whole", test_long_log_lines_are_whole},
        {"a full log never blocks", test_a_full_log_never_blocks},
        {"lines of a child", test_lines_of_a_child},
        {"a flood of lines", test_a_flood_of_lines},
        {"an endless line", test_an_endless_line},
        {"obituaries", test_obituaries},
        {"passwords", test_passwords},
        {"a full control socket", test_a_full_socket},
        {"a child that never reads", test_one_who_never_reads},
        {"a spawned child starts clean", test_a_spawned_child_starts_clean},
        {"what cannot be executed", test_what_cannot_be_executed},
        {"a stalled loop", test_a_stalled_loop},
        CU_TEST_INFO_NULL,
    };
    static CU_SuiteInfo suites[] = {{"supervisor", NULL, NULL, NULL, NULL, tests}, CU_SUITE_INFO_NULL};
    return cunit_tap_main(suites);
}
