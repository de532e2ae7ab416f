/* The frames of a jitter buffer, by their timestamps: the whole ones, and the pieces of those that are not yet whole.
 *
 * The Python buffer has two dicts for them. The audio of one limit of the delay has few frames, most often one or
 * two, so a search through all timestamps is faster than a hash. */

#ifndef EXOSWITCH_SLOTS_H
#define EXOSWITCH_SLOTS_H

#include <stdbool.h>
#include <stdint.h>

#include "frames.h"

/* One frame; `samples` counts those that have come. */
struct slot {
    int16_t pcm[FRAME_SAMPLES];
    int samples;
};

/* Timestamps, and for each its frame in the store. */
struct slot_index {
    int count;
    uint32_t *timestamps;
    uint16_t *frames;
};

struct slots {
    int capacity;
    struct slot_index whole;
    struct slot_index pieces;
    int free_count;
    uint16_t *free; /* the frames of the store that are not in use; the last one is used first */
    struct slot *store;
    void *memory; /* of all these */
};

/* Begin with room for so many frames; say whether there was memory. */
bool slots_init(struct slots *slots, int capacity);
void slots_free(struct slots *slots);

/* Ask for the memory of a frame that comes next. */
void slots_prefetch(const struct slots *slots);

/* Give the place of a timestamp in an index, or -1. */
int slots_find(const struct slot_index *index, uint32_t timestamp);

/* Give the frame at a place. */
static inline struct slot *slots_at(const struct slots *slots, const struct slot_index *index, int place)
{
    return &slots->store[index->frames[place]];
}

/* Give the place of this timestamp, with a new frame of silence if it has none; -1 if all frames are in use. */
int slots_put(struct slots *slots, struct slot_index *index, uint32_t timestamp);

/* Remove the frame at a place; the last one takes the place. */
void slots_remove(struct slots *slots, struct slot_index *index, int place);

/* Make the piece at a place a whole frame. */
void slots_complete(struct slots *slots, int place);

/* Remove the frames before this timestamp; give their number. */
int slots_prune(struct slots *slots, struct slot_index *index, uint32_t before);

/* Give the smallest distance of a frame from this timestamp; the index must not be empty. */
int32_t slots_nearest(const struct slot_index *index, uint32_t timestamp);

void slots_clear(struct slots *slots);

#endif
