/* The kernels in AVX2: 32 bytes at a time, as two halves of 16 that do not mix. */

#include "simd_sets.h"

#if defined(__x86_64__)

#include <immintrin.h>
#include <string.h>

#include "simd_x86.h"

#define AVX2 __attribute__((target("avx2")))

AVX2 static inline __m256i both(__m128i half)
{
    return _mm256_broadcastsi128_si256(half);
}

/* G.711 (see g711.c), 16 samples at a time, each with 16 bits. A shuffle looks up a byte by its lower four bits. */

AVX2 static inline __m256i multiplied_by_segment(__m256i segment, __m256i powers, __m256i value)
{
    __m256i low_byte_only = _mm256_or_si256(segment, _mm256_set1_epi16((int16_t)0x8000));
    return _mm256_mullo_epi16(value, _mm256_shuffle_epi8(powers, low_byte_only));
}

AVX2 static inline __m256i ulaw_samples(__m256i codes)
{
    const __m256i powers = both(_mm_setr_epi8(1, 2, 4, 8, 16, 32, 64, (char)128, 0, 0, 0, 0, 0, 0, 0, 0));
    __m256i flipped = _mm256_xor_si256(codes, _mm256_set1_epi16(0xFF));
    __m256i segment = _mm256_and_si256(_mm256_srli_epi16(flipped, 4), _mm256_set1_epi16(7));
    __m256i step = _mm256_slli_epi16(_mm256_and_si256(flipped, _mm256_set1_epi16(15)), 3);
    __m256i biased = multiplied_by_segment(segment, powers, _mm256_add_epi16(step, _mm256_set1_epi16(132)));
    __m256i sign = _mm256_srai_epi16(_mm256_slli_epi16(flipped, 8), 15);
    return _mm256_sub_epi16(_mm256_xor_si256(_mm256_sub_epi16(biased, _mm256_set1_epi16(132)), sign), sign);
}

AVX2 static inline __m256i alaw_samples(__m256i codes)
{
    const __m256i powers = both(_mm_setr_epi8(1, 1, 2, 4, 8, 16, 32, 64, 0, 0, 0, 0, 0, 0, 0, 0));
    __m256i flipped = _mm256_xor_si256(codes, _mm256_set1_epi16(0xD5));
    __m256i segment = _mm256_and_si256(_mm256_srli_epi16(flipped, 4), _mm256_set1_epi16(7));
    __m256i step = _mm256_slli_epi16(_mm256_and_si256(flipped, _mm256_set1_epi16(15)), 4);
    __m256i leading = _mm256_and_si256(_mm256_cmpgt_epi16(segment, _mm256_setzero_si256()), _mm256_set1_epi16(256));
    __m256i sum = _mm256_add_epi16(_mm256_add_epi16(step, _mm256_set1_epi16(8)), leading);
    __m256i sign = _mm256_srai_epi16(_mm256_slli_epi16(flipped, 8), 15);
    return _mm256_sub_epi16(_mm256_xor_si256(multiplied_by_segment(segment, powers, sum), sign), sign);
}

/* Give segment and step of 16 magnitudes. `leading` has the bits that the segment follows from; `steps` times the
 * segment's power, shifted right by 16, ends in the step. */
AVX2 static inline __m256i segment_and_step(__m256i leading, __m256i steps, __m256i powers)
{
    const __m256i low = both(_mm_setr_epi8(0, 0, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 3, 3, 3, 3));
    const __m256i high = both(_mm_setr_epi8(0, 4, 5, 5, 6, 6, 6, 6, 7, 7, 7, 7, 7, 7, 7, 7));
    __m256i by_low = _mm256_shuffle_epi8(low, _mm256_and_si256(leading, _mm256_set1_epi16(15)));
    __m256i segment = _mm256_max_epi16(by_low, _mm256_shuffle_epi8(high, _mm256_srli_epi16(leading, 4)));
    __m256i power = _mm256_slli_epi16(_mm256_shuffle_epi8(powers, segment), 8);
    __m256i step = _mm256_and_si256(_mm256_mulhi_epu16(steps, power), _mm256_set1_epi16(15));
    return _mm256_or_si256(_mm256_slli_epi16(segment, 4), step);
}

AVX2 static inline __m256i ulaw_codes(__m256i samples)
{
    const __m256i powers = both(_mm_setr_epi8((char)128, 64, 32, 16, 8, 4, 2, 1, 0, 0, 0, 0, 0, 0, 0, 0));
    __m256i sign = _mm256_srai_epi16(samples, 15);
    __m256i biased = _mm256_add_epi16(_mm256_srli_epi16(_mm256_xor_si256(samples, sign), 2), _mm256_set1_epi16(33));
    biased = _mm256_min_epi16(biased, _mm256_set1_epi16(8191));
    __m256i flip = _mm256_xor_si256(_mm256_and_si256(sign, _mm256_set1_epi16(0x80)), _mm256_set1_epi16(0xFF));
    return _mm256_xor_si256(segment_and_step(_mm256_srli_epi16(biased, 5), biased, powers), flip);
}

