"""Port: hosts, endpoint strings and URLs in the configuration, checked by their form alone.

Each function reads one kind, and raises Unreadable for a text that is not of it.
"""

import ipaddress
import re
from pathlib import Path
from urllib.parse import urlsplit

from exoswitch.call.bot_address import is_resolver, parse_address, parse_resolver
from exoswitch.config.kinds import Unreadable, nearest
from exoswitch.errors import InvalidValue
from exoswitch.fleet.redis.address import parse_redis_url
from exoswitch.network.addresses import Address, Endpoint, is_host, is_port
from exoswitch.store.postgres_address import has_stray_at

_URL_MAX = 600  # Exotel: the URL of a stream is shorter than 600 characters
_CLIENTS = ("tcp", "tls", "unix")  # not ssl: it does not check for which host a certificate is
_WIDEST = {4: 8, 6: 16}  # a shorter prefix takes in networks of others, as 0.0.0.0/1 does
_SQLITE = "sqlite:///"  # as in SQLAlchemy: a path follows, and a fourth slash makes it absolute
_BASE_URL = re.compile(r"https?://[A-Za-z0-9._-]+(:[0-9]{1,5})?/?", re.ASCII)
_SERVERS = ("tcp", "tcp6", "ssl", "tls", "unix", "systemd")


def ipv4(text: str) -> str:
    """Read an IPv4 address."""
    try:
        return str(ipaddress.IPv4Address(text))
    except ValueError:
        raise Unreadable("must be an IPv4 address, such as 10.0.0.5") from None


def reachable_ipv4(text: str) -> str:
    """Read an IPv4 address of one machine, to which others can send."""
    address = ipaddress.IPv4Address(ipv4(text))
    if address.is_unspecified or address.is_multicast or address.is_reserved:
        raise Unreadable(f"must be the address of one machine, and {address} is none; write one such as 10.0.0.5")
    return str(address)


def public_address(text: str) -> str:
    """Read an IPv4 address of one machine; ``""`` is none."""
    return reachable_ipv4(text) if text else ""


def proxy(text: str) -> str:
    """Read the IP address of a proxy, or ``unix``."""
    try:
        return text if text == "unix" else str(ipaddress.ip_address(_without_zone(text)))
    except ValueError:
        raise Unreadable("must be an IP address, or unix for the clients of a UNIX socket") from None


def network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    """Read a range of IP addresses: ``10.8.0.0/16``, or one address."""
    try:
        return ipaddress.ip_network(_without_zone(text))
    except ValueError:
        raise Unreadable("must be a range of IP addresses from its first one on, such as 10.8.0.0/16") from None


def carrier_network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    """Read a range of addresses of a carrier; a route for a wider one would lead other traffic into its VPN."""
    networks = network(text)
    if networks.prefixlen < _WIDEST[networks.version]:
        raise Unreadable(
            f"must be a range that the carrier named, at most a /{_WIDEST[networks.version]}: "
            "a route for a wider one would lead other traffic to the carrier"
        )
    return networks


def stream_host(text: str) -> str:
    """Read a host name or IP address, with a port or for all ports: ``voice_bot:8080``, ``10.8.0.5``."""
    if is_host(text):
        return text.lower().rstrip(".")
    try:
        address = Address.of(text)
    except ValueError:
        raise Unreadable("must be a host or a host with its port, written as voice_bot:8080") from None
    return str(Address(address.host.lower().rstrip("."), address.port))


def host(text: str) -> str:
    """Read an IP address or a host name that may stand in a SIP URI (RFC 3261 §25.1)."""
    if is_host(text) and "_" not in text and not text.endswith("."):
        return text
    raise Unreadable("must be an IP address or a host name")


def host_and_port(text: str) -> str:
    """Read ``0.0.0.0:5060``."""
    try:
        Address.of(text)
    except ValueError:
        raise Unreadable("must be an address and a port, written as 0.0.0.0:5060") from None
    return text


def client_endpoint(text: str) -> str:
    """Read a Twisted client endpoint string: ``tcp:10.0.1.5:5038``, ``tls:pbx.example.org:5039``."""
    endpoint = _endpoint(text, _CLIENTS)
    try:
        if endpoint.kind != "unix":
            _ = endpoint.address
    except ValueError:
        raise Unreadable("must name a host and a port, written as tcp:10.0.1.5:5038") from None
    return text


def server_endpoint(text: str) -> str:
    """Read a Twisted server endpoint string: ``tcp:8080:interface=127.0.0.1``, ``unix:/run/exoswitch/http``."""
    endpoint = _endpoint(text, _SERVERS)
    if endpoint.kind in {"unix", "systemd"} or is_port(endpoint.value("port")):
        return text
    raise Unreadable("must name a port, written as tcp:8080:interface=127.0.0.1")


