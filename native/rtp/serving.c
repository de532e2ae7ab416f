/* The socket of a call's stream while the plane serves it: the leg on its one side, the network on its other. */

#include "serving.h"

#include <stdlib.h>
#include <string.h>

static void serving_tools_share(struct serving_tools *tools, size_t sockets)
{
    size_t bytes = SERVING_READ_BYTES / sockets, records = SERVING_RECORDS / sockets;
    records = records < SERVING_MOST_RECORDS ? records : SERVING_MOST_RECORDS;
    records = records > SERVING_LEAST_RECORDS ? records : SERVING_LEAST_RECORDS;
    tools->share.bytes = bytes > SERVING_LEAST_BYTES ? bytes : SERVING_LEAST_BYTES;
    tools->share.records = (int)records;
}

struct serving_tools *serving_tools_new(void)
{
    struct serving_tools *tools = malloc(sizeof *tools);
    if (tools == NULL)
        return NULL;
    atomic_init(&tools->sockets, 0);
    serving_tools_begin(tools);
    if (keys_open(&tools->keys))
        return tools;
    free(tools);
    return NULL;
}

void serving_tools_begin(struct serving_tools *tools)
{
    size_t sockets = atomic_load(&tools->sockets);
    serving_tools_share(tools, sockets > 0 ? sockets : 1);
}

struct serving *serving_new(struct serving_tools *tools, int handle, struct tls *tls)
{
    struct serving *serving = malloc(sizeof *serving);
    if (serving == NULL)
        return NULL;
    bot_socket_init(&serving->bot, handle, tls);
    serving->tools = tools;
    serving->stream = 0;
    serving->is_numbering = true; /* the socket was offered before a message was written */
    return serving;
}

void serving_free(struct serving *serving)
{
    if (serving != NULL)
        bot_socket_free(&serving->bot);
    free(serving);
}

/* Play the audio of a message, unless the queue is too full for it: then Python drops the rest of it, and says so. */
static bool play(void *of, const uint8_t *pcm, size_t count)
{
    struct leg *leg = of;
    const struct playout *playout = &leg->playout;
    int64_t samples = (int64_t)(count + 1) / 2;
    if ((int64_t)(playout->end - playout->played) + samples > playout->max_samples)
        return false;
    return leg_play(leg, pcm, count, false) == 0;
}

bool serving_read(struct serving *serving, struct leg *leg, uint32_t events)
{
    struct bot_audio audio = {.play = play, .leg = leg};
    struct serving_tools *tools = serving->tools;
    bot_link_note(&serving->bot.link, events);
    bool is_full = bot_socket_flush(&serving->bot);
    return bot_socket_read(&serving->bot, &audio, &tools->scratch, tools->share) || is_full;
}

bool serving_go_on(struct serving *serving, struct leg *leg, struct bot_scratch *scratch, bool in_place)
{
    struct bot_audio audio = {.play = play, .leg = leg};
    return bot_socket_go_on(&serving->bot, &audio, scratch, in_place);
}

bool serving_takes(const struct serving *serving)
{
    return !serving->is_numbering && bot_socket_takes(&serving->bot);
}

bool serving_has_room(const struct message_encoder *encoder)
{
    return message_encoder_room(encoder) <= PLAIN_FRAME_BYTES - CLIENT_FRAME_HEAD_BYTES;
}

bool serving_write(struct serving *serving, struct message_encoder *encoder, const int16_t pcm[FRAME_SAMPLES])
{
    struct serving_tools *tools = serving->tools;
    uint8_t *message = tools->scratch.data + CLIENT_FRAME_HEAD_BYTES;
    size_t size = message_encoder_add(encoder, pcm, (char *)message);
    if (size == 0)
        return false;
    size_t head = client_frame_around(message, size, &tools->keys);
    return bot_socket_write(&serving->bot, message - head, head + size);
}
