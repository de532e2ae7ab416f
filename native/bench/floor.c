/* The floor: the system calls of a media gateway, and nothing else.
 *
 * In each tick it reads what has come, sends one RTP packet for each call, and the messages that are due. It looks at
 * no byte of what it reads, and always sends the same bytes. A gateway cannot cost less on this kernel.
 */

#include "floor.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"
#include "audio/frames.h"

enum { TICK_NS = 20000000, EVENTS = 512, READ_BYTES = 16 * 1024, PACKET_BYTES = 12 + FRAME_SAMPLES };

bool floor_init(struct floor *floor, int room, int frames, const uint8_t *message, size_t size, struct ssl_ctx_st *tls)
{
    memset(floor, 0, sizeof *floor);
    floor->room = room;
    floor->frames = frames;
    floor->message = message;
    floor->message_size = size;
    floor->tls = tls;
    floor->calls = calloc((size_t)room, sizeof *floor->calls);
    floor->epoll = epoll_create1(EPOLL_CLOEXEC);
    floor->origin_ns = clock_now_ns();
    return floor->calls != NULL && floor->epoll >= 0;
}

static bool watch(const struct floor *floor, int fd, uint64_t who)
{
    struct epoll_event event = {.events = EPOLLIN, .data.u64 = who};
    return epoll_ctl(floor->epoll, EPOLL_CTL_ADD, fd, &event) == 0;
}

bool floor_add(struct floor *floor, int rtp, int bot)
{
    if (floor->calls_count == floor->room)
        return false;
    struct floor_call *call = &floor->calls[floor->calls_count++];
    call->rtp = rtp;
    return link_open(&call->bot, bot, floor->tls, false);
}

bool floor_handshake(struct floor *floor, const uint8_t *request, size_t size)
{
    uint8_t answer[READ_BYTES];
    size_t held = 0;
    uint64_t last = (uint64_t)floor->calls_count - 1;
    struct floor_call *call = &floor->calls[last];
    if (link_write(&call->bot, request, size) != (ssize_t)size)
        return false;
    while (held < 4 || memcmp(answer + held - 4, "\r\n\r\n", 4) != 0) {
        ssize_t read = held < sizeof answer ? link_read(&call->bot, answer + held, 1) : -1;
        if (read < 0)
            return false;
        held += (size_t)read;
    }
    return fcntl(call->bot.fd, F_SETFL, O_NONBLOCK) == 0 && fcntl(call->rtp, F_SETFL, O_NONBLOCK) == 0 &&
           watch(floor, call->rtp, 2 * last) && watch(floor, call->bot.fd, 2 * last + 1);
}

static void receive_from_bot(const struct floor *floor, struct floor_call *call, uint8_t *data)
{
    do {
        if (link_read(&call->bot, data, READ_BYTES) < 0)
            epoll_ctl(floor->epoll, EPOLL_CTL_DEL, call->bot.fd, NULL);
    } while (link_has_more(&call->bot));
}

static void receive_all(struct floor *floor)
{
    struct epoll_event events[EVENTS];
    uint8_t data[READ_BYTES];
    int ready;
    do {
        ready = epoll_wait(floor->epoll, events, EVENTS, 0);
        for (int i = 0; i < ready; i++) {
            struct floor_call *call = &floor->calls[events[i].data.u64 / 2];
            if (events[i].data.u64 % 2 == 1)
                receive_from_bot(floor, call, data);
            else if (recv(call->rtp, data, READ_BYTES, 0) < 0)
                floor->unread++;
        }
    } while (ready == EVENTS);
}

static void tick(struct floor *floor)
{
    uint8_t packet[PACKET_BYTES] = {0x80, 0};
    receive_all(floor);
    for (int i = 0; i < floor->calls_count; i++)
        if (send(floor->calls[i].rtp, packet, sizeof packet, 0) < 0)
            floor->unsent++;
    for (int i = 0; i < floor->calls_count; i++)
        if ((floor->ticks + i) % floor->frames == 0 &&
            link_write(&floor->calls[i].bot, floor->message, floor->message_size) != (ssize_t)floor->message_size)
            floor->unsent++;
    floor->ticks++;
}

void floor_run(struct floor *floor, int64_t until_ns)
{
    for (int64_t due_ns; (due_ns = floor->origin_ns + floor->ticks * TICK_NS) < until_ns;) {
        clock_sleep_until(due_ns);
        tick(floor);
    }
}

void floor_close(struct floor *floor)
{
    for (int i = 0; i < floor->calls_count; i++) {
        close(floor->calls[i].rtp);
        link_close(&floor->calls[i].bot);
    }
    free(floor->calls);
    close(floor->epoll);
}
