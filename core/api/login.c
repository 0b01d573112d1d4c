/* SPDX-License-Identifier: Apache-2.0 */
#include "api/login.h"

#include <string.h>

#include "common/contract.h"
#include "common/text.h"

/* Pauses ------------------------------------------------------------------------------------------------------- */

struct pause {
    int64_t first_ms;
    int64_t factor;
    int64_t max_ms;
};

static const struct pause after_refusal = { API_LOGIN_REFUSED_FIRST_MS, API_LOGIN_REFUSED_FACTOR,
                                            API_LOGIN_REFUSED_MAX_MS };
static const struct pause after_silence = { API_LOGIN_UNANSWERED_FIRST_MS, API_LOGIN_AGAIN_FACTOR,
                                            API_LOGIN_AGAIN_MAX_MS };
static const struct pause after_login = { API_LOGIN_AGAIN_FIRST_MS, API_LOGIN_AGAIN_FACTOR, API_LOGIN_AGAIN_MAX_MS };

/* Of the `count`th in a row, from 1. */
static int64_t pause_ms(const struct pause *pause, unsigned count)
{
    int64_t length_ms = pause->first_ms;
    while (count-- > 1 && length_ms < pause->max_ms)
        length_ms *= pause->factor;
    return length_ms < pause->max_ms ? length_ms : pause->max_ms;
}

static void count(uint8_t *counter)
{
    if (*counter < UINT8_MAX)
        ++*counter;
}

/* Steps -------------------------------------------------------------------------------------------------------- */

void login_init(struct login *login, const struct control_login *memory, int64_t now_ms)
{
    memset(login, 0, sizeof *login);
    login->memory = *memory;
    if (memory->trouble >= LOGIN_TROUBLE_COUNT)
        login->memory.trouble = LOGIN_NO_TROUBLE;
    if (memory->next_ms > now_ms + API_LOGIN_REFUSED_MAX_MS)
        login->memory.next_ms = now_ms + API_LOGIN_REFUSED_MAX_MS;
}

/* Whoever dies before the answer leaves a session or a refusal behind that nobody has counted. */
static enum login_action begin(struct login *login, int64_t now_ms)
{
    struct control_login *memory = &login->memory;
    if (now_ms < memory->next_ms)
        return LOGIN_WAIT;
    count(&memory->failures);
    memory->trouble = LOGIN_UNANSWERED;
    memory->next_ms = now_ms + pause_ms(&after_silence, memory->failures);
    return LOGIN_BEGIN;
}

static enum login_action take_answer(struct login *login, enum login_trouble trouble, int64_t now_ms)
{
    struct control_login *memory = &login->memory;
    memory->trouble = (uint8_t)trouble;
    if (trouble == LOGIN_UNANSWERED) {
        memory->next_ms = now_ms + pause_ms(&after_silence, memory->failures);
        return LOGIN_WAIT;
    }
    memory->failures = 0;
    if (trouble != LOGIN_NO_TROUBLE) {
        count(&memory->refusals);
        memory->next_ms = now_ms + pause_ms(&after_refusal, memory->refusals);
        return LOGIN_WAIT;
    }
    memory->refusals = 0;
    count(&memory->logins);
    memory->next_ms = now_ms + (memory->logins > 1 ? pause_ms(&after_login, memory->logins - 1U) : 0);
    login->has_session = true;
    login->since_ms = now_ms;
    return LOGIN_USE;
}

/* After so long neither the server nor the worker can be said to be in trouble with sessions. */
static void settle(struct login *login, int64_t now_ms)
{
    if (login->has_session && now_ms - login->since_ms >= API_SESSION_SETTLED_MS) {
        login->memory.logins = 0;
        login->memory.next_ms = 0;
    }
}

enum login_action login_step(struct login *login, enum login_event event, enum login_trouble trouble, int64_t now_ms)
{
    settle(login, now_ms);
    switch (event) {
    case LOGIN_ANSWERED:
        return take_answer(login, trouble, now_ms);
    case LOGIN_SESSION_ENDED:
        login->has_session = false;
        login->memory.trouble = LOGIN_ENDED;
        return begin(login, now_ms);
    case LOGIN_WANTED:
        return login->has_session ? LOGIN_USE : begin(login, now_ms);
    case LOGIN_SESSION_USED:
        break;
    }
    return login->has_session ? LOGIN_USE : LOGIN_WAIT;
}

