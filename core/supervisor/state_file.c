/* SPDX-License-Identifier: Apache-2.0 */
#include "supervisor/state_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/text.h"

/* What the path holds now; ours to be closed when `descriptor` is not -1. */
struct found {
    int descriptor;
    struct stat status;
};

/* ---- reading */

/* O_NONBLOCK: a pipe that was put here must not hold the supervisor. */
static int open_found(const char *path, struct found *found)
{
    found->descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
    if (found->descriptor >= 0 && fstat(found->descriptor, &found->status) == 0)
        return 0;
    int saved_errno = errno;
    if (found->descriptor >= 0)
        close(found->descriptor);
    found->descriptor = -1;
    errno = saved_errno;
    return -1;
}

/* Why it is not to be trusted, or NULL. */
static const char *distrust(const struct stat *status)
{
    if (!S_ISREG(status->st_mode))
        return "is no regular file";
    if (status->st_uid != geteuid())
        return "belongs to another account than that of minotord";
    if ((status->st_mode & (S_IRWXG | S_IRWXO)) != 0)
        return "can be read or written by others than its owner; allowed is mode 0600 or 0400";
    if (status->st_size > STATE_FILE_MAX_BYTES)
        return "is larger than all states can be";
    return NULL;
}

/* The bytes of the file, at most `bytes_max`; or -1. */
static ssize_t read_all(int descriptor, uint8_t *bytes, size_t bytes_max)
{
    size_t size = 0;
    for (ssize_t got = 1; got > 0 && size < bytes_max; size += (size_t)got) {
        got = read(descriptor, bytes + size, bytes_max - size);
        if (got < 0)
            return -1;
    }
    return (ssize_t)size;
}

/* What became of the pieces of a file. */
struct tally {
    unsigned good;
    unsigned all;
    unsigned ours; /* written by some release of minotor, good or not */
    enum state_record_result first_bad;
};

static struct tally decode_all(const uint8_t *bytes, size_t size, struct state_record *records)
{
    struct tally tally = {.first_bad = STATE_RECORD_OK};
    for (size_t offset = 0; offset < size && tally.all < SLOTS_MAX; offset += STATE_RECORD_BYTES) {
        size_t piece = size - offset < STATE_RECORD_BYTES ? size - offset : STATE_RECORD_BYTES;
        tally.all++;
        enum state_record_result result = state_record_decode(bytes + offset, piece, &records[tally.good]);
        tally.good += result == STATE_RECORD_OK;
        tally.ours += result != STATE_RECORD_FOREIGN;
        if (tally.first_bad == STATE_RECORD_OK)
            tally.first_bad = result;
    }
    return tally;
}

/* What is there but was not written by us is left as it is. */
static unsigned take_records(const char *path, const uint8_t *bytes, size_t size,
                             struct state_record *records, char *fault, size_t fault_bytes)
{
    struct tally tally = decode_all(bytes, size, records);
    if (tally.all == 0)
        text_format(fault, fault_bytes, "%s: is empty", path);
    else if (tally.ours == 0)
        text_format(fault, fault_bytes, "%s: %s", path, state_record_result_text(STATE_RECORD_FOREIGN));
    else if (tally.good < tally.all)
        text_format(fault, fault_bytes, "%s: %u of the %u states in it are not used: the first %s", path,
                    tally.all - tally.good, tally.all, state_record_result_text(tally.first_bad));
    if ((tally.all == 0 || tally.ours > 0) && unlink(path) != 0) {
        text_format(fault, fault_bytes, "%s: cannot be removed, so it is not used (%s)", path,
                    strerror(errno));
        return 0;
    }
    return tally.good;
}

