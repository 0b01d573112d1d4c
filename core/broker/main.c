/* SPDX-License-Identifier: Apache-2.0 */
/* minotor-broker: started by minotord with its descriptors in place, never by hand. */
#include "broker/broker.h"
#include "broker/rules.h"
#include "common/birth.h"
#include "common/exit_code.h"

static struct broker broker;

static struct sandbox_rules *make_rules(void *context, bool has_broker)
{
    static struct sandbox_rules rules;
    (void)context;
    (void)has_broker;
    broker_rules_make(&rules, &broker.places);
    return &rules;
}

int main(void)
{
    static const struct birth_plan plan = {
        .process_name = "minotor-broker",
        .first_free_descriptor = FD_BROKER_FIRST_FREE,
        .data_max_bytes = BROKER_DATA_MAX_BYTES,
        .files_max = BROKER_FILES_MAX,
        .processes_max = BROKER_PROCESSES_MAX,
        .profile = SANDBOX_BROKER,
        .take_setting = broker_take_setting,
        .rules = make_rules,
        .context = &broker,
    };
    const struct control_message ready = { .type = CONTROL_READY };
    birth(&plan);
    if (control_send(FD_CONTROL, &ready, -1) != CONTROL_OK)
        birth_exit(EXIT_CODE_ORPHAN);
    birth_exit(broker_run(&broker));
}
