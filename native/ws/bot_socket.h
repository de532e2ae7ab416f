/* A bot's WebSocket while the media plane reads and writes it, in the place of Twisted and of the stream.
 *
 * The plane takes whole media messages of the known form. Every other frame waits for Python, with all bytes behind
 * it, until Python has taken it and says how to go on. So no byte is seen twice, or out of order. */

#ifndef EXOSWITCH_BOT_SOCKET_H
#define EXOSWITCH_BOT_SOCKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bot_link.h"
#include "bytes.h"
#include "media_form.h"
#include "server_frames.h"

/* Takes the audio of one message, whole; false if it cannot, and Python is to take the message. */
struct bot_audio {
    bool (*play)(void *leg, const uint8_t *pcm, size_t count);
    void *leg;
};

/* Room for the work of one connection at a time: one for all connections. */
struct bot_scratch {
    uint8_t data[PLAIN_FRAME_BYTES + BOT_LINK_READ_BYTES];
    uint8_t records[BOT_LINK_READ_BYTES];
    uint8_t pcm[PLAIN_FRAME_BYTES];
};

struct bot_socket {
    struct bot_link link;
    struct media_form form;
    struct bytes unread;
    size_t for_python; /* so many of the unread bytes, the first ones, wait for Python */
    uint64_t left;     /* bytes of the frame that Python takes which are still to come behind these */
    bool is_in_place;  /* media messages may be played */
    bool is_waiting;   /* nothing is read until Python goes on */
    bool is_told;      /* Python knows that it must act */
};

/* Begin with a connected, non-blocking socket, and its TLS or NULL.
 *
 * The next byte begins a frame. Python takes all frames at first. */
void bot_socket_init(struct bot_socket *bot, int handle, struct tls *tls);

/* Give the socket back to Python, which is then to take the `unread` bytes, and to send the link's unsent ones. */
void bot_socket_take_back(struct bot_socket *bot);

void bot_socket_free(struct bot_socket *bot);

/* Read what has come, within the share, and play what can be played; say whether Python must act. */
bool bot_socket_read(struct bot_socket *bot, const struct bot_audio *audio, struct bot_scratch *scratch,
                     struct bot_link_share share);

/* Python was not told that it must act: say so again. */
void bot_socket_not_told(struct bot_socket *bot);

/* Whether bytes wait to be sent, or may be read. */
bool bot_socket_has_work(const struct bot_socket *bot);

/* Python has taken the bytes that waited for it.
 *
 * Look at those behind them; with `in_place`, play media messages. Say whether more bytes wait for Python now. */
bool bot_socket_go_on(struct bot_socket *bot, const struct bot_audio *audio, struct bot_scratch *scratch,
                      bool in_place);

/* Whether the plane may write its messages to the socket. */
bool bot_socket_takes(const struct bot_socket *bot);

/* Send these bytes, now or behind those that wait; say whether Python must act: the bot does not read, or is gone. */
bool bot_socket_write(struct bot_socket *bot, const uint8_t *data, size_t count);

/* Send what waits; say whether Python must act. */
bool bot_socket_flush(struct bot_socket *bot);

#endif
