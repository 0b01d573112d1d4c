/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs a fuzz target once over each of its seeds and reports each as one line of TAP.
 *
 * The seeds of a program NAME_replay are the files of tests/fuzz/seeds/NAME below $top_srcdir, or of the
 * folder given as the argument. A seed that makes the target crash takes this process with it, so its name is
 * printed beforehand.
 */
#include <dirent.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SEED_MAX_BYTES (16u << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int is_file_name(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

/* The bytes of a file, to be freed by the caller, exactly as large as they are: a read past the end is found. */
static uint8_t *read_seed(const char *path, size_t *size)
{
    FILE *file = fopen(path, "rb");
    uint8_t *bytes = NULL;
    long length = -1;

    if (!file)
        return NULL;
    if (fseek(file, 0, SEEK_END) == 0)
        length = ftell(file);
    if (length < 0 || length > (long)SEED_MAX_BYTES || fseek(file, 0, SEEK_SET) != 0)
        goto out;
    bytes = malloc(length ? (size_t)length : 1);
    if (bytes && fread(bytes, 1, (size_t)length, file) != (size_t)length) {
        free(bytes);
        bytes = NULL;
    }
    *size = (size_t)length;
out:
    fclose(file);
    return bytes;
}

/* 0, or -1 when the seed could not be read. */
static int replay(const char *folder, const char *name, int number)
{
    char path[4096];
    size_t size = 0;
    snprintf(path, sizeof path, "%s/%s", folder, name);
    printf("# %s\n", name);
    uint8_t *bytes = read_seed(path, &size);
    if (!bytes) {
        printf("not ok %d - %s\n# cannot be read: %s\n", number, name, strerror(errno));
        return -1;
    }
    LLVMFuzzerTestOneInput(bytes, size);
    free(bytes);
    printf("ok %d - %s\n", number, name);
    return 0;
}

/* Writes the folder that belongs to this program's name. */
static void default_folder(const char *program, char *folder, size_t capacity)
{
    const char *top = getenv("top_srcdir");
    const char *base = strrchr(program, '/');
    base = base ? base + 1 : program;
    size_t length = strlen(base);
    if (length > strlen("_replay") && strcmp(base + length - strlen("_replay"), "_replay") == 0)
        length -= strlen("_replay");
    snprintf(folder, capacity, "%s/tests/fuzz/seeds/%.*s", top ? top : ".", (int)length, base);
}

int main(int count, char **arguments)
{
    char folder[2048];
    struct dirent **entries = NULL;
    int failures = 0;

    setvbuf(stdout, NULL, _IOLBF, 0);
    if (count > 1)
        snprintf(folder, sizeof folder, "%s", arguments[1]);
    else
        default_folder(arguments[0], folder, sizeof folder);
    int seeds = scandir(folder, &entries, is_file_name, alphasort);
    if (seeds <= 0) {
        printf("Bail out! no seeds in %s\n", folder);
        return 99;
    }
    printf("1..%d\n", seeds);
    for (int i = 0; i < seeds; i++) {
        if (replay(folder, entries[i]->d_name, i + 1))
            failures++;
        free(entries[i]);
    }
    free(entries);
    return failures ? 1 : 0;
}
