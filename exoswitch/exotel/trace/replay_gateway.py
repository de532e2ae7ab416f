"""Core: a recorded bot is replayed to the gateway's cores in virtual time: a support case becomes a test.

The bot's messages go through the intake and the media leg as in the call. The gateway's marks of now are compared
with the recorded ones.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from math import inf
from random import Random

from attrs import define, field, frozen

from exoswitch.audio.frames import FRAME_MS
from exoswitch.errors import RemoteProtocolError
from exoswitch.exotel.stream.intake import BotIntake
from exoswitch.exotel.stream.messages import Ignored
from exoswitch.exotel.stream.observer import Side
from exoswitch.exotel.trace.replay_comparison import Difference, seconds
from exoswitch.exotel.trace.trace import Closed, Cut, Entry, MediaSettings, Message, Trace, TraceError
from exoswitch.rtp.leg import MediaLeg
from exoswitch.rtp.packet import parse
from exoswitch.rtp.session import LegSettings

TOLERANCE_MS = 60.0
"""A tick of 20 ms, the bot's phase against it, and the delay of a busy machine."""

_PHONE = ("127.0.0.1", 4000)


@frozen
class SentMark:
    """A mark that went back to the bot."""

    at_ms: float
    name: str


@frozen
class Oddity:
    """A message of the bot without effect, and the reason."""

    at_ms: float
    why: str


@frozen(kw_only=True)
class Replayed:
    """The gateway's behaviour with a recorded bot; times are those of the recording.

    `played` is the caller's sound from `start` on, silence included: signed 16-bit little-endian mono at 8,000 Hz,
    after G.711. `spoken_ms` of it are the bot's. `dropped_ms` did not fit into the playout queue.
    """

    started_ms: float
    ended_ms: float
    marks: tuple[SentMark, ...]
    played: bytes = field(repr=False)
    spoken_ms: int
    dropped_ms: int
    ignored: tuple[Oddity, ...]
    malformed: tuple[Oddity, ...]


def replay(trace: Trace) -> Replayed:
    """Replay the recorded bot to the gateway's cores; audio that was left out is silence of its length.

    Raises:
        TraceError: no stream was started, so there is nothing to replay.
    """
    stream = _stream(trace)
    started_ms, ended_ms = stream[0].at_ms, stream[-1].at_ms
    gateway = _Gateway(trace.header.media, _first_tick_ms(stream))
    for entry in stream:
        gateway.tick_until(entry.at_ms)
        if isinstance(entry, Message) and entry.side is Side.BOT:
            gateway.hear(entry)
    return Replayed(
        started_ms=started_ms,
        ended_ms=ended_ms,
        marks=tuple(gateway.marks),
        played=bytes(gateway.played),
        spoken_ms=gateway.spoken_ms,
        dropped_ms=gateway.dropped_ms,
        ignored=tuple(gateway.ignored),
        malformed=tuple(gateway.malformed),
    )


def compare(trace: Trace, replayed: Replayed, tolerance_ms: float = TOLERANCE_MS) -> list[Difference]:
    """Give the marks that differ: missing, new, at another time or in another order."""
    then = _counted(SentMark(entry.at_ms, _mark_name(entry)) for entry in _ours(_stream(trace), "mark"))
    now = _counted(replayed.marks)
    edge_ms = replayed.ended_ms - tolerance_ms  # a mark so near to the end may come back just in time or not at all
    differences = []
    for name, number in then | now:
        was_ms, is_ms = then.get((name, number), inf), now.get((name, number), inf)
        if abs(was_ms - is_ms) > tolerance_ms and min(was_ms, is_ms) < edge_ms:
            differences.append(Difference(f"mark {name!r}", _when(was_ms), _when(is_ms)))
    return differences + _disordered(list(then), list(now))


def _stream(trace: Trace) -> list[Entry]:
    """Give the entries from `start` to the end of the stream, both included."""
    entries = list(trace.entries)
    for start in _ours(entries, "start"):
        stream = entries[entries.index(start) :]
        ends: list[Entry] = [entry for entry in stream if isinstance(entry, Closed | Cut)]
        ends += _ours(stream, "stop")
        return stream[: min(map(stream.index, ends), default=len(stream)) + 1]
    raise TraceError("the trace has no started stream, so there is nothing to replay")


