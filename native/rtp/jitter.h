/* The jitter buffer: packets go in as they come, and one 20 ms frame comes out on every tick.
 *
 * See exoswitch/rtp/jitter.py, which says how it adapts its delay. */

#ifndef EXOSWITCH_JITTER_H
#define EXOSWITCH_JITTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "slots.h"

/* Whether the buffer waits for a first packet, or gives a frame on every tick. */
enum jitter_state { JITTER_FILLING, JITTER_PLAYING };

/* One source's audio, in order and in time; `max_samples` limits the delay and the size of the buffer.
 *
 * `late` packets came after their tick (most are still played). `concealed` ticks had no frame while playing.
 * `skipped` frames were left out to make the delay shorter. */
struct jitter {
    int max_samples;
    enum jitter_state state;
    int64_t late;
    int64_t concealed;
    int64_t skipped;
    uint32_t next; /* timestamp of the slot that the next tick takes */
    uint32_t end;  /* timestamp after the newest audio */
    struct slots slots;
    int64_t holes; /* number of slots without a frame before `next` */
    bool pause;
    int64_t paused_after; /* `end` when the sender told of a pause; -1 before any */
    int64_t spare;        /* samples by which the latest packet was early */
    int surplus;          /* frames by which the delay is too long */
    int until_review;
};

/* Begin, empty; say whether there was memory. */
bool jitter_init(struct jitter *jitter, int max_samples);
void jitter_free(struct jitter *jitter);

/* Give the distance of the newest audio from the next tick. */
int jitter_depth_samples(const struct jitter *jitter);

/* Forget all audio: the next packet has another clock. */
void jitter_restart(struct jitter *jitter);

/* The sender says that no audio follows for now: until there is newer audio, nothing is concealed. */
void jitter_pause(struct jitter *jitter);

/* Take a packet's audio; `newest` says that no later packet came before it. */
void jitter_push(struct jitter *jitter, uint32_t timestamp, const int16_t *pcm, int samples, bool newest);

/* Give this tick's frame; say whether there is one. */
bool jitter_pop(struct jitter *jitter, int16_t frame[FRAME_SAMPLES]);

#endif
