"""Core: a fast path for WebSocket text frames (RFC 6455), both ways, past the WebSocket library.

A call moves a hundred frames a second; nearly all are small, whole, final and uncompressed. Only those are built and
recognised here. The library handles control frames, fragments and protocol errors.
"""

from collections.abc import Callable

_FINAL_TEXT = 0x81  # FIN, no reserved bit, opcode 1 (RFC 6455 §5.2)
_MASKED = 0x80
_MAX_7_BIT = 125
_EXTENDED = {126: (2, 126), 127: (8, 0x10000)}  # how many bytes hold the length, and the least that it may be
_MASK_BYTES = 4
_POOL_BYTES = 4096


class ClientFrames:
    """Builds the frames that a client sends: whole text messages, masked.

    `entropy` gives a number of unpredictable bytes (RFC 6455 §10.3 requires a strong source). It is called for many
    masks at once: a system call for each would cost as much as the rest.
    """

    __slots__ = ("_entropy", "_masks", "_used")

    def __init__(self, entropy: Callable[[int], bytes]) -> None:
        self._entropy = entropy
        self._masks = b""
        self._used = 0

    def text(self, payload: bytes) -> bytes:
        """Build the frame of one text message."""
        used = self._used
        if used >= len(self._masks):
            self._masks = self._entropy(_POOL_BYTES)
            used = 0
        self._used = used + _MASK_BYTES
        mask = self._masks[used : used + _MASK_BYTES]
        size = len(payload)
        if size <= _MAX_7_BIT:
            head = bytes((_FINAL_TEXT, _MASKED | size))
        elif size <= 0xFFFF:
            head = b"\x81\xfe" + size.to_bytes(2, "big")
        else:
            head = b"\x81\xff" + size.to_bytes(8, "big")
        # One XOR of two big integers is several times faster than a loop over the bytes.
        pattern = int.from_bytes((mask * ((size + 3) >> 2))[:size], "little")
        masked = (int.from_bytes(payload, "little") ^ pattern).to_bytes(size, "little")
        return head + mask + masked


class ServerFrames:
    """Takes whole text messages from the head of a server's data, up to the first frame of another kind.

    An incomplete message is held, so that data that is cut anywhere stays on the fast path. At most one message of
    `max_size` bytes and the data that completes it are held.
    """

    __slots__ = ("_held", "_max_size", "_needed")

    def __init__(self, max_size: int) -> None:
        self._max_size = max_size
        self._held = bytearray()
        self._needed = 0

    def feed(self, data: bytes) -> tuple[list[bytes], bytes]:
        """Take data; give the complete messages, and the rest from the first frame of another kind on."""
        if self._held:
            self._held += data
            if len(self._held) < self._needed:
                return [], b""
            data = self.release()
        messages: list[bytes] = []
        position = 0
        end = len(data)
        while position < end:
            span = self._measure(data, position)
            if span is None:
                return messages, data[position:]
            start, stop = span
            if stop > end:
                self._held += data[position:]
                self._needed = stop - position
                break
            messages.append(data[start:stop])
            position = stop
        return messages, b""

    def release(self) -> bytes:
        """Give back the held data, and hold it no longer."""
        held = bytes(self._held)
        self._held.clear()
        return held

    def _measure(self, data: bytes, position: int) -> tuple[int, int] | None:
        """Give the start and end of the payload of the frame at `position`; None for a frame of another kind.

        For an incomplete header, both are a position beyond the data.
        """
        if data[position] != _FINAL_TEXT:
            return None
        header = data[position + 1 : position + 10]
        size = header[0] if header else 0
        if size <= _MAX_7_BIT:
            return position + 2, position + 2 + size
        if size not in _EXTENDED:
            return None  # masked, which a server must not do
        width, least = _EXTENDED[size]
        start = position + 2 + width
        if len(header) <= width:
            return start, start
        size = int.from_bytes(header[1 : 1 + width], "big")
        return (start, start + size) if least <= size <= self._max_size else None
