/* The WebSocket text frames that a client sends (RFC 6455); see exoswitch/exotel/stream/client_frames.py. */

#ifndef EXOSWITCH_CLIENT_FRAMES_H
#define EXOSWITCH_CLIENT_FRAMES_H

#include <stddef.h>
#include <stdint.h>

#include "keys.h"

enum { CLIENT_FRAME_HEAD_BYTES = 14 }; /* of the longest message: 2, its length in 8, its mask in 4 */

/* Make the frame of a text message in place: mask it, and write the head before it.
 *
 * There is room for CLIENT_FRAME_HEAD_BYTES before the message. Gives the size of the head: the frame begins so many
 * bytes before the message. */
size_t client_frame_around(uint8_t *message, size_t size, struct keys *keys);

#endif
