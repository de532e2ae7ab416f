/* The socket of a call's stream while the plane serves it; see ServedSocket in exoswitch/call/media.py.
 *
 * A tick reads it before the leg's tick, and writes the caller's audio to it after. */

#ifndef EXOSWITCH_SERVING_H
#define EXOSWITCH_SERVING_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bot_socket.h"
#include "client_frames.h"
#include "keys.h"
#include "leg.h"
#include "message_encoder.h"

enum {
    SERVING_READ_BYTES = 4 * 1024 * 1024, /* of all sockets in one tick, about: 4 ms of work */
    SERVING_LEAST_BYTES = 4 * 1024,       /* of one socket: ten times real time at 8,000 Hz */
    SERVING_RECORDS = 2048,               /* of TLS, of all sockets in one tick, about: 4 ms of work */
    SERVING_MOST_RECORDS = 256,           /* of one socket */
    SERVING_LEAST_RECORDS = 16,
};

/* What the sockets of a plane share; only the tick uses it, but for their number. */
struct serving_tools {
    struct keys keys;
    struct bot_scratch scratch;
    atomic_size_t sockets;       /* that are served */
    struct bot_link_share share; /* to be read from each */
};

struct serving {
    struct bot_socket bot;
    struct serving_tools *tools;
    uint32_t stream;   /* the number of the stream that has this socket */
    bool is_numbering; /* Python has a message with the next number, and has not written it yet */
};

/* Give tools, or NULL: there is no memory, or no randomness. */
struct serving_tools *serving_tools_new(void);

/* Share this tick's work among the sockets. */
void serving_tools_begin(struct serving_tools *tools);

/* Begin to serve a socket for the stream, with its TLS or NULL; NULL: there is no memory. */
struct serving *serving_new(struct serving_tools *tools, int handle, struct tls *tls);

void serving_free(struct serving *serving);

/* Take epoll's events, send what waits, read what has come, play what the leg can; say whether Python must act. */
bool serving_read(struct serving *serving, struct leg *leg, uint32_t events);

/* Go on after Python has read, as `bot_socket_go_on`; with this room, which is not that of the tick. */
bool serving_go_on(struct serving *serving, struct leg *leg, struct bot_scratch *scratch, bool in_place);

/* Whether a message with audio can be written, in its order. */
bool serving_takes(const struct serving *serving);

/* Whether the longest messages of a stream can be written. */
bool serving_has_room(const struct message_encoder *encoder);

/* Take 20 ms of the caller's audio, and send the message that is complete; say whether Python must act. */
bool serving_write(struct serving *serving, struct message_encoder *encoder, const int16_t pcm[FRAME_SAMPLES]);

#endif
