/* The tick of all calls in a thread of its own, on an absolute 20 ms clock; see exoswitch/rtp/ticker.py. */

#include "ticking.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include "frames.h"

enum {
    NS_PER_S = 1000000000,
    PERIOD_NS = FRAME_MS * 1000000,
    MAX_TICKS_AT_ONCE = 5,    /* 100 ms: a longer burst overflows the other end's jitter buffer */
    GROUP_AWAIT_NS = 2000000, /* a reactor that has nothing else to do takes a tenth of it */
    TICK_AWAIT_NS = 5000000,  /* for all groups together */
};

static int64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now); /* the clock of `time.monotonic` */
    return (int64_t)now.tv_sec * NS_PER_S + now.tv_nsec;
}

static void sleep_until(int64_t at_ns)
{
    struct timespec at = {.tv_sec = at_ns / NS_PER_S, .tv_nsec = at_ns % NS_PER_S};
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL) == EINTR)
        continue;
}

static void ticking_feed_watchdog(struct ticking *ticking)
{
    atomic_store(&ticking->fed_at_ns, now_ns());
}

/* Note that ticks are due, and give the number of those to run now. */
static int64_t ticking_note(struct ticking *ticking, int64_t now, int64_t due_ns)
{
    int64_t late_ns = now - due_ns, due = 1 + late_ns / PERIOD_NS;
    bool is_hung = now - atomic_load(&ticking->fed_at_ns) > ticking->watchdog_ns;
    int64_t at_most = is_hung ? 0 : MAX_TICKS_AT_ONCE, run = due < at_most ? due : at_most;
    pthread_mutex_lock(&ticking->lock);
    ticking->skipped += (uint64_t)(due - run);
    if (run > 0 && ticking->lateness_count < LATENESS_KEPT)
        ticking->lateness_s[ticking->lateness_count++] = (double)late_ns / NS_PER_S;
    pthread_mutex_unlock(&ticking->lock);
    return run;
}

void ticking_wake(const struct ticking *ticking)
{
    const uint64_t one = 1;
    if (write(ticking->waker, &one, sizeof one) < 0) {
        /* It has been written 2^64 - 2 times, and still wakes the reactor. */
    }
}

/* Ask Python to deliver what a bot sent, and wait for it; not if it owes an answer: it is busy. Give the time taken. */
static int64_t ticking_await(struct ticking *ticking, int64_t at_most_ns)
{
    const int64_t began_ns = now_ns();
    const int64_t until_ns = began_ns + (at_most_ns < GROUP_AWAIT_NS ? at_most_ns : GROUP_AWAIT_NS);
    struct timespec until = {.tv_sec = until_ns / NS_PER_S, .tv_nsec = until_ns % NS_PER_S};
    pthread_mutex_lock(&ticking->lock);
    bool is_quick = ticking->answered == ticking->asked;
    uint64_t wanted = ++ticking->asked;
    pthread_mutex_unlock(&ticking->lock);
    ticking_wake(ticking);
    pthread_mutex_lock(&ticking->lock);
    while (is_quick && ticking->answered != wanted && !atomic_load(&ticking->is_to_stop))
        is_quick = pthread_cond_timedwait(&ticking->has_answered, &ticking->lock, &until) == 0;
    pthread_mutex_unlock(&ticking->lock);
    return now_ns() - began_ns;
}

/* Let 20 ms pass for every call; say whether there are events. */
static bool ticking_tick(struct ticking *ticking, double now)
{
    bool has_events = false;
    int64_t left_ns = TICK_AWAIT_NS;
    size_t groups = plane_begin_tick(ticking->plane, now);
    for (size_t at = 0; at < groups; at++) {
        if (plane_receive(ticking->plane, at, now))
            left_ns -= ticking_await(ticking, left_ns);
        has_events |= plane_pass(ticking->plane, at, now);
    }
    return has_events;
}

