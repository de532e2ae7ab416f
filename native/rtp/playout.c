/* The bot's audio on its way to the phone: see playout.h. */

#include "playout.h"

#include <stdlib.h>
#include <string.h>

#include "prefetch.h"

enum {
    FIRST_CAPACITY = 4096, /* codes: half a second */
    KEPT_CAPACITY = 32768, /* a longer ring is freed when it is empty: few messages are longer than 4 s */
    KEPT_PIECES = 256,     /* as above */
    STEP_SAMPLES = 1024,   /* copied at once, where PCM must be moved to whole samples */
};

void playout_init(struct playout *playout, const struct law *law, int max_s)
{
    memset(playout, 0, sizeof *playout);
    playout->law = law;
    playout->max_samples = (int64_t)max_s * SAMPLE_RATE_HZ;
}

void playout_free(struct playout *playout)
{
    free(playout->codes);
    playout->codes = NULL;
    playout->capacity = 0;
    places_clear(&playout->pieces);
    places_clear(&playout->marks);
}

static uint64_t queued(const struct playout *playout)
{
    return playout->end - playout->played;
}

int64_t playout_queued_ms(const struct playout *playout)
{
    return samples_to_ms((int64_t)queued(playout));
}

/* --- the ring of codes */

/* Give how many of these samples are before the end of the ring. */
static size_t until_wrap(const struct playout *playout, uint64_t position, size_t samples)
{
    const uint64_t room = playout->capacity - ((position - playout->origin) & (playout->capacity - 1));
    return samples < room ? samples : (size_t)room;
}

static uint8_t *codes_at(const struct playout *playout, uint64_t position)
{
    return playout->codes + ((position - playout->origin) & (playout->capacity - 1));
}

/* Copy queued codes out of the ring. */
static void copy_out(const struct playout *playout, uint64_t position, size_t samples, uint8_t *codes)
{
    const size_t first = until_wrap(playout, position, samples);
    memcpy(codes, codes_at(playout, position), first);
    memcpy(codes + first, playout->codes, samples - first);
}

/* Make room for more samples; say whether there was memory. */
static bool reserve(struct playout *playout, size_t samples)
{
    const uint64_t needed = queued(playout) + samples;
    if (queued(playout) == 0)
        playout->origin = playout->end; /* the memory that is in the cache */
    uint64_t capacity = playout->capacity ? playout->capacity : FIRST_CAPACITY;
    while (capacity < needed)
        capacity *= 2;
    if (capacity == playout->capacity)
        return true;
    uint8_t *codes = malloc(capacity);
    if (codes == NULL)
        return false;
    const struct playout old = *playout;
    playout->codes = codes;
    playout->capacity = capacity;
    for (uint64_t at = old.played; at < old.end;) {
        const size_t old_part = until_wrap(&old, at, (size_t)(old.end - at));
        const size_t part = until_wrap(playout, at, old_part);
        memcpy(codes_at(playout, at), codes_at(&old, at), part);
        at += part;
    }
    free(old.codes);
    return true;
}

/* Give back the memory of a long queue that is empty. */
static void shrink(struct playout *playout)
{
    if (playout->capacity > KEPT_CAPACITY) {
        free(playout->codes);
        playout->codes = NULL;
        playout->capacity = 0;
    }
    if (playout->pieces.capacity > KEPT_PIECES)
        places_clear(&playout->pieces);
}

/* Encode samples into the ring, behind its end. */
static void encode(struct playout *playout, const int16_t *pcm, size_t samples)
{
    const size_t first = until_wrap(playout, playout->end, samples);
    law_encode(playout->law, pcm, first, codes_at(playout, playout->end));
    law_encode(playout->law, pcm + first, samples - first, playout->codes);
    playout->end += samples;
}

/* --- in */

/* Take the samples of a message, the first byte of which may have come with the message before. */
static void take(struct playout *playout, const uint8_t *pcm, size_t samples, bool begins_before)
{
    int16_t step[STEP_SAMPLES];
    if (samples && begins_before) {
        const uint8_t sample[2] = {playout->odd_byte, pcm[0]};
        memcpy(step, sample, sizeof sample);
        encode(playout, step, 1);
        pcm++;
        samples--;
    }
    while (samples) {
        const size_t part = samples < STEP_SAMPLES ? samples : STEP_SAMPLES;
        memcpy(step, pcm, 2 * part);
        encode(playout, step, part);
        pcm += 2 * part;
        samples -= part;
    }
}

/* Give the length of the last piece, also of its part that is played. */
static uint64_t last_piece(const struct playout *playout)
{
    const size_t count = playout->pieces.count;
    const uint64_t begin = count > 1 ? places_at(&playout->pieces, count - 2)->position : playout->begin;
    return playout->end - begin;
}

