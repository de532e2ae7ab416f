"""Core: RTP packets (RFC 3550 section 5.1), read; and those of one outgoing stream, written."""

import random
from struct import Struct

from attrs import define

from exoswitch.errors import RemoteProtocolError

_FIXED_HEADER = Struct("!BBHII")
_WORD = 4

_VERSION_2 = 0x80
_PADDING = 0x20
_EXTENSION = 0x10
_CSRC_COUNT = 0x0F
_MARKER = 0x80
_PAYLOAD_TYPE = 0x7F

_COMFORT_NOISE = frozenset({13, 19})
_FIRST_DYNAMIC_TYPE = 96
_KEY_EVENT_BYTES = 4


@define
class RtpPacket:
    """One RTP packet, without its contributing sources, header extension and padding."""

    payload_type: int
    sequence: int
    timestamp: int
    ssrc: int
    payload: bytes
    marker: bool = False

    @property
    def is_comfort_noise(self) -> bool:
        """Whether the packet describes the noise of a pause (RFC 3389); some old devices use type 19."""
        return self.payload_type in _COMFORT_NOISE

    @property
    def is_key_event(self) -> bool:
        """Whether the packet looks like one of a key that is pressed: a dynamic type and four bytes (RFC 4733)."""
        return self.payload_type >= _FIRST_DYNAMIC_TYPE and len(self.payload) == _KEY_EVENT_BYTES


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
    start = _FIXED_HEADER.size + _WORD * (first & _CSRC_COUNT)
    if len(data) < start:
        count = first & _CSRC_COUNT
        raise RemoteProtocolError(f"RTP packet of {len(data)} bytes ends within its {count} contributing sources")
    if first & _EXTENSION:
        start = _end_of_extension(data, start)
    end = len(data) - (_padding_length(data, start) if first & _PADDING else 0)
    return RtpPacket(second & _PAYLOAD_TYPE, sequence, timestamp, ssrc, data[start:end], second >= _MARKER)


def _end_of_extension(data: bytes, start: int) -> int:
    """Find the end of the header extension (RFC 3550 section 5.3.1)."""
    body = start + _WORD
    if len(data) < body:
        raise RemoteProtocolError(f"RTP packet of {len(data)} bytes ends within its header extension")
    end = body + _WORD * int.from_bytes(data[start + 2 : body])
    if len(data) < end:
        raise RemoteProtocolError(f"RTP packet of {len(data)} bytes has a header extension that ends at {end}")
    return end


def _padding_length(data: bytes, start: int) -> int:
    """Read the length of the padding: its last byte is the length, itself included."""
    length = data[-1] if len(data) > start else 0
    if not 1 <= length <= len(data) - start:
        raise RemoteProtocolError(f"RTP packet says that {length} of its {len(data) - start} bytes are padding")
    return length


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
