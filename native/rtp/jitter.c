/* The jitter buffer: see jitter.h, and jitter.py for its rules. */

#include "jitter.h"

#include <string.h>

#include "concealment.h"
#include "packet.h"
#include "serial.h"

enum {
    REVIEW_FRAMES = 150,   /* 3 s */
    LOUD_DROP_FRAMES = 50, /* 1 s */
    QUIET = 512,           /* quieter than -36 dB */
    /* Beside the frames within the limit: one on each of its borders, those of the longest packet, and some that a
     * sender with a broken clock leaves outside. */
    SPARE_FRAMES = 2 + RTP_MAX_PAYLOAD / FRAME_SAMPLES + 32,
};

static const int64_t UNKNOWN = INT64_C(1) << 31; /* no packet can be so early */

bool jitter_init(struct jitter *jitter, int max_samples)
{
    memset(jitter, 0, sizeof *jitter);
    jitter->max_samples = max_samples;
    jitter->paused_after = -1;
    jitter->spare = UNKNOWN;
    jitter->until_review = REVIEW_FRAMES;
    return slots_init(&jitter->slots, max_samples / FRAME_SAMPLES + SPARE_FRAMES);
}

void jitter_free(struct jitter *jitter)
{
    slots_free(&jitter->slots);
}

int jitter_depth_samples(const struct jitter *jitter)
{
    const int32_t depth = difference_32(jitter->end, jitter->next);
    return depth > 0 ? depth : 0;
}

void jitter_restart(struct jitter *jitter)
{
    jitter->state = JITTER_FILLING;
    slots_clear(&jitter->slots);
    jitter->end = jitter->next;
    jitter->holes = jitter->surplus = 0;
    jitter->pause = false;
    jitter->spare = UNKNOWN;
}

/* Give the distance of a timestamp from the grid of slots, 0 to 159. */
static int offset_of(const struct jitter *jitter, uint32_t timestamp)
{
    const int offset = difference_32(timestamp, jitter->next) % FRAME_SAMPLES;
    return offset < 0 ? offset + FRAME_SAMPLES : offset;
}

/* Keep a whole frame. If all slots are in use, it is dropped: no sender with a working clock comes that far. */
static void put_whole(struct jitter *jitter, uint32_t timestamp, const int16_t *pcm)
{
    const int place = slots_put(&jitter->slots, &jitter->slots.whole, timestamp);
    if (place >= 0)
        memcpy(slots_at(&jitter->slots, &jitter->slots.whole, place)->pcm, pcm, FRAME_BYTES);
}

/* --- in */

void jitter_pause(struct jitter *jitter)
{
    jitter->paused_after = jitter->end;
}

/* With an empty buffer, align the grid of slots with this packet; say whether it can be used. */
static bool meet(struct jitter *jitter, uint32_t timestamp, bool newest)
{
    if (jitter->state == JITTER_PLAYING) {
        jitter->next = add_32(jitter->next, offset_of(jitter, timestamp));
    } else if (newest) {
        jitter->next = jitter->end = timestamp;
    } else {
        jitter->late++;
        return false;
    }
    return true;
}

/* Make room for a packet before the next slot; say whether it can be used. */
static bool reach_back(struct jitter *jitter, uint32_t timestamp, bool newest)
{
    const int64_t behind = -(int64_t)difference_32(timestamp, jitter->next);
    const int64_t frames = (behind + FRAME_SAMPLES - 1) / FRAME_SAMPLES;
    if (newest && frames * FRAME_SAMPLES > jitter->max_samples) {
        jitter_restart(jitter); /* so late and yet the newest: the sender has set its clock back */
        return meet(jitter, timestamp, newest);
    }
    const uint32_t start = add_32(jitter->next, -frames * FRAME_SAMPLES);
    const bool room = difference_32(jitter->end, start) <= jitter->max_samples;
    if (jitter->state == JITTER_FILLING && room) {
        jitter->next = start;
        return true;
    }
    jitter->late++;
    jitter->spare = 0;
    if (frames <= jitter->holes && room) {
        jitter->next = start;
        jitter->holes -= frames;
        return true;
    }
    jitter->pause =
        jitter->state == JITTER_PLAYING && (int64_t)jitter_depth_samples(jitter) + FRAME_SAMPLES <= jitter->max_samples;
    return false;
}

/* Move to the oldest audio within the limit; if there is none, to the new packet. */
static void overflow(struct jitter *jitter, uint32_t timestamp, int64_t excess)
{
    const uint32_t bound = add_32(jitter->next, excess);
    jitter->skipped += slots_prune(&jitter->slots, &jitter->slots.whole, bound);
    jitter->holes = 0;
    slots_prune(&jitter->slots, &jitter->slots.pieces, bound);
    const bool is_ahead = jitter->slots.whole.count > 0;
    jitter->next = is_ahead ? add_32(bound, slots_nearest(&jitter->slots.whole, bound)) : timestamp;
}

/* Cut a packet at the grid, and fill the slots that its parts complete. */
static void cut(struct jitter *jitter, uint32_t timestamp, const int16_t *pcm, int samples)
{
    struct slots *slots = &jitter->slots;
    for (int at = 0, length; at < samples; at += length, timestamp = add_32(timestamp, length)) {
        const int offset = offset_of(jitter, timestamp);
        const int room = FRAME_SAMPLES - offset;
        length = samples - at < room ? samples - at : room;
        const int place = slots_put(slots, &slots->pieces, add_32(timestamp, -offset));
        if (place < 0)
            continue;
        struct slot *piece = slots_at(slots, &slots->pieces, place);
        memcpy(piece->pcm + offset, pcm + at, sizeof(int16_t) * (size_t)length);
        piece->samples += length;
        if (piece->samples >= FRAME_SAMPLES)
            slots_complete(slots, place);
    }
}

