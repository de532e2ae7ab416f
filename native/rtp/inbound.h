/* The datagrams of all calls, read from their sockets in the tick; see PolledSockets in exoswitch/rtp/inbound.py. */

#ifndef EXOSWITCH_INBOUND_H
#define EXOSWITCH_INBOUND_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/epoll.h>

#include "session.h"

struct inbound {
    int epoll;
    struct epoll_event *ready; /* only the tick uses it */
    size_t room;
};

/* Begin; say whether the kernel gave an epoll. */
bool inbound_open(struct inbound *inbound);

void inbound_close(struct inbound *inbound);

/* Read this session's socket from now on; `errno` says why not. */
bool inbound_add(struct inbound *inbound, struct session *session);

/* Stop reading it; call this before the socket is closed. */
void inbound_remove(struct inbound *inbound, struct session *session);

/* Note what comes on the socket of this session's stream from now on; `errno` says why not. */
bool inbound_add_bot(struct inbound *inbound, struct session *session, int handle);

/* Stop noting it. */
void inbound_remove_bot(struct inbound *inbound, int handle);

/* Make room for so many sockets that have data at once. */
bool inbound_make_room(struct inbound *inbound, size_t sockets);

/* Read one datagram from every socket that has one; then up to `surplus` more from sockets that still have some. */
void inbound_receive(struct inbound *inbound, double now, int surplus);

#endif
