/* The datagrams of all calls, read from their sockets in the tick; see PolledSockets in exoswitch/rtp/inbound.py. */

#include "inbound.h"

#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

enum {
    AT_ONCE = 64, /* datagrams read from one socket before the others have their turn again */
    SHARE = 512,  /* of one call in one tick, beyond the first: 25,000 a second; the kernel keeps or drops the rest */
};

bool inbound_open(struct inbound *inbound)
{
    *inbound = (struct inbound){.epoll = epoll_create1(EPOLL_CLOEXEC)};
    return inbound->epoll >= 0;
}

void inbound_close(struct inbound *inbound)
{
    if (inbound->epoll >= 0)
        close(inbound->epoll);
    free(inbound->ready);
    *inbound = (struct inbound){.epoll = -1};
}

bool inbound_add(struct inbound *inbound, struct session *session)
{
    struct epoll_event wanted = {.events = EPOLLIN, .data.u64 = (uintptr_t)session};
    return epoll_ctl(inbound->epoll, EPOLL_CTL_ADD, session->endpoint.handle, &wanted) == 0;
}

void inbound_remove(struct inbound *inbound, struct session *session)
{
    epoll_ctl(inbound->epoll, EPOLL_CTL_DEL, session->endpoint.handle, NULL);
}

/* Sessions stand at even addresses: an odd one is of the socket of a session's stream. */
bool inbound_add_bot(struct inbound *inbound, struct session *session, int handle)
{
    struct epoll_event wanted = {.events = EPOLLIN | EPOLLRDHUP | EPOLLET, .data.u64 = (uintptr_t)session | 1};
    return epoll_ctl(inbound->epoll, EPOLL_CTL_ADD, handle, &wanted) == 0;
}

void inbound_remove_bot(struct inbound *inbound, int handle)
{
    epoll_ctl(inbound->epoll, EPOLL_CTL_DEL, handle, NULL);
}

static bool inbound_is_bot(const struct epoll_event *found)
{
    return found->data.u64 & 1;
}

static struct session *inbound_session(const struct epoll_event *found)
{
    return (struct session *)(uintptr_t)(found->data.u64 & ~(uint64_t)1);
}

static void inbound_found(const struct epoll_event *found, int at_once, double now)
{
    if (inbound_is_bot(found))
        session_note_bot(inbound_session(found), found->events);
    else
        session_receive(inbound_session(found), at_once, now);
}

bool inbound_make_room(struct inbound *inbound, size_t sockets)
{
    if (sockets <= inbound->room)
        return true;
    size_t room = 2 * sockets;
    struct epoll_event *ready = realloc(inbound->ready, room * sizeof *ready);
    if (ready == NULL)
        return false;
    inbound->ready = ready;
    inbound->room = room;
    return true;
}

/* Find the sockets that have data; give their number. */
static int inbound_poll(const struct inbound *inbound)
{
    return epoll_wait(inbound->epoll, inbound->ready, (int)inbound->room, 0);
}

/* Find those that still have data, but for those that have had their share; give their number. */
static int inbound_poll_again(const struct inbound *inbound, int share, double now)
{
    struct epoll_event *ready = inbound->ready;
    int found = inbound_poll(inbound), count = 0;
    for (int at = 0; at < found; at++)
        if (inbound_is_bot(&ready[at]) || session_has_share(inbound_session(&ready[at]), share, now))
            ready[count++] = ready[at];
    return count;
}

void inbound_receive(struct inbound *inbound, double now, int surplus)
{
    const int half = surplus / 2, share = half < SHARE ? half : SHARE; /* one call must not use up the surplus */
    int at_once = 1;
    if (inbound->room == 0)
        return;
    for (int count = inbound_poll(inbound); count > 0; count = inbound_poll_again(inbound, share, now)) {
        for (int at = 0; at < count; at++)
            inbound_found(&inbound->ready[at], at_once, now);
        if (surplus <= 0)
            return;
        at_once = surplus / count;
        at_once = at_once < 1 ? 1 : at_once > AT_ONCE ? AT_ONCE : at_once;
        surplus -= at_once * count;
    }
}
