"""Core: the messages of the Asterisk Manager Interface (AMI), and their bytes.

A message is a block of ``Name: value`` lines that ends with an empty line. Names may repeat (``Variable``,
``Output``) and are compared without regard to case: Asterisk itself writes ``CommandID`` here, ``CommandId`` there. A
server begins with one line that is no message: ``Asterisk Call Manager/11.0.0``.
"""

from functools import cached_property

from attrs import field, frozen

from exoswitch.errors import LocalProtocolError, RemoteProtocolError

GREETING = b"Asterisk Call Manager/"
LONGEST_GREETING = 256
LONGEST_ACTION_LINE = 1024  # Asterisk's buffer for one line, with its end: a longer one is discarded (main/manager.c)

_END_OF_LINE = b"\r\n"
_END = b"\r\n\r\n"
_EVENT = b"Event: "
_ACTION_ID = b"\r\nActionID: "
_FORBIDDEN = frozenset("\r\n\0")
_MAY_REPEAT = frozenset({"output", "chanvariable", "destchanvariable"})


@frozen
class AmiMessage:
    """One action, response or event: its headers in their order, repeated ones included."""

    headers: tuple[tuple[str, str], ...] = field(repr=False)

    @classmethod
    def action(cls, name: str, *headers: tuple[str, str]) -> "AmiMessage":
        """Make a request to Asterisk."""
        return cls((("Action", name), *headers))

    @cached_property
    def _first(self) -> dict[str, str]:
        return {name.lower(): value for name, value in reversed(self.headers)}

    def get(self, name: str, default: str = "") -> str:
        """Give the value of the first header of this name."""
        return self._first.get(name.lower(), default)

    def get_all(self, name: str) -> tuple[str, ...]:
        """Give the values of every header of this name, in their order."""
        wanted = name.lower()
        return tuple(value for header, value in self.headers if header.lower() == wanted)

    @property
    def event(self) -> str:
        """The event's name; empty if the message is not an event. Asterisk writes it first."""
        return self.headers[0][1] if self.headers and self.headers[0][0] == "Event" else ""

    @property
    def foreign(self) -> str:
        """Say why this is no message that Asterisk writes; empty if it is one.

        Asterisk 22.10 writes a caller's number and extension as they come, line ends included. So a caller can add
        headers to an event, or cut it in two. The added headers repeat those that Asterisk itself writes, and the
        second part does not begin like a message.
        """
        if self.headers[0][0] not in {"Event", "Response"}:
            return "it begins with neither Event nor Response"
        if len(self._first) < len(self.headers):
            names = [name.lower() for name, _ in self.headers]
            if len([name for name in names if name not in _MAY_REPEAT]) > len(self._first.keys() - _MAY_REPEAT):
                return "a header is repeated"
        return ""

    @property
    def action_id(self) -> str:
        """The ID that a response, and the events that belong to it, share with their action."""
        return self.get("ActionID")

    @property
    def succeeded(self) -> bool:
        """Whether a response says that Asterisk has done or queued the action."""
        return self.get("Response") in {"Success", "Goodbye"}

    def __repr__(self) -> str:
        """Show the kind of message, and no secret or number."""
        return f"<AmiMessage {': '.join(self.headers[0]) if self.headers else 'empty'}, {len(self.headers)} headers>"


def encode(message: AmiMessage) -> bytes:
    """Write a message as bytes.

    Raises:
        LocalProtocolError: a header cannot be written, for instance because a line feed in it would add another.
    """
    if not message.headers:
        raise LocalProtocolError("an AMI message has at least one header")
    lines = [_encode_header(name, value) for name, value in message.headers]
    if message.headers[0][0] == "Action":
        longest = max(map(len, lines)) + len(_END_OF_LINE)
        if longest > LONGEST_ACTION_LINE:
            raise LocalProtocolError(f"a line of {longest} bytes: Asterisk discards more than {LONGEST_ACTION_LINE}")
    return _END_OF_LINE.join(lines) + _END


