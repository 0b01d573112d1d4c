/* SPDX-License-Identifier: Apache-2.0 */
#include "front/store.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "common/text.h"
#include "front/render.h"

/* A slot is late when its interval has passed and a quarter more, but not for less than this. */
#define LATE_SLACK_MIN_MS 1000

static const char *const reject_reason_names[REJECT_REASON_COUNT] = {
    [REJECT_CONFLICT] = "conflict",
    [REJECT_DUPLICATE] = "duplicate",
    [REJECT_RESERVED] = "reserved",
};

const char *reject_reason_name(unsigned reason)
{
    assert(reason < REJECT_REASON_COUNT);
    return reject_reason_names[reason];
}

static void slot_family_free(struct slot_family *family)
{
    free(family->name);
    free(family->head);
    free(family->label_names);
    for (unsigned i = 0; i < RENDER_FORMAT_COUNT; i++)
        piece_release(family->heads[i]);
    block_free(&family->block);
    *family = (struct slot_family){0};
}

static void slot_free(struct slot *slot)
{
    for (size_t i = 0; i < slot->family_count; i++)
        slot_family_free(&slot->families[i]);
    free(slot->families);
    *slot = (struct slot){0};
}

void store_free(struct store *store)
{
    for (size_t i = 0; i < SLOTS_MAX; i++)
        slot_free(&store->slots[i]);
    *store = (struct store){0};
}

static void changed(struct store *store)
{
    store->families_changed = true;
    store->collectors_changed = true;
}

static void count_targets(struct store *store)
{
    store->target_count = 0;
    for (size_t i = 0; i < SLOTS_MAX; i++) {
        bool first = store->slots[i].used;
        for (size_t k = 0; k < i && first; k++)
            first = !store->slots[k].used ||
                    strcmp(store->slots[k].identity.target, store->slots[i].identity.target) != 0;
        store->target_count += first;
    }
}

struct slot *store_slot(struct store *store, uint32_t number)
{
    return number < SLOTS_MAX && store->slots[number].used ? &store->slots[number] : NULL;
}

const char *store_target_label(const struct store *store, const struct slot *slot)
{
    return store->target_count > 1 ? slot->identity.target : NULL;
}

bool store_set_slot(struct store *store, const struct control_slot *identity, struct moment now)
{
    if (identity->slot >= SLOTS_MAX)
        return false;
    struct slot *slot = &store->slots[identity->slot];
    if (identity->interval_ms == 0) {
        slot_free(slot);
    } else {
        if (!text_is_word(identity->collector) || !text_is_word(identity->target) ||
            identity->stale_after_ms == 0 || identity->samples_max == 0 || identity->samples_max > SAMPLES_MAX ||
            identity->bytes_max == 0 || identity->bytes_max > ROUND_MAX_BYTES)
            return false;
        /* A number that is given to somebody else starts from nothing. */
        if (slot->used && (strcmp(slot->identity.collector, identity->collector) != 0 ||
                           strcmp(slot->identity.target, identity->target) != 0))
            slot_free(slot);
        if (!slot->used) {
            slot->used = true;
            slot->appeared_ms = slot->last_good_ms = slot->last_delivery_ms = now.monotonic_ms;
        }
        slot->identity = *identity;
    }
    count_targets(store);
    changed(store);
    store_tick(store, now);
    return true;
}

bool slot_is_up(const struct slot *slot)
{
    return slot->state.state == CHILD_READY || slot->state.state == CHILD_BUSY;
}

/* Whether a round is under way is no matter of the page's: it would be another one twice a round. */
static unsigned shown_state(unsigned state)
{
    return state == CHILD_BUSY ? CHILD_READY : state;
}

bool store_set_state(struct store *store, const struct control_slot_state *state)
{
    struct slot *slot = store_slot(store, state->slot);
    if (!slot || state->state >= CHILD_STATE_COUNT)
        return false;
    const struct control_slot_state *old = &slot->state;
    bool same = shown_state(old->state) == shown_state(state->state) && old->failures == state->failures &&
                old->lines_dropped == state->lines_dropped &&
                memcmp(old->restarts, state->restarts, sizeof state->restarts) == 0 &&
                memcmp(old->limit_hits, state->limit_hits, sizeof state->limit_hits) == 0;
    slot->state = *state;
    if (!same)
        store->collectors_changed = true;
    return true;
}

bool store_set_sandbox(struct store *store, const struct control_sandbox *sandbox)
{
    struct slot *slot = store_slot(store, sandbox->slot);
    if (!slot && sandbox->slot != SLOT_OF_FRONT)
        return false;
    for (size_t i = 0; i < LAYER_COUNT; i++)
        if (sandbox->state[i] >= LAYER_STATE_COUNT)
            return false;
    *(slot ? &slot->sandbox : &store->sandbox) = *sandbox;
    *(slot ? &slot->confined : &store->confined) = true;
    store->collectors_changed = true;
    return true;
}

