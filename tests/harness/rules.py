"""The rules of a gateway in a test: its routing, and all its trunks in their order."""

from exoswitch.call.stream_options import StreamOptions
from exoswitch.gateway.rules import CurrentRules, Rules
from exoswitch.interfaces.routing import Accounts
from exoswitch.network.reach import ReachRules
from exoswitch.trunks.selection import Selection, TrunkRule
from tests.harness.prices import PRICES


def in_force(routing):
    selection = Selection("order", tuple(TrunkRule(name=name) for name in routing.trunks))
    return CurrentRules(
        Rules(
            routing=routing,
            selection=selection,
            prices=PRICES,
            accounts=Accounts({}, StreamOptions()),
            reach=ReachRules(),
        )
    )
