/* The place of each packet's audio in time; see exoswitch/rtp/timeline.py.
 *
 * Senders number their packets well, but many stamp them badly: by a clock of milliseconds, in steps of 152 and 168
 * samples, by 159 for each 160. So the sequence number says which audio follows without a gap. The timestamp only
 * says how long a pause was, and a pause is a whole number of frames. */

#ifndef EXOSWITCH_TIMELINE_H
#define EXOSWITCH_TIMELINE_H

#include <stdint.h>

#include "packet.h"

/* Positions, in samples modulo 2**32, of the audio of a codec with one byte for each sample, such as G.711.
 *
 * A position is the timestamp less `offset`, which changes when a timestamp is not the expected one. */
struct timeline {
    uint32_t timestamp; /* of the newest audio */
    uint32_t samples;   /* its length */
    uint32_t offset;
};

/* Begin anew, with the first packet of a source. */
void timeline_restart(struct timeline *timeline, const struct rtp_packet *packet);

/* Place a packet that is newer than all before, with this number of missing packets before it. */
uint32_t timeline_following(struct timeline *timeline, const struct rtp_packet *packet, int missing);

/* Place a packet that comes late: it is this number of packets behind the newest. */
uint32_t timeline_earlier(const struct timeline *timeline, const struct rtp_packet *packet, int behind);

#endif
