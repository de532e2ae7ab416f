"""Core: the script of a simulated person with a phone, as a line of words, and its player.

The first words say how the phone receives the call. The next words are the steps after the answer, in order::

    answer-after=0.5 tone=440,2 digits=12# silence=1 hangup

A script without a hang-up stays silent until the other side hangs up.
"""

from collections.abc import Callable, Iterator
from enum import Enum
from itertools import chain, cycle, islice, repeat
from math import inf
from typing import NamedTuple

from attrs import evolve, field, frozen

from exoswitch.audio.frames import FRAME_S, SILENCE_PCM
from exoswitch.audio.wav import read_wav
from exoswitch.errors import InvalidValue
from exoswitch.sim import sounds
from exoswitch.sim.words import Word, read_words

TIMER_B_S = 6.4  # of the rendered files: an INVITE without any answer has failed (RFC 3261 §17.1.1.2)
KEY_PRESS_S = 0.1
KEY_PAUSE_S = 0.1
_KEYS = frozenset("0123456789*#ABCD")
_SILENCE = (SILENCE_PCM,)


@frozen
class Answer:
    """The phone rings for so many seconds; then the person answers."""

    after_s: float = 0.0


class Heard(Enum):
    """What the caller hears before the call is answered or refused."""

    NOTHING = "nothing"
    RINGING = "ringing"
    ANNOUNCEMENT = "announcement"


@frozen
class Refuse:
    """The trunk refuses the call with this SIP status after so many seconds."""

    sip_status: int
    after_s: float = 0.0
    heard: Heard = Heard.NOTHING


@frozen
class Ring:
    """The phone rings and nobody answers. Without `is_heard`, the trunk reports no ringing."""

    is_heard: bool = True


@frozen
class DeadTrunk:
    """The trunk cannot be reached: no channel appears."""


Reception = Answer | Refuse | Ring | DeadTrunk


@frozen
class Speak:
    """Repeat frames of 20 ms for so many seconds."""

    frames: tuple[bytes, ...] = field(repr=False)
    seconds: float = inf


@frozen
class Press:
    """Press keys in order."""

    digits: str


@frozen
class HangUp:
    """Hang up."""


Step = Speak | Press | HangUp


@frozen
class Script:
    """A simulated person: the reception of the call, the steps after the answer, and the latest hang-up."""

    reception: Reception = Answer()
    steps: tuple[Step, ...] = ()
    hang_up_after_s: float = inf


def _no_files(_path: str) -> bytes:
    raise InvalidValue("it needs files, and this Asterisk reads none")


def parse_script(text: str, read_file: Callable[[str], bytes] = _no_files) -> Script:
    """Read a script.

    Raises:
        InvalidValue: a word is unknown, or its value is wrong.
    """
    script = Script()
    for word in read_words("script", text, [*_WORDS, "wav"], _BARE):
        script = _recording(script, word, read_file) if word.name == "wav" else _WORDS[word.name](script, word)
    return script


def _then(script: Script, step: Step) -> Script:
    return evolve(script, steps=(*script.steps, step))


def _tone(script: Script, word: Word) -> Script:
    hz, comma, seconds = word.value.partition(",")
    try:
        pitch = evolve(word, value=hz).whole(least=sounds.LOWEST_HZ, most=sounds.HIGHEST_HZ)
        length_s = evolve(word, value=seconds).number(None if comma else inf)
    except InvalidValue:
        wanted = f"a pitch from {sounds.LOWEST_HZ} to {sounds.HIGHEST_HZ} Hz, and seconds if needed, such as 440,2"
        raise word.wrong(wanted) from None
    return _then(script, Speak(sounds.tone(pitch), length_s))


def _recording(script: Script, word: Word, read_file: Callable[[str], bytes]) -> Script:
    if not word.value:
        raise word.wrong("the path of a WAV file")
    try:
        pcm = read_wav(read_file(word.value))
    except InvalidValue as error:
        raise InvalidValue(f"script: wav={word.value}: {error}") from None
    frames = tuple(sounds.frames(pcm))
    return _then(script, Speak(frames, len(frames) * FRAME_S))


def _digits(script: Script, word: Word) -> Script:
    if not word.value or not set(word.value) <= _KEYS:
        raise word.wrong("keys of a phone, such as 12#")
    return _then(script, Press(word.value))


def _refusal(word: Word, heard: Heard = Heard.NOTHING) -> Refuse:
    status, comma, seconds = word.value.partition(",")
    try:
        sip_status = evolve(word, value=status).whole(least=300, most=699)
        return Refuse(sip_status, evolve(word, value=seconds).number(None if comma else 0.0), heard)
    except InvalidValue:
        raise word.wrong("a SIP status from 300 to 699, and seconds if needed, such as 503,1.5") from None


_BARE = ("answer", "busy", "congestion", "unavailable", "no-answer", "no-reply", "dead", "wait", "hangup")
_WORDS: dict[str, Callable[[Script, Word], Script]] = {
    "answer": lambda script, _: evolve(script, reception=Answer()),
    "answer-after": lambda script, word: evolve(script, reception=Answer(word.number(0.0))),
    "refuse": lambda script, word: evolve(script, reception=_refusal(word)),
    "refuse-ringing": lambda script, word: evolve(script, reception=_refusal(word, Heard.RINGING)),
    "refuse-announced": lambda script, word: evolve(script, reception=_refusal(word, Heard.ANNOUNCEMENT)),
    "silent": lambda script, word: evolve(script, reception=Refuse(408, word.number(TIMER_B_S))),
    "busy": lambda script, _: evolve(script, reception=Refuse(486)),
    "busy-after": lambda script, word: evolve(script, reception=Refuse(486, word.number(0.0), Heard.RINGING)),
    "congestion": lambda script, _: evolve(script, reception=Refuse(503)),
    "unavailable": lambda script, _: evolve(script, reception=Refuse(480)),
    "no-answer": lambda script, _: evolve(script, reception=Ring()),
    "no-reply": lambda script, _: evolve(script, reception=Ring(is_heard=False)),
    "dead": lambda script, _: evolve(script, reception=DeadTrunk()),
    "tone": _tone,
    "noise": lambda script, word: _then(script, Speak(sounds.noise(), word.number(inf))),
    "babble": lambda script, word: _then(script, Speak(sounds.babble(), word.number(inf))),
    "silence": lambda script, word: _then(script, Speak(_SILENCE, word.number(inf))),
    "wait": lambda script, _: _then(script, Speak(_SILENCE)),
    "digits": _digits,
    "hangup": lambda script, _: _then(script, HangUp()),
    "hangup-after": lambda script, word: evolve(script, hang_up_after_s=word.number(inf)),
}


class Moment(NamedTuple):
    """20 ms of a script: the audio, the released key (or an empty string), and whether the person hangs up."""

    pcm: bytes = SILENCE_PCM
    digit: str = ""
    hangs_up: bool = False


_QUIET = Moment()


def play(script: Script) -> Iterator[Moment]:
    """Play a script from the answer on, without end: after the hang-up there is only silence."""
    last_tick = script.hang_up_after_s / FRAME_S
    for tick, moment in enumerate(chain(_moments(script.steps), repeat(_QUIET)), start=1):
        played = moment if tick <= last_tick else Moment(hangs_up=True)
        yield played
        if played.hangs_up:
            break
    yield from repeat(_QUIET)


def _moments(steps: tuple[Step, ...]) -> Iterator[Moment]:
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
