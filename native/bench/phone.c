/* One phone: sends 20 ms of audio as RTP to the gateway's port, and takes what comes from there. */

#include "phone.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "audio/frames.h"

enum { RTP_HEADER_BYTES = 12, PACKET_BYTES = RTP_HEADER_BYTES + FRAME_SAMPLES, DATAGRAM_BYTES = 512 };

int phone_open(struct phone *phone, bool counts, uint32_t ssrc)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    memset(phone, 0, sizeof *phone);
    phone->counts = counts;
    phone->ssrc = ssrc;
    phone->fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (phone->fd < 0)
        return -1;
    if (bind(phone->fd, (struct sockaddr *)&address, size) != 0 ||
        getsockname(phone->fd, (struct sockaddr *)&address, &size) != 0)
        return -1;
    return ntohs(address.sin_port);
}

static void put16(uint8_t *out, uint32_t value)
{
    out[0] = (uint8_t)(value >> 8);
    out[1] = (uint8_t)value;
}

void phone_send(struct phone *phone, struct tally *tally, uint32_t now)
{
    uint8_t packet[PACKET_BYTES] = {0x80, 0}; /* RFC 3550 §5.1: version 2; payload type 0, PCMU */
    struct stamp stamp = {now, phone->counts ? STAMP_COUNTED : 0};
    if (!phone->has_heard)
        return;
    put16(packet + 2, phone->sequence++);
    put16(packet + 4, phone->timestamp >> 16);
    put16(packet + 6, phone->timestamp);
    put16(packet + 8, phone->ssrc >> 16);
    put16(packet + 10, phone->ssrc);
    phone->timestamp += FRAME_SAMPLES;
    for (int i = 0; i < FRAME_SAMPLES; i++)
        packet[RTP_HEADER_BYTES + i] = (uint8_t)(0x80 + i % 80); /* codes that are not silence */
    stamp_write_ulaw(packet + RTP_HEADER_BYTES, stamp);
    stamp_write_ulaw(packet + RTP_HEADER_BYTES + STAMP_AT_END, stamp);
    if (phone->counts && tally_is_within(tally, now))
        tally->to_bot.sent++;
    if (sendto(phone->fd, packet, sizeof packet, 0, (struct sockaddr *)&phone->gateway, sizeof phone->gateway) < 0)
        tally->unsent++;
}

static bool is_same(const struct sockaddr_in *one, const struct sockaddr_in *other)
{
    return one->sin_port == other->sin_port && one->sin_addr.s_addr == other->sin_addr.s_addr;
}

static void take(const struct phone *phone, struct tally *tally, const uint8_t *packet, size_t size, uint32_t now)
{
    struct stamp stamp;
    tally->packets_at_phones += phone->counts && tally_is_within(tally, now);
    if (size >= RTP_HEADER_BYTES + STAMP_SAMPLES && stamp_read_ulaw(packet + RTP_HEADER_BYTES, &stamp))
        tally_arrived(tally, &tally->to_phone, stamp, now, stamp.flags & STAMP_FIRST);
}

void phone_receive(struct phone *phone, struct tally *tally, uint32_t now)
{
    uint8_t packet[DATAGRAM_BYTES];
    struct sockaddr_in from;
    socklen_t size = sizeof from;
    ssize_t read = recvfrom(phone->fd, packet, sizeof packet, 0, (struct sockaddr *)&from, &size);
    if (read <= 0)
        return;
    if (!phone->has_heard || !is_same(&phone->gateway, &from)) {
        phone->gateway = from; /* a new call of the same phone comes from a new port */
        phone->has_heard = true;
    }
    take(phone, tally, packet, (size_t)read, now);
}

void phone_close(struct phone *phone)
{
    if (phone->fd >= 0)
        close(phone->fd);
    phone->fd = -1;
}
