"""Adapter: the session store over a database: it batches what calls note, and keeps a journal while that is away.

What is saved or noted waits a moment in memory, and is then written with all that waits beside it: one transaction,
one sync of the disk. A write that fails means that the database is away. From then on saves are refused at once, and
notes go to the journal, until the database can be opened again; then the journal is written to it, file by file, and
each file is removed when all of it has been. A file that is written twice does no harm: see `session_notes`.
"""

from collections.abc import Callable, Collection, Sequence
from typing import Any, TypeVar

from attrs import Factory, define, field, frozen
from twisted.internet.defer import Deferred, DeferredLock, fail, succeed
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.internet.task import deferLater
from twisted.logger import Logger
from zope.interface import implementer

from exoswitch.call.session import Session
from exoswitch.errors import BackendUnavailable, CallNotFound
from exoswitch.interfaces.metrics import IMetrics
from exoswitch.sessions.claims import Claims
from exoswitch.sessions.database import ISessionDatabase
from exoswitch.sessions.interfaces import ISessionStore
from exoswitch.sessions.journal import Chunk, Journal
from exoswitch.sessions.notes import Note, Sequencer, Unwritten, newest
from exoswitch.tasks.spawn import spawn

NOTE_WAIT_S = 0.05
"""How long a note may wait for others: what a gateway that is killed forgets of how its calls went on."""

BATCH_NOTES = 50
"""More would hold up the audio of all calls: 50 notes take a reactor 4 ms to write down for PostgreSQL."""

_WAITING_MAX = 20_000
"""Notes in memory; more can wait only if neither database nor disk takes any for many seconds."""

_REMEMBERED_MAX = 20_000
"""Calls whose newest note is not yet in the database; of more the oldest are found only once it is."""

_RECALLED_AT_ONCE = 50
"""Sessions that are read in one go: PostgreSQL's are decoded on the reactor, and 50 take it 2 ms."""

_NOT_NOW = "what keeps sessions cannot be reached: see the gateway's log"  # dialers read this, and need not know more
_FIRST_RETRY_S = 0.5
_LONGEST_RETRY_S = 10.0
_RETRY_FACTOR = 1.7
_TIDY_S = 6 * 3600.0

_Answer = TypeVar("_Answer")


@frozen(eq=False)
class _Waiting:
    """A note that is to be written, and who waits for it."""

    note: Note
    saved: Deferred[None] | None


