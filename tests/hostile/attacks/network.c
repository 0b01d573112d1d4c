/* SPDX-License-Identifier: Apache-2.0 */
/* Reaching what the slot is not configured for, in each way that there is to send a byte; and being reached. */
#include "attack.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <linux/netlink.h>
#include <linux/vm_sockets.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#define WAIT_MS 300
#define MANY 40       /* within what the limit of descriptors allows */
#define UNREAD 18     /* half of them is more than one worker's threads wait for */
#define FD_BROKER 5

static struct sockaddr_in address_of(const char *host, uint16_t port)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(port) };
    inet_pton(AF_INET, host, &address.sin_addr);
    return address;
}

/* Raw calls: a library between us and the kernel may be told what to allow, we would not ask it. */
static int join(int descriptor, const void *address, size_t size)
{
    if (descriptor < 0)
        return errno;
    int refused = outcome(syscall(SYS_connect, descriptor, address, size));
    close(descriptor);
    return refused;
}

static int join_host(int descriptor, const char *host, uint16_t port)
{
    struct sockaddr_in address = address_of(host, port);
    return join(descriptor, &address, sizeof address);
}

/* The one place that it may reach, as libpq would. */
static int connect_as_configured(const struct scene *scene)
{
    struct sockaddr_in address = address_of("127.0.0.1", scene->allowed);
    int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (descriptor < 0)
        return errno;
    int refused = outcome(connect(descriptor, (struct sockaddr *)&address, sizeof address));
    close(descriptor);
    return refused;
}

/* As often as it can: the server counts connections before it knows whose they are. */
static int connect_many(const struct scene *scene)
{
    struct sockaddr_in address = address_of("127.0.0.1", scene->allowed);
    int refused = 0;
    for (int count = 0; count < MANY && refused == 0; count++) {
        int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        refused = descriptor < 0 ? errno : outcome(connect(descriptor, (struct sockaddr *)&address, sizeof address));
        if (descriptor >= 0)
            close(descriptor);
    }
    return refused;
}

/* Asks the broker itself, and takes nothing of what it sends: connections in no table of descriptors. */
static int connect_unread(const struct scene *scene)
{
    const uint8_t port[2] = { (uint8_t)(scene->allowed & 255), (uint8_t)(scene->allowed >> 8) };
    const uint8_t request[] = { 1, 0, 0, 0, 2, 0, 4, 127, 0, 0, 1, port[0], port[1] };
    uint8_t answer[1024];
    int count = 0, refused = 0;
    for (int i = 0; i < UNREAD; i++)
        if (send(FD_BROKER, request, sizeof request, MSG_NOSIGNAL) < 0)
            return errno;
    poll(NULL, 0, WAIT_MS);
    for (int i = 0; i < UNREAD; i++) {
        struct pollfd waiting = { .fd = FD_BROKER, .events = POLLIN };
        if (poll(&waiting, 1, 10 * WAIT_MS) != 1 || recv(FD_BROKER, answer, sizeof answer, 0) < 9)
            return EPROTO;
        if (answer[5] == 0 || answer[5] == EINPROGRESS)
            count++;
        else
            refused = answer[5];
    }
    return count < UNREAD / 2 ? refused : 0;
}

static int connect_to_port(const struct scene *scene)
{
    return join_host(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "127.0.0.1", scene->forbidden);
}

static int connect_to_host(const struct scene *scene)
{
    return join_host(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "127.0.0.2", scene->allowed);
}

/* Through the host's own functions, which ask the broker. */
static int ask_for_port(const struct scene *scene)
{
    struct sockaddr_in address = address_of("127.0.0.1", scene->forbidden);
    int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (descriptor < 0)
        return errno;
    int refused = outcome(connect(descriptor, (struct sockaddr *)&address, sizeof address));
    close(descriptor);
    return refused;
}

static int ask_for_host(const struct scene *scene)
{
    struct sockaddr_in address = address_of("127.0.0.2", scene->allowed);
    int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (descriptor < 0)
        return errno;
    int refused = outcome(connect(descriptor, (struct sockaddr *)&address, sizeof address));
    close(descriptor);
    return refused;
}

