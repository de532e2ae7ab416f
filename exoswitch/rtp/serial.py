"""Core: serial number arithmetic (RFC 1982) for the 16-bit and 32-bit counters of RTP, which wrap around."""

_HALF_16, _MASK_16 = 1 << 15, (1 << 16) - 1
_HALF_32, _MASK_32 = 1 << 31, (1 << 32) - 1


def difference_16(newer: int, older: int) -> int:
    """Say how far one sequence number is ahead of another: -32,768 to 32,767."""
    return ((newer - older + _HALF_16) & _MASK_16) - _HALF_16


def difference_32(newer: int, older: int) -> int:
    """Say how far one timestamp is ahead of another: -2,147,483,648 to 2,147,483,647."""
    return ((newer - older + _HALF_32) & _MASK_32) - _HALF_32


def add_16(number: int, amount: int) -> int:
    """Move a sequence number on; a negative amount moves it back."""
    return (number + amount) & _MASK_16


def add_32(number: int, amount: int) -> int:
    """Move a timestamp on; a negative amount moves it back."""
    return (number + amount) & _MASK_32
