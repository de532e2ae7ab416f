/* What the tests need of a leg in C, beside leg.h: its memory, and the fields that they look at. */

#include <stdlib.h>

#include "leg.h"

struct leg *leg_new(const struct leg_settings *settings, uint16_t sequence, uint32_t timestamp, uint32_t ssrc)
{
    struct leg *leg = malloc(sizeof *leg);
    if (leg != NULL && !leg_init(leg, settings, sequence, timestamp, ssrc)) {
        leg_free(leg);
        free(leg);
        return NULL;
    }
    return leg;
}

void leg_delete(struct leg *leg)
{
    leg_free(leg);
    free(leg);
}

/* Give the state; a drained leg becomes idle, as the plane makes it. */
int leg_take_state(struct leg *leg)
{
    const enum leg_state state = leg->state;
    if (state == LEG_DRAINED)
        leg->state = LEG_IDLE;
    return state;
}

void leg_remote(const struct leg *leg, struct address *remote)
{
    *remote = leg->has_remote ? leg->remote : (struct address){0, 0};
}

int64_t leg_queued_ms(const struct leg *leg)
{
    return playout_queued_ms(&leg->playout);
}

/* Give the number of frames that the jitter buffer may still take. */
int leg_free_slots(const struct leg *leg)
{
    return leg->jitter.slots.free_count;
}
