/* SPDX-License-Identifier: Apache-2.0 */
#include "blob.h"

#include <jansson.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define SIGNATURE_BYTES 256
#define BLOB_MAX_BYTES 16384 /* base64 is at most 10000 characters long in the schema */

static int digit_of(char letter)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *found = letter != '\0' ? strchr(digits, letter) : NULL;
    return found != NULL ? (int)(found - digits) : -1;
}

/* Into `json`, NUL-terminated and without the signature; the length, or 0 when it is no licence. */
static size_t decode(const char *base64, char json[BLOB_MAX_BYTES])
{
    size_t length = 0;
    uint32_t bits = 0;
    int count = 0;
    for (; *base64 != '\0' && *base64 != '='; base64++) {
        int digit = digit_of(*base64);
        if (*base64 == '\n' || *base64 == '\r')
            continue;
        if (digit < 0 || length == BLOB_MAX_BYTES - 1)
            return 0;
        bits = bits << 6 | (uint32_t)digit;
        count += 6;
        if (count >= 8) {
            count -= 8;
            json[length++] = (char)(bits >> count & 0xff);
        }
    }
    while (length > 0 && json[length - 1] == '\0')
        length--;
    if (length <= SIGNATURE_BYTES)
        return 0;
    length -= SIGNATURE_BYTES;
    json[length] = '\0';
    return strlen(json) == length ? length : 0;
}

static int64_t number_of(const json_t *value)
{
    return json_is_integer(value) && json_integer_value(value) >= 0 ? json_integer_value(value) : -1;
}

int blob_read(const char *base64, struct license *license)
{
    static char text[BLOB_MAX_BYTES];
    size_t length = decode(base64, text);
    json_t *json = length > 0 ? json_loadb(text, length, 0, NULL) : NULL;
    if (!json_is_object(json)) {
        json_decref(json);
        return 0;
    }
    const char *sku = json_string_value(json_object_get(json, "sku_short_name"));
    license->expires_ms = number_of(json_object_get(json, "expires_at"));
    license->users = number_of(json_object_get(json_object_get(json, "features"), "users"));
    snprintf(license->sku, sizeof license->sku, "%s", sku != NULL ? sku : "");
    license->is_known = license->is_licensed = 1;
    json_decref(json);
    return 1;
}
