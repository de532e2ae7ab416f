/* A list of sessions. */

#ifndef EXOSWITCH_SESSIONS_H
#define EXOSWITCH_SESSIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "session.h"

struct sessions {
    struct session **list;
    size_t count, room;
};

/* Make room for more; false: there is no memory. */
bool sessions_make_room(struct sessions *sessions, size_t more);

/* Add one, if there is room. */
bool sessions_add(struct sessions *sessions, struct session *session);

/* End the list, and let its sessions go. */
void sessions_let_go(struct sessions *sessions);

#endif
