"""Core: the WebSocket frames that a server sends (RFC 6455), joined to messages.

At most one unfinished message is held, as bytes, without a cost for each of its fragments. The payload of a binary
message, which Exotel's protocol does not have, is not held.
"""

from enum import Enum, auto

from attrs import frozen

PROTOCOL_ERROR = 1002  # RFC 6455 §7.4.1
MESSAGE_TOO_BIG = 1009

_FINAL_TEXT = 0x81  # FIN, no reserved bit, opcode 1 (RFC 6455 §5.2)
_FINAL, _RESERVED_BITS, _OPCODE, _MASKED = 0x80, 0x70, 0x0F, 0x80
_CONTINUATION, _TEXT, _BINARY, _CLOSE, _PONG = 0, 1, 2, 8, 10
_MAX_CONTROL_BYTES = _MAX_7_BIT = 125
_MASK_BYTES = 4
_LEAST = {2: 126, 8: 0x10000}  # the least length that may be written in so many bytes
_MAX_FRAME_BYTES = (1 << 63) - 1


@frozen
class Binary:
    """A binary message of `size` bytes, which were dropped."""

    size: int


@frozen
class Control:
    """A whole, well-formed frame of control: a close, a ping or a pong."""

    frame: bytes


@frozen
class Violation:
    """The server broke the protocol or the limit of a message; `code` is the close code for it."""

    code: int
    why: str


class Step(Enum):
    """A step without a message."""

    PARTIAL = auto()


Event = bytes | Binary | Control | Violation | Step
"""`bytes` are a text message; it need not be UTF-8."""

_PARTIAL = Step.PARTIAL


class ServerFrames:
    """Reads a server's frames, one at each step. `max_size` limits a message, in bytes.

    After a violation, as after `drop_messages`, only frames of control are given.
    """

    __slots__ = ("_data", "_drops", "_is_final", "_kind", "_left", "_max_size", "_message", "_position", "_size")

    def __init__(self, max_size: int) -> None:
        self._max_size = max_size
        self._data = b""
        self._position = 0  # in the data
        self._left = 0  # bytes of the begun frame's payload that are still to come
        self._is_final = False  # whether the begun frame ends its message
        self._kind = _CONTINUATION  # of the unfinished message; there is none: continuation
        self._size = 0  # of the unfinished message, with all of its begun frame
        self._message = bytearray()
        self._drops = False

    @property
    def unfinished_bytes(self) -> int:
        """How much of an unfinished message is held."""
        return len(self._message)

    @property
    def is_between_messages(self) -> bool:
        """Whether the next frame begins a message that can be taken."""
        return not (self._data or self._left or self._drops) and self._kind == _CONTINUATION

    @property
    def has_data(self) -> bool:
        """Whether data waits for the next step."""
        return bool(self._data)

    def feed(self, data: bytes) -> None:
        """Take data of the server."""
        self._data = self._data[self._position :] + data if self._data else data
        self._position = 0

    def drop_messages(self) -> None:
        """Drop the unfinished message, and all that follow."""
        self._drops = True
        self._message = bytearray()

    def next(self) -> Event | None:
        """Take the next frame, or as much of it as has come; None if more data is needed."""
        data, position = self._data, self._position
        if position == len(data):
            self._data, self._position = b"", 0
            return None
        if self._left:
            return self._take_payload()
        measured = _measure(data, position)
        if measured is None:
            return None
        start, size = measured
        stop = start + size
        is_whole = stop <= len(data)
        if is_whole and self._is_plain(data, position, size):
            if stop == len(data):
                self._data, self._position = b"", 0
            else:
                self._position = stop
            return data[start:stop]
        if data[position] & _OPCODE >= _CLOSE and not is_whole and size <= _MAX_CONTROL_BYTES:
            return None
        return self._begin(data, position, start, size)

    def _is_plain(self, data: bytes, position: int, size: int) -> bool:
        """Find whether a frame is a text message of less than 64 KiB without a fault, as nearly all are."""
        written = data[position + 1]
        return (
            data[position] == _FINAL_TEXT
            and (written <= _MAX_7_BIT or (written == _MAX_7_BIT + 1 and size > _MAX_7_BIT))
            and size <= self._max_size
            and self._kind == _CONTINUATION
            and not self._drops
        )

    def _begin(self, data: bytes, position: int, start: int, size: int) -> Event:
        """Take a frame whose header is known."""
        fault = self._fault(data, position, start, size)
        opcode = data[position] & _OPCODE
        self._position, self._left, self._is_final = start, size, False
        if fault is not None or (self._drops and opcode < _CLOSE):
            was_dropping = self._drops
            self.drop_messages()
            return self._take_payload() if was_dropping or fault is None else fault
        if opcode >= _CLOSE:
            self._position, self._left = start + size, 0
            return Control(data[position : start + size])
        if opcode != _CONTINUATION:
            self._kind, self._size = opcode, 0
        self._size += size
        self._is_final = bool(data[position] & _FINAL)
        return self._take_payload()

    def _take_payload(self) -> Event:
        start = self._position
        stop = min(start + self._left, len(self._data))
        self._position = stop
        self._left -= stop - start
        if self._kind == _TEXT and not self._drops:
            self._message += self._data[start:stop]
        if self._left or not self._is_final or self._drops:
            return _PARTIAL
        kind, self._kind = self._kind, _CONTINUATION
        if kind == _BINARY:
            return Binary(self._size)
        message, self._message = bytes(self._message), bytearray()
        return message

    def _fault(self, data: bytes, position: int, start: int, size: int) -> Violation | None:
        """Find a violation in the header of a frame."""
        first, second = data[position], data[position + 1]
        opcode = first & _OPCODE
        begins = opcode != _CONTINUATION
        if first & _RESERVED_BITS:
            why = f"RSV = {(first & _RESERVED_BITS) >> 4} and no extension negotiated"
        elif second & _MASKED:
            why = "masked server-to-client frame"
        elif _BINARY < opcode < _CLOSE or opcode > _PONG:
            why = f"frame with reserved opcode {opcode}"
        elif size < _LEAST.get(start - position - 2, 0) or size > _MAX_FRAME_BYTES:
            why = "frame with an invalid length"
        elif opcode >= _CLOSE and (size > _MAX_CONTROL_BYTES or not first & _FINAL):
            why = "control frame that is fragmented or longer than 125 bytes"
        elif self._drops or opcode >= _CLOSE:
            return None
        elif begins != (self._kind == _CONTINUATION):
            why = f"frame with opcode {opcode} {'inside' if begins else 'outside'} a fragmented message"
        elif size + (0 if begins else self._size) > self._max_size:
            return Violation(MESSAGE_TOO_BIG, f"message longer than {self._max_size} bytes")
        else:
            return None
        return Violation(PROTOCOL_ERROR, why)


def _measure(data: bytes, position: int) -> tuple[int, int] | None:
    """Give the start of a frame's payload, and its length; None if the header is incomplete."""
    start = position + 2
    if len(data) < start:
        return None
    second = data[position + 1]
    size = second & ~_MASKED
    if size > _MAX_7_BIT:
        end = start + (2 if size == _MAX_7_BIT + 1 else 8)
        size = int.from_bytes(data[start:end], "big")
        start = end
    if second & _MASKED:
        start += _MASK_BYTES
    return (start, size) if len(data) >= start else None
