/* The WebSocket frames that a server sends (RFC 6455); see exoswitch/exotel/stream/server_frames.py. */

#ifndef EXOSWITCH_SERVER_FRAMES_H
#define EXOSWITCH_SERVER_FRAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    PLAIN_FRAME_HEAD_BYTES = 4,                          /* at most */
    PLAIN_FRAME_BYTES = PLAIN_FRAME_HEAD_BYTES + 0xffff, /* at most */
};

/* A plain frame is a final text message of less than 64 KiB, without a fault, as nearly all are. */
struct server_frame {
    bool is_plain;
    uint64_t start; /* of the payload */
    uint64_t stop;  /* of the frame; UINT64_MAX if the rest of the stream belongs to a fault */
};

/* Measure the frame at the start of the data; false if its head is incomplete. */
bool server_frame_at(const uint8_t *data, size_t count, struct server_frame *frame);

#endif
