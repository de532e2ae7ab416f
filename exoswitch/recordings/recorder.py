"""Adapter: the recordings of all calls: their audio goes to one thread, twice a second, which writes it.

An error ends a recording, and never its call. Audio that waits for a slow disk or encoder has a limit.
"""

from collections import Counter
from collections.abc import Callable
from typing import Any

from attrs import define, field
from twisted.application.service import Service
from twisted.internet.defer import Deferred, DeferredLock
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import LoopingCall
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from exoswitch.audio.frames import SAMPLE_RATE_HZ
from exoswitch.call.recording import Recorded, RecordingWish
from exoswitch.call.session import Session
from exoswitch.interfaces.metrics import IMetrics, Reading
from exoswitch.interfaces.recordings import IRecording, IRecordings
from exoswitch.recordings.batches import Batch, Trouble, write_batches
from exoswitch.recordings.files import PartWriter, Place
from exoswitch.recordings.key import make_key, read_key
from exoswitch.recordings.none import NoRecording
from exoswitch.recordings.upkeep import Upkeep
from exoswitch.tasks.deferred import deferred
from exoswitch.tasks.repeat import repeat
from exoswitch.tasks.spawn import spawn

_BATCH_S = 0.5
_UPKEEP_S = 60.0
_WRITTEN_S = 3.0  # the part of a live call is written each second
_MOST_BYTES = 64 * 1024 * 1024  # of all calls, unwritten: 2,000 calls for a second
_SPARE_BYTES = 200 * 1024 * 1024  # left on the disk for the session store and the log
_STOP_S = 10.0

InThread = Callable[..., Deferred[Any]]


