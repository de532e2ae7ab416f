/* The instruction sets that the compiler can write; the machine may have fewer. */

#ifndef EXOSWITCH_SIMD_SETS_H
#define EXOSWITCH_SIMD_SETS_H

#include "simd.h"

extern const struct simd SIMD_SSE4; /* x86-64 */
extern const struct simd SIMD_AVX2; /* x86-64 */
extern const struct simd SIMD_NEON; /* aarch64, where every machine has it */

#endif
