"""Port: what calls need to know of the configuration: limits, accounts, trunks, and whose an inbound number is."""

from collections.abc import Mapping

from attrs import field, frozen

from exoswitch.call.limits import CallLimits
from exoswitch.call.session import BotTarget, Session
from exoswitch.call.stream_options import StreamOptions
from exoswitch.interfaces.trunk import ITrunk

BEYOND_ANY = 2**31 - 1


@frozen(kw_only=True)
class Account:
    """A dialer's account: its credentials, and the bots of its apps (by id) and of its numbers (E.164)."""

    name: str
    api_key: str
    api_token: str = field(repr=False)
    apps: Mapping[str, BotTarget]
    numbers: Mapping[str, BotTarget]


@frozen
class Accounts:
    """All accounts by name; `options` apply to a bot that a dialer names by its URL."""

    by_name: Mapping[str, Account]
    options: StreamOptions


@frozen
class InboundRoute:
    """Whose an inbound number is, and the bot that answers it."""

    account: str
    bot: BotTarget


@frozen(kw_only=True)
class Routing:
    """Limits, each account's calls at once, trunks, and inbound numbers (E.164).

    `in_fleet` says whether there may be other gateways, `shares_sessions` whether they can read our sessions, and so
    dial or go on with our calls, and we theirs.
    """

    limits: CallLimits
    concurrency: Mapping[str, int]
    trunks: Mapping[str, ITrunk]
    routes: Mapping[str, InboundRoute]
    in_fleet: bool = False
    shares_sessions: bool = False

    def quotas_of(self, account: str, *, is_new: bool = True) -> Mapping[str, int]:
        """Say on what a call of an account counts; a call that is not new counts, but is not refused any more."""
        return {f"account {account}": self.concurrency[account] if is_new else BEYOND_ANY}

    def limits_of(self, session: Session, now: float) -> CallLimits:
        """Give the waits of a call; one that was answered has spent some of its time by `now` (wall clock)."""
        limits = self.limits
        return CallLimits(
            ring_s=session.ring_s or limits.ring_s,
            handshake_s=limits.handshake_s,
            max_duration_s=min(session.max_duration_s or limits.max_duration_s, limits.max_duration_s),
            spent_s=0.0 if session.answered_at is None else now - session.answered_at,
        )
