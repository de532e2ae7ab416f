/* The statistics of one RTP source: see reception.h. */

#include "reception.h"

#include <math.h>
#include <string.h>

#include "frames.h"
#include "serial.h"

enum {
    MAX_DROPOUT = 3000, /* RFC 3550 A.1: a larger gap forward is a new start, not loss */
    MAX_MISORDER = 100, /* RFC 3550 A.1: a packet further back is not merely out of order */
};

static const unsigned __int128 SEEN_MASK = ((unsigned __int128)1 << MAX_MISORDER) - 1;

void reception_init(struct reception *reception)
{
    memset(reception, 0, sizeof *reception);
}

double reception_jitter_ms(const struct reception *reception)
{
    return reception->jitter * 1000 / SAMPLE_RATE_HZ;
}

void reception_await_source(struct reception *reception)
{
    reception->has_source = reception->has_stray = false;
}

/* Move `seen` on by so many packets, of which none is known to have come. */
static unsigned __int128 moved(unsigned __int128 seen, int64_t packets)
{
    return packets >= MAX_MISORDER ? 0 : seen << packets & SEEN_MASK;
}

/* Bring `seen` up to the newest packet; doing this for each packet would cost more. */
static void note_seen(struct reception *reception)
{
    const int64_t count = reception->in_order < MAX_MISORDER ? reception->in_order : MAX_MISORDER;
    reception->seen = moved(reception->seen, count) | (((unsigned __int128)1 << count) - 1);
    reception->in_order = 0;
}

/* Update the jitter; if the sender's clock jumps by more than a second, measure anew. */
static void measure(struct reception *reception, uint32_t timestamp, double now)
{
    const double transit = now * SAMPLE_RATE_HZ - timestamp;
    if (reception->has_transit) {
        double change = fabs(transit - reception->transit);
        if (change > SAMPLE_RATE_HZ) /* the casts keep the low 32 bits, as difference_32 needs */
            change = fabs((double)difference_32((uint32_t)(int64_t)transit, (uint32_t)(int64_t)reception->transit));
        if (change <= SAMPLE_RATE_HZ)
            reception->jitter += (change - reception->jitter) / 16;
    }
    reception->transit = transit;
    reception->has_transit = true;
}

static void keep(struct kept_packet *kept, const struct rtp_packet *packet)
{
    kept->packet = *packet;
    if (kept->packet.length > RTP_MAX_PAYLOAD)
        kept->packet.length = RTP_MAX_PAYLOAD;
    memcpy(kept->payload, packet->payload, kept->packet.length);
}

/* Say whether the stray is followed by this packet, with none of the present source between them. */
static bool is_confirmed(const struct reception *reception, const struct rtp_packet *packet)
{
    const struct rtp_packet *stray = &reception->kept.packet;
    return reception->has_stray && stray->ssrc == packet->ssrc && (uint16_t)(stray->sequence + 1) == packet->sequence &&
           reception->received_at_stray == reception->received;
}

/* Accept the first packet of all, and each that confirms the stray before it. */
static enum arrival of_new_source(struct reception *reception, const struct rtp_packet *packet)
{
    if (reception->has_source && !is_confirmed(reception, packet)) {
        reception->stray += reception->has_stray;
        keep(&reception->kept, packet);
        reception->has_stray = true;
        reception->received_at_stray = reception->received;
        return ARRIVAL_STRAY;
    }
    reception->has_source = true;
    reception->ssrc = packet->ssrc;
    reception->newest = packet->sequence;
    reception->seen = 1;
    reception->has_first = reception->has_stray;
    reception->has_stray = false;
    reception->has_transit = false;
    reception->received += reception->has_first ? 2 : 1;
    return ARRIVAL_RESTARTED;
}

/* Tell a packet out of order from one of a new source. */
static enum arrival unexpected(struct reception *reception, const struct rtp_packet *packet)
{
    const int behind = (uint16_t)(reception->newest - packet->sequence);
    if (!reception->has_source || packet->ssrc != reception->ssrc || behind >= MAX_MISORDER)
        return of_new_source(reception, packet);
    if (reception->seen >> behind & 1) {
        reception->duplicate++;
        return ARRIVAL_DUPLICATE;
    }
    reception->seen |= (unsigned __int128)1 << behind;
    reception->apart = behind;
    if (reception->lost > 0)
        reception->lost--;
    reception->reordered++;
    reception->received++;
    return ARRIVAL_REORDERED;
}

enum arrival reception_arrived(struct reception *reception, const struct rtp_packet *packet, double now)
{
    const int ahead = (uint16_t)(packet->sequence - reception->newest);
    if (ahead == 1 && reception->has_source && packet->ssrc == reception->ssrc) { /* nearly all packets */
        reception->newest = packet->sequence;
        reception->in_order++;
        reception->received++;
        measure(reception, packet->timestamp, now);
        return ARRIVAL_NEXT;
    }
    const enum arrival arrival = reception_numbered(reception, packet);
    if (arrival != ARRIVAL_DUPLICATE && arrival != ARRIVAL_STRAY)
        measure(reception, packet->timestamp, now);
    return arrival;
}

enum arrival reception_numbered(struct reception *reception, const struct rtp_packet *packet)
{
    note_seen(reception);
    const int ahead = (uint16_t)(packet->sequence - reception->newest);
    if (!reception->has_source || packet->ssrc != reception->ssrc || ahead >= MAX_DROPOUT || ahead == 0)
        return unexpected(reception, packet);
    reception->newest = packet->sequence;
    reception->seen = moved(reception->seen, ahead) | 1;
    reception->received++;
    if (ahead == 1)
        return ARRIVAL_NEXT;
    reception->apart = ahead - 1;
    reception->lost += reception->apart;
    return ARRIVAL_AHEAD;
}

const struct rtp_packet *reception_first_of_source(struct reception *reception)
{
    if (!reception->has_first)
        return NULL;
    reception->kept.packet.payload = reception->kept.payload;
    return &reception->kept.packet;
}
