/* One bot: a WebSocket server's end of a connection, which sends audio all the time and reads the caller's. */

#ifndef EXOSWITCH_BENCH_BOT_H
#define EXOSWITCH_BENCH_BOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "link.h"
#include "speech.h"
#include "tally.h"

enum {
    BOT_IN_BYTES = 16 * 1024, /* a message of 200 ms has 5 KB */
    BOT_OUT_BYTES = SPEECH_BYTES_MAX,
};

enum bot_state {
    BOT_FREE,
    BOT_CONNECTED,
    BOT_ASKED, /* the request to upgrade is whole, and waits for its answer */
    BOT_OPEN,
};

struct bot {
    enum bot_state state;
    bool counts; /* its frames are counted */
    struct link link;
    unsigned messages; /* that it has sent, or left out */
    uint8_t in[BOT_IN_BYTES];
    size_t held; /* bytes in `in` */
    uint8_t rest[BOT_OUT_BYTES];
    size_t unsent; /* bytes in `rest` */
};

/* Read what has come; false if the connection is gone, or is to be closed. */
bool bot_receive(struct bot *bot, struct tally *tally, uint32_t now);

/* Send the answer to the request to upgrade: the bot talks from now on; `turn` spreads the pauses of the bots. */
bool bot_open(struct bot *bot, const uint8_t *answer, size_t size, bool counts, unsigned turn);

/* Send one message, or in a pause of the bot's none; false if the connection is gone. */
bool bot_talk(struct bot *bot, struct speech *speech, struct tally *tally, uint32_t now);

void bot_close(struct bot *bot);

#endif
