/* The counts of a load: frames of audio that were sent within a span of time, and what arrived of them, and when. */

#ifndef EXOSWITCH_BENCH_TALLY_H
#define EXOSWITCH_BENCH_TALLY_H

#include <stdbool.h>
#include <stdint.h>

#include "delays.h"
#include "stamp.h"

/* One direction. Frames are counted by the time in their stamp; those of calls that do not count have none. */
struct direction {
    uint64_t sent;
    uint64_t arrived; /* whole */
    uint64_t joined;  /* arrived as one with another frame: the jitter buffer made its delay shorter */
    struct delays delays;
};

struct tally {
    uint32_t from, length; /* in the stamps' unit */
    struct direction to_bot, to_phone;
    uint64_t packets_at_phones, messages_at_bots, bytes_at_bots; /* while the span lasts, with stamps or without */
    uint64_t unsent;    /* messages of bots, and packets of phones, that the kernel did not take */
    struct delays late; /* of the load itself */
};

static inline bool tally_is_within(const struct tally *tally, uint32_t at)
{
    return ((at - tally->from) & STAMP_MASK) < tally->length;
}

static inline bool tally_counts(const struct tally *tally, struct stamp stamp)
{
    return stamp.flags & STAMP_COUNTED && tally_is_within(tally, stamp.at);
}

/* Count a frame that arrived; its delay counts only if it is one that did not wait for others of its message. */
static inline void tally_arrived(const struct tally *tally, struct direction *direction, struct stamp stamp,
                                 uint32_t now, bool has_delay)
{
    if (!tally_counts(tally, stamp))
        return;
    direction->arrived++;
    if (has_delay)
        delays_add(&direction->delays, stamp_age(stamp, now));
}

#endif
