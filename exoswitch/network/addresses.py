"""Core: hosts, ports and Twisted's endpoint strings, by their form alone: no name is looked up."""

import re
from collections.abc import Mapping
from ipaddress import ip_address

from attrs import frozen

_LABEL = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?", re.ASCII)
_PORT = re.compile(r"[0-9]{1,5}", re.ASCII)
_PORT_MAX = 65535
_HOST_MAX = 253  # RFC 1035 §2.3.4, as text
_UNESCAPED_COLON = re.compile(r"(?<!\\):")


@frozen
class Address:
    """A host and a port."""

    host: str
    port: int

    @classmethod
    def of(cls, text: str) -> "Address":
        """Read HOST:PORT, an IPv6 address in brackets.

        Raises:
            ValueError: the text has another form.
        """
        host, _, port = text.rpartition(":")
        if host.startswith("[") and host.endswith("]"):
            return cls.checked(host[1:-1], port)
        return cls.checked("" if ":" in host else host, port)

    @classmethod
    def checked(cls, host: str, port: str) -> "Address":
        """Check a host and a port.

        Raises:
            ValueError: one of them is missing or malformed.
        """
        if is_host(host) and is_port(port):
            return cls(host, int(port))
        raise ValueError(f"not a host and a port: {host!r}, {port!r}")

    def __str__(self) -> str:
        """Give HOST:PORT, an IPv6 address in brackets."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@frozen
class Endpoint:
    """A Twisted endpoint string: its kind (``tcp``), its fields by position, and its ``key=value`` fields."""

    kind: str
    positional: tuple[str, ...]
    named: Mapping[str, str]

    @classmethod
    def of(cls, text: str) -> "Endpoint":
        r"""Split a string as Twisted does; ``\:`` is a colon."""
        kind, *fields = (field.replace("\\:", ":") for field in _UNESCAPED_COLON.split(text))
        named = dict(field.split("=", 1) for field in fields if "=" in field)
        return cls(kind, tuple(field for field in fields if "=" not in field), named)

    def value(self, key: str, position: int = 0) -> str:
        """Give a field by its key or, without one, by its position; ``""`` if there is neither."""
        return self.named.get(key, self.positional[position] if self.positional else "")

    @property
    def address(self) -> Address:
        """The host and port that a client connects to.

        Raises:
            ValueError: one of them is missing or malformed.
        """
        return Address.checked(self.value("host"), self.value("port", -1))


def is_port(text: str) -> bool:
    """Whether a text is a port from 1 to 65535."""
    return bool(_PORT.fullmatch(text)) and 0 < int(text) <= _PORT_MAX


def is_ip(text: str) -> bool:
    """Whether a text is an IP address, without brackets or a zone."""
    try:
        ip_address(text)
    except ValueError:
        return False
    return "%" not in text


def is_host(text: str) -> bool:
    """Whether a text is an IP address or a host name; 10.0.0.256 is neither."""
    *_, last = labels = text.rstrip(".").split(".")
    is_name = len(text) <= _HOST_MAX and not last.isdigit() and all(map(_LABEL.fullmatch, labels))
    return is_name or is_ip(text)
