"""SIP messages (RFC 3261 §7): parsed leniently, written exactly as they are composed."""

import re
from collections.abc import Iterable
from typing import Self

from attrs import define, field

COMPACT = {
    "b": "Referred-By",
    "c": "Content-Type",
    "e": "Content-Encoding",
    "f": "From",
    "i": "Call-ID",
    "k": "Supported",
    "l": "Content-Length",
    "m": "Contact",
    "o": "Event",
    "s": "Subject",
    "t": "To",
    "v": "Via",
    "x": "Session-Expires",
}
COPIED = ("Via", "From", "To", "Call-ID", "CSeq")
_URI = re.compile(r"(?P<scheme>sips?|tel):(?:(?P<user>[^@;>]*(?:;[^@>]*)?)@)?(?P<host>[^;:>?]+)(?::(?P<port>\d+))?")
_TAG = re.compile(r";\s*tag=([^;,\s]+)")

Headers = Iterable[tuple[str, str]]


class MalformedMessageError(ValueError):
    """The bytes are no SIP message."""


@define
class Message:
    """A request or a response: its first line, its headers in order, its body."""

    start: str
    headers: list[tuple[str, str]] = field(factory=list)
    body: bytes = b""

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Read one message; compact header names become long ones (§7.3.3), folded lines become one.

        Raises:
            MalformedMessageError: it has no first line, or a header without a colon.
        """
        head, _, body = data.partition(b"\r\n\r\n")
        lines = re.sub(r"\r\n[ \t]+", " ", head.decode(errors="replace").lstrip("\r\n")).split("\r\n")
        if "SIP/2.0" not in lines[0]:
            raise MalformedMessageError(f"no first line: {lines[0][:80]!r}")
        headers = []
        for line in lines[1:]:
            name, colon, value = line.partition(":")
            if not colon:
                raise MalformedMessageError(f"no header: {line[:80]!r}")
            name = name.strip()
            headers.append((COMPACT.get(name.lower(), name), value.strip()))
        return cls(lines[0], headers, body)

    def encode(self) -> bytes:
        """Write the message, with its Content-Length."""
        headers = "".join(f"{name}: {value}\r\n" for name, value in self.headers if name != "Content-Length")
        return f"{self.start}\r\n{headers}Content-Length: {len(self.body)}\r\n\r\n".encode() + self.body

    # --- reading

    @property
    def is_request(self) -> bool:
        """Whether it is a request."""
        return not self.start.startswith("SIP/2.0 ")

    @property
    def method(self) -> str:
        """The method of a request; of a response, the method that it answers."""
        return self.start.split(" ", 1)[0] if self.is_request else self["CSeq"].split()[1]

    @property
    def uri(self) -> str:
        """The Request-URI."""
        return self.start.split(" ")[1]

    @property
    def status(self) -> int:
        """The status of a response."""
        return int(self.start.split(" ")[1])

    @property
    def branch(self) -> str:
        """The transaction's id: the branch of the topmost Via (§17.2.3)."""
        return parameter(self["Via"], "branch")

    @property
    def call_id(self) -> str:
        """The Call-ID."""
        return self["Call-ID"]

    @property
    def cseq(self) -> int:
        """The number in CSeq."""
        return int(self["CSeq"].split()[0])

    def all(self, name: str) -> list[str]:
        """Give the values of every header of this name."""
        return [value for each, value in self.headers if each.lower() == name.lower()]

    def get(self, name: str) -> str | None:
        """Give the value of the first header of this name."""
        return next(iter(self.all(name)), None)

    def __getitem__(self, name: str) -> str:
        value = self.get(name)
        if value is None:
            raise KeyError(f"no header {name} in {self.start}")
        return value

    # --- composing

    def response(
        self, status: int, reason: str, headers: Headers = (), body: bytes = b"", *, tag: str = ""
    ) -> "Message":
        """Compose a response to this request (§8.2.6); `tag` becomes the tag of To, unless it has one."""
        copied = [(name, value) for name, value in self.headers if name in COPIED]
        if tag:
            copied = [(n, f"{v};tag={tag}" if n == "To" and not tag_of(v) else v) for n, v in copied]
        return Message(f"SIP/2.0 {status} {reason}", [*copied, *headers], body)


def parameter(value: str, name: str) -> str:
    """Give a parameter of a header's value, ``""`` if it has none."""
    found = re.search(rf";\s*{name}=\"?([^;,\s\">]+)", value, re.IGNORECASE)
    return found[1] if found else ""


def tag_of(value: str) -> str:
    """Give the tag of a From or To."""
    found = _TAG.search(value.partition(">")[2] if "<" in value else value)
    return found[1] if found else ""


def uri_of(value: str) -> str:
    """Give the URI of a From, To, Contact, Route or P-Asserted-Identity."""
    return value.partition("<")[2].partition(">")[0] if "<" in value else value.partition(";")[0]


def user_of(value: str) -> str:
    """Give the user part of the URI in a header or in a first line, without its parameters."""
    found = _URI.search(value)
    return (found["user"] or "").partition(";")[0] if found else ""


def host_of(value: str) -> str:
    """Give the host of the URI in a header or in a first line, without a port."""
    found = _URI.search(value)
    return found["host"] if found else ""
