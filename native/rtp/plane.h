/* All calls' media on one 20 ms tick; see exoswitch/rtp/plane.py.
 *
 * `now` is in seconds, by a clock that never goes back. One thread ticks. Others may add and remove sessions and take
 * the ready ones at the same time. */

#ifndef EXOSWITCH_PLANE_H
#define EXOSWITCH_PLANE_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

#include "group.h"
#include "serving.h"

enum { PLANE_GROUPS = 32 };

#ifndef GROUP_CALLS        /* a test has smaller groups */
enum { GROUP_CALLS = 64 }; /* 1 ms of work; with more than 2,048 calls the groups grow */
#endif

struct plane {
    pthread_mutex_t lock;  /* of `ready`, the `is_ready` of sessions, and what a group says */
    struct sessions ready; /* they have events for Python; an owner each */
    struct group groups[PLANE_GROUPS];
    size_t used;    /* groups that are open: one, and those that calls have opened; the lock guards this */
    size_t ticking; /* so many of them are in this tick; only the tick uses these */
    struct serving_tools *tools;
    bool has_ticked;
    double ticked_at;
};

/* Begin; `errno` says why not, and then nothing is to be closed. */
bool plane_open(struct plane *plane);

/* End it, while nothing ticks. */
void plane_close(struct plane *plane);

/* Add a call, from the next tick on; `errno` says why not: then the session is closed. */
bool plane_add(struct plane *plane, struct session *session);

/* Remove a call, at once even within a tick; call this before its socket is closed. */
void plane_remove(struct plane *plane, struct session *session);

/* Serve the socket of a session's stream, until `plane_end_serving`; false: it cannot, and has not used the socket. */
bool plane_serve(struct session *session, struct serving *serving);

void plane_end_serving(struct session *session, struct serving *serving);

/* Begin a tick, before datagrams are given to sessions from outside; give the number of groups to receive and pass. */
size_t plane_begin_tick(struct plane *plane, double now);

/* The first half of a group's tick: take all that has come; say whether a bot has sent what Python is to take. */
bool plane_receive(struct plane *plane, size_t group, double now);

/* The second half: send what is due; say whether there are events. */
bool plane_pass(struct plane *plane, size_t group, double now);

/* Let 20 ms pass for every call; say whether there are events. */
bool plane_tick(struct plane *plane, double now);

/* Give the sessions with events, and exchange their list for this empty one. Each has an owner to let go. */
void plane_take_ready(struct plane *plane, struct sessions *taken);

#endif
