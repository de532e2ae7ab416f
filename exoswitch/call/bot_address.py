"""Core: the URL of a bot or of its resolver, read as Exotel's client, written in Go, reads it (spec §1).

Credentials move from the URL to an ``Authorization`` header. The path and the query stay unchanged. The query also
becomes the stream's custom parameters.
"""

import base64
import html
from urllib.parse import parse_qsl, quote, unquote_to_bytes, urlsplit

from attrs import evolve, field, frozen

from exoswitch.errors import InvalidValue
from exoswitch.network.addresses import is_host

MAX_CUSTOM_PARAMETERS = 3
"""The number of query keys that Exotel passes on (spec §1, article 3000108630)."""

MAX_CUSTOM_CHARACTERS = 256
"""The number of query characters that Exotel reads for them."""

RESUMPTION = {"resumption": "true"}
"""The custom parameter of a resumed call; it is exoswitch's own, Exotel has none."""

SAMPLE_RATES_HZ = (8000, 16000, 24000)
"""The rates that a bot's URL may ask for with ``sample-rate=``; the first is the default (spec §1)."""

SAMPLE_RATE_KEYS = frozenset({"sample-rate", "sample_rate"})
"""The keys of the query that ask for a rate: both spellings are in Exotel's samples."""

_SHOWN = 60
_PORTS = {"ws": 80, "http": 80, "wss": 443, "https": 443}
_TLS = {"wss", "https"}
_WEBSOCKET = ("ws", "wss")
_RESOLVER = ("http", "https")


@frozen(kw_only=True)
class BotAddress:
    """The address of a bot or of its resolver, and the parts of the request to it.

    `authority` is the ``Host`` header: the host as the URL has it, with a port only where the URL has one.
    `authorization` is a whole header value, `resource` the path with its query; `sample_rate_hz` is that of the
    audio, both ways. `is_resumed` says that the bot has been connected to this call before.
    """

    secure: bool
    host: str
    port: int
    authority: str
    resource: str = field(repr=False)
    authorization: str | None = field(default=None, repr=False)
    sample_rate_hz: int = SAMPLE_RATES_HZ[0]
    is_resumed: bool = False

    def custom_parameters(self, *, sample_rate: bool = False, custom_field: str | None = None) -> dict[str, str]:
        """Read the query as Go does: ``voice/UUID`` is a key with an empty value, and the first of equal keys counts.

        `sample_rate` includes the key that asks for a rate. If the query has no other key, `custom_field` is the
        parameter: its text, escaped for HTML, is a key with an empty value (two bots read it there; spec §1).
        `RESUMPTION` comes on top of Exotel's limits.
        """
        parameters: dict[str, str] = {}
        query = self.resource.partition("?")[2]
        for key, value in parse_qsl(query[:MAX_CUSTOM_CHARACTERS], keep_blank_values=True, errors="replace"):
            if (sample_rate or key not in SAMPLE_RATE_KEYS) and len(parameters) < MAX_CUSTOM_PARAMETERS:
                parameters.setdefault(key, value)
        if custom_field is not None and parameters.keys() <= SAMPLE_RATE_KEYS:
            parameters = {html.escape(custom_field): ""} | parameters
        return parameters | RESUMPTION if self.is_resumed else parameters

    @property
    def url(self) -> str:
        """The URL without its credentials; its query may hold secrets."""
        return f"{'wss' if self.secure else 'ws'}://{self.authority}{self.resource}"

    def __str__(self) -> str:
        """Name the bot without its secrets: ``bot.example.org:443``."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def parse_address(url: str) -> BotAddress:
    """Parse a bot's URL.

    Raises:
        InvalidValue: this is no URL of a bot; the text never repeats the URL's credentials.
    """
    address = _parse(url, _WEBSOCKET)
    return evolve(address, sample_rate_hz=_sample_rate_hz(address.resource.partition("?")[2]))


def parse_resolver(url: str) -> BotAddress:
    """Parse the URL of a resolver, which gives the bot's address over HTTP.

    Raises:
        InvalidValue: as `parse_address` does.
    """
    return _parse(url, _RESOLVER)


def parse_web(url: str, what: str) -> BotAddress:
    """Parse an http(s) URL that a dialer has named; `what` begins the text of an error.

    Raises:
        InvalidValue: as `parse_address` does.
    """
    return _parse(url, _RESOLVER, what)


def is_resolver(url: str) -> bool:
    """Whether a bot's URL is that of a resolver."""
    return url.partition("://")[0].lower() in _RESOLVER


def _parse(url: str, schemes: tuple[str, str], what: str = "a bot's URL") -> BotAddress:
    plain, secure = schemes
    form = f"{what} must be written as {plain}://host[:port]/path or {secure}://…"
    if not url.isascii() or not url.isprintable() or " " in url:
        raise InvalidValue(
            f"{what} may hold printable ASCII characters without spaces only: percent-encode all others"
        )
    scheme, _, rest = url.partition("://")
    try:
        parts = urlsplit(url)
        port = _PORTS.get(scheme.lower(), 0) if parts.port is None else parts.port
        host = parts.hostname or ""
    except ValueError as error:
        raise InvalidValue(form) from error
    if scheme.lower() not in schemes or not (host and port):
        raise InvalidValue(form)
    if not is_host(host):
        raise InvalidValue(f"{what} has the host {host[:_SHOWN]!r}, which is neither an IP address nor a host name")
    if parts.fragment:
        raise InvalidValue(f"{what} may not hold a fragment (#…): leave it out")
    credentials, _, authority = parts.netloc.rpartition("@")
    if "[" in authority[1:] or authority.partition("]")[2][:1] not in {"", ":"}:
        raise InvalidValue(form)  # urlsplit ignores text beside the brackets
    resource = rest[len(parts.netloc) :].removesuffix("#")
    return BotAddress(
        secure=scheme.lower() in _TLS,
        host=host,
        port=port,
        authority=authority,
        resource=resource if resource.startswith("/") else "/" + resource,
        authorization=_basic(credentials) if credentials else None,
    )


def _basic(credentials: str) -> str:
    user, _, password = credentials.partition(":")
    pair = unquote_to_bytes(user) + b":" + unquote_to_bytes(password)
    return "Basic " + base64.b64encode(pair).decode("ascii")


def _sample_rate_hz(query: str) -> int:
    for key, value in parse_qsl(query, keep_blank_values=True):
        if key in SAMPLE_RATE_KEYS:
            if value not in map(str, SAMPLE_RATES_HZ):
                *some, last = SAMPLE_RATES_HZ
                raise InvalidValue(
                    f"{key}={quote(value[:20])} cannot be served: write {key}={', '.join(map(str, some))} or {last}, "
                    f"or leave it out for {SAMPLE_RATES_HZ[0]}"
                )
            return int(value)
    return SAMPLE_RATES_HZ[0]
