/* The inner loop of the resampler in plain C. */

#include "filter.h"

#include "simd.h"

static int16_t weighted_sum(const struct filter *filter, const int16_t *pcm)
{
    int32_t sum = 1 << (FILTER_UNITY_BITS - 1); /* rounds it */
    for (size_t at = 0; at < filter->count; at++)
        sum += filter->taps[at] * pcm[at];
    sum >>= FILTER_UNITY_BITS;
    return (int16_t)(sum > INT16_MAX ? INT16_MAX : sum < INT16_MIN ? INT16_MIN : sum);
}

void filter_run(const struct filter *filter, const int16_t *pcm, size_t count, int16_t *filtered)
{
    size_t at = simd->filter ? simd->filter(filter, pcm, count, filtered) : 0;
    for (; at < count; at++)
        filtered[at * filter->step_out] = weighted_sum(filter, pcm + at * filter->step_in);
}
