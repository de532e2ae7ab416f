/* A list of sessions. */

#include "sessions.h"

#include <stdlib.h>

enum { FIRST_ROOM = 64 };

bool sessions_make_room(struct sessions *sessions, size_t more)
{
    if (sessions->count + more <= sessions->room)
        return true;
    size_t room = 2 * (sessions->count + more) + FIRST_ROOM;
    struct session **list = realloc(sessions->list, room * sizeof *list);
    if (list == NULL)
        return false;
    sessions->list = list;
    sessions->room = room;
    return true;
}

bool sessions_add(struct sessions *sessions, struct session *session)
{
    if (!sessions_make_room(sessions, 1))
        return false;
    sessions->list[sessions->count++] = session;
    return true;
}

void sessions_let_go(struct sessions *sessions)
{
    for (size_t at = 0; at < sessions->count; at++)
        session_let_go(sessions->list[at]);
    free(sessions->list);
    *sessions = (struct sessions){0};
}
