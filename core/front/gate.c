/* SPDX-License-Identifier: Apache-2.0 */
#include "front/gate.h"

#include <crypt.h>
#include <gnutls/crypto.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "common/clock.h"
#include "common/log.h"
#include "front/credentials.h"

#define STATUS_UNAUTHORIZED 401
#define STATUS_TOO_MANY     429

/* A hash that no password has; its cost is put in. */
static const char NOBODYS_HASH[] = "$2y$10$abcdefghijklmnopqrstuu5Lo0g67CiD3M4RpN1BmBb4Crp5w7dbK";

static int choose_key(struct gate *gate)
{
    if (!gate->has_key)
        gate->has_key = getrandom(gate->key, sizeof gate->key, 0) == (ssize_t)sizeof gate->key;
    return gate->has_key ? 0 : -1;
}

static bool equal(const void *one, const void *other, size_t size)
{
    const volatile uint8_t *a = one;
    const volatile uint8_t *b = other;
    uint8_t differs = 0;
    for (size_t i = 0; i < size; i++)
        differs |= a[i] ^ b[i];
    return differs == 0;
}

static bool digest(const struct gate *gate, const void *bytes, size_t size, uint8_t out[GATE_DIGEST_BYTES])
{
    return gnutls_hmac_fast(GNUTLS_MAC_SHA256, gate->key, sizeof gate->key, bytes, size, out) == 0;
}

/* ---- what the supervisor tells */

bool gate_is_setting(const char *name)
{
    return strncmp(name, "web.", 4) == 0;
}

static int take_user(struct gate_rules *rules, const char *value)
{
    const char *colon = strchr(value, ':');
    if (rules->user_count == WEB_USERS_MAX || !colon || (size_t)(colon - value) > WEB_USER_MAX_BYTES ||
        strlen(colon + 1) != WEB_HASH_BYTES)
        return -1;
    struct gate_user *user = &rules->users[rules->user_count++];
    memcpy(user->name, value, (size_t)(colon - value));
    user->name[colon - value] = '\0';
    memcpy(user->hash, colon + 1, WEB_HASH_BYTES + 1);
    return 0;
}

/* Who was let in by what is valid no longer has to show it again. */
static void commit(struct gate *gate)
{
    gate->rules = gate->next;
    gate->ready = true;
    explicit_bzero(&gate->next, sizeof gate->next);
    explicit_bzero(gate->known, sizeof gate->known);
}

int gate_take_setting(struct gate *gate, const struct control_setting *setting)
{
    const char *name = setting->name;
    int result = choose_key(gate);
    if (result != 0)
        log_error("no random bytes for the gate's key");
    else if (strcmp(name, "web.required") == 0)
        gate->next.required = true;
    else if (strcmp(name, "web.user") == 0)
        result = take_user(&gate->next, setting->value);
    else if (strcmp(name, "web.token") == 0)
        gate->next.has_token = digest(gate, setting->value, strlen(setting->value), gate->next.token);
    else if (strcmp(name, "web.commit") == 0)
        commit(gate);
    else
        result = -1;
    if (result != 0)
        log_error("setting %s is unknown or makes no sense", name);
    return result;
}

/* ---- clients */

static bool is_known(const struct gate *gate, const uint8_t proof[GATE_DIGEST_BYTES])
{
    bool known = false;
    for (size_t i = 0; i < WEB_KNOWN_MAX; i++)
        known |= gate->known[i].used && equal(gate->known[i].digest, proof, GATE_DIGEST_BYTES);
    return known;
}

static void remember(struct gate *gate, const uint8_t proof[GATE_DIGEST_BYTES])
{
    gate->known[gate->known_next].used = true;
    memcpy(gate->known[gate->known_next].digest, proof, GATE_DIGEST_BYTES);
    gate->known_next = (gate->known_next + 1) % WEB_KNOWN_MAX;
}

