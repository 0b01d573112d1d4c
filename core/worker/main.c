/* SPDX-License-Identifier: Apache-2.0 */
/* minotor-worker: started by minotord with its descriptors in place, never by hand. */
#include "common/birth.h"
#include "common/exit_code.h"
#include "worker/settings.h"
#include "worker/worker.h"

static int take_setting(const struct control_setting *setting, void *context)
{
    return worker_settings_take(context, setting);
}

int main(void)
{
    static struct worker_settings settings;
    const struct birth_plan plan = {
        .process_name = "minotor-worker",
        .first_free_descriptor = FD_WORKER_FIRST_FREE,
        .data_max_bytes = WORKER_DATA_MAX_BYTES,
        .files_max = WORKER_FILES_MAX,
        .processes_max = WORKER_PROCESSES_MAX,
        .profile = SANDBOX_WORKER,
        .take_setting = take_setting,
        .context = &settings,
    };
    worker_settings_init(&settings);
    birth(&plan);
    if (worker_settings_complete(&settings) != 0)
        birth_exit(EXIT_CODE_PROTOCOL);
    worker_run(&settings);
}
