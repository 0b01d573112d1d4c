/* SPDX-License-Identifier: Apache-2.0 */
/* Bodies out of pieces: the same bytes whichever way they come, as zlib reads them. */
#include <CUnit/CUnit.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "front/body.h"
#include "tests/tap/cunit_tap.h"

static struct piece *piece_with(size_t size, unsigned seed)
{
    struct buffer out = {0};
    for (size_t i = 0; i < size; i++)
        buffer_put_char(&out, (char)('a' + (i * seed + i / 7) % 26));
    return piece_of(&out);
}

/* All bytes of an answer; the caller frees them. */
static char *join(const struct http_answer *answer, size_t *size)
{
    struct buffer out = {0};
    for (size_t i = 0; i < answer->piece_count; i++)
        buffer_put(&out, answer->many[i].bytes, answer->many[i].size);
    buffer_put_char(&out, '\0');
    CU_ASSERT_FALSE_FATAL(out.failed);
    *size = out.size - 1;
    return out.bytes;
}

/* Reads one gzip member, which has to be all of it. */
static char *gunzip(const char *bytes, size_t size, size_t *plain_size)
{
    z_stream stream = {.next_in = (Bytef *)(uintptr_t)bytes, .avail_in = (uInt)size};
    char *plain = malloc(1 << 20);
    CU_ASSERT_PTR_NOT_NULL_FATAL(plain);
    CU_ASSERT_EQUAL_FATAL(inflateInit2(&stream, 15 + 16), Z_OK);
    stream.next_out = (Bytef *)plain;
    stream.avail_out = 1 << 20;
    CU_ASSERT_EQUAL(inflate(&stream, Z_FINISH), Z_STREAM_END);
    CU_ASSERT_EQUAL(stream.avail_in, 0);
    *plain_size = stream.total_out;
    inflateEnd(&stream);
    return plain;
}

/* Pieces of those sizes; those whose bit is set in `packed` are packed before. */
static void check(const size_t *sizes, size_t count, unsigned packed)
{
    struct piece *pieces[8];
    struct pieces body = {0};
    char *plain[2];
    size_t plain_size[2] = {0, 0};
    for (size_t i = 0; i < count; i++) {
        pieces[i] = piece_with(sizes[i], (unsigned)i + 3);
        CU_ASSERT_PTR_NOT_NULL_FATAL(pieces[i]);
        if (packed & 1u << i)
            CU_ASSERT_TRUE(piece_pack(pieces[i]));
    }
    for (unsigned gzip = 0; gzip < 2; gzip++) {
        struct http_answer answer = {0};
        size_t size;
        for (size_t i = 0; i < count; i++)
            CU_ASSERT_TRUE_FATAL(pieces_add(&body, piece_hold(pieces[i])));
        CU_ASSERT_TRUE_FATAL(body_answer(&answer, &body, gzip));
        CU_ASSERT_EQUAL(body.count, 0);
        char *bytes = join(&answer, &size);
        answer.release(answer.owner);
        plain[gzip] = gzip ? gunzip(bytes, size, &plain_size[1]) : bytes;
        if (gzip)
            free(bytes);
        else
            plain_size[0] = size;
    }
    CU_ASSERT_EQUAL_FATAL(plain_size[0], plain_size[1]);
    CU_ASSERT_EQUAL(memcmp(plain[0], plain[1], plain_size[0]), 0);
    free(plain[0]);
    free(plain[1]);
    for (size_t i = 0; i < count; i++) {
        CU_ASSERT_EQUAL(pieces[i]->references, 1);
        piece_release(pieces[i]);
    }
}

static void test_rows(void)
{
    static const size_t one[] = {1};
    static const size_t none[] = {0, 0};
    static const size_t small[] = {100, 3, 0, 4000};
    static const size_t large[] = {10, 200000, 0, 65535, 65536, 7, 131070};
    check(one, 0, 0);
    for (unsigned packed = 0; packed < 128; packed++) {
        check(one, 1, packed);
        check(none, 2, packed);
        check(small, 4, packed);
        check(large, 7, packed);
    }
}

static void test_small_ones_are_one_piece(void)
{
    struct http_answer answer = {0};
    struct pieces body = {0};
    for (unsigned i = 0; i < 20; i++)
        CU_ASSERT_TRUE_FATAL(pieces_add(&body, piece_with(100, i)));
    CU_ASSERT_TRUE_FATAL(body_answer(&answer, &body, false));
    CU_ASSERT_EQUAL(answer.piece_count, 1);
    CU_ASSERT_EQUAL(answer.many[0].size, 2000);
    answer.release(answer.owner);
}

static void test_large_ones_are_not_copied(void)
{
    struct http_answer answer = {0};
    struct pieces body = {0};
    struct piece *large = piece_with(100000, 3);
    CU_ASSERT_TRUE_FATAL(pieces_add(&body, piece_hold(large)));
    CU_ASSERT_TRUE_FATAL(pieces_add(&body, piece_hold(large)));
    CU_ASSERT_TRUE_FATAL(body_answer(&answer, &body, false));
    CU_ASSERT_EQUAL(answer.piece_count, 2);
    CU_ASSERT_PTR_EQUAL(answer.many[1].bytes, large->bytes);
    answer.release(answer.owner);
    piece_release(large);
}

static CU_TestInfo tests[] = {
    {"plain and gzip are the same bytes", test_rows},
    {"small pieces are put together", test_small_ones_are_one_piece},
    {"large ones are not copied", test_large_ones_are_not_copied},
    CU_TEST_INFO_NULL,
};

static CU_SuiteInfo suites[] = {
    {"body", NULL, NULL, NULL, NULL, tests},
    CU_SUITE_INFO_NULL,
};

int main(void)
{
    return cunit_tap_main(suites);
}
