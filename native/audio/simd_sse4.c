/* The kernels in SSE4.1: 16 bytes at a time. */

#include "simd_sets.h"

#if defined(__x86_64__)

#include <immintrin.h>
#include <string.h>

#include "simd_x86.h"

#define SSE4 __attribute__((target("sse4.1")))

/* G.711 (see g711.c), eight samples at a time, each with 16 bits. A shuffle looks up a byte by its lower four bits. */

SSE4 static inline __m128i multiplied_by_segment(__m128i segment, __m128i powers, __m128i value)
{
    __m128i low_byte_only = _mm_or_si128(segment, _mm_set1_epi16((int16_t)0x8000));
    return _mm_mullo_epi16(value, _mm_shuffle_epi8(powers, low_byte_only));
}

SSE4 static inline __m128i ulaw_samples(__m128i codes)
{
    const __m128i powers = _mm_setr_epi8(1, 2, 4, 8, 16, 32, 64, (char)128, 0, 0, 0, 0, 0, 0, 0, 0);
    __m128i flipped = _mm_xor_si128(codes, _mm_set1_epi16(0xFF));
    __m128i segment = _mm_and_si128(_mm_srli_epi16(flipped, 4), _mm_set1_epi16(7));
    __m128i step = _mm_slli_epi16(_mm_and_si128(flipped, _mm_set1_epi16(15)), 3);
    __m128i biased = multiplied_by_segment(segment, powers, _mm_add_epi16(step, _mm_set1_epi16(132)));
    __m128i sign = _mm_srai_epi16(_mm_slli_epi16(flipped, 8), 15);
    return _mm_sub_epi16(_mm_xor_si128(_mm_sub_epi16(biased, _mm_set1_epi16(132)), sign), sign);
}

SSE4 static inline __m128i alaw_samples(__m128i codes)
{
    const __m128i powers = _mm_setr_epi8(1, 1, 2, 4, 8, 16, 32, 64, 0, 0, 0, 0, 0, 0, 0, 0);
    __m128i flipped = _mm_xor_si128(codes, _mm_set1_epi16(0xD5));
    __m128i segment = _mm_and_si128(_mm_srli_epi16(flipped, 4), _mm_set1_epi16(7));
    __m128i step = _mm_slli_epi16(_mm_and_si128(flipped, _mm_set1_epi16(15)), 4);
    __m128i leading = _mm_and_si128(_mm_cmpgt_epi16(segment, _mm_setzero_si128()), _mm_set1_epi16(256));
    __m128i sum = _mm_add_epi16(_mm_add_epi16(step, _mm_set1_epi16(8)), leading);
    __m128i sign = _mm_srai_epi16(_mm_slli_epi16(flipped, 8), 15);
    return _mm_sub_epi16(_mm_xor_si128(multiplied_by_segment(segment, powers, sum), sign), sign);
}

/* Give segment and step of eight magnitudes. `leading` has the bits that the segment follows from; `steps` times the
 * segment's power, shifted right by 16, ends in the step. */
SSE4 static inline __m128i segment_and_step(__m128i leading, __m128i steps, __m128i powers)
{
    const __m128i low = _mm_setr_epi8(0, 0, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 3, 3, 3, 3);
    const __m128i high = _mm_setr_epi8(0, 4, 5, 5, 6, 6, 6, 6, 7, 7, 7, 7, 7, 7, 7, 7);
    __m128i by_low = _mm_shuffle_epi8(low, _mm_and_si128(leading, _mm_set1_epi16(15)));
    __m128i segment = _mm_max_epi16(by_low, _mm_shuffle_epi8(high, _mm_srli_epi16(leading, 4)));
    __m128i power = _mm_slli_epi16(_mm_shuffle_epi8(powers, segment), 8);
    __m128i step = _mm_and_si128(_mm_mulhi_epu16(steps, power), _mm_set1_epi16(15));
    return _mm_or_si128(_mm_slli_epi16(segment, 4), step);
}

