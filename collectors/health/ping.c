/* SPDX-License-Identifier: Apache-2.0 */
#include "health.h"

#include <stdio.h>
#include <string.h>

#define PING "/api/v4/system/ping"
/* Before 9.6 the second parameter is unknown, and an unhealthy server answers 500 with the same body. */
#define FULL_PING PING "?get_server_status=true&use_rest_semantics=true"
#define PING_MAX_BYTES 65536

static int read_status(const struct minotor_host *host, const char *pointer)
{
    const char *text = minotor_json(host, pointer);
    if (text != NULL && strcmp(text, "OK") == 0)
        return HEALTHY;
    return text != NULL && strcmp(text, "UNHEALTHY") == 0 ? UNHEALTHY : UNKNOWN_STATUS;
}

/* "X-Version-Id: 10.1.6.…"; a proxy may have removed it. */
static void read_version(struct health *health, const struct minotor_host *host)
{
    const char *text = minotor_http_header(host, "X-Version-Id");
    unsigned major = 0, minor = 0;
    if (text == NULL || sscanf(text, "%4u.%4u.", &major, &minor) != 2)
        major = minor = 0;
    health->major = major;
    health->minor = minor;
}

/* The server must not take the time in which the round has to say that it does not answer. */
static uint32_t plain_timeout_ms(const struct minotor_host *host)
{
    int64_t half_ms = minotor_remaining_ms(host) / 2;
    int64_t wanted_ms = minotor_setting_integer(host, "ping_timeout");
    int64_t timeout_ms = half_ms < wanted_ms ? half_ms : wanted_ms;
    return timeout_ms > 0 ? (uint32_t)timeout_ms : 1;
}

int ping_plain(struct health *health, const struct minotor_host *host)
{
    const struct minotor_request request = {
        .size = sizeof request,
        .max_bytes = PING_MAX_BYTES,
        .timeout_ms = plain_timeout_ms(host),
        .path = PING,
    };
    struct question asked = { .knowledge = NOT_ASKED };
    int status = 0;
    int result = minotor_http(host, &request, &status);
    if (result == MINOTOR_FAILED)
        minotor_set_u64(host, UP, 0);
    if (result != MINOTOR_OK)
        return result;
    health->plain_status = read_status(host, "/status");
    if (health->plain_status == UNKNOWN_STATUS) {
        question_refused(&asked, host, PING, status);
        if (status == 429) /* somebody is there, but this is no answer to the question */
            minotor_unknown(host, UP, asked.reason);
        else
            minotor_set_u64(host, UP, 0);
        return minotor_fail(host, "%s", asked.reason);
    }
    const char *backend = minotor_json(host, "/ActiveSearchBackend");
    read_version(health, host);
    minotor_set_u64(host, UP, 1);
    minotor_set_f64(host, PING_DURATION, (double)minotor_http_duration_us(host) / 1e6);
    if (backend != NULL)
        minotor_label_u64(host, SEARCH_BACKEND, backend, 1);
    return MINOTOR_OK;
}

/* The server's own timeout of its test is longer than most rounds; the details are to have a turn as well. */
static void ask_full(struct health *health, const struct minotor_host *host)
{
    int64_t remaining_ms = minotor_remaining_ms(host);
    const struct minotor_request request = {
        .size = sizeof request,
        .max_bytes = PING_MAX_BYTES,
        .timeout_ms = (uint32_t)(remaining_ms - remaining_ms / 4) + 1,
        .path = FULL_PING,
    };
    struct question *full = &health->full;
    int status = 0;
    int result = minotor_http(host, &request, &status);
    if (result != MINOTOR_CANCELLED)
        full->asked_ms = minotor_now_ms(host);
    if (result != MINOTOR_OK) {
        question_failed(full, host);
        return;
    }
    health->full_status = read_status(host, "/status");
    health->database_status = read_status(host, "/database_status");
    health->filestore_status = read_status(host, "/filestore_status");
    if (health->database_status == UNKNOWN_STATUS && health->filestore_status == UNKNOWN_STATUS) {
        question_refused(full, host, PING "?get_server_status", status);
        return;
    }
    full->knowledge = KNOWN;
    health->full_at_ms = full->asked_ms;
}

static void emit_status(const struct minotor_host *host, enum family family, int status)
{
    if (status != UNKNOWN_STATUS)
        minotor_set_u64(host, family, status == HEALTHY);
}

static void emit_full(const struct health *health, const struct minotor_host *host)
{
    /* The plain ping can know better than the full one before it: too many goroutines. */
    if (health->plain_status == UNHEALTHY)
        emit_status(host, STATUS, UNHEALTHY);
    else if (health->full.knowledge == KNOWN)
        emit_status(host, STATUS, health->full_status);
    else
        minotor_unknown(host, STATUS, health->full.reason);
    if (health->full.knowledge == KNOWN) {
        emit_status(host, DATABASE_STATUS, health->database_status);
        emit_status(host, FILESTORE_STATUS, health->filestore_status);
        minotor_set_f64(host, FULL_PING_TIME, (double)health->full_at_ms / 1000);
        return;
    }
    minotor_unknown(host, DATABASE_STATUS, health->full.reason);
    minotor_unknown(host, FILESTORE_STATUS, health->full.reason);
    minotor_unknown(host, FULL_PING_TIME, health->full.reason);
}

void ping_full(struct health *health, const struct minotor_host *host)
{
    int64_t interval_ms = minotor_setting_integer(host, "full_ping_interval");
    if (question_is_due(&health->full, minotor_now_ms(host), interval_ms))
        ask_full(health, host);
    emit_full(health, host);
}
