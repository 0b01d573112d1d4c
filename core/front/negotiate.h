/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a client may be sent, from its Accept and Accept-Encoding. Pure. Whatever they say, there is an answer: the
 * text format, as it is, for who asks for nothing that we have.
 */
#ifndef MINOTOR_FRONT_NEGOTIATE_H
#define MINOTOR_FRONT_NEGOTIATE_H

#include "front/render.h"

/* How names beyond ASCII would be written. We have none, so it changes nothing but the Content-Type. */
enum escaping {
    ESCAPING_NONE, /* not asked for */
    ESCAPING_ALLOW_UTF8,
    ESCAPING_UNDERSCORES,
    ESCAPING_DOTS,
    ESCAPING_VALUES,
    ESCAPING_COUNT
};

struct negotiated {
    enum render_format format;
    enum escaping escaping;
};

/* Either header may be NULL: the client sent none. */
struct negotiated negotiate_format(const char *accept);
bool negotiate_gzip(const char *accept_encoding);
/* The Content-Type of an answer. Static. */
const char *negotiated_content_type(struct negotiated negotiated);

#endif
