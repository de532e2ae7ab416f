"""Core: variants of a bot's URL for one call: other credentials, other parameters, another sample rate."""

from collections.abc import Callable
from urllib.parse import quote, unquote, urlsplit, urlunsplit

from exoswitch.call.bot_address import SAMPLE_RATE_KEYS, SAMPLE_RATES_HZ, is_resolver, parse_address


def has_credentials(url: str) -> bool:
    """Whether the URL has credentials, as ``wss://user:password@…``."""
    return "@" in urlsplit(url).netloc


def has_parameters(url: str) -> bool:
    """Whether the URL has a query parameter besides the sample rate."""
    return bool(_split_query(url)[1])


def sample_rate_hz(url: str) -> int:
    """Give the sample rate that the bot's URL asks for; a resolver's URL asks for none."""
    return SAMPLE_RATES_HZ[0] if is_resolver(url) else parse_address(url).sample_rate_hz


def without_credentials(url: str) -> str:
    """Remove the credentials."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


def with_wrong_password(url: str) -> str:
    """Keep the user and replace the password."""
    parts = urlsplit(url)
    credentials, _, authority = parts.netloc.rpartition("@")
    user = credentials.partition(":")[0]
    return urlunsplit(parts._replace(netloc=f"{user}:{quote('no-such-password')}@{authority}"))


def without_parameters(url: str) -> str:
    """Remove the query, except the sample rate."""
    return _with_query(url, _split_query(url)[0])


def with_parameter(text: str) -> Callable[[str], str]:
    """Add this text to the query, unchanged."""
    return lambda url: _with_query(url, [*filter(None, [urlsplit(url).query]), text])


def at_rate(rate_hz: int) -> Callable[[str], str]:
    """Ask for another sample rate."""
    return lambda url: _with_query(url, [*_split_query(url)[1], f"sample-rate={rate_hz}"])


def _split_query(url: str) -> tuple[list[str], list[str]]:
    """Give the sample rate's pairs of the query, and the other pairs."""
    pairs = [pair for pair in urlsplit(url).query.split("&") if pair]
    rates = [pair for pair in pairs if unquote(pair.partition("=")[0]) in SAMPLE_RATE_KEYS]
    return rates, [pair for pair in pairs if pair not in rates]


def _with_query(url: str, pairs: list[str]) -> str:
    return urlunsplit(urlsplit(url)._replace(query="&".join(pairs)))
