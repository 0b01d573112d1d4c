/* SPDX-License-Identifier: Apache-2.0 */
#include "front/body.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

/* Smaller bodies are copied into one piece: cheaper than to hand many to the kernel. */
#define FLAT_BYTES (32 * 1024)
#define STORED_MAX_BYTES 65535u
#define STORED_HEAD_BYTES 5
#define TRAILER_BYTES 10

/* No name, no time, made on Unix. */
static const char gzip_head[] = "\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03";

struct body {
    struct pieces pieces;
    struct http_piece *row;
    size_t row_count;
    char *marks; /* heads of stored blocks, then the trailer */
    char *flat;
};

static void body_free(void *owner)
{
    struct body *body = owner;
    pieces_free(&body->pieces);
    free(body->row);
    free(body->marks);
    free(body->flat);
    free(body);
}

static void put_row(struct body *body, const char *bytes, size_t size)
{
    if (size > 0)
        body->row[body->row_count++] = (struct http_piece){bytes, size};
}

static size_t stored_blocks(const struct piece *piece)
{
    return piece->packed ? 0 : (piece->size + STORED_MAX_BYTES - 1) / STORED_MAX_BYTES;
}

/* The piece as it is, each block after its head. Returns where the next mark goes. */
static char *put_stored(struct body *body, const struct piece *piece, char *mark)
{
    for (size_t offset = 0; offset < piece->size;) {
        size_t left = piece->size - offset;
        size_t size = left < STORED_MAX_BYTES ? left : STORED_MAX_BYTES;
        mark[0] = 0; /* stored, not the last */
        mark[1] = (char)(size & 0xff);
        mark[2] = (char)(size >> 8);
        mark[3] = (char)~mark[1];
        mark[4] = (char)~mark[2];
        put_row(body, mark, STORED_HEAD_BYTES);
        put_row(body, piece->bytes + offset, size);
        mark += STORED_HEAD_BYTES;
        offset += size;
    }
    return mark;
}

/* An empty last block, the sum and the size, as RFC 1952 wants them. */
static void put_trailer(struct body *body, char *mark, uint32_t crc, uint32_t size)
{
    mark[0] = 3;
    mark[1] = 0;
    for (unsigned i = 0; i < 4; i++) {
        mark[2 + i] = (char)(crc >> 8 * i);
        mark[6 + i] = (char)(size >> 8 * i);
    }
    put_row(body, mark, TRAILER_BYTES);
}

static bool make_gzip_row(struct body *body)
{
    const struct pieces *pieces = &body->pieces;
    size_t blocks = 0;
    for (size_t i = 0; i < pieces->count; i++)
        blocks += stored_blocks(pieces->items[i]);
    body->row = calloc(2 + pieces->count + 2 * blocks, sizeof *body->row);
    body->marks = malloc(blocks * STORED_HEAD_BYTES + TRAILER_BYTES);
    if (!body->row || !body->marks)
        return false;
    char *mark = body->marks;
    uint32_t crc = 0;
    uint32_t size = 0;
    put_row(body, gzip_head, sizeof gzip_head - 1);
    for (size_t i = 0; i < pieces->count; i++) {
        const struct piece *piece = pieces->items[i];
        crc = (uint32_t)crc32_combine(crc, piece->crc, (z_off_t)piece->size);
        size += (uint32_t)piece->size;
        if (piece->packed)
            put_row(body, piece->packed, piece->packed_size);
        else
            mark = put_stored(body, piece, mark);
    }
    put_trailer(body, mark, crc, size);
    return true;
}

static bool make_plain_row(struct body *body)
{
    body->row = calloc(body->pieces.count + 1, sizeof *body->row);
    for (size_t i = 0; body->row && i < body->pieces.count; i++)
        put_row(body, body->pieces.items[i]->bytes, body->pieces.items[i]->size);
    return body->row != NULL;
}

/* Copies a small row into one piece; the pieces are not needed any more. Without memory the row stays. */
static void flatten(struct body *body)
{
    size_t size = 0;
    for (size_t i = 0; i < body->row_count; i++)
        size += body->row[i].size;
    if (size > FLAT_BYTES || !(body->flat = malloc(size + 1)))
        return;
    size = 0;
    for (size_t i = 0; i < body->row_count; i++) {
        memcpy(body->flat + size, body->row[i].bytes, body->row[i].size);
        size += body->row[i].size;
    }
    body->row[0] = (struct http_piece){body->flat, size};
    body->row_count = 1;
    pieces_free(&body->pieces);
}

bool body_answer(struct http_answer *answer, struct pieces *pieces, bool gzip)
{
    struct body *body = calloc(1, sizeof *body);
    if (!body) {
        pieces_free(pieces);
        return false;
    }
    body->pieces = *pieces;
    *pieces = (struct pieces){0};
    if (!(gzip ? make_gzip_row(body) : make_plain_row(body))) {
        body_free(body);
        return false;
    }
    flatten(body);
    answer->many = body->row;
    answer->piece_count = body->row_count;
    answer->release = body_free;
    answer->owner = body;
    return true;
}
