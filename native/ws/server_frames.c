/* The WebSocket frames that a server sends (RFC 6455); see exoswitch/exotel/stream/server_frames.py. */

#include "server_frames.h"

#include "frame_head.h"

bool server_frame_at(const uint8_t *data, size_t count, struct server_frame *frame)
{
    if (count < 2)
        return false;
    uint64_t size = data[1];
    unsigned length_bytes = size <= MAX_7_BIT ? 0 : size == LENGTH_OF_16_BITS ? 2 : 8;
    frame->start = 2 + length_bytes;
    if (size & MASKED) {
        *frame = (struct server_frame){.start = 2, .stop = UINT64_MAX};
        return true;
    }
    if (count < frame->start)
        return false;
    if (length_bytes > 0)
        size = 0;
    for (unsigned at = 0; at < length_bytes; at++)
        size = size << 8 | data[2 + at];
    frame->stop = size > UINT64_MAX - frame->start ? UINT64_MAX : frame->start + size;
    frame->is_plain = data[0] == FINAL_TEXT && length_bytes <= 2 && (length_bytes == 0 || size > MAX_7_BIT);
    return true;
}
