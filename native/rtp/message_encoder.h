/* The caller's audio as whole messages to a bot; see exoswitch/rtp/message_encoder.py. */

#ifndef EXOSWITCH_MESSAGE_ENCODER_H
#define EXOSWITCH_MESSAGE_ENCODER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "frames.h"
#include "media_template.h"
#include "resample.h"

struct message_encoder {
    struct media_template template;
    struct resampler resampler; /* not used at 8,000 Hz */
    bool is_resampled;
    bool from_zero;
    unsigned samples_per_ms;
    unsigned frames_per_chunk;
    unsigned chunk_ms;
    size_t chunk_samples; /* of a whole chunk, resampled */
    unsigned frames;      /* that wait in `pcm` */
    int16_t *pcm;         /* of the chunk that is gathered */
    int16_t *chunk;       /* the resampled chunk; `pcm` at 8,000 Hz */
    bool holding;
    int16_t *held; /* a ring of `held_room` chunks; NULL while not holding */
    unsigned held_room, held_first, held_count;
    uint64_t dropped_ms;
    uint64_t sequence;
    uint64_t chunk_number;
    uint64_t position_ms;
};

/* Takes a template that is cut, and frees it later, even if it gives NULL: there is no memory. */
struct message_encoder *message_encoder_new(struct media_template template, unsigned sample_rate_hz, unsigned frames,
                                            bool from_zero, uint64_t first_number);

void message_encoder_free(struct message_encoder *encoder);

/* The longest message: the room that `add` and `release` need. */
size_t message_encoder_room(const struct message_encoder *encoder);

/* Give the number of a message that another part writes. */
uint64_t message_encoder_next_number(struct message_encoder *encoder);

/* Take 20 ms of audio; give the size of the message in `out`, or 0 if none is to be sent now. */
size_t message_encoder_add(struct message_encoder *encoder, const int16_t pcm[FRAME_SAMPLES], char *out);

/* Keep the audio that comes from now on; false if there is no memory. */
bool message_encoder_hold(struct message_encoder *encoder);

/* Write the oldest held audio as a message, and give its size; with none left, give 0 and stop holding. */
size_t message_encoder_release(struct message_encoder *encoder, char *out);

/* Give how much audio was dropped since the last call. */
uint64_t message_encoder_take_dropped_ms(struct message_encoder *encoder);

#endif
