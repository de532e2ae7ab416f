/* The tick of all calls in a thread of its own, on an absolute 20 ms clock; see exoswitch/rtp/ticker.py.
 *
 * A reactor that is blocked does not delay it. The thread wakes the reactor when there are events for Python. If a bot
 * has sent what Python is to take, the tick waits for a moment, so that this acts in the same tick, as it does without
 * a thread.
 *
 * Each delivery feeds a watchdog. If the reactor hangs, ticks are left out: other gateways have taken over its calls,
 * or nobody would end them. */

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
    int waker; /* an eventfd that the reactor reads; readable when there are events */
    pthread_t thread;
    bool is_running;
    atomic_bool is_to_stop;
    int64_t watchdog_ns;        /* the reactor hangs if it delivers nothing for so long */
    _Atomic(int64_t) fed_at_ns; /* when Python fed the watchdog last */
    pthread_mutex_t lock;       /* of all below */
    pthread_cond_t has_answered;
    uint64_t asked;    /* times that a tick asked Python to deliver */
    uint64_t answered; /* of these, those whose delivery has ended */
    uint64_t skipped;  /* ticks that were left out: the machine was too slow, or the reactor hung */
    size_t lateness_count;
    double lateness_s[LATENESS_KEPT]; /* how late ticks began, those since Python took them */
};

/* Make the waker; say whether the kernel gave one. After `watchdog_s` seconds without a delivery, no tick runs. */
bool ticking_open(struct ticking *ticking, struct plane *plane, double watchdog_s);

/* Begin to tick, the first time in 20 ms; `errno` says why not. Without effect if it is running. */
bool ticking_start(struct ticking *ticking);

/* Stop; it waits until the tick in progress is done. Without effect if it is not running. */
void ticking_stop(struct ticking *ticking);

void ticking_close(struct ticking *ticking);

/* Let the reactor deliver: there are events. */
void ticking_wake(const struct ticking *ticking);

/* Begin to deliver; give what `ticking_end_delivery` is to be told. This feeds the watchdog. */
uint64_t ticking_begin_delivery(struct ticking *ticking);

/* Let a tick go on that waits: all is delivered that was there before `ticking_begin_delivery`. */
void ticking_end_delivery(struct ticking *ticking, uint64_t asked);

/* Take the lateness of the last ticks: at most `room` of them; give their number. This feeds the watchdog. */
size_t ticking_take_lateness(struct ticking *ticking, double *lateness_s, size_t room);

uint64_t ticking_skipped(struct ticking *ticking);

#endif
