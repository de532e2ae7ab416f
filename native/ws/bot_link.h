/* The connection below a bot's WebSocket while the media plane reads and writes it, in the place of Twisted. */

#ifndef EXOSWITCH_BOT_LINK_H
#define EXOSWITCH_BOT_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bytes.h"

struct tls;

enum {
    BOT_LINK_READ_BYTES = 64 * 1024,   /* of one link in one tick, at most */
    BOT_LINK_UNSENT_BYTES = 16 * 1024, /* more than this: the bot does not read; as Twisted's transport has it */
};

/* The work that one link may cause in a tick. */
struct bot_link_share {
    size_t bytes;
    int records; /* of TLS, 2 µs each; one without data takes 16 of them: a new key is made for it */
};

struct bot_link {
    int handle;          /* of a connected, non-blocking socket; -1: Python has it */
    struct tls *tls;     /* open; NULL: plain TCP */
    bool is_readable;    /* data may have come */
    bool has_records;    /* those in `tls` may have data */
    bool is_ending;      /* the other side sends no more: read to the end */
    bool has_ended;      /* Python is to find out how */
    size_t waiting;      /* bytes that are not sent */
    struct bytes unsent; /* those of plain TCP; `tls` has its own */
};

void bot_link_init(struct bot_link *link, int handle, struct tls *tls);

void bot_link_free(struct bot_link *link);

/* Note what epoll tells of the socket. */
void bot_link_note(struct bot_link *link, uint32_t events);

/* Read what has come, within the share; give the number of bytes, 0 if there are none. */
size_t bot_link_read(struct bot_link *link, struct bot_link_share share, uint8_t *data,
                     uint8_t records[BOT_LINK_READ_BYTES]);

/* Whether data may be written: the bot reads, and is not gone. */
bool bot_link_takes(const struct bot_link *link);

/* Send these bytes, now or behind those that wait. */
void bot_link_write(struct bot_link *link, const uint8_t *data, size_t count);

/* End the connection: bytes are lost for want of memory, and nobody could read those behind them. */
void bot_link_break(struct bot_link *link);

/* Send what waits. */
void bot_link_flush(struct bot_link *link);

#endif
