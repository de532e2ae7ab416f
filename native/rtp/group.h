/* The calls of a plane that are read and sent together, one group after the other.
 *
 * What a call receives is sent on after the work of its group: it does not wait for that of all calls. */

#ifndef EXOSWITCH_GROUP_H
#define EXOSWITCH_GROUP_H

#include <stdbool.h>
#include <stddef.h>

#include "inbound.h"
#include "sessions.h"

struct group {
    size_t calls;             /* added and not removed; the plane's lock guards these two */
    struct sessions entering; /* from the next tick on; the plane owns them */
    struct sessions ticking;  /* only the tick uses these two */
    struct sessions found;    /* they may have events */
    struct inbound inbound;
};

/* Begin; say whether the kernel gave an epoll. */
bool group_open(struct group *group);

void group_close(struct group *group);

/* Let the sessions tick that were added since the last tick, and make room for their events. The caller locks. */
void group_admit(struct group *group);

/* Let the audio that did not come in a pause of this process be no loss. */
void group_forgive(const struct group *group, double gap_s);

/* Take all that has come; of RTP, this many datagrams beyond one a call. */
void group_receive(struct group *group, double now, int surplus);

/* Send what is due. */
void group_pass(struct group *group, double now);

#endif
