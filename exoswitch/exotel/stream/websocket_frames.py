"""Core: the short way for WebSocket text frames (RFC 6455), past the WebSocket library and both ways.

A call moves a hundred such frames a second, nearly all of them small, whole, final and uncompressed. Only those are
built and recognised here; everything else (control frames, fragments, what breaks the protocol) is somebody else's.
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

    `entropy` gives that many unpredictable bytes (RFC 6455 §10.3 asks for a strong source); it is asked for many
    masks at once, because a system call for each would cost about as much as the rest.
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
        # One XOR of two big integers is several times quicker than a loop over the bytes.
        pattern = int.from_bytes((mask * ((size + 3) >> 2))[:size], "little")
        masked = (int.from_bytes(payload, "little") ^ pattern).to_bytes(size, "little")
        return head + mask + masked


class ServerFrames:
    """Takes whole text messages from the head of what a server sends, for as long as there is nothing else there.

    A message whose end has not come yet is held, so that a burst which was cut anywhere stays on the short way;
    what is held never exceeds one message of `max_size` bytes and the data that completed it.
    """

    __slots__ = ("_held", "_max_size", "_needed")

    def __init__(self, max_size: int) -> None:
        self._max_size = max_size
        self._held = bytearray()
        self._needed = 0

    def feed(self, data: bytes) -> tuple[list[bytes], bytes]:
        """Take in data; give the messages that are complete, and what is not ours from its first byte on."""
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
        """Give back the data that is held, which is then no longer ours."""
        held = bytes(self._held)
        self._held.clear()
        return held

    def _measure(self, data: bytes, position: int) -> tuple[int, int] | None:
        """Say where the payload of the frame at `position` begins and ends; None where the frame is not for us.

        Of an incomplete header only its own end is told, which then lies beyond the data.
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
