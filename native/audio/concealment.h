/* Concealment: a lost frame is replaced by the last one, faded; a frame that is left out leaves no click.
 *
 * See exoswitch/audio/concealment.py. */

#ifndef EXOSWITCH_CONCEALMENT_H
#define EXOSWITCH_CONCEALMENT_H

#include <stdint.h>

#include "frames.h"

/* Makes frames in place of lost ones. `last` is the last frame that arrived. */
struct concealer {
    int16_t last[FRAME_SAMPLES];
    int repeated;
};

/* Begin with silence. */
void concealer_init(struct concealer *concealer);

/* Make the next frame: the last one, fading to silence over 60 ms. */
void concealer_conceal(struct concealer *concealer, int16_t frame[FRAME_SAMPLES]);

/* Make the first frame one that begins as itself and ends as the second: a linear cross-fade. */
void spliced(int16_t first[FRAME_SAMPLES], const int16_t second[FRAME_SAMPLES]);

#endif
