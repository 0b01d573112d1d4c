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
#define FD_BROKER 5  /* worker: one end of a SOCK_SEQPACKET pair with its broker; not open when it has none */
#define FD_CLIENT 4  /* broker: the other end */
#define FD_FRONT_FIRST_FREE 4
#define FD_WORKER_FIRST_FREE 6
#define FD_BROKER_FIRST_FREE 5

/* Slots and listeners: small fixed tables; an installation has a handful of collectors and targets. */
#define SLOTS_MAX 64
#define SLOT_OF_FRONT SLOTS_MAX /* where something is told of a slot's worker: this is the front itself */
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

#define TARGET_FACTS_MAX 32    /* of one target; the supervisor knows about ten */

/* Log lines of children. */
#define LOG_LINE_MAX_BYTES 1024
#define LOG_BURST_S 5 /* so many seconds' worth of lines may come at once; what exceeds it is counted in one summary line */
#define REHEARSAL_TEXT_MAX_BYTES (16 * 1024) /* mistakes in settings: some lines, of which a reader needs the first */
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
#define SHUTDOWN_STUCK_MS 1000 /* the same where nothing is to follow: nobody waits for it, and it cannot outlive its KILL */
#define START_TIMEOUT_MS 10000   /* exec to READY; dlopen of large libraries from a cold disk takes seconds */
#define ROW_TIMEOUT_MS 8000      /* Mattermost's configuration out of a database; before START_TIMEOUT_MS */
#define SETTINGS_TIMEOUT_MS 5000 /* child: exec to the last SETTING; the supervisor sends them at once */
#define PROMISE_GRACE_MS 3000    /* a child may be this late with what it promised: a loaded host is no hang */
#define FRONT_PROMISE_MS 1000    /* the front speaks this often; it is never legitimately blocked */
#define REHEARSAL_TIMEOUT_MS (2 * START_TIMEOUT_MS) /* of a reload; a collector that hangs may use up its START_TIMEOUT_MS */
#define SHUTDOWN_GRACE_MS 2000   /* TERM to KILL at an orderly end */
#define DRAIN_MS 1000            /* front: finish answers under way before it leaves */
#define DRAIN_HEAR_MS 300        /* a part of it: for the first words of clients that have been let in only just now */
#define DRAIN_GRACE_MS 500       /* DRAIN to TERM = DRAIN_MS + this */
#define WORKER_LAST_DRAIN_MS 700 /* the same of a worker where nothing is to follow: SIGTERM ends all within a second */
#define WORKER_LAST_TERM_MS 150  /* ... and of one that a plugin has made deaf to TERM, until KILL */
#define RENEW_WAIT_MS 500        /* worker: for the DRAIN that answers RENEW; within PROMISE_GRACE_MS */
#define RENEW_INTERVAL_MIN_MS 10000 /* a slot whose workers ask for successors more often is not heard: no loop of lives */
#define STALL_MS 1500            /* a loop that woke so late was itself stopped: children are not to blame */
#define BACKOFF_FIRST_MS 250
#define BACKOFF_MAX_MS 30000
#define FRONT_BACKOFF_MAX_MS 1000 /* scrapes wait meanwhile, and nothing of ours is dearer to start than a worker */
#define BACKOFF_JITTER_PERCENT 20
#define FIRST_ROUND_SPREAD_MAX_MS 5000 /* slots that died together come back within this; longer would be news lost */
#define BACKOFF_RESET_UPTIME_MS 10000 /* with a good round: a collector that dies after every round stays slow */
/* What the log hears of a child that fails again and again. */
#define FLAPPING_TOLD_FIRST 3 /* what fails three times in a row is no accident */
#define FLAPPING_WAYS_MAX 8   /* different ways to fail; one with more makes them up */
#define FLAPPING_SUMMARY_FIRST_MS (60 * 1000) /* doubled each time, for those who look after a deployment ... */
#define FLAPPING_SUMMARY_MAX_MS (3600 * 1000) /* ... up to this, for those who look at last night */
#define FLAPPING_CALM_MS (10 * 60 * 1000)     /* without a failure; many times the longest backoff */
#define DATA_WRITE_TIMEOUT_MS 2000    /* the front drains in microseconds; past this it is stopped */

