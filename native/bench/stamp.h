/* Stamps: the time at which a frame of audio was sent, in its first samples; for a phone's frame, also in its last. */

#ifndef EXOSWITCH_BENCH_STAMP_H
#define EXOSWITCH_BENCH_STAMP_H

#include <stdbool.h>
#include <stdint.h>

#include "audio/frames.h"

enum {
    STAMP_SAMPLES = 8,
    STAMP_BYTES = 2 * STAMP_SAMPLES, /* of 16-bit PCM */
    STAMP_AT_END = FRAME_SAMPLES - STAMP_SAMPLES,
    STAMP_COUNTED = 1,       /* of a call whose frames are counted */
    STAMP_FIRST = 2,         /* of the first frame of a bot's message */
    STAMPS_A_SECOND = 10000, /* the unit of time is 0.1 ms */
    STAMP_MASK = 0xFFFFFF,   /* 28 minutes */
};

struct stamp {
    uint32_t at;
    unsigned flags;
};

/* Write a stamp as µ-law codes, or as little-endian 16-bit PCM. */
void stamp_write_ulaw(uint8_t *codes, struct stamp stamp);
void stamp_write_pcm(uint8_t *pcm, struct stamp stamp);

/* Read a stamp; false where the samples are none. */
bool stamp_read_ulaw(const uint8_t *codes, struct stamp *stamp);
bool stamp_read_pcm(const uint8_t *pcm, struct stamp *stamp);

/* Read the stamps of two frames that a jitter buffer joined to one, by fading the first into the second, from the
 * first and the last samples; false where there are none. */
bool stamp_read_joined(const uint8_t *begin, const uint8_t *end, struct stamp stamps[2]);

/* Give the time since a stamp, in its unit. */
uint32_t stamp_age(struct stamp stamp, uint32_t now);

#endif