AVX2 static inline __m256i alaw_codes(__m256i samples)
{
    const __m256i powers = both(_mm_setr_epi8((char)128, (char)128, 64, 32, 16, 8, 4, 2, 0, 0, 0, 0, 0, 0, 0, 0));
    __m256i sign = _mm256_srai_epi16(samples, 15);
    __m256i magnitude = _mm256_xor_si256(samples, sign);
    __m256i flip = _mm256_xor_si256(_mm256_and_si256(sign, _mm256_set1_epi16(0x80)), _mm256_set1_epi16(0xD5));
    __m256i leading = _mm256_srli_epi16(magnitude, 7), steps = _mm256_srli_epi16(magnitude, 3);
    return _mm256_xor_si256(segment_and_step(leading, steps, powers), flip);
}

/* Packing takes the lower halves first; put the four quarters in order. */
AVX2 static inline __m256i in_order(__m256i packed)
{
    return _mm256_permute4x64_epi64(packed, 0xD8);
}

AVX2 static size_t ulaw_decode(const uint8_t *codes, size_t count, int16_t *pcm)
{
    size_t at = 0;
    for (; count - at >= 16; at += 16) {
        __m256i some = _mm256_cvtepu8_epi16(_mm_loadu_si128((const __m128i *)(codes + at)));
        _mm256_storeu_si256((__m256i *)(pcm + at), ulaw_samples(some));
    }
    return at;
}

AVX2 static size_t alaw_decode(const uint8_t *codes, size_t count, int16_t *pcm)
{
    size_t at = 0;
    for (; count - at >= 16; at += 16) {
        __m256i some = _mm256_cvtepu8_epi16(_mm_loadu_si128((const __m128i *)(codes + at)));
        _mm256_storeu_si256((__m256i *)(pcm + at), alaw_samples(some));
    }
    return at;
}

AVX2 static size_t ulaw_encode(const int16_t *pcm, size_t count, uint8_t *codes)
{
    size_t at = 0;
    for (; count - at >= 32; at += 32) {
        __m256i first = ulaw_codes(_mm256_loadu_si256((const __m256i *)(pcm + at)));
        __m256i second = ulaw_codes(_mm256_loadu_si256((const __m256i *)(pcm + at + 16)));
        _mm256_storeu_si256((__m256i *)(codes + at), in_order(_mm256_packus_epi16(first, second)));
    }
    return at;
}

AVX2 static size_t alaw_encode(const int16_t *pcm, size_t count, uint8_t *codes)
{
    size_t at = 0;
    for (; count - at >= 32; at += 32) {
        __m256i first = alaw_codes(_mm256_loadu_si256((const __m256i *)(pcm + at)));
        __m256i second = alaw_codes(_mm256_loadu_si256((const __m256i *)(pcm + at + 16)));
        _mm256_storeu_si256((__m256i *)(codes + at), in_order(_mm256_packus_epi16(first, second)));
    }
    return at;
}

/* Base64 after Wojciech Mula and Daniel Lemire, "Faster Base64 Encoding and Decoding Using AVX2 Instructions",
 * 2018. */

AVX2 static size_t base64_encode(const uint8_t *bytes, size_t count, char *text)
{
    const __m256i groups = both(_mm_setr_epi8(1, 0, 2, 1, 4, 3, 5, 4, 7, 6, 8, 7, 10, 9, 11, 10));
    const __m256i offsets = both(_mm_setr_epi8('a' - 26, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52,
                                               '0' - 52, '0' - 52, '0' - 52, '0' - 52, '+' - 62, '/' - 63, 'A', 0, 0));
    size_t at = 0;
    for (; count - at >= 28; at += 24, text += 32) {
        __m128i first = _mm_loadu_si128((const __m128i *)(bytes + at));
        __m128i second = _mm_loadu_si128((const __m128i *)(bytes + at + 12));
        __m256i in = _mm256_shuffle_epi8(_mm256_set_m128i(second, first), groups);
        __m256i outer_bits = _mm256_and_si256(in, _mm256_set1_epi32(0x0FC0FC00));
        __m256i inner_bits = _mm256_and_si256(in, _mm256_set1_epi32(0x003F03F0));
        __m256i outer = _mm256_mulhi_epu16(outer_bits, _mm256_set1_epi32(0x04000040));
        __m256i inner = _mm256_mullo_epi16(inner_bits, _mm256_set1_epi32(0x01000010));
        __m256i values = _mm256_or_si256(outer, inner);
        __m256i capital = _mm256_and_si256(_mm256_cmpgt_epi8(_mm256_set1_epi8(26), values), _mm256_set1_epi8(13));
        __m256i range = _mm256_or_si256(_mm256_subs_epu8(values, _mm256_set1_epi8(51)), capital);
        _mm256_storeu_si256((__m256i *)text, _mm256_add_epi8(values, _mm256_shuffle_epi8(offsets, range)));
    }
    return at;
}

