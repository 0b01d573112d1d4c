/* SPDX-License-Identifier: Apache-2.0 */
/* The group "web": where scrapers come to, and who may come in. */
#include <errno.h>
#include <string.h>

#include "common/text.h"
#include "supervisor/config.h"
#include "supervisor/password.h"

static const char LISTEN_ALLOWED[] = "\"ADDRESS:PORT\", \"[IPv6 ADDRESS]:PORT\", \"localhost:PORT\" or "
                                     "\":PORT\", and no name that has to be looked up";

static void add_listen(struct config *config, const struct config_listen *listen)
{
    if (config->listen_count < LISTENERS_MAX)
        config->listen[config->listen_count++] = *listen;
}

static void read_listen(struct config *config, struct config_file *file, const config_setting_t *web)
{
    const config_setting_t *list = config_setting_get_member(web, "listen");
    if (list == NULL)
        return;
    if ((!config_setting_is_array(list) && !config_setting_is_list(list)) ||
        config_setting_length(list) == 0 || config_setting_length(list) > LISTENERS_MAX) {
        config_fault(file, list,
                     "\"listen\" is not a list of 1 to %d addresses; allowed is [ \"127.0.0.1:9806\" ]",
                     LISTENERS_MAX);
        return;
    }
    for (int i = 0; i < config_setting_length(list); i++) {
        const config_setting_t *element = config_setting_get_elem(list, (unsigned)i);
        struct config_listen listen = {.text = ""};
        const char *text = config_element_text(file, element, LISTEN_ALLOWED);
        if (text == NULL)
            continue;
        config_origin(file, element, listen.origin, sizeof listen.origin);
        if (!text_format(listen.text, sizeof listen.text, "%s", text) ||
            listener_parse(text, &listen.address) != 0)
            config_fault(file, element, "\"%s\" is no address to listen on; allowed is %s", text,
                         LISTEN_ALLOWED);
        else
            add_listen(config, &listen);
    }
}

/* What crypt() makes of "$2a$", "$2b$" and "$2y$". */
static bool is_hash(const char *hash)
{
    static const char DIGITS[] = "./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    if (strlen(hash) != WEB_HASH_BYTES || strncmp(hash, "$2", 2) != 0 || strchr("aby", hash[2]) == NULL ||
        hash[3] != '$' || hash[6] != '$' || strspn(hash + 7, DIGITS) != WEB_HASH_BYTES - 7 ||
        strspn(hash + 4, "0123456789") != 2)
        return false;
    int cost = (hash[4] - '0') * 10 + hash[5] - '0';
    return cost >= 4 && cost <= WEB_COST_MAX;
}

/* The hash is not shown: it is nobody's business who reads a log. */
static void add_user(struct config *config, struct config_file *file, const config_setting_t *setting)
{
    struct config_web *web = &config->web;
    const char *name = config_setting_name(setting);
    const char *hash = config_setting_get_string(setting);
    if (web->user_count == WEB_USERS_MAX)
        config_fault(file, setting, "basic_auth_users has more than %d users; allowed are so many", WEB_USERS_MAX);
    else if (strlen(name) > WEB_USER_MAX_BYTES)
        config_fault(file, setting, "the user \"%s\" has more than %d bytes; allowed are so many", name,
                     WEB_USER_MAX_BYTES);
    else if (hash == NULL || !is_hash(hash))
        config_fault(file, setting,
                     "the user \"%s\" has no bcrypt hash; allowed is what `htpasswd -nBC 10 %s` prints after the "
                     "colon, of a cost from 4 to %d", name, name, WEB_COST_MAX);
    else {
        struct config_web_user *user = &web->users[web->user_count++];
        text_format(user->name, sizeof user->name, "%s", name);
        text_format(user->hash, sizeof user->hash, "%s", hash);
    }
}

static void read_users(struct config *config, struct config_file *file, const config_setting_t *web)
{
    const config_setting_t *users;
    if (!config_group(file, web, "basic_auth_users", &users))
        return;
    if (config_setting_length(users) == 0)
        config_fault(file, users, "basic_auth_users is empty; allowed is NAME = \"HASH\"");
    for (int i = 0; i < config_setting_length(users); i++)
        add_user(config, file, config_setting_get_elem(users, (unsigned)i));
}

