"""Core: the tape of one call: times of the connection, messages, audio and marks, for the judge.

Times are seconds on one clock. The bot's audio is measured where it leaves the gateway, before the network.
"""

from collections import deque

from attrs import define, field

from exoswitch.audio.frames import FRAME_BYTES
from exoswitch.certify.hearing import is_audible, zero_crossings
from exoswitch.certify.inspection import Inspection
from exoswitch.certify.kept import Kept
from exoswitch.exotel.stream.messages import BotClear, BotMark, BotMedia, BotMessageReader

_TICKS = 6000  # two minutes of sound
_FRAMES = 2000
_MARKS = 500
_CLEARS = 100


@define
class MarkSeen:
    """A mark of the bot: when it came, and when it went back, or None."""

    name: str
    at: float
    back_at: float | None = None


@define
class Tape:
    """The record of one call. `label` names the call within its scenario.

    `error` says why the bot cannot be reached, or refused. `stages` has the caller's stages with their beginnings.
    `audible_at` has the ticks with sound of the bot. `hushed_after_ticks` has the ticks of sound after each `clear`.
    `spoken` and `returned` are the audible frames to and from the bot: they show whose audio came back. The caller
    waits for a greeting that begins within `greeting_due_s`, and `spoke_at` is the caller's first sound. `pitches`
    has the zero crossings of each tick with sound of the bot.
    """

    label: str
    stream_sid: str
    began_at: float
    kept: Kept | None = field(default=None, repr=False, kw_only=True)
    greeting_due_s: float = field(default=1.5, kw_only=True)
    opened_at: float | None = field(default=None, init=False)
    error: str = field(default="", init=False)
    hung_up_at: float | None = field(default=None, init=False)
    closed_at: float | None = field(default=None, init=False)
    code: int | None = field(default=None, init=False)
    reason: str = field(default="", init=False)
    said: Inspection = field(init=False)
    stages: list[tuple[str, float]] = field(factory=list, init=False)
    audible_at: deque[float] = field(factory=lambda: deque(maxlen=_TICKS), init=False, repr=False)
    pitches: deque[int] = field(factory=lambda: deque(maxlen=_TICKS), init=False, repr=False)
    media_at: deque[float] = field(factory=lambda: deque(maxlen=_TICKS), init=False, repr=False)
    spoke_at: float | None = field(default=None, init=False)
    heard_at_phone: int = field(default=0, init=False)
    longest_queue_ms: int = field(default=0, init=False)
    queued_ms: int = field(default=0, init=False)
    dropped_ms: int = field(default=0, init=False)
    marks: list[MarkSeen] = field(factory=list, init=False)
    clears: list[float] = field(factory=list, init=False)
    hushed_after_ticks: list[int] = field(factory=list, init=False)
    spoken: set[bytes] = field(factory=set, init=False, repr=False)
    returned: set[bytes] = field(factory=set, init=False, repr=False)
    _sent_reader: BotMessageReader = field(factory=BotMessageReader, init=False)
    _loud_ticks: int | None = field(default=None, init=False)  # since the last clear, until new media

    def __attrs_post_init__(self) -> None:
        self.said = Inspection(self.stream_sid)

    # --- the connection

    def hung_up(self, now: float) -> None:
        """The caller hung up: `stop` was sent."""
        if self.hung_up_at is None and self.closed_at is None:
            self.hung_up_at = now

    # --- messages, audio and marks

    def sent(self, message: bytes, now: float) -> None:
        """A message goes to the bot. Media messages have the same form both ways."""
        match self._sent_reader.read(message):
            case BotMedia(pcm):
                self._keep(pcm, self.spoken)
                if self.spoke_at is None and self.spoken:
                    self.spoke_at = now
            case BotMark(name):
                self._mark_returned(name, now)

    def received(self, message: bytes, now: float) -> None:
        """A message came from the bot."""
        match self.said.text(message):
            case BotMedia(pcm):
                self._loud_ticks = None
                self.media_at.append(now)
                self._keep(pcm, self.returned)
            case BotMark(name) if len(self.marks) < _MARKS:
                self.marks.append(MarkSeen(name, now))
            case BotClear():
                self._loud_ticks = 0
                if len(self.clears) < _CLEARS:
                    self.clears.append(now)

    @staticmethod
    def _keep(pcm: bytes, frames: set[bytes]) -> None:
        for start in range(0, len(pcm), FRAME_BYTES):
            frame = pcm[start : start + FRAME_BYTES]
            if len(frames) < _FRAMES and is_audible(frame):
                frames.add(frame)

    def waiting(self, queued_ms: int) -> None:
        """So much audio of the bot waits in the queue. The hang-up drops it, so later calls are ignored."""
        if self.hung_up_at is not None:
            return
        self.queued_ms = queued_ms
        self.longest_queue_ms = max(self.longest_queue_ms, queued_ms)

    def _mark_returned(self, name: str, now: float) -> None:
        for mark in self.marks:
            if mark.back_at is None and mark.name == name:
                mark.back_at = now
                return

    def line_tick(self, pcm: bytes, now: float) -> None:
        """20 ms of audio go to the phone."""
        audible = is_audible(pcm)
        if audible:
            self.audible_at.append(now)
            self.pitches.append(zero_crossings(pcm))
        if self._loud_ticks is not None:
            self._loud_ticks += 1
            if not audible and len(self.hushed_after_ticks) < _CLEARS:
                self.hushed_after_ticks.append(self._loud_ticks - 1)
                self._loud_ticks = None

    # --- questions of the judge and the caller

    def stage_began(self, name: str) -> float | None:
        """Give the time when a stage began."""
        return next((at for stage, at in self.stages if stage == name), None)

    def audible_ticks(self, since: float, until: float = float("inf")) -> int:
        """Count the ticks with sound of the bot. A recent `since` is fast."""
        count = 0
        for at in reversed(self.audible_at):
            if at < since:
                break
            count += at < until
        return count

    def first_audible(self, since: float = float("-inf")) -> float | None:
        """Give the time of the bot's first sound since a time."""
        return next((at for at in self.audible_at if at >= since), None)

    @property
    def greeted_after_s(self) -> float | None:
        """How long after the start the bot spoke first, if it spoke before the caller."""
        heard_at = self.first_audible()
        if heard_at is None or self.opened_at is None or (self.spoke_at is not None and heard_at >= self.spoke_at):
            return None
        return heard_at - self.opened_at

    @property
    def listened_s(self) -> float:
        """How long the caller was silent at the start."""
        ends = [at for at in (self.spoke_at, self.hung_up_at, self.closed_at) if at is not None]
        return min(ends, default=0.0) - (self.opened_at or 0.0)

    @property
    def handshake_s(self) -> float:
        """How long the bot took to accept the call; meaningless if it did not."""
        return (self.opened_at or 0.0) - self.began_at

    @property
    def ended_by_bot(self) -> bool:
        """Whether the connection closed before the caller hung up."""
        return self.opened_at is not None and self.closed_at is not None and self.hung_up_at is None

    @property
    def marks_pending(self) -> int:
        """Count the marks that have not gone back."""
        return sum(mark.back_at is None for mark in self.marks)