/* Rounds. */
#define INTERVAL_MIN_MS 100
#define INTERVAL_DEFAULT_MS 15000
#define INTERVAL_MAX_MS (24 * 3600 * 1000)
#define TIMEOUT_DEFAULT_MS 10000
#define TIMEOUT_MIN_MS 50
#define TIMEOUT_MAX_MS (3600 * 1000)
#define STALE_INTERVALS_DEFAULT 3 /* a family's samples are withdrawn after so many intervals without news */

/*
 * What a worker reaches, through its broker. The broker itself never waits but for the name service, so all that a
 * worker waits for is the machine; a broker that is stopped costs no round more than one such wait after another.
 */
#define PLACES_MAX 16               /* of one slot: its database with a few standbys, and three of the HTTP API */
#define REACH_MESSAGE_MAX_BYTES 1024 /* the longest name, or sixteen addresses */
#define REACH_WAITING_MAX 16        /* requests that wait for the name service at once; a worker has a thread or two */
#define REACH_ANSWER_MS 2000        /* the broker answers in microseconds; past this it is stopped, or the host is */
#define REACH_LATE_MS 50            /* after one that did not answer: time for one that goes on, and many tries in a round */
#define NAME_TIMEOUT_MS 2500        /* longer than the two tries of a second that a name server has, shorter than CONNECT_TIMEOUT_MS */
#define REACH_SILENCE_MS (NAME_TIMEOUT_MS + REACH_ANSWER_MS) /* a broker that owes an answer for so long is lost */
#define NAME_FRESH_MS 1000          /* libraries ask several times for one connection; the next one asks anew */
#define NAME_ADDRESSES_MAX 16       /* of one answer; libraries try one after the other */
#define NAME_ADDRESSES_KEPT_MAX 64  /* of a name, all that it had: a query is cancelled where its session is */
/*
 * How often a broker connects to one place: a session, its cancel, and the connections of a few HTTP requests at once, ten
 * times over. Then to a database as often as a worker tries again (RETRY_AFTER_FAILURE_MS): PostgreSQL counts those that
 * never log in for a minute (authentication_timeout), which makes 76 of its 100, MySQL for ten seconds, 26 of its 151.
 * Or twice in a round, where an admin has chosen rounds below two seconds: its session, and a cancel or one anew.
 * HTTP servers bear more, and a proxy may end the connection after each request.
 */
#define CONNECTIONS_AT_ONCE_MAX 16
#define DATABASE_PAUSE_MS 1000
#define HTTP_PAUSE_MS 100
#define PACES_MAX 64                /* places with one; a name with more addresses than this gets new ones early */
#define UNREAD_SOCKETS_MAX 8        /* sent to a worker that reads none: one or two threads wait for theirs */
#define REFUSALS_MAX 16             /* distinct places that a broker's log names; a worker could think of many */

/* Database. */
#define CONNECT_TIMEOUT_MS 5000
#define LOCK_TIMEOUT_SHARE 5 /* a lock may cost a fifth of the round's timeout: one locked table costs one family */
#define ROWS_MAX 100000
#define RETRY_AFTER_FAILURE_MS 1000

/* Connections to a target's database, of all its collectors together. */
#define DATABASE_CONNECTIONS_DEFAULT 2 /* collectors wait for one another; rounds take milliseconds */
#define DATABASE_CONNECTIONS_MAX 16
#define CONNECTION_IDLE_DEFAULT_MS (5 * 60 * 1000) /* this and the next are Mattermost's own defaults */
#define CONNECTION_LIFETIME_DEFAULT_MS (60 * 60 * 1000)
#define CONNECTION_TIME_MIN_MS 1000
#define CONNECTION_TIME_MAX_MS (24 * 3600 * 1000)
/*
 * For so long a place in the budget stays taken after its worker has died: a server notices the end of an idle
 * session at once, of one that it works for within half a second (PostgreSQL 14 and newer) or a second (MySQL,
 * while it waits for a lock).
 */
