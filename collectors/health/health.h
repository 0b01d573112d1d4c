/* SPDX-License-Identifier: Apache-2.0 */
/* The families of the collector, and what it remembers from round to round. */
#ifndef HEALTH_H
#define HEALTH_H

#include <minotor/collector.h>

#include <stdint.h>

enum family {
    UP,
    PING_DURATION,
    STATUS,
    DATABASE_STATUS,
    FILESTORE_STATUS,
    FULL_PING_TIME,
    SEARCH_BACKEND,
    WEBSOCKETS,
    SERVER_CONNECTIONS,
    PLUGIN_RUNNING,
    PLUGIN_INFO,
    CLUSTER_NODES,
    CLUSTER_NODE_INFO,
    FAMILY_COUNT
};

#define REASON_BYTES 256
#define PLUGINS_MAX 128      /* installations have some twenty; what is beyond is told in the log */
#define CLUSTER_NODES_MAX 64 /* the vendor's largest have ten */
#define ID_BYTES 192         /* Mattermost's own bound of a plugin's id is 190 */
#define VERSION_BYTES 64
#define HOSTNAME_BYTES 256

/* A status that may be unknown. */
enum { UNKNOWN_STATUS = -1, UNHEALTHY = 0, HEALTHY = 1 };

/* What a slow question, asked at its own interval, has come to. */
enum knowledge {
    NOT_ASKED,
    KNOWN,
    WITHDRAWN, /* this server, or we, cannot have it: absent */
    UNKNOWN,   /* it should be there and could not be had; `reason` says why */
};

struct question {
    enum knowledge knowledge;
    int64_t asked_ms; /* wall clock; 0: never */
    char reason[REASON_BYTES];
};

struct plugin {
    char id[ID_BYTES];
    char version[VERSION_BYTES];
    int is_running;
};

struct node {
    char hostname[HOSTNAME_BYTES];
    char version[VERSION_BYTES];
};

enum detail { ANALYTICS, PLUGINS, CLUSTER, DETAIL_COUNT };

struct health {
    unsigned major; /* the server's version by its last ping; 0: not known */
    unsigned minor;
    int plain_status; /* of this round's plain ping */
    struct question full;
    int64_t full_at_ms; /* when it was answered */
    int full_status;
    int database_status;
    int filestore_status;
    struct question details[DETAIL_COUNT];
    int64_t websockets; /* these three: -1 where the server did not say */
    int64_t master_connections;
    int64_t replica_connections;
    struct plugin plugins[PLUGINS_MAX];
    size_t plugin_count;
    size_t plugins_left_out;
    size_t plugins_left_out_told;
    struct node nodes[CLUSTER_NODES_MAX];
    size_t node_count;
};

/* Whether a question is to be asked in this round. */
int question_is_due(const struct question *question, int64_t now_ms, int64_t interval_ms);

/*
 * Sets UNKNOWN with the host's words for a request that failed, or those that tell the status that came. One that
 * was cancelled has not been asked: it is due again in the next round.
 */
void question_failed(struct question *question, const struct minotor_host *host);
void question_refused(struct question *question, const struct minotor_host *host, const char *path, int status);

/*
 * The plain ping: emits UP, PING_DURATION and SEARCH_BACKEND. MINOTOR_OK: the server is there. MINOTOR_FAILED:
 * it is not, or it is not known, and minotor_error() says why. Else: what collect() is to return.
 */
int ping_plain(struct health *health, const struct minotor_host *host);

/* The full ping where it is due, and the families that it gives. */
void ping_full(struct health *health, const struct minotor_host *host);

/* What only a token or the local-mode socket gives. */
void details_collect(struct health *health, const struct minotor_host *host);

#endif
