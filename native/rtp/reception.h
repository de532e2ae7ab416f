/* The statistics of one RTP source (RFC 3550 appendix A.1, A.3, A.8): loss, duplicates, jitter, restarts.
 *
 * See exoswitch/rtp/reception.py. */

#ifndef EXOSWITCH_RECEPTION_H
#define EXOSWITCH_RECEPTION_H

#include <stdbool.h>
#include <stdint.h>

#include "packet.h"

/* The kind of a packet, compared with those before.
 *
 * NEXT has the next sequence number. AHEAD comes after a gap, REORDERED fills one; see `apart`. */
enum arrival {
    ARRIVAL_NEXT,
    ARRIVAL_AHEAD,
    ARRIVAL_REORDERED,
    ARRIVAL_DUPLICATE,
    ARRIVAL_STRAY,
    ARRIVAL_RESTARTED,
};

/* A copy of a packet that outlives its datagram. */
struct kept_packet {
    struct rtp_packet packet;
    uint8_t payload[RTP_MAX_PAYLOAD];
};

/* The counts of one source; `stray` packets of others were not confirmed.
 *
 * Another SSRC, or a large jump of the sequence, is believed when two packets in order come from there, and none of
 * the present source between them (RFC 3550 A.1). The counts go on. After RESTARTED, `reception_first_of_source` is
 * the earlier of the two. After AHEAD, `apart` is the number of packets that are missing; after REORDERED, it is the
 * distance from the newest packet. */
struct reception {
    int64_t received;
    int64_t lost;
    int64_t duplicate;
    int64_t reordered;
    int64_t stray;
    int apart;
    bool has_first;
    bool has_source;
    bool has_stray;
    bool has_transit;
    uint16_t newest;
    uint32_t ssrc;
    unsigned __int128 seen; /* bit n: whether the packet n before the newest has come */
    int64_t in_order;       /* newest packets that are not in `seen` yet */
    int64_t received_at_stray;
    double transit;
    double jitter;           /* in samples */
    struct kept_packet kept; /* the stray, or after RESTARTED the first of the source */
};

void reception_init(struct reception *reception);

/* The interarrival jitter of RFC 3550 section 6.4.1; it is not finer than the arrival times. */
double reception_jitter_ms(const struct reception *reception);

/* Believe the next packet, whatever its source: it comes from another address. */
void reception_await_source(struct reception *reception);

/* Count a packet of audio, and give its kind; duplicates and strays must not be played. */
enum arrival reception_arrived(struct reception *reception, const struct rtp_packet *packet, double now);

/* Count a packet by its sequence number alone: it may hold something else than audio. */
enum arrival reception_numbered(struct reception *reception, const struct rtp_packet *packet);

/* After RESTARTED: give the packet that came before and was confirmed by this one, until the next arrives; or NULL. */
const struct rtp_packet *reception_first_of_source(struct reception *reception);

#endif
