/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a worker on trial (minotord --check) says of its one round. It is written to the data pipe in place of
 * frames, in one go and at most REPORT_MAX_BYTES, as lines whose fields are separated by tabs:
 *
 *     unknown FAMILY REASON        it could not be read
 *     absent FAMILY                this Mattermost, or this role, does not give it
 *     cut                          there was no room for more of these
 *     round STATUS FAMILIES SAMPLES DURATION_MS ERROR     always, and last; ERROR may be empty
 *     settings                     instead of all these: the collector has taken its settings, and did no round
 */
#ifndef MINOTOR_COMMON_REPORT_H
#define MINOTOR_COMMON_REPORT_H

#define REPORT_UNKNOWN "unknown"
#define REPORT_ABSENT "absent"
#define REPORT_CUT "cut"
#define REPORT_ROUND "round"
#define REPORT_SETTINGS "settings"

/* An empty pipe holds it, so the worker never waits for a reader. A line that is cut off is none. */
#define REPORT_MAX_BYTES (60 * 1024)

#endif
