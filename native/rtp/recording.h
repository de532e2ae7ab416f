/* The recorded audio of one call on its way to Python: it waits here until Python takes it. */

#ifndef EXOSWITCH_RECORDING_H
#define EXOSWITCH_RECORDING_H

#include <stdbool.h>
#include <stdint.h>

#include "frames.h"
#include "tape.h"

enum { RECORDING_MAX_PARTS = 60 }; /* that wait: a minute */

/* Both sides, in time with each other. */
struct recorded {
    struct recorded *next;
    int64_t frames;
    bool is_silence; /* then `said` and `played` mean nothing, and there can be more than TAPE_FRAMES */
    int16_t said[TAPE_FRAMES * FRAME_SAMPLES];
    int16_t played[TAPE_FRAMES * FRAME_SAMPLES];
};

/* A queue; beyond its limit, or without memory, audio is lost, and becomes silence: what follows stays in time. */
struct recording {
    struct recorded *first, *last, *spare;
    int count;
    int64_t lost_frames; /* so far */
    int64_t owed_frames; /* of silence, behind the last part, once there is room */
};

/* Take audio from a tape: the `take` of its sink, with a recording as `of`. */
void recording_take(void *of, const int16_t *said, const int16_t *played, int64_t frames);

/* Give the oldest part, or NULL; give it back with `recording_reuse` or free it. */
struct recorded *recording_next(struct recording *recording);

/* Keep the memory of a part for the next one. */
void recording_reuse(struct recording *recording, struct recorded *part);

void recording_free(struct recording *recording);

#endif