/* The dearest cost that any user's hash has: who is not known must not be cheaper. */
static void nobodys_hash(const struct gate_rules *rules, char out[WEB_HASH_BYTES + 1])
{
    memcpy(out, NOBODYS_HASH, WEB_HASH_BYTES + 1);
    for (unsigned i = 0; i < rules->user_count; i++)
        if (i == 0 || memcmp(rules->users[i].hash + 4, out + 4, 2) > 0)
            memcpy(out + 4, rules->users[i].hash + 4, 2);
}

/* Takes as long as bcrypt does. */
static bool is_password(const struct gate_rules *rules, const struct credentials *credentials)
{
    char hash[WEB_HASH_BYTES + 1];
    bool exists = false;
    nobodys_hash(rules, hash);
    for (unsigned i = 0; i < rules->user_count; i++) {
        if (strcmp(rules->users[i].name, credentials->user) != 0)
            continue;
        memcpy(hash, rules->users[i].hash, sizeof hash);
        exists = true;
    }
    struct crypt_data *data = calloc(1, sizeof *data);
    if (!data)
        return false;
    const char *made = crypt_r(credentials->secret, hash, data);
    bool right = made && strlen(made) == WEB_HASH_BYTES && equal(made, hash, WEB_HASH_BYTES);
    explicit_bzero(data, sizeof *data);
    free(data);
    return right && exists;
}

enum verdict { VERDICT_NO, VERDICT_YES, VERDICT_LATER };

static enum verdict judge_basic(struct gate *gate, const struct http_request *request,
                                const struct credentials *credentials)
{
    uint8_t proof[GATE_DIGEST_BYTES];
    /* All of it, which began as zeros: no two pairs look alike. */
    if (gate->rules.user_count == 0 ||
        !digest(gate, credentials, sizeof *credentials, proof))
        return VERDICT_NO;
    if (is_known(gate, proof))
        return VERDICT_YES;
    if (!guesses_take(&gate->guesses, request->client, clock_monotonic_ms()))
        return VERDICT_LATER;
    if (!is_password(&gate->rules, credentials))
        return VERDICT_NO;
    remember(gate, proof);
    return VERDICT_YES;
}

/* A token is random and long: it is not guessed, and comparing costs nothing. */
static enum verdict judge_bearer(const struct gate *gate, const struct credentials *credentials)
{
    uint8_t proof[GATE_DIGEST_BYTES];
    bool right = gate->rules.has_token && digest(gate, credentials->secret, strlen(credentials->secret), proof) &&
                 equal(proof, gate->rules.token, GATE_DIGEST_BYTES);
    return right ? VERDICT_YES : VERDICT_NO;
}

static void refuse(const struct gate *gate, enum verdict verdict, struct http_answer *answer)
{
    if (verdict == VERDICT_LATER) {
        http_answer_text(answer, STATUS_TOO_MANY, "429 too many passwords were tried; try again later\n");
        http_answer_add_header(answer, "Retry-After", "10");
        return;
    }
    http_answer_text(answer, STATUS_UNAUTHORIZED, "401 who you are has to be proven here\n");
    if (gate->rules.user_count > 0 || !gate->rules.has_token)
        http_answer_add_header(answer, "WWW-Authenticate", "Basic realm=\"minotor\"");
    if (gate->rules.has_token)
        http_answer_add_header(answer, "WWW-Authenticate", "Bearer realm=\"minotor\"");
}

bool gate_ask(void *context, const struct http_request *request, struct http_answer *answer)
{
    struct gate *gate = context;
    struct credentials credentials;
    enum verdict verdict = VERDICT_NO;
    if (gate->ready && !gate->rules.required)
        return true;
    credentials_parse(&credentials, request->authorization);
    if (credentials.kind == CREDENTIALS_BASIC)
        verdict = judge_basic(gate, request, &credentials);
    else if (credentials.kind == CREDENTIALS_BEARER)
        verdict = judge_bearer(gate, &credentials);
    credentials_wipe(&credentials);
    if (verdict != VERDICT_YES)
        refuse(gate, verdict, answer);
    return verdict == VERDICT_YES;
}