SSE4 static inline __m128i ulaw_codes(__m128i samples)
{
    const __m128i powers = _mm_setr_epi8((char)128, 64, 32, 16, 8, 4, 2, 1, 0, 0, 0, 0, 0, 0, 0, 0);
    __m128i sign = _mm_srai_epi16(samples, 15);
    __m128i biased = _mm_add_epi16(_mm_srli_epi16(_mm_xor_si128(samples, sign), 2), _mm_set1_epi16(33));
    biased = _mm_min_epi16(biased, _mm_set1_epi16(8191));
    __m128i flip = _mm_xor_si128(_mm_and_si128(sign, _mm_set1_epi16(0x80)), _mm_set1_epi16(0xFF));
    return _mm_xor_si128(segment_and_step(_mm_srli_epi16(biased, 5), biased, powers), flip);
}

SSE4 static inline __m128i alaw_codes(__m128i samples)
{
    const __m128i powers = _mm_setr_epi8((char)128, (char)128, 64, 32, 16, 8, 4, 2, 0, 0, 0, 0, 0, 0, 0, 0);
    __m128i sign = _mm_srai_epi16(samples, 15);
    __m128i magnitude = _mm_xor_si128(samples, sign);
    __m128i flip = _mm_xor_si128(_mm_and_si128(sign, _mm_set1_epi16(0x80)), _mm_set1_epi16(0xD5));
    __m128i leading = _mm_srli_epi16(magnitude, 7), steps = _mm_srli_epi16(magnitude, 3);
    return _mm_xor_si128(segment_and_step(leading, steps, powers), flip);
}

SSE4 static size_t ulaw_decode(const uint8_t *codes, size_t count, int16_t *pcm)
{
    size_t at = 0;
    for (; count - at >= 8; at += 8) {
        __m128i eight = _mm_cvtepu8_epi16(_mm_loadl_epi64((const __m128i *)(codes + at)));
        _mm_storeu_si128((__m128i *)(pcm + at), ulaw_samples(eight));
    }
    return at;
}

SSE4 static size_t alaw_decode(const uint8_t *codes, size_t count, int16_t *pcm)
{
    size_t at = 0;
    for (; count - at >= 8; at += 8) {
        __m128i eight = _mm_cvtepu8_epi16(_mm_loadl_epi64((const __m128i *)(codes + at)));
        _mm_storeu_si128((__m128i *)(pcm + at), alaw_samples(eight));
    }
    return at;
}

SSE4 static size_t ulaw_encode(const int16_t *pcm, size_t count, uint8_t *codes)
{
    size_t at = 0;
    for (; count - at >= 16; at += 16) {
        __m128i first = ulaw_codes(_mm_loadu_si128((const __m128i *)(pcm + at)));
        __m128i second = ulaw_codes(_mm_loadu_si128((const __m128i *)(pcm + at + 8)));
        _mm_storeu_si128((__m128i *)(codes + at), _mm_packus_epi16(first, second));
    }
    return at;
}

SSE4 static size_t alaw_encode(const int16_t *pcm, size_t count, uint8_t *codes)
{
    size_t at = 0;
    for (; count - at >= 16; at += 16) {
        __m128i first = alaw_codes(_mm_loadu_si128((const __m128i *)(pcm + at)));
        __m128i second = alaw_codes(_mm_loadu_si128((const __m128i *)(pcm + at + 8)));
        _mm_storeu_si128((__m128i *)(codes + at), _mm_packus_epi16(first, second));
    }
    return at;
}

/* Base64 after Wojciech Mula and Daniel Lemire, "Faster Base64 Encoding and Decoding Using AVX2 Instructions",
 * 2018. */

SSE4 static size_t base64_encode(const uint8_t *bytes, size_t count, char *text)
{
    const __m128i groups = _mm_setr_epi8(1, 0, 2, 1, 4, 3, 5, 4, 7, 6, 8, 7, 10, 9, 11, 10);
    const __m128i offsets = _mm_setr_epi8('a' - 26, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52,
                                          '0' - 52, '0' - 52, '0' - 52, '0' - 52, '+' - 62, '/' - 63, 'A', 0, 0);
    size_t at = 0;
    for (; count - at >= 16; at += 12, text += 16) {
        __m128i in = _mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)(bytes + at)), groups);
        __m128i outer = _mm_mulhi_epu16(_mm_and_si128(in, _mm_set1_epi32(0x0FC0FC00)), _mm_set1_epi32(0x04000040));
        __m128i inner = _mm_mullo_epi16(_mm_and_si128(in, _mm_set1_epi32(0x003F03F0)), _mm_set1_epi32(0x01000010));
        __m128i values = _mm_or_si128(outer, inner);
        __m128i capital = _mm_and_si128(_mm_cmpgt_epi8(_mm_set1_epi8(26), values), _mm_set1_epi8(13));
        __m128i range = _mm_or_si128(_mm_subs_epu8(values, _mm_set1_epi8(51)), capital);
        _mm_storeu_si128((__m128i *)text, _mm_add_epi8(values, _mm_shuffle_epi8(offsets, range)));
    }
    return at;
}

