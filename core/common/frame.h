/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Frames on the data pipe, worker to front. A 16-byte header
 *     u16 magic, u8 version, u8 type, u32 payload bytes, u32 round, u32 sequence      (little-endian)
 * and a payload of at most FRAME_PAYLOAD_MAX_BYTES:
 *
 *   HELLO   u16 families, string build version, string collector, string collector version, u16 abi major, u16 abi minor
 *   DESC    u16 id (0, 1, 2 ... in order), u8 type, u8 labels, string name, unit, help, label names ...
 *   BEGIN   i64 wall clock in ms, u32 timeout in ms
 *   POINTS  u16 count, then each: u16 family, u8 kind (0 u64, 1 f64), u8 labels, texts ..., 8 bytes value
 *   END     u8 status, u32 samples, u64 bytes of POINTS payloads, u64 duration in us, string error,
 *           u16 unknown families, their u16 ids ...
 *   BYE     string reason
 *
 * HELLO comes first and once, then a DESC per family, then rounds: BEGIN POINTS* END. The round number of the
 * header is 0 outside a round, and grows from one round to the next. The sequence counts frames from 0.
 */
#ifndef MINOTOR_COMMON_FRAME_H
#define MINOTOR_COMMON_FRAME_H

#include "common/contract.h"
#include "common/wire.h"

#define FRAME_MAGIC 0x4d6eu
#define FRAME_VERSION 1

enum frame_type {
    FRAME_HELLO = 1,
    FRAME_DESC = 2,
    FRAME_BEGIN = 3,
    FRAME_POINTS = 4,
    FRAME_END = 5,
    FRAME_BYE = 6,
};

/* The type in DESC. The numbers are those of the ABI (enum minotor_type), which never change. */
enum frame_family_type {
    FRAME_FAMILY_GAUGE = 1,
    FRAME_FAMILY_COUNTER = 2,
    FRAME_FAMILY_INFO = 3,
    FRAME_FAMILY_UNTYPED = 4,
};

#define FRAME_LABELS_MAX 8 /* of one family; MINOTOR_LABELS_MAX of the ABI */

enum frame_value_kind {
    FRAME_VALUE_U64 = 0,
    FRAME_VALUE_F64 = 1,
};

/* How a round ended. */
enum round_status {
    ROUND_OK = 0,        /* every family is known */
    ROUND_PARTIAL = 1,   /* those named in END are unknown, the others are good */
    ROUND_FAILED = 2,    /* nothing of it is used */
    ROUND_TIMEOUT = 3,   /* likewise, because of the deadline */
    ROUND_NOT_READY = 4, /* likewise; not an error */
    ROUND_NO_DATA = 5,   /* all families are withdrawn; not an error */
    ROUND_STATUS_COUNT
};

/* "ok", "partial" ... as in the label `result`. Static. */
const char *round_status_name(unsigned status);

struct frame_header {
    uint8_t type;
    uint32_t payload_bytes;
    uint32_t round;
    uint32_t sequence;
};

enum frame_header_fault {
    FRAME_HEADER_OK = 0,
    FRAME_HEADER_BAD_MAGIC,
    FRAME_HEADER_BAD_VERSION,
    FRAME_HEADER_BAD_TYPE,
    FRAME_HEADER_BAD_LENGTH,
};

void frame_header_encode(const struct frame_header *header, uint8_t bytes[FRAME_HEADER_BYTES]);
/* Checks magic, version, type and length before anything is believed or allocated. */
enum frame_header_fault frame_header_decode(const uint8_t bytes[FRAME_HEADER_BYTES], struct frame_header *header);

#endif
