/* The media messages that all bots send: one WebSocket frame, whose audio gets new stamps each time. */

#ifndef EXOSWITCH_BENCH_SPEECH_H
#define EXOSWITCH_BENCH_SPEECH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "audio/frames.h"
#include "stamp.h"

enum {
    SPEECH_FRAMES_MAX = 10,                               /* 200 ms */
    SPEECH_BYTES_MAX = 128 + SPEECH_FRAMES_MAX * 4 * 107, /* 320 bytes are at most 107 groups of base64 */
};

struct speech {
    int frames;
    size_t size;
    uint8_t frame[SPEECH_BYTES_MAX];
    size_t audio_at;
    uint8_t pcm[SPEECH_FRAMES_MAX * FRAME_BYTES];
};

void speech_init(struct speech *speech, int frames);

/* Write the time into each frame of the audio. */
void speech_stamp(struct speech *speech, struct stamp stamp);

/* Read the stamp of one frame from masked base64: `at` is the audio's place in the message, which the mask counts. */
bool speech_read(const uint8_t *message, size_t at, int frame, const uint8_t mask[4], struct stamp *stamp);

/* Read the stamps of two frames that were joined to one. */
bool speech_read_joined(const uint8_t *message, size_t at, int frame, const uint8_t mask[4], struct stamp stamps[2]);

#endif
