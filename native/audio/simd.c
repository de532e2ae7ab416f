/* Chooses the instruction set at load. */

#include "simd_sets.h"

enum { SETS = 3 }; /* of any one machine */

static const struct simd plain = {.name = "plain"};

static const struct simd *available[SETS] = {&plain}; /* filled once, at load; the rest is NULL */

const struct simd *simd = &plain;

const struct simd *simd_at(size_t at)
{
    return at < SETS ? available[at] : NULL;
}

void simd_use(const struct simd *chosen)
{
    simd = chosen;
}

__attribute__((constructor)) static void find_sets(void)
{
    size_t found = 0;
#if defined(__x86_64__)
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx2"))
        available[found++] = &SIMD_AVX2;
    if (__builtin_cpu_supports("sse4.1"))
        available[found++] = &SIMD_SSE4;
#elif defined(__aarch64__)
    available[found++] = &SIMD_NEON;
#endif
    available[found] = &plain;
    simd_use(available[0]);
}
