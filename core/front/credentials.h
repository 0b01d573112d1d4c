/* SPDX-License-Identifier: Apache-2.0 */
/* What a client says about itself in "Authorization". Pure; a parsed one holds a secret until credentials_wipe(). */
#ifndef MINOTOR_FRONT_CREDENTIALS_H
#define MINOTOR_FRONT_CREDENTIALS_H

#include <stddef.h>

#include "common/contract.h"

enum credentials_kind {
    CREDENTIALS_NONE, /* nothing, or nothing that can be understood */
    CREDENTIALS_BASIC,
    CREDENTIALS_BEARER,
};

struct credentials {
    enum credentials_kind kind;
    char user[WEB_USER_MAX_BYTES + 1];
    char secret[WEB_SECRET_MAX_BYTES + 1]; /* a password or a token */
};

/* `header` may be NULL. What is malformed, too long or holds a NUL is NONE. */
void credentials_parse(struct credentials *credentials, const char *header);
void credentials_wipe(struct credentials *credentials);

#endif
