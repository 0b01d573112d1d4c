/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Data sources and files of variables. The first byte chooses the reader. What is understood fits its fields
 * and holds what a worker can use; what is refused leaves nothing behind, and the sentence repeats nothing.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/text.h"
#include "supervisor/dsn.h"
#include "supervisor/environment_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define TEXT_MAX_BYTES 8192

static void require(bool condition)
{
    if (!condition)
        abort();
}

static bool is_line(const char *text, size_t field_bytes)
{
    size_t size = strnlen(text, field_bytes);
    require(size < field_bytes);
    for (size_t i = 0; i < size; i++)
        if ((unsigned char)text[i] < 0x20)
            return false;
    return text_is_utf8(text, size);
}

static void read_dsn(const char *text, const char *(*parse)(const char *text, struct dsn *dsn))
{
    static const struct dsn nothing;
    struct dsn dsn;
    memset(&dsn, 0xa5, sizeof dsn);
    const char *fault = parse(text, &dsn);
    if (fault != NULL) {
        require(memcmp(&dsn, &nothing, sizeof dsn) == 0);
        return;
    }
    require(dsn.driver == DSN_POSTGRESQL || dsn.driver == DSN_MYSQL);
    require(dsn.port >= 1 && dsn.port <= 65535);
    require(is_line(dsn.host, sizeof dsn.host) && dsn.host[0] != '\0');
    require(is_line(dsn.name, sizeof dsn.name) && dsn.name[0] != '\0');
    require(is_line(dsn.user, sizeof dsn.user) && dsn.user[0] != '\0');
    require(is_line(dsn.sslmode, sizeof dsn.sslmode) && dsn.sslmode[0] != '\0');
    require(is_line(dsn.sslrootcert, sizeof dsn.sslrootcert) && is_line(dsn.sslcert, sizeof dsn.sslcert));
    require(is_line(dsn.sslkey, sizeof dsn.sslkey) && is_line(dsn.search_path, sizeof dsn.search_path));
    require(strnlen(dsn.password, sizeof dsn.password) < sizeof dsn.password);
}

static void take(const char *name, const char *value, void *context)
{
    size_t *left = context;
    size_t used = strlen(name) + strlen(value) + 1;
    /* All of it comes out of the text. */
    require(name[0] != '\0' && used <= *left);
    *left -= used;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0 || size > TEXT_MAX_BYTES)
        return 0;
    /* Exactly as large as it is: a read past the end is found. */
    char *text = malloc(size);
    require(text != NULL);
    memcpy(text, data + 1, size - 1);
    text[size - 1] = '\0';
    size_t left = strlen(text);
    switch (data[0] % 4) {
    case 0:
        read_dsn(text, dsn_parse_postgresql);
        break;
    case 1:
        read_dsn(text, dsn_parse_mysql);
        break;
    case 2:
        read_dsn(text, dsn_parse_url);
        break;
    default:
        environment_file_parse(text, take, &left);
        break;
    }
    free(text);
    return 0;
}
