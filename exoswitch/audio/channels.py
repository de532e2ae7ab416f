"""Core: the two sides of a call, mixed or as the channels of a file; PCM is signed 16-bit little-endian.

A call of an hour has 58 million samples, so both functions work on all samples at once: Python's big integers are a
row of lanes of 16 bits, one lane a sample.
"""

from array import array
from functools import lru_cache


def mixed(left: bytes, right: bytes) -> bytes:
    """Add two sides of the same length; a sum beyond the range of a sample is its limit."""
    length = len(left)
    ones = _ones(length)
    top, low = ones << 15, ones * 0x7FFF
    one, other = int.from_bytes(left, "little"), int.from_bytes(right, "little")
    total = ((one & low) + (other & low)) ^ ((one ^ other) & top)  # no carry leaves its lane
    overflown = (((one ^ total) & (other ^ total) & top) >> 15) * 0xFFFF  # both of one sign, the sum of the other
    limit = ((one & top) >> 15) + low  # 32767, or -32768 in the lanes of negative samples
    return ((total & ~overflown) | (limit & overflown)).to_bytes(length, "little")


def interleaved(left: bytes, right: bytes) -> bytes:
    """Put two sides of the same length on two channels."""
    samples = array("h", bytes(len(left) + len(right)))
    samples[0::2], samples[1::2] = array("h", left), array("h", right)
    return samples.tobytes()


@lru_cache(maxsize=8)
def _ones(length: int) -> int:
    """Give a 1 in each lane."""
    return int.from_bytes(b"\1\0" * (length // 2), "little")
