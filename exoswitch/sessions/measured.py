"""Adapter: a database of sessions whose answers are timed."""

from collections.abc import Collection, Sequence
from decimal import Decimal
from typing import Any, TypeVar

from attrs import define
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from zope.interface import implementer

from exoswitch.call.search import CallSearch
from exoswitch.errors import CorruptRecord
from exoswitch.interfaces.metrics import IMetrics
from exoswitch.sessions.database import ISessionDatabase
from exoswitch.sessions.notes import Note

_Answer = TypeVar("_Answer")


@implementer(ISessionDatabase)
@define(eq=False)
class MeasuredDatabase:
    """Another database, with the time of each answer and of each failure."""

    _database: ISessionDatabase
    _clock: IReactorTime
    _metrics: IMetrics

    @property
    def name(self) -> str:
        """The other database's name in the log."""
        return str(self._database.name)

    def open(self) -> Deferred[None]:
        """Connect, and bring the schema to the newest version."""
        return self._timed("open", self._database.open())

    def write(self, notes: Sequence[Note]) -> Deferred[None]:
        """Write notes in one transaction."""
        return self._timed("write", self._database.write(notes))

    def recall(self, call_sids: Collection[str]) -> Deferred[list[Note | CorruptRecord]]:
        """Read the newest notes of these calls."""
        return self._timed("recall", self._database.recall(call_sids))

    def newest_call_at(self) -> Deferred[float | None]:
        """Give when the newest call began."""
        return self._timed("newest_call_at", self._database.newest_call_at())

    def recent(self, limit: int) -> Deferred[list[Note | CorruptRecord]]:
        """Read the newest calls."""
        return self._database.recent(limit)

    def unfinished(self, gateway: str) -> Deferred[list[str]]:
        """Give the SIDs of this gateway's calls that have not ended."""
        return self._timed("unfinished", self._database.unfinished(gateway))

    def undialled(self, accepted_before: float, limit: int) -> Deferred[list[str]]:
        """Give the SIDs of calls that nobody has dialled since."""
        return self._timed("undialled", self._database.undialled(accepted_before, limit))

    def claim(self, call_sids: Collection[str], token: str, now: float) -> Deferred[frozenset[str]]:
        """Claim these calls for a token."""
        return self._timed("claim", self._database.claim(call_sids, token, now))

    def search(self, search: CallSearch, leaving_out: Collection[str]) -> Deferred[list[tuple[Any, ...]]]:
        """Read a page of calls."""
        return self._timed("search", self._database.search(search, leaving_out))

    def live_bots(self, account: str, leaving_out: Collection[str]) -> Deferred[int]:
        """Count live calls."""
        return self._timed("live_bots", self._database.live_bots(account, leaving_out))

    def costs(self, account: str, since: float) -> Deferred[dict[str, Decimal]]:
        """Sum up costs."""
        return self._timed("costs", self._database.costs(account, since))

    def tidy(self, now: float, keep_from: float) -> Deferred[None]:
        """Delete old calls."""
        return self._timed("tidy", self._database.tidy(now, keep_from))

    def close(self) -> None:
        """Disconnect."""
        self._database.close()

    def _timed(self, op: str, answer: Deferred[_Answer]) -> Deferred[_Answer]:
        asked_at = self._clock.seconds()

        def measure(result: _Answer) -> _Answer:
            self._metrics.observe("store_seconds", self._clock.seconds() - asked_at, op=op)
            return result

        return answer.addBoth(measure)
