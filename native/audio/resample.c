/* A streaming resampler: a sinc under a Kaiser window, in polyphase form; see exoswitch/audio/resample.py. */

#include "resample.h"

#include <math.h>
#include <string.h>

#include "filter.h"

enum {
    PIECE_SAMPLES = 160, /* at the lower rate: a long message is processed in pieces, to limit the window */
    UP_TAPS = 32,        /* a filter's taps in whole blocks; zeros come first */
    RATIOS = RESAMPLE_RATIO_MAX + 1,
    WINDOW = RESAMPLE_PAST + RESAMPLE_RATIO_MAX + PIECE_SAMPLES * RESAMPLE_RATIO_MAX,
};

static const double KAISER_BETA = 5.5;
static const size_t DOWN_TAPS[RATIOS] = {[2] = 48, [3] = 80};

/* Filled once, at load. The newest tap comes last. */
static int16_t taps_between[RATIOS][RATIOS][UP_TAPS];
static int16_t taps_around[RATIOS][RESAMPLE_PAST];

/* Give the modified Bessel function of order zero, by its power series. */
static double bessel_i0(double x)
{
    double sum = 0, part = 1;
    for (int term = 1; term <= 25; term++) {
        sum += part;
        part *= x / 2 / term * (x / 2 / term);
    }
    return sum;
}

/* Give the windowed low-pass filter at a time in samples. */
static double impulse(double at)
{
    if (at == 0)
        return 1;
    double inside = 1 - at / REACH_SAMPLES * (at / REACH_SAMPLES);
    double window = bessel_i0(KAISER_BETA * sqrt(fmax(inside, 0))) / bessel_i0(KAISER_BETA);
    return sin(M_PI * at) / (M_PI * at) * window;
}

static int16_t weight(double at, double gain)
{
    return (int16_t)lrint(gain * impulse(at) * (1 << FILTER_UNITY_BITS));
}

__attribute__((constructor)) static void fill_taps(void)
{
    for (int ratio = 2; ratio <= RESAMPLE_RATIO_MAX; ratio++)
        for (int tap = 0; tap < RESAMPLE_TAPS; tap++) {
            for (int phase = 1; phase < ratio; phase++)
                taps_between[ratio][phase][UP_TAPS - 1 - tap] = weight((double)phase / ratio - REACH_SAMPLES + tap, 1);
            int16_t *row = taps_around[ratio] + DOWN_TAPS[ratio] - (tap + 1) * ratio;
            for (int place = 0; place < ratio; place++)
                row[place] = weight(1 - REACH_SAMPLES - (double)place / ratio + tap, 1.0 / ratio);
        }
}

bool resampler_init(struct resampler *resampler, int from_hz, int to_hz)
{
    int low_hz = from_hz < to_hz ? from_hz : to_hz;
    int high_hz = from_hz < to_hz ? to_hz : from_hz;
    if (low_hz <= 0 || high_hz % low_hz != 0 || (high_hz / low_hz != 2 && high_hz / low_hz != 3))
        return false;
    memset(resampler, 0, sizeof *resampler);
    resampler->ratio = (uint8_t)(high_hz / low_hz);
    resampler->is_upward = from_hz == low_hz;
    resampler->is_new = true;
    resampler->rows_to_skip = REACH_SAMPLES - 1;
    return true;
}

size_t resampler_most(const struct resampler *resampler, size_t count)
{
    if (count == 0)
        return (size_t)REACH_SAMPLES * resampler->ratio;
    return resampler->is_upward ? count * resampler->ratio : count / resampler->ratio + 1;
}

/* Each sample comes through delayed, and is followed by one or two sums. */
static size_t feed_upward(struct resampler *resampler, const int16_t *pcm, size_t count, int16_t *resampled)
{
    size_t ratio = resampler->ratio;
    int16_t window[WINDOW];
    memcpy(window, resampler->past, RESAMPLE_PAST * sizeof *window);
    memcpy(window + RESAMPLE_PAST, pcm, count * sizeof *window);
    for (size_t at = 0; at < count; at++)
        resampled[at * ratio] = window[RESAMPLE_PAST - REACH_SAMPLES + at];
    for (size_t phase = 1; phase < ratio; phase++) {
        struct filter filter = {taps_between[ratio][phase], UP_TAPS, .step_in = 1, .step_out = ratio};
        filter_run(&filter, window + RESAMPLE_PAST + 1 - UP_TAPS, count, resampled + phase);
    }
    memcpy(resampler->past, window + count, RESAMPLE_PAST * sizeof *window);
    return count * ratio;
}

/* Each row of two or three samples gives one sum, after the rows of the delay. */
static size_t feed_downward(struct resampler *resampler, const int16_t *pcm, size_t count, int16_t *resampled)
{
    size_t ratio = resampler->ratio, taps = DOWN_TAPS[ratio], past = RESAMPLE_PAST + resampler->part_of_a_row;
    int16_t window[WINDOW];
    memcpy(window, resampler->past, past * sizeof *window);
    memcpy(window + past, pcm, count * sizeof *window);
    size_t rows = (resampler->part_of_a_row + count) / ratio;
    size_t skipped = rows < resampler->rows_to_skip ? rows : resampler->rows_to_skip;
    struct filter filter = {taps_around[ratio], taps, .step_in = ratio, .step_out = 1};
    filter_run(&filter, window + RESAMPLE_PAST + (skipped + 1) * ratio - taps, rows - skipped, resampled);
    resampler->rows_to_skip = (uint8_t)(resampler->rows_to_skip - skipped);
    resampler->part_of_a_row = (uint8_t)((resampler->part_of_a_row + count) % ratio);
    memcpy(resampler->past, window + rows * ratio, (RESAMPLE_PAST + resampler->part_of_a_row) * sizeof *window);
    return rows - skipped;
}

size_t resampler_feed(struct resampler *resampler, const int16_t *pcm, size_t count, int16_t *resampled)
{
    size_t piece = resampler->is_upward ? PIECE_SAMPLES : (size_t)PIECE_SAMPLES * resampler->ratio, written = 0;
    for (size_t at = 0; at < count; at += piece) {
        size_t taken = count - at < piece ? count - at : piece;
        int16_t *out = resampled + written;
        written += (resampler->is_upward ? feed_upward : feed_downward)(resampler, pcm + at, taken, out);
        resampler->is_new = false;
    }
    return written;
}

size_t resampler_flush(struct resampler *resampler, int16_t *resampled)
{
    static const int16_t silence[REACH_SAMPLES * RESAMPLE_RATIO_MAX];
    size_t ratio = resampler->ratio, written = 0;
    if (!resampler->is_upward) {
        size_t missing = (ratio - resampler->part_of_a_row) % ratio;
        written = resampler_feed(resampler, silence, missing + ratio * (REACH_SAMPLES - 1), resampled);
    } else if (!resampler->is_new) {
        written = resampler_feed(resampler, silence, REACH_SAMPLES, resampled);
    }
    bool is_upward = resampler->is_upward;
    resampler_init(resampler, is_upward ? 1 : (int)ratio, is_upward ? (int)ratio : 1);
    return written;
}
