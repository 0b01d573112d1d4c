/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a client says in a scrape: Accept, Accept-Encoding and the query, one line each, the query decoded by the
 * library as it decodes it, which is to say name=value&name=value. Whatever it is, there is an answer, and gzip is
 * the plain text again.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "front/body.h"
#include "front/filter.h"
#include "front/negotiate.h"

static struct store store;
static struct page *page;

static void require(bool condition)
{
    if (!condition)
        abort();
}

static struct piece *text(const char *string)
{
    struct buffer out = {0};
    buffer_put_string(&out, string);
    return piece_of(&out);
}

static void prepare(void)
{
    static const struct page_build build = {"1.0.0", "abc"};
    struct control_slot identity = {.slot = 1, .generation = 1, .interval_ms = 1000, .stale_after_ms = 3000,
                                    .samples_max = 10, .bytes_max = 1000, .collector = "kpi", .target = "mattermost"};
    require(store_set_slot(&store, &identity, (struct moment){1000, 1700000000000}));
    page = page_compose(&store, NULL, &build);
    require(page != NULL);
}

/* Cuts a terminated copy into parameters. */
static void read_query(struct http_request *request, char *query)
{
    char *rest = query;
    for (char *word; (word = strsep(&rest, "&")) && request->parameter_count < HTTP_PARAMETERS_MAX;) {
        char *value = strchr(word, '=');
        if (value)
            *value++ = '\0';
        request->parameters[request->parameter_count++] = (struct http_parameter){word, value ? value : ""};
    }
}

static struct piece *joined(const struct http_answer *answer)
{
    struct buffer out = {0};
    for (size_t i = 0; i < answer->piece_count; i++)
        buffer_put(&out, answer->many[i].bytes, answer->many[i].size);
    return piece_of(&out);
}

static struct piece *answer_of(const struct filter *filter, bool filtered, enum render_format format, bool gzip)
{
    struct page_own own = {.texts = {[OWN_GAP_PROCESS] = text("# HELP process_x X.\n# TYPE process_x gauge\nprocess_x 1\n"),
                                     [OWN_GAP_PROMHTTP] = text("# HELP promhttp_x X.\n# TYPE promhttp_x gauge\npromhttp_x 1\n")}};
    struct pieces body = {0};
    struct http_answer answer = {0};
    require(filtered ? page_filtered(page, format, &own, &filter->page, &body) : page_body(page, format, &own, &body));
    for (size_t i = 0; gzip && i < body.count; i += 2)
        require(piece_pack(body.items[i]));
    require(body_answer(&answer, &body, gzip));
    struct piece *whole = joined(&answer);
    answer.release(answer.owner);
    piece_release(own.texts[OWN_GAP_PROCESS]);
    piece_release(own.texts[OWN_GAP_PROMHTTP]);
    return whole;
}

static void require_same(const struct piece *plain, const struct piece *packed)
{
    static char out[1 << 18];
    z_stream stream = {.next_in = (Bytef *)packed->bytes, .avail_in = (uInt)packed->size};
    require(inflateInit2(&stream, 15 + 16) == Z_OK);
    stream.next_out = (Bytef *)out;
    stream.avail_out = sizeof out;
    require(inflate(&stream, Z_FINISH) == Z_STREAM_END && stream.avail_in == 0);
    require(stream.total_out == plain->size && (plain->size == 0 || memcmp(out, plain->bytes, plain->size) == 0));
    inflateEnd(&stream);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct http_request request = {0};
    struct filter filter;
    char *copy = malloc(size + 1);
    require(copy != NULL);
    memcpy(copy, data, size);
    copy[size] = '\0';
    if (!page)
        prepare();
    char *rest = copy;
    request.accept = strsep(&rest, "\n");
    request.accept_encoding = strsep(&rest, "\n");
    if (rest)
        read_query(&request, rest);
    struct negotiated negotiated = negotiate_format(request.accept);
    require(negotiated.format < RENDER_FORMAT_COUNT && negotiated.escaping < ESCAPING_COUNT);
    require(negotiated_content_type(negotiated) != NULL);
    negotiate_gzip(request.accept_encoding);
    bool filtered = filter_read(&filter, &request, &store);
    if (!filter.fault[0]) {
        struct piece *plain = answer_of(&filter, filtered, negotiated.format, false);
        struct piece *packed = answer_of(&filter, filtered, negotiated.format, true);
        require_same(plain, packed);
        piece_release(plain);
        piece_release(packed);
    }
    free(copy);
    return 0;
}