SSE4 static size_t base64_decode(const char *text, size_t length, uint8_t *bytes)
{
    const __m128i by_low =
        _mm_setr_epi8(0x15, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x13, 0x1A, 0x1B, 0x1B, 0x1B, 0x1A);
    const __m128i by_high =
        _mm_setr_epi8(0x10, 0x10, 0x01, 0x02, 0x04, 0x08, 0x04, 0x08, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10);
    const __m128i offsets = _mm_setr_epi8(0, 16, 19, 4, -65, -65, -71, -71, 0, 0, 0, 0, 0, 0, 0, 0);
    const __m128i order = _mm_setr_epi8(2, 1, 0, 6, 5, 4, 10, 9, 8, 14, 13, 12, -1, -1, -1, -1);
    const __m128i slash = _mm_set1_epi8('/'); /* 0x2F: its bit 5 does not disturb a shuffle */
    size_t at = 0;
    for (; length - at >= 16; at += 16, bytes += 12) {
        __m128i in = _mm_loadu_si128((const __m128i *)(text + at));
        __m128i high = _mm_and_si128(_mm_srli_epi32(in, 4), slash);
        __m128i low = _mm_and_si128(in, slash);
        if (!_mm_testz_si128(_mm_shuffle_epi8(by_low, low), _mm_shuffle_epi8(by_high, high)))
            break;
        __m128i range = _mm_add_epi8(high, _mm_cmpeq_epi8(in, slash));
        __m128i values = _mm_add_epi8(in, _mm_shuffle_epi8(offsets, range));
        __m128i pairs = _mm_maddubs_epi16(values, _mm_set1_epi32(0x01400140));
        __m128i out = _mm_shuffle_epi8(_mm_madd_epi16(pairs, _mm_set1_epi32(0x00011000)), order);
        _mm_storel_epi64((__m128i *)bytes, out);
        int last = _mm_extract_epi32(out, 2);
        memcpy(bytes + 8, &last, sizeof last);
    }
    return at;
}

SSE4 static size_t mask(uint8_t *data, size_t count, uint32_t key)
{
    const __m128i keys = _mm_set1_epi32((int)key);
    size_t at = 0;
    for (; count - at >= 16; at += 16) {
        __m128i *block = (__m128i *)(data + at);
        _mm_storeu_si128(block, _mm_xor_si128(_mm_loadu_si128(block), keys));
    }
    return at;
}

/* Give four sums of a resampler's filter in 32 bits, neither rounded nor clipped. */
SSE4 static inline __m128i four_sums(const struct filter *filter, const int16_t *pcm)
{
    __m128i sums[4] = {_mm_setzero_si128(), _mm_setzero_si128(), _mm_setzero_si128(), _mm_setzero_si128()};
    for (size_t tap = 0; tap < filter->count; tap += 8) {
        __m128i taps = _mm_loadu_si128((const __m128i *)(filter->taps + tap));
        for (size_t sum = 0; sum < 4; sum++) {
            __m128i in = _mm_loadu_si128((const __m128i *)(pcm + sum * filter->step_in + tap));
            sums[sum] = _mm_add_epi32(sums[sum], _mm_madd_epi16(in, taps));
        }
    }
    return _mm_hadd_epi32(_mm_hadd_epi32(sums[0], sums[1]), _mm_hadd_epi32(sums[2], sums[3]));
}

SSE4 static size_t filter(const struct filter *filter, const int16_t *pcm, size_t count, int16_t *filtered)
{
    size_t at = 0;
    for (; count - at >= 4; at += 4)
        put_four_sums(filter, four_sums(filter, pcm + at * filter->step_in), filtered + at * filter->step_out);
    return at;
}

const struct simd SIMD_SSE4 = {
    .name = "sse4",
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
