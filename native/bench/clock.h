/* The monotonic clock. */

#ifndef EXOSWITCH_BENCH_CLOCK_H
#define EXOSWITCH_BENCH_CLOCK_H

#include <stdint.h>
#include <time.h>

enum { NS_A_SECOND = 1000000000 };

static inline int64_t clock_now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * NS_A_SECOND + now.tv_nsec;
}

static inline void clock_sleep_until(int64_t at_ns)
{
    struct timespec at = {.tv_sec = at_ns / NS_A_SECOND, .tv_nsec = at_ns % NS_A_SECOND};
    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL);
}

#endif
