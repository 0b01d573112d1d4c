/* SPDX-License-Identifier: Apache-2.0 */
/* Both ends of a worker's way out: connect() and getaddrinfo() of a worker, with a broker in a process of its own. */
#include <CUnit/CUnit.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "broker/broker.h"
#include "common/clock.h"
#include "common/exit_code.h"
#include "tests/tap/cunit_tap.h"
#include "worker/reach.h"

static struct {
    pid_t pid;
    int control, client; /* our ends */
    int tcp, local;      /* listeners */
    unsigned port;       /* of the first */
    char path[64];       /* of the second */
} world;

static _Noreturn void be_broker(int control, int client)
{
    static struct broker broker;
    char place[128];
    dup2(control, 20);
    dup2(client, 21);
    dup2(20, FD_CONTROL);
    dup2(21, FD_CLIENT);
    close(20);
    close(21);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    snprintf(place, sizeof place, "tcp localhost %u", world.port);
    places_add(&broker.places, place);
    snprintf(place, sizeof place, "tcp 127.0.0.1 %u", world.port);
    places_add(&broker.places, place);
    snprintf(place, sizeof place, "unix %s", world.path);
    places_add(&broker.places, place);
    _exit(broker_run(&broker));
}

static int listen_at(struct sockaddr *address, socklen_t size)
{
    int listener = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (bind(listener, address, size) != 0 || listen(listener, 64) != 0)
        return -1;
    return listener;
}

static void make_servers(void)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    struct sockaddr_un local = { .sun_family = AF_UNIX };
    socklen_t size = sizeof address;
    snprintf(world.path, sizeof world.path, "/tmp/minotor-way-out-%ld", (long)getpid());
    strcpy(local.sun_path, world.path);
    world.tcp = listen_at((struct sockaddr *)&address, sizeof address);
    world.local = listen_at((struct sockaddr *)&local, sizeof local);
    getsockname(world.tcp, (struct sockaddr *)&address, &size);
    world.port = ntohs(address.sin_port);
}

static void begin(void)
{
    int control[2], client[2];
    if (world.port == 0)
        make_servers();
    socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, control);
    socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, client);
    fflush(stdout);
    world.pid = fork();
    if (world.pid == 0) {
        close(control[0]);
        close(client[0]);
        be_broker(control[1], client[1]);
    }
    close(control[1]);
    close(client[1]);
    world.control = control[0];
    world.client = client[0];
    reach_init(world.client);
    reach_set_deadline(INT64_MAX);
}

