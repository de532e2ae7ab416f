"""Adapter: the journal in a thread, and the log and the counters of its losses."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from attrs import define, field
from twisted.internet.defer import Deferred, DeferredLock
from twisted.logger import Logger

from exoswitch.interfaces.metrics import IMetrics
from exoswitch.sessions.journal import Journal
from exoswitch.sessions.notes import Note

_Write = Callable[[Sequence[Note]], Awaitable[None]]


@define(eq=False)
class ThreadedJournal:
    """A journal whose work waits in line for `in_thread`, which runs blocking functions."""

    _journal: Journal
    _in_thread: Callable[..., Deferred[Any]]
    _metrics: IMetrics
    _log: Logger
    _disk: DeferredLock = field(factory=DeferredLock, init=False)
    _is_loss_logged: bool = field(default=False, init=False)

    async def keep(self, notes: Sequence[Note]) -> None:
        """Write notes to the disk; drop the ones that it does not take."""
        try:
            dropped = await self._run(self._journal.append, notes)
        except OSError as problem:
            self.drop(len(notes), f"the journal cannot be written: {problem}")
            return
        self._metrics.add("session_notes_journalled_total", len(notes) - dropped)
        if dropped:
            self.drop(dropped, f"the journal is full ({self._journal.max_bytes} bytes)")

    def drop(self, count: int, reason: str) -> None:
        """Count lost notes; log it once in an outage."""
        self._metrics.add("journal_lost_total", count)
        if not self._is_loss_logged:
            self._is_loss_logged = True
            self._log.error("notes of sessions are being LOST: {reason}", reason=reason)

    async def replay(self, write: _Write, is_wanted: Callable[[], bool]) -> None:
        """Pass all notes to `write`, part by part, and remove each file after its last part.

        It ends early when it is not wanted, when the disk fails, or with an error of `write`.
        """
        self._is_loss_logged = False
        try:
            while paths := await self._run(self._journal.seal):
                for path in paths:
                    parts = self._journal.read(path)
                    while part := await self._run(next, parts, None):
                        if not is_wanted():
                            return
                        await self._pass(write, *part)
                    await self._run(self._journal.remove, path)
        except OSError as problem:
            self._log.error("the journal of sessions cannot be read: {problem}", problem=problem)

    def close(self) -> Deferred[None]:
        """Close the files, after all other work."""
        return self._run(self._journal.close)

    async def _pass(self, write: _Write, notes: Sequence[Note], damaged: int) -> None:
        if damaged:
            self._metrics.add("session_lines_damaged_total", damaged)
            self._log.error("{count} lines of the journal are torn or damaged; skipped", count=damaged)
        if notes:
            await write(notes)
            self._metrics.add("session_notes_replayed_total", len(notes))

    def _run(self, work: Callable[..., Any], *arguments: object) -> Deferred[Any]:
        return self._disk.run(self._in_thread, work, *arguments)
