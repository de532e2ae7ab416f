/* The place of each packet's audio in time: see timeline.h. */

#include "timeline.h"

#include "frames.h"
#include "serial.h"

/* Give the length of the pause that a timestamp tells of, when it is this far ahead of continuous audio. */
static int64_t pause_of(int64_t excess)
{
    return excess < FRAME_SAMPLES ? 0 : (excess + FRAME_SAMPLES / 2) / FRAME_SAMPLES * FRAME_SAMPLES;
}

void timeline_restart(struct timeline *timeline, const struct rtp_packet *packet)
{
    timeline->timestamp = packet->timestamp;
    timeline->samples = 0;
}

uint32_t timeline_following(struct timeline *timeline, const struct rtp_packet *packet, int missing)
{
    const uint32_t timestamp = packet->timestamp, samples = (uint32_t)packet->length;
    if (timestamp - timeline->timestamp != timeline->samples || missing) {
        const int64_t excess =
            (int64_t)difference_32(timestamp, timeline->timestamp) - timeline->samples - (int64_t)missing * samples;
        timeline->offset = add_32(timeline->offset, excess - pause_of(excess));
    }
    timeline->timestamp = timestamp;
    timeline->samples = samples;
    return timestamp - timeline->offset;
}

uint32_t timeline_earlier(const struct timeline *timeline, const struct rtp_packet *packet, int behind)
{
    const int64_t distance = ((int64_t)behind + 1) * (int64_t)packet->length;
    const uint32_t end = timeline->timestamp + timeline->samples;
    const int64_t excess = (int64_t)difference_32(end, packet->timestamp) - distance;
    return add_32(end - timeline->offset, -distance - pause_of(excess));
}
