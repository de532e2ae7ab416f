"""Core: what a simulated person does with a phone, in a line of words, and the player that does it.

The words: first what becomes of the call, then what is done once it is answered, one after the other::

    answer-after=0.5 tone=440,2 digits=12# silence=1 hangup

A script that does not hang up waits, silently, until it is hung up on.
"""

from collections.abc import Callable, Iterator
from itertools import cycle, islice
from math import inf
from typing import NamedTuple

from attrs import define, evolve, field, frozen

from exoswitch.audio.frames import FRAME_S, SAMPLE_RATE_HZ, SILENCE_PCM
from exoswitch.audio.wav import read_wav
from exoswitch.errors import InvalidRequest
from exoswitch.sim import sounds

KEY_PRESS_S = 0.1
KEY_PAUSE_S = 0.1
_KEYS = frozenset("0123456789*#ABCD")
_SILENCE = (SILENCE_PCM,)


@frozen
class Answer:
    """The phone rings for so many seconds, then it is answered."""

    after_s: float = 0.0


@frozen
class Refuse:
    """Dialling fails after so many seconds, with this DialStatus of Asterisk's and this Q.850 cause."""

    dial_status: str
    cause: int
    after_s: float = 0.0


@frozen
class Ring:
    """The phone rings and nobody answers it; where it `is_heard` not, the trunk says nothing at all."""

    is_heard: bool = True


@frozen
class DeadTrunk:
    """No channel ever appears: the trunk cannot be reached."""


Reception = Answer | Refuse | Ring | DeadTrunk


@frozen
class Speak:
    """Let frames of 20 ms be heard, again and again, for so many seconds."""

    frames: tuple[bytes, ...] = field(repr=False)
    seconds: float = inf


@frozen
class Press:
    """Press keys, one after the other."""

    digits: str


@frozen
class HangUp:
    """Hang up."""


Step = Speak | Press | HangUp


@frozen
class Script:
    """A simulated person: how a call is received, what is said and pressed, and when it is hung up at the latest."""

    reception: Reception = Answer()
    steps: tuple[Step, ...] = ()
    hang_up_after_s: float = inf


def _no_files(_path: str) -> bytes:
    raise InvalidRequest("it needs files, and there are none here")


def parse_script(text: str, read_file: Callable[[str], bytes] = _no_files) -> Script:
    """Read a script as one types it.

    Raises:
        InvalidRequest: a word is unknown, or its value makes no sense; the text names it and lists the known ones.
    """
    script = Script()
    for word in text.split():
        name, _, value = word.partition("=")
        if name == "wav":
            script = _recording(script, value, read_file)
        elif name in _WORDS:
            script = _WORDS[name](script, value)
        else:
            raise InvalidRequest(f"script: {word!r} is not known; known are {', '.join(sorted([*_WORDS, 'wav']))}")
    return script


def _then(script: Script, step: Step) -> Script:
    return evolve(script, steps=(*script.steps, step))


def _seconds(text: str, default: float) -> float:
    if not text:
        return default
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not seconds >= 0:
        raise InvalidRequest(f"script: {text!r} is no number of seconds")
    return seconds


def _tone(script: Script, value: str) -> Script:
    hz, _, seconds = value.partition(",")
    if not hz.isdecimal() or not 1 <= int(hz) < SAMPLE_RATE_HZ // 2:
        raise InvalidRequest(f"script: tone={value!r} needs a pitch below 4000 Hz, as in tone=440 or tone=440,2")
    return _then(script, Speak(sounds.tone(int(hz)), _seconds(seconds, inf)))


def _recording(script: Script, path: str, read_file: Callable[[str], bytes]) -> Script:
    try:
        pcm = read_wav(read_file(path))
    except InvalidRequest as error:
        raise InvalidRequest(f"script: wav={path}: {error}") from None
    frames = tuple(sounds.frames(pcm))
    return _then(script, Speak(frames, len(frames) * FRAME_S))


def _digits(script: Script, value: str) -> Script:
    if not value or not set(value) <= _KEYS:
        raise InvalidRequest(f"script: digits={value!r} needs keys of a phone, as in digits=12#")
    return _then(script, Press(value))


_WORDS: dict[str, Callable[[Script, str], Script]] = {
    "answer": lambda script, _: evolve(script, reception=Answer()),
    "answer-after": lambda script, value: evolve(script, reception=Answer(_seconds(value, 0.0))),
    "busy": lambda script, _: evolve(script, reception=Refuse("BUSY", 17)),
    "busy-after": lambda script, value: evolve(script, reception=Refuse("BUSY", 17, _seconds(value, 0.0))),
    "congestion": lambda script, _: evolve(script, reception=Refuse("CONGESTION", 34)),
    "unavailable": lambda script, _: evolve(script, reception=Refuse("CHANUNAVAIL", 20)),
    "no-answer": lambda script, _: evolve(script, reception=Ring()),
    "no-reply": lambda script, _: evolve(script, reception=Ring(is_heard=False)),
    "dead": lambda script, _: evolve(script, reception=DeadTrunk()),
    "tone": _tone,
    "noise": lambda script, value: _then(script, Speak(sounds.noise(), _seconds(value, inf))),
    "babble": lambda script, value: _then(script, Speak(sounds.babble(), _seconds(value, inf))),
    "silence": lambda script, value: _then(script, Speak(_SILENCE, _seconds(value, inf))),
    "wait": lambda script, _: _then(script, Speak(_SILENCE)),
    "digits": _digits,
    "hangup": lambda script, _: _then(script, HangUp()),
    "hangup-after": lambda script, value: evolve(script, hang_up_after_s=_seconds(value, inf)),
}


class Moment(NamedTuple):
    """20 ms of a script: what is said, the key that has just been let go, and whether the phone is hung up now."""

    pcm: bytes = SILENCE_PCM
    digit: str = ""
    hangs_up: bool = False


_QUIET = Moment()


@define
class ScriptPlayer:
    """Plays a script from the moment of the answer on; its ticks, of 20 ms each, are its clock."""

    _script: Script
    _ticks: int = field(init=False, default=0)
    _moments: Iterator[Moment] = field(init=False)
    _last_tick: float = field(init=False)
    has_hung_up: bool = field(init=False, default=False)

    def __attrs_post_init__(self) -> None:
        """Begin at the first step."""
        self._moments = _play(self._script.steps)
        self._last_tick = self._script.hang_up_after_s / FRAME_S

    def tick(self) -> Moment:
        """Play the next 20 ms; once hung up, silence for ever."""
        if self.has_hung_up:
            return _QUIET
        self._ticks += 1
        if self._ticks > self._last_tick:
            self.has_hung_up = True
            return Moment(hangs_up=True)
        moment = next(self._moments, _QUIET)
        self.has_hung_up = moment.hangs_up
        return moment


def _play(steps: tuple[Step, ...]) -> Iterator[Moment]:
    for step in steps:
        match step:
            case Speak(frames, seconds):
                spoken = map(Moment, cycle(frames))
                yield from spoken if seconds == inf else islice(spoken, round(seconds / FRAME_S))
            case Press(digits):
                for digit in digits:
                    for _ in range(round(KEY_PRESS_S / FRAME_S) - 1):
                        yield _QUIET
                    yield Moment(digit=digit)
                    for _ in range(round(KEY_PAUSE_S / FRAME_S)):
                        yield _QUIET
            case HangUp():
                yield Moment(hangs_up=True)