/* Returns how it ended: an exit code, or a signal as a negative number. */
static int end(void)
{
    int status;
    close(world.client);
    reach_init(-1);
    waitpid(world.pid, &status, 0);
    close(world.control);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static struct sockaddr_in loopback(unsigned port)
{
    return (struct sockaddr_in){ .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                                 .sin_port = htons((uint16_t)port) };
}

static int try(int socket, unsigned port)
{
    struct sockaddr_in address = loopback(port);
    errno = 0;
    return reach_connect(socket, (struct sockaddr *)&address, sizeof address);
}

/* Whether the server at the other end is there. */
static bool is_connected(int socket, int listener)
{
    char byte = 0;
    int other = accept(listener, NULL, NULL);
    bool good = other >= 0 && write(socket, "x", 1) == 1 && read(other, &byte, 1) == 1 && byte == 'x';
    close(other);
    return good;
}

static void allowed_places_are_connected(void)
{
    begin();
    int one = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CU_ASSERT_EQUAL(try(one, world.port), 0);
    CU_ASSERT_TRUE(is_connected(one, world.tcp));
    CU_ASSERT_EQUAL(fcntl(one, F_GETFL) & O_NONBLOCK, 0);
    CU_ASSERT_EQUAL(fcntl(one, F_GETFD), FD_CLOEXEC);
    close(one);
    one = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    struct pollfd waiting = { .fd = one, .events = POLLOUT };
    CU_ASSERT(try(one, world.port) == 0 || errno == EINPROGRESS);
    CU_ASSERT_EQUAL(poll(&waiting, 1, 5000), 1);
    CU_ASSERT_TRUE(is_connected(one, world.tcp));
    CU_ASSERT_NOT_EQUAL(fcntl(one, F_GETFL) & O_NONBLOCK, 0);
    CU_ASSERT_EQUAL(fcntl(one, F_GETFD), 0);
    close(one);
    struct sockaddr_un local = { .sun_family = AF_UNIX };
    strcpy(local.sun_path, world.path);
    one = socket(AF_UNIX, SOCK_STREAM, 0);
    CU_ASSERT_EQUAL(reach_connect(one, (struct sockaddr *)&local, sizeof local), 0);
    CU_ASSERT_TRUE(is_connected(one, world.local));
    close(one);
    CU_ASSERT_EQUAL(end(), 0);
}

static void options_are_carried_over(void)
{
    const struct {
        int level, name, value;
    } options[] = { { SOL_SOCKET, SO_KEEPALIVE, 1 },     { IPPROTO_TCP, TCP_NODELAY, 1 },
                    { IPPROTO_TCP, TCP_KEEPIDLE, 15 },   { IPPROTO_TCP, TCP_KEEPINTVL, 5 },
                    { IPPROTO_TCP, TCP_KEEPCNT, 3 },     { IPPROTO_TCP, TCP_USER_TIMEOUT, 10000 },
                    { SOL_SOCKET, SO_SNDBUF, 40000 } };
    const struct timeval patience = { .tv_sec = 3 };
    struct timeval kept;
    socklen_t size = sizeof kept;
    begin();
    int one = socket(AF_INET, SOCK_STREAM, 0);
    for (size_t i = 0; i < sizeof options / sizeof options[0]; i++)
        setsockopt(one, options[i].level, options[i].name, &options[i].value, sizeof options[i].value);
    setsockopt(one, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    CU_ASSERT_EQUAL(try(one, world.port), 0);
    for (size_t i = 0; i < sizeof options / sizeof options[0]; i++) {
        int value = 0, expected = options[i].name == SO_SNDBUF ? 2 * options[i].value : options[i].value;
        socklen_t value_size = sizeof value;
        getsockopt(one, options[i].level, options[i].name, &value, &value_size);
        CU_ASSERT_EQUAL(value, expected);
    }
    getsockopt(one, SOL_SOCKET, SO_RCVTIMEO, &kept, &size);
    CU_ASSERT_EQUAL(kept.tv_sec, 3);
    close(one);
    end();
}

static void other_places_are_refused(void)
{
    begin();
    struct sockaddr_un local = { .sun_family = AF_UNIX, .sun_path = "/run/other" };
    struct sockaddr_in address = loopback(world.port);
    int one = socket(AF_INET, SOCK_STREAM, 0), datagram = socket(AF_INET, SOCK_DGRAM, 0),
        file = socket(AF_UNIX, SOCK_STREAM, 0);
    CU_ASSERT(try(one, world.port + 1) != 0 && errno == EACCES);
    CU_ASSERT(try(datagram, world.port) != 0 && errno == EACCES);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1);
    CU_ASSERT(reach_connect(one, (struct sockaddr *)&address, sizeof address) != 0 && errno == EACCES);
    CU_ASSERT(reach_connect(file, (struct sockaddr *)&local, sizeof local) != 0 && errno == EACCES);
    memcpy(local.sun_path, "\0/tmp", 5);
    CU_ASSERT(reach_connect(file, (struct sockaddr *)&local, sizeof local) != 0 && errno == EACCES);
    CU_ASSERT(reach_connect(file, (struct sockaddr *)&local, 1) != 0 && errno == EAFNOSUPPORT);
    CU_ASSERT(try(-1, world.port) != 0 && errno == EBADF);
    int pair[2];
    CU_ASSERT_EQUAL_FATAL(pipe(pair), 0);
    CU_ASSERT(try(pair[0], world.port) != 0 && errno == ENOTSOCK);
    CU_ASSERT_EQUAL(try(one, world.port), 0); /* nothing of that has done harm */
    const int opened[] = { one, datagram, file, pair[0], pair[1] };
    for (size_t i = 0; i < sizeof opened / sizeof opened[0]; i++)
        close(opened[i]);
    end();
}

static void names_are_looked_up(void)
{
    const struct addrinfo wanted = { .ai_family = AF_INET, .ai_socktype = SOCK_STREAM, .ai_flags = AI_CANONNAME };
    const struct addrinfo number = { .ai_flags = AI_NUMERICHOST };
    struct addrinfo *found = NULL;
    char port[8];
    begin();
    snprintf(port, sizeof port, "%u", world.port);
    CU_ASSERT_EQUAL_FATAL(reach_getaddrinfo("localhost", port, &wanted, &found), 0);
    CU_ASSERT_STRING_EQUAL(found->ai_canonname, "localhost");
    CU_ASSERT_EQUAL(found->ai_family, AF_INET);
    CU_ASSERT_EQUAL(found->ai_protocol, IPPROTO_TCP);
    int one = socket(found->ai_family, found->ai_socktype, found->ai_protocol);
    CU_ASSERT_EQUAL(reach_connect(one, found->ai_addr, found->ai_addrlen), 0);
    close(one);
    reach_freeaddrinfo(found);
    CU_ASSERT_EQUAL(reach_getaddrinfo("example.org", "80", NULL, &found), EAI_NONAME);
    CU_ASSERT_EQUAL(reach_getaddrinfo("localhost", NULL, &number, &found), EAI_NONAME);
    CU_ASSERT_EQUAL(reach_getaddrinfo(NULL, NULL, NULL, &found), EAI_NONAME);
    CU_ASSERT_EQUAL(reach_getaddrinfo("localhost", "no-such-service", NULL, &found), EAI_SERVICE);
    CU_ASSERT_EQUAL_FATAL(reach_getaddrinfo("2001:db8::1", "5432", NULL, &found), 0); /* nobody is asked */
    CU_ASSERT(found->ai_family == AF_INET6 && found->ai_next == NULL);
    reach_freeaddrinfo(found);
    CU_ASSERT_EQUAL_FATAL(reach_getaddrinfo(NULL, "80", &(struct addrinfo){ .ai_family = AF_INET }, &found), 0);
    CU_ASSERT_EQUAL(((struct sockaddr_in *)(void *)found->ai_addr)->sin_addr.s_addr, htonl(INADDR_LOOPBACK));
    reach_freeaddrinfo(found);
    end();
}

#define THREADS 8
#define TURNS 50

static void *call_often(void *argument)
{
    const struct addrinfo wanted = { .ai_family = AF_INET, .ai_socktype = SOCK_STREAM };
    int *failures = argument;
    for (int i = 0; i < TURNS; i++) {
        struct addrinfo *found = NULL;
        int one = socket(AF_INET, SOCK_STREAM, 0);
        /* All of them together are more than the broker's pace bears. */
        if (i % 2 == 0 && try(one, world.port) != 0)
            *failures += errno != ECONNREFUSED;
        else if (i % 2 == 0)
            *failures += send(one, "x", 1, MSG_NOSIGNAL) != 1;
        else
            *failures += try(one, world.port + 1) == 0 || errno != EACCES;
        close(one);
        if (i % 5 == 0 && reach_getaddrinfo("localhost", "1", &wanted, &found) == 0)
            reach_freeaddrinfo(found);
        else if (i % 5 == 0)
            ++*failures;
    }
    return NULL;
}

static void *accept_all(void *argument)
{
    (void)argument;
    for (;;) {
        int other = accept(world.tcp, NULL, NULL);
        if (other < 0)
            return NULL;
        close(other);
    }
}

static void threads_get_their_own_answers(void)
{
    pthread_t threads[THREADS], server;
    int failures[THREADS] = { 0 };
    begin();
    pthread_create(&server, NULL, accept_all, NULL);
    for (int i = 0; i < THREADS; i++)
        pthread_create(&threads[i], NULL, call_often, &failures[i]);
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        CU_ASSERT_EQUAL(failures[i], 0);
    }
    CU_ASSERT_FALSE(reach_is_lost());
    pthread_cancel(server);
    pthread_join(server, NULL);
    end();
}

