/* The mask of a client's WebSocket frames: each byte is XORed with one of the key's four, in turn. */

#include "mask.h"

#include <string.h>

#include "simd.h"

void mask_payload(void *payload, size_t count, const uint8_t key[4])
{
    uint8_t *data = payload;
    uint32_t once;
    memcpy(&once, key, sizeof once);
    size_t at = simd->mask ? simd->mask(data, count, once) : 0;
    const uint64_t twice = (uint64_t)once << 32 | once;
    for (; count - at >= sizeof twice; at += sizeof twice) {
        uint64_t word;
        memcpy(&word, data + at, sizeof word);
        word ^= twice;
        memcpy(data + at, &word, sizeof word);
    }
    for (; at < count; at++)
        data[at] ^= key[at % 4];
}
