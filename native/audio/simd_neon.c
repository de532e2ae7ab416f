/* The kernels in NEON, the SIMD of aarch64. */

#include "simd_sets.h"

#if defined(__aarch64__)

#include <arm_neon.h>

#include "alphabet.h"
#include "filter.h"

/* G.711 (see g711.c), eight samples at a time, each with 16 bits. */

static inline int16x8_t signed_by(int16x8_t magnitude, uint16x8_t flipped)
{
    return vbslq_s16(vtstq_u16(flipped, vdupq_n_u16(0x80)), vnegq_s16(magnitude), magnitude);
}

static inline int16x8_t ulaw_samples(uint16x8_t codes)
{
    uint16x8_t flipped = veorq_u16(codes, vdupq_n_u16(0xFF));
    int16x8_t segment = vreinterpretq_s16_u16(vandq_u16(vshrq_n_u16(flipped, 4), vdupq_n_u16(7)));
    uint16x8_t step = vshlq_n_u16(vandq_u16(flipped, vdupq_n_u16(15)), 3);
    uint16x8_t biased = vshlq_u16(vaddq_u16(step, vdupq_n_u16(132)), segment);
    return signed_by(vreinterpretq_s16_u16(vsubq_u16(biased, vdupq_n_u16(132))), flipped);
}

static inline int16x8_t alaw_samples(uint16x8_t codes)
{
    uint16x8_t flipped = veorq_u16(codes, vdupq_n_u16(0xD5));
    uint16x8_t segment = vandq_u16(vshrq_n_u16(flipped, 4), vdupq_n_u16(7));
    uint16x8_t step = vshlq_n_u16(vandq_u16(flipped, vdupq_n_u16(15)), 4);
    uint16x8_t leading = vandq_u16(vtstq_u16(segment, segment), vdupq_n_u16(256));
    uint16x8_t sum = vaddq_u16(vaddq_u16(step, vdupq_n_u16(8)), leading);
    int16x8_t shift = vreinterpretq_s16_u16(vqsubq_u16(segment, vdupq_n_u16(1)));
    return signed_by(vreinterpretq_s16_u16(vshlq_u16(sum, shift)), flipped);
}

static inline uint8x8_t ulaw_codes(int16x8_t samples)
{
    int16x8_t sign = vshrq_n_s16(samples, 15);
    uint16x8_t magnitude = vreinterpretq_u16_s16(veorq_s16(samples, sign));
    uint16x8_t biased = vminq_u16(vaddq_u16(vshrq_n_u16(magnitude, 2), vdupq_n_u16(33)), vdupq_n_u16(8191));
    int16x8_t segment = vsubq_s16(vdupq_n_s16(10), vreinterpretq_s16_u16(vclzq_u16(biased)));
    uint16x8_t step = vandq_u16(vshlq_u16(biased, vsubq_s16(vdupq_n_s16(-1), segment)), vdupq_n_u16(15));
    uint16x8_t code = vorrq_u16(vreinterpretq_u16_s16(vshlq_n_s16(segment, 4)), step);
    uint16x8_t flip = veorq_u16(vreinterpretq_u16_s16(vandq_s16(sign, vdupq_n_s16(0x80))), vdupq_n_u16(0xFF));
    return vmovn_u16(veorq_u16(code, flip));
}

static inline uint8x8_t alaw_codes(int16x8_t samples)
{
    int16x8_t sign = vshrq_n_s16(samples, 15);
    uint16x8_t magnitude = vshrq_n_u16(vreinterpretq_u16_s16(veorq_s16(samples, sign)), 4);
    int16x8_t leading = vreinterpretq_s16_u16(vclzq_u16(magnitude));
    int16x8_t segment = vmaxq_s16(vsubq_s16(vdupq_n_s16(12), leading), vdupq_n_s16(0));
    int16x8_t shift = vminq_s16(vsubq_s16(vdupq_n_s16(1), segment), vdupq_n_s16(0));
    uint16x8_t step = vandq_u16(vshlq_u16(magnitude, shift), vdupq_n_u16(15));
    uint16x8_t code = vorrq_u16(vreinterpretq_u16_s16(vshlq_n_s16(segment, 4)), step);
    uint16x8_t flip = veorq_u16(vreinterpretq_u16_s16(vandq_s16(sign, vdupq_n_s16(0x80))), vdupq_n_u16(0xD5));
    return vmovn_u16(veorq_u16(code, flip));
}

static size_t ulaw_decode(const uint8_t *codes, size_t count, int16_t *pcm)
{
    size_t at = 0;
    for (; count - at >= 8; at += 8)
        vst1q_s16(pcm + at, ulaw_samples(vmovl_u8(vld1_u8(codes + at))));
    return at;
}

static size_t alaw_decode(const uint8_t *codes, size_t count, int16_t *pcm)
{
    size_t at = 0;
    for (; count - at >= 8; at += 8)
        vst1q_s16(pcm + at, alaw_samples(vmovl_u8(vld1_u8(codes + at))));
    return at;
}

