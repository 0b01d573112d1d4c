/* SPDX-License-Identifier: Apache-2.0 */
#include "api/rights.h"

#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/text.h"

/* What a header can carry, so that nothing else can be smuggled into the request. */
static bool is_token(const char *token)
{
    for (; *token != '\0'; token++)
        if (*token <= 0x20 || *token >= 0x7f)
            return false;
    return true;
}

static void set_header(struct rights *rights, const char *token)
{
    explicit_bzero(rights->header, sizeof rights->header);
    if (token[0] != '\0')
        text_format(rights->header, sizeof rights->header, "Authorization: Bearer %s", token);
}

static bool take_login(struct rights *rights, const struct api_settings *settings, char *error, size_t error_bytes)
{
    char body[sizeof "{}" + 6 * (CONFIG_TEXT_BYTES + SETTING_VALUE_MAX_BYTES) + 64];
    bool is_good = login_body(body, sizeof body, settings->login, settings->password) > 0;
    explicit_bzero(body, sizeof body);
    if (!is_good) {
        text_format(error, error_bytes, "setting api.login or api.password is not UTF-8, or too long");
        return false;
    }
    rights->name = strdup(settings->login);
    rights->password = strdup(settings->password);
    login_init(&rights->login, &settings->memory.login, clock_monotonic_ms());
    return rights->name != NULL && rights->password != NULL;
}

bool rights_open(struct rights *rights, const struct api_settings *settings, char *error, size_t error_bytes)
{
    memset(rights, 0, sizeof *rights);
    rights->memory = settings->memory;
    if (!is_token(settings->token)) {
        text_format(error, error_bytes, "setting api.token holds a space or a character that no header can carry");
        return false;
    }
    set_header(rights, settings->token);
    return settings->token[0] != '\0' || settings->login[0] == '\0' ||
           take_login(rights, settings, error, error_bytes);
}

void rights_close(struct rights *rights)
{
    if (rights->password != NULL)
        explicit_bzero(rights->password, strlen(rights->password));
    free(rights->name);
    free(rights->password);
    explicit_bzero(rights, sizeof *rights);
}

bool rights_can_log_in(const struct rights *rights)
{
    return rights->name != NULL;
}

enum login_action rights_step(struct rights *rights, enum login_event event, enum login_trouble trouble)
{
    const struct control_login before = rights->login.memory;
    enum login_action action = login_step(&rights->login, event, trouble, clock_monotonic_ms());
    const struct control_login *now = &rights->login.memory;
    bool is_same = before.next_ms == now->next_ms && before.logins == now->logins &&
                   before.failures == now->failures && before.refusals == now->refusals &&
                   before.trouble == now->trouble;
    if (!is_same && rights->memory.changed != NULL)
        rights->memory.changed(rights->memory.context, now);
    if (!rights->login.has_session)
        set_header(rights, "");
    return action;
}

bool rights_take_session(struct rights *rights, const char *token)
{
    size_t size = strlen(token);
    if (size == 0 || size > API_SESSION_TOKEN_MAX_BYTES || !is_token(token))
        return false;
    set_header(rights, token);
    return true;
}

void rights_explain(const struct rights *rights, char *out, size_t out_bytes)
{
    unsigned trouble = rights->login.memory.trouble;
    const char *text = login_trouble_text(trouble);
    if (trouble == LOGIN_UNANSWERED && rights->silence[0] != '\0')
        text = rights->silence;
    text_format(out, out_bytes, "login: %s; tried again after a pause", text);
}
