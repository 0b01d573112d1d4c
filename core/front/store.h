/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the front knows of every slot: its families with their last good samples, its rounds, its worker's
 * state. Changes only by whole rounds, by orders of the supervisor and by the passing of time. Pure: the time
 * is an argument.
 */
#ifndef MINOTOR_FRONT_STORE_H
#define MINOTOR_FRONT_STORE_H

#include "common/control.h"
#include "front/render.h"
#include "front/staging.h"

/* Now, on both clocks: deadlines are monotonic, what people see is wall time. */
struct moment {
    int64_t monotonic_ms;
    int64_t wall_ms;
};

#define NEVER_MS INT64_MAX

/* Why samples of a good round are not on the page; the label `reason`. */
enum reject_reason {
    REJECT_CONFLICT,  /* another slot has the family with another type, help or labels */
    REJECT_DUPLICATE, /* another slot has the same series */
    REJECT_RESERVED,  /* the family's name belongs to minotor */
    REJECT_REASON_COUNT
};

/* "conflict", "duplicate", "reserved". Static. */
const char *reject_reason_name(unsigned reason);

/* One family of one slot, in the order in which the worker described them. */
struct slot_family {
    char *name;        /* owned, like the next two */
    char *head;        /* HELP and TYPE lines of the text format */
    struct piece *heads[RENDER_FORMAT_COUNT]; /* those of each format; NULL where the record is empty */
    char *label_names; /* "a,b"; "" without labels */
    struct block block;
    bool succeeded;     /* the next two are known */
    int64_t success_ms; /* monotonic: when its samples, or their absence, were last known */
    int64_t success_wall_ms;
    bool stale; /* had samples, which were withdrawn because of their age */
};

struct slot {
    bool used;
    struct control_slot identity;
    struct control_slot_state state; /* as the supervisor last said */
    struct control_sandbox sandbox;  /* likewise, of the last worker that reported it */
    bool confined;                   /* one has */
    int64_t appeared_ms;
    struct slot_family *families;
    size_t family_count;
    bool families_are_current; /* they are those of the stream that is read now */

    bool round_under_way;
    struct moment round_began;
    uint32_t round_timeout_ms;

    bool attempted;     /* a round ended, or broke off */
    bool last_round_ok; /* when attempted */
    bool ran;           /* a round ended: the next four are known */
    enum round_status last_status;
    int64_t last_run_wall_ms;
    uint64_t last_duration_us;
    char last_error[ERROR_TEXT_MAX_BYTES + 1];
    bool succeeded; /* a round was ok: the next is known */
    int64_t last_success_wall_ms;
    int64_t last_good_ms;     /* monotonic, of the last round that was ok or had no data, else appeared_ms */
    int64_t last_delivery_ms; /* the same, partial rounds included */
    bool late;
    bool stale;

    uint64_t rounds[ROUND_STATUS_COUNT];
    uint64_t bad_frames;
    uint64_t rejected[REJECT_REASON_COUNT];
    char last_bad_frame[ERROR_TEXT_MAX_BYTES + 1];
};

struct store {
    struct slot slots[SLOTS_MAX];
    struct control_sandbox sandbox; /* the front's own, as the supervisor was told */
    bool confined;                  /* it is known */
    unsigned target_count;   /* distinct ones; with more than one they become a label */
    bool families_changed;   /* since the page last looked: samples, slots or targets */
    bool collectors_changed; /* since the page last looked: anything that minotor_* shows */
};

/* All zero is an empty store. */
void store_free(struct store *store);

/*
 * An order of the supervisor: a new slot, a new generation or new times of a known one, or (interval 0) its
 * removal. False: the order makes no sense.
 */
bool store_set_slot(struct store *store, const struct control_slot *identity, struct moment now);
/* False: there is no such slot. */
bool store_set_state(struct store *store, const struct control_slot_state *state);
/* How a worker, or the front itself, is confined. False: there is no such slot or layer's state. */
bool store_set_sandbox(struct store *store, const struct control_sandbox *sandbox);
/* The slot with this number, or NULL. */
struct slot *store_slot(struct store *store, uint32_t number);
/* What the label target says on this slot's samples; NULL while there is only one target, and no such label. */
const char *store_target_label(const struct store *store, const struct slot *slot);

/* A new stream, perhaps of another version of the collector: its families are adopted when it delivers. */
void store_stream_begin(struct slot *slot);
void store_round_begin(struct slot *slot, const struct reader_begin *begin, struct moment now);
/* Takes the round's samples out of the staging area, which the caller clears afterwards. */
void store_round_end(struct store *store, struct slot *slot, const struct reader_end *end,
                     const struct family_table *families, struct staging *staging, struct moment now);
/* The pipe ended or broke; a round under way is lost. Nothing happens between rounds. */
void store_round_lost(struct store *store, struct slot *slot);
void store_bad_frame(struct store *store, struct slot *slot, const char *reason);

/* Lets time pass: slots become late, families stale. */
void store_tick(struct store *store, struct moment now);
/* When store_tick() will next have something to do, on the monotonic clock; NEVER_MS if not before news come.
 */
int64_t store_next_tick_ms(const struct store *store);

/* Samples of the slot that are kept. */
unsigned slot_samples(const struct slot *slot);
/* Whether the slot has shown what it can do: /-/ready waits for this. */
bool slot_is_settled(const struct slot *slot);
bool slot_is_up(const struct slot *slot);
/* Whether it is not at work now, or has not been for long enough to be trusted again. */
bool slot_is_set_aside(const struct slot *slot);

#endif
