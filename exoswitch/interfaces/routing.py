"""Port: the configuration of calls: limits, accounts, trunks, and the routes of inbound numbers."""

from collections.abc import Mapping

from attrs import evolve, field, frozen

from exoswitch.call.limits import CallLimits
from exoswitch.call.recording import RecordingWish
from exoswitch.call.session import BotTarget, Session
from exoswitch.call.stream_options import StreamOptions
from exoswitch.interfaces.trunk import ITrunk

ANY = "any"
_NO_LIMIT = 2**31 - 1


@frozen(kw_only=True)
class Account:
    """A dialer's account: its credentials, and the bots of its apps (by id) and of its numbers (E.164).

    It may also show the numbers in `caller_ids` (E.164), or with ``any`` every number. The numbers that it may dial
    begin with one of `dial_prefixes`. It may dial the SIP phones at `sip_hosts`. `signing_keys` sign its
    status callbacks. It may place `calls_per_minute`, and send `reads_per_minute` other requests.
    """

    name: str
    api_key: str
    api_token: str = field(repr=False)
    apps: Mapping[str, BotTarget]
    numbers: Mapping[str, BotTarget]
    caller_ids: frozenset[str] = frozenset()
    dial_prefixes: tuple[str, ...]
    sip_hosts: frozenset[str] = frozenset()
    signing_keys: tuple[bytes, ...] = field(default=(), repr=False)
    calls_per_minute: int = 200
    reads_per_minute: int = 300

    def may_show(self, number: str) -> bool:
        """Whether a call of this account may show a number (E.164); another account's number is not checked here."""
        return number in self.numbers or not self.caller_ids.isdisjoint({number, ANY})

    def may_dial(self, number: str) -> bool:
        """Whether this account may dial a number (E.164)."""
        return number.startswith(self.dial_prefixes)


@frozen
class Accounts:
    """All accounts by name; `options` apply to a bot that a dialer names by its URL."""

    by_name: Mapping[str, Account]
    options: StreamOptions


@frozen
class InboundRoute:
    """The account of an inbound number, and the bot that answers it."""

    account: str
    bot: BotTarget


@frozen(kw_only=True)
class Routing:
    """Limits, trunks, each account's limit of concurrent calls, and the routes of inbound numbers (E.164).

    `in_fleet`: other gateways may exist. `shares_sessions`: gateways read each other's sessions, so they can dial and
    resume each other's calls. `records_wav`: all recordings are WAV.
    """

    limits: CallLimits
    concurrency: Mapping[str, int]
    trunks: Mapping[str, ITrunk]
    routes: Mapping[str, InboundRoute]
    in_fleet: bool = False
    shares_sessions: bool = False
    records_wav: bool = False

    def recording(self, wish: RecordingWish | None) -> RecordingWish | None:
        """Give what is recorded of a call that asks for this."""
        return evolve(wish, format="wav") if wish is not None and self.records_wav else wish

    def quotas_of(self, account: str, *, is_new: bool = True) -> Mapping[str, int]:
        """Give the quotas of a call, with their limits; a call that is not new counts, but is never refused.

        An account that is gone, because a reload removed it, has no place for a new call.
        """
        return {f"account {account}": self.concurrency.get(account, 0) if is_new else _NO_LIMIT}

    def limits_of(self, session: Session, now: float) -> CallLimits:
        """Give the time limits of a call; `now` (wall clock) says how much of them an answered call has used."""
        limits = self.limits
        return evolve(
            limits,
            ring_s=session.ring_s or limits.ring_s,
            max_duration_s=min(session.max_duration_s or limits.max_duration_s, limits.max_duration_s),
            spent_s=0.0 if session.answered_at is None else max(0.0, now - session.answered_at),
        )
