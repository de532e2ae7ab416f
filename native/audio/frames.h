/* The unit of the media plane: 20 ms of telephone audio; see exoswitch/audio/frames.py. */

#ifndef EXOSWITCH_FRAMES_H
#define EXOSWITCH_FRAMES_H

#include <stdint.h>

enum {
    SAMPLE_RATE_HZ = 8000,
    FRAME_MS = 20,
    FRAME_SAMPLES = 160,
    FRAME_BYTES = 2 * FRAME_SAMPLES, /* of 16-bit PCM; in G.711 a sample is one byte */
};

/* Convert samples to milliseconds, rounded down. */
static inline int64_t samples_to_ms(int64_t samples)
{
    return samples * 1000 / SAMPLE_RATE_HZ;
}

/* Convert milliseconds to samples, rounded down. */
static inline int64_t ms_to_samples(int64_t milliseconds)
{
    return milliseconds * SAMPLE_RATE_HZ / 1000;
}

#endif
