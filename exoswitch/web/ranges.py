"""Core: the part of a file that a request asks for (RFC 9110 §14)."""

import re

from exoswitch.errors import ExoswitchError

_RANGE = re.compile(r"bytes=([0-9]{0,15})-([0-9]{0,15})", re.ASCII)


class RangeNotSatisfiable(ExoswitchError):
    """The file has no such part."""


def read_range(text: str, size: int) -> range | None:
    """Read a ``Range`` header into positions of bytes; None is the whole file.

    Several ranges, and what is not written as a range, are ignored, as RFC 9110 §14.2 permits.

    Raises:
        RangeNotSatisfiable: the range begins after the end of the file.
    """
    match = _RANGE.fullmatch(text.strip())
    if match is None or match.groups() == ("", ""):
        return None
    first, last = match.groups()
    if not first:
        start, stop = max(0, size - int(last)), size
    else:
        start, stop = int(first), min(size, int(last) + 1) if last else size
        if last and int(last) < start:
            return None
    if start >= stop:
        raise RangeNotSatisfiable(f"the file has {size} bytes")
    return range(start, stop)