@implementer(ISessionStore)
@define(eq=False)
class DurableSessions:
    """Sessions in a database; calls that began more than `keep_s` ago are forgotten.

    `wall_clock` gives seconds since the epoch; `in_thread` runs what blocks.
    """

    _database: ISessionDatabase
    _journal: Journal
    _keep_s: float
    _clock: IReactorTime
    _wall_clock: Callable[[], float]
    _in_thread: Callable[..., Deferred[Any]]
    _metrics: IMetrics
    _numbers: Sequencer = field(factory=Sequencer, init=False)
    _queue: list[_Waiting] = field(factory=list, init=False)
    _unwritten: Unwritten = field(factory=lambda: Unwritten(_REMEMBERED_MAX), init=False)
    _timer: IDelayedCall | None = field(default=None, init=False)
    _tidying: IDelayedCall | None = field(default=None, init=False)
    _writing: DeferredLock = field(factory=DeferredLock, init=False)
    _replaying: DeferredLock = field(factory=DeferredLock, init=False)
    _disk: DeferredLock = field(factory=DeferredLock, init=False)
    _retry: Deferred[None] | None = field(default=None, init=False)
    _retry_s: float = field(default=_FIRST_RETRY_S, init=False)
    _away: str = field(default="it is not open yet", init=False)
    _is_stopped: bool = field(default=False, init=False)
    _is_overrun: bool = field(default=False, init=False)
    _log: Logger = field(factory=lambda: Logger(namespace="exoswitch.sessions"), init=False)
    _claims: Claims = field(default=Factory(lambda self: Claims(self._claim, self._log), takes_self=True), init=False)

    # --- What the engine asks (ISessionStore) -------------------------------------------------------------------

    @property
    def ready(self) -> bool:
        """Whether a session could be saved now."""
        return not self._away and not self._is_stopped

    def start(self) -> Deferred[None]:
        """Open the database, or begin to try again and again."""
        return Deferred.fromCoroutine(self._start())

    def stop(self) -> Deferred[None]:
        """Write what waits, to the database or else to the journal."""
        return Deferred.fromCoroutine(self._stop())

    def save(self, session: Session) -> Deferred[None]:
        """Write a session at once, together with all that waits."""
        if not self.ready:
            return fail(BackendUnavailable(_NOT_NOW))
        saved: Deferred[None] = Deferred()
        self._add(session, saved)
        self._hurry()
        return saved

    def note(self, session: Session) -> None:
        """Write a session soon."""
        self._metrics.add("session_notes_total")
        note = self._add(session, None)
        if note is None:
            return
        self._unwritten.add(note)
        if self._timer is None:
            self._timer = self._clock.callLater(NOTE_WAIT_S, self._flush_now)

    def load(self, account: str, call_sid: str) -> Deferred[Session]:
        """Read a session of this account."""
        return Deferred.fromCoroutine(self._load(account, call_sid))

    def recall(self, call_sids: Collection[str]) -> Deferred[tuple[Session, ...]]:
        """Read the sessions of these calls, each as it was last noted, here or elsewhere."""
        return Deferred.fromCoroutine(self._recall(call_sids))

    def unfinished(self, gateway: str) -> Deferred[tuple[Session, ...]]:
        """Read the sessions of this gateway's calls that have not ended, oldest first."""
        return Deferred.fromCoroutine(self._unfinished(gateway))

    def claim(self, call_sid: str, token: str) -> Deferred[bool]:
        """Write down who is about to dial a call; the database alone decides, and it is known nowhere else."""
        return self._claims.add(call_sid, token)

    # --- What is read -----------------------------------------------------------------------------------------------

    async def _load(self, account: str, call_sid: str) -> Session:
        unwritten = self._unwritten.get(call_sid)
        found = await self._recall([call_sid]) if unwritten is None else (unwritten.session,)
        if not found or found[0].account != account:
            raise CallNotFound(f"account {account!r} has no call {call_sid!r}")
        return found[0]

    async def _recall(self, call_sids: Collection[str]) -> tuple[Session, ...]:
        wanted = list(dict.fromkeys(call_sids))
        found: list[Session] = []
        for start in range(0, len(wanted), _RECALLED_AT_ONCE):
            found += await self._recall_some(wanted[start : start + _RECALLED_AT_ONCE])
        return tuple(found)

    async def _recall_some(self, call_sids: Sequence[str]) -> list[Session]:
        # They are taken before the question, for what is written while that is under way it may or may not find.
        unwritten = [note for note in map(self._unwritten.get, call_sids) if note is not None]
        notes = await self._asked("sessions could not be read", lambda: self._database.recall(call_sids))
        self._numbers.follow(notes)
        return [note.session for note in newest([*notes, *unwritten])]

    async def _unfinished(self, gateway: str) -> tuple[Session, ...]:
        unwritten = [note.session.call_sid for note in self._unwritten.of_gateway(gateway)]
        written = await self._asked(
            f"calls of gateway {gateway} could not be looked for", lambda: self._database.unfinished(gateway)
        )
        sessions = await self._recall([*written, *unwritten])
        ours = [session for session in sessions if session.gateway == gateway and session.ended_at is None]
        return tuple(sorted(ours, key=lambda session: session.created_at))

    async def _claim(self, call_sids: Collection[str], token: str) -> frozenset[str]:
        now = self._wall_clock()
        return await self._asked(
            f"{len(call_sids)} calls could not be claimed", lambda: self._database.claim(call_sids, token, now)
        )

    async def _asked(self, trouble: str, ask: Callable[[], Deferred[_Answer]]) -> _Answer:
        if self._away:
            raise BackendUnavailable(_NOT_NOW)
        try:
            return await ask()
        except BackendUnavailable as problem:
            self._log.warn("{trouble}: {problem}", trouble=trouble, problem=problem)
            raise BackendUnavailable(_NOT_NOW) from problem

    # --- Batches --------------------------------------------------------------------------------------------------

    def _add(self, session: Session, saved: Deferred[None] | None) -> Note | None:
        if self._is_stopped or (len(self._queue) >= _WAITING_MAX and saved is None):
            self._drop(1, "neither the database nor the disk keeps up" if not self._is_stopped else "it has stopped")
            return None
        note = self._numbers.note(session, self._wall_clock())
        self._queue.append(_Waiting(note, saved))
        return note

    def _hurry(self) -> None:
        if self._timer is None:
            self._timer = self._clock.callLater(0, self._flush_now)
        else:
            self._timer.reset(0)

    def _flush_now(self) -> None:
        self._timer = None
        if not self._writing.locked:  # Whoever writes already takes this along.
            spawn(self._flush(), self._log, "writing sessions")

    def _flush(self) -> Deferred[None]:
        """Write all that waits, one batch after the other."""
        return self._writing.run(lambda: Deferred.fromCoroutine(self._write_queue()))

    async def _write_queue(self) -> None:
        while self._queue:
            batch, self._queue = self._queue[:BATCH_NOTES], self._queue[BATCH_NOTES:]
            await self._write_batch(batch)

    async def _write_batch(self, batch: Sequence[_Waiting]) -> None:
        if not self._away:
            try:
                await self._database.write([waiting.note for waiting in batch])
            except BackendUnavailable as problem:
                self._lose(problem)
            except Exception:  # noqa: BLE001 - whatever is wrong with the program, notes are not lost by it
                self._log.failure("writing sessions to {name} failed", name=self._database.name)
                self._lose(BackendUnavailable(f"{self._database.name}: a mistake in exoswitch, see above"))
            else:
                self._metrics.add("session_batches_total")
                self._settle([waiting.note for waiting in batch])
                for waiting in batch:
                    if waiting.saved is not None:
                        waiting.saved.callback(None)
                return
        for waiting in batch:
            if waiting.saved is not None:
                waiting.saved.errback(BackendUnavailable(_NOT_NOW))
        await self._keep([waiting.note for waiting in batch if waiting.saved is None])

    def _settle(self, notes: Sequence[Note]) -> None:
        """Know of notes that the database has them, and so is well."""
        self._retry_s = _FIRST_RETRY_S
        self._unwritten.settle(notes)

    # --- The journal ------------------------------------------------------------------------------------------------

    async def _keep(self, notes: Sequence[Note]) -> None:
        if not notes:
            return
        try:
            dropped = await self._on_disk(self._journal.append, notes)
        except OSError as problem:
            self._drop(len(notes), f"the journal cannot be written: {problem}")
            return
        self._metrics.add("session_notes_journalled_total", len(notes) - dropped)
        if dropped:
            self._drop(dropped, f"the journal is full ({self._journal.max_bytes} bytes)")

    def _drop(self, count: int, reason: str) -> None:
        """Lose notes; said once in an outage, and counted."""
        self._metrics.add("session_notes_dropped_total", count)
        if not self._is_overrun:
            self._is_overrun = True
            self._log.error("notes of sessions are being LOST: {reason}", reason=reason)

    async def _replay(self) -> None:
        """Write the journal to the database, and remove it."""
        try:
            for path in await self._on_disk(self._journal.seal):
                start, is_last = 0, False
                while not is_last:
                    if self._is_stopped:
                        return
                    chunk: Chunk = await self._on_disk(self._journal.read, path, start)
                    await self._write_chunk(chunk)
                    start, is_last = chunk.end, chunk.is_last
                await self._on_disk(self._journal.remove, path)
        except BackendUnavailable as problem:
            self._lose(problem)
        except OSError as problem:
            self._log.error("the journal of sessions cannot be read: {problem}", problem=problem)

    async def _write_chunk(self, chunk: Chunk) -> None:
        if chunk.damaged:
            self._metrics.add("session_lines_damaged_total", chunk.damaged)
            self._log.error("{count} lines of the journal are torn or damaged; passed over", count=chunk.damaged)
        if chunk.notes:
            await self._database.write(chunk.notes)
            self._settle(chunk.notes)
            self._metrics.add("session_notes_replayed_total", len(chunk.notes))

    def _on_disk(self, work: Callable[..., Any], *arguments: object) -> Deferred[Any]:
        return self._disk.run(self._in_thread, work, *arguments)

    # --- There and away ---------------------------------------------------------------------------------------------

    async def _start(self) -> None:
        if not await self._open():
            self._metrics.add("session_outages_total")
            self._log.error("{problem}; trying again, and noting sessions in a journal", problem=self._away)
            spawn(self._come_back(), self._log, "opening the session store")

    def _lose(self, problem: BackendUnavailable) -> None:
        if self._away:
            return
        self._away = str(problem)
        self._metrics.add("session_outages_total")
        self._log.error("{problem}; calls go on, and their sessions are noted in a journal", problem=problem)
        if not self._is_stopped:
            spawn(self._come_back(), self._log, "opening the session store")

    async def _come_back(self) -> None:
        while not self._is_stopped:
            self._retry = deferLater(self._clock, self._retry_s)
            self._retry_s = min(self._retry_s * _RETRY_FACTOR, _LONGEST_RETRY_S)
            await self._retry
            if await self._open():
                return

    async def _open(self) -> bool:
        """Open the database and begin to replay the journal; say whether it is there."""
        try:
            await self._database.open()
        except BackendUnavailable as problem:
            self._away = str(problem)
            return False
        if self._is_stopped:
            await self._database.close()
            return True
        self._away, self._is_overrun = "", False
        self._log.info("sessions are kept in {name}", name=self._database.name)
        spawn(self._replaying.run(lambda: Deferred.fromCoroutine(self._replay())), self._log, "replaying the journal")
        self._tidy()
        return True

    def _tidy(self) -> None:
        """Let the database forget what is old, now and every few hours."""
        if self._tidying is not None and self._tidying.active():
            self._tidying.cancel()
        self._tidying = self._clock.callLater(_TIDY_S, self._tidy)
        if not self._away:
            spawn(self._tidy_database(), self._log, "tidying the session store up")

    async def _tidy_database(self) -> None:
        now = self._wall_clock()
        try:
            await self._database.tidy(now, now - self._keep_s)
        except BackendUnavailable as problem:
            self._log.warn("old calls could not be forgotten: {problem}", problem=problem)

    async def _stop(self) -> None:
        await self._flush()
        self._is_stopped = True
        for timer in (self._timer, self._tidying):
            if timer is not None and timer.active():
                timer.cancel()
        if self._retry is not None:
            self._retry.cancel()
        await self._replaying.run(succeed, None)
        await self._database.close()
        await self._on_disk(self._journal.close)
