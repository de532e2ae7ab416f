"""Port: what calls need to know of the configuration: limits, accounts, trunks, and whose an inbound number is."""

from collections.abc import Mapping

from attrs import frozen

from exoswitch.call_inputs import CallLimits
from exoswitch.interfaces import ITrunk
from exoswitch.session import BotTarget, Session

SHORTEST_S = 1.0  # what is left of a call that is taken over when its time is up


@frozen
class InboundRoute:
    """Whose an inbound number is, and the bot that answers it."""

    account: str
    bot: BotTarget


@frozen(kw_only=True)
class Directory:
    """Limits, each account's calls at once, trunks, inbound numbers (E.164), and whether there are other gateways."""

    limits: CallLimits
    concurrency: Mapping[str, int]
    trunks: Mapping[str, ITrunk]
    routes: Mapping[str, InboundRoute]
    in_fleet: bool = False

    def limits_of(self, session: Session, now: float) -> CallLimits:
        """Give the waits of a call; one that was answered has only the rest of its time at `now` (wall clock)."""
        limits = self.limits
        longest_s = min(session.max_duration_s or limits.max_duration_s, limits.max_duration_s)
        if session.answered_at is not None:
            longest_s = max(SHORTEST_S, longest_s - (now - session.answered_at))
        return CallLimits(
            ring_s=session.ring_s or limits.ring_s, handshake_s=limits.handshake_s, max_duration_s=longest_s
        )
