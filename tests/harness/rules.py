"""The rules of a gateway in a test: its routing, and all its trunks in their order."""

from exoswitch.call.stream_options import StreamOptions
from exoswitch.gateway.rules import CurrentRules, Rules
from exoswitch.interfaces.routing import Account, Accounts
from exoswitch.network.reach import ReachRules
from exoswitch.trunks.selection import Selection, TrunkRule
from tests.harness.prices import PRICES


def in_force(routing, apps=()):
    """Give the rules; account acme1 has these apps, given as their bots."""
    acme1 = Account(
        name="acme1",
        api_key="k",
        api_token="t",
        apps={bot.app: bot for bot in apps},
        numbers={},
        dial_prefixes=("+91",),
    )
    selection = Selection("order", tuple(TrunkRule(name=name) for name in routing.trunks))
    return CurrentRules(
        Rules(
            routing=routing,
            selection=selection,
            prices=PRICES,
            accounts=Accounts({"acme1": acme1}, StreamOptions()),
            reach=ReachRules(),
            callback_reach=ReachRules(),
        )
    )