unsigned state_file_take(const char *path, struct state_record *records, char *fault, size_t fault_bytes)
{
    struct found found;
    uint8_t *bytes = NULL;
    unsigned count = 0;
    fault[0] = '\0';
    if (open_found(path, &found) != 0) {
        if (errno == ELOOP)
            text_format(fault, fault_bytes, "%s: is a symbolic link", path);
        else if (errno != ENOENT)
            text_format(fault, fault_bytes, "%s: cannot be read (%s)", path, strerror(errno));
        return 0;
    }
    const char *why = distrust(&found.status);
    if (why != NULL) {
        text_format(fault, fault_bytes, "%s: %s", path, why);
        goto out;
    }
    bytes = malloc(STATE_FILE_MAX_BYTES);
    ssize_t size = bytes == NULL ? -1 : read_all(found.descriptor, bytes, STATE_FILE_MAX_BYTES);
    if (size < 0)
        text_format(fault, fault_bytes, "%s: cannot be read (%s)", path, strerror(errno));
    else
        count = take_records(path, bytes, (size_t)size, records, fault, fault_bytes);
out:
    free(bytes);
    close(found.descriptor);
    return count;
}

/* ---- writing */

/* Whether some of its bytes are a record of ours, good or not. */
static bool is_ours(int descriptor)
{
    struct state_record record;
    uint8_t bytes[STATE_RECORD_BYTES];
    for (unsigned i = 0; i < SLOTS_MAX; i++) {
        ssize_t size = read_all(descriptor, bytes, sizeof bytes);
        if (size <= 0)
            return i == 0 && size == 0;
        if (state_record_decode(bytes, (size_t)size, &record) != STATE_RECORD_FOREIGN)
            return true;
    }
    return false;
}

/* Whether minotor would destroy something by giving its file this name; then `fault` says so. */
static bool is_occupied(const char *path, char *fault, size_t fault_bytes)
{
    struct found found;
    struct stat status;
    if (lstat(path, &status) != 0)
        return false;
    bool occupied = !S_ISREG(status.st_mode);
    /* One of another account that we may not even read was ours when we were started as somebody else. */
    if (!occupied && open_found(path, &found) == 0) {
        occupied = !is_ours(found.descriptor);
        close(found.descriptor);
    }
    if (occupied)
        text_format(fault, fault_bytes, "%s: is there and is no state file of minotor, so it is not replaced",
                    path);
    return occupied;
}

static bool write_all(int descriptor, const uint8_t *bytes, size_t size)
{
    for (ssize_t put; size > 0; bytes += put, size -= (size_t)put) {
        put = write(descriptor, bytes, size);
        if (put <= 0)
            return false;
    }
    return true;
}

static bool write_records(int descriptor, const struct state_record *records, unsigned count)
{
    uint8_t bytes[STATE_RECORD_BYTES];
    for (unsigned i = 0; i < count; i++) {
        state_record_encode(&records[i], bytes);
        if (!write_all(descriptor, bytes, sizeof bytes))
            return false;
    }
    return fsync(descriptor) == 0; /* the name must not be there before the bytes are */
}

bool state_file_write(const char *path, const struct state_record *records, unsigned count, char *fault,
                      size_t fault_bytes)
{
    char new_path[CONFIG_PATH_BYTES + 8];
    if (is_occupied(path, fault, fault_bytes))
        return false;
    text_format(new_path, sizeof new_path, "%s.new", path);
    unlink(new_path); /* of one that was killed while it wrote */
    int descriptor = open(new_path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, S_IRUSR | S_IWUSR);
    bool good = descriptor >= 0 && write_records(descriptor, records, count) && rename(new_path, path) == 0;
    if (!good)
        text_format(fault, fault_bytes, "%s: cannot be written (%s)", path, strerror(errno));
    if (descriptor >= 0) {
        close(descriptor);
        if (!good)
            unlink(new_path);
    }
    return good;
}

bool state_file_check(const char *path, char *fault, size_t fault_bytes)
{
    char folder[CONFIG_PATH_BYTES];
    const char *slash = strrchr(path, '/');
    int folder_bytes = slash == NULL ? 0 : (int)(slash - path);
    if (slash == NULL || slash == path)
        text_format(folder, sizeof folder, "%s", slash == NULL ? "." : "/");
    else
        text_format(folder, sizeof folder, "%.*s", folder_bytes, path);
    if (is_occupied(path, fault, fault_bytes))
        return false;
    if (access(folder, W_OK | X_OK) == 0)
        return true;
    text_format(fault, fault_bytes, "%s: cannot be written: the folder cannot be used (%s)", path,
                strerror(errno));
    return false;
}
