/* The calls of a plane that are read and sent together, one group after the other. */

#include "group.h"

#include <stdlib.h>

bool group_open(struct group *group)
{
    *group = (struct group){0};
    return inbound_open(&group->inbound);
}

void group_close(struct group *group)
{
    sessions_let_go(&group->entering);
    sessions_let_go(&group->ticking);
    free(group->found.list);
    inbound_close(&group->inbound);
}

void group_admit(struct group *group)
{
    struct sessions *entering = &group->entering, *ticking = &group->ticking;
    size_t all = entering->count + ticking->count;
    if (entering->count == 0 || !sessions_make_room(ticking, entering->count) ||
        !sessions_make_room(&group->found, all) || !inbound_make_room(&group->inbound, 2 * all))
        return;
    for (size_t at = 0; at < entering->count; at++)
        ticking->list[ticking->count++] = entering->list[at];
    entering->count = 0;
}

void group_forgive(const struct group *group, double gap_s)
{
    for (size_t at = 0; at < group->ticking.count; at++)
        session_forgive(group->ticking.list[at], gap_s);
}

void group_receive(struct group *group, double now, int surplus)
{
    struct sessions *ticking = &group->ticking, *found = &group->found;
    inbound_receive(&group->inbound, now, surplus);
    for (size_t at = 0; at < ticking->count; at++)
        if (session_read_bot(ticking->list[at]))
            found->list[found->count++] = ticking->list[at];
}

void group_pass(struct group *group, double now)
{
    struct sessions *ticking = &group->ticking, *found = &group->found;
    for (size_t at = 0; at < ticking->count;) {
        struct session *session = ticking->list[at];
        enum session_state state = session_tick(session, now);
        if (state == SESSION_CLOSED) {
            ticking->list[at] = ticking->list[--ticking->count];
            session_let_go(session);
            continue;
        }
        if (state == SESSION_HAS_EVENTS)
            found->list[found->count++] = session;
        at++;
    }
}
