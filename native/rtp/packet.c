/* RTP packets: see packet.h. */

#include "packet.h"

enum {
    WORD = 4,
    VERSION_MASK = 0xC0,
    VERSION_2 = 0x80,
    PADDING = 0x20,
    EXTENSION = 0x10,
    CSRC_COUNT = 0x0F,
    MARKER = 0x80,
    PAYLOAD_TYPE = 0x7F,
    FIRST_DYNAMIC_TYPE = 96,
    KEY_EVENT_BYTES = 4,
};

static uint16_t read_16(const uint8_t *data)
{
    return (uint16_t)(data[0] << 8 | data[1]);
}

static uint32_t read_32(const uint8_t *data)
{
    return (uint32_t)data[0] << 24 | (uint32_t)data[1] << 16 | (uint32_t)data[2] << 8 | data[3];
}

static void write_16(uint8_t *data, uint16_t number)
{
    data[0] = (uint8_t)(number >> 8);
    data[1] = (uint8_t)number;
}

static void write_32(uint8_t *data, uint32_t number)
{
    write_16(data, (uint16_t)(number >> 16));
    write_16(data + 2, (uint16_t)number);
}

/* Find the end of the header extension (RFC 3550 section 5.3.1); 0 if the data ends before. */
static size_t end_of_extension(const uint8_t *data, size_t length, size_t start)
{
    const size_t body = start + WORD;
    if (length < body)
        return 0;
    const size_t end = body + WORD * (size_t)read_16(data + start + 2);
    return length < end ? 0 : end;
}

/* Read the length of the padding: its last byte is the length, itself included; 0 if it cannot be. */
static size_t padding_length(const uint8_t *data, size_t length, size_t start)
{
    const size_t padding = length > start ? data[length - 1] : 0;
    return padding <= length - start ? padding : 0;
}

bool packet_parse(struct rtp_packet *packet, const uint8_t *data, size_t length)
{
    if (length < RTP_HEADER_BYTES || (data[0] & VERSION_MASK) != VERSION_2)
        return false;
    const uint8_t first = data[0];
    size_t start = RTP_HEADER_BYTES + WORD * (size_t)(first & CSRC_COUNT);
    size_t padding = 0;
    if (length < start)
        return false;
    if (first & EXTENSION && (start = end_of_extension(data, length, start)) == 0)
        return false;
    if (first & PADDING && (padding = padding_length(data, length, start)) == 0)
        return false;
    packet->payload_type = data[1] & PAYLOAD_TYPE;
    packet->marker = data[1] & MARKER;
    packet->sequence = read_16(data + 2);
    packet->timestamp = read_32(data + 4);
    packet->ssrc = read_32(data + 8);
    packet->payload = data + start;
    packet->length = length - start - padding;
    return true;
}

bool packet_is_comfort_noise(const struct rtp_packet *packet)
{
    return packet->payload_type == 13 || packet->payload_type == 19;
}

bool packet_is_key_event(const struct rtp_packet *packet)
{
    return packet->payload_type >= FIRST_DYNAMIC_TYPE && packet->length == KEY_EVENT_BYTES;
}

void packetizer_encode(struct packetizer *packetizer, size_t samples, bool marker, uint8_t header[RTP_HEADER_BYTES])
{
    header[0] = VERSION_2;
    header[1] = marker ? packetizer->payload_type | MARKER : packetizer->payload_type;
    write_16(header + 2, packetizer->sequence);
    write_32(header + 4, packetizer->timestamp);
    write_32(header + 8, packetizer->ssrc);
    packetizer->sequence++;
    packetizer->timestamp += (uint32_t)samples;
}
