/* SPDX-License-Identifier: Apache-2.0 */
#include "supervisor/secret_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/text.h"

/* In front of each piece, so that free knows how much there is to wipe. */
union header {
    size_t size;
    max_align_t alignment;
};

void *secret_malloc(size_t size)
{
    if (size > SIZE_MAX - sizeof(union header))
        return NULL;
    union header *header = malloc(sizeof *header + size);
    if (header == NULL)
        return NULL;
    header->size = size;
    return header + 1;
}

void secret_free(void *memory)
{
    if (memory == NULL)
        return;
    union header *header = (union header *)memory - 1;
    explicit_bzero(memory, header->size);
    free(header);
}

char *secret_copy(const char *text, size_t size)
{
    char *copy = secret_malloc(size + 1);
    if (copy != NULL) {
        memcpy(copy, text, size);
        copy[size] = '\0';
    }
    return copy;
}

/* Reads until the end or until `text` is full; the size, or -1. */
static ssize_t read_all(int descriptor, char *text, size_t text_bytes)
{
    size_t size = 0;
    for (ssize_t got = 1; got > 0 && size < text_bytes; size += (size_t)got) {
        got = read(descriptor, text + size, text_bytes - size);
        if (got < 0)
            return -1;
    }
    return (ssize_t)size;
}

char *secret_file_read(const char *path, size_t max_bytes, char *fault, size_t fault_bytes)
{
    struct stat status;
    char *text = NULL;
    ssize_t size = 0;
    bool good = false;
    /* O_NONBLOCK: a pipe that was put here must not hold the supervisor. */
    int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (descriptor < 0 || fstat(descriptor, &status) != 0) {
        text_format(fault, fault_bytes, "%s: cannot be read (%s)", path, strerror(errno));
        goto out;
    }
    if (!S_ISREG(status.st_mode)) {
        text_format(fault, fault_bytes, "%s: is no regular file", path);
        goto out;
    }
    /* Room for what comes while it is read: a file that still grows shows. */
    size_t room =
        (status.st_size < 0 || (uintmax_t)status.st_size > max_bytes ? max_bytes : (size_t)status.st_size) +
        1;
    text = secret_malloc(room + 1);
    if (text == NULL || (size = read_all(descriptor, text, room)) < 0) {
        text_format(fault, fault_bytes, "%s: cannot be read (%s)", path, strerror(errno));
        goto out;
    }
    text[size] = '\0';
    if ((size_t)size == room)
        text_format(fault, fault_bytes, "%s: is larger than the %zu bytes that are allowed, or changes", path,
                    max_bytes);
    else if (strlen(text) != (size_t)size)
        text_format(fault, fault_bytes, "%s: holds a NUL byte; allowed is a text", path);
    else
        good = true;
out:
    if (!good) {
        secret_free(text);
        text = NULL;
    }
    if (descriptor >= 0)
        close(descriptor);
    return text;
}
