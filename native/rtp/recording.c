/* The recorded audio of one call on its way to Python: it waits here until Python takes it. */

#include "recording.h"

#include <stdlib.h>
#include <string.h>

/* Append a part; say whether there was room and memory for it. */
static bool recording_append(struct recording *recording, const int16_t *said, const int16_t *played, int64_t frames)
{
    if (recording->count >= RECORDING_MAX_PARTS)
        return false;
    struct recorded *part = recording->spare != NULL ? recording->spare : malloc(sizeof *part);
    if (part == NULL)
        return false;
    recording->spare = NULL;
    part->next = NULL;
    part->frames = frames;
    part->is_silence = said == NULL;
    if (said != NULL) {
        memcpy(part->said, said, (size_t)frames * FRAME_BYTES);
        memcpy(part->played, played, (size_t)frames * FRAME_BYTES);
    }
    if (recording->last != NULL)
        recording->last->next = part;
    else
        recording->first = part;
    recording->last = part;
    recording->count++;
    return true;
}

/* Append the silence in place of the audio that was lost; say whether none is owed any more. */
static bool recording_settle(struct recording *recording)
{
    if (recording->owed_frames > 0 && recording_append(recording, NULL, NULL, recording->owed_frames))
        recording->owed_frames = 0;
    return recording->owed_frames == 0;
}

void recording_take(void *of, const int16_t *said, const int16_t *played, int64_t frames)
{
    struct recording *recording = of;
    if (recording_settle(recording) && recording_append(recording, said, played, frames))
        return;
    recording->owed_frames += frames;
    if (said != NULL)
        recording->lost_frames += frames;
}

struct recorded *recording_next(struct recording *recording)
{
    if (recording->first == NULL)
        recording_settle(recording);
    struct recorded *part = recording->first;
    if (part == NULL)
        return NULL;
    recording->first = part->next;
    if (recording->first == NULL)
        recording->last = NULL;
    recording->count--;
    return part;
}

void recording_reuse(struct recording *recording, struct recorded *part)
{
    free(recording->spare);
    recording->spare = part;
}

void recording_free(struct recording *recording)
{
    struct recorded *part;
    recording->owed_frames = 0;
    while ((part = recording_next(recording)) != NULL)
        free(part);
    free(recording->spare);
    recording->spare = NULL;
}
