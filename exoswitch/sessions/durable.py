"""Adapter: the session store over a database: it batches notes, and journals them while the database is away.

A session waits a moment in memory. Then one transaction writes all that wait, with one sync of the disk. If a write
fails, the database is away: saves are refused at once, and notes go to the journal, until the database can be opened
again. Then the journal is written to it, and each file is removed after its last note. Writing a file twice does no
harm; `notes` says why. A note that the database refuses is set aside: it does not delay the others.
"""

from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, TypeVar

from twisted.application.service import Service
from twisted.internet.defer import Deferred, DeferredLock, fail, succeed
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.internet.task import LoopingCall
from twisted.logger import Logger
from zope.interface import implementer

from exoswitch.call.search import CallPage, CallSearch
from exoswitch.call.session import CallStatus, Session
from exoswitch.errors import BackendUnavailable, CallNotFound, RecordRefused
from exoswitch.interfaces.metrics import IMetrics, Reading
from exoswitch.sessions.availability import Availability, Effect, Input, State
from exoswitch.sessions.call_lists import CallLists
from exoswitch.sessions.claims import Claims
from exoswitch.sessions.database import ISessionDatabase
from exoswitch.sessions.interfaces import UNDIALLED_MAX, ISessionStore
from exoswitch.sessions.journal import Journal
from exoswitch.sessions.notes import Note, Sequencer, Unwritten, newest
from exoswitch.sessions.refusals import Refusal, write_accepted
from exoswitch.sessions.retention import Retention
from exoswitch.sessions.threaded_journal import ThreadedJournal
from exoswitch.sessions.unreadable import UnreadableRecords
from exoswitch.tasks.deferred import deferred
from exoswitch.tasks.repeat import repeat
from exoswitch.tasks.spawn import spawn

NOTE_WAIT_S = 0.05
"""How long a note may wait for others. A gateway that is killed loses the notes of this time."""

BATCH_NOTES = 50
"""More would delay the audio of all calls: writing 50 notes to PostgreSQL takes the reactor 2 ms."""

_WAITING_MAX = 20_000
"""Notes in memory. There are more only if neither database nor disk takes any for many seconds."""

_REMEMBERED_MAX = 20_000
"""Calls with a note that is not in the database. Of more calls, the oldest are not found until it is."""

_RECALLED_AT_ONCE = 50
"""Sessions read in one go: reading 50 from PostgreSQL takes the reactor 2 ms."""

_AWAY = "the session store cannot be reached: see the gateway's log"  # for dialers, without internals
_REFUSED = "the session store does not accept this call: see the gateway's log"
_TIDY_S = 6 * 3600.0

_Answer = TypeVar("_Answer")
_Write = Callable[[Sequence[Note]], Awaitable[None]]


