/* SPDX-License-Identifier: Apache-2.0 */
/* Leaves no room for a second descriptor, connects to the port of its setting, and gives all of them back. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "hostile.h"

static int collect(const struct minotor_host *host, void *state)
{
    struct sockaddr_in address = { .sin_family = AF_INET };
    int taken[1024], count = 0, one = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    (void)state;
    address.sin_port = htons((uint16_t)strtol(minotor_setting_text(host, "port"), NULL, 10));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    while (count < 1024 && (taken[count] = dup(0)) >= 0)
        count++;
    int error = connect(one, (const struct sockaddr *)&address, sizeof address) == 0 ? 0 : errno;
    while (count > 0)
        close(taken[--count]);
    close(one);
    if (error == 0)
        return hostile_emit(host);
    return minotor_fail(host, error == EMFILE ? "no descriptor for a connection" : "refused for another reason");
}

static const struct minotor_setting settings[] = { { "port", MINOTOR_SETTING_TEXT, 0, "", 0, 100, "Where to" } };

HOSTILE_WITH(settings, 0, "cornered", NULL, collect, NULL)
