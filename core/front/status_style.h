/* SPDX-License-Identifier: Apache-2.0 */
/* How the status page looks. */
#ifndef MINOTOR_FRONT_STATUS_STYLE_H
#define MINOTOR_FRONT_STATUS_STYLE_H

/* What stands in the page's <style>. */
extern const char status_style[];

/*
 * The header Content-Security-Policy: nothing is loaded, run or sent, and the only style is this one, named by its
 * SHA-256. Whoever changes the style takes the new one from the failed test.
 */
extern const char status_policy[];

#endif
