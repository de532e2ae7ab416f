/* The bot's audio on its way to the phone: a queue of G.711 and marks; each tick takes 20 ms.
 *
 * See exoswitch/rtp/playout.py. A mark is a number here; its name stays with the caller of these functions. */

#ifndef EXOSWITCH_PLAYOUT_H
#define EXOSWITCH_PLAYOUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "frames.h"
#include "g711.h"
#include "places.h"

enum {
    MARKS_MAX = 4096,   /* beyond this number of waiting marks, the oldest is answered early */
    MARKS_AT_ONCE = 64, /* due in one tick; all at once would delay the other calls */
};

/* First in, first out; positions count samples since the call began, so a mark keeps its place.
 *
 * Audio is encoded on arrival, so a frame costs the same in a short and in a long message. A piece is a message;
 * messages that fit into one frame together are joined, and count as one.
 *
 * A mark counts as played, as cleared by the bot, or as lost with the stream. `longest_samples` is the longest queue
 * so far. */
struct playout {
    const struct law *law;
    int64_t max_samples;
    int64_t underruns;
    int64_t marks_played;
    int64_t marks_cleared;
    int64_t marks_lost;
    int64_t clears;
    int64_t longest_samples;
    int64_t overflowed_samples;
    uint8_t *codes;       /* a ring: the code at position n is codes[(n - origin) % capacity] */
    uint64_t capacity;    /* 0, or a power of two */
    uint64_t origin;      /* the position at the start of the ring's memory */
    uint64_t begin;       /* position of the first piece */
    uint64_t played;      /* position of the next sample to be taken */
    uint64_t end;         /* position after the last queued sample */
    struct places pieces; /* the end of each */
    struct places marks;
    bool has_odd_byte;
    uint8_t odd_byte;
    bool talking;
};

void playout_init(struct playout *playout, const struct law *law, int max_s);
void playout_free(struct playout *playout);

/* Give how much audio is queued. */
int64_t playout_queued_ms(const struct playout *playout);

/* Queue audio, any number of bytes; half a sample waits for the next message. With `continues`, it belongs to the
 * message before. Give the milliseconds that were dropped because the queue is full, or -1 without memory. */
int64_t playout_play(struct playout *playout, const uint8_t *pcm, size_t bytes, bool continues);

/* Put a mark after the queued audio; give the number of marks to answer at once, 0 or 1, or -1 without memory. */
int playout_mark(struct playout *playout, uint32_t mark, uint32_t *answered);

/* Drop all audio; give the number of its marks, and them, in order. With `finish_message`, a message that has begun
 * stays to its end, with its marks. */
size_t playout_clear(struct playout *playout, bool finish_message, uint32_t answered[MARKS_MAX]);

/* Drop all audio with its marks: the stream is over. */
void playout_drop(struct playout *playout);

/* Ask for the memory of the next 20 ms. */
void playout_prefetch(const struct playout *playout);

/* Take 20 ms, padded with silence at the end of the queue; say whether there is any. */
bool playout_pop(struct playout *playout, uint8_t frame[FRAME_SAMPLES]);

/* Take the marks of the audio that has been taken, in order; of many, some in each tick. Give their number. */
size_t playout_due_marks(struct playout *playout, uint32_t due[MARKS_AT_ONCE]);

#endif
