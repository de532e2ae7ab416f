"""Core: where an Asterisk listens, read from the endpoint strings of the configuration."""

import re
from ipaddress import ip_address

from attrs import frozen

_UNESCAPED_COLON = re.compile(r"(?<!\\):")
_HOST_AND_PORT = re.compile(r"(?P<host>\[[0-9A-Fa-f:.]+\]|[^:\[\]\s;]+):(?P<port>[0-9]+)")


@frozen
class Address:
    """A host and a port; `tls` says whether TLS is spoken there."""

    host: str
    port: int
    tls: bool = False

    def __str__(self) -> str:
        """Give HOST:PORT, an IPv6 address in brackets."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def is_ip(host: str) -> bool:
    """Whether a host is written as an IP address."""
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def ami_address(endpoint: str) -> Address:
    r"""Read a Twisted client endpoint string: ``tcp:HOST:PORT`` or ``tls:HOST:PORT``, in either of its spellings.

    Raises:
        ValueError: it is of another kind, or says no host or no port.
    """
    kind, *fields = (field.replace("\\:", ":") for field in _UNESCAPED_COLON.split(endpoint))
    if kind not in {"tcp", "tls"}:
        raise ValueError(f"Asterisk's AMI cannot listen on {kind!r}: give tcp:HOST:PORT or tls:HOST:PORT")
    positional = [field for field in fields if "=" not in field]
    named = dict(field.split("=", 1) for field in fields if "=" in field)
    host, port = (*positional, *(named[key] for key in ("host", "port") if key in named))[:2] or ("", "")
    return Address(host, _port(port), tls=kind == "tls")


def sip_address(text: str) -> Address:
    """Read HOST:PORT of the SIP transport.

    Raises:
        ValueError: it is not of that form.
    """
    match = _HOST_AND_PORT.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is no address: give HOST:PORT, e.g. 0.0.0.0:5060")
    return Address(match["host"].strip("[]"), _port(match["port"]))


def _port(text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) < 65536:
        raise ValueError(f"{text!r} is no port: give a number from 1 to 65535")
    return int(text)
