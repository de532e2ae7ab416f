"""Adapter: the rules for calls that the operator can replace while the gateway runs."""

from attrs import define, frozen

from exoswitch.interfaces.billing import IPrices
from exoswitch.interfaces.routing import Accounts, Routing
from exoswitch.network.reach import ReachRules
from exoswitch.trunks.selection import Selection


@frozen(kw_only=True)
class Rules:
    """What one configuration says about calls."""

    routing: Routing
    selection: Selection
    prices: IPrices
    accounts: Accounts
    reach: ReachRules


@define(eq=False)
class CurrentRules:
    """The rules that are in force `now`; a reload replaces them in one step.

    Whoever needs a rule reads it here for each call, and keeps none. A call keeps the values that it began with.
    """

    now: Rules
