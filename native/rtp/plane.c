/* All calls' media on one 20 ms tick; see exoswitch/rtp/plane.py. */

#include "plane.h"

#include <errno.h>
#include <stdlib.h>

enum { MAX_SURPLUS = 2048 }; /* datagrams of all calls in one tick, beyond one a call; the rest waits in the kernel */

/* A longer gap between two ticks means that this process was paused: by SIGSTOP, or on a stalled machine. */
static const double PAUSE_S = 1.0;

bool plane_open(struct plane *plane)
{
    *plane = (struct plane){.tools = serving_tools_new(), .used = 1};
    if (plane->tools == NULL || !group_open(&plane->groups[0])) {
        free(plane->tools);
        return false;
    }
    pthread_mutex_init(&plane->lock, NULL);
    return true;
}

void plane_close(struct plane *plane)
{
    sessions_let_go(&plane->ready);
    for (size_t at = 0; at < plane->used; at++)
        group_close(&plane->groups[at]);
    free(plane->tools);
    pthread_mutex_destroy(&plane->lock);
}

/* Choose the first group that has room; if none has, the one with the fewest calls. */
static struct group *plane_choose(struct plane *plane)
{
    struct group *chosen = plane->groups;
    for (size_t at = 0; at < PLANE_GROUPS && chosen->calls >= GROUP_CALLS; at++)
        if (plane->groups[at].calls < chosen->calls)
            chosen = &plane->groups[at];
    return chosen;
}

/* Give a session its group, an open one; false: `errno` says why not. */
static bool plane_join(struct plane *plane, struct session *session)
{
    pthread_mutex_lock(&plane->lock);
    struct group *group = plane_choose(plane);
    bool is_new = group == &plane->groups[plane->used];
    bool is_open = !is_new || group_open(group);
    if (is_open) {
        session->group = group;
        group->calls++;
        plane->used += is_new;
    }
    pthread_mutex_unlock(&plane->lock);
    return is_open;
}

static void plane_leave(struct plane *plane, struct session *session)
{
    if (session->endpoint.handle >= 0)
        inbound_remove(&session->group->inbound, session);
    pthread_mutex_lock(&plane->lock);
    session->group->calls--;
    pthread_mutex_unlock(&plane->lock);
}

/* Let a session tick from the next tick on; false: there is no memory. */
static bool plane_enter(struct plane *plane, struct session *session)
{
    pthread_mutex_lock(&plane->lock);
    bool has_room = sessions_add(&session->group->entering, session);
    if (has_room)
        session_keep(session);
    pthread_mutex_unlock(&plane->lock);
    return has_room;
}

bool plane_add(struct plane *plane, struct session *session)
{
    if (!plane_join(plane, session))
        return false;
    /* Enter first: what the kernel tells the tick of belongs to the plane. */
    bool has_wire = session->endpoint.handle < 0;
    if (plane_enter(plane, session) && (has_wire || inbound_add(&session->group->inbound, session)))
        return true;
    int why = errno;
    plane_remove(plane, session);
    errno = why;
    return false;
}

void plane_remove(struct plane *plane, struct session *session)
{
    plane_leave(plane, session);
    session_close(session);
}

bool plane_serve(struct session *session, struct serving *serving)
{
    pthread_mutex_lock(&session->lock); /* until the kernel watches the socket, the tick must not read it */
    bool is_served = session_serve(session, serving);
    if (is_served && !inbound_add_bot(&session->group->inbound, session, serving->bot.link.handle)) {
        session->serving = NULL;
        is_served = false;
    }
    pthread_mutex_unlock(&session->lock);
    atomic_fetch_add(&serving->tools->sockets, is_served);
    return is_served;
}

void plane_end_serving(struct session *session, struct serving *serving)
{
    inbound_remove_bot(&session->group->inbound, serving->bot.link.handle);
    atomic_fetch_sub(&serving->tools->sockets, 1);
    session_end_serving(session);
}

static void plane_forgive(struct plane *plane, double now)
{
    double gap_s = plane->has_ticked ? now - plane->ticked_at : 0;
    plane->has_ticked = true;
    plane->ticked_at = now;
    for (size_t at = 0; gap_s > PAUSE_S && at < plane->ticking; at++)
        group_forgive(&plane->groups[at], gap_s);
}

/* Tell Python of the sessions of a group with events. */
static bool plane_publish(struct plane *plane, struct sessions *found)
{
    struct sessions *ready = &plane->ready;
    pthread_mutex_lock(&plane->lock);
    for (size_t at = 0; at < found->count; at++) {
        struct session *session = found->list[at];
        if (session->is_ready || !sessions_add(ready, session))
            continue;
        session->is_ready = true;
        session_keep(session);
    }
    found->count = 0;
    bool has_events = ready->count > 0;
    pthread_mutex_unlock(&plane->lock);
    return has_events;
}

size_t plane_begin_tick(struct plane *plane, double now)
{
    pthread_mutex_lock(&plane->lock);
    size_t groups = plane->ticking = plane->used;
    for (size_t at = 0; at < groups; at++)
        group_admit(&plane->groups[at]);
    pthread_mutex_unlock(&plane->lock);
    plane_forgive(plane, now);
    serving_tools_begin(plane->tools);
    return groups;
}

bool plane_receive(struct plane *plane, size_t group, double now)
{
    struct sessions *found = &plane->groups[group].found;
    group_receive(&plane->groups[group], now, MAX_SURPLUS / (int)plane->ticking);
    bool is_news = found->count > 0;
    plane_publish(plane, found);
    return is_news;
}

bool plane_pass(struct plane *plane, size_t group, double now)
{
    group_pass(&plane->groups[group], now);
    return plane_publish(plane, &plane->groups[group].found);
}

bool plane_tick(struct plane *plane, double now)
{
    bool has_events = false;
    size_t groups = plane_begin_tick(plane, now);
    for (size_t at = 0; at < groups; at++) {
        has_events |= plane_receive(plane, at, now);
        has_events |= plane_pass(plane, at, now);
    }
    return has_events;
}

void plane_take_ready(struct plane *plane, struct sessions *taken)
{
    struct sessions empty = *taken;
    pthread_mutex_lock(&plane->lock);
    *taken = plane->ready;
    plane->ready = empty;
    for (size_t at = 0; at < taken->count; at++)
        taken->list[at]->is_ready = false;
    pthread_mutex_unlock(&plane->lock);
}
