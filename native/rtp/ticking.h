/* The tick of all calls in a thread of its own, on an absolute 20 ms clock; see exoswitch/rtp/ticker.py.
 *
 * A reactor that is blocked does not delay it. It rings a bell when there are events for Python. If a bot has sent what
 * Python is to take, it waits for a moment, so that this acts in the same tick, as it does without a thread.
 *
 * A reactor that does nothing for long stops it: other gateways have this one's calls then, or nobody ends them. */

#ifndef EXOSWITCH_TICKING_H
#define EXOSWITCH_TICKING_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "plane.h"

enum { LATENESS_KEPT = 1024 }; /* 20 s of ticks, until Python takes them */

struct ticking {
    struct plane *plane;
    int bell; /* an eventfd, readable when there are events */
    pthread_t thread;
    bool is_running;
    atomic_bool is_to_stop;
    int64_t alone_ns;              /* so long it ticks without a sign of Python */
    _Atomic(int64_t) last_sign_ns; /* of Python */
    pthread_mutex_t lock;          /* of all below */
    pthread_cond_t has_delivered;
    uint64_t rung;      /* times that a tick waited for Python */
    uint64_t delivered; /* of these, those that Python has answered */
    uint64_t skipped;   /* ticks that were left out: the machine was too slow, or Python gave no sign */
    size_t lateness_count;
    double lateness_s[LATENESS_KEPT]; /* how late ticks began, those since Python took them */
};

/* Make the bell; say whether the kernel gave one. After `alone_s` without a sign of Python, ticks are left out. */
bool ticking_open(struct ticking *ticking, struct plane *plane, double alone_s);

/* Begin to tick, the first time in 20 ms; `errno` says why not. Without effect if it is running. */
bool ticking_start(struct ticking *ticking);

/* Stop; it waits until the tick in progress is done. Without effect if it is not running. */
void ticking_stop(struct ticking *ticking);

void ticking_close(struct ticking *ticking);

/* Make the bell readable: there are events. */
void ticking_ring(const struct ticking *ticking);

/* Silence the bell: a sign of Python. Give what is to be told by `ticking_delivered`. */
uint64_t ticking_heard(struct ticking *ticking);

/* Let a tick go on that waits for Python: all is delivered that was there before `ticking_heard`. */
void ticking_delivered(struct ticking *ticking, uint64_t heard);

/* Take the lateness of the last ticks: at most `room` of them; give their number. It is a sign of Python, too. */
size_t ticking_take_lateness(struct ticking *ticking, double *lateness_s, size_t room);

uint64_t ticking_skipped(struct ticking *ticking);

#endif
