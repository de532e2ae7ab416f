/* The instruction sets: each gives kernels for the inner loops of this folder; the best one is chosen at load.
 *
 * A kernel works on whole blocks from the start, says how many units it took, and leaves the rest to plain C. It never
 * reads or writes beyond what it was given. A set without a kernel for a loop has NULL. All give the same results. */

#ifndef EXOSWITCH_SIMD_H
#define EXOSWITCH_SIMD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "PCM is little-endian, and so must the machine be"
#endif

struct filter; /* filter.h */

struct simd {
    const char *name;
    size_t (*ulaw_decode)(const uint8_t *codes, size_t count, int16_t *pcm);
    size_t (*alaw_decode)(const uint8_t *codes, size_t count, int16_t *pcm);
    size_t (*ulaw_encode)(const int16_t *pcm, size_t count, uint8_t *codes);
    size_t (*alaw_encode)(const int16_t *pcm, size_t count, uint8_t *codes);
    size_t (*base64_encode)(const uint8_t *bytes, size_t count, char *text);  /* takes bytes, by threes */
    size_t (*base64_decode)(const char *text, size_t length, uint8_t *bytes); /* takes characters, by fours */
    size_t (*mask)(uint8_t *data, size_t count, uint32_t key);                /* takes bytes, by fours */
    size_t (*filter)(const struct filter *filter, const int16_t *pcm, size_t count, int16_t *filtered); /* takes sums */
};

extern const struct simd *simd; /* the one in use */

/* Give the instruction sets of this machine: at `at` 0 the best one, last plain C, then NULL. */
const struct simd *simd_at(size_t at);

/* Use this instruction set from now on: for tests and measurements, while nothing else runs. */
void simd_use(const struct simd *chosen);

#endif
