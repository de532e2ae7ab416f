/* What the kernels in SSE4.1 and in AVX2 share. */

#ifndef EXOSWITCH_SIMD_X86_H
#define EXOSWITCH_SIMD_X86_H

#include <immintrin.h>

#include "filter.h"

/* Write four sums of a resampler's filter, rounded and clipped. */
__attribute__((target("sse4.1"), always_inline)) static inline void put_four_sums(const struct filter *filter,
                                                                                  __m128i sums, int16_t *filtered)
{
    __m128i rounded = _mm_add_epi32(sums, _mm_set1_epi32(1 << (FILTER_UNITY_BITS - 1)));
    __m128i samples = _mm_packs_epi32(_mm_srai_epi32(rounded, FILTER_UNITY_BITS), _mm_setzero_si128());
    filtered[0] = (int16_t)_mm_extract_epi16(samples, 0);
    filtered[filter->step_out] = (int16_t)_mm_extract_epi16(samples, 1);
    filtered[2 * filter->step_out] = (int16_t)_mm_extract_epi16(samples, 2);
    filtered[3 * filter->step_out] = (int16_t)_mm_extract_epi16(samples, 3);
}

#endif
