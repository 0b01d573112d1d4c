/* SPDX-License-Identifier: Apache-2.0 */
#include "supervisor/password.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "common/text.h"

const char *password_result_text(enum password_result result)
{
    static const char *const TEXTS[] = {
        [PASSWORD_OK] = "can be read",
        [PASSWORD_UNREADABLE] = "cannot be read",
        [PASSWORD_NO_FILE] = "is not a regular file",
        [PASSWORD_TOO_OPEN] = "can be read or written by others than its owner; allowed is mode 0600 or 0400",
        [PASSWORD_BAD_TEXT] = "does not hold one line of text with the password",
        [PASSWORD_NO_UTF8] = "holds bytes that are not UTF-8; allowed is one line of UTF-8",
    };
    return TEXTS[result];
}

static enum password_result check_status(const struct stat *status)
{
    if (!S_ISREG(status->st_mode))
        return PASSWORD_NO_FILE;
    if ((status->st_mode & (S_IRWXG | S_IRWXO)) != 0)
        return PASSWORD_TOO_OPEN;
    return PASSWORD_OK;
}

/* One line, with or without its newline. */
static enum password_result check_text(char *text, size_t size)
{
    if (size > 0 && text[size - 1] == '\n')
        size--;
    if (size > 0 && text[size - 1] == '\r')
        size--;
    if (size == 0 || size >= SETTING_VALUE_MAX_BYTES || memchr(text, '\n', size) != NULL ||
        memchr(text, '\0', size) != NULL)
        return PASSWORD_BAD_TEXT;
    text[size] = '\0';
    return PASSWORD_OK;
}

enum password_result password_read(const char *path, char password[SETTING_VALUE_MAX_BYTES],
                                   struct stat *status)
{
    struct stat own_status;
    char text[SETTING_VALUE_MAX_BYTES + 2]; /* room for a line's end */
    enum password_result result = PASSWORD_UNREADABLE;
    if (status == NULL)
        status = &own_status;
    /* O_NONBLOCK: a pipe that was put here must not hold the supervisor. */
    int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (descriptor < 0 || fstat(descriptor, status) != 0)
        goto out;
    result = check_status(status);
    if (result != PASSWORD_OK)
        goto out;
    ssize_t size = read(descriptor, text, sizeof text);
    if (size < 0) {
        result = PASSWORD_UNREADABLE;
        goto out;
    }
    result = check_text(text, (size_t)size);
    if (result == PASSWORD_OK)
        memcpy(password, text, strlen(text) + 1);
out:
    explicit_bzero(text, sizeof text);
    if (result != PASSWORD_OK)
        explicit_bzero(password, SETTING_VALUE_MAX_BYTES);
    if (descriptor >= 0) {
        int saved_errno = errno;
        close(descriptor);
        errno = saved_errno;
    }
    return result;
}

enum password_result password_read_utf8(const char *path, char password[SETTING_VALUE_MAX_BYTES])
{
    enum password_result result = password_read(path, password, NULL);
    if (result != PASSWORD_OK || text_is_utf8(password, strlen(password)))
        return result;
    explicit_bzero(password, SETTING_VALUE_MAX_BYTES);
    return PASSWORD_NO_UTF8;
}
