/* The load: all phones and all bots of a benchmark, on one loop with steps of 1 ms.
 *
 * Phones and bots are spread over the 20 ms, as real ones are. What has come is read once in a step, so that delays
 * are right to 1 ms.
 */

#define _GNU_SOURCE /* accept4 */

#include "load.h"

#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"

enum {
    STEP_NS = 1000000,
    STEPS = FRAME_MS, /* in 20 ms */
    NS_IN_STAMP = NS_A_SECOND / STAMPS_A_SECOND,
    EVENTS = 512,
    STEPS_AT_ONCE = 5, /* of a load that is late, before it reads again */
    BACKLOG = 1024,
};

static const uint64_t LISTENER = UINT64_MAX;

static uint32_t stamp_now(const struct load *load)
{
    return (uint32_t)((clock_now_ns() - load->origin_ns) / NS_IN_STAMP) & STAMP_MASK;
}

static bool watch(const struct load *load, int fd, uint64_t who)
{
    struct epoll_event event = {.events = EPOLLIN, .data.u64 = who};
    return epoll_ctl(load->epoll, EPOLL_CTL_ADD, fd, &event) == 0;
}

static int port_of(int fd)
{
    struct sockaddr_in address;
    socklen_t size = sizeof address;
    return getsockname(fd, (struct sockaddr *)&address, &size) == 0 ? ntohs(address.sin_port) : -1;
}

static bool listen_for_bots(struct load *load)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    load->listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    return load->listener >= 0 && bind(load->listener, (struct sockaddr *)&address, sizeof address) == 0 &&
           listen(load->listener, BACKLOG) == 0 && watch(load, load->listener, LISTENER);
}

bool load_init(struct load *load, int phones, int counted, int frames, struct ssl_ctx_st *tls)
{
    memset(load, 0, sizeof *load);
    load->tls = tls;
    load->phones_count = load->bots_count = phones;
    load->phones = calloc((size_t)phones, sizeof *load->phones);
    load->bots = calloc((size_t)phones, sizeof *load->bots);
    load->epoll = epoll_create1(EPOLL_CLOEXEC);
    load->listener = -1;
    load->origin_ns = clock_now_ns();
    for (int i = 0; load->phones != NULL && i < phones; i++)
        load->phones[i].fd = -1;
    for (int i = 0; load->bots != NULL && i < phones; i++)
        load->bots[i].link.fd = -1;
    if (load->phones == NULL || load->bots == NULL || load->epoll < 0 || !listen_for_bots(load))
        return false;
    for (int i = 0; i < phones; i++)
        if (phone_open(&load->phones[i], i < counted, (uint32_t)i + 1) < 0 ||
            !watch(load, load->phones[i].fd, (uint64_t)i))
            return false;
    speech_init(&load->speech, frames);
    return true;
}

int load_bot_port(const struct load *load)
{
    return port_of(load->listener);
}

int load_phone_port(const struct load *load, int phone)
{
    return port_of(load->phones[phone].fd);
}

/* Take the connections that wait; a bot that has no room for another refuses it. */
static void accept_bots(struct load *load)
{
    int fd, on = 1;
    while ((fd = accept4(load->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
        int i = 0;
        while (i < load->bots_count && load->bots[i].state != BOT_FREE)
            i++;
        if (i == load->bots_count) {
            close(fd);
            continue;
        }
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        load->bots[i].state = BOT_CONNECTED;
        if (!link_open(&load->bots[i].link, fd, load->tls, true) ||
            !watch(load, fd, (uint64_t)load->phones_count + (uint64_t)i))
            bot_close(&load->bots[i]);
    }
}

static void receive(struct load *load, uint64_t who)
{
    uint32_t now = stamp_now(load);
    if (who == LISTENER) {
        accept_bots(load);
    } else if (who < (uint64_t)load->phones_count) {
        phone_receive(&load->phones[who], &load->tally, now);
    } else {
        struct bot *bot = &load->bots[who - (uint64_t)load->phones_count];
        if (bot->state != BOT_FREE && !bot_receive(bot, &load->tally, now))
            bot_close(bot);
        load->is_asked |= bot->state == BOT_ASKED;
    }
}

static void receive_all(struct load *load)
{
    struct epoll_event events[EVENTS];
    int ready;
    do {
        ready = epoll_wait(load->epoll, events, EVENTS, 0);
        for (int i = 0; i < ready; i++)
            receive(load, events[i].data.u64);
    } while (ready == EVENTS);
}

/* Let those talk whose turn it is: a twentieth of the phones, and of the bots that have a message in this frame. */
static void step(struct load *load)
{
    int64_t frame = load->steps / STEPS;
    int turn = (int)(load->steps % STEPS);
    for (int i = turn; i < load->phones_count; i += STEPS)
        phone_send(&load->phones[i], &load->tally, stamp_now(load));
    for (int i = turn; i < load->bots_count; i += STEPS) {
        struct bot *bot = &load->bots[i];
        if (bot->state == BOT_OPEN && (frame + i / STEPS) % load->speech.frames == 0 &&
            !bot_talk(bot, &load->speech, &load->tally, stamp_now(load)))
            bot_close(bot);
    }
    load->steps++;
}

void load_run(struct load *load, int64_t until_ns)
{
    int64_t now_ns, due_ns;
    load->is_asked = false;
    while ((now_ns = clock_now_ns()) < until_ns && !load->is_asked) {
        due_ns = load->origin_ns + load->steps * STEP_NS;
        for (int done = 0; due_ns <= now_ns && done < STEPS_AT_ONCE; done++) {
            if (tally_is_within(&load->tally, stamp_now(load)))
                delays_add(&load->tally.late, (uint32_t)((now_ns - due_ns) / NS_IN_STAMP));
            step(load);
            due_ns += STEP_NS;
        }
        receive_all(load);
        clock_sleep_until(due_ns < until_ns ? due_ns : until_ns);
    }
}

void load_measure(struct load *load, double seconds)
{
    memset(&load->tally, 0, sizeof load->tally);
    load->tally.from = stamp_now(load);
    load->tally.length = (uint32_t)(seconds * STAMPS_A_SECOND);
}

void load_close(struct load *load)
{
    for (int i = 0; load->phones != NULL && i < load->phones_count; i++)
        phone_close(&load->phones[i]);
    for (int i = 0; load->bots != NULL && i < load->bots_count; i++)
        bot_close(&load->bots[i]);
    free(load->phones);
    free(load->bots);
    close(load->listener);
    close(load->epoll);
}
