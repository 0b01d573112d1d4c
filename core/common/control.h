/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Control messages between the supervisor and one child: datagrams on a SOCK_SEQPACKET pair, each at most
 * CONTROL_MESSAGE_MAX_BYTES with at most one descriptor. Descriptors travel from the supervisor, and with SESSION to it.
 *
 * A child first gets SETTING messages and START, answers READY, and from then on makes promises: BUSY and IDLE
 * both say until when the child will have spoken again. A promise that is broken gets the child killed; there
 * are no pings. Which message is allowed in which direction and state is a table; any other ends the child.
 */
#ifndef MINOTOR_COMMON_CONTROL_H
#define MINOTOR_COMMON_CONTROL_H

#include "common/contract.h"
#include "common/layers.h"
#include "common/limits.h"
#include "common/wire.h"

enum control_type {
    /* supervisor to child */
    CONTROL_SETTING = 1, /* any child, before START */
    CONTROL_START,       /* any child, once: no more settings */
    CONTROL_LISTENER,    /* front, + descriptor */
    CONTROL_SLOT,        /* front: a slot and, with a descriptor, the read end of its new data pipe */
    CONTROL_SLOT_STATE,  /* front: what the supervisor knows of a slot */
    CONTROL_DATA,        /* worker, + descriptor: a new data pipe; say HELLO on it and run a round soon */
    CONTROL_DRAIN,       /* any child: leave in good order */
    /* child to supervisor */
    CONTROL_READY,
    CONTROL_BUSY,
    CONTROL_IDLE,
    CONTROL_BAD_FRAME, /* front */
    /* about a worker's one session at the database; supervisor/budget.h says what they mean there */
    CONTROL_WANT,     /* worker: wants to open one */
    CONTROL_USE,      /* worker: works with the one that it has */
    CONTROL_REST,     /* worker: has stopped working with it and keeps it */
    CONTROL_RELEASED, /* worker: has closed it, or waits for one no longer */
    CONTROL_GRANT,    /* supervisor: answers WANT, soon or late */
    CONTROL_RECALL,   /* supervisor: to be closed as soon as it is idle */
    CONTROL_ASK_POOL, /* worker */
    CONTROL_POOL,     /* supervisor: answers ASK_POOL at once */
    CONTROL_STATE,    /* worker: to be kept; supervisor, before START: what was kept */
    CONTROL_LOGIN,    /* worker: how its login at Mattermost stands; supervisor, before START: how it stood */
    CONTROL_SESSION,  /* worker: it opens a session; + descriptor: this is its socket */
    CONTROL_WANT_CANCEL,  /* worker: wants a connection more, to cancel its query */
    CONTROL_END_CANCEL,   /* worker: has closed that, or waits for it no longer */
    CONTROL_GRANT_CANCEL, /* supervisor: answers WANT_CANCEL, soon or never */
    CONTROL_SANDBOX, /* any child, once, at its birth: how it is confined; supervisor: tells the front so of a worker */
    CONTROL_RENEW,   /* worker: a file that it may read was replaced by another, which only a successor may read */
    CONTROL_USAGE,   /* supervisor to front: what the processes of a slot use */
    CONTROL_HOUSE,   /* supervisor to front: what is no slot's */
    CONTROL_TYPE_COUNT
};

/* Who may send what when; bits of `enum control_party`. */
enum control_party {
    CONTROL_FROM_SUPERVISOR = 1,
    CONTROL_FROM_WORKER = 2,
    CONTROL_FROM_FRONT = 4,
    CONTROL_FROM_BROKER = 8, /* says nothing but how it was born */
};

/* One setting of a child. `origin` is "file:line" or "" and is used in messages about the value. */
struct control_setting {
    char name[NAME_MAX_BYTES * 2 + 2];
    char value[SETTING_VALUE_MAX_BYTES];
    char origin[256];
};

struct control_slot {
    uint32_t slot;
    uint32_t generation;
    uint32_t interval_ms;
    uint32_t stale_after_ms;
    uint32_t samples_max; /* of one round; this and the next: limits of the slot */
    uint32_t bytes_max;
    char collector[NAME_MAX_BYTES + 1];
    char target[NAME_MAX_BYTES + 1];
};

