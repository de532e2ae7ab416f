"""Core: serial number arithmetic (RFC 1982) for RTP's timestamps, which wrap around."""

_HALF_32, _MASK_32 = 1 << 31, (1 << 32) - 1


def difference_32(newer: int, older: int) -> int:
    """Give the distance of one timestamp from another: -2,147,483,648 to 2,147,483,647."""
    return ((newer - older + _HALF_32) & _MASK_32) - _HALF_32


def add_32(number: int, amount: int) -> int:
    """Add to a timestamp; the amount may be negative."""
    return (number + amount) & _MASK_32
