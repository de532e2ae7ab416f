/* What a tick found for Python: a queue of one call, which Python empties after the tick. */

#include "events.h"

#include <stdlib.h>
#include <string.h>

enum {
    FIRST_ROOM = 8,
    FIRST_MESSAGES = 2,
};

void events_free(struct events *events)
{
    free(events->waiting);
    free(events->slots);
    memset(events, 0, sizeof *events);
}

static struct event *events_at(const struct events *events, unsigned place)
{
    return &events->waiting[(events->first + place) & (events->room - 1)];
}

/* Remove an event; those before it stay before those behind it. */
static void events_remove(struct events *events, unsigned place)
{
    if (events_at(events, place)->kind == EVENT_MEDIA) { /* the slots are in the order of the events */
        events->slot_first = (events->slot_first + 1) % events->slot_room;
        events->slot_count--;
    }
    for (; place > 0; place--)
        *events_at(events, place) = *events_at(events, place - 1);
    events->first = (events->first + 1) & (events->room - 1);
    events->count--;
    if (events->count == 0)
        events->slot_first = 0; /* the memory that is in the cache */
}

bool events_take(struct events *events, struct event *event)
{
    if (events->count == 0)
        return false;
    *event = *events_at(events, 0);
    events_remove(events, 0);
    return true;
}

/* Take the oldest event of a kind. */
static bool events_take_one_of(struct events *events, enum event_kind kind, struct event *event)
{
    for (unsigned place = 0; place < events->count; place++) {
        *event = *events_at(events, place);
        if (event->kind == kind) {
            events_remove(events, place);
            return true;
        }
    }
    return false;
}

bool events_take_message(struct events *events, struct event *event)
{
    return events->slot_count > 0 && events_take_one_of(events, EVENT_MEDIA, event);
}

bool events_take_mark(struct events *events, struct event *event)
{
    return events_take_one_of(events, EVENT_MARK, event);
}

bool events_make_slots(struct events *events, size_t bytes, unsigned count)
{
    struct event dropped;
    while (events_take_message(events, &dropped))
        continue;
    unsigned room = (count < FIRST_MESSAGES ? count : FIRST_MESSAGES) + 1;
    char *slots = realloc(events->slots, bytes * room);
    if (slots == NULL)
        return false;
    events->slots = slots;
    events->slot_bytes = bytes;
    events->slot_room = room;
    events->slots_at_most = count + 1;
    events->slot_first = events->slot_count = 0;
    return true;
}

/* Make room for twice as many messages, with those that wait first; say whether there is more. */
static bool events_grow_slots(struct events *events)
{
    unsigned room = 2 * events->slot_room, moved = 0;
    room = room < events->slots_at_most ? room : events->slots_at_most;
    char *slots = room > events->slot_room ? malloc(events->slot_bytes * room) : NULL;
    if (slots == NULL)
        return false;
    for (unsigned place = 0; place < events->count; place++) {
        struct event *event = events_at(events, place);
        if (event->kind == EVENT_MEDIA)
            event->message = memcpy(slots + moved++ * events->slot_bytes, event->message, event->size);
    }
    free(events->slots);
    events->slots = slots;
    events->slot_room = room;
    events->slot_first = 0;
    return true;
}

char *events_slot(const struct events *events)
{
    return events->slots + (events->slot_first + events->slot_count) % events->slot_room * events->slot_bytes;
}

static bool events_grow(struct events *events)
{
    unsigned room = events->room > 0 ? 2 * events->room : FIRST_ROOM;
    struct event *waiting = room <= EVENTS_MAX ? malloc(room * sizeof *waiting) : NULL;
    if (waiting == NULL)
        return false;
    for (unsigned place = 0; place < events->count; place++)
        waiting[place] = *events_at(events, place);
    free(events->waiting);
    events->waiting = waiting;
    events->room = room;
    events->first = 0;
    return true;
}

bool events_add(struct events *events, struct event event)
{
    if (events->count == events->room && !events_grow(events))
        return false;
    events->count++;
    *events_at(events, events->count - 1) = event;
    return true;
}

void events_add_or_lose(struct events *events, struct event event)
{
    events->lost += !events_add(events, event);
}

bool events_add_message(struct events *events, uint32_t stream, size_t size)
{
    struct event dropped;
    struct event event = {
        .kind = EVENT_MEDIA,
        .stream = stream,
        .size = (uint32_t)size,
        .message = events_slot(events),
    };
    if (!events_add(events, event)) {
        events->lost++;
        return true;
    }
    events->slot_count++;
    bool is_full = events->slot_count == events->slot_room && !events_grow_slots(events);
    return is_full && events_take_message(events, &dropped);
}

void events_drop_finished(struct events *events)
{
    for (unsigned place = events->count; place > 0; place--)
        if (events_at(events, place - 1)->kind == EVENT_FINISHED)
            events_remove(events, place - 1);
}
