"""Core: what a scenario is: calls to the bot, each with what its caller does, and what is expected of the bot."""

from collections.abc import Callable, Sequence
from math import inf

from attrs import Factory, field, frozen

from exoswitch.audio.frames import FRAME_S, SAMPLE_RATE_HZ, SILENCE_PCM
from exoswitch.call.stream_options import StreamOptions
from exoswitch.certify.tape import Tape
from exoswitch.certify.verdict import Finding
from exoswitch.exotel.trace.replay_caller import CallerStep
from exoswitch.sim import sounds
from exoswitch.sim.network import Conditions
from exoswitch.sim.script import Press, Script, Speak

Cue = Callable[[Tape, float], bool]
"""Whether what the caller waits for has come, by what is on the tape now."""

CALLER = "+919812345610"
CALLEE = "+918047491899"


@frozen(kw_only=True)
class Terms:
    """What the owner of the bot asked for.

    `url` is the bot's, with its secrets. `caller` and `callee` are in E.164. `answer_s` is how long the bot may take
    to be heard; a bot that `is_silent` is not expected to be heard at all. `speech` are the frames that callers say;
    `is_babble` tells that it is no language. `pace` shortens what callers do, for tests.
    """

    url: str = field(repr=False)
    caller: str = field(default=CALLER, repr=False)
    callee: str = field(default=CALLEE, repr=False)
    answer_s: float = 8.0
    handshake_s: float = 10.0
    is_silent: bool = False
    seed: int = 0
    speech: tuple[bytes, ...] = field(factory=sounds.babble, repr=False)
    is_babble: bool = True
    pace: float = 1.0

    @property
    def patience_s(self) -> float:
        """How long a caller waits for a word of the bot's."""
        return min(self.answer_s, 1.0) if self.is_silent else self.answer_s


def never(_tape: Tape, _now: float) -> bool:
    """Wait for nothing: a stage takes its time."""
    return False


@frozen
class Stage:
    """One thing that a caller does, for so long at most, or until its cue has come."""

    name: str
    script: Script = field(repr=False)
    at_most_s: float
    until: Cue = never


def quiet(name: str, seconds: float, until: Cue = never) -> Stage:
    """Say nothing; the line is still there, and silent."""
    return Stage(name, Script(steps=(Speak((SILENCE_PCM,)),)), seconds, until)


def speak(name: str, frames: Sequence[bytes], seconds: float = inf, until: Cue = never) -> Stage:
    """Say these frames, from the beginning and once."""
    length_s = len(frames) * FRAME_S
    return Stage(name, Script(steps=(Speak(tuple(frames), length_s),)), min(seconds, length_s), until)


def press(name: str, digits: str, seconds: float) -> Stage:
    """Press keys, one after the other."""
    return Stage(name, Script(steps=(Press(digits),)), seconds)


Target = Callable[[str], str]
"""What becomes of the bot's URL for one call."""


def as_given(url: str) -> str:
    """Call the bot as its owner wrote it."""
    return url


@frozen(kw_only=True)
class Plan:
    """One call of a scenario: what its caller does before hanging up, and how it differs from any other call.

    Where there are `recorded` steps, at the rate of the bot then, the caller does those, which `lasts_s`. A call with
    a `trace` among its options is kept word for word.
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
        """How long it takes if no cue ever comes."""
        return self.lasts_s + sum(stage.at_most_s for stage in self.stages)


Expectation = Callable[[Sequence[Tape], Terms], Sequence[Finding]]
"""Judges the calls of a scenario, in the order of its plans."""


def of_calls(which: slice, expectation: Expectation) -> Expectation:
    """Expect something of some of a scenario's calls only."""
    return lambda tapes, terms: expectation(tapes[which], terms)


@frozen(kw_only=True)
class Scenario:
    """Something to try with a bot; `unless` says why there is nothing to try, and is empty if there is."""

    name: str
    shows: str
    plans: tuple[Plan, ...]
    expects: tuple[Expectation, ...]
    at_once: bool = False
    unless: str = ""

    @property
    def longest_s(self) -> float:
        """How long its callers take if no cue ever comes."""
        lengths = [plan.longest_s for plan in self.plans]
        return max(lengths, default=0.0) if self.at_once else sum(lengths)
