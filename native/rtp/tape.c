/* Both sides of a recorded call: see tape.h. */

#include "tape.h"

#include <string.h>

static const double FRAME_S = 0.02;
static const double LATE_S = 0.11; /* ticks that are less late than this are made up for: see ticker.py */

void tape_init(struct tape *tape, struct tape_sink sink, const struct law *law)
{
    memset(tape, 0, sizeof *tape);
    tape->sink = sink;
    tape->law = law;
}

/* Fill a gap. */
static void add_silence(struct tape *tape, int64_t frames)
{
    tape_give(tape);
    tape->due_at += (double)frames * FRAME_S;
    tape->sink.take(tape->sink.of, NULL, NULL, frames);
}

void tape_add(struct tape *tape, const int16_t said[FRAME_SAMPLES], const uint8_t played[FRAME_SAMPLES], double now)
{
    if (!tape->has_begun) {
        tape->has_begun = true;
        tape->due_at = now;
    }
    const double late_s = now - tape->due_at;
    if (late_s > LATE_S)
        add_silence(tape, (int64_t)(late_s / FRAME_S));
    tape->due_at += FRAME_S;
    memcpy(tape->said + tape->count * FRAME_SAMPLES, said, FRAME_BYTES);
    memcpy(tape->played + tape->count * FRAME_SAMPLES, played, FRAME_SAMPLES);
    tape->count++;
    if (tape->count >= TAPE_FRAMES)
        tape_give(tape);
}

void tape_give(struct tape *tape)
{
    int16_t played[TAPE_FRAMES * FRAME_SAMPLES];
    const int count = tape->count;
    tape->count = 0;
    if (count == 0)
        return;
    law_decode(tape->law, tape->played, (size_t)count * FRAME_SAMPLES, played);
    tape->sink.take(tape->sink.of, tape->said, played, count);
}