/* Make room for so many samples as a message; tiny messages are joined, so they cannot bloat the queue. */
static bool append(struct playout *playout, size_t samples, bool continues)
{
    const uint64_t end = playout->end + samples;
    if (samples == 0)
        return true;
    if (!reserve(playout, samples))
        return false;
    if (playout->pieces.count && (continues || last_piece(playout) + samples <= FRAME_SAMPLES)) {
        places_at(&playout->pieces, playout->pieces.count - 1)->position = end;
        return true;
    }
    if (!places_push(&playout->pieces, (struct place){.position = end}))
        return false;
    if (playout->pieces.count == 1)
        playout->begin = playout->end;
    return true;
}

int64_t playout_play(struct playout *playout, const uint8_t *pcm, size_t bytes, bool continues)
{
    const bool begins_before = playout->has_odd_byte;
    const size_t whole = (bytes + begins_before) / 2;
    const int64_t excess = (int64_t)(queued(playout) + whole) - playout->max_samples;
    const size_t samples = excess > 0 ? whole - (size_t)excess : whole;
    if (!append(playout, samples, continues))
        return -1;
    take(playout, pcm, samples, begins_before);
    if (bytes) {
        playout->has_odd_byte = (bytes + begins_before) & 1;
        playout->odd_byte = pcm[bytes - 1];
    }
    if (excess > 0)
        playout->overflowed_samples += excess;
    if ((int64_t)queued(playout) > playout->longest_samples)
        playout->longest_samples = (int64_t)queued(playout);
    return excess > 0 ? samples_to_ms(excess) : 0;
}

int playout_mark(struct playout *playout, uint32_t mark, uint32_t *answered)
{
    if (queued(playout) == 0 && playout->marks.count == 0) {
        playout->marks_played++;
        *answered = mark;
        return 1;
    }
    const bool is_full = playout->marks.count == MARKS_MAX;
    if (is_full) {
        playout->marks_played++;
        *answered = places_at(&playout->marks, 0)->mark;
        places_pop(&playout->marks);
    }
    if (!places_push(&playout->marks, (struct place){.position = playout->end, .mark = mark}))
        return -1;
    return is_full;
}

/* --- clear */

/* Drop all audio; give its marks, if wanted, and their number. */
static size_t drop(struct playout *playout, uint32_t *dropped)
{
    const size_t count = playout->marks.count;
    if (dropped != NULL)
        for (size_t n = 0; n < count; n++)
            dropped[n] = places_at(&playout->marks, n)->mark;
    places_clear(&playout->marks);
    playout->pieces.count = 0;
    playout->has_odd_byte = playout->talking = false;
    playout->played = playout->end;
    shrink(playout);
    return count;
}

/* Drop the audio after the piece that has begun; give its marks, and their number. */
static size_t clear_behind_first(struct playout *playout, uint32_t *dropped)
{
    struct places *marks = &playout->marks;
    playout->pieces.count = 1;
    playout->has_odd_byte = false;
    playout->end = places_at(&playout->pieces, 0)->position;
    size_t kept = marks->count;
    while (kept && places_at(marks, kept - 1)->position > playout->end)
        kept--;
    const size_t count = marks->count - kept;
    for (size_t n = 0; n < count; n++)
        dropped[n] = places_at(marks, kept + n)->mark;
    marks->count = kept;
    return count;
}

size_t playout_clear(struct playout *playout, bool finish_message, uint32_t answered[MARKS_MAX])
{
    const bool has_begun = playout->pieces.count && playout->played != playout->begin;
    const size_t count = finish_message && has_begun ? clear_behind_first(playout, answered) : drop(playout, answered);
    playout->clears++;
    playout->marks_cleared += (int64_t)count;
    return count;
}

void playout_drop(struct playout *playout)
{
    playout->marks_lost += (int64_t)drop(playout, NULL);
}

/* --- out */

void playout_prefetch(const struct playout *playout)
{
    if (playout->pieces.count == 0)
        return;
    prefetch(codes_at(playout, playout->played), FRAME_SAMPLES);
    prefetch(places_at(&playout->pieces, 0), sizeof(struct place));
}

bool playout_pop(struct playout *playout, uint8_t frame[FRAME_SAMPLES])
{
    if (playout->pieces.count == 0) {
        if (playout->talking) {
            playout->talking = false;
            playout->underruns++;
            shrink(playout);
        }
        return false;
    }
    playout->talking = true;
    const size_t taken = queued(playout) < FRAME_SAMPLES ? (size_t)queued(playout) : FRAME_SAMPLES;
    copy_out(playout, playout->played, taken, frame);
    memset(frame + taken, playout->law->silence, FRAME_SAMPLES - taken);
    playout->played += taken;
    while (playout->pieces.count && places_at(&playout->pieces, 0)->position <= playout->played) {
        playout->begin = places_at(&playout->pieces, 0)->position;
        places_pop(&playout->pieces);
    }
    return true;
}

size_t playout_due_marks(struct playout *playout, uint32_t due[MARKS_AT_ONCE])
{
    struct places *marks = &playout->marks;
    size_t count = 0;
    while (marks->count && places_at(marks, 0)->position <= playout->played && count < MARKS_AT_ONCE) {
        due[count++] = places_at(marks, 0)->mark;
        places_pop(marks);
    }
    playout->marks_played += (int64_t)count;
    return count;
}
