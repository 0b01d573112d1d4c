/* SPDX-License-Identifier: Apache-2.0 */
#include "front/credentials.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

#define DECODED_MAX_BYTES (WEB_USER_MAX_BYTES + 1 + WEB_SECRET_MAX_BYTES)

static int digit_value(char digit)
{
    static const char DIGITS[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *found = digit == '\0' ? NULL : strchr(DIGITS, digit);
    return found ? (int)(found - DIGITS) : -1;
}

/* RFC 4648 with its padding. The size, or -1. */
static int decode_base64(const char *text, char out[DECODED_MAX_BYTES + 1])
{
    size_t size = strlen(text);
    size_t decoded = 0;
    if (size == 0 || size % 4 != 0 || size / 4 * 3 > DECODED_MAX_BYTES)
        return -1;
    for (size_t i = 0; i < size; i += 4) {
        bool last = i + 4 == size;
        unsigned padding = !last ? 0 : text[i + 2] == '=' && text[i + 3] == '=' ? 2 : text[i + 3] == '=' ? 1 : 0;
        uint32_t bits = 0;
        for (unsigned k = 0; k < 4; k++) {
            int value = k >= 4 - padding ? 0 : digit_value(text[i + k]);
            if (value < 0)
                return -1;
            bits = bits << 6 | (uint32_t)value;
        }
        for (unsigned k = 0; k < 3 - padding; k++)
            out[decoded++] = (char)(bits >> (16 - 8 * k) & 0xFF);
    }
    out[decoded] = '\0';
    return (int)decoded;
}

static bool take(char *out, size_t max_bytes, const char *text, size_t size)
{
    if (size > max_bytes)
        return false;
    memcpy(out, text, size);
    out[size] = '\0';
    return true;
}

static void parse_basic(struct credentials *credentials, const char *text)
{
    char decoded[DECODED_MAX_BYTES + 1];
    int size = decode_base64(text, decoded);
    const char *colon = size < 0 ? NULL : strchr(decoded, ':');
    if (colon && strlen(decoded) == (size_t)size &&
        take(credentials->user, WEB_USER_MAX_BYTES, decoded, (size_t)(colon - decoded)) &&
        take(credentials->secret, WEB_SECRET_MAX_BYTES, colon + 1, strlen(colon + 1)))
        credentials->kind = CREDENTIALS_BASIC;
    explicit_bzero(decoded, sizeof decoded);
}

void credentials_parse(struct credentials *credentials, const char *header)
{
    memset(credentials, 0, sizeof *credentials);
    if (!header)
        return;
    size_t scheme = strcspn(header, " ");
    const char *rest = header + scheme + strspn(header + scheme, " ");
    if (scheme == 5 && strncasecmp(header, "Basic", scheme) == 0)
        parse_basic(credentials, rest);
    else if (scheme == 6 && strncasecmp(header, "Bearer", scheme) == 0 && rest[0] != '\0' &&
             take(credentials->secret, WEB_SECRET_MAX_BYTES, rest, strlen(rest)))
        credentials->kind = CREDENTIALS_BEARER;
}

void credentials_wipe(struct credentials *credentials)
{
    explicit_bzero(credentials, sizeof *credentials);
}
