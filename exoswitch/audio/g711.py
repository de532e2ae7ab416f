"""Core: ITU-T G.711: µ-law and A-law, to and from PCM, with tables, bit-exact.

PCM is signed 16-bit little-endian. G.711 defines µ-law on 14 bits and A-law on 13 bits. A 16-bit sample is rounded
down, as in ITU-T's Software Tool Library (G.191): a sample on a decision value belongs to the interval above it, on
both sides of zero. (`audioop`, which Python 3.13 removed, differs for µ-law below zero.)
"""

from functools import lru_cache
from operator import itemgetter
from struct import Struct

from attrs import field, frozen

_CODES = 128  # of each sign: 8 segments of 16 steps
_PIECE_SAMPLES = 8000  # a long message is encoded in pieces of 1 s, to limit its unpacked samples


@frozen(eq=False)
class Law:
    """One of the two laws of G.711, with its RTP payload type (RFC 3551 section 6). One byte is one sample."""

    name: str
    payload_type: int
    silence: bytes
    _low: bytes = field(repr=False)
    _high: bytes = field(repr=False)
    _codes: bytes = field(repr=False)

    def decode(self, payload: bytes) -> bytes:
        """Expand to PCM. Every byte is a valid code."""
        pcm = bytearray(2 * len(payload))
        pcm[0::2] = payload.translate(self._low)
        pcm[1::2] = payload.translate(self._high)
        return bytes(pcm)

    def encode(self, pcm: bytes) -> bytes:
        """Compress whole samples of PCM."""
        if len(pcm) > 2 * _PIECE_SAMPLES:
            cuts = range(0, len(pcm), 2 * _PIECE_SAMPLES)
            return b"".join([self.encode(pcm[cut : cut + 2 * _PIECE_SAMPLES]) for cut in cuts])
        samples = _unsigned_samples(len(pcm) // 2).unpack(pcm)
        if len(samples) < 2:  # itemgetter needs two keys to give a tuple
            return bytes([self._codes[sample] for sample in samples])
        return bytes(itemgetter(*samples)(self._codes))


@lru_cache(maxsize=64)
def _unsigned_samples(count: int) -> Struct:
    """Give the layout of so many samples, each an index into the 65,536 codes."""
    return Struct(f"<{count}H")


def _law(*, name: str, payload_type: int, bounds: list[int], values: list[int], positive: list[int]) -> Law:
    """Make a law's tables.

    `positive` has the 128 positive codes in order of magnitude, `bounds` their lower decision values, and `values`
    their decoded values, both as 16-bit samples. Bit 0x80 is the sign in both laws.
    """
    runs = zip(positive, bounds, [*bounds[1:], 1 << 15], strict=True)
    upward = b"".join(bytes([code]) * (upper - lower) for code, lower, upper in runs)
    flipped = bytes(code ^ 0x80 for code in range(256))
    expanded = dict(zip(positive, values, strict=True))
    expanded |= {code ^ 0x80: -value for code, value in expanded.items()}
    pcm = [expanded[code].to_bytes(2, "little", signed=True) for code in range(256)]
    return Law(
        name=name,
        payload_type=payload_type,
        silence=upward[:1],
        low=bytes(low for low, _ in pcm),
        high=bytes(high for _, high in pcm),
        codes=upward + upward[::-1].translate(flipped),
    )


def _ulaw() -> Law:
    """Build µ-law: segment s has steps of 2^(s+1) units of 4. The bias of 33 units makes the segments double."""
    segments = [divmod(magnitude, 16) for magnitude in range(_CODES)]
    return _law(
        name="ulaw",
        payload_type=0,
        bounds=[max(0, 4 * ((16 + step << segment + 1) - 33)) for segment, step in segments],
        values=[4 * ((33 + 2 * step << segment) - 33) for segment, step in segments],
        positive=[0xFF ^ magnitude for magnitude in range(_CODES)],
    )


def _alaw() -> Law:
    """Build A-law: segments 0 and 1 have steps of one unit of 16. Each later segment doubles the step."""
    segments = [divmod(magnitude, 16) for magnitude in range(_CODES)]
    return _law(
        name="alaw",
        payload_type=8,
        bounds=[16 * (16 + step << segment - 1 if segment else step) for segment, step in segments],
        values=[8 * (33 + 2 * step << segment - 1 if segment else 1 + 2 * step) for segment, step in segments],
        positive=[(0x80 | magnitude) ^ 0x55 for magnitude in range(_CODES)],
    )


ULAW = _ulaw()
ALAW = _alaw()

LAWS_BY_NAME = {law.name: law for law in (ULAW, ALAW)}
LAWS_BY_PAYLOAD_TYPE = {law.payload_type: law for law in (ULAW, ALAW)}