static int ask_for_socket(const struct scene *scene)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    strncpy(address.sun_path, scene->socket, sizeof address.sun_path - 1);
    int descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (descriptor < 0)
        return errno;
    int refused = outcome(connect(descriptor, (struct sockaddr *)&address, sizeof address));
    close(descriptor);
    return refused;
}

/* Every host knows it; what is asked of a name server can carry a secret. */
static int ask_for_name(const struct scene *scene)
{
    struct addrinfo *found = NULL;
    (void)scene;
    int failed = getaddrinfo("localhost", "80", &(struct addrinfo){ .ai_socktype = SOCK_STREAM }, &found);
    if (failed == 0)
        freeaddrinfo(found);
    return failed == 0 ? 0 : failed == EAI_SYSTEM ? errno : ENOENT;
}

static int connect_over_ipv6(const struct scene *scene)
{
    struct sockaddr_in6 address = { .sin6_family = AF_INET6, .sin6_port = htons(scene->forbidden),
                                    .sin6_addr = IN6ADDR_LOOPBACK_INIT };
    return join(socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0), &address, sizeof address);
}

/* connect() hidden in a send. */
static int connect_by_sending(const struct scene *scene)
{
    struct sockaddr_in address = address_of("127.0.0.1", scene->forbidden);
    int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (descriptor < 0)
        return errno;
    int refused = outcome(sendto(descriptor, "x", 1, MSG_FASTOPEN | MSG_NOSIGNAL, (struct sockaddr *)&address, sizeof address));
    close(descriptor);
    return refused;
}

static int connect_by_message(const struct scene *scene)
{
    struct sockaddr_in address = address_of("127.0.0.1", scene->forbidden);
    struct iovec vector = { "x", 1 };
    struct msghdr message = { .msg_name = &address, .msg_namelen = sizeof address, .msg_iov = &vector, .msg_iovlen = 1 };
    int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (descriptor < 0)
        return errno;
    int refused = outcome(sendmsg(descriptor, &message, MSG_FASTOPEN | MSG_NOSIGNAL));
    close(descriptor);
    return refused;
}

/* connect() says yes at once, the first write does it. */
static int connect_lazily(const struct scene *scene)
{
    struct sockaddr_in address = address_of("127.0.0.1", scene->forbidden);
    int on = 1, descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (descriptor < 0)
        return errno;
    int refused = outcome(setsockopt(descriptor, IPPROTO_TCP, TCP_FASTOPEN_CONNECT, &on, sizeof on));
    if (refused == 0)
        refused = outcome(syscall(SYS_connect, descriptor, &address, sizeof address));
    if (refused == 0)
        refused = outcome(write(descriptor, "x", 1));
    close(descriptor);
    return refused;
}

static int connect_by_mptcp(const struct scene *scene)
{
    return join_host(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, IPPROTO_MPTCP), "127.0.0.1", scene->forbidden);
}

static int connect_by_sctp(const struct scene *scene)
{
    return join_host(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, IPPROTO_SCTP), "127.0.0.1", scene->forbidden);
}

/* A connection given back, its socket used for another. */
static int connect_again(const struct scene *scene)
{
    struct sockaddr_in address = address_of("127.0.0.1", scene->allowed);
    int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (descriptor < 0)
        return errno;
    if (connect(descriptor, (struct sockaddr *)&address, sizeof address) != 0)
        return errno;
    if (syscall(SYS_connect, descriptor, &(struct sockaddr){ .sa_family = AF_UNSPEC }, sizeof(struct sockaddr)) != 0)
        return errno;
    return join_host(descriptor, "127.0.0.1", scene->forbidden);
}

static int send_datagram(const struct scene *scene)
{
    struct sockaddr_in address = address_of("127.0.0.1", scene->forbidden);
    int descriptor = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (descriptor < 0)
        return errno;
    int refused = outcome(sendto(descriptor, "x", 1, 0, (struct sockaddr *)&address, sizeof address));
    close(descriptor);
    return refused;
}

static int send_raw(const struct scene *scene)
{
    (void)scene;
    return opened(socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_ICMP));
}

static int send_echo(const struct scene *scene)
{
    (void)scene;
    return opened(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, IPPROTO_ICMP));
}

static int capture(const struct scene *scene)
{
    (void)scene;
    return opened(socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0));
}

