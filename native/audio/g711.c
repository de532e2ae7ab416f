/* ITU-T G.711 by arithmetic: a code is a sign, a segment and a step; each segment has steps of double size.
 *
 * µ-law is defined on 14 bits and A-law on 13 bits. A 16-bit sample is rounded down, as in ITU-T's Software Tool
 * Library (G.191): a sample on a decision value belongs to the interval above it, on both sides of zero. So the
 * magnitude of a negative sample is its one's complement. */

#include "g711.h"

#include "simd.h"

enum { SIGN = 0x80, STEP = 0x0F, ULAW_FLIPPED = 0xFF, ALAW_FLIPPED = 0x55, ULAW_BIAS = 33, ULAW_MOST = 8191 };

const struct law ULAW = {.name = "ulaw", .payload_type = 0, .silence = 0xFF};
const struct law ALAW = {.name = "alaw", .payload_type = 8, .silence = 0xD5};

const struct law *law_by_payload_type(uint8_t payload_type)
{
    if (payload_type == ULAW.payload_type)
        return &ULAW;
    return payload_type == ALAW.payload_type ? &ALAW : NULL;
}

/* Give the number of bits of a value above zero. */
static int bits(int value)
{
    return 32 - __builtin_clz((unsigned)value);
}

static int16_t ulaw_sample(uint8_t code)
{
    int flipped = code ^ ULAW_FLIPPED;
    int segment = flipped >> 4 & 7;
    int magnitude = 4 * (((ULAW_BIAS + 2 * (flipped & STEP)) << segment) - ULAW_BIAS);
    return (int16_t)(code & SIGN ? magnitude : -magnitude);
}

static int16_t alaw_sample(uint8_t code)
{
    int flipped = code ^ ALAW_FLIPPED;
    int segment = flipped >> 4 & 7;
    int step = 2 * (flipped & STEP) + 1;
    int magnitude = 8 * (segment ? (step + 32) << (segment - 1) : step);
    return (int16_t)(code & SIGN ? magnitude : -magnitude);
}

static uint8_t ulaw_code(int16_t sample)
{
    int is_negative = sample < 0;
    int biased = ((is_negative ? ~sample : sample) >> 2) + ULAW_BIAS;
    if (biased > ULAW_MOST)
        biased = ULAW_MOST;
    int segment = bits(biased) - 6;
    int code = segment << 4 | (biased >> (segment + 1) & STEP);
    return (uint8_t)(code ^ ULAW_FLIPPED ^ (is_negative ? SIGN : 0));
}

static uint8_t alaw_code(int16_t sample)
{
    int is_negative = sample < 0;
    int magnitude = (is_negative ? ~sample : sample) >> 4;
    int segment = magnitude > STEP ? bits(magnitude) - 4 : 0;
    int code = segment << 4 | (segment ? magnitude >> (segment - 1) & STEP : magnitude);
    return (uint8_t)(code ^ ALAW_FLIPPED ^ (is_negative ? 0 : SIGN));
}

static void ulaw_decode(const uint8_t *codes, size_t count, int16_t *pcm)
{
    size_t at = simd->ulaw_decode ? simd->ulaw_decode(codes, count, pcm) : 0;
    for (; at < count; at++)
        pcm[at] = ulaw_sample(codes[at]);
}

static void alaw_decode(const uint8_t *codes, size_t count, int16_t *pcm)
{
    size_t at = simd->alaw_decode ? simd->alaw_decode(codes, count, pcm) : 0;
    for (; at < count; at++)
        pcm[at] = alaw_sample(codes[at]);
}

static void ulaw_encode(const int16_t *pcm, size_t count, uint8_t *codes)
{
    size_t at = simd->ulaw_encode ? simd->ulaw_encode(pcm, count, codes) : 0;
    for (; at < count; at++)
        codes[at] = ulaw_code(pcm[at]);
}

static void alaw_encode(const int16_t *pcm, size_t count, uint8_t *codes)
{
    size_t at = simd->alaw_encode ? simd->alaw_encode(pcm, count, codes) : 0;
    for (; at < count; at++)
        codes[at] = alaw_code(pcm[at]);
}

void law_decode(const struct law *law, const uint8_t *codes, size_t count, int16_t *pcm)
{
    (law->payload_type == ULAW.payload_type ? ulaw_decode : alaw_decode)(codes, count, pcm);
}

void law_encode(const struct law *law, const int16_t *pcm, size_t count, uint8_t *codes)
{
    (law->payload_type == ULAW.payload_type ? ulaw_encode : alaw_encode)(pcm, count, codes);
}
