"""Adapter: sessions in this process's memory, lost when it ends; the model of every other store."""

from collections import OrderedDict
from collections.abc import Callable, Collection, Iterable, Mapping
from decimal import Decimal

from attrs import define, field
from twisted.application.service import Service
from twisted.internet.defer import Deferred, fail, succeed
from zope.interface import implementer

from exoswitch.call.search import CallPage, CallSearch, has_live_bot, price
from exoswitch.call.session import CallStatus, Session
from exoswitch.errors import CallNotFound
from exoswitch.outbox.callbacks import CallbackRow
from exoswitch.sessions.callback_rows import callback_rows
from exoswitch.sessions.interfaces import UNDIALLED_MAX, ISessionStore
from exoswitch.sessions.notes import Note, may_follow


@implementer(ISessionStore)
@define
class MemorySessions(Service):
    """Keeps the newest `limit` sessions; `add_callbacks` takes the callbacks that they ask for."""

    add_callbacks: Callable[[Iterable[CallbackRow]], None] = lambda _rows: None
    limit: int = 100_000
    ready: bool = field(default=True, init=False)
    _sessions: OrderedDict[str, Session] = field(factory=OrderedDict)
    _claims: dict[str, str] = field(factory=dict)

    def save(self, session: Session) -> Deferred[None]:
        """Keep a session."""
        self.note(session)
        return succeed(None)

    def note(self, session: Session) -> None:
        """Keep a session; above `limit`, delete the oldest session whose call has ended."""
        known = self._sessions.get(session.call_sid)
        if known is not None and (known.takeovers > session.takeovers or not may_follow(known, session)):
            return
        self._sessions[session.call_sid] = session
        self.add_callbacks(row for _, row in callback_rows([Note(0, session)]))
        if len(self._sessions) > self.limit:
            self._forget_oldest()

    def load(self, account: str, call_sid: str) -> Deferred[Session]:
        """Find a session of this account."""
        session = self._sessions.get(call_sid)
        if session is None or session.account != account:
            return fail(CallNotFound(f"account {account!r} has no call {call_sid!r}"))
        return succeed(session)

    def recall(self, call_sids: Collection[str]) -> Deferred[tuple[Session, ...]]:
        """Give the sessions of these calls."""
        known = (self._sessions.get(call_sid) for call_sid in dict.fromkeys(call_sids))
        return succeed(tuple(session for session in known if session is not None))

    def unfinished(self, gateway: str) -> Deferred[tuple[Session, ...]]:
        """Give the sessions of this gateway's calls that have not ended, oldest first."""
        ours = [session for session in self._sessions.values() if session.gateway == gateway]
        live = [session for session in ours if session.ended_at is None]
        return succeed(tuple(sorted(live, key=lambda session: session.created_at)))

    def undialled(self, accepted_before: float) -> Deferred[tuple[Session, ...]]:
        """Give the sessions of calls that are still queued since before that time."""
        queued = [session for session in self._sessions.values() if session.status is CallStatus.QUEUED]
        return succeed(tuple(session for session in queued if session.created_at < accepted_before)[:UNDIALLED_MAX])

    def claim(self, call_sid: str, token: str) -> Deferred[bool]:
        """Claim a call for as long as its session is kept."""
        return succeed(self._claims.setdefault(call_sid, token) == token)

    def search(self, search: CallSearch) -> Deferred[CallPage]:
        """Give a page of calls."""
        return succeed(search.page(search.first(self._sessions.values())))

    def live_bots(self, account: str) -> Deferred[int]:
        """Count answered calls that have a bot."""
        return succeed(
            sum(session.account == account and has_live_bot(session) for session in self._sessions.values())
        )

    def costs(self, account: str, since: float) -> Deferred[Mapping[str, Decimal]]:
        """Sum up costs."""
        costs: dict[str, Decimal] = {}
        for session in self._sessions.values():
            amount = price(session)
            is_counted = session.account == account and session.created_at >= since
            if is_counted and session.parent_call_sid is None and session.charge and amount is not None:
                currency = session.charge.currency
                costs[currency] = costs.get(currency, Decimal(0)) + amount
        return succeed(costs)

    def _forget_oldest(self) -> None:
        for call_sid, session in self._sessions.items():
            if session.status.is_final:
                del self._sessions[call_sid]
                self._claims.pop(call_sid, None)
                return