#define LINGER_IDLE_MS 250
#define LINGER_WORKING_MS 2000
/*
 * The same where the session's socket is known: until the server has closed its end. Only one that is stopped does not
 * for long; when it goes on it finds no more sessions than before. After this we try our luck.
 */
#define ENDING_PATIENCE_MS (2 * 60 * 1000)
#define GOODBYE_PAUSE_MS 1000 /* between two of the packets that end a session, where the network is gone; the least there is */
#define POOL_ANSWER_MS 500 /* the supervisor is never legitimately blocked; one that is stopped is not waited for */

/* What a collector may keep beyond its worker's death: fits a control datagram. */
#define STATE_MAX_BYTES 2048
#define STATE_BARREN_LIVES_MAX 5 /* workers in a row that it has not helped: it may be what ends them */
/* The file in which it outlives minotord: a record for each slot. One page each, so that a torn page costs one slot. */
#define STATE_RECORD_BYTES 4096
#define STATE_FILE_MAX_BYTES (SLOTS_MAX * STATE_RECORD_BYTES)

/* Mattermost's HTTP API. */
#define API_BODY_DEFAULT_BYTES (1u << 20) /* the largest answer that we ask for, a list of plugins, has some 100 KiB */
#define API_BODY_MAX_BYTES (8u << 20)     /* a worker has LIMIT_MEMORY_DEFAULT_BYTES, and JSON grows as it is taken apart */
#define API_HEADERS_MAX_BYTES (16 * 1024) /* of all header lines; proxies themselves refuse more than 8 KiB */
#define API_HEADERS_MAX 64
#define API_PATH_MAX_BYTES 2048
#define API_JSON_DEPTH_MAX 64        /* the parser recurses; Mattermost's answers are less than ten deep */
#define API_NAME_AGE_MAX_MS 60000    /* addresses of a name are looked up again after this; a late answer serves so long */

/*
 * Logins to it. Each leaves rows in Sessions and Audits, and after ten refused ones (MaximumLoginAttempts) Mattermost
 * locks the account until an administrator unlocks it.
 *   refused:    15 min, 1 h, 4 h, 16 h, then once a day. A refusal may also be the server's own trouble, which it
 *               hides behind the same words, so it is never final; two collectors log in, and come to ten in 21 h.
 *   no answer:  the server may have made a session all the same: 30 s, doubled up to 1 h.
 *   ended:      a session, or its worker, within API_SESSION_SETTLED_MS of the login. The first is replaced at once,
 *               the next after 1 min, doubled up to 1 h: old servers do not bound the rows that a user can have.
 */
#define API_LOGIN_REFUSED_FIRST_MS (15 * 60 * 1000)
#define API_LOGIN_REFUSED_FACTOR 4
#define API_LOGIN_REFUSED_MAX_MS (24 * 3600 * 1000)
#define API_LOGIN_UNANSWERED_FIRST_MS 30000
#define API_LOGIN_AGAIN_FIRST_MS 60000
#define API_LOGIN_AGAIN_FACTOR 2
#define API_LOGIN_AGAIN_MAX_MS (3600 * 1000)
#define API_SESSION_SETTLED_MS (3600 * 1000) /* one that held so long ended for a reason: the next login is not late */
#define API_LOGIN_TIME_MIN_MS 200    /* with less time left none is begun: hashing a password alone takes as long */
#define API_LOGIN_BODY_MAX_BYTES 65536 /* the answer is the user with his settings: some KiB */
#define API_LOGOUT_TIMEOUT_MS 400    /* a part of WORKER_LAST_DRAIN_MS, after which the worker is killed */
#define API_SESSION_TOKEN_MAX_BYTES 128 /* Mattermost's have 26, and it reads no more than 50 */

