/* SPDX-License-Identifier: Apache-2.0 */
/* minotor-worker: started by minotord with its descriptors in place, never by hand. */
#include <stdbool.h>

#include "common/birth.h"
#include "common/exit_code.h"
#include "worker/memory.h"
#include "worker/reach.h"
#include "worker/rules.h"
#include "worker/settings.h"
#include "worker/worker.h"

/* What the supervisor says before START. */
struct orders {
    struct worker_settings settings;
    struct heritage heritage;
    struct sandbox_rules rules;
    bool has_broker;
};

static int take_setting(const struct control_setting *setting, void *context)
{
    struct orders *orders = context;
    return worker_settings_take(&orders->settings, setting);
}

static int take_message(const struct control_message *message, int descriptor, void *context)
{
    struct orders *orders = context;
    if (message->type == CONTROL_STATE && descriptor < 0)
        orders->heritage.state = message->body.state;
    else if (message->type == CONTROL_LOGIN && descriptor < 0)
        orders->heritage.login = message->body.login;
    else
        return -1;
    return 0;
}

static struct sandbox_rules *make_rules(void *context, bool has_broker)
{
    struct orders *orders = context;
    struct worker_settings *settings = &orders->settings;
    orders->has_broker = has_broker;
    /* Now: in a user namespace of its own a worker does not see any more whose a file is. */
    if (settings->plugin[0] != '\0' &&
        trust_plugin(settings->plugin, &settings->starter, settings->distrust, sizeof settings->distrust))
        settings->distrust[0] = '\0';
    worker_rules_make(&orders->rules, &orders->settings, has_broker);
    return &orders->rules;
}

int main(void)
{
    static struct orders orders;
    const struct birth_plan plan = {
        .process_name = "minotor-worker",
        .first_free_descriptor = FD_WORKER_FIRST_FREE,
        .data_max_bytes = LIMIT_MEMORY_DEFAULT_BYTES,
        .files_max = LIMIT_DESCRIPTORS_DEFAULT,
        .processes_max = WORKER_PROCESSES_MAX,
        .profile = SANDBOX_WORKER,
        .take_setting = take_setting,
        .take_message = take_message,
        .before_sandbox = memory_open,
        .rules = make_rules,
        .context = &orders,
    };
    worker_settings_init(&orders.settings);
    birth(&plan);
    if (worker_settings_complete(&orders.settings) != 0)
        birth_exit(EXIT_CODE_PROTOCOL);
    reach_init(orders.has_broker ? FD_BROKER : -1);
    worker_run(&orders.settings, &orders.heritage, &orders.rules);
}
