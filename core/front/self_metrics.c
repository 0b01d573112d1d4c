/* SPDX-License-Identifier: Apache-2.0 */
#include "front/self_metrics.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "front/http.h"
#include "front/render.h"

/* Fields of /proc/PID/stat, as proc(5) counts them. */
#define STAT_THREADS    20
#define STAT_START_TIME 22

/* A field of our stat, after the name in parentheses, which may hold anything. False: not known. */
static bool read_stat_field(int stat, int field, unsigned long long *value)
{
    char text[1024];
    ssize_t size = stat >= 0 ? pread(stat, text, sizeof text - 1, 0) : -1;
    if (size <= 0)
        return false;
    text[size] = '\0';
    const char *position = strrchr(text, ')');
    for (int i = 2; position && i < field; i++) {
        position = strchr(position, ' ');
        position = position ? position + 1 : NULL;
    }
    return position && sscanf(position, "%llu", value) == 1;
}

static double read_start_time(int stat)
{
    unsigned long long ticks;
    struct timespec real;
    struct timespec boot;
    if (!read_stat_field(stat, STAT_START_TIME, &ticks) || clock_gettime(CLOCK_REALTIME, &real) != 0 ||
        clock_gettime(CLOCK_BOOTTIME, &boot) != 0)
        return 0;
    double booted_at = (double)(real.tv_sec - boot.tv_sec) + (double)(real.tv_nsec - boot.tv_nsec) / 1e9;
    double started_at = booted_at + (double)ticks / (double)sysconf(_SC_CLK_TCK);
    return (double)(long long)(started_at * 100) / 100; /* ticks are hundredths */
}

void self_metrics_open(struct self_metrics *self)
{
    *self = (struct self_metrics){0};
    self->stat = open("/proc/self/stat", O_RDONLY | O_CLOEXEC);
    self->statm = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
    self->descriptors = opendir("/proc/self/fd");
    self->start_time_seconds = read_start_time(self->stat);
}

void self_metrics_close(struct self_metrics *self)
{
    if (self->stat >= 0)
        close(self->stat);
    if (self->statm >= 0)
        close(self->statm);
    if (self->descriptors)
        closedir(self->descriptors);
}

static void put_f64(struct buffer *out, const char *name, enum frame_family_type type, const char *help,
                    double value)
{
    render_head(out, name, type, help);
    buffer_put_string(out, name);
    buffer_put_char(out, ' ');
    render_f64(out, value);
    buffer_put_char(out, '\n');
}

static void put_cpu(struct buffer *out)
{
    struct timespec used;
    if (clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used) == 0)
        put_f64(out, "process_cpu_seconds_total", FRAME_FAMILY_COUNTER,
                "Total user and system CPU time spent in seconds.",
                (double)used.tv_sec + (double)(used.tv_nsec / 1000) / 1e6);
}

static void put_limit(struct buffer *out, const char *name, __rlimit_resource_t resource, const char *help)
{
    struct rlimit limit;
    if (getrlimit(resource, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY)
        put_f64(out, name, FRAME_FAMILY_GAUGE, help, (double)limit.rlim_cur);
}

static void put_open_descriptors(struct self_metrics *self, struct buffer *out)
{
    unsigned count = 0;
    if (!self->descriptors)
        return;
    rewinddir(self->descriptors);
    for (struct dirent *entry; (entry = readdir(self->descriptors));)
        count += entry->d_name[0] != '.';
    if (count > 0)
        put_f64(out, "process_open_fds", FRAME_FAMILY_GAUGE, "Number of open file descriptors.", count);
}

/* Pages of virtual and of resident memory. False: not known. */
static bool read_memory(const struct self_metrics *self, double *virtual_bytes, double *resident_bytes)
{
    char text[256];
    unsigned long long total;
    unsigned long long resident;
    ssize_t size = self->statm >= 0 ? pread(self->statm, text, sizeof text - 1, 0) : -1;
    if (size <= 0)
        return false;
    text[size] = '\0';
    if (sscanf(text, "%llu %llu", &total, &resident) != 2)
        return false;
    double page_bytes = (double)sysconf(_SC_PAGESIZE);
    *virtual_bytes = (double)total * page_bytes;
    *resident_bytes = (double)resident * page_bytes;
    return true;
}

void self_metrics_render_process(struct self_metrics *self, struct buffer *out)
{
    double virtual_bytes = 0;
    double resident_bytes = 0;
    unsigned long long threads;
    bool memory_known = read_memory(self, &virtual_bytes, &resident_bytes);
    put_cpu(out);
    put_limit(out, "process_max_fds", RLIMIT_NOFILE, "Maximum number of open file descriptors.");
    put_open_descriptors(self, out);
    if (memory_known)
        put_f64(out, "process_resident_memory_bytes", FRAME_FAMILY_GAUGE, "Resident memory size in bytes.",
                resident_bytes);
    if (self->start_time_seconds > 0)
        put_f64(out, "process_start_time_seconds", FRAME_FAMILY_GAUGE,
                "Start time of the process since unix epoch in seconds.", self->start_time_seconds);
    if (read_stat_field(self->stat, STAT_THREADS, &threads))
        put_f64(out, "process_threads", FRAME_FAMILY_GAUGE, "Number of OS threads in the process.",
                (double)threads);
    if (memory_known)
        put_f64(out, "process_virtual_memory_bytes", FRAME_FAMILY_GAUGE, "Virtual memory size in bytes.",
                virtual_bytes);
    put_limit(out, "process_virtual_memory_max_bytes", RLIMIT_AS,
              "Maximum amount of virtual memory available in bytes.");
}

static void put_counted(struct buffer *out, const char *name, const char *label, const char *value,
                        uint64_t count)
{
    buffer_put_string(out, name);
    buffer_put_char(out, '{');
    render_label(out, label, value);
    buffer_put(out, "} ", 2);
    render_u64(out, count);
    buffer_put_char(out, '\n');
}

static void put_refused(const struct self_metrics *self, struct buffer *out)
{
    static const char refused[] = "promhttp_metric_handler_refused_total";
    if (!self->refused)
        return;
    render_head(out, refused, FRAME_FAMILY_COUNTER,
                "Total number of connections and requests refused because of a limit, by reason.");
    for (unsigned i = 0; i < HTTP_REFUSAL_COUNT; i++)
        put_counted(out, refused, "reason", http_refusal_names[i], self->refused[i]);
}

void self_metrics_render_answers(const struct self_metrics *self, struct buffer *out)
{
    static const char errors[] = "promhttp_metric_handler_errors_total";
    static const char in_flight[] = "promhttp_metric_handler_requests_in_flight";
    static const char requests[] = "promhttp_metric_handler_requests_total";
    render_head(out, errors, FRAME_FAMILY_COUNTER,
                "Total number of internal errors encountered by the metric handler.");
    put_counted(out, errors, "cause", "encoding", self->errors[SELF_ERROR_ENCODING]);
    put_counted(out, errors, "cause", "gathering", self->errors[SELF_ERROR_GATHERING]);
    put_refused(self, out);
    if (self->answering) {
        render_head(out, in_flight, FRAME_FAMILY_GAUGE, "Current number of requests being served.");
        buffer_put_string(out, in_flight);
        buffer_put_char(out, ' ');
        render_u64(out, *self->answering);
        buffer_put_char(out, '\n');
    }
    render_head(out, requests, FRAME_FAMILY_COUNTER, "Total number of scrapes by HTTP status code.");
    put_counted(out, requests, "code", "200", self->answers_ok);
    put_counted(out, requests, "code", "500", self->answers_failed);
    put_counted(out, requests, "code", "503", self->answers_refused);
}