void store_stream_begin(struct slot *slot)
{
    slot->families_are_current = false;
}

void store_round_begin(struct slot *slot, const struct reader_begin *begin, struct moment now)
{
    slot->round_under_way = true;
    slot->round_began = now;
    slot->round_timeout_ms = begin->timeout_ms;
}

static int64_t late_at_ms(const struct slot *slot)
{
    int64_t slack_ms = slot->identity.interval_ms / 4;
    if (slack_ms < LATE_SLACK_MIN_MS)
        slack_ms = LATE_SLACK_MIN_MS;
    return slot->last_good_ms + slot->identity.interval_ms + slack_ms;
}

static int64_t family_stale_at_ms(const struct slot *slot, const struct slot_family *family)
{
    return family->block.samples > 0 ? family->success_ms + slot->identity.stale_after_ms : NEVER_MS;
}

static int64_t slot_stale_at_ms(const struct slot *slot)
{
    return slot->last_delivery_ms + slot->identity.stale_after_ms;
}

static void tick_slot(struct store *store, struct slot *slot, struct moment now)
{
    bool late = now.monotonic_ms >= late_at_ms(slot);
    bool stale = now.monotonic_ms >= slot_stale_at_ms(slot);
    for (size_t i = 0; i < slot->family_count; i++) {
        struct slot_family *family = &slot->families[i];
        if (now.monotonic_ms >= family_stale_at_ms(slot, family)) {
            block_free(&family->block);
            family->stale = true;
            store->families_changed = true;
        }
        stale = stale || family->stale;
    }
    if (late != slot->late || stale != slot->stale || store->families_changed)
        store->collectors_changed = true;
    slot->late = late;
    slot->stale = stale;
}

/* "a,b" in memory of its own, or NULL. */
static char *join_labels(const struct family *family)
{
    struct buffer text = {0};
    for (unsigned i = 0; i < family->label_count; i++) {
        if (i > 0)
            buffer_put_char(&text, ',');
        buffer_put_string(&text, family->labels[i]);
    }
    buffer_put_char(&text, '\0');
    if (text.failed)
        buffer_free(&text);
    return text.bytes;
}

/* False: no memory. */
static bool render_heads(struct slot_family *record, const struct family *family)
{
    for (unsigned i = 0; i < RENDER_FORMAT_COUNT; i++) {
        struct buffer head = {0};
        render_head_of(&head, (enum render_format)i, family);
        piece_release(record->heads[i]);
        record->heads[i] = piece_of(&head);
        if (!record->heads[i])
            return false;
    }
    const struct piece *text = record->heads[RENDER_TEXT];
    record->head = strndup(text->bytes, text->size);
    return record->head != NULL;
}

/* Sets name, heads and labels as the family has them now. False: no memory. */
static bool slot_family_describe(struct slot_family *record, const struct family *family)
{
    free(record->head);
    record->head = NULL;
    free(record->label_names);
    record->label_names = join_labels(family);
    if (!record->name)
        record->name = strdup(family->name);
    return render_heads(record, family) && record->name && record->label_names;
}

/* Moves the record of this name out of the slot; an empty one when there is none. */
static struct slot_family take_record(struct slot *slot, const char *name, size_t likely)
{
    for (size_t i = 0; i < slot->family_count; i++) {
        struct slot_family *record = &slot->families[(likely + i) % slot->family_count];
        if (record->name && strcmp(record->name, name) == 0) {
            struct slot_family taken = *record;
            *record = (struct slot_family){0};
            return taken;
        }
    }
    return (struct slot_family){0};
}

/*
 * Makes the slot's records those of `families`, in their order. What is no longer described is withdrawn: the
 * collector was exchanged for another version.
 */
static bool adopt_families(struct slot *slot, const struct family_table *families)
{
    if (slot->families_are_current)
        return true;
    struct slot_family *records = calloc(families->count ? families->count : 1, sizeof *records);
    bool complete = records != NULL;
    for (size_t i = 0; complete && i < families->count; i++) {
        records[i] = take_record(slot, families->families[i]->name, i);
        char *labels_before = records[i].label_names ? strdup(records[i].label_names) : NULL;
        complete = slot_family_describe(&records[i], families->families[i]);
        /* Old lines under new labels would be another family's. */
        if (complete && labels_before && strcmp(labels_before, records[i].label_names) != 0)
            block_free(&records[i].block);
        free(labels_before);
    }
    if (!complete) {
        for (size_t i = 0; records && i < families->count; i++)
            slot_family_free(&records[i]);
        free(records);
        records = NULL;
    }
    for (size_t i = 0; i < slot->family_count; i++)
        slot_family_free(&slot->families[i]);
    free(slot->families);
    slot->families = records;
    slot->family_count = complete ? families->count : 0;
    slot->families_are_current = complete;
    return complete;
}