def _encode_header(name: str, value: str) -> bytes:
    if not name or ":" in name or _FORBIDDEN.intersection(name):
        raise LocalProtocolError(f"{name!r} cannot be the name of an AMI header")
    if _FORBIDDEN.intersection(value):
        raise LocalProtocolError(f"the value of AMI header {name} holds a line end or a NUL")
    try:
        return f"{name}: {value}".encode()
    except UnicodeEncodeError as problem:
        raise LocalProtocolError(f"AMI header {name} cannot be written as UTF-8") from problem


@frozen(kw_only=True)
class AmiLimits:
    """The largest message that is read; a larger one means that the sender is broken."""

    message_bytes: int = 1 << 20
    line_bytes: int = 1 << 16
    headers: int = 20_000


class AmiDecoder:
    """Turns the bytes of a connection into messages.

    Asterisk raises some 75 events a call, and we use few of them. An event whose name is not in `wanted` is skipped
    after its first line, undecoded, unless it has an ActionID and so answers an action. Without `wanted`, every
    message is given. `greeting` says whether the other side begins with a greeting: a server does, a client does not.
    """

    def __init__(
        self, *, wanted: frozenset[str] | None = None, greeting: bool = True, limits: AmiLimits | None = None
    ) -> None:
        self._wanted = None if wanted is None else frozenset(name.encode() for name in wanted)
        self._awaits_greeting = greeting
        self._limits = AmiLimits() if limits is None else limits
        self._buffer = bytearray()
        self._searched = 0

    def feed(self, data: bytes) -> list[AmiMessage]:
        """Take the next bytes, and give the messages that they complete.

        Raises:
            RemoteProtocolError: this is not AMI, or a limit is exceeded; the connection cannot be used any further.
        """
        buffer = self._buffer
        buffer += data
        if self._awaits_greeting and not self._read_greeting():
            return []
        messages: list[AmiMessage] = []
        begin, longest = 0, self._limits.message_bytes
        while (end := buffer.find(_END, max(begin, self._searched))) >= 0:
            if end - begin > longest:
                raise RemoteProtocolError(f"an AMI message is longer than {longest} bytes")
            if end > begin:
                self._read_block(begin, end, messages)
            begin = end + len(_END)
        del buffer[:begin]
        if len(buffer) >= longest + len(_END):
            raise RemoteProtocolError(f"an AMI message is longer than {longest} bytes")
        self._searched = max(0, len(buffer) - len(_END) + 1)
        return messages

    def _read_greeting(self) -> bool:
        line, end, rest = self._buffer.partition(_END_OF_LINE)
        if not line.startswith(GREETING[: len(line)]) or len(line) > LONGEST_GREETING:
            raise RemoteProtocolError("no AMI greeting: the program that listens there is not Asterisk's manager")
        if not end:
            return False
        if len(line) < len(GREETING):
            raise RemoteProtocolError("the AMI greeting is cut short")
        self._awaits_greeting = False
        self._buffer[:] = rest
        return True

    def _read_block(self, begin: int, end: int, messages: list[AmiMessage]) -> None:
        buffer, wanted = self._buffer, self._wanted
        if wanted is not None and buffer.startswith(_EVENT, begin):
            end_of_line = buffer.find(_END_OF_LINE, begin, end)
            name = buffer[begin + len(_EVENT) : end if end_of_line < 0 else end_of_line]
            if bytes(name) not in wanted and buffer.find(_ACTION_ID, begin, end) < 0:
                return
        headers = self._read_headers(buffer[begin:end])
        if headers:
            messages.append(AmiMessage(headers))

    def _read_headers(self, block: bytearray) -> tuple[tuple[str, str], ...]:
        """Read lines; a line without a colon is the rest of a value that held a line end, and is dropped."""
        limits = self._limits
        lines = block.split(_END_OF_LINE)
        if len(lines) > limits.headers:
            raise RemoteProtocolError(f"an AMI message has more than {limits.headers} headers")
        if len(block) > limits.line_bytes and max(map(len, lines)) > limits.line_bytes:
            raise RemoteProtocolError(f"an AMI line is longer than {limits.line_bytes} bytes")
        headers = []
        for line in block.decode("utf-8", "replace").split("\r\n"):
            name, colon, value = line.partition(":")
            if colon:
                headers.append((name, value.removeprefix(" ")))
        return tuple(headers)
