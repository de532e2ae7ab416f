/* A queue of positions in the bot's audio, in order: the ends of messages, and the marks. It grows as needed. */

#ifndef EXOSWITCH_PLACES_H
#define EXOSWITCH_PLACES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A position counts samples since the call began. */
struct place {
    uint64_t position;
    uint32_t mark; /* of marks: the number that names it */
};

struct places {
    struct place *ring;
    size_t capacity; /* 0, or a power of two */
    size_t first;
    size_t count;
};

/* Append; say whether there was memory. */
bool places_push(struct places *places, struct place place);

/* Give the place n of the queue; it must exist. */
static inline struct place *places_at(const struct places *places, size_t n)
{
    return &places->ring[(places->first + n) & (places->capacity - 1)];
}

/* Remove the first place; it must exist. */
static inline void places_pop(struct places *places)
{
    places->count--;
    places->first = places->count > 0 ? (places->first + 1) & (places->capacity - 1) : 0; /* stay in the cache */
}

/* Remove all, and free the memory. */
void places_clear(struct places *places);

#endif
