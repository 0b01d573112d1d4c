/* SPDX-License-Identifier: Apache-2.0 */
/* A shared object, but no collector. */
int minotor_no_collector(void);

int minotor_no_collector(void)
{
    return 0;
}
