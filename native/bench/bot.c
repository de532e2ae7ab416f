/* One bot: a WebSocket server's end of a connection, which sends audio all the time and reads the caller's. */

#define _GNU_SOURCE /* memmem */

#include "bot.h"

#include <string.h>

enum {
    TURN_MS = 4000, /* a bot pauses so often: audio that came late would delay all that follows for the whole call */
    PAUSE_MS = 100,
    OPCODE_TEXT = 1,
    OPCODE_CLOSE = 8, /* RFC 6455 §5.2 */
    HEAD_BYTES = 256, /* of a message, within which its audio begins */
};

struct frame {
    unsigned opcode;
    const uint8_t *mask;
    const uint8_t *message;
    size_t size;
};

/* Read the head of a frame; give the bytes of the whole frame, or 0 if the head is not whole. */
static size_t frame_head(const uint8_t *in, size_t held, struct frame *frame)
{
    size_t at = 2;
    if (held < 4)
        return 0;
    frame->opcode = in[0] & 15;
    frame->size = in[1] & 127;
    if (frame->size == 126) {
        frame->size = (size_t)in[2] << 8 | in[3];
        at = 4;
    } else if (frame->size == 127) {
        return SIZE_MAX; /* longer than any of ours */
    }
    frame->mask = in + at;
    frame->message = in + at + 4;
    return at + 4 + frame->size;
}

/* Find the base64 of a media message; give its place, or 0. */
static size_t audio_at(const struct frame *frame)
{
    static const char KEY[] = "\"payload\":";
    uint8_t head[HEAD_BYTES];
    size_t size = frame->size < sizeof head ? frame->size : sizeof head;
    for (size_t i = 0; i < size; i++)
        head[i] = frame->message[i] ^ frame->mask[i & 3];
    const uint8_t *found = memmem(head, size, KEY, sizeof KEY - 1);
    if (found == NULL)
        return 0;
    found += sizeof KEY - 1;
    while (found < head + size && (*found == ' ' || *found == '"'))
        found++;
    return (size_t)(found - head);
}

static void take(const struct bot *bot, const struct frame *frame, struct tally *tally, uint32_t now)
{
    size_t at = audio_at(frame);
    if (at == 0)
        return;
    int frames = (int)((frame->size - at) / 4 * 3 / FRAME_BYTES);
    tally->messages_at_bots += bot->counts && tally_is_within(tally, now);
    for (int i = 0; i < frames; i++) {
        struct stamp stamp, joined[2];
        if (speech_read(frame->message, at, i, frame->mask, &stamp))
            tally_arrived(tally, &tally->to_bot, stamp, now, i == frames - 1);
        else if (speech_read_joined(frame->message, at, i, frame->mask, joined))
            tally->to_bot.joined += (uint64_t)tally_counts(tally, joined[0]) + tally_counts(tally, joined[1]);
    }
}

/* Take the whole frames that are held; false if the connection is to be closed. */
static bool take_frames(struct bot *bot, struct tally *tally, uint32_t now)
{
    size_t begin = 0;
    while (begin < bot->held) {
        struct frame frame;
        size_t whole = frame_head(bot->in + begin, bot->held - begin, &frame);
        if (whole > sizeof bot->in || (whole > 0 && frame.opcode == OPCODE_CLOSE))
            return false;
        if (whole == 0 || whole > bot->held - begin)
            break;
        if (frame.opcode == OPCODE_TEXT)
            take(bot, &frame, tally, now);
        begin += whole;
    }
    memmove(bot->in, bot->in + begin, bot->held - begin);
    bot->held -= begin;
    return true;
}

bool bot_receive(struct bot *bot, struct tally *tally, uint32_t now)
{
    do {
        ssize_t read = link_read(&bot->link, bot->in + bot->held, sizeof bot->in - bot->held);
        if (read < 0)
            return false;
        if (read == 0)
            return true;
        bot->held += (size_t)read;
        if (bot->state == BOT_OPEN) {
            if (tally_is_within(tally, now))
                tally->bytes_at_bots += (uint64_t)read;
            if (!take_frames(bot, tally, now))
                return false;
        } else if (memmem(bot->in, bot->held, "\r\n\r\n", 4) != NULL) {
            bot->state = BOT_ASKED;
        }
        if (bot->held == sizeof bot->in)
            return false;
    } while (link_has_more(&bot->link));
    return true;
}

/* Write, and keep what the socket does not take. */
static bool write_all(struct bot *bot, const uint8_t *data, size_t size)
{
    ssize_t written = link_write(&bot->link, data, size);
    if (written < 0)
        return false;
    bot->unsent = size - (size_t)written;
    memmove(bot->rest, data + written, bot->unsent);
    return true;
}

bool bot_open(struct bot *bot, const uint8_t *answer, size_t size, bool counts, unsigned turn)
{
    bot->state = BOT_OPEN;
    bot->counts = counts;
    bot->held = 0;
    bot->messages = turn;
    return size <= sizeof bot->rest && write_all(bot, answer, size);
}

static bool is_pause(const struct bot *bot, int message_ms)
{
    unsigned long_ms = (unsigned)message_ms;
    unsigned turn = TURN_MS / long_ms, pause = (PAUSE_MS + long_ms - 1) / long_ms;
    return bot->messages % turn >= turn - pause;
}

bool bot_talk(struct bot *bot, struct speech *speech, struct tally *tally, uint32_t now)
{
    struct stamp stamp = {now, bot->counts ? STAMP_COUNTED : 0};
    if (bot->unsent > 0 && !write_all(bot, bot->rest, bot->unsent))
        return false;
    if (is_pause(bot, speech->frames * FRAME_MS)) {
        bot->messages++;
        return true;
    }
    bot->messages++;
    if (bot->unsent > 0) {
        tally->unsent++; /* the gateway does not read */
        return true;
    }
    speech_stamp(speech, stamp);
    if (bot->counts && tally_is_within(tally, now))
        tally->to_phone.sent += (uint64_t)speech->frames;
    return write_all(bot, speech->frame, speech->size);
}

void bot_close(struct bot *bot)
{
    link_close(&bot->link);
    bot->state = BOT_FREE;
    bot->held = bot->unsent = 0;
}
