/* The inner loop of the resampler: sums of samples weighted by a filter's taps. */

#ifndef EXOSWITCH_FILTER_H
#define EXOSWITCH_FILTER_H

#include <stddef.h>
#include <stdint.h>

enum {
    FILTER_UNITY_BITS = 14, /* a tap of 1 is 2^14: a sum in range has 30 bits with its sign, any sum at most 32 */
    FILTER_BLOCK = 16,
};

struct filter {
    const int16_t *taps;
    size_t count;   /* of taps: whole blocks */
    size_t step_in; /* samples from one sum to the next */
    size_t step_out;
};

/* Write so many sums, rounded and clipped to 16 bits; the first one is of the first `filter->count` samples. */
void filter_run(const struct filter *filter, const int16_t *pcm, size_t count, int16_t *filtered);

#endif