/* HTTP. */
#define HTTP_CONNECTIONS_MAX 256
#define HTTP_CONNECTIONS_PER_ADDRESS_MAX 64
#define HTTP_IDLE_TIMEOUT_S 30
#define HTTP_HEADER_MAX_BYTES (16 * 1024) /* MHD's memory pool of one connection */

/*
 * Limits of a slot, which its collector's file may set within these bounds. SAMPLES_MAX and ROUND_MAX_BYTES are the
 * defaults and the outermost bounds of samples and bytes: what the front can bear for SLOTS_MAX slots.
 */
#define LIMIT_MEMORY_DEFAULT_BYTES (INT64_C(256) << 20) /* ours need less than 20 MiB; a round at its bounds some 100 */
#define LIMIT_MEMORY_MIN_BYTES (INT64_C(16) << 20) /* client libraries, and the 8 MiB of a resolver thread's stack */
#define LIMIT_MEMORY_MAX_BYTES (INT64_C(16) << 30) /* more is a typing error */
#define LIMIT_DESCRIPTORS_DEFAULT 64
#define LIMIT_DESCRIPTORS_MIN 24  /* our own ten, a session, and what libraries open to make one */
#define LIMIT_DESCRIPTORS_MAX 1024 /* select() in a library writes past its set with a higher one */
#define LIMIT_NICE_DEFAULT 10     /* a tenth of the share of the database or of Mattermost on the same host */
#define LIMIT_NICE_MAX 19         /* and 0 at the least: nobody gets more than minotord itself has */
#define LIMIT_CPU_DEFAULT_MS 5000 /* rounds of ours take some milliseconds; a first count of large tables is the server's */
#define LIMIT_CPU_MIN_MS 50       /* the kernel looks at this clock every 1 to 10 ms */
#define LIMIT_CPU_GRACE_MS 500    /* the worker's own timer ends it; past this the supervisor does */
#define LIMIT_BYTES_MIN (16 * 1024) /* the heads of some families */
#define LIMIT_LOG_LINES_DEFAULT 20
#define LIMIT_LOG_LINES_MAX 1000 /* what a journal bears of all slots together */
#define LIMIT_SHORT_SHARE 8 /* with less than an eighth of its memory left, want of memory is why a worker dies */

/* Resources of a child. */
/* Beside its data a child maps libraries (some 60 MB) and, for a moment, the arena of a thread (128 MB, or it does without). */
#define ADDRESSES_BESIDE_DATA_BYTES (256u << 20)
#define STACK_MAX_BYTES (8u << 20) /* the default of Linux, which may have been lifted where minotord was started */
/*
 * The kernel counts the account's processes and threads, not the worker's: all workers and brokers, with threads that resolve
 * names and connect, and those of another minotord with the same account, or whatever else a plain user does. It is there
 * to stop one that forks, or starts threads, which need no memory to speak of: below the TasksMax=512 of the unit, so that
 * minotord can still start what has ended. It holds for who starts one more, so brokers, which run nobody's code, get theirs
 * beyond it: two for each slot.
 */
#define WORKER_PROCESSES_MAX (6 * SLOTS_MAX)
#define BROKER_PROCESSES_MAX (WORKER_PROCESSES_MAX + 2 * SLOTS_MAX)
#define PROCESSES_HEADROOM SLOTS_MAX /* an account with less left below the limit when minotord starts: workers have none */
#define BROKER_DATA_MAX_BYTES (64u << 20) /* a thread per name, and what the name service's libraries allocate */
/*
 * Not so many are ever open. But who may open as many may have as many on the way to others, and the kernel counts those
 * of the whole account: a collector can leave 253 there, and so can each of its siblings.
 */
#define BROKER_FILES_MAX (SLOTS_MAX * 512)
#define FRONT_DATA_MAX_BYTES (1u << 30) /* some thirty slots at ROUND_MAX_BYTES with their pages; past it the old page stays */
#define FRONT_FILES_MAX (HTTP_CONNECTIONS_MAX + SLOTS_MAX + LISTENERS_MAX + 32)

#endif