static void read_token(struct config *config, struct config_file *file, const config_setting_t *group)
{
    struct config_web *web = &config->web;
    char token[SETTING_VALUE_MAX_BYTES];
    if (!config_path(file, group, "bearer_token_file", web->token_file, sizeof web->token_file))
        return;
    const config_setting_t *setting = config_setting_get_member(group, "bearer_token_file");
    enum password_result result = password_read(web->token_file, token, NULL);
    size_t size = result == PASSWORD_OK ? strlen(token) : 0;
    explicit_bzero(token, sizeof token);
    if (result != PASSWORD_OK)
        config_fault(file, setting, "bearer_token_file \"%s\" %s%s%s", web->token_file, password_result_text(result),
                     result == PASSWORD_UNREADABLE ? ": " : "", result == PASSWORD_UNREADABLE ? strerror(errno) : "");
    else if (size < WEB_TOKEN_MIN_BYTES || size > WEB_SECRET_MAX_BYTES)
        config_fault(file, setting, "bearer_token_file \"%s\" holds a token of %zu bytes; allowed are %d to %d, as "
                     "`openssl rand -hex 32` makes them", web->token_file, size, WEB_TOKEN_MIN_BYTES,
                     WEB_SECRET_MAX_BYTES);
}

bool config_web_asks(const struct config_web *web)
{
    return web->user_count > 0 || web->token_file[0] != '\0';
}

#define WEB_KEYS_MAX 32 /* all that the group may hold, and NULL */

static void read_limits(struct config *config, struct config_file *file, const config_setting_t *web)
{
    for (const struct web_limit *limit = web_limits_table; limit->key != NULL; limit++) {
        int64_t *value = web_limit_of(&config->web_limits, limit);
        long long number;
        if (limit->quantity == WEB_SIZE)
            config_size(file, web, limit->key, limit->minimum, limit->maximum, value);
        else if (limit->quantity == WEB_TIME)
            config_duration(file, web, limit->key, limit->minimum, limit->maximum, value);
        else if (config_integer(file, web, limit->key, limit->minimum, limit->maximum, &number))
            *value = number;
    }
}

void config_read_web(struct config *config, struct config_file *file, const config_setting_t *root)
{
    const char *keys[WEB_KEYS_MAX] = {"listen", "insecure", "basic_auth_users", "bearer_token_file"};
    const config_setting_t *web;
    size_t count = 4;
    for (const struct web_limit *limit = web_limits_table; limit->key != NULL; limit++)
        keys[count++] = limit->key;
    if (!config_group(file, root, "web", &web))
        return;
    config_known_keys(file, web, keys);
    read_limits(config, file, web);
    config_boolean(file, web, "insecure", &config->insecure);
    read_listen(config, file, web);
    read_users(config, file, web);
    read_token(config, file, web);
}

void config_override_listen(struct config *config, const struct config_overrides *overrides)
{
    if (overrides == NULL || overrides->listen_count == 0)
        return;
    config->listen_count = 0;
    for (unsigned i = 0; i < overrides->listen_count; i++) {
        struct config_listen listen = {.origin = "--web.listen-address"};
        text_format(listen.text, sizeof listen.text, "%s", overrides->listen[i]);
        if (listener_parse(listen.text, &listen.address) == 0)
            add_listen(config, &listen);
    }
}

/* The figures of a company's chat are not for everybody. */
void config_check_listen(struct config *config, struct config_faults *faults)
{
    if (config->listen_count == 0) {
        struct config_listen standard = {.text = "127.0.0.1:9806", .origin = "default"};
        listener_parse(standard.text, &standard.address);
        add_listen(config, &standard);
    }
    for (unsigned i = 0; i < config->listen_count && !config->insecure && !config_web_asks(&config->web); i++) {
        const struct config_listen *listen = &config->listen[i];
        if (!listener_is_loopback(&listen->address))
            config_fault_at(
                faults,
                "%s: \"%s\" can be reached from other hosts without any authentication; allowed is a "
                "loopback address such as \"127.0.0.1:9806\", with a reverse proxy in front of it, or "
                "basic_auth_users or bearer_token_file in web, or insecure = true in web when the network itself keeps strangers out",
                listen->origin, listen->text);
    }
}

