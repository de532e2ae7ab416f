/* The floor: the system calls of a media gateway, and nothing else. */

#ifndef EXOSWITCH_BENCH_FLOOR_H
#define EXOSWITCH_BENCH_FLOOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "link.h"

struct ssl_ctx_st;

struct floor_call {
    int rtp; /* connected to the phone */
    struct link bot;
};

struct floor {
    int epoll;
    int room, calls_count;
    struct floor_call *calls;
    struct ssl_ctx_st *tls;
    int frames; /* in a message */
    const uint8_t *message;
    size_t message_size; /* with its frame of WebSocket */
    int64_t origin_ns, ticks;
    uint64_t unsent, unread;
};

/* `message` is kept, not copied. */
bool floor_init(struct floor *floor, int room, int frames, const uint8_t *message, size_t size, struct ssl_ctx_st *tls);

/* Take a call's two sockets, both connected and blocking; false with errno, or if there is no room. */
bool floor_add(struct floor *floor, int rtp, int bot);

/* Make the WebSocket's handshake on the last call: send the request, read to the end of the answer's head. */
bool floor_handshake(struct floor *floor, const uint8_t *request, size_t size);

/* Tick every 20 ms until a time of the monotonic clock. */
void floor_run(struct floor *floor, int64_t until_ns);

void floor_close(struct floor *floor);

#endif
