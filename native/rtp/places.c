/* A queue of positions in the bot's audio: see places.h. */

#include "places.h"

#include <stdlib.h>
#include <string.h>

enum { FIRST_CAPACITY = 16 };

/* Double the room; say whether there was memory. */
static bool grow(struct places *places)
{
    const size_t capacity = places->capacity ? 2 * places->capacity : FIRST_CAPACITY;
    struct place *ring = malloc(capacity * sizeof *ring);
    if (ring == NULL)
        return false;
    for (size_t n = 0; n < places->count; n++)
        ring[n] = *places_at(places, n);
    free(places->ring);
    places->ring = ring;
    places->capacity = capacity;
    places->first = 0;
    return true;
}

bool places_push(struct places *places, struct place place)
{
    if (places->count == places->capacity && !grow(places))
        return false;
    places->count++;
    *places_at(places, places->count - 1) = place;
    return true;
}

void places_clear(struct places *places)
{
    free(places->ring);
    memset(places, 0, sizeof *places);
}
