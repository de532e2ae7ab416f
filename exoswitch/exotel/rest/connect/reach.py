"""Adapter: the servers that a request names by an IP address: one out of the account's reach is refused at once.

A host name is looked up when it is connected to, and its addresses are judged then: a request waits for no look-up.
"""

from collections.abc import Callable, Iterator
from ipaddress import ip_address

from attrs import frozen

from exoswitch.call.bot_address import parse_address, parse_web
from exoswitch.errors import AddressRefused, InvalidRequest
from exoswitch.interfaces.calls import CallRequest
from exoswitch.network.reach import UNLIMITED, Reach, ReachRules


@frozen
class Reaches:
    """The present rules for the addresses of bots, and of the servers that are told of calls."""

    bots: ReachRules = UNLIMITED
    callbacks: ReachRules = UNLIMITED


def refuse_out_of_reach(wanted: CallRequest, reaches: Reaches, is_own: Callable[[str], bool]) -> None:
    """Refuse a call whose bot or callback could never be reached; `is_own` says which addresses are this machine's.

    Raises:
        InvalidRequest: the text names the parameter, its address and the remedy.
        BackendUnavailable: an address cannot be checked now.
    """
    for parameter, host, reach in _named(wanted, reaches):
        if _is_literal(host):
            try:
                reach.permitted(host, [host], is_own)
            except AddressRefused as problem:
                raise InvalidRequest(f"{parameter}: {problem}") from problem


def _named(wanted: CallRequest, reaches: Reaches) -> Iterator[tuple[str, str, Reach]]:
    """Give each parameter that names a server, its host, and the reach of the account there.

    The URL of an app is the operator's. Nothing connects to the host of a flow's `Url`, which only names an app.
    """
    streams = [wanted.tap.url] if wanted.tap is not None else []
    if wanted.bot is not None and wanted.bot.app is None:
        streams.append(wanted.bot.url)
    for url in streams:
        bot = parse_address(url)
        yield "StreamUrl", bot.host, reaches.bots.of_url(wanted.account, url, bot.host, bot.port)
    if wanted.callback is not None:
        server = parse_web(wanted.callback.url, "it")
        yield "StatusCallback", server.host, reaches.callbacks.of_host(wanted.account, server.host, server.port)


def _is_literal(host: str) -> bool:
    try:
        ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return True
