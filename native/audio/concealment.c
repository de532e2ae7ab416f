/* Concealment: see concealment.h. */

#include "concealment.h"

#include <string.h>

enum { FADE_FRAMES = 3 }; /* about as long as ITU-T G.711 Appendix I conceals */

/* Reduce a frame's loudness linearly: one step of the fade. */
static void faded(const int16_t from[FRAME_SAMPLES], int step, int16_t frame[FRAME_SAMPLES])
{
    const int whole = FRAME_SAMPLES * FADE_FRAMES;
    const int begin = whole - step * FRAME_SAMPLES;
    for (int at = 0; at < FRAME_SAMPLES; at++)
        frame[at] = (int16_t)(from[at] * (begin - at) / whole);
}

void concealer_init(struct concealer *concealer)
{
    memset(concealer, 0, sizeof *concealer);
}

void concealer_conceal(struct concealer *concealer, int16_t frame[FRAME_SAMPLES])
{
    if (concealer->repeated >= FADE_FRAMES) {
        memset(frame, 0, FRAME_BYTES);
        return;
    }
    faded(concealer->last, concealer->repeated, frame);
    concealer->repeated++;
}

/* Divide, rounded down as Python does. */
static int divided_by_frame(int number)
{
    return number / FRAME_SAMPLES - (number % FRAME_SAMPLES < 0);
}

void spliced(int16_t first[FRAME_SAMPLES], const int16_t second[FRAME_SAMPLES])
{
    for (int at = 0; at < FRAME_SAMPLES; at++)
        first[at] = (int16_t)(first[at] + divided_by_frame((second[at] - first[at]) * at));
}
