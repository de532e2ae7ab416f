"""Core: the codec of RTP packets (RFC 3550 section 5.1), and the numbering of sent packets."""

import random
from struct import Struct

from attrs import define, frozen

from exoswitch.errors import RemoteProtocolError

_FIXED_HEADER = Struct("!BBHII")
_EXTENSION_HEADER = Struct("!HH")
_WORD = 4

_VERSION_2 = 0x80
_PADDING = 0x20
_EXTENSION = 0x10
_CSRC_COUNT = 0x0F
_MARKER = 0x80
_PAYLOAD_TYPE = 0x7F


@frozen
class HeaderExtension:
    """A header extension (RFC 3550 section 5.3.1); `data` is whole 32-bit words."""

    profile: int
    data: bytes


@define
class RtpPacket:
    """One RTP packet, without its padding."""

    payload_type: int
    sequence: int
    timestamp: int
    ssrc: int
    payload: bytes
    marker: bool = False
    csrcs: tuple[int, ...] = ()
    extension: HeaderExtension | None = None


def parse(data: bytes) -> RtpPacket:
    """Read one datagram.

    Raises:
        RemoteProtocolError: the data is no RTP packet.
    """
    if len(data) < _FIXED_HEADER.size:
        raise RemoteProtocolError(
            f"RTP packet of {len(data)} bytes is shorter than its header of {_FIXED_HEADER.size} bytes"
        )
    first, second, sequence, timestamp, ssrc = _FIXED_HEADER.unpack_from(data)
    if first == _VERSION_2:
        return RtpPacket(second & _PAYLOAD_TYPE, sequence, timestamp, ssrc, data[12:], second >= _MARKER)
    if first & 0xC0 != _VERSION_2:
        raise RemoteProtocolError(f"RTP packet of version {first >> 6}: only version 2 is supported")
    csrcs, start = _parse_csrcs(data, first & _CSRC_COUNT)
    extension = None
    if first & _EXTENSION:
        extension, start = _parse_extension(data, start)
    end = len(data) - (_padding_length(data, start) if first & _PADDING else 0)
    return RtpPacket(
        second & _PAYLOAD_TYPE, sequence, timestamp, ssrc, data[start:end], second >= _MARKER, csrcs, extension
    )


def _parse_csrcs(data: bytes, count: int) -> tuple[tuple[int, ...], int]:
    """Read the contributing sources; give them and their end."""
    start, end = _FIXED_HEADER.size, _FIXED_HEADER.size + _WORD * count
    if len(data) < end:
        raise RemoteProtocolError(f"RTP packet of {len(data)} bytes ends within its {count} contributing sources")
    return tuple(int.from_bytes(data[at : at + _WORD]) for at in range(start, end, _WORD)), end


def _parse_extension(data: bytes, start: int) -> tuple[HeaderExtension, int]:
    """Read the header extension; give it and its end."""
    body = start + _EXTENSION_HEADER.size
    if len(data) < body:
        raise RemoteProtocolError(f"RTP packet of {len(data)} bytes ends within its header extension")
    profile, words = _EXTENSION_HEADER.unpack_from(data, start)
    end = body + _WORD * words
    if len(data) < end:
        raise RemoteProtocolError(f"RTP packet of {len(data)} bytes has a header extension that ends at {end}")
    return HeaderExtension(profile, data[body:end]), end


def _padding_length(data: bytes, start: int) -> int:
    """Read the length of the padding: its last byte is the length, itself included."""
    length = data[-1] if len(data) > start else 0
    if not 1 <= length <= len(data) - start:
        raise RemoteProtocolError(f"RTP packet says that {length} of its {len(data) - start} bytes are padding")
    return length


def encode(packet: RtpPacket) -> bytes:
    """Write any packet; a :class:`Packetizer` writes those of a call's own stream faster."""
    extension = packet.extension
    first = _VERSION_2 | len(packet.csrcs) | (_EXTENSION if extension else 0)
    second = packet.payload_type | (_MARKER if packet.marker else 0)
    parts = [_FIXED_HEADER.pack(first, second, packet.sequence, packet.timestamp, packet.ssrc)]
    parts += [csrc.to_bytes(_WORD) for csrc in packet.csrcs]
    if extension:
        parts += [_EXTENSION_HEADER.pack(extension.profile, len(extension.data) // _WORD), extension.data]
    parts.append(packet.payload)
    return b"".join(parts)


@define
class Packetizer:
    """The numbering of one outgoing stream of a codec with one byte for each sample, such as G.711."""

    payload_type: int
    sequence: int
    timestamp: int
    ssrc: int

    @classmethod
    def begin(cls, payload_type: int, rng: random.Random) -> "Packetizer":
        """Begin a stream with random numbers, as RFC 3550 section 5.1 requires."""
        return cls(payload_type, rng.getrandbits(16), rng.getrandbits(32), rng.getrandbits(32))

    def encode(self, payload: bytes, marker: bool) -> bytes:
        """Write the next packet of the stream; the marker says that speech begins (RFC 3551 section 4.1)."""
        sequence, timestamp = self.sequence, self.timestamp
        self.sequence = (sequence + 1) & 0xFFFF
        self.timestamp = (timestamp + len(payload)) & 0xFFFFFFFF
        second = self.payload_type | _MARKER if marker else self.payload_type
        return _FIXED_HEADER.pack(_VERSION_2, second, sequence, timestamp, self.ssrc) + payload