@implementer(IRecordings)
class Recorder(Service):
    """Records calls into a folder.

    `in_thread` runs a function in a thread of the recordings, `aside` in another one: a search of the folder must not
    keep audio waiting. `spare_bytes` stay free on the disk. `key` signs URLs; the first recording makes it.
    """

    def __init__(
        self,
        clock: IReactorTime,
        upkeep: Upkeep,
        *,
        in_thread: InThread,
        aside: InThread,
        wall_clock: Callable[[], float],
        metrics: IMetrics,
        spare_bytes: int = _SPARE_BYTES,
    ) -> None:
        self.metrics = metrics
        self.key = b""
        self._clock = clock
        self._upkeep = upkeep
        self._in_thread = in_thread
        self._aside = aside
        self._wall_clock = wall_clock
        self._spare_bytes = spare_bytes
        self._one_at_a_time = DeferredLock()
        self._loops: list[LoopingCall] = []
        self._live: set[_Recording] = set()
        self._places: Counter[Place] = Counter()  # of those that are live: two may follow each other at one place
        self._waiting: dict[_Recording, None] = {}
        self._unwritten_bytes = 0
        self._size = 0
        self._log = Logger(namespace="exoswitch.recordings")
        metrics.read_from(self._readings)

    def begin(self, session: Session, offset_s: float) -> IRecording:
        """Begin to record a call that asks for it, so long after its answer."""
        wish = session.recording or RecordingWish()
        try:
            place = Place.of(self._upkeep.root, session.account, session.call_sid, wish.suffix)
        except ValueError as problem:
            return NoRecording(str(problem))
        recording = _Recording(self, PartWriter(place, wish, round(1000 * offset_s)), offset_s)
        self._live.add(recording)
        self._places[place] += 1
        if not self.key:
            spawn(self._make_key(), self._log, "making the key that signs URLs")
        return recording

    @deferred
    async def is_written(self, account: str, call_sid: str, suffix: str, *, in_thread: InThread) -> bool:
        """Whether a recording without a file is being written, here or by another gateway of this folder.

        The folder is searched `in_thread`: not in that of the recordings, where audio would wait.

        Raises:
            ValueError: no recording can have this name.
        """
        place = Place.of(self._upkeep.root, account, call_sid, suffix)
        if place in self._places:
            return True
        written_at = await in_thread(place.written_at)
        return written_at is not None and self._wall_clock() - written_at < _WRITTEN_S

    # --- Asked by a recording

    def noted(self, recording: "_Recording", size: int) -> None:
        """A recording has more audio to write, or has ended."""
        self._waiting[recording] = None
        self._unwritten_bytes += size
        if self._unwritten_bytes > _MOST_BYTES:
            text = "the disk or the encoder is too slow for the number of recorded calls"
            self.end_early(recording, Trouble("too_slow", text))

    def end_early(self, recording: "_Recording", trouble: Trouble) -> None:
        """End a recording whose call goes on."""
        if not recording.end_early(trouble.text):
            return
        self.metrics.add("recordings_ended_early_total", reason=trouble.kind)
        self._log.error(
            "the recording of call {call_sid} ends early: {problem}",
            call_sid=recording.writer.place.call_sid,
            problem=trouble.text,
        )

    # --- The service

    def startService(self) -> None:
        """Write twice a second, and look after the folder every minute."""
        super().startService()
        self._loops = [
            repeat(self._write, _BATCH_S, self._clock, self._log),
            repeat(self._keep, _UPKEEP_S, self._clock, self._log, now=True),
        ]

    def stopService(self) -> Deferred[None]:
        """Write all audio that waits. A recording that has not ended stays a part: its call goes on elsewhere."""
        super().stopService()
        for loop in self._loops:
            if loop.running:
                loop.stop()
        for recording in tuple(self._live):
            recording.end(is_over=False)
        return self._last().addTimeout(_STOP_S, self._clock).addErrback(self._not_stopped)

    @deferred
    async def _last(self) -> None:
        await self._write()

    def _not_stopped(self, failure: Failure) -> None:
        self._log.failure("the last audio of recordings could not be written", failure)

    async def _write(self) -> None:
        await self._one_at_a_time.run(self._write_all)

    @deferred
    async def _write_all(self) -> None:
        batches = [(recording, recording.taken()) for recording in self._waiting]
        size, self._waiting = self._unwritten_bytes, {}
        if not batches:
            return
        began_at = self._clock.seconds()
        try:
            troubles = await self._in_thread(
                write_batches, self._upkeep.root, self._spare_bytes, [batch for _, batch in batches]
            )
        finally:
            self._unwritten_bytes -= size
        self.metrics.observe("recordings_write_seconds", self._clock.seconds() - began_at)
        for (recording, batch), trouble in zip(batches, troubles, strict=True):
            if batch.is_last:
                self._forget(recording)
            if trouble is not None:
                self.end_early(recording, trouble)

    def _forget(self, recording: "_Recording") -> None:
        if recording in self._live:
            self._live.remove(recording)
            place = recording.writer.place
            self._places[place] -= 1
            if not self._places[place]:
                del self._places[place]

    async def _make_key(self) -> None:
        try:
            self.key = await self._aside(make_key, self._upkeep.root)
        except OSError:
            return  # The recording ends for the same reason, and says so.

    async def _keep(self) -> None:
        self.key = self.key or await self._aside(read_key, self._upkeep.root)
        has_more = True
        while has_more and self.running:
            done = await self._aside(self._upkeep.run, self._wall_clock(), self._places)
            self._size, has_more = done.size, done.has_more
            self.metrics.add("recordings_deleted_total", done.by_age, reason="age")
            self.metrics.add("recordings_deleted_total", done.by_size, reason="size")
            if done.passed_over:
                self._log.warn(
                    "recordings: {count} calls or folders were passed over. The first is {problem}",
                    count=done.passed_over,
                    problem=done.problem,
                )
            if done.by_age or done.by_size or done.finished:
                self._log.info(
                    "recordings: {age} deleted by age, {size} by size, {finished} of lost calls finished",
                    age=done.by_age,
                    size=done.by_size,
                    finished=done.finished,
                )

    def _readings(self) -> list[Reading]:
        return [
            Reading("recordings_active", sum(recording.is_open for recording in self._live)),
            Reading("recordings_bytes", self._size),
            Reading("recordings_unwritten_bytes", self._unwritten_bytes),
        ]


@implementer(IRecording)
@define(eq=False)
class _Recording:
    """The recording of one call."""

    _recorder: Recorder
    writer: PartWriter
    _offset_s: float
    is_open: bool = field(default=True, init=False)
    _samples: int = field(default=0, init=False)
    _audio: list[tuple[bytes, bytes]] = field(factory=list, init=False)
    _ended_early: str | None = field(default=None, init=False)
    _is_last: bool = field(default=False, init=False)
    _is_over: bool = field(default=False, init=False)

    def take(self, said: bytes, played: bytes) -> None:
        """Take audio, to be written soon."""
        if self.is_open:
            self._audio.append((said, played))
            self._samples += len(said) // 2
            self._recorder.noted(self, len(said) + len(played))

    def end(self, *, is_over: bool) -> Recorded:
        """End it, and tell what there is."""
        if not self._is_last:
            self.is_open, self._is_last, self._is_over = False, True, is_over
            self._recorder.noted(self, 0)
        samples = self._samples if self._ended_early is None else self.writer.samples
        seconds = samples / SAMPLE_RATE_HZ
        return Recorded(seconds=round(self._offset_s + seconds if seconds else 0.0, 3), ended_early=self._ended_early)

    def end_early(self, reason: str) -> bool:
        """Take no more audio; tell whether it was open."""
        was_open, self.is_open = self.is_open, False
        self._ended_early = self._ended_early or reason
        return was_open

    def taken(self) -> Batch:
        """Give the audio that waits, and forget it."""
        audio, self._audio = self._audio, []
        return Batch(self.writer, audio, self._is_last, self._is_over)