/* Why generations of a slot ended; the order of control_slot_state.restarts and of the label `cause`. */
enum restart_cause {
    RESTART_EXIT,      /* left with a code of its own accord */
    RESTART_SIGNAL,    /* crashed, or was killed by somebody else */
    RESTART_DEADLINE,  /* broke its promise and was killed */
    RESTART_START,     /* was not READY in time */
    RESTART_PROTOCOL,  /* said something on the control channel that was not allowed */
    RESTART_BAD_FRAME, /* wrote something to the data pipe that was not allowed */
    RESTART_SPAWN,     /* could not be started */
    RESTART_MEMORY,    /* had used up its memory */
    RESTART_CPU,       /* used more CPU time in a round than it may */
    RESTART_SANDBOX,   /* made a system call that the sandbox kills for */
    RESTART_CAUSE_COUNT
};

/* "exit", "signal" ... Static. */
const char *restart_cause_name(unsigned cause);

/* State of a child as the page shows it; also the states of supervisor/lifecycle.h. */
enum child_state {
    CHILD_DOWN,
    CHILD_STARTING,
    CHILD_READY,
    CHILD_BUSY,
    CHILD_STOPPING,
    CHILD_BACKOFF,
    CHILD_PARKED,
    CHILD_STUCK,
    CHILD_STATE_COUNT
};

/* "down", "starting" ... Static. */
const char *child_state_name(unsigned state);

struct control_slot_state {
    uint32_t slot;
    uint32_t generation;
    uint8_t state; /* enum child_state */
    uint64_t restarts[RESTART_CAUSE_COUNT];
    uint64_t limit_hits[LIMIT_COUNT];
    uint64_t lines_dropped;   /* of its worker's log, of all generations */
    uint32_t failures;        /* in a row */
    int64_t since_ms;         /* when the state began; times are of CLOCK_MONOTONIC */
    int64_t failing_since_ms; /* with failures: when the first of them was */
    int64_t next_start_ms;    /* in BACKOFF */
    char error[ERROR_TEXT_MAX_BYTES + 1]; /* the last obituary or "" */
};

/* BUSY and IDLE. Times are of CLOCK_MONOTONIC, which all processes of a host share. */
struct control_promise {
    int64_t until_ms;
    uint8_t status; /* IDLE of a worker: enum round_status of the round that just ended, or ROUND_STATUS_COUNT */
    uint8_t limits_hit; /* likewise: bits 1 << enum slot_limit, those that the round has hit */
};

struct control_bad_frame {
    uint32_t slot;
    uint32_t generation;
    uint64_t offset; /* of the offending frame in the pipe's stream */
    char reason[ERROR_TEXT_MAX_BYTES + 1];
    char bytes_hex[65]; /* the first 32 bytes of the offending frame */
};

/* WANT, GRANT, RELEASED and END_CANCEL. */
struct control_session {
    uint32_t request; /* WANT numbers them, GRANT repeats it: an answer to a request given up is none to the next */
    uint8_t lingers;  /* RELEASED, END_CANCEL: 1 when the server may not have noticed yet that it is closed */
};

/* All sessions of one target; the meanings are those of Go's sql.DBStats. */
struct control_pool {
    uint32_t max_open;
    uint32_t open;
    uint32_t in_use;
    uint32_t idle;
    uint64_t wait_count;
    uint64_t wait_duration_ms;
    uint64_t closed_max_idle;
    uint64_t closed_idle_time;
    uint64_t closed_lifetime;
};

/* What a collector keeps beyond its worker's death. size 0: nothing. */
struct control_state {
    uint32_t version; /* the collector's own */
    uint16_t size;
    uint64_t checksum; /* control_state_checksum() */
    uint8_t bytes[STATE_MAX_BYTES];
};

/*
 * Of version and bytes. The worker that saves sets it; the supervisor looks before it keeps the state, and the next
 * worker before it uses it. What the bytes mean, and under which version, only the collector knows.
 */
uint64_t control_state_checksum(const struct control_state *state);

