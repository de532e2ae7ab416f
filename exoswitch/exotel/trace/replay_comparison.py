"""Core: a comparison of a bot in two conversations: a recorded one, and one with the same caller replayed."""

from collections import Counter
from itertools import zip_longest
from math import inf

from attrs import define, field, frozen

from exoswitch.errors import RemoteProtocolError
from exoswitch.exotel.stream.messages import BotClear, BotMark, BotMedia, BotMessageReader, Ignored
from exoswitch.exotel.stream.observer import Side
from exoswitch.exotel.trace.trace import Binary, Closed, Entry, Failed, Message, Trace

_AUDIO = "audio"
_NOTHING = "nothing more"


@frozen
class Difference:
    """One thing that differs between the recording and now."""

    what: str
    recorded: str
    now: str

    def __str__(self) -> str:
        """Give the difference as one line."""
        return f"{self.what}: {self.recorded} in the recording, {self.now} now"


def seconds(at_ms: float) -> str:
    """Write a time or a length for a reader."""
    return f"{at_ms / 1000:.2f} s"


@frozen(kw_only=True)
class Tolerances:
    """How far two conversations may differ and still count as equal.

    Lengths of audio may differ by `audio_ms` or by the share `audio_share`, whichever is more. Set `mark_names` to
    False for a bot with new mark names in every call.
    """

    first_audio_ms: float = 500.0
    audio_ms: float = 500.0
    audio_share: float = 0.1
    mark_names: bool = True


_TOLERANT = Tolerances()


def compare_conversations(recorded: Trace, seen: Trace, tolerances: Tolerances = _TOLERANT) -> list[Difference]:
    """Give the differences: the order of the bot's messages, the length and start of its audio, and the end."""
    then, now = (_BotsPart.of(trace, mark_names=tolerances.mark_names) for trace in (recorded, seen))
    differences = []
    if not _alike(then.first_audio_ms, now.first_audio_ms, tolerances.first_audio_ms):
        differences.append(Difference("first audio", _after(then.first_audio_ms), _after(now.first_audio_ms)))
    if not _alike(then.audio_ms, now.audio_ms, max(tolerances.audio_ms, tolerances.audio_share * then.audio_ms)):
        differences.append(Difference(_AUDIO, seconds(then.audio_ms), seconds(now.audio_ms)))
    differences += _sequence_differences(then.kinds, now.kinds)
    if then.ending != now.ending:
        differences.append(Difference("the end", then.ending, now.ending))
    return differences


@define
class _BotsPart:
    """A bot's part of one stream; `kinds` are the kinds of its messages, with one for a run of audio."""

    mark_names: bool
    kinds: list[str] = field(factory=list, init=False)
    audio_bytes: int = field(default=0, init=False)
    first_audio_ms: float = field(default=inf, init=False)
    ending: str = field(default="no end", init=False)
    audio_ms: float = field(default=0.0, init=False)
    _reader: BotMessageReader = field(factory=BotMessageReader, init=False)

    @classmethod
    def of(cls, trace: Trace, *, mark_names: bool) -> "_BotsPart":
        """Gather it from a trace."""
        part, started_ms = cls(mark_names), trace.started_ms
        for entry in trace.entries:
            if isinstance(entry, Failed):
                part.ending = "not reached"
            elif isinstance(entry, Closed):
                part.ending = f"closed by the {entry.by.value} with code {entry.code}"
            elif started_ms is not None and entry.at_ms >= started_ms:
                part._take(entry, entry.at_ms - started_ms)
        part.audio_ms = part.audio_bytes / (2 * trace.header.media.sample_rate_hz / 1000)
        return part

    def _take(self, entry: Entry, at_ms: float) -> None:
        if isinstance(entry, Binary):
            self.kinds.append("a binary message")
        if not isinstance(entry, Message) or entry.side is not Side.BOT:
            return
        kind, audio_bytes = self._read(entry)
        if audio_bytes:
            self.audio_bytes += audio_bytes
            self.first_audio_ms = min(self.first_audio_ms, at_ms)
        if kind != _AUDIO or self.kinds[-1:] != [_AUDIO]:
            self.kinds.append(kind)

    def _read(self, message: Message) -> tuple[str, int]:
        try:
            read = message.read(self._reader)
        except RemoteProtocolError as error:
            return str(error), 0
        match read:
            case BotMedia(pcm):
                return _AUDIO, len(pcm)
            case BotMark(name):
                return (f"mark {name!r}" if self.mark_names else "a mark"), 0
            case BotClear():
                return "clear", 0
            case Ignored(event):
                return f"event {event!r}", 0


def _sequence_differences(then: list[str], now: list[str]) -> list[Difference]:
    """Give the first place where messages differ, and the kinds with other counts, except audio."""
    turns = enumerate(zip_longest(then, now, fillvalue=_NOTHING), 1)
    parted = [Difference(f"the bot's turn {number}", *turn) for number, turn in turns if turn[0] != turn[1]]
    was, now_is = Counter(then), Counter(now)
    return parted[:1] + [
        Difference(kind, _times(was[kind]), _times(now_is[kind]))
        for kind in was | now_is
        if kind != _AUDIO and was[kind] != now_is[kind]
    ]


def _alike(one: float, other: float, tolerance: float) -> bool:
    return one == other or abs(one - other) <= tolerance


def _after(ms: float) -> str:
    return "never" if ms == inf else f"after {seconds(ms)}"


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"
