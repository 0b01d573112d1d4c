/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every sample of a round has the same value, the moment of CLOCK_MONOTONIC in milliseconds at which it began: a page
 * that shows two values shows a torn round, and its age is known. What else it does is the setting `mood`, in one
 * round of three.
 */
#include <minotor/collector.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define PARTS 30
#define BULK 2500 /* with their labels more than a pipe holds */

enum { LEFT, RIGHT, FAMILIES };

static const struct minotor_family families[FAMILIES] = {
    [LEFT] = { .name = "chaos_left", .type = MINOTOR_GAUGE, .help = "When the round began", .labels = { "part" } },
    [RIGHT] = { .name = "chaos_right", .type = MINOTOR_GAUGE, .help = "When the round began", .labels = { "part" } },
};

static const struct minotor_setting settings[] = {
    { .name = "mood", .type = MINOTOR_SETTING_TEXT, .default_value = "good", .maximum = 20, .help = "What it does" },
};

static uint64_t moment;

static void emit(const struct minotor_host *host, unsigned first, unsigned last)
{
    char part[16];
    for (unsigned i = first; i < last; i++) {
        snprintf(part, sizeof part, "%u", i);
        minotor_label_u64(host, LEFT, part, moment);
        minotor_label_u64(host, RIGHT, part, moment);
    }
}

/* ---- moods: what comes after half of the samples */

static void be_good(const struct minotor_host *host)
{
    (void)host;
}

static void be_slow(const struct minotor_host *host)
{
    int64_t left_ms = minotor_remaining_ms(host) + 300;
    nanosleep(&(struct timespec){ left_ms / 1000, left_ms % 1000 * 1000000 }, NULL);
}

static void be_garbage(const struct minotor_host *host)
{
    static const char noise[] = "GET / HTTP/1.1\r\nthis is no frame at all, but it is longer than a header\r\n";
    (void)host;
    if (write(4, noise, sizeof noise) < 0)
        abort();
}

static void be_torn(const struct minotor_host *host)
{
    static const unsigned char head[16] = { 0x6e, 0x4d, 1, 4, 0x00, 0x10, 0, 0 };
    (void)host;
    if (write(4, head, 7) < 0)
        abort();
}

static void be_liar(const struct minotor_host *host)
{
    static const char lie[] = "\x7fnothing that is allowed";
    (void)host;
    if (write(3, lie, sizeof lie) < 0)
        abort();
}

static void be_flood(const struct minotor_host *host)
{
    for (int i = 0; i < 5000; i++) {
        fprintf(stderr, "flood %d\n", i);
        minotor_log(host, MINOTOR_ERROR, "more flood %d", i);
    }
}

static void be_bulk(const struct minotor_host *host)
{
    emit(host, PARTS, BULK);
}

static void be_segv(const struct minotor_host *host)
{
    (void)host;
    raise(SIGSEGV);
}

static void be_half(const struct minotor_host *host)
{
    (void)host;
    raise(SIGKILL);
}

static void be_exit(const struct minotor_host *host)
{
    (void)host;
    _exit(3);
}

static void be_loop(const struct minotor_host *host)
{
    static volatile int forever = 1;
    (void)host;
    while (forever) {
    }
}

static void be_hog(const struct minotor_host *host)
{
    (void)host;
    for (size_t taken = 0; taken < 512; taken++) {
        char *memory = malloc(1U << 20);
        if (memory == NULL)
            abort();
        memset(memory, 1, 1U << 20);
    }
}

static const struct {
    const char *name;
    void (*act)(const struct minotor_host *host);
} moods[] = {
    { "good", be_good }, { "slow", be_slow },   { "garbage", be_garbage }, { "torn", be_torn },
    { "liar", be_liar }, { "flood", be_flood }, { "bulk", be_bulk },       { "segv", be_segv },
    { "half", be_half }, { "exit", be_exit },   { "loop", be_loop },       { "hog", be_hog },
};

static int collect(const struct minotor_host *host, void *state)
{
    static unsigned rounds;
    const char *mood = minotor_setting_text(host, "mood");
    struct timespec now;
    (void)state;
    clock_gettime(CLOCK_MONOTONIC, &now);
    moment = (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
    emit(host, 0, PARTS / 2);
    for (size_t i = 0; i < sizeof moods / sizeof moods[0]; i++)
        if (strcmp(moods[i].name, mood) == 0 && ++rounds % 3 == 0)
            moods[i].act(host);
    emit(host, PARTS / 2, PARTS);
    return MINOTOR_OK;
}

const struct minotor_collector *minotor_collector(void)
{
    static const struct minotor_collector collector = {
        MINOTOR_DESCRIPTOR,
        .name = "pair",
        .version = "1.0",
        .summary = "A collector for a test",
        .author = "minotor",
        .license = "Apache-2.0",
        .families = families,
        .family_count = FAMILIES,
        .family_size = sizeof(struct minotor_family),
        .settings = settings,
        .setting_count = 1,
        .setting_size = sizeof(struct minotor_setting),
        .collect = collect,
    };
    return &collector;
}
