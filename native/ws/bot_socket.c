/* A bot's WebSocket while the media plane reads and writes it, in the place of Twisted and of the stream. */

#include "bot_socket.h"

#include <string.h>

#include "base64.h"

void bot_socket_init(struct bot_socket *bot, int handle, struct tls *tls)
{
    memset(bot, 0, sizeof *bot);
    bot_link_init(&bot->link, handle, tls);
}

void bot_socket_take_back(struct bot_socket *bot)
{
    bot->link.handle = -1;
    bot->for_python = bot->unread.count;
}

void bot_socket_free(struct bot_socket *bot)
{
    bytes_free(&bot->unread);
    bot_link_free(&bot->link);
}

/* Say that Python must act, once. */
static bool tell(struct bot_socket *bot)
{
    bool is_news = !bot->is_told;
    bot->is_told = true;
    return is_news;
}

void bot_socket_not_told(struct bot_socket *bot)
{
    bot->is_told = false;
}

/* --- reading */

static bool play_message(struct bot_socket *bot, const struct bot_audio *audio, struct bot_scratch *scratch,
                         const uint8_t *message, size_t size)
{
    size_t length;
    const char *text = media_form_match(&bot->form, (const char *)message, size, &length);
    if (text == NULL)
        return false;
    ptrdiff_t count = base64_decode(text, length, scratch->pcm);
    return count >= 0 && audio->play(audio->leg, scratch->pcm, (size_t)count);
}

/* Leave bytes of a frame to Python, as many as have come. */
static size_t leave(struct bot_socket *bot, uint64_t wanted, size_t count)
{
    size_t left = wanted < count ? (size_t)wanted : count;
    bot->left = wanted - left;
    bot->for_python += left;
    return left;
}

/* Play the media messages, up to a frame for Python; without `is_in_place`, all frames are for Python. Give how many
 * bytes were played; those for Python come next, then those that are not known yet. */
static size_t take_frames(struct bot_socket *bot, const struct bot_audio *audio, struct bot_scratch *scratch,
                          size_t count)
{
    const uint8_t *data = scratch->data;
    struct server_frame frame;
    size_t played = 0;
    size_t at = leave(bot, bot->left, count);
    while (at < count && bot->left == 0 && server_frame_at(data + at, count - at, &frame)) {
        bool is_whole = frame.stop <= count - at;
        if (frame.is_plain && !is_whole)
            break;
        if (bot->is_in_place && bot->for_python > 0)
            break;
        if (bot->is_in_place && frame.is_plain &&
            play_message(bot, audio, scratch, data + at + frame.start, (size_t)(frame.stop - frame.start)))
            played = at += (size_t)frame.stop;
        else
            at += leave(bot, frame.stop, count - at);
    }
    return played;
}

/* Take what stands in `scratch`; say whether Python must act. */
static bool take(struct bot_socket *bot, const struct bot_audio *audio, struct bot_scratch *scratch, size_t count)
{
    size_t played = take_frames(bot, audio, scratch, count);
    bytes_drop(&bot->unread, bot->unread.count);
    if (!bytes_add(&bot->unread, scratch->data + played, count - played))
        bot_link_break(&bot->link);
    bot->is_waiting = bot->for_python > 0 || bot->link.has_ended;
    return bot->is_waiting && tell(bot);
}

/* Put the unread bytes before those that came. */
static void put_unread_first(const struct bot_socket *bot, struct bot_scratch *scratch)
{
    if (bot->unread.count > 0)
        memcpy(scratch->data, bot->unread.data, bot->unread.count);
}

bool bot_socket_read(struct bot_socket *bot, const struct bot_audio *audio, struct bot_scratch *scratch,
                     struct bot_link_share share)
{
    if (bot->is_waiting)
        return tell(bot);
    if (bot->unread.count > PLAIN_FRAME_BYTES)
        return false;
    size_t came = bot_link_read(&bot->link, share, scratch->data + bot->unread.count, scratch->records);
    if (came > 0) {
        put_unread_first(bot, scratch);
        return take(bot, audio, scratch, bot->unread.count + came);
    }
    bot->is_waiting = bot->link.has_ended;
    return bot->link.has_ended && tell(bot);
}

static bool is_served(const struct bot_socket *bot)
{
    return bot->link.handle >= 0 && !bot->link.has_ended;
}

bool bot_socket_go_on(struct bot_socket *bot, const struct bot_audio *audio, struct bot_scratch *scratch, bool in_place)
{
    if (!is_served(bot) || bot->for_python > 0)
        return true;
    bot->is_in_place = in_place;
    bot->is_waiting = bot->is_told = false;
    if (bot->unread.count == 0)
        return false;
    put_unread_first(bot, scratch);
    return take(bot, audio, scratch, bot->unread.count);
}

bool bot_socket_has_work(const struct bot_socket *bot)
{
    const struct bot_link *link = &bot->link;
    return is_served(bot) && (link->waiting > 0 || (!bot->is_waiting && (link->is_readable || link->has_records)));
}

/* --- writing */

bool bot_socket_takes(const struct bot_socket *bot)
{
    return is_served(bot) && bot_link_takes(&bot->link);
}

bool bot_socket_write(struct bot_socket *bot, const uint8_t *data, size_t count)
{
    bot_link_write(&bot->link, data, count);
    return !bot_socket_takes(bot) && tell(bot);
}

bool bot_socket_flush(struct bot_socket *bot)
{
    bot_link_flush(&bot->link);
    return !bot_socket_takes(bot) && tell(bot);
}
