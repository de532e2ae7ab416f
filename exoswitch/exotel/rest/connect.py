"""Adapter: what the parameters of Exotel's `Calls/connect` ask for (spec §6.2).

Names of parameters are case-insensitive, and those that are not known are passed over, as Exotel does. Three ways to
ask for a bot are understood: `StreamUrl` (Voice AI), `Url` (a flow, here an app of the configuration), and a call
from the bot's own number `To` a customer.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from attrs import frozen

from exoswitch.call.bot_address import parse_address
from exoswitch.call.session import BotTarget
from exoswitch.config.model import Config
from exoswitch.errors import InvalidRequest
from exoswitch.interfaces.calls import CallRequest
from exoswitch.telephony.numbers import normalise, same_number

_MAX_URL = 600
_MAX_CUSTOM_FIELD = 128
_MAX_RING_S = 600
_MAX_DURATION_S = 14400

# http(s)://my.exotel.com/{sid}/exoml/start_voice/{app_id}, and two older forms of it
_FLOW = re.compile(r"https?://[^/]+(?:/(?P<account>[^/]+))?/exoml/start(?:_voice)?/(?P<app>[^/?#]+)/?", re.ASCII)


def read_connect(parameters: Mapping[str, str], account: str, config: Config) -> CallRequest:
    """Read the request of an account; the keys of `parameters` are in lower case.

    Raises:
        InvalidRequest: names the parameter, its value and the remedy.
    """
    asked = _Parameters(parameters)
    custom_field = asked.text("CustomField")
    if custom_field is not None and len(custom_field) > _MAX_CUSTOM_FIELD:
        raise InvalidRequest(f"CustomField has {len(custom_field)} characters: the most is {_MAX_CUSTOM_FIELD}")
    number, exophone, bot = _from_bot(asked, account, config) or _to_customer(asked, account, config)
    return CallRequest(
        account=account,
        number=number,
        exophone=exophone,
        bot=bot,
        custom_field=custom_field,
        ring_s=asked.seconds("TimeOut", _MAX_RING_S),
        max_duration_s=asked.seconds("TimeLimit", _MAX_DURATION_S),
    )


@frozen
class _Parameters:
    """The parameters of a request, read by the names that Exotel's documentation gives them."""

    _values: Mapping[str, str]

    def text(self, name: str) -> str | None:
        """Give a parameter; an empty one is as good as none."""
        return self._values.get(name.lower(), "").strip() or None

    def required(self, name: str) -> str:
        """Give a parameter that has to be there."""
        value = self.text(name)
        if value is None:
            raise InvalidRequest(f"{name} is missing")
        return value

    def number(self, name: str) -> str:
        """Give a phone number that has to be there, in E.164."""
        value = self.required(name)
        with _blaming(name):
            return normalise(value)

    def seconds(self, name: str, most: int) -> float | None:
        """Give a length of time."""
        value = self.text(name)
        if value is None:
            return None
        if not (value.isascii() and value.isdigit() and len(value) < 9 and 1 <= int(value) <= most):
            raise InvalidRequest(f"{name}={value[:20]!r} must be a number of seconds from 1 to {most}")
        return float(value)


def _from_bot(asked: _Parameters, account: str, config: Config) -> tuple[str, str, BotTarget] | None:
    """Read a call from a bot's own number to a customer, in which nothing else names the bot."""
    if asked.text("Url") or asked.text("StreamUrl") or not asked.text("To"):
        return None
    exophone = asked.number("From")
    for number, entry in config.numbers.items():
        if entry.account == account and same_number(number, exophone):
            return asked.number("To"), exophone, _bot_of(config, entry.app)
    raise InvalidRequest(
        "a call between two phones is not served: name the bot by StreamUrl or Url, "
        "or let From be a number of this account that an app answers"
    )


def _to_customer(asked: _Parameters, account: str, config: Config) -> tuple[str, str, BotTarget]:
    """Read a call to `From`, showing `CallerId`; a `To` beside a `Url` means nothing, though clients send it."""
    number, exophone = asked.number("From"), asked.number("CallerId")
    for known, entry in config.numbers.items():
        if entry.account != account and same_number(known, exophone):
            raise InvalidRequest(f"CallerId: {exophone} is the number of another account: use one of your own")
    url, stream_url = asked.text("Url"), asked.text("StreamUrl")
    if url is not None and stream_url is not None:
        raise InvalidRequest("Url and StreamUrl both name a bot: leave one of them out")
    if stream_url is not None:
        return number, exophone, _streamed(stream_url, asked.text("StreamType"), config)
    if url is not None:
        return number, exophone, _flow(url, account, config)
    raise InvalidRequest("StreamUrl is missing: it, or Url, says which bot to talk to")


def _streamed(url: str, kind: str | None, config: Config) -> BotTarget:
    if kind is not None and kind.lower() != "bidirectional":
        raise InvalidRequest(f"StreamType={kind[:20]!r} is not served: write bidirectional or leave it out")
    if len(url) >= _MAX_URL:
        raise InvalidRequest(f"StreamUrl has {len(url)} characters: it must be shorter than {_MAX_URL}")
    with _blaming("StreamUrl"):
        parse_address(url)
    return BotTarget(url=url, options=config.streams.options())


def _flow(url: str, account: str, config: Config) -> BotTarget:
    match = _FLOW.fullmatch(url)
    if match is None:
        raise InvalidRequest(
            f"Url={url[:100]!r} names no flow: write http://my.exotel.com/{account}/exoml/start_voice/APP, "
            "with the id of an app"
        )
    app = config.apps.get(match["app"])
    if app is None or app.account != account or match["account"] not in {None, account}:
        raise InvalidRequest(f"Url={url[:100]!r}: account {account} has no app {match['app'][:40]}")
    return _bot_of(config, match["app"])


def _bot_of(config: Config, name: str) -> BotTarget:
    app = config.apps[name]
    return BotTarget(url=app.url, options=app.options())


@contextmanager
def _blaming(name: str) -> Iterator[None]:
    """Let a refusal begin with the name of what is wrong."""
    try:
        yield
    except InvalidRequest as problem:
        raise InvalidRequest(f"{name}: {problem}") from problem
