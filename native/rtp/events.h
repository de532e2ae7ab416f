/* What a tick found for Python: a queue of one call, which Python empties after the tick.
 *
 * Messages with audio have a limited number of slots; beyond it, the oldest message goes, and leaves nothing behind. */

#ifndef EXOSWITCH_EVENTS_H
#define EXOSWITCH_EVENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum event_kind {
    EVENT_CONNECT,    /* the wire is to take datagrams from the leg's remote address only */
    EVENT_PACKET,     /* the leg's packet is to be sent by the wire */
    EVENT_MEDIA,      /* a message for the stream */
    EVENT_MARK,       /* the audio before a mark was played */
    EVENT_MEDIA_LOST, /* no RTP has come for a while */
    EVENT_SOCKET,     /* the stream is to act on its socket, which the plane serves */
    EVENT_FINISHED,   /* after `drain`, all audio was played */
};

enum { EVENTS_MAX = 8192 }; /* all marks of a queue, all messages, and some more */

struct event {
    enum event_kind kind;
    uint32_t stream; /* the number of the stream that it is for */
    union {
        uint32_t mark;
        uint32_t size; /* of the message */
        double silent_s;
    };
    const char *message;
};

struct events {
    struct event *waiting; /* a ring; its room is a power of two */
    unsigned room, first, count;
    char *slots; /* a ring of messages of at most `slot_bytes` each; one is always free */
    size_t slot_bytes;
    unsigned slot_room, slot_first, slot_count;
    unsigned slots_at_most; /* the ring grows to so many, as messages wait */
    uint64_t lost;          /* events that had no memory, or no room */
};

void events_free(struct events *events);

/* Let so many messages of a stream wait, and drop those of the stream before; false if there is no memory. */
bool events_make_slots(struct events *events, size_t bytes, unsigned count);

/* Give the slot for the next message. */
char *events_slot(const struct events *events);

/* Append a message that was written to the slot; say whether one was lost: the oldest, or this one. */
bool events_add_message(struct events *events, uint32_t stream, size_t size);

/* Append an event; false: there is no memory, or no room. Then the caller tells of it later. */
bool events_add(struct events *events, struct event event);

/* Append an event of which nothing can tell later: without memory, or room, it is lost and counted. */
void events_add_or_lose(struct events *events, struct event event);

/* Drop the end of a drain that is not told yet: the call does something else now. */
void events_drop_finished(struct events *events);

/* Take the oldest message, past the events before it; false if there is none. It is good until another is added. */
bool events_take_message(struct events *events, struct event *taken);

/* Take the oldest mark, past the events before it; false if there is none. */
bool events_take_mark(struct events *events, struct event *taken);

/* Take the oldest event; false if there is none. Its message is good until another is added. */
bool events_take(struct events *events, struct event *event);

#endif
