"""Port: hosts, endpoint strings and URLs in the configuration, checked in their shape alone: nothing is looked up."""

import ipaddress
import re
from pathlib import Path
from urllib.parse import urlsplit

from exoswitch.call.bot_address import is_resolver, parse_address, parse_resolver
from exoswitch.config.kinds import Unreadable, nearest
from exoswitch.errors import InvalidRequest
from exoswitch.fleet.redis.address import parse_redis_url

_HOST_LABEL = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?", re.ASCII)
_PORT = re.compile(r"[0-9]{1,5}", re.ASCII)
_UNESCAPED_COLON = re.compile(r"(?<!\\):")
_HOST_MAX = 253  # RFC 1035 §2.3.4, as text
_PORT_MAX = 65535
_URL_MAX = 600  # Exotel: the whole URL of a stream is shorter than 600 characters
_CLIENTS = ("tcp", "tls", "ssl", "unix")
_SQLITE = "sqlite:///"  # as SQLAlchemy writes it: what follows is a path, and a fourth slash begins a full one
_SERVERS = ("tcp", "tcp6", "ssl", "tls", "unix", "systemd")


def ipv4(text: str) -> str:
    """Read an IPv4 address."""
    try:
        return str(ipaddress.IPv4Address(text))
    except ValueError:
        raise Unreadable("must be an IPv4 address, such as 10.0.0.5") from None


def host(text: str) -> str:
    """Read an IP address or a host name."""
    if _is_host(text):
        return text
    raise Unreadable("must be an IP address or a host name")


def host_and_port(text: str) -> str:
    """Read ``0.0.0.0:5060``."""
    address, _, port = text.rpartition(":")
    if _is_host(address) and _is_port(port):
        return text
    raise Unreadable("must be an address and a port, written as 0.0.0.0:5060")


def client_endpoint(text: str) -> str:
    """Read a Twisted client endpoint string: ``tcp:10.0.1.5:5038``, ``tls:pbx.example.org:5039``."""
    kind, positional, named = _endpoint(text, _CLIENTS)
    if kind == "unix":
        return _with_path(text, positional, named)
    address = named.get("host", positional[0] if positional else "")
    port = named.get("port", positional[-1] if positional else "")
    if _is_host(address) and _is_port(port):
        return text
    raise Unreadable("must name a host and a port, written as tcp:10.0.1.5:5038")


def server_endpoint(text: str) -> str:
    """Read a Twisted server endpoint string: ``tcp:8080:interface=127.0.0.1``, ``unix:/run/exoswitch/http``."""
    kind, positional, named = _endpoint(text, _SERVERS)
    if kind == "systemd":
        return text
    if kind == "unix":
        return _with_path(text, positional, named)
    if _is_port(named.get("port", positional[0] if positional else "")):
        return text
    raise Unreadable("must name a port, written as tcp:8080:interface=127.0.0.1")


def interface_of(endpoint: str) -> str | None:
    """Give the interface that a TCP server endpoint binds: ``""`` means all; None if it is not reached by TCP."""
    kind, _, named = _endpoint(endpoint, _SERVERS)
    if kind in {"unix", "systemd"}:
        return None
    interface = named.get("interface", "").replace("\\", "")
    return "" if interface in {"0.0.0.0", "::"} else interface  # noqa: S104 - compared, not bound


def bot_url(text: str) -> str:
    """Read the URL of a bot or of its resolver; a sample rate that is not served is refused by name."""
    if len(text) >= _URL_MAX:
        raise Unreadable(f"must be shorter than {_URL_MAX} characters")
    try:
        parse = parse_resolver if is_resolver(text) else parse_address
        parse(text)
    except InvalidRequest as refusal:
        raise Unreadable(f"cannot be used: {refusal}") from None
    return text


def cluster(text: str) -> str:
    """Read where the fleet's counts are kept: ``redis://…``, or nothing, which is in this process."""
    if text:
        try:
            parse_redis_url(text)
        except InvalidRequest as refusal:
            raise Unreadable(str(refusal)) from None
    return text


def session_store(text: str) -> str:
    """Read where sessions are kept: ``sqlite:///exoswitch.db``, ``postgresql://…``, or ``memory``."""
    if text == "memory" or sqlite_path(text) or is_postgres(text):
        return text
    raise Unreadable("must be sqlite:///PATH, postgresql://USER:PASSWORD@HOST/DATABASE, or memory")


def sqlite_path(text: str) -> str:
    """Give the path of the file that an address of a session store names; ``""`` if it names none."""
    path = text.removeprefix(_SQLITE)
    return path if path != text and path.isprintable() else ""


def is_postgres(text: str) -> bool:
    """Say whether libpq would find a database in an address (PostgreSQL 15 documentation §34.1.1.2)."""
    try:
        parts = urlsplit(text)
        _ = parts.port
    except ValueError:
        return False
    return parts.scheme == "postgresql" and bool(parts.hostname) and len(parts.path) > 1 and text.isprintable()


def beside(text: str, folder: Path) -> str:
    """Give the address of a session store with its path in full; a relative one begins in `folder`."""
    path = sqlite_path(text)
    return f"{_SQLITE}{folder.absolute() / path}" if path else text


def _endpoint(text: str, kinds: tuple[str, ...]) -> tuple[str, list[str], dict[str, str]]:
    """Split an endpoint string as Twisted does: its kind, the positional fields, and the ``key=value`` ones."""
    kind, *fields = _UNESCAPED_COLON.split(text)
    if kind not in kinds:
        raise Unreadable(f"must be an endpoint that begins with one of {', '.join(kinds)}" + nearest(kind, kinds))
    named = dict(field.split("=", 1) for field in fields if "=" in field)
    return kind, [field for field in fields if "=" not in field], named


def _with_path(text: str, positional: list[str], named: dict[str, str]) -> str:
    path = named.get("address", named.get("path", positional[0] if positional else ""))
    if not path.startswith("/"):
        raise Unreadable("must name a socket by its full path, written as unix:/run/exoswitch/socket")
    return text


def _is_port(text: str) -> bool:
    return bool(_PORT.fullmatch(text)) and 0 < int(text) <= _PORT_MAX


def _is_host(text: str) -> bool:
    unescaped = text.replace("\\:", ":")
    try:
        ipaddress.ip_address(unescaped.strip("[]"))
    except ValueError:
        labels = text.rstrip(".").split(".")
        numeric = labels[-1].isdigit()  # 10.0.0.256 is a mistake, not a name
        return len(text) <= _HOST_MAX and not numeric and all(_HOST_LABEL.fullmatch(label) for label in labels)
    return True
