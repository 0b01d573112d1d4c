/* SPDX-License-Identifier: Apache-2.0 */
#include "blob.h"

#include <stdint.h>
#include <string.h>

#define SIGNATURE_BYTES 256
#define DEPTH_MAX 32 /* of nested values; licences have two */

static int digit_of(char letter)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *found = letter != '\0' ? strchr(digits, letter) : NULL;
    return found != NULL ? (int)(found - digits) : -1;
}

size_t blob_decode(const char *base64, char *json)
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

static const char *skip_space(const char *at)
{
    return at + strspn(at, " \t\r\n");
}

/* From the opening quote to behind the closing one; NULL: it does not end. */
static const char *skip_string(const char *at)
{
    for (at++; *at != '"'; at++) {
        if (*at == '\\')
            at++;
        if (*at == '\0')
            return NULL;
    }
    return at + 1;
}

/* From the beginning of a value to behind its end, whatever is inside; NULL: it does not end. */
static const char *skip_value(const char *at)
{
    int depth = 0;
    do {
        at = skip_space(at);
        if (*at == '"') {
            at = skip_string(at);
        } else if (*at == '{' || *at == '[') {
            depth++;
            at++;
        } else if (*at == '}' || *at == ']') {
            depth--;
            at++;
        } else if (*at == ',' || *at == ':') {
            at++;
        } else {
            size_t length = strcspn(at, "{}[],:\" \t\r\n");
            at = length > 0 ? at + length : NULL;
        }
        if (at == NULL || depth > DEPTH_MAX || depth < 0)
            return NULL;
    } while (depth > 0);
    return at;
}

/* The value of a key in the object that begins at `at`; NULL: none. */
static const char *find_key(const char *at, const char *key, size_t key_length)
{
    at = skip_space(at);
    if (*at != '{')
        return NULL;
    for (at = skip_space(at + 1); *at == '"'; at = skip_space(at + 1)) {
        const char *name = at + 1;
        const char *end = skip_string(at);
        if (end == NULL)
            return NULL;
        int is_it = (size_t)(end - 1 - name) == key_length && strncmp(name, key, key_length) == 0;
        at = skip_space(end);
        if (*at != ':')
            return NULL;
        at = skip_space(at + 1);
        if (is_it)
            return at;
        at = skip_value(at);
        at = at != NULL ? skip_space(at) : NULL;
        if (at == NULL || *at != ',')
            return NULL;
    }
    return NULL;
}

static int copy_string(const char *at, char *out, size_t out_bytes)
{
    size_t length = 0;
    for (at++; *at != '"'; at++) {
        if (*at == '\\') {
            at++;
            if (*at != '"' && *at != '\\' && *at != '/')
                return 0;
        }
        if (*at == '\0' || length + 1 >= out_bytes)
            return 0;
        out[length++] = *at;
    }
    out[length] = '\0';
    return 1;
}

int blob_find(const char *json, const char *path, char *out, size_t out_bytes)
{
    const char *at = json;
    while (*path != '\0') {
        size_t length = strcspn(path, "/");
        at = find_key(at, path, length);
        if (at == NULL)
            return 0;
        path += length;
        path += *path == '/';
    }
    if (*at == '"')
        return copy_string(at, out, out_bytes);
    size_t length = strcspn(at, "{}[],:\" \t\r\n");
    if (length == 0 || length >= out_bytes)
        return 0;
    memcpy(out, at, length);
    out[length] = '\0';
    return 1;
}
