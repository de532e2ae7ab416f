/* The WebSocket text frames that a client sends (RFC 6455); see exoswitch/exotel/stream/client_frames.py. */

#include "client_frames.h"

#include <string.h>

#include "frame_head.h"
#include "mask.h"

enum { MASK_BYTES = 4 };

size_t client_frame_around(uint8_t *message, size_t size, struct keys *keys)
{
    uint8_t *key = message - MASK_BYTES;
    keys_next(keys, key);
    mask_payload(message, size, key);
    uint8_t *head = key;
    unsigned written = size <= MAX_7_BIT ? (unsigned)size : size <= 0xffff ? LENGTH_OF_16_BITS : LENGTH_OF_64_BITS;
    unsigned length_bytes = size <= MAX_7_BIT ? 0 : size <= 0xffff ? 2 : 8;
    uint64_t left = size;
    for (unsigned count = 0; count < length_bytes; count++, left >>= 8)
        *--head = (uint8_t)left;
    *--head = (uint8_t)(MASKED | written);
    *--head = FINAL_TEXT;
    return (size_t)(message - head);
}
