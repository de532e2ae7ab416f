/* RTP packets (RFC 3550 section 5.1), read; and those of one outgoing stream, written; see exoswitch/rtp/packet.py. */

#ifndef EXOSWITCH_PACKET_H
#define EXOSWITCH_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    RTP_HEADER_BYTES = 12,
    RTP_MAX_BYTES = 2048, /* more than any RTP of a telephone codec; what is longer is cut, as the sockets do */
    RTP_MAX_PAYLOAD = RTP_MAX_BYTES - RTP_HEADER_BYTES,
};

/* One RTP packet, without its contributing sources, header extension and padding. `payload` is the datagram's. */
struct rtp_packet {
    uint8_t payload_type;
    bool marker;
    uint16_t sequence;
    uint32_t timestamp;
    uint32_t ssrc;
    const uint8_t *payload;
    size_t length; /* of the payload */
};

/* Read one datagram; say whether it is an RTP packet. */
bool packet_parse(struct rtp_packet *packet, const uint8_t *data, size_t length);

/* Say whether the packet describes the noise of a pause (RFC 3389); some old devices use type 19. */
bool packet_is_comfort_noise(const struct rtp_packet *packet);

/* Say whether the packet looks like one of a key that is pressed: a dynamic type and four bytes (RFC 4733). */
bool packet_is_key_event(const struct rtp_packet *packet);

/* The numbering of one outgoing stream of a codec with one byte for each sample, such as G.711. */
struct packetizer {
    uint8_t payload_type;
    uint16_t sequence;
    uint32_t timestamp;
    uint32_t ssrc;
};

/* Write the header of the stream's next packet, for so many samples; the marker says that speech begins
 * (RFC 3551 section 4.1). */
void packetizer_encode(struct packetizer *packetizer, size_t samples, bool marker, uint8_t header[RTP_HEADER_BYTES]);

#endif
