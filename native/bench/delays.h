/* Delays, counted in steps of 0.1 ms up to a second; longer ones count as a second. */

#ifndef EXOSWITCH_BENCH_DELAYS_H
#define EXOSWITCH_BENCH_DELAYS_H

#include <stdint.h>

enum { DELAYS = 10001 };

struct delays {
    uint32_t counts[DELAYS];
};

static inline void delays_add(struct delays *delays, uint32_t tenths_ms)
{
    delays->counts[tenths_ms < DELAYS ? tenths_ms : DELAYS - 1]++;
}

#endif
