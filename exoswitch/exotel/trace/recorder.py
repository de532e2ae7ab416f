"""Adapter: the recorder of traces: it observes streams, and a thread writes their traces once a second.

On the reactor a message costs an append to a list. The thread redacts and writes, one batch at a time.
"""

import time
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

from attrs import define, field, frozen
from twisted.application.service import Service
from twisted.internet.defer import Deferred, DeferredLock
from twisted.internet.defer import TimeoutError as DeferredTimeout
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure

from exoswitch.call.stream_start import StreamStart
from exoswitch.exotel.stream.observer import StreamObserver
from exoswitch.exotel.trace.folder import TraceFile, TraceFolder
from exoswitch.exotel.trace.observing import EntryObserver
from exoswitch.exotel.trace.redaction import Redactor
from exoswitch.exotel.trace.trace import Cut, Entry, Header, Message
from exoswitch.exotel.trace.writing import TraceWriter
from exoswitch.tasks.deferred import deferred
from exoswitch.tasks.spawn import spawn

_BATCH_S = 1.0
_SOON_BYTES = 4 * 1024 * 1024
"""The size of waiting data that is written at once, not within a second."""

_UNWRITTEN_BYTES = 64 * 1024 * 1024
"""The limit of waiting data: beyond it the disk is too slow, and traces are cut."""

_UNWRITTEN_OF_ONE_BYTES = 4 * 1024 * 1024
"""The limit of one trace: a bot that floods it takes no memory and no time from the traces of others."""

_ENTRY_BYTES = 200  # roughly the size of an entry without its message
_STOP_S = 10.0


@frozen(eq=False)
class _Batch:
    """The entries of one trace that are to be written."""

    trace: "LiveTrace"
    file: TraceFile
    entries: list[Entry]
    is_last: bool