static void *ticking_run(void *of)
{
    struct ticking *ticking = of;
    int64_t due_ns = now_ns() + PERIOD_NS;
    prctl(PR_SET_NAME, "media tick"); /* for `top -H` and `perf` */
    while (!atomic_load(&ticking->is_to_stop)) {
        sleep_until(due_ns);
        int64_t now = now_ns(), left = ticking_note(ticking, now, due_ns);
        due_ns += (1 + (now - due_ns) / PERIOD_NS) * PERIOD_NS;
        bool has_events = false;
        for (; left > 0; left--)
            has_events |= ticking_tick(ticking, (double)now_ns() / NS_PER_S);
        if (has_events)
            ticking_wake(ticking);
    }
    return NULL;
}

bool ticking_open(struct ticking *ticking, struct plane *plane, double watchdog_s)
{
    memset(ticking, 0, sizeof *ticking);
    ticking->plane = plane;
    ticking->watchdog_ns = (int64_t)(watchdog_s * NS_PER_S);
    ticking->waker = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    pthread_condattr_t by_clock;
    pthread_condattr_init(&by_clock);
    pthread_condattr_setclock(&by_clock, CLOCK_MONOTONIC);
    pthread_cond_init(&ticking->has_answered, &by_clock);
    pthread_condattr_destroy(&by_clock);
    pthread_mutex_init(&ticking->lock, NULL);
    return ticking->waker >= 0;
}

bool ticking_start(struct ticking *ticking)
{
    sigset_t all, before;
    if (ticking->is_running)
        return true;
    atomic_store(&ticking->is_to_stop, false);
    ticking_feed_watchdog(ticking);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before); /* signals are for Python's main thread */
    errno = pthread_create(&ticking->thread, NULL, ticking_run, ticking);
    ticking->is_running = errno == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return ticking->is_running;
}

void ticking_end_delivery(struct ticking *ticking, uint64_t asked)
{
    pthread_mutex_lock(&ticking->lock);
    if (asked > ticking->answered)
        ticking->answered = asked;
    pthread_cond_signal(&ticking->has_answered);
    pthread_mutex_unlock(&ticking->lock);
}

void ticking_stop(struct ticking *ticking)
{
    if (!ticking->is_running)
        return;
    atomic_store(&ticking->is_to_stop, true);
    ticking_end_delivery(ticking, 0);
    pthread_join(ticking->thread, NULL);
    ticking->is_running = false;
}

void ticking_close(struct ticking *ticking)
{
    ticking_stop(ticking);
    if (ticking->waker >= 0)
        close(ticking->waker);
    ticking->waker = -1;
    pthread_cond_destroy(&ticking->has_answered);
    pthread_mutex_destroy(&ticking->lock);
}

uint64_t ticking_begin_delivery(struct ticking *ticking)
{
    uint64_t wakes;
    ticking_feed_watchdog(ticking);
    if (read(ticking->waker, &wakes, sizeof wakes) < 0) {
        /* Nothing has woken the reactor: this delivery was not asked for. */
    }
    pthread_mutex_lock(&ticking->lock);
    uint64_t asked = ticking->asked;
    pthread_mutex_unlock(&ticking->lock);
    return asked;
}

size_t ticking_take_lateness(struct ticking *ticking, double *lateness_s, size_t room)
{
    ticking_feed_watchdog(ticking);
    pthread_mutex_lock(&ticking->lock);
    size_t count = ticking->lateness_count < room ? ticking->lateness_count : room;
    memcpy(lateness_s, ticking->lateness_s, count * sizeof *lateness_s);
    ticking->lateness_count = 0;
    pthread_mutex_unlock(&ticking->lock);
    return count;
}

uint64_t ticking_skipped(struct ticking *ticking)
{
    pthread_mutex_lock(&ticking->lock);
    uint64_t skipped = ticking->skipped;
    pthread_mutex_unlock(&ticking->lock);
    return skipped;
}