/* A connection has two descriptors for a moment, the caller's and the broker's. */
static void no_room_for_a_socket_is_no_loss(void)
{
    enum { LIMIT = 128 };
    struct rlimit before, low;
    int filled[LIMIT], count = 0;
    const char *preloaded = getenv("LD_PRELOAD");
    if (preloaded != NULL && strstr(preloaded, "valgrind") != NULL) {
        cunit_tap_skip("valgrind does not count the descriptors that are received");
        return;
    }
    begin();
    getrlimit(RLIMIT_NOFILE, &before);
    low = (struct rlimit){ .rlim_cur = LIMIT, .rlim_max = before.rlim_max };
    int one = socket(AF_INET, SOCK_STREAM, 0);
    setrlimit(RLIMIT_NOFILE, &low);
    while (count < LIMIT && (filled[count] = dup(one)) >= 0)
        count++;
    CU_ASSERT_FALSE(reach_lacked_descriptor());
    for (int i = 0; i < 2; i++)
        CU_ASSERT(try(one, world.port) != 0 && errno == EMFILE);
    CU_ASSERT_TRUE(reach_lacked_descriptor());
    while (count > 0)
        close(filled[--count]);
    setrlimit(RLIMIT_NOFILE, &before);
    CU_ASSERT_FALSE(reach_is_lost());
    CU_ASSERT_EQUAL(try(one, world.port), 0);
    close(one);
    CU_ASSERT_EQUAL(end(), EXIT_CODE_DONE);
}

