/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What Mattermost's background jobs do, and whether one is stuck. minotor-jobs(7) says what each value means and
 * what each query costs.
 */
#include "jobs.h"

#include <stdlib.h>

#define TIME_BY_TYPE(family_name, text)                                                                          \
    { .name = (family_name), .type = MINOTOR_GAUGE, .unit = "seconds", .help = (text), .labels = { "job_type" } }

static const struct minotor_family families[FAMILY_COUNT] = {
    [JOB_TOTAL] = { .name = "mattermost_usage_job_total",
                    .type = MINOTOR_GAUGE,
                    .help = "Jobs in the table of jobs, by type and status.",
                    .labels = { "type", "status" } },
    [JOB_LAST] = { .name = "mattermost_usage_job_last_seconds",
                   .type = MINOTOR_GAUGE,
                   .unit = "seconds",
                   .help = "When a job of whatever type was last heard of, in seconds since the epoch." },
    [OLDEST_PENDING] = TIME_BY_TYPE("mattermost_job_oldest_pending_timestamp_seconds",
                                    "When the oldest job that waits to be begun was created."),
    [LAST_ACTIVITY] = TIME_BY_TYPE("mattermost_job_last_activity_timestamp_seconds",
                                   "When the running job that has been silent for longest was last heard of."),
    [OLDEST_CANCEL_REQUEST] = TIME_BY_TYPE("mattermost_job_oldest_cancel_request_timestamp_seconds",
                                           "When the oldest job that is to be cancelled and has not stopped was last heard of."),
    [LAST_SUCCESS] = TIME_BY_TYPE("mattermost_job_last_success_timestamp_seconds",
                                  "When a job last ended well, with warnings or without."),
    [LAST_FAILURE] = TIME_BY_TYPE("mattermost_job_last_failure_timestamp_seconds", "When a job last failed."),
    [LAST_DURATION] = TIME_BY_TYPE("mattermost_job_last_duration_seconds",
                                   "How long the last job that ended well took."),
    [PROGRESS] = { .name = "mattermost_job_progress_ratio",
                   .type = MINOTOR_GAUGE,
                   .help = "How far the running job has come that has come least far, from 0 to 1, by its own account.",
                   .labels = { "job_type" } },
    [COUNTED] = { .name = "mattermost_jobs_counted_timestamp_seconds",
                  .type = MINOTOR_GAUGE,
                  .unit = "seconds",
                  .help = "When all jobs were last looked through, in seconds since the epoch." },
};

static const struct minotor_setting settings[] = {
    { .name = "queue_interval",
      .type = MINOTOR_SETTING_DURATION,
      .default_value = "0s",
      .minimum = 0,
      .maximum = 24 * 3600 * 1000,
      .help = "How often waiting and running jobs are looked at; 0: in each round." },
    { .name = "history_interval",
      .type = MINOTOR_SETTING_DURATION,
      .default_value = "5m",
      .minimum = 0,
      .maximum = 24 * 3600 * 1000,
      .help = "How often all jobs are looked through when nothing hints at a change." },
};

static const struct task tasks[TASK_COUNT] = {
    [QUEUE] = { .name = "waiting jobs",
                .interval = "queue_interval",
                .run = queue_run,
                .emit = queue_emit,
                .families = { OLDEST_PENDING, LAST_ACTIVITY, OLDEST_CANCEL_REQUEST, PROGRESS, TASK_NO_FAMILY } },
    [HISTORY] = { .name = "all jobs",
                  .interval = "history_interval",
                  .run = history_run,
                  .emit = history_emit,
                  .families = { JOB_TOTAL, JOB_LAST, LAST_SUCCESS, LAST_FAILURE, LAST_DURATION, COUNTED } },
};

static int open_jobs(const struct minotor_host *host, void **state)
{
    *state = calloc(1, sizeof(struct jobs));
    return *state != NULL ? MINOTOR_OK : minotor_fail(host, "out of memory");
}

static int collect(const struct minotor_host *host, void *state)
{
    struct jobs *jobs = state;
    return tasks_collect(host, tasks, jobs->tasks, TASK_COUNT, jobs, 0);
}

static void close_jobs(const struct minotor_host *host, void *state)
{
    (void)host;
    free(state);
}

static const struct minotor_collector collector = {
    MINOTOR_DESCRIPTOR,
    .needs = MINOTOR_NEEDS_DATABASE,
    .name = "jobs",
    .version = "1.0",
    .summary = "Background jobs of a Mattermost server: how many, how they ended, which one is stuck",
    .author = "the minotor authors",
    .license = "Apache-2.0",
    .families = families,
    .family_count = FAMILY_COUNT,
    .family_size = sizeof(struct minotor_family),
    .settings = settings,
    .setting_count = sizeof settings / sizeof settings[0],
    .setting_size = sizeof(struct minotor_setting),
    .open = open_jobs,
    .collect = collect,
    .close = close_jobs,
};

const struct minotor_collector *minotor_collector(void)
{
    return &collector;
}