AVX2 static size_t base64_decode(const char *text, size_t length, uint8_t *bytes)
{
    const __m256i by_low = both(
        _mm_setr_epi8(0x15, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x13, 0x1A, 0x1B, 0x1B, 0x1B, 0x1A));
    const __m256i by_high = both(
        _mm_setr_epi8(0x10, 0x10, 0x01, 0x02, 0x04, 0x08, 0x04, 0x08, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10));
    const __m256i offsets = both(_mm_setr_epi8(0, 16, 19, 4, -65, -65, -71, -71, 0, 0, 0, 0, 0, 0, 0, 0));
    const __m256i order = both(_mm_setr_epi8(2, 1, 0, 6, 5, 4, 10, 9, 8, 14, 13, 12, -1, -1, -1, -1));
    const __m256i slash = _mm256_set1_epi8('/'); /* 0x2F: its bit 5 does not disturb a shuffle */
    size_t at = 0;
    for (; length - at >= 32; at += 32, bytes += 24) {
        __m256i in = _mm256_loadu_si256((const __m256i *)(text + at));
        __m256i high = _mm256_and_si256(_mm256_srli_epi32(in, 4), slash);
        __m256i low = _mm256_and_si256(in, slash);
        if (!_mm256_testz_si256(_mm256_shuffle_epi8(by_low, low), _mm256_shuffle_epi8(by_high, high)))
            break;
        __m256i range = _mm256_add_epi8(high, _mm256_cmpeq_epi8(in, slash));
        __m256i values = _mm256_add_epi8(in, _mm256_shuffle_epi8(offsets, range));
        __m256i pairs = _mm256_maddubs_epi16(values, _mm256_set1_epi32(0x01400140));
        __m256i out = _mm256_shuffle_epi8(_mm256_madd_epi16(pairs, _mm256_set1_epi32(0x00011000)), order);
        __m256i joined = _mm256_permutevar8x32_epi32(out, _mm256_setr_epi32(0, 1, 2, 4, 5, 6, 3, 7));
        _mm_storeu_si128((__m128i *)bytes, _mm256_castsi256_si128(joined));
        _mm_storel_epi64((__m128i *)(bytes + 16), _mm256_extracti128_si256(joined, 1));
    }
    return at;
}

AVX2 static size_t mask(uint8_t *data, size_t count, uint32_t key)
{
    const __m256i keys = _mm256_set1_epi32((int)key);
    size_t at = 0;
    for (; count - at >= 32; at += 32) {
        __m256i *block = (__m256i *)(data + at);
        _mm256_storeu_si256(block, _mm256_xor_si256(_mm256_loadu_si256(block), keys));
    }
    return at;
}

/* Give four sums of a resampler's filter in 32 bits, neither rounded nor clipped. */
AVX2 static inline __m128i four_sums(const struct filter *filter, const int16_t *pcm)
{
    __m256i sums[4] = {_mm256_setzero_si256(), _mm256_setzero_si256(), _mm256_setzero_si256(), _mm256_setzero_si256()};
    for (size_t tap = 0; tap < filter->count; tap += FILTER_BLOCK) {
        __m256i taps = _mm256_loadu_si256((const __m256i *)(filter->taps + tap));
        for (size_t sum = 0; sum < 4; sum++) {
            __m256i in = _mm256_loadu_si256((const __m256i *)(pcm + sum * filter->step_in + tap));
            sums[sum] = _mm256_add_epi32(sums[sum], _mm256_madd_epi16(in, taps));
        }
    }
    __m256i halves = _mm256_hadd_epi32(_mm256_hadd_epi32(sums[0], sums[1]), _mm256_hadd_epi32(sums[2], sums[3]));
    return _mm_add_epi32(_mm256_castsi256_si128(halves), _mm256_extracti128_si256(halves, 1));
}

AVX2 static size_t filter(const struct filter *filter, const int16_t *pcm, size_t count, int16_t *filtered)
{
    size_t at = 0;
    for (; count - at >= 4; at += 4)
        put_four_sums(filter, four_sums(filter, pcm + at * filter->step_in), filtered + at * filter->step_out);
    return at;
}

const struct simd SIMD_AVX2 = {
    .name = "avx2",
    .ulaw_decode = ulaw_decode,
    .alaw_decode = alaw_decode,
    .ulaw_encode = ulaw_encode,
    .alaw_encode = alaw_encode,
    .base64_encode = base64_encode,
    .base64_decode = base64_decode,
    .mask = mask,
    .filter = filter,
};

#endif
