/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the processes of minotor have agreed on: descriptor numbers, bounds and nested times.
 * Every bound of the product stands here, with its reason.
 */
#ifndef MINOTOR_COMMON_CONTRACT_H
#define MINOTOR_COMMON_CONTRACT_H

/* Descriptors of a child, fixed before exec. 0 and 1 are /dev/null. */
#define FD_LOG 2     /* write end of the child's log pipe; stderr, so that libraries' words arrive too */
#define FD_CONTROL 3 /* one end of a SOCK_SEQPACKET pair with the supervisor */
#define FD_DATA 4    /* worker: write end of the data pipe to the front */
#define FD_FRONT_FIRST_FREE 4
#define FD_WORKER_FIRST_FREE 5

/* Slots and listeners: small fixed tables; an installation has a handful of collectors and targets. */
#define SLOTS_MAX 64
#define TARGETS_MAX 16
#define LISTENERS_MAX 16
#define NAME_MAX_BYTES 31 /* collector, target and slot names: they become labels and process titles */

/* Frames on a data pipe. 64 KiB is what a pipe holds by default: one frame never needs a second filling. */
#define FRAME_HEADER_BYTES 16
#define FRAME_PAYLOAD_MAX_BYTES (64 * 1024 - FRAME_HEADER_BYTES)
#define FAMILIES_MAX 1024            /* per slot; the largest exporters have some 600 */
#define SAMPLES_MAX 20000            /* per slot and round; ten times the largest page of a peer */
#define ROUND_MAX_BYTES (8u << 20)   /* rendered text per slot: bounds the memory of the front */
#define LABEL_VALUE_MAX_BYTES 1024   /* Prometheus users cap labels far below this */
#define HELP_MAX_BYTES 1024
#define METRIC_NAME_MAX_BYTES 200    /* longer names break dashboards and terminals */
#define ERROR_TEXT_MAX_BYTES 256     /* one line on the page, in the log and in END */
#define READ_PER_TURN_BYTES (256 * 1024) /* of one pipe per turn of the front's loop: one slot cannot starve others */
#define ROUNDS_PER_TURN_MAX 64 /* of one pipe: more than a worker can have waiting after the longest stall of the front */

/* Control datagrams: bounded so that a receive buffer can live on the stack. */
#define CONTROL_MESSAGE_MAX_BYTES 4096
#define CONTROL_MESSAGES_PER_TURN 64
#define CONTROL_WAITING_MAX 1024 /* messages kept for a child whose socket is full; past this it does not read */
#define SETTING_VALUE_MAX_BYTES 2048
#define CONFIG_TEXT_BYTES 256   /* host, database, account; with its end. Above what any server takes as a name */
#define CONFIG_PATH_BYTES 1024  /* a path; with its end. PATH_MAX would not fit into a datagram */
#define PLUGIN_SETTINGS_MAX 64 /* of one collector; the largest exporters have some 40 flags */

/* Log lines of children. */
#define LOG_LINE_MAX_BYTES 1024
#define LOG_LINES_PER_SECOND 20 /* per child; what exceeds it is counted in one summary line */
#define LOG_LINES_BURST 100
#define LAST_WORDS_MAX_BYTES 4096 /* of a child, kept for its obituary */

/*
 * Times, in milliseconds. They nest: each ring is wider than the one inside it, so the innermost that works
 * is the one that acts, and a query is ended at the server before anyone is killed for it.
 *   server's statement timeout  = the round's deadline
 *   cancel by the worker        = deadline + CANCEL_GRACE_MS
 *   worker's own alarm          = deadline + ALARM_GRACE_MS
 *   supervisor's TERM           = deadline + TERM_GRACE_MS, KILL = TERM + KILL_GRACE_MS
 */
#define CANCEL_GRACE_MS 200
#define ROUND_LATE_MS (2 * CANCEL_GRACE_MS) /* server's own end, then the cancel: a round that is later is a timeout */
#define ALARM_GRACE_MS 1000
#define TERM_GRACE_MS 2000
#define KILL_GRACE_MS 1000
#define STUCK_AFTER_KILL_MS 5000 /* a process that ignores KILL so long is in D state */
#define START_TIMEOUT_MS 10000   /* exec to READY; dlopen of large libraries from a cold disk takes seconds */
#define SETTINGS_TIMEOUT_MS 5000 /* child: exec to the last SETTING; the supervisor sends them at once */
#define PROMISE_GRACE_MS 3000    /* a child may be this late with what it promised: a loaded host is no hang */
#define FRONT_PROMISE_MS 1000    /* the front speaks this often; it is never legitimately blocked */
#define SHUTDOWN_GRACE_MS 2000   /* TERM to KILL at an orderly end */
#define DRAIN_MS 1000            /* front: finish answers under way before it leaves */
#define DRAIN_GRACE_MS 500       /* DRAIN to TERM = DRAIN_MS + this */
#define STALL_MS 1500            /* a loop that woke so late was itself stopped: children are not to blame */
#define BACKOFF_FIRST_MS 250
#define BACKOFF_MAX_MS 30000
#define BACKOFF_JITTER_PERCENT 20
#define FIRST_ROUND_SPREAD_MAX_MS 5000 /* slots that died together come back within this; longer would be news lost */
#define BACKOFF_RESET_UPTIME_MS 10000 /* with a good round: a collector that dies after every round stays slow */
#define DATA_WRITE_TIMEOUT_MS 2000    /* the front drains in microseconds; past this it is stopped */

/* Rounds. */
#define INTERVAL_MIN_MS 100
#define INTERVAL_DEFAULT_MS 15000
#define INTERVAL_MAX_MS (24 * 3600 * 1000)
#define TIMEOUT_DEFAULT_MS 10000
#define TIMEOUT_MIN_MS 50
#define TIMEOUT_MAX_MS (3600 * 1000)
#define STALE_INTERVALS_DEFAULT 3 /* a family's samples are withdrawn after so many intervals without news */

/* Database. */
#define CONNECT_TIMEOUT_MS 5000
#define LOCK_TIMEOUT_SHARE 5 /* a lock may cost a fifth of the round's timeout: one locked table costs one family */
#define ROWS_MAX 100000
#define RETRY_AFTER_FAILURE_MS 1000

/* HTTP. */
#define HTTP_CONNECTIONS_MAX 256
#define HTTP_CONNECTIONS_PER_ADDRESS_MAX 64
#define HTTP_IDLE_TIMEOUT_S 30
#define HTTP_HEADER_MAX_BYTES (16 * 1024) /* MHD's memory pool of one connection */

/* Resources of a child. */
#define WORKER_DATA_MAX_BYTES (256u << 20)
#define WORKER_FILES_MAX 64
#define WORKER_PROCESSES_MAX 64 /* per uid, threads count; resolvers start some */
#define FRONT_DATA_MAX_BYTES (1u << 30) /* some thirty slots at ROUND_MAX_BYTES with their pages; past it the old page stays */
#define FRONT_FILES_MAX (HTTP_CONNECTIONS_MAX + SLOTS_MAX + LISTENERS_MAX + 32)

#endif
