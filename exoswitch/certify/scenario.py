"""Core: scenarios: calls to the bot, the stages of each caller, and the expectations of the bot."""

from collections.abc import Callable, Sequence
from math import inf

from attrs import Factory, field, frozen

from exoswitch.audio.frames import FRAME_S, SAMPLE_RATE_HZ, SILENCE_PCM
from exoswitch.call.stream_options import StreamOptions
from exoswitch.certify.options import ANSWER_S, CALLEE, CALLER
from exoswitch.certify.tape import Tape
from exoswitch.certify.verdict import Finding
from exoswitch.exotel.trace.replay_caller import CallerStep
from exoswitch.sim import sounds
from exoswitch.sim.network import Conditions
from exoswitch.sim.script import Press, Script, Speak

Cue = Callable[[Tape, float], bool]
"""Whether the event that the caller waits for is on the tape."""


@frozen(kw_only=True)
class Terms:
    """The settings of a run.

    `url` is the bot's, with its secrets. `caller` and `callee` are in E.164. The bot has `answer_s` to answer; if it
    `is_silent`, no answer is expected. `speech` has the frames that callers say; `is_babble` means that they are no
    language. A `pace` below 1 shortens the stages, for tests.
    """

    url: str = field(repr=False)
    caller: str = field(default=CALLER, repr=False)
    callee: str = field(default=CALLEE, repr=False)
    answer_s: float = ANSWER_S
    handshake_s: float = 10.0
    is_silent: bool = False
    seed: int = 0
    speech: tuple[bytes, ...] = field(factory=sounds.babble, repr=False)
    is_babble: bool = True
    pace: float = 1.0

    @property
    def patience_s(self) -> float:
        """How long a caller waits for the bot to speak."""
        return min(self.answer_s, 1.0) if self.is_silent else self.answer_s


def never(_tape: Tape, _now: float) -> bool:
    """The cue that never comes: the stage lasts its full time."""
    return False


@frozen
class Stage:
    """One action of a caller. It ends after `at_most_s`, or when its cue comes."""

    name: str
    script: Script = field(repr=False)
    at_most_s: float
    until: Cue = never


def quiet(name: str, seconds: float, until: Cue = never) -> Stage:
    """Send silence."""
    return Stage(name, Script(steps=(Speak((SILENCE_PCM,)),)), seconds, until)


def speak(name: str, frames: Sequence[bytes], seconds: float = inf, until: Cue = never) -> Stage:
    """Say these frames once, from the beginning."""
    length_s = len(frames) * FRAME_S
    return Stage(name, Script(steps=(Speak(tuple(frames), length_s),)), min(seconds, length_s), until)


def press(name: str, digits: str, seconds: float) -> Stage:
    """Press keys, one after the other."""
    return Stage(name, Script(steps=(Press(digits),)), seconds)


Target = Callable[[str], str]
"""Changes the bot's URL for one call."""


def as_given(url: str) -> str:
    """Keep the URL."""
    return url


@frozen(kw_only=True)
class Plan:
    """One call of a scenario: the stages of its caller until the hang-up, and the settings of the call.

    `recorded` steps replace the stages; they take `lasts_s`, and their audio has the rate `recorded_hz`. If `options`
    have a `trace`, the tape keeps the call's trace.
    """

    stages: tuple[Stage, ...]
    recorded: tuple[CallerStep, ...] = field(default=(), repr=False)
    recorded_hz: int = SAMPLE_RATE_HZ
    lasts_s: float = 0.0
    label: str = ""
    options: StreamOptions = Factory(StreamOptions)
    network: Conditions = Factory(Conditions)
    target: Target = field(default=as_given, repr=False)

    @property
    def longest_s(self) -> float:
        """How long the call takes if no cue comes."""
        return self.lasts_s + sum(stage.at_most_s for stage in self.stages)


Expectation = Callable[[Sequence[Tape], Terms], Sequence[Finding]]
"""Judges the tapes of a scenario, in the order of its plans."""


def of_calls(which: slice, expectation: Expectation) -> Expectation:
    """Judge only some of the calls."""
    return lambda tapes, terms: expectation(tapes[which], terms)


@frozen(kw_only=True)
class Scenario:
    """One test of a bot. A non-empty `unless` says why it cannot run."""

    name: str
    shows: str
    plans: tuple[Plan, ...]
    expects: tuple[Expectation, ...]
    at_once: bool = False
    unless: str = ""