class TraceRecorder(Service):
    """Writes traces into a folder of at most `max_mb`.

    With `numbers`, phone numbers are written in full. `parameters` names the custom parameters whose values are no
    secrets. `defer_to_thread` runs a function in a thread.
    """

    _log = Logger()

    def __init__(
        self,
        clock: IReactorTime,
        folder: str | Path,
        *,
        defer_to_thread: Callable[..., Deferred[Any]],
        max_mb: int,
        numbers: bool = False,
        parameters: Collection[str] = (),
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        self.clock = clock
        self._folder = TraceFolder(Path(folder), max_mb)
        self._redactor = Redactor(numbers=numbers, parameters=frozenset(parameters))
        self._wall_clock = wall_clock
        self._defer_to_thread = defer_to_thread
        self._one_at_a_time = DeferredLock()
        self._timer: IDelayedCall | None = None
        self._live: set[LiveTrace] = set()
        self._waiting: dict[LiveTrace, None] = {}
        self._unwritten_bytes = 0
        self._is_urgent = False
        self._is_stopped = False

    def observe(self, start: StreamStart, sample_rate_hz: int) -> StreamObserver:
        """Begin the trace of an attempt to reach a bot and its stream, if the bot's options ask for one."""
        if start.bot.options.trace == "off":
            return StreamObserver()
        header = Header.of(start, sample_rate_hz, self._wall_clock())
        trace = LiveTrace(self.clock.seconds, self, TraceFile(TraceWriter(header, self._redactor)))
        self._live.add(trace)
        if self._is_stopped:
            trace.close()
        return trace

    def stopService(self) -> Deferred[None]:
        """Write all entries that wait; later events are not written."""
        self._is_stopped = True
        for trace in tuple(self._live):
            trace.close()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        written: Deferred[None] = self._one_at_a_time.run(self._write)
        return written.addTimeout(_STOP_S, self.clock).addErrback(self._not_stopped)

    def noted(self, trace: "LiveTrace", size: int) -> None:
        """A trace has another entry to write."""
        self._waiting[trace] = None
        self._unwritten_bytes += size
        if self._timer is None:
            self._wait()
        elif self._unwritten_bytes > _SOON_BYTES:
            self._speed_up(trace)

    def closed(self, trace: "LiveTrace") -> None:
        """A trace has ended."""
        self._live.discard(trace)
        self._waiting[trace] = None
        self._wait()

    def _wait(self) -> None:
        if self._timer is None and not self._is_stopped:
            self._timer = self.clock.callLater(_BATCH_S, self._wake)

    def _speed_up(self, trace: "LiveTrace") -> None:
        if self._unwritten_bytes > _UNWRITTEN_BYTES:
            trace.cut("the disk was too slow")
        elif self._timer is not None and not self._is_urgent and not self._one_at_a_time.locked:
            self._is_urgent = True
            self._timer.reset(0)

    def _wake(self) -> None:
        self._timer, self._is_urgent = None, False
        if self._one_at_a_time.locked:
            self._wait()  # the last batch is still being written
        else:
            spawn(self._one_at_a_time.run(self._write), self._log, "writing traces")

    @deferred
    async def _write(self) -> None:
        batches = [trace.take() for trace in self._waiting]
        size = self._unwritten_bytes
        self._waiting.clear()
        try:
            problems = await self._defer_to_thread(_write_batches, self._folder, batches)
        finally:
            self._unwritten_bytes -= size
        for batch, problem in zip(batches, problems, strict=True):
            if batch.file.is_ended:
                batch.trace.close()
            if problem is not None:
                self._log.error(
                    "the trace of call {call_sid} ends early, because it cannot be written: {problem}",
                    call_sid=batch.file.writer.header.call_sid,
                    problem=problem,
                )

    def _not_stopped(self, failure: Failure) -> None:
        if not isinstance(failure.value, DeferredTimeout):
            self._log.failure("writing the last traces failed", failure)
        else:
            self._log.error("the last traces could not be written within {seconds:g} s", seconds=_STOP_S)


def _write_batches(folder: TraceFolder, batches: list[_Batch]) -> list[Exception | None]:
    """Write batches, in the thread; give the problem of each."""
    return [_write_batch(folder, batch) for batch in batches]


def _write_batch(folder: TraceFolder, batch: _Batch) -> Exception | None:
    problem: Exception | None = None
    try:
        folder.write(batch.file, batch.entries)
    except Exception as error:  # noqa: BLE001 - an error in one call must not stop the others
        problem = error
    if problem is not None or batch.is_last or batch.file.is_ended:
        folder.finish(batch.file)
    return problem


@define(eq=False)
class LiveTrace(EntryObserver):
    """The trace of one stream that is being written; it ends with `close`."""

    _recorder: TraceRecorder
    _file: TraceFile
    _entries: list[Entry] = field(factory=list, init=False)
    _unwritten_bytes: int = field(default=0, init=False)
    _is_open: bool = field(default=True, init=False)

    def note(self, entry: Entry) -> None:
        """Take an entry, to be written soon."""
        if not self._is_open:
            return
        size = _ENTRY_BYTES + (len(entry.data) if isinstance(entry, Message) else 0)
        self._entries.append(entry)
        self._unwritten_bytes += size
        self._recorder.noted(self, size)
        if self._unwritten_bytes > _UNWRITTEN_OF_ONE_BYTES:
            self.cut("the bot sends faster than its trace can be written")

    def close(self) -> None:
        """Stop writing; a second call has no effect."""
        if self._is_open:
            self._is_open = False
            self._recorder.closed(self)

    def cut(self, reason: str) -> None:
        """Drop the entries that wait, and write the reason in their place."""
        self._entries = [Cut(self._entries[0].at_ms if self._entries else self.ms(), reason)]
        self.close()

    def take(self) -> _Batch:
        """Give the entries that wait, and forget them."""
        entries, self._entries = self._entries, []
        self._unwritten_bytes = 0
        return _Batch(self, self._file, entries, not self._is_open)
