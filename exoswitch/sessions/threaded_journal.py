"""Adapter: the journal and the file of notes set aside, in a thread; the log and the counters of losses."""

from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

from attrs import define, field
from twisted.internet.defer import Deferred, DeferredLock
from twisted.logger import Logger

from exoswitch.interfaces.metrics import IMetrics
from exoswitch.sessions.journal import Damaged, Journal
from exoswitch.sessions.journal_lines import write_line
from exoswitch.sessions.notes import Note
from exoswitch.sessions.refusals import Refusal
from exoswitch.sessions.set_aside import SetAside

_Write = Callable[[Sequence[Note]], Awaitable[None]]


@define(eq=False)
class ThreadedJournal:
    """A journal whose work waits in line for `in_thread`, which runs blocking functions.

    `wall_clock` gives seconds since the epoch.
    """

    _journal: Journal
    _in_thread: Callable[..., Deferred[Any]]
    _metrics: IMetrics
    _wall_clock: Callable[[], float]
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

        A file that cannot be read stays where it is. The replay ends early when it is not wanted, when the folder
        cannot be read, or with an error of `write`.
        """
        self._is_loss_logged = False
        unreadable: set[Path] = set()
        try:
            while paths := [path for path in await self._run(self._journal.seal) if path not in unreadable]:
                for path in paths:
                    try:
                        if not await self._replay_file(path, write, is_wanted):
                            return
                    except OSError as problem:
                        unreadable.add(path)
                        self._log.error("a file of the journal cannot be read: {problem}", problem=problem)
        except OSError as problem:
            self._log.error("the journal of sessions cannot be read: {problem}", problem=problem)

    async def set_aside(self, refused: Sequence[Refusal]) -> None:
        """Keep notes that the database refused."""
        for note, reason in refused:
            self._log.error(
                "a note of call {call_sid} is set aside: {reason}", call_sid=note.session.call_sid, reason=reason
            )
        await self._set_aside([(write_line(note), str(reason)) for note, reason in refused])

    def close(self) -> Deferred[None]:
        """Close the files, after all other work."""
        return self._run(self._journal.close)

    async def _replay_file(self, path: Path, write: _Write, is_wanted: Callable[[], bool]) -> bool:
        parts = self._journal.read(path)
        while part := await self._run(next, parts, None):
            if not is_wanted():
                return False
            await self._pass(write, *part)
        await self._run(self._journal.remove, path)
        return True

    async def _pass(self, write: _Write, notes: Sequence[Note], damaged: Sequence[Damaged]) -> None:
        if damaged:
            self._metrics.add("session_lines_damaged_total", len(damaged))
            self._log.error(
                "{count} lines of the journal are torn or damaged; they are set aside", count=len(damaged)
            )
            await self._set_aside(damaged)
        if notes:
            await write(notes)
            self._metrics.add("session_notes_replayed_total", len(notes))

    async def _set_aside(self, records: Sequence[Damaged]) -> None:
        """Keep records for a person to look at; the ones that the disk does not take are lost, and counted."""
        if not records:
            return
        try:
            lost = await self._run(SetAside(self._journal.folder).add, records, self._wall_clock())
        except OSError as problem:
            self.drop(len(records), f"notes cannot be set aside: {problem}")
            return
        self._metrics.add("session_notes_set_aside_total", len(records) - lost)
        if lost:
            self.drop(lost, "the file of notes that are set aside is full")

    def _run(self, work: Callable[..., Any], *arguments: object) -> Deferred[Any]:
        return self._disk.run(self._in_thread, work, *arguments)