static void take_samples(struct slot *slot, const struct reader_end *end, struct staging *staging,
                         struct moment now)
{
    for (size_t i = 0; i < slot->family_count; i++) {
        struct slot_family *record = &slot->families[i];
        if (end->unknown[i])
            continue;
        block_free(&record->block);
        if (!staging_seal(staging, (unsigned)i, &record->block))
            continue; /* no memory: absent, like what is unknown */
        record->succeeded = true;
        record->success_ms = now.monotonic_ms;
        record->success_wall_ms = now.wall_ms;
        record->stale = false;
    }
}

static void withdraw_all(struct slot *slot)
{
    for (size_t i = 0; i < slot->family_count; i++) {
        block_free(&slot->families[i].block);
        slot->families[i].stale = false;
    }
}

void store_round_end(struct store *store, struct slot *slot, const struct reader_end *end,
                     const struct family_table *families, struct staging *staging, struct moment now)
{
    char error[ERROR_TEXT_MAX_BYTES + 1];
    bool delivers = end->status == ROUND_OK || end->status == ROUND_PARTIAL;
    bool good = end->status == ROUND_OK || end->status == ROUND_NO_DATA;
    text_sanitize(error, sizeof error, end->error.bytes, end->error.size);
    text_one_line(slot->last_error, sizeof slot->last_error, error);
    slot->round_under_way = false;
    slot->attempted = slot->ran = true;
    slot->last_round_ok = end->status == ROUND_OK;
    slot->last_status = end->status;
    slot->last_run_wall_ms = now.wall_ms;
    slot->last_duration_us = end->duration_us;
    slot->rounds[end->status]++;
    if (end->status == ROUND_OK) {
        slot->succeeded = true;
        slot->last_success_wall_ms = now.wall_ms;
    }
    if (good)
        slot->last_good_ms = now.monotonic_ms;
    if (good || delivers)
        slot->last_delivery_ms = now.monotonic_ms;
    if (delivers && adopt_families(slot, families))
        take_samples(slot, end, staging, now);
    else if (end->status == ROUND_NO_DATA)
        withdraw_all(slot);
    if (good || delivers)
        store->families_changed = true;
    store->collectors_changed = true;
    tick_slot(store, slot, now);
}

void store_round_lost(struct store *store, struct slot *slot)
{
    if (!slot->round_under_way)
        return;
    slot->round_under_way = false;
    slot->attempted = true;
    slot->last_round_ok = false;
    store->collectors_changed = true;
}

void store_bad_frame(struct store *store, struct slot *slot, const char *reason)
{
    slot->bad_frames++;
    slot->attempted = true;
    slot->last_round_ok = false;
    text_one_line(slot->last_bad_frame, sizeof slot->last_bad_frame, reason);
    store->collectors_changed = true;
}

void store_tick(struct store *store, struct moment now)
{
    for (size_t i = 0; i < SLOTS_MAX; i++)
        if (store->slots[i].used)
            tick_slot(store, &store->slots[i], now);
}

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

int64_t store_next_tick_ms(const struct store *store)
{
    int64_t next_ms = NEVER_MS;
    for (size_t i = 0; i < SLOTS_MAX; i++) {
        const struct slot *slot = &store->slots[i];
        if (!slot->used)
            continue;
        if (!slot->late)
            next_ms = earlier(next_ms, late_at_ms(slot));
        if (!slot->stale)
            next_ms = earlier(next_ms, slot_stale_at_ms(slot));
        for (size_t k = 0; k < slot->family_count; k++)
            next_ms = earlier(next_ms, family_stale_at_ms(slot, &slot->families[k]));
    }
    return next_ms;
}

unsigned slot_samples(const struct slot *slot)
{
    unsigned samples = 0;
    for (size_t i = 0; i < slot->family_count; i++)
        samples += slot->families[i].block.samples;
    return samples;
}

bool slot_is_settled(const struct slot *slot)
{
    return slot->attempted || slot->state.state == CHILD_BACKOFF || slot->state.state == CHILD_PARKED ||
           slot->state.state == CHILD_STUCK;
}

bool slot_is_set_aside(const struct slot *slot)
{
    unsigned state = slot->state.state;
    return slot->state.failures > 0 || state == CHILD_BACKOFF || state == CHILD_PARKED || state == CHILD_STUCK;
}
