"""Adapter: the URL of a flow, which names an app of the account (spec §6.2, exotel-rest §6.1).

Clients write ``http(s)://HOST/{sid}/exoml/start_voice/{app}`` and two older forms of it. HOST is my.exotel.com,
my.exotel.in, my.in.exotel.com, or the account's own portal, so any host is accepted.
"""

import re

from exoswitch.call.session import BotTarget
from exoswitch.errors import InvalidRequest
from exoswitch.interfaces.routing import Account

_FLOW = re.compile(
    r"https?://[^/?#]+/+(?:(?P<account>[^/?#]+)/+)?exoml/+start(?:_voice)?/+(?P<app>[^/?#]+)/*(?:[?#].*)?",
    re.ASCII | re.IGNORECASE,
)
_SHOWN = 100


def bot_of_flow(url: str, account: Account) -> BotTarget:
    """Give the bot of the app that a flow's URL names.

    Raises:
        InvalidRequest: this is no URL of a flow, or the account has no such app.
    """
    match = _FLOW.fullmatch(url)
    if match is None:
        raise InvalidRequest(
            f"Url={url[:_SHOWN]!r} is not the URL of a flow: "
            f"write http://my.exotel.com/{account.name}/exoml/start_voice/APP, where APP is the id of an app"
        )
    bot = account.apps.get(match["app"])
    if bot is None or match["account"] not in {None, account.name}:
        raise InvalidRequest(f"Url={url[:_SHOWN]!r}: account {account.name} has no app {match['app'][:40]}")
    return bot
