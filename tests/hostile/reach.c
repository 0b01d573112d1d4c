/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tries to get out, in each round and in every way: to the place of its setting `address` and `port`, beside it, by
 * names, with other protocols, and past the C library. Shows the errno of each try, and 1000 more of what getaddrinfo()
 * says.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include <minotor/collector.h>

#define MPTCP 262

static const struct minotor_host *now;

static void show(const char *what, int error)
{
    minotor_label_u64(now, 0, what, (uint64_t)error);
}

static struct sockaddr_in inet_address(const char *address, int64_t port)
{
    struct sockaddr_in made = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
    inet_pton(AF_INET, address, &made.sin_addr);
    return made;
}

static struct sockaddr_un unix_address(const char *path)
{
    struct sockaddr_un made = { .sun_family = AF_UNIX };
    strncpy(made.sun_path, path, sizeof made.sun_path - 1);
    return made;
}

/* 0, or why there is no socket or no connection. */
static int try(int family, int type, int protocol, const void *address, size_t size, int is_raw)
{
    int one = socket(family, type, protocol);
    if (one < 0)
        return errno;
    int result = is_raw ? (int)syscall(SYS_connect, one, address, size)
                        : connect(one, (const struct sockaddr *)address, (socklen_t)size);
    int error = result == 0 ? 0 : errno;
    close(one);
    return error;
}

static int send_at_once(const struct sockaddr_in *address)
{
    int one = socket(AF_INET, SOCK_STREAM, 0);
    int error = sendto(one, "x", 1, MSG_FASTOPEN, (const struct sockaddr *)address, sizeof *address) >= 0 ? 0 : errno;
    close(one);
    return error;
}

static int send_datagram(const struct sockaddr_in *address)
{
    int one = socket(AF_INET, SOCK_DGRAM, 0);
    if (one < 0)
        return errno;
    int error = sendto(one, "x", 1, 0, (const struct sockaddr *)address, sizeof *address) >= 0 ? 0 : errno;
    close(one);
    return error;
}

/* 0; errno of the connection; or 1000 and the error of the lookup, without its sign. */
static int try_name(const char *name, const char *port)
{
    const struct addrinfo wanted = { .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM };
    struct addrinfo *found = NULL;
    int code = getaddrinfo(name, port, &wanted, &found);
    if (code != 0)
        return 1000 + abs(code);
    int error = try(found->ai_family, found->ai_socktype, found->ai_protocol, found->ai_addr, found->ai_addrlen, 0);
    freeaddrinfo(found);
    return error;
}

static void try_numbers(const char *address, int64_t port)
{
    const struct sockaddr_in right = inet_address(address, port), other_port = inet_address(address, port + 1),
                             other_host = inet_address("127.99.99.99", port);
    show("allowed", try(AF_INET, SOCK_STREAM, 0, &right, sizeof right, 0));
    show("allowed tcp", try(AF_INET, SOCK_STREAM, IPPROTO_TCP, &right, sizeof right, 0));
    show("other port", try(AF_INET, SOCK_STREAM, 0, &other_port, sizeof other_port, 0));
    show("other host", try(AF_INET, SOCK_STREAM, 0, &other_host, sizeof other_host, 0));
    show("udp", try(AF_INET, SOCK_DGRAM, 0, &right, sizeof right, 0));
    show("udp sendto", send_datagram(&right));
    show("mptcp", try(AF_INET, SOCK_STREAM, MPTCP, &right, sizeof right, 0));
    show("fast open", send_at_once(&right));
    show("raw", try(AF_INET, SOCK_STREAM, 0, &right, sizeof right, 1));
}

static void try_paths(const char *path)
{
    struct sockaddr_un right = unix_address(path), other = unix_address("/run/dbus/system_bus_socket"),
                       abstract = unix_address("");
    memcpy(abstract.sun_path, "\0minotor-test", 13);
    size_t abstract_bytes = offsetof(struct sockaddr_un, sun_path) + 13;
    show("unix", try(AF_UNIX, SOCK_STREAM, 0, &right, sizeof right, 0));
    show("other unix", try(AF_UNIX, SOCK_STREAM, 0, &other, sizeof other, 0));
    show("abstract", try(AF_UNIX, SOCK_STREAM, 0, &abstract, abstract_bytes, 0));
    show("raw unix", try(AF_UNIX, SOCK_STREAM, 0, &right, sizeof right, 1));
}

static int collect(const struct minotor_host *host, void *state)
{
    (void)state;
    now = host;
    const char *port = minotor_setting_text(host, "port");
    try_numbers(minotor_setting_text(host, "address"), strtol(port, NULL, 10));
    try_paths(minotor_setting_text(host, "path"));
    show("name", try_name(minotor_setting_text(host, "name"), minotor_setting_text(host, "name_port")));
    show("name, other port", try_name(minotor_setting_text(host, "name"), "1"));
    show("other name", try_name("other.test", port));
    return MINOTOR_OK;
}

#define TEXT(NAME) { NAME, MINOTOR_SETTING_TEXT, 0, "", 0, 100, "A part of a place" }

static const struct minotor_setting settings[] = { TEXT("address"), TEXT("port"), TEXT("path"), TEXT("name"),
                                                   TEXT("name_port") };

static const struct minotor_family families[] = {
    { .name = "hostile_reach_error", .type = MINOTOR_GAUGE, .help = "What came of it", .labels = { "way" } },
};

static const struct minotor_collector collector = {
    MINOTOR_DESCRIPTOR,
    .name = "reach",
    .version = "1.0",
    .summary = "A collector for a test",
    .author = "minotor",
    .license = "Apache-2.0",
    .families = families,
    .family_count = 1,
    .family_size = sizeof(struct minotor_family),
    .settings = settings,
    .setting_count = sizeof settings / sizeof settings[0],
    .setting_size = sizeof(struct minotor_setting),
    .collect = collect,
};

const struct minotor_collector *minotor_collector(void)
{
    return &collector;
}
