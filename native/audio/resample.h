/* A streaming resampler between the phone's 8,000 Hz and a bot's 16,000 or 24,000 Hz; see exoswitch/audio/resample.py.
 *
 * The same filter and the same samples as there, to the last bit. */

#ifndef EXOSWITCH_RESAMPLE_H
#define EXOSWITCH_RESAMPLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    REACH_SAMPLES = 12, /* to each side, at the lower rate */
    RESAMPLE_RATIO_MAX = 3,
    RESAMPLE_TAPS = 2 * REACH_SAMPLES, /* of one point, at the lower rate */
    RESAMPLE_PAST = 80,                /* samples: the longest filter (3 * 24), in whole blocks of 16 */
};

/* One direction of one stream between two rates. It holds no pointer, so it may be moved. */
struct resampler {
    uint8_t ratio;
    bool is_upward;
    bool is_new;
    uint8_t part_of_a_row; /* downward: samples at the end of `past` that are in no row yet */
    uint8_t rows_to_skip;  /* downward: the delay, which gives no samples */
    int16_t past[RESAMPLE_PAST + RESAMPLE_RATIO_MAX];
};

/* Begin a stream; say whether one rate is two or three times the other. */
bool resampler_init(struct resampler *resampler, int from_hz, int to_hz);

/* Give a bound of the samples that `feed` writes for so many, and with a count of 0 of those that `flush` writes. */
size_t resampler_most(const struct resampler *resampler, size_t count);

/* Convert the next samples, any number; give the number written. `resampled` overlaps nothing. */
size_t resampler_feed(struct resampler *resampler, const int16_t *pcm, size_t count, int16_t *resampled);

/* Write the delayed samples, and begin a new stream; give the number written. */
size_t resampler_flush(struct resampler *resampler, int16_t *resampled);

#endif
