"""Adapter: the rules for calls that the operator can replace while the gateway runs."""

from collections.abc import Iterable

from attrs import Factory, define, evolve, frozen

from exoswitch.billing.prices import Prices
from exoswitch.call.session import Session
from exoswitch.interfaces.routing import Accounts, Routing
from exoswitch.network.reach import ReachRules
from exoswitch.outbox.delivery import RetryRules
from exoswitch.trunks.selection import Selection


@frozen(kw_only=True)
class Rules:
    """What one configuration says about calls."""

    routing: Routing
    selection: Selection
    prices: Prices
    accounts: Accounts
    reach: ReachRules
    callback_reach: ReachRules
    retries: RetryRules = Factory(RetryRules)

    def after(self, before: "Rules", sessions: Iterable[Session]) -> "Rules":
        """Give these rules with what calls in progress need of the ones before, even if the file no longer has it.

        That is the price of their trunk, and the permission to connect to their bot and to its passthru.
        """
        live = tuple(sessions)
        bots = tuple((session.account, session.bot) for session in live if session.bot)
        passthrus = {(account, bot.passthru.url) for account, bot in bots if bot.passthru}
        return evolve(
            self,
            prices=self.prices.keeping(before.prices, {session.trunk for session in live if session.trunk}),
            reach=self.reach.keeping(before.reach, {(account, bot.url) for account, bot in bots}),
            callback_reach=self.callback_reach.keeping(before.callback_reach, passthrus),
        )


@define(eq=False)
class CurrentRules:
    """The rules that are in force `now`; a reload replaces them in one step.

    A part that needs a rule reads it here for each call, and keeps none. A call keeps the values that it began with.
    """

    now: Rules
