"""Adapter: reads the parameters of Exotel's `Calls/connect` (spec §6.2).

As at Exotel, names of parameters are case-insensitive, and unknown ones are ignored. A request names its bot in one
of three ways: `StreamUrl` (Voice AI), `Url` (a flow, which is an app of the configuration), or a call `From` the
number of an app `To` a customer.
"""

import re

from exoswitch.call.bot_address import parse_address
from exoswitch.call.session import BotTarget
from exoswitch.errors import InvalidRequest
from exoswitch.exotel.rest.errors import NotAllowed
from exoswitch.interfaces.calls import CallRequest
from exoswitch.interfaces.routing import Account, Accounts
from exoswitch.telephony.numbers import same_number
from exoswitch.web.parameters import Parameters, naming

_MAX_URL = 600
_MAX_CUSTOM_FIELD = 128
_MAX_RING_S = 600
_MAX_DURATION_S = 14400

# http(s)://my.exotel.com/{sid}/exoml/start_voice/{app_id}, and two older forms of it
_FLOW = re.compile(r"https?://[^/]+(?:/(?P<account>[^/]+))?/exoml/start(?:_voice)?/(?P<app>[^/?#]+)/?", re.ASCII)


def read_connect(asked: Parameters, account: Account, accounts: Accounts) -> CallRequest:
    """Read the request of an account.

    Raises:
        InvalidRequest: the text names the parameter, its value and the remedy.
        NotAllowed: the account may not dial this number.
    """
    custom_field = asked.text("CustomField")
    if custom_field is not None and len(custom_field) > _MAX_CUSTOM_FIELD:
        raise InvalidRequest(f"CustomField has {len(custom_field)} characters: write at most {_MAX_CUSTOM_FIELD}")
    number, exophone, bot = _from_bot(asked, account) or _to_customer(asked, account, accounts)
    if not account.may_dial(number):
        raise NotAllowed(
            f"{number} is not a number that account {account.name} may dial: "
            f"add its prefix to accounts.{account.name}.dial_prefixes ({', '.join(account.dial_prefixes)})"
        )
    return CallRequest(
        account=account.name,
        number=number,
        exophone=exophone,
        bot=bot,
        custom_field=custom_field,
        ring_s=asked.seconds("TimeOut", _MAX_RING_S),
        max_duration_s=asked.seconds("TimeLimit", _MAX_DURATION_S),
    )


def _from_bot(asked: Parameters, account: Account) -> tuple[str, str, BotTarget] | None:
    """Read a call from the number of an app to a customer; None if the request names its bot in another way."""
    if asked.text("Url") or asked.text("StreamUrl") or not asked.text("To"):
        return None
    exophone = asked.number("From")
    for number, bot in account.numbers.items():
        if same_number(number, exophone):
            return asked.number("To"), exophone, bot
    raise InvalidRequest(
        "a call between two phones is not supported: name the bot with StreamUrl or Url, "
        "or set From to a number of this account that has an app"
    )


def _to_customer(asked: Parameters, account: Account, accounts: Accounts) -> tuple[str, str, BotTarget]:
    """Read a call to `From` that shows `CallerId`; some clients send a `To` beside a `Url`, which is ignored."""
    number, exophone = asked.number("From"), asked.number("CallerId")
    others = (number for other in accounts.by_name.values() if other is not account for number in other.numbers)
    if any(same_number(other, exophone) for other in others):
        raise InvalidRequest(f"CallerId: {exophone} is a number of another account: use one of your own")
    if not account.may_show(exophone):
        raise InvalidRequest(
            f"CallerId: {exophone} is not a number of account {account.name}: use one of your own, "
            f"or add it under numbers: or accounts.{account.name}.caller_ids"
        )
    url, stream_url = asked.text("Url"), asked.text("StreamUrl")
    if url is not None and stream_url is not None:
        raise InvalidRequest("Url and StreamUrl both name a bot: remove one of them")
    if stream_url is not None:
        _check_stream(stream_url, asked.text("StreamType"))
        return number, exophone, BotTarget(url=stream_url, options=accounts.options)
    if url is not None:
        return number, exophone, _bot_of_flow(url, account)
    raise InvalidRequest("StreamUrl is missing: add it, or Url, to name the bot")


def _check_stream(url: str, kind: str | None) -> None:
    if kind is not None and kind.lower() != "bidirectional":
        raise InvalidRequest(f"StreamType={kind[:20]!r} is not supported: write bidirectional or remove it")
    if len(url) >= _MAX_URL:
        raise InvalidRequest(f"StreamUrl has {len(url)} characters: it must be shorter than {_MAX_URL}")
    with naming("StreamUrl"):
        parse_address(url)


def _bot_of_flow(url: str, account: Account) -> BotTarget:
    match = _FLOW.fullmatch(url)
    if match is None:
        raise InvalidRequest(
            f"Url={url[:100]!r} is not the URL of a flow: "
            f"write http://my.exotel.com/{account.name}/exoml/start_voice/APP, where APP is the id of an app"
        )
    bot = account.apps.get(match["app"])
    if bot is None or match["account"] not in {None, account.name}:
        raise InvalidRequest(f"Url={url[:100]!r}: account {account.name} has no app {match['app'][:40]}")
    return bot