static int talk_to_kernel(const struct scene *scene)
{
    (void)scene;
    return opened(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
}

static int talk_to_hypervisor(const struct scene *scene)
{
    (void)scene;
    return opened(socket(AF_VSOCK, SOCK_STREAM | SOCK_CLOEXEC, 0));
}

static int use_kernel_crypto(const struct scene *scene)
{
    (void)scene;
    return opened(socket(AF_ALG, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
}

static int connect_to_socket(const struct scene *scene)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    strncpy(address.sun_path, scene->socket, sizeof address.sun_path - 1);
    return join(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), &address, sizeof address);
}

static int connect_to_abstract(const struct scene *scene)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    int size = snprintf(address.sun_path + 1, sizeof address.sun_path - 1, "%s", scene->socket);
    return join(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), &address, offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)size);
}

/* Who listens there hands out a descriptor of a file that we may not open. */
static int receive_descriptor(const struct scene *scene)
{
    union {
        char bytes[CMSG_SPACE(sizeof(int))];
        struct cmsghdr head;
    } space;
    char byte;
    struct iovec vector = { &byte, 1 };
    struct msghdr message = { .msg_iov = &vector, .msg_iovlen = 1, .msg_control = space.bytes, .msg_controllen = sizeof space };
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    struct timeval patience = { .tv_sec = 5 };
    strncpy(address.sun_path, scene->socket, sizeof address.sun_path - 1);
    int descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (descriptor < 0)
        return errno;
    if (syscall(SYS_connect, descriptor, &address, sizeof address) != 0)
        return errno;
    setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    int refused = outcome(recvmsg(descriptor, &message, MSG_CMSG_CLOEXEC));
    close(descriptor);
    return refused != 0 ? refused : CMSG_FIRSTHDR(&message) == NULL ? ENOMSG : 0;
}

static int bind_port(const struct scene *scene)
{
    struct sockaddr_in address = address_of("127.0.0.1", 0);
    int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    (void)scene;
    if (descriptor < 0)
        return errno;
    int refused = outcome(bind(descriptor, (struct sockaddr *)&address, sizeof address));
    if (refused == 0)
        refused = outcome(listen(descriptor, 1));
    close(descriptor);
    return refused;
}

static int bind_socket(const struct scene *scene)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    snprintf(address.sun_path, sizeof address.sun_path, "%s", in_place(scene, "socket"));
    int descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (descriptor < 0)
        return errno;
    int refused = outcome(bind(descriptor, (struct sockaddr *)&address, sizeof address));
    close(descriptor);
    return refused;
}

/* The kernel chooses a port then. */
static int listen_unbound(const struct scene *scene)
{
    int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    (void)scene;
    if (descriptor < 0)
        return errno;
    int refused = outcome(listen(descriptor, 1));
    close(descriptor);
    return refused;
}

const struct attack network[] = {
    { "connect_as_configured", connect_as_configured },
    { "connect_many", connect_many },
    { "connect_unread", connect_unread },
    { "connect_to_port", connect_to_port },
    { "connect_to_host", connect_to_host },
    { "connect_to_socket", connect_to_socket },
    { "connect_to_abstract", connect_to_abstract },
    { "ask_for_port", ask_for_port },
    { "ask_for_host", ask_for_host },
    { "ask_for_socket", ask_for_socket },
    { "ask_for_name", ask_for_name },
    { "connect_over_ipv6", connect_over_ipv6 },
    { "connect_by_sending", connect_by_sending },
    { "connect_by_message", connect_by_message },
    { "connect_lazily", connect_lazily },
    { "connect_by_mptcp", connect_by_mptcp },
    { "connect_by_sctp", connect_by_sctp },
    { "connect_again", connect_again },
    { "send_datagram", send_datagram },
    { "send_raw", send_raw },
    { "send_echo", send_echo },
    { "capture", capture },
    { "talk_to_kernel", talk_to_kernel },
    { "talk_to_hypervisor", talk_to_hypervisor },
    { "use_kernel_crypto", use_kernel_crypto },
    { "receive_descriptor", receive_descriptor },
    { "bind_port", bind_port },
    { "bind_socket", bind_socket },
    { "listen_unbound", listen_unbound },
    { NULL, NULL },
};