/*
 * How a worker's login at Mattermost stands: the next worker is not to begin anew, or one that crashes would lock
 * the account, or fill the table of sessions. Holds no secret. To the supervisor it means one thing: a worker whose
 * login was refused is restarted when the configuration is read again.
 */
struct control_login {
    int64_t next_ms;  /* no login before this moment of CLOCK_MONOTONIC */
    uint8_t refusals; /* in a row, likewise the next two */
    uint8_t failures; /* logins without an answer */
    uint8_t logins;   /* whose sessions have not held for long yet */
    uint8_t trouble;  /* enum login_trouble, api/login.h */
};

/* How a child is confined. */
struct control_sandbox {
    uint32_t slot; /* supervisor to front: of the worker; a child says 0 */
    uint8_t landlock_abi; /* 0: without Landlock */
    uint8_t state[LAYER_COUNT]; /* enum layer_state */
    char detail[ERROR_TEXT_MAX_BYTES + 1]; /* what is missing or partial, and why; "": nothing is */
};

/* What a process uses. Members are meaningful where their bit of `known` is set; what is not known is told nobody. */
enum { USAGE_CPU = 1, USAGE_MEMORY = 2 };
struct control_process {
    uint8_t known;
    uint64_t cpu_us; /* of all generations */
    uint64_t resident_bytes;
};

/* How a slot's worker stands with the database; the states of supervisor/budget.h, as people tell them. */
enum session_state {
    SESSION_NONE,
    SESSION_WAITING,
    SESSION_IN_USE,
    SESSION_IDLE,
    SESSION_CLOSING, /* was told to close it, or nobody holds it and the server may still see it */
    SESSION_STATE_COUNT
};

/* "none", "waiting" ... Static. */
const char *session_state_name(unsigned state);

struct control_usage {
    uint32_t slot;
    struct control_process worker;
    struct control_process broker;
    uint8_t session; /* enum session_state */
};

struct control_house {
    struct control_process supervisor;
    struct control_process front;
    uint8_t reload_ok;           /* the last time that the configuration was read, at start or later */
    int64_t reload_success_wall_ms; /* when that last went well */
};

struct control_message {
    enum control_type type;
    union {
        struct control_setting setting;
        struct control_slot slot;
        struct control_slot_state slot_state;
        struct control_promise promise;
        struct control_bad_frame bad_frame;
        struct control_session session;
        struct control_pool pool;
        struct control_state state;
        struct control_login login;
        struct control_sandbox sandbox;
        struct control_usage usage;
        struct control_house house;
    } body;
};

enum control_result {
    CONTROL_OK = 0,
    CONTROL_AGAIN,  /* nothing to read, or no room to write */
    CONTROL_CLOSED, /* the other side is gone */
    CONTROL_BROKEN, /* a message that cannot be understood, or is not this sender's to send */
    CONTROL_ERROR,  /* errno */
};

/* Encodes into `bytes` (CONTROL_MESSAGE_MAX_BYTES). Returns its size; never 0 for a message of ours. */
size_t control_encode(const struct control_message *message, uint8_t *bytes);
/* CONTROL_OK or CONTROL_BROKEN. `sender` is who is on the other side. */
enum control_result control_decode(const uint8_t *bytes, size_t size, enum control_party sender,
                                   struct control_message *message);

/* Sends one message without blocking. `descriptor` is -1 or is duplicated into the receiver; the caller keeps it. */
enum control_result control_send(int socket, const struct control_message *message, int descriptor);

/*
 * Receives one message without blocking. With `descriptor` NULL none is accepted and the kernel drops
 * what was sent along; else it receives a close-on-exec descriptor that the caller owns, or -1.
 */
enum control_result control_receive(int socket, enum control_party sender, struct control_message *message,
                                    int *descriptor);

/* The same for other datagrams on such a pair, as they are; `size` is that of `bytes` and becomes the message's. */
enum control_result control_send_bytes(int socket, const void *bytes, size_t size, int descriptor);
enum control_result control_receive_bytes(int socket, void *bytes, size_t *size, int *descriptor);

/* Closes a descriptor that came along, or not (-1), and makes it -1. Never waits: for how long close() does with a TCP
 * socket is its sender's choice. */
void control_discard(int *descriptor);

#endif
