/* Does to a queue of events what its argument says: `m` adds a message, `k` a mark, `t` takes an event, `s` takes a
 * message, and `p` takes a mark. It writes all that it took, `dropped` for a message that was lost, and the rooms
 * for events and for messages that are left in use.
 *
 *     events SLOTS STEPS
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "events.h"

enum { SLOT_BYTES = 16 };

static bool take(struct events *events, char step, struct event *event)
{
    if (step == 't')
        return events_take(events, event);
    return step == 's' ? events_take_message(events, event) : events_take_mark(events, event);
}

int main(int count, char **arguments)
{
    struct events events = {0};
    struct event event;
    unsigned number = 0;
    if (count != 3 || !events_make_slots(&events, SLOT_BYTES, (unsigned)atoi(arguments[1])))
        abort();
    for (const char *step = arguments[2]; *step != '\0'; step++) {
        if (*step == 'm') {
            int size = sprintf(events_slot(&events), "m%u", number++);
            if (events_add_message(&events, 1, (size_t)size))
                puts("dropped");
        } else if (*step == 'k') {
            events_add(&events, (struct event){.kind = EVENT_MARK, .mark = number++});
        } else if (take(&events, *step, &event)) {
            if (event.kind == EVENT_MEDIA)
                printf("%.*s\n", (int)event.size, event.message);
            else
                printf("k%u\n", event.mark);
        }
    }
    printf("room %u\nslots %u\n", events.room, events.slot_room);
    events_free(&events);
    return 0;
}