static void a_lost_broker_fails_at_once(void)
{
    struct addrinfo *found;
    begin();
    kill(world.pid, SIGKILL);
    int one = socket(AF_INET, SOCK_STREAM, 0);
    CU_ASSERT(try(one, world.port) != 0 && errno == ENETDOWN);
    CU_ASSERT_EQUAL(reach_getaddrinfo("localhost", "1", NULL, &found), EAI_AGAIN);
    CU_ASSERT_TRUE(reach_is_lost());
    CU_ASSERT_EQUAL(reach_descriptor(), -1);
    close(one);
    CU_ASSERT_EQUAL(end(), -SIGKILL);
}

static void a_stopped_broker_is_not_waited_for(void)
{
    begin();
    kill(world.pid, SIGSTOP);
    int one = socket(AF_INET, SOCK_STREAM, 0);
    int64_t began_ms = clock_monotonic_ms();
    CU_ASSERT(try(one, world.port) != 0 && errno == ETIMEDOUT);
    CU_ASSERT(clock_monotonic_ms() - began_ms >= REACH_ANSWER_MS);
    CU_ASSERT_FALSE(reach_is_lost());
    began_ms = clock_monotonic_ms();
    CU_ASSERT(try(one, world.port) != 0 && errno == ETIMEDOUT); /* not so long again */
    CU_ASSERT(clock_monotonic_ms() - began_ms >= REACH_LATE_MS);
    kill(world.pid, SIGCONT);
    /* What was answered late is no answer to this one. */
    for (int i = 0; i < 100 && try(one, world.port) != 0; i++)
        CU_ASSERT_EQUAL(errno, ETIMEDOUT);
    CU_ASSERT_EQUAL(send(one, "x", 1, MSG_NOSIGNAL), 1);
    CU_ASSERT_FALSE(reach_is_lost());
    close(one);
    end();
}

static void a_round_that_is_over_is_not_waited_for(void)
{
    begin();
    kill(world.pid, SIGSTOP);
    reach_set_deadline(clock_monotonic_ms());
    int one = socket(AF_INET, SOCK_STREAM, 0);
    int64_t began_ms = clock_monotonic_ms();
    CU_ASSERT(try(one, world.port) != 0 && errno == ETIMEDOUT);
    CU_ASSERT(clock_monotonic_ms() - began_ms >= CANCEL_GRACE_MS); /* a cancel has so long */
    kill(world.pid, SIGCONT);
    close(one);
    end();
}

static void without_a_broker_it_is_the_c_library(void)
{
    struct addrinfo *found = NULL;
    reach_init(-1);
    int one = socket(AF_INET, SOCK_STREAM, 0);
    CU_ASSERT_EQUAL(try(one, world.port), 0);
    CU_ASSERT_EQUAL_FATAL(reach_getaddrinfo("127.0.0.1", "1", NULL, &found), 0);
    reach_freeaddrinfo(found);
    CU_ASSERT_FALSE(reach_is_lost());
    close(one);
}

static void nonsense_ends_the_broker(void)
{
    begin();
    CU_ASSERT_EQUAL(write(world.client, "nonsense", 8), 8);
    CU_ASSERT_EQUAL(end(), EXIT_CODE_PROTOCOL);
    begin();
    close(world.control);
    int status;
    waitpid(world.pid, &status, 0);
    CU_ASSERT(WIFEXITED(status) && WEXITSTATUS(status) == EXIT_CODE_ORPHAN);
    close(world.client);
    reach_init(-1);
}

int main(void)
{
    CU_TestInfo tests[] = {
        { "allowed places are connected", allowed_places_are_connected },
        { "options are carried over", options_are_carried_over },
        { "other places are refused", other_places_are_refused },
        { "names are looked up", names_are_looked_up },
        { "no room for a socket is no loss", no_room_for_a_socket_is_no_loss },
        { "a lost broker fails at once", a_lost_broker_fails_at_once },
        { "a stopped broker is not waited for", a_stopped_broker_is_not_waited_for },
        { "a round that is over is not waited for", a_round_that_is_over_is_not_waited_for },
        { "without a broker it is the C library", without_a_broker_it_is_the_c_library },
        { "nonsense ends the broker", nonsense_ends_the_broker },
        { "threads get their own answers", threads_get_their_own_answers },
        CU_TEST_INFO_NULL,
    };
    CU_SuiteInfo suites[] = { { "way out", NULL, NULL, NULL, NULL, tests }, CU_SUITE_INFO_NULL };
    int status = cunit_tap_main(suites);
    unlink(world.path);
    return status;
}