/* Put audio that is not late into its slots; leave out the oldest audio beyond the limit. */
static void put(struct jitter *jitter, uint32_t timestamp, const int16_t *pcm, int samples)
{
    const uint32_t end = add_32(timestamp, samples);
    if (difference_32(end, jitter->end) > 0)
        jitter->end = end;
    const int64_t excess = (int64_t)difference_32(end, jitter->next) - jitter->max_samples;
    if (excess > 0)
        overflow(jitter, timestamp, excess);
    if (samples == FRAME_SAMPLES && offset_of(jitter, timestamp) == 0)
        put_whole(jitter, timestamp, pcm);
    else
        cut(jitter, timestamp, pcm, samples);
}

void jitter_push(struct jitter *jitter, uint32_t timestamp, const int16_t *pcm, int samples, bool newest)
{
    if (timestamp == jitter->next && jitter->state == JITTER_PLAYING && samples == FRAME_SAMPLES) {
        put_whole(jitter, timestamp, pcm); /* the common case: in order, in time, not early */
        jitter->end = add_32(timestamp, FRAME_SAMPLES);
        jitter->spare = 0;
        return;
    }
    const bool is_empty = jitter->slots.whole.count == 0 && jitter->slots.pieces.count == 0;
    if (is_empty && !meet(jitter, timestamp, newest))
        return;
    int32_t early = difference_32(timestamp, jitter->next);
    if (early < 0 && !reach_back(jitter, timestamp, newest))
        return;
    put(jitter, timestamp, pcm, samples);
    early = early > 0 ? early : 0;
    jitter->spare = jitter->spare < early ? jitter->spare : early;
}

/* --- out */

/* Go on over a hole; after too many holes, wait for a new start. */
static void pass_over(struct jitter *jitter)
{
    jitter->concealed += jitter->end != jitter->paused_after;
    jitter->holes++;
    jitter->next = add_32(jitter->next, FRAME_SAMPLES);
    if (jitter->holes * FRAME_SAMPLES >= jitter->max_samples)
        jitter_restart(jitter);
}

/* Say whether all samples are quieter than -36 dB. */
static bool is_quiet(const int16_t frame[FRAME_SAMPLES])
{
    int loud = 0;
    for (int at = 0; at < FRAME_SAMPLES; at++)
        loud |= frame[at] < -QUIET || frame[at] >= QUIET;
    return !loud;
}

/* While the delay is too long, join two frames if the first is quiet, or if a loud one is due. */
static void shorten(struct jitter *jitter, int16_t frame[FRAME_SAMPLES])
{
    struct slots *slots = &jitter->slots;
    const bool is_too_long = jitter->surplus && jitter->spare >= FRAME_SAMPLES;
    const int following = is_too_long ? slots_find(&slots->whole, jitter->next) : -1;
    const bool loud_one_due = jitter->until_review % LOUD_DROP_FRAMES == 0;
    if (following >= 0 && (loud_one_due || is_quiet(frame))) {
        spliced(frame, slots_at(slots, &slots->whole, following)->pcm);
        slots_remove(slots, &slots->whole, following);
        jitter->next = add_32(jitter->next, FRAME_SAMPLES);
        jitter->surplus--;
        jitter->spare -= FRAME_SAMPLES;
        jitter->skipped++;
    }
    if (!jitter->until_review) {
        jitter->until_review = REVIEW_FRAMES;
        jitter->surplus = jitter->spare < UNKNOWN / 2 ? (int)(jitter->spare / FRAME_SAMPLES) : 0;
        jitter->spare = UNKNOWN;
    }
}

/* Find the frame of this tick, also by going to the first one of a new start; -1 if there is none. */
static int due(struct jitter *jitter)
{
    const struct slot_index *whole = &jitter->slots.whole;
    const int place = slots_find(whole, jitter->next);
    if (place >= 0 || jitter->state == JITTER_PLAYING || whole->count == 0)
        return place;
    jitter->next = add_32(jitter->next, slots_nearest(whole, jitter->next));
    return slots_find(whole, jitter->next);
}

bool jitter_pop(struct jitter *jitter, int16_t frame[FRAME_SAMPLES])
{
    struct slots *slots = &jitter->slots;
    if (jitter->pause) {
        jitter->pause = false;
        jitter->concealed++;
        return false;
    }
    const int place = due(jitter);
    if (place < 0) {
        if (jitter->state == JITTER_PLAYING)
            pass_over(jitter);
        return false;
    }
    memcpy(frame, slots_at(slots, &slots->whole, place)->pcm, FRAME_BYTES);
    slots_remove(slots, &slots->whole, place);
    jitter->state = JITTER_PLAYING;
    jitter->holes = 0;
    jitter->next = add_32(jitter->next, FRAME_SAMPLES);
    slots_prune(slots, &slots->pieces, jitter->next);
    jitter->until_review--;
    if (jitter->surplus || !jitter->until_review)
        shorten(jitter, frame);
    return true;
}
