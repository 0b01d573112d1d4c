/* SPDX-License-Identifier: Apache-2.0 */
/* minotor-front: frames in, exposition out. Started by minotord only. */
#include "common/birth.h"
#include "front/front.h"

static struct front front;

int main(void)
{
    static const struct birth_plan plan = {
        .process_name = "minotor-front",
        .first_free_descriptor = FD_FRONT_FIRST_FREE,
        .data_max_bytes = FRONT_DATA_MAX_BYTES,
        .files_max = FRONT_FILES_MAX,
        .processes_max = 1, /* it starts none, and no thread */
        .profile = SANDBOX_FRONT,
        .take_setting = front_take_setting,
        .take_message = front_take_message,
        .before_sandbox = front_open,
        .context = &front,
    };
    web_limits_default(&front.limits);
    birth(&plan);
    birth_exit(front_run(&front));
}
