/* SPDX-License-Identifier: Apache-2.0 */
#include "front/piece.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

/* Exposition text is so repetitive that a higher level costs thrice the time for a tenth of the size. */
#define PACK_LEVEL 3

struct piece *piece_of(struct buffer *buffer)
{
    struct piece *piece = buffer->failed ? NULL : calloc(1, sizeof *piece);
    if (piece) {
        piece->references = 1;
        piece->bytes = buffer_take(buffer, &piece->size);
        piece->crc = (uint32_t)crc32_z(0, (const Bytef *)piece->bytes, piece->size);
    }
    buffer_free(buffer);
    return piece;
}

struct piece *piece_hold(struct piece *piece)
{
    piece->references++;
    return piece;
}

void piece_release(struct piece *piece)
{
    if (!piece || --piece->references > 0)
        return;
    free(piece->bytes);
    free(piece->packed);
    free(piece);
}

/* The one compressor, whose memory is kept: its set-up costs more than a small piece. NULL: no memory. */
static z_stream *compressor(void)
{
    static z_stream stream;
    static bool ready;
    if (ready)
        ready = deflateReset(&stream) == Z_OK;
    else
        ready = deflateInit2(&stream, PACK_LEVEL, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY) == Z_OK;
    return ready ? &stream : NULL;
}

bool piece_pack(struct piece *piece)
{
    if (piece->packed)
        return true;
    z_stream *stream = compressor();
    if (!stream)
        return false;
    size_t bound = deflateBound(stream, piece->size) + 16; /* the flush */
    char *packed = malloc(bound);
    if (!packed)
        return false;
    stream->next_in = (Bytef *)piece->bytes;
    stream->avail_in = (uInt)piece->size;
    stream->next_out = (Bytef *)packed;
    stream->avail_out = (uInt)bound;
    if (deflate(stream, Z_FULL_FLUSH) != Z_OK || stream->avail_in > 0 || stream->avail_out == 0) {
        free(packed);
        return false;
    }
    piece->packed_size = bound - stream->avail_out;
    char *shrunk = realloc(packed, piece->packed_size ? piece->packed_size : 1);
    piece->packed = shrunk ? shrunk : packed;
    return true;
}

bool pieces_add(struct pieces *pieces, struct piece *piece)
{
    if (piece && pieces->count == pieces->capacity) {
        size_t capacity = pieces->capacity ? 2 * pieces->capacity : 1;
        struct piece **items = realloc(pieces->items, capacity * sizeof(struct piece *));
        if (!items) {
            piece_release(piece);
            return false;
        }
        pieces->items = items;
        pieces->capacity = capacity;
    }
    if (piece)
        pieces->items[pieces->count++] = piece;
    return piece != NULL;
}

size_t pieces_size(const struct pieces *pieces)
{
    size_t size = 0;
    for (size_t i = 0; i < pieces->count; i++)
        size += pieces->items[i]->size;
    return size;
}

void pieces_free(struct pieces *pieces)
{
    for (size_t i = 0; i < pieces->count; i++)
        piece_release(pieces->items[i]);
    free(pieces->items);
    *pieces = (struct pieces){0};
}
