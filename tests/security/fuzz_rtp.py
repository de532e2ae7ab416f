"""A fuzz target: datagrams of one call, from Asterisk and from strangers, in any order and time, against its leg.

The bytes are a list of steps; see `steps`. `one_input` raises if the leg raises, gives a frame of another size, keeps
more than its limits, or takes anything from a stranger.
"""

import random
import struct
from collections.abc import Iterator

from attrs import define

from exoswitch.audio.frames import FRAME_BYTES
from exoswitch.rtp.endpoint import MAX_DATAGRAM_BYTES
from exoswitch.rtp.leg import MediaLeg
from exoswitch.rtp.packet import parse
from exoswitch.rtp.session import LegSettings

ASTERISK = ("10.0.1.5", 12000)
STRANGER = ("10.0.1.5", 12002)
JITTER_MS = 200
MAX_SAMPLES = max(JITTER_MS * 8, MAX_DATAGRAM_BYTES - 12)  # one datagram may be longer than the buffer
MAX_SLOTS = MAX_SAMPLES // 160 + 1
MAX_PIECES = 24

RAW, FOREIGN, REDIRECTED = 0x04, 0x08, 0x10
_STEP = struct.Struct("!bhBB")
_HEADER = struct.Struct("!BBHII")


@define
class Step:
    """A datagram, and the ticks after it; `is_redirected` announces the same address again, behind another one."""

    data: bytes
    is_foreign: bool
    is_redirected: bool
    ticks: int


def steps(data: bytes) -> Iterator[Step]:
    """Read the steps: a byte of flags with the number of ticks, then a datagram, raw or as its change from the last.

    A raw one is two bytes of length and the bytes. The other form is the distance of the sequence number, that of the
    timestamp, the payload type (its highest bit: another SSRC), and the length in units of 8 bytes.
    """
    at, sequence, timestamp = 0, 65_530, 2**32 - 500
    while at < len(data):
        flags, at = data[at], at + 1
        if flags & RAW:
            size = int.from_bytes(data[at : at + 2]) % (MAX_DATAGRAM_BYTES + 1)
            datagram, at = data[at + 2 : at + 2 + size], at + 2 + size
        elif at + _STEP.size > len(data):
            return
        else:
            leap, step, kind, units = _STEP.unpack_from(data, at)
            at += _STEP.size
            sequence, timestamp = (sequence + leap) & 0xFFFF, (timestamp + step) & 0xFFFFFFFF
            datagram = _HEADER.pack(0x80, kind & 0x7F, sequence, timestamp, 1 + (kind >> 7)) + bytes(8 * units)
        yield Step(datagram[:MAX_DATAGRAM_BYTES], bool(flags & FOREIGN), bool(flags & REDIRECTED), flags & 0x03)


def step(leap: int, samples: int, kind: int = 0, units: int = 20, flags: int = 1) -> bytes:
    """Write a step that is not raw."""
    return bytes([flags]) + _STEP.pack(leap, samples, kind, units)


def raw(datagram: bytes, flags: int = 1) -> bytes:
    """Write a raw step."""
    return bytes([flags | RAW]) + len(datagram).to_bytes(2) + datagram


SEEDS = (
    step(1, 160) * 20,
    (step(1, 152) + step(1, 168)) * 10,
    step(1, 159, flags=0) * 30 + step(1, 0, flags=3),
    step(1, 160) * 3 + step(3, 480) + step(-2, -320) + step(0, 0) + step(2, 320),
    step(1, 160) * 3 + step(1, 160, kind=13, units=1) * 5 + step(1, 32_000) + step(1, -32_000),
    step(1, 160) * 2 + step(100, 0, kind=0x80) + step(1, 160, kind=0x80) + step(1, 160),
    step(1, 240, units=30) * 5 + step(1, 80, units=10) * 5 + step(1, 2040, units=255) * 3 + step(1, 1, units=0),
    step(1, 160, flags=1 | FOREIGN) * 5 + step(1, 160, flags=2 | REDIRECTED) + step(1, 160) * 2,
    raw(bytes.fromhex("b5800001 00000000 00000001") + bytes(40)) + raw(b"\x80") + raw(b"") + raw(bytes(2048)),
    raw(bytes.fromhex("9080000100000000000000010000000155555555") + b"\xd5" * 160) * 2,
    raw(bytes.fromhex("80e5000100000000000000010a0a00a0")) * 3,
)


def one_input(data: bytes) -> None:
    """Carry out these steps."""
    leg = MediaLeg(LegSettings(source_host=ASTERISK[0], jitter_max_ms=JITTER_MS), random.Random(1))
    leg.direct(*ASTERISK)
    leg.attach()
    now = 100.0
    for one in steps(data):
        if one.is_redirected:
            leg.direct(*STRANGER)
            leg.direct(*ASTERISK)
        before = leg.counts()
        leg.datagram(one.data, STRANGER if one.is_foreign else ASTERISK, now)
        if one.is_foreign:
            assert leg.counts().received == before.received
            assert leg.foreign == before.foreign + 1
        check(leg)
        for _ in range(one.ticks):
            now += 0.02
            told = leg.tick(now)
            assert told.pcm is not None
            assert len(told.pcm) == FRAME_BYTES
            assert told.packet is not None
            assert parse(told.packet).payload_type == 0
        check(leg)


def check(leg: MediaLeg) -> None:
    """See that the leg keeps no more than its limits, and still sends to Asterisk."""
    assert leg.remote == ASTERISK
    assert leg.jitter.depth_samples <= MAX_SAMPLES
    assert len(leg.jitter._slots) <= MAX_SLOTS
    assert len(leg.jitter._pieces) <= MAX_PIECES
    assert leg.reception.lost >= 0
    assert leg.reception.jitter_ms >= 0