/* Answers ------------------------------------------------------------------------------------------------------ */

static bool begins_with(const char *text, const char *beginning)
{
    return strncmp(text, beginning, strlen(beginning)) == 0;
}

/* Only these are told apart by the server; all else that goes wrong there, it calls a wrong name or password. */
static const struct {
    const char *error_id; /* its beginning */
    enum login_trouble trouble;
} refusals[] = {
    { "mfa.validate_token.", LOGIN_MFA },
    { "ent.mfa.validate_token.", LOGIN_MFA },
    { "api.user.check_user_mfa.", LOGIN_MFA },
    { "api.user.check_user_login_attempts.too_many", LOGIN_LOCKED },
    { "api.user.login.inactive.", LOGIN_INACTIVE },
    { "api.user.login.bot_login_forbidden.", LOGIN_BOT },
    { "api.user.login.not_verified.", LOGIN_UNVERIFIED },
};

enum login_trouble login_judge(int status, const char *error_id)
{
    if (status == 200)
        return LOGIN_NO_TROUBLE;
    if (status != 400 && status != 401 && status != 403 && status != 501)
        return LOGIN_UNANSWERED;
    for (size_t i = 0; error_id != NULL && i < sizeof refusals / sizeof refusals[0]; i++)
        if (begins_with(error_id, refusals[i].error_id))
            return refusals[i].trouble;
    return LOGIN_REFUSED;
}

const char *login_trouble_text(unsigned trouble)
{
    static const char *const texts[LOGIN_TROUBLE_COUNT] = {
        [LOGIN_NO_TROUBLE] = "the last one is too short a time ago",
        [LOGIN_UNANSWERED] = "the last one had no answer",
        [LOGIN_ENDED] = "the server ended the session soon after it had begun",
        [LOGIN_REFUSED] = "the server does not accept the name or the password",
        [LOGIN_MFA] = "the account has multi-factor authentication: it needs a token instead, or another account",
        [LOGIN_LOCKED] = "the account is locked after too many wrong passwords",
        [LOGIN_INACTIVE] = "the account is deactivated",
        [LOGIN_BOT] = "the account is a bot, which needs a token instead",
        [LOGIN_UNVERIFIED] = "the account's e-mail address is not verified",
    };
    return texts[trouble < LOGIN_TROUBLE_COUNT ? trouble : LOGIN_NO_TROUBLE];
}

/* Body --------------------------------------------------------------------------------------------------------- */

struct output {
    char *bytes;
    size_t size;
    size_t room;
    bool overflow;
};

static void put(struct output *output, const char *text, size_t size)
{
    output->overflow = output->overflow || size > output->room - output->size;
    if (output->overflow)
        return;
    memcpy(output->bytes + output->size, text, size);
    output->size += size;
}

static void put_text(struct output *output, const char *text)
{
    static const char digits[] = "0123456789abcdef";
    put(output, "\"", 1);
    for (; *text != '\0'; text++) {
        unsigned char letter = (unsigned char)*text;
        const char escape[] = { '\\', 'u', '0', '0', digits[letter >> 4], digits[letter & 15] };
        if (letter < 0x20 || letter == '"' || letter == '\\')
            put(output, escape, sizeof escape);
        else
            put(output, text, 1);
    }
    put(output, "\"", 1);
}

size_t login_body(char *out, size_t out_bytes, const char *name, const char *password)
{
    static const char first[] = "{\"login_id\":", second[] = ",\"password\":", last[] = "}";
    struct output output = { .bytes = out, .room = out_bytes };
    if (!text_is_utf8(name, strlen(name)) || !text_is_utf8(password, strlen(password)))
        return 0;
    put(&output, first, strlen(first));
    put_text(&output, name);
    put(&output, second, strlen(second));
    put_text(&output, password);
    put(&output, last, strlen(last));
    return output.overflow ? 0 : output.size;
}
