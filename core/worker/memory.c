/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "common/contract.h"
#include "common/log.h"

/* In /proc/self/statm: size, resident, shared, text, 0, data and stack, 0; in pages. */
#define SIZE_FIELD 0
#define DATA_FIELD 5

static int statm = -1;
static uint64_t page_bytes;

enum exit_code memory_open(void *context)
{
    (void)context;
    page_bytes = (uint64_t)sysconf(_SC_PAGESIZE);
    statm = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
    if (statm < 0)
        log_info("/proc/self/statm: %s; how much memory is in use cannot be told", strerror(errno));
    return EXIT_CODE_DONE;
}

static uint64_t read_field(unsigned wanted)
{
    char text[256];
    unsigned field = 0;
    uint64_t pages = 0;
    ssize_t size = statm < 0 ? -1 : pread(statm, text, sizeof text, 0);
    for (ssize_t i = 0; i < size && field <= wanted; i++) {
        if (text[i] == ' ') {
            field++;
        } else if (field == wanted && text[i] >= '0' && text[i] <= '9') {
            pages = pages * 10 + (uint64_t)(text[i] - '0');
        }
    }
    return field > wanted ? pages * page_bytes : MEMORY_UNKNOWN;
}

uint64_t memory_used_bytes(void)
{
    return read_field(DATA_FIELD);
}

static uint64_t limit_of(__rlimit_resource_t resource)
{
    struct rlimit limit;
    return getrlimit(resource, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY ? limit.rlim_cur : MEMORY_UNKNOWN;
}

uint64_t memory_limit_bytes(void)
{
    return limit_of(RLIMIT_DATA);
}

bool memory_is_short_of(uint64_t used_bytes, uint64_t limit_bytes)
{
    return used_bytes != MEMORY_UNKNOWN && limit_bytes != MEMORY_UNKNOWN &&
           used_bytes >= limit_bytes - limit_bytes / LIMIT_SHORT_SHARE;
}

bool memory_is_short(void)
{
    uint64_t used_bytes = memory_used_bytes();
    uint64_t limit_bytes = memory_limit_bytes();
    if (memory_is_short_of(read_field(SIZE_FIELD), limit_of(RLIMIT_AS)))
        return true; /* mappings that are no data have a bound, too */
    if (used_bytes != MEMORY_UNKNOWN || limit_bytes == MEMORY_UNKNOWN)
        return memory_is_short_of(used_bytes, limit_bytes);
    size_t wanted = (size_t)(limit_bytes / LIMIT_SHORT_SHARE);
    void *piece = mmap(NULL, wanted, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (piece == MAP_FAILED)
        return errno == ENOMEM;
    munmap(piece, wanted);
    return false;
}
