"""Core: the WebSocket text frames that a client sends (RFC 6455), built faster than the WebSocket library does.

A call sends fifty frames a second; all but the control frames are whole, final and uncompressed text messages.
"""

from collections.abc import Callable

_FINAL_TEXT = 0x81  # FIN, no reserved bit, opcode 1 (RFC 6455 §5.2)
_MASKED = 0x80
_MAX_7_BIT = 125
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
