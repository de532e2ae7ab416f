/* The caller's audio as whole messages to a bot; see exoswitch/rtp/message_encoder.py. */

#include "message_encoder.h"

#include <stdlib.h>
#include <string.h>

enum { HELD_AT_MOST_MS = 2000 };

struct message_encoder *message_encoder_new(struct media_template template, unsigned sample_rate_hz, unsigned frames,
                                            bool from_zero, uint64_t first_number)
{
    struct message_encoder *encoder = calloc(1, sizeof *encoder);
    if (encoder == NULL) {
        media_template_free(&template);
        return NULL;
    }
    unsigned ratio = sample_rate_hz / SAMPLE_RATE_HZ;
    encoder->template = template;
    encoder->from_zero = from_zero;
    encoder->sequence = first_number - 1;
    encoder->samples_per_ms = sample_rate_hz / 1000;
    encoder->frames_per_chunk = frames;
    encoder->chunk_ms = frames * FRAME_MS;
    encoder->chunk_samples = (size_t)frames * FRAME_SAMPLES * ratio;
    encoder->held_room = HELD_AT_MOST_MS / encoder->chunk_ms + 1;
    encoder->pcm = malloc((size_t)frames * FRAME_BYTES);
    encoder->chunk = ratio == 1 ? encoder->pcm : malloc(encoder->chunk_samples * sizeof(int16_t));
    encoder->is_resampled = ratio > 1;
    if (encoder->pcm == NULL || encoder->chunk == NULL ||
        (encoder->is_resampled && !resampler_init(&encoder->resampler, SAMPLE_RATE_HZ, (int)sample_rate_hz))) {
        message_encoder_free(encoder);
        return NULL;
    }
    return encoder;
}

void message_encoder_free(struct message_encoder *encoder)
{
    if (encoder == NULL)
        return;
    if (encoder->chunk != encoder->pcm)
        free(encoder->chunk);
    free(encoder->pcm);
    free(encoder->held);
    media_template_free(&encoder->template);
    free(encoder);
}

size_t message_encoder_room(const struct message_encoder *encoder)
{
    return media_template_room(&encoder->template, encoder->chunk_samples * sizeof(int16_t));
}

uint64_t message_encoder_next_number(struct message_encoder *encoder)
{
    return ++encoder->sequence;
}

static size_t encoder_write(struct message_encoder *encoder, const int16_t *chunk, char *out)
{
    uint64_t begin_ms = encoder->position_ms;
    encoder->position_ms = begin_ms + encoder->chunk_samples / encoder->samples_per_ms;
    uint64_t numbers[] = {
        ++encoder->sequence,
        ++encoder->chunk_number,
        encoder->from_zero ? begin_ms : encoder->position_ms,
    };
    return media_template_write(&encoder->template, numbers, chunk, encoder->chunk_samples * sizeof(int16_t), out);
}

/* Keep a chunk; of too many, the oldest is dropped. */
static void encoder_keep(struct message_encoder *encoder, const int16_t *chunk)
{
    unsigned last = (encoder->held_first + encoder->held_count++) % encoder->held_room;
    memcpy(encoder->held + last * encoder->chunk_samples, chunk, encoder->chunk_samples * sizeof *chunk);
    if (encoder->held_count * encoder->chunk_ms > HELD_AT_MOST_MS) {
        encoder->held_first = (encoder->held_first + 1) % encoder->held_room;
        encoder->held_count--;
        encoder->position_ms += encoder->chunk_ms;
        encoder->dropped_ms += encoder->chunk_ms;
    }
}

/* Give the chunk, if this frame is its last; or NULL. */
static const int16_t *encoder_gather(struct message_encoder *encoder, const int16_t pcm[FRAME_SAMPLES])
{
    memcpy(encoder->pcm + (size_t)encoder->frames * FRAME_SAMPLES, pcm, FRAME_BYTES);
    encoder->frames = (encoder->frames + 1) % encoder->frames_per_chunk;
    return encoder->frames == 0 ? encoder->pcm : NULL;
}

size_t message_encoder_add(struct message_encoder *encoder, const int16_t pcm[FRAME_SAMPLES], char *out)
{
    const int16_t *chunk = encoder->frames_per_chunk == 1 ? pcm : encoder_gather(encoder, pcm);
    if (chunk == NULL)
        return 0;
    if (encoder->is_resampled) {
        resampler_feed(&encoder->resampler, chunk, (size_t)encoder->frames_per_chunk * FRAME_SAMPLES, encoder->chunk);
        chunk = encoder->chunk;
    }
    if (!encoder->holding)
        return encoder_write(encoder, chunk, out);
    encoder_keep(encoder, chunk);
    return 0;
}

bool message_encoder_hold(struct message_encoder *encoder)
{
    if (encoder->held == NULL)
        encoder->held = malloc(encoder->held_room * encoder->chunk_samples * sizeof(int16_t));
    encoder->holding = encoder->held != NULL;
    return encoder->holding;
}

size_t message_encoder_release(struct message_encoder *encoder, char *out)
{
    if (encoder->held_count > 0) {
        const int16_t *oldest = encoder->held + encoder->held_first * encoder->chunk_samples;
        encoder->held_first = (encoder->held_first + 1) % encoder->held_room;
        encoder->held_count--;
        return encoder_write(encoder, oldest, out);
    }
    encoder->holding = false;
    free(encoder->held);
    encoder->held = NULL;
    return 0;
}

uint64_t message_encoder_take_dropped_ms(struct message_encoder *encoder)
{
    uint64_t dropped_ms = encoder->dropped_ms;
    encoder->dropped_ms = 0;
    return dropped_ms;
}