@implementer(ISessionStore)
class DurableSessions(Service):
    """Sessions in a database, which forgets calls that began more than `keep_s` ago.

    `wall_clock` gives seconds since the epoch; `in_thread` runs blocking functions.
    """

    def __init__(
        self,
        database: ISessionDatabase,
        journal: Journal,
        *,
        keep_s: float,
        clock: IReactorTime,
        wall_clock: Callable[[], float],
        in_thread: Callable[..., Deferred[Any]],
        metrics: IMetrics,
    ) -> None:
        self._log = Logger(namespace="exoswitch.sessions")
        self._database = database
        self._journal = ThreadedJournal(journal, in_thread, metrics, wall_clock, self._log)
        self._retention = Retention(keep_s)
        self._unreadable = UnreadableRecords(metrics, self._log)
        self._clock = clock
        self._wall_clock = wall_clock
        self._metrics = metrics
        self._availability = Availability()
        self._claims = Claims(self._claim, self._log)
        self._numbers = Sequencer()
        metrics.read_from(self._readings)
        self._queue: list[tuple[Note, Deferred[None] | None]] = []  # with the answer of a save
        self._unwritten = Unwritten(_REMEMBERED_MAX)
        self._lists = CallLists(database, self._unwritten, self._unreadable, clock, self._asked)
        self._writing, self._replaying = DeferredLock(), DeferredLock()
        self._has_replayed = False
        self._flushing: IDelayedCall | None = None
        self._opening: IDelayedCall | None = None
        self._tidying: LoopingCall | None = None

    # --- ISessionStore ----------------------------------------------------------------------------------------------

    @property
    def ready(self) -> bool:
        """Whether a session could be saved now."""
        return self._availability.is_open

    @deferred
    async def startService(self) -> None:
        """Open the database; if it cannot be opened, try again later."""
        await self._open()

    @deferred
    async def stopService(self) -> None:
        """Write the waiting notes to the database or the journal, and close both."""
        await self._writing.run(self._write_queue)
        self._feed(Input.STOP)
        for timer in (self._flushing, self._opening):
            if timer is not None and timer.active():
                timer.cancel()
        if self._tidying is not None and self._tidying.running:
            self._tidying.stop()
        await self._replaying.run(succeed, None)
        self._database.close()
        await self._journal.close()

    def save(self, session: Session) -> Deferred[None]:
        """Write a session at once, with all waiting notes."""
        if not self.ready:
            return fail(BackendUnavailable(_AWAY))
        saved: Deferred[None] = Deferred()
        self._add(session, saved)
        self._flush_after(0)
        return saved

    def note(self, session: Session) -> None:
        """Write a session soon."""
        self._metrics.add("session_notes_total")
        if self._availability.state is State.STOPPED:
            self._journal.drop(1, "the store has stopped")
        elif len(self._queue) >= _WAITING_MAX:
            self._journal.drop(1, "neither the database nor the disk keeps up")
        else:
            self._unwritten.add(self._add(session, None))
            if self._flushing is None:
                self._flush_after(NOTE_WAIT_S)

    @deferred
    async def load(self, account: str, call_sid: str) -> Session:
        """Read a session of this account."""
        unwritten = self._unwritten.get(call_sid)
        found = await self.recall([call_sid]) if unwritten is None else (unwritten.session,)
        if not found or found[0].account != account:
            raise CallNotFound(f"account {account!r} has no call {call_sid!r}")
        return found[0]

    @deferred
    async def recall(self, call_sids: Collection[str]) -> tuple[Session, ...]:
        """Read the sessions of these calls, as last noted by any gateway."""
        wanted = list(dict.fromkeys(call_sids))
        found: list[Session] = []
        for start in range(0, len(wanted), _RECALLED_AT_ONCE):
            found += await self._recall_some(wanted[start : start + _RECALLED_AT_ONCE])
        return tuple(found)

    @deferred
    async def unfinished(self, gateway: str) -> tuple[Session, ...]:
        """Read the sessions of this gateway's calls that have not ended, oldest first.

        The end of a call may be in the journal of an earlier process: that is replayed first.
        """
        if self.ready and not self._has_replayed:
            await self._replaying.run(succeed, None)
        unwritten = [note.session.call_sid for note in self._unwritten.of_gateway(gateway)]
        trouble = f"the calls of gateway {gateway} cannot be read"
        written = await self._asked(trouble, self._database.unfinished, gateway)
        sessions = await self.recall([*written, *unwritten])
        ours = [session for session in sessions if session.gateway == gateway and session.ended_at is None]
        return tuple(sorted(ours, key=lambda session: session.created_at))

    @deferred
    async def undialled(self, accepted_before: float) -> tuple[Session, ...]:
        """Read the sessions of calls that are still queued since before that time."""
        trouble = "the calls that no gateway has dialled cannot be read"
        written = await self._asked(trouble, self._database.undialled, accepted_before, UNDIALLED_MAX)
        sessions = await self.recall(written)
        return tuple(session for session in sessions if session.status is CallStatus.QUEUED)

    def claim(self, call_sid: str, token: str) -> Deferred[bool]:
        """Claim a call for a token; only the database knows claims, so it must answer."""
        return self._claims.add(call_sid, token)

    @deferred
    async def search(self, search: CallSearch) -> CallPage:
        """Give a page of an account's calls."""
        return await self._lists.search(search)

    @deferred
    async def live_bots(self, account: str) -> int:
        """Count an account's answered calls that have a bot."""
        return await self._lists.live_bots(account)

    @deferred
    async def costs(self, account: str, since: float) -> Mapping[str, Decimal]:
        """Sum up an account's costs by currency."""
        return await self._lists.costs(account, since)

    def _readings(self) -> Iterator[Reading]:
        yield Reading("store_up", self.ready)
        yield Reading("journal_pending", len(self._unwritten))

    # --- Questions --------------------------------------------------------------------------------------------------

    async def _recall_some(self, call_sids: Sequence[str]) -> list[Session]:
        # Taken before the question: notes that are written while it runs may or may not be in its answer.
        unwritten = [note for note in map(self._unwritten.get, call_sids) if note is not None]
        records = await self._asked("sessions cannot be read", self._database.recall, call_sids)
        notes = self._unreadable.left_out(records)
        self._numbers.follow(notes)
        return [note.session for note in newest([*notes, *unwritten])]

    async def _claim(self, call_sids: Collection[str], token: str) -> frozenset[str]:
        trouble = f"{len(call_sids)} calls cannot be claimed"
        return await self._asked(trouble, self._database.claim, call_sids, token, self._wall_clock())

    async def _asked(self, trouble: str, ask: Callable[..., Deferred[_Answer]], *arguments: object) -> _Answer:
        if not self.ready:
            raise BackendUnavailable(_AWAY)
        try:
            return await ask(*arguments)
        except BackendUnavailable as problem:
            self._log.warn("{trouble}: {problem}", trouble=trouble, problem=problem)
            raise BackendUnavailable(_AWAY) from problem

    # --- Batches ----------------------------------------------------------------------------------------------------

    def _add(self, session: Session, saved: Deferred[None] | None) -> Note:
        note = self._numbers.note(session, self._wall_clock())
        self._queue.append((note, saved))
        return note

    def _flush_after(self, seconds: float) -> None:
        if self._flushing is None:
            self._flushing = self._clock.callLater(seconds, self._flush_now)
        else:
            self._flushing.reset(seconds)

    def _flush_now(self) -> None:
        self._flushing = None
        if not self._writing.locked:  # else the current flush writes these notes too
            spawn(self._writing.run(self._write_queue), self._log, "writing sessions")

    @deferred
    async def _write_queue(self) -> None:
        while self._queue:
            batch, self._queue = self._queue[:BATCH_NOTES], self._queue[BATCH_NOTES:]
            refused = await self._write_batch([note for note, _ in batch]) if self.ready else None
            for note, saved in batch:
                if saved is not None:
                    _answer_save(saved, note, refused)
            notes = [note for note, saved in batch if saved is None]
            if notes and refused is None:
                await self._journal.keep(notes)

    async def _write_batch(self, notes: Sequence[Note]) -> list[Refusal] | None:
        """Write notes; give the ones that the database refused, or None if it is away."""
        try:
            refused = await self._write(notes, self._database.write)
        except Exception as problem:  # noqa: BLE001 - an error in exoswitch must not lose notes
            self._fail(Input.WRITE_FAILED, problem)
            return None
        self._metrics.add("session_batches_total")
        return refused

    async def _write(self, notes: Sequence[Note], write: _Write) -> list[Refusal]:
        refused = await write_accepted(write, notes)
        self._feed(Input.WRITTEN)
        left_out = {note.sequence for note, _ in refused}
        self._unwritten.settle(note for note in notes if note.sequence not in left_out)
        await self._journal.set_aside(refused)
        return refused

    async def _write_replayed(self, notes: Sequence[Note]) -> None:
        await self._write(notes, self._write_or_refuse)

    async def _write_or_refuse(self, notes: Sequence[Note]) -> None:
        """Write notes; an error in exoswitch, which is not over at the next attempt, counts as a refusal."""
        try:
            await self._database.write(notes)
        except (BackendUnavailable, RecordRefused):
            raise
        except Exception as problem:
            if len(notes) == 1:
                self._log.failure("writing one note failed: this is an error in exoswitch")
            raise RecordRefused(f"{type(problem).__name__}: {problem}") from problem

    # --- Availability -----------------------------------------------------------------------------------------------

    async def _open(self) -> None:
        try:
            await self._database.open()
            if not self._retention.is_anchored and self._availability.state is not State.STOPPED:
                newest_at = await self._database.newest_call_at()
                self._retention.anchor(newest_at, self._wall_clock(), self._clock.seconds())
        except Exception as problem:  # noqa: BLE001 - an error in exoswitch must not end the attempts
            self._fail(Input.OPEN_FAILED, problem)
        else:
            self._feed(Input.OPENED)

    def _fail(self, happened: Input, problem: Exception) -> None:
        if not isinstance(problem, BackendUnavailable):
            self._log.failure("using {name} failed: this is an error in exoswitch", name=self._database.name)
        self._feed(happened, problem)

    def _feed(self, happened: Input, problem: Exception | None = None) -> None:
        for effect in self._availability.feed(happened):
            match effect:
                case Effect.REPORT:
                    self._metrics.add("session_outages_total")
                    self._log.error(
                        "{problem}; calls continue, and their sessions go to the journal", problem=problem
                    )
                case Effect.OPEN_LATER:
                    self._opening = self._clock.callLater(
                        self._availability.pause_s,
                        lambda: spawn(self._open(), self._log, "opening the session store"),
                    )
                case Effect.REPLAY:
                    self._log.info("sessions are kept in {name}", name=self._database.name)
                    spawn(self._replaying.run(self._replay), self._log, "replaying the journal")
                    self._begin_to_tidy()
                case Effect.CLOSE:
                    self._database.close()

    @deferred
    async def _replay(self) -> None:
        try:
            await self._journal.replay(self._write_replayed, is_wanted=lambda: self.ready)
        except BackendUnavailable as problem:
            self._feed(Input.WRITE_FAILED, problem)
        else:
            self._has_replayed = True
            self._feed(Input.REPLAYED)

    def _begin_to_tidy(self) -> None:
        if self._tidying is not None and self._tidying.running:
            self._tidying.stop()
        self._tidying = repeat(self._tidy, _TIDY_S, self._clock, self._log, now=True)

    async def _tidy(self) -> None:
        if self.ready:
            wall, monotonic = self._wall_clock(), self._clock.seconds()
            if wall > self._retention.now(wall, monotonic):
                self._log.warn(
                    "this machine's clock is more than a week ahead of the newest call: old calls are deleted later; "
                    "set the clock if it is wrong"
                )
            try:
                await self._database.tidy(wall, self._retention.keep_from(wall, monotonic))
            except BackendUnavailable as problem:
                self._log.warn("old calls cannot be deleted: {problem}", problem=problem)


def _answer_save(saved: Deferred[None], note: Note, refused: Sequence[Refusal] | None) -> None:
    """Answer a save; `refused` is None if the database is away."""
    if refused is None:
        saved.errback(BackendUnavailable(_AWAY))
    elif any(note is its for its, _ in refused):
        saved.errback(BackendUnavailable(_REFUSED))
    else:
        saved.callback(None)
