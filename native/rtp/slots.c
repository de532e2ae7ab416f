/* The frames of a jitter buffer, by their timestamps: see slots.h. */

#include "slots.h"

#include <stdlib.h>
#include <string.h>

#include "prefetch.h"
#include "serial.h"

bool slots_init(struct slots *slots, int capacity)
{
    const size_t many = (size_t)capacity;
    const size_t bytes = many * (sizeof(struct slot) + 2 * sizeof(uint32_t) + 3 * sizeof(uint16_t));
    char *memory = malloc(bytes);
    if (memory == NULL)
        return false;
    slots->memory = memory;
    slots->capacity = capacity;
    slots->store = (struct slot *)memory;
    slots->whole.timestamps = (uint32_t *)(slots->store + many);
    slots->pieces.timestamps = slots->whole.timestamps + many;
    slots->whole.frames = (uint16_t *)(slots->pieces.timestamps + many);
    slots->pieces.frames = slots->whole.frames + many;
    slots->free = slots->pieces.frames + many;
    slots_clear(slots);
    return true;
}

void slots_free(struct slots *slots)
{
    free(slots->memory);
    slots->memory = NULL;
}

void slots_clear(struct slots *slots)
{
    slots->whole.count = slots->pieces.count = 0;
    slots->free_count = slots->capacity;
    for (int n = 0; n < slots->capacity; n++)
        slots->free[n] = (uint16_t)(slots->capacity - 1 - n);
}

void slots_prefetch(const struct slots *slots)
{
    if (slots->free_count == 0)
        return;
    prefetch(&slots->store[slots->free[slots->free_count - 1]], sizeof *slots->store);
    prefetch(slots->whole.timestamps, sizeof *slots->whole.timestamps);
    prefetch(slots->whole.frames, sizeof *slots->whole.frames);
}

int slots_find(const struct slot_index *index, uint32_t timestamp)
{
    for (int place = 0; place < index->count; place++)
        if (index->timestamps[place] == timestamp)
            return place;
    return -1;
}

int slots_put(struct slots *slots, struct slot_index *index, uint32_t timestamp)
{
    int place = slots_find(index, timestamp);
    if (place >= 0 || slots->free_count == 0)
        return place;
    place = index->count++;
    index->timestamps[place] = timestamp;
    index->frames[place] = slots->free[--slots->free_count];
    memset(slots_at(slots, index, place), 0, sizeof(struct slot));
    return place;
}

/* Take a place out of an index, and give its frame, which stays in use. */
static uint16_t taken_out(struct slot_index *index, int place)
{
    const uint16_t frame = index->frames[place];
    index->count--;
    index->timestamps[place] = index->timestamps[index->count];
    index->frames[place] = index->frames[index->count];
    return frame;
}

void slots_remove(struct slots *slots, struct slot_index *index, int place)
{
    slots->free[slots->free_count++] = taken_out(index, place);
}

void slots_complete(struct slots *slots, int place)
{
    const uint32_t timestamp = slots->pieces.timestamps[place];
    const uint16_t frame = taken_out(&slots->pieces, place);
    const int old = slots_find(&slots->whole, timestamp);
    if (old >= 0)
        slots_remove(slots, &slots->whole, old);
    const int last = slots->whole.count++;
    slots->whole.timestamps[last] = timestamp;
    slots->whole.frames[last] = frame;
}

int slots_prune(struct slots *slots, struct slot_index *index, uint32_t before)
{
    const int count = index->count;
    for (int place = index->count - 1; place >= 0; place--)
        if (difference_32(index->timestamps[place], before) < 0)
            slots_remove(slots, index, place);
    return count - index->count;
}

int32_t slots_nearest(const struct slot_index *index, uint32_t timestamp)
{
    int32_t nearest = INT32_MAX;
    for (int place = 0; place < index->count; place++) {
        const int32_t distance = difference_32(index->timestamps[place], timestamp);
        nearest = distance < nearest ? distance : nearest;
    }
    return nearest;
}