static size_t ulaw_encode(const int16_t *pcm, size_t count, uint8_t *codes)
{
    size_t at = 0;
    for (; count - at >= 8; at += 8)
        vst1_u8(codes + at, ulaw_codes(vld1q_s16(pcm + at)));
    return at;
}

static size_t alaw_encode(const int16_t *pcm, size_t count, uint8_t *codes)
{
    size_t at = 0;
    for (; count - at >= 8; at += 8)
        vst1_u8(codes + at, alaw_codes(vld1q_s16(pcm + at)));
    return at;
}

/* Base64: groups are loaded and stored by their places, and tables of 64 bytes have the alphabet. */

static size_t base64_encode(const uint8_t *bytes, size_t count, char *text)
{
    const uint8x16x4_t alphabet = vld1q_u8_x4((const uint8_t *)BASE64_ALPHABET);
    const uint8x16_t six_bits = vdupq_n_u8(0x3F);
    size_t at = 0;
    for (; count - at >= 48; at += 48, text += 64) {
        uint8x16x3_t in = vld3q_u8(bytes + at);
        uint8x16x4_t out;
        out.val[0] = vqtbl4q_u8(alphabet, vshrq_n_u8(in.val[0], 2));
        out.val[1] = vqtbl4q_u8(alphabet, vandq_u8(vsliq_n_u8(vshrq_n_u8(in.val[1], 4), in.val[0], 4), six_bits));
        out.val[2] = vqtbl4q_u8(alphabet, vandq_u8(vsliq_n_u8(vshrq_n_u8(in.val[2], 6), in.val[1], 2), six_bits));
        out.val[3] = vqtbl4q_u8(alphabet, vandq_u8(in.val[2], six_bits));
        vst4q_u8((uint8_t *)text, out);
    }
    return at;
}

/* Give the values of 16 characters; one that is not of the alphabet has a value above 63. */
static inline uint8x16_t base64_values_of(uint8x16_t characters, uint8x16x4_t lower, uint8x16x4_t upper)
{
    uint8x16_t values = vqtbx4q_u8(vdupq_n_u8(BASE64_INVALID), lower, characters);
    return vqtbx4q_u8(values, upper, vsubq_u8(characters, vdupq_n_u8(64)));
}

static size_t base64_decode(const char *text, size_t length, uint8_t *bytes)
{
    const uint8x16x4_t lower = vld1q_u8_x4(base64_values), upper = vld1q_u8_x4(base64_values + 64);
    size_t at = 0;
    for (; length - at >= 64; at += 64, bytes += 48) {
        uint8x16x4_t in = vld4q_u8((const uint8_t *)text + at);
        for (int place = 0; place < 4; place++)
            in.val[place] = base64_values_of(in.val[place], lower, upper);
        uint8x16_t any = vorrq_u8(vorrq_u8(in.val[0], in.val[1]), vorrq_u8(in.val[2], in.val[3]));
        if (vmaxvq_u8(any) > 63)
            break;
        uint8x16x3_t out;
        out.val[0] = vorrq_u8(vshlq_n_u8(in.val[0], 2), vshrq_n_u8(in.val[1], 4));
        out.val[1] = vorrq_u8(vshlq_n_u8(in.val[1], 4), vshrq_n_u8(in.val[2], 2));
        out.val[2] = vorrq_u8(vshlq_n_u8(in.val[2], 6), in.val[3]);
        vst3q_u8(bytes, out);
    }
    return at;
}

static size_t mask(uint8_t *data, size_t count, uint32_t key)
{
    const uint8x16_t keys = vreinterpretq_u8_u32(vdupq_n_u32(key));
    size_t at = 0;
    for (; count - at >= 16; at += 16)
        vst1q_u8(data + at, veorq_u8(vld1q_u8(data + at), keys));
    return at;
}

/* Give one sum of a resampler's filter, rounded and clipped. */
static inline int16_t weighted_sum(const struct filter *filter, const int16_t *pcm)
{
    int32x4_t first = vdupq_n_s32(0), second = vdupq_n_s32(0);
    for (size_t tap = 0; tap < filter->count; tap += 8) {
        int16x8_t taps = vld1q_s16(filter->taps + tap), in = vld1q_s16(pcm + tap);
        first = vmlal_s16(first, vget_low_s16(taps), vget_low_s16(in));
        second = vmlal_high_s16(second, taps, in);
    }
    return vqrshrns_n_s32(vaddvq_s32(vaddq_s32(first, second)), FILTER_UNITY_BITS);
}

static size_t filter(const struct filter *filter, const int16_t *pcm, size_t count, int16_t *filtered)
{
    for (size_t at = 0; at < count; at++)
        filtered[at * filter->step_out] = weighted_sum(filter, pcm + at * filter->step_in);
    return count;
}

const struct simd SIMD_NEON = {
    .name = "neon",
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
