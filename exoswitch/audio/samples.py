"""Core: PCM as samples, and back. PCM is signed 16-bit little-endian on every machine."""

from array import array
from collections.abc import Iterable
from sys import byteorder


def samples_of(pcm: bytes | bytearray) -> "array[int]":
    """Read PCM as samples. A half sample at the end is left out."""
    return _swapped(array("h", pcm[: len(pcm) & ~1]))


def pcm_of(samples: Iterable[int]) -> bytes:
    """Write samples as PCM.

    Raises:
        OverflowError: a sample does not fit into 16 bits.
    """
    return _swapped(array("h", samples)).tobytes()


def _swapped(samples: "array[int]") -> "array[int]":
    """Change between the byte order of PCM and that of this machine, in place."""
    if byteorder == "big":
        samples.byteswap()
    return samples
