"""RTP packets, read and written."""

import random
import struct
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exoswitch.errors import RemoteProtocolError
from exoswitch.rtp.packet import Packetizer, RtpPacket, parse

WORDS = st.binary(max_size=6).map(lambda data: data * 4)
PACKETS = st.builds(
    RtpPacket,
    payload_type=st.integers(0, 127),
    sequence=st.integers(0, 2**16 - 1),
    timestamp=st.integers(0, 2**32 - 1),
    ssrc=st.integers(0, 2**32 - 1),
    payload=st.binary(max_size=200),
    marker=st.booleans(),
)
CSRCS = st.lists(st.binary(min_size=4, max_size=4), max_size=15)
EXTENSIONS = st.none() | st.tuples(st.integers(0, 2**16 - 1), WORDS)


def encode(packet, csrcs=(), extension=None):
    """Write a packet as RFC 3550 section 5.1 describes it."""
    first = 0x80 | len(csrcs) | (0x10 if extension else 0)
    second = packet.payload_type | (0x80 if packet.marker else 0)
    data = struct.pack("!BBHII", first, second, packet.sequence, packet.timestamp, packet.ssrc) + b"".join(csrcs)
    if extension:
        profile, words = extension
        data += struct.pack("!HH", profile, len(words) // 4) + words
    return data + packet.payload


@given(PACKETS, CSRCS, EXTENSIONS)
def test_a_written_packet_is_read_without_its_sources_and_extension(packet, csrcs, extension):
    assert parse(encode(packet, csrcs, extension)) == packet


@given(PACKETS, CSRCS, EXTENSIONS, st.integers(1, 255))
def test_padding_is_removed(packet, csrcs, extension, length):
    data = bytearray(encode(packet, csrcs, extension)) + bytes(length - 1) + bytes([length])
    data[0] |= 0x20
    assert parse(bytes(data)) == packet


@given(st.binary(max_size=64) | st.binary(max_size=60).map(lambda data: b"\xbf" + data))
def test_arbitrary_bytes_raise_only_remote_protocol_error(data):
    with suppress(RemoteProtocolError):
        parse(data)


def test_the_fields_are_at_the_positions_of_the_rfc():
    data = bytes.fromhex("80 88 1234 89abcdef 01020304") + b"sound"
    assert parse(data) == RtpPacket(8, 0x1234, 0x89ABCDEF, 0x01020304, b"sound", marker=True)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        ("", "is shorter than its header of 12"),
        ("80 00 0001 00000001 000000", "is shorter than its header of 12"),
        ("40 00 0001 00000001 00000001", "version 1"),
        ("82 00 0001 00000001 00000001 00000001", "ends within its 2 contributing sources"),
        ("90 00 0001 00000001 00000001 0000", "ends within its header extension"),
        ("90 00 0001 00000001 00000001 0000 0002 00000000", "has a header extension that ends at 24"),
        ("a0 00 0001 00000001 00000001", "are padding"),
        ("a0 00 0001 00000001 00000001 0000", "are padding"),
        ("a0 00 0001 00000001 00000001 0003", "are padding"),
    ],
)
def test_a_malformed_packet_is_refused_with_the_reason(data, reason):
    with pytest.raises(RemoteProtocolError, match=reason):
        parse(bytes.fromhex(data))


def test_a_stream_numbers_its_packets_across_the_wrap():
    stream = Packetizer(0, 65_535, 2**32 - 160, 7)
    first, second = parse(stream.encode(b"a" * 160, marker=True)), parse(stream.encode(b"b" * 160, marker=False))
    assert (first.sequence, first.timestamp, first.marker, first.ssrc) == (65_535, 2**32 - 160, True, 7)
    assert (second.sequence, second.timestamp, second.marker, second.ssrc) == (0, 0, False, 7)


def test_a_stream_begins_with_random_numbers():
    rng = random.Random(3)
    assert Packetizer.begin(0, rng) != Packetizer.begin(0, rng)
