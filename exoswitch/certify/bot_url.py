"""Core: a bot's URL, changed for one call: other credentials, other parameters, another rate."""

from collections.abc import Callable
from urllib.parse import quote, unquote, urlsplit, urlunsplit

_RATE_KEYS = ("sample-rate", "sample_rate")  # both spellings are in Exotel's samples


def has_credentials(url: str) -> bool:
    """Whether the URL says who calls, as ``wss://user:password@…``."""
    return "@" in urlsplit(url).netloc


def has_parameters(url: str) -> bool:
    """Whether the URL has a query besides the rate."""
    return bool(_parameters(url))


def without_credentials(url: str) -> str:
    """Leave the credentials out."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


def with_wrong_password(url: str) -> str:
    """Say the right user, and a password that nobody has."""
    parts = urlsplit(url)
    credentials, _, authority = parts.netloc.rpartition("@")
    user = credentials.partition(":")[0]
    return urlunsplit(parts._replace(netloc=f"{user}:{quote('no-such-password')}@{authority}"))


def without_parameters(url: str) -> str:
    """Leave the query out, but for the rate."""
    parts = urlsplit(url)
    kept = [pair for pair in parts.query.split("&") if _key(pair) in _RATE_KEYS]
    return urlunsplit(parts._replace(query="&".join(kept)))


def with_parameter(text: str) -> Callable[[str], str]:
    """Add something to the query, as it stands."""

    def changed(url: str) -> str:
        parts = urlsplit(url)
        return urlunsplit(parts._replace(query=f"{parts.query}&{text}" if parts.query else text))

    return changed


def at_rate(rate_hz: int) -> Callable[[str], str]:
    """Ask for another sample rate."""

    def changed(url: str) -> str:
        parts = urlsplit(url)
        kept = [pair for pair in parts.query.split("&") if pair and _key(pair) not in _RATE_KEYS]
        return urlunsplit(parts._replace(query="&".join([*kept, f"sample-rate={rate_hz}"])))

    return changed


def _parameters(url: str) -> list[str]:
    return [pair for pair in urlsplit(url).query.split("&") if pair and _key(pair) not in _RATE_KEYS]


def _key(pair: str) -> str:
    return unquote(pair.partition("=")[0])
