/* Both sides of a recorded call, in time with each other, gathered until there is a second of them.
 *
 * See exoswitch/rtp/tape.py. */

#ifndef EXOSWITCH_TAPE_H
#define EXOSWITCH_TAPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "frames.h"
#include "g711.h"

enum { TAPE_FRAMES = 50 };

/* Takes the audio of a recorded call: so many frames of what the caller said, and of what was played meanwhile.
 *
 * At most TAPE_FRAMES at once, in arrays that are valid until it returns. With NULL for both, any number of frames
 * of silence: zeros on both sides. (The Python sink gets those in parts of TAPE_FRAMES.) */
struct tape_sink {
    void (*take)(void *of, const int16_t *said, const int16_t *played, int64_t frames);
    void *of;
};

/* Gathers frames for `sink`, and gives them to it once a second; `law` is that of the played frames. */
struct tape {
    struct tape_sink sink;
    const struct law *law;
    bool has_begun;
    double due_at;
    int count;
    int16_t said[TAPE_FRAMES * FRAME_SAMPLES];
    uint8_t played[TAPE_FRAMES * FRAME_SAMPLES];
};

void tape_init(struct tape *tape, struct tape_sink sink, const struct law *law);

/* Take the frames of a tick: the caller's as PCM, and the coded one that was sent to the caller. */
void tape_add(struct tape *tape, const int16_t said[FRAME_SAMPLES], const uint8_t played[FRAME_SAMPLES], double now);

/* Give all frames that wait. */
void tape_give(struct tape *tape);

#endif