def metrics_endpoint(text: str) -> str:
    """Read the server endpoint of ``/metrics``; an empty one is that of the REST API."""
    return server_endpoint(text) if text else ""


def interface_of(text: str) -> str | None:
    """Give the interface that a server endpoint binds: ``""`` means all; None means that it is not TCP."""
    endpoint = Endpoint.of(text)
    if endpoint.kind in {"unix", "systemd"}:
        return None
    interface = endpoint.named.get("interface", "")
    return "" if interface in {"0.0.0.0", "::"} else interface  # noqa: S104 - compared, not bound


def is_same_server(one: str, other: str) -> bool:
    """Whether two server endpoints bind the same TCP port on the same interface, or one of them on all."""
    interfaces = {interface_of(one), interface_of(other)}
    ports = {Endpoint.of(endpoint).value("port") for endpoint in (one, other)}
    return None not in interfaces and len(ports) == 1 and (len(interfaces) == 1 or "" in interfaces)


def base_url(text: str) -> str:
    """Read the beginning of a URL, without a path: ``https://exoswitch.example.org``; ``""`` is none."""
    if text and not _BASE_URL.fullmatch(text):
        raise Unreadable(
            "must be http:// or https:// with a host, such as https://exoswitch.example.org, and no path"
        )
    return text.rstrip("/")


def bot_url(text: str) -> str:
    """Read the URL of a bot or of its resolver."""
    if len(text) >= _URL_MAX:
        raise Unreadable(f"must be shorter than {_URL_MAX} characters")
    try:
        parse = parse_resolver if is_resolver(text) else parse_address
        parse(text)
    except InvalidValue as error:
        raise Unreadable(f"cannot be used: {error}") from None
    return text


def passthru_url(text: str) -> str:
    """Read the URL of a passthru; its query stays as it is written."""
    try:
        parse_resolver(text)
    except InvalidValue:
        raise Unreadable(
            "must be written as http://host[:port]/path or https://…: printable ASCII characters without a fragment"
        ) from None
    return text


def cluster(text: str) -> str:
    """Read the address of the fleet's Redis, ``redis://…``; ``""`` is none."""
    if text:
        try:
            parse_redis_url(text)
        except InvalidValue as error:
            raise Unreadable(str(error)) from None
    return text


def session_store(text: str) -> str:
    """Read the address of the session store: ``sqlite:///exoswitch.db``, ``postgresql://…``, or ``memory``."""
    if text.startswith("postgresql://") and has_stray_at(text):
        raise Unreadable("has an @ or a / in its user or password: write them as %40 and %2F")
    if text == "memory" or sqlite_path(text) or is_postgres(text):
        return text
    raise Unreadable("must be sqlite:///PATH, postgresql://USER:PASSWORD@HOST/DATABASE, or memory")


def sqlite_path(text: str) -> str:
    """Give the path of the file in the address of a session store; ``""`` if it has none."""
    path = text.removeprefix(_SQLITE)
    return path if path != text and path.isprintable() else ""


def is_postgres(text: str) -> bool:
    """Whether libpq finds a database in an address (PostgreSQL 15 documentation §34.1.1.2)."""
    try:
        parts = urlsplit(text)
        _ = parts.port
    except ValueError:
        return False
    return parts.scheme == "postgresql" and bool(parts.hostname) and len(parts.path) > 1 and text.isprintable()


def beside(text: str, folder: Path) -> str:
    """Give the address of a session store with an absolute path; a relative one starts at `folder`."""
    path = sqlite_path(text)
    return f"{_SQLITE}{folder.absolute() / path}" if path else text


def _without_zone(text: str) -> str:
    """Give an address as it is; Python takes any text for a zone (``fe80::1%eth0``), line ends and signs included.

    Raises:
        ValueError: it has a zone.
    """
    if "%" in text:
        raise ValueError("an address with a zone")
    return text


def _endpoint(text: str, kinds: tuple[str, ...]) -> Endpoint:
    endpoint = Endpoint.of(text)
    if endpoint.kind not in kinds:
        guess = nearest(endpoint.kind, kinds)
        raise Unreadable(f"must be an endpoint that begins with one of {', '.join(kinds)}{guess}")
    path = endpoint.named.get("address", endpoint.value("path"))
    if endpoint.kind == "unix" and not path.startswith("/"):
        raise Unreadable("must name a socket by its absolute path, written as unix:/run/exoswitch/socket")
    return endpoint
