/* SPDX-License-Identifier: Apache-2.0 */
#include "database/socket_news.h"

#include <sys/stat.h>

void socket_news_begin(const struct database_watch *watch)
{
    if (watch != NULL && watch->opened != NULL)
        watch->opened(watch->context, -1);
}

void socket_news(const struct database_watch *watch, int socket, uint64_t *known)
{
    struct stat status;
    if (watch == NULL || watch->opened == NULL || socket < 0 || fstat(socket, &status) != 0 ||
        (uint64_t)status.st_ino == *known)
        return;
    *known = (uint64_t)status.st_ino;
    watch->opened(watch->context, socket);
}