def _ours(entries: Iterable[Entry], event: str) -> Iterator[Message]:
    """Give the gateway's messages of one kind."""
    for entry in entries:
        if isinstance(entry, Message) and entry.side is Side.GATEWAY and entry.event == event:
            yield entry


def _first_tick_ms(stream: list[Entry]) -> float:
    """Find the phase of the gateway's ticks: it sends the caller's audio in them."""
    started_ms = stream[0].at_ms
    media_ms = next((media.at_ms for media in _ours(stream, "media")), started_ms)
    return started_ms + (media_ms - started_ms) % FRAME_MS


@define
class _Gateway:
    """The gateway's part of one stream, and its results."""

    media: MediaSettings
    _tick_ms: float
    marks: list[SentMark] = field(factory=list, init=False)
    played: bytearray = field(factory=bytearray, init=False)
    spoken_ms: int = field(default=0, init=False)
    dropped_ms: int = field(default=0, init=False)
    ignored: list[Oddity] = field(factory=list, init=False)
    malformed: list[Oddity] = field(factory=list, init=False)
    _now_ms: float = field(default=0.0, init=False)
    _intake: BotIntake = field(init=False)
    _leg: MediaLeg = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._intake = BotIntake(
            self,
            sample_rate_hz=self.media.sample_rate_hz,
            marks_on_clear=self.media.marks_on_clear,
            clear_granularity=self.media.clear_granularity,
        )
        self._leg = MediaLeg(LegSettings(source_host=_PHONE[0]), Random(0))
        self._leg.direct(*_PHONE)

    def tick_until(self, now_ms: float) -> None:
        """Run every tick that is due at `now_ms`."""
        while self._tick_ms <= now_ms:
            was_silent = not self._leg.playout.queued_ms
            _, packet, marks, _ = self._leg.tick(self._tick_ms / 1000)
            if packet is not None:
                self.played += self._leg.settings.law.decode(parse(packet).payload)
            self.spoken_ms += 0 if was_silent else FRAME_MS
            self._answer(self._tick_ms, marks)
            self._tick_ms += FRAME_MS

    def hear(self, message: Message) -> None:
        """Take a message of the bot."""
        self._now_ms = message.at_ms
        try:
            read = message.read(self._intake.reader)
        except RemoteProtocolError as error:
            self.malformed.append(Oddity(message.at_ms, str(error)))
            return
        if isinstance(read, Ignored):
            self.ignored.append(Oddity(message.at_ms, read.event))
        self._intake.carry_out(read)

    # --- the leg, as the intake has it

    def play(self, pcm: bytes, *, continues: bool = False) -> None:
        """Queue audio of the bot."""
        self.dropped_ms += self._leg.playout.play(pcm, continues=continues)

    def mark(self, name: str) -> None:
        """Queue a mark."""
        self._answer(self._now_ms, self._leg.playout.mark(name))

    def clear(self, *, finish_message: bool, answer_marks: bool) -> None:
        """Drop the unplayed audio."""
        cleared = self._leg.playout.clear(finish_message=finish_message)
        self._answer(self._now_ms, cleared if answer_marks else [])

    def _answer(self, at_ms: float, names: Iterable[str]) -> None:
        self.marks.extend(SentMark(at_ms, name) for name in names)


def _counted(marks: Iterable[SentMark]) -> dict[tuple[str, int], float]:
    """Give the times of marks by name and number: a name can come more than once."""
    numbers: Counter[str] = Counter()
    counted = {}
    for mark in marks:
        numbers[mark.name] += 1
        counted[mark.name, numbers[mark.name]] = mark.at_ms
    return counted


def _mark_name(message: Message) -> str:
    body = message.parsed().get("mark")
    return str(body.get("name")) if isinstance(body, dict) else ""


def _disordered(then: list[tuple[str, int]], now: list[tuple[str, int]]) -> list[Difference]:
    """Give the first place where marks of both runs came back in another order."""
    known_then, known_now = set(then), set(now)
    before, after = [mark for mark in then if mark in known_now], [mark for mark in now if mark in known_then]
    for one, other in zip(before, after, strict=True):
        if one != other:
            return [Difference("order of marks", f"{one[0]!r} first", f"{other[0]!r} first")]
    return []


def _when(at_ms: float) -> str:
    return "never" if at_ms == inf else f"at {seconds(at_ms)}"
