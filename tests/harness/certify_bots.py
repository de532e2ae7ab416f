"""Bots of many kinds, good and bad, and runs of `certify` against them in virtual time."""

from collections import deque
from io import StringIO
from itertools import cycle, islice

from attrs import define, field

from exoswitch.audio.frames import FRAME_BYTES, SAMPLE_RATE_HZ
from exoswitch.audio.resampler import Resampler
from exoswitch.certify.catalogue import catalogue
from exoswitch.certify.hearing import is_audible
from exoswitch.certify.run import Certification
from exoswitch.certify.scenario import Terms
from exoswitch.certify.screen import Screen
from exoswitch.sim.behaviour import Behaviour, clear_message, mark_message, media_message, parse_behaviour
from exoswitch.sim.bot import SimulatedBot
from exoswitch.sim.conversation import Media, Started
from exoswitch.sim.sounds import babble
from exoswitch.sim.virtual_reactor import VirtualReactor

VOICE = babble(7)
_SPEECH_MS = 100  # so much sound of the caller is speech
_PAUSE_MS = 700  # so much silence ends it


@define(eq=False)
class Talker:
    """A bot that greets, hears the end of a question, and answers. Its clock is the caller's audio.

    It sends its audio ahead, or, if it is `paced`, one piece for each piece of the caller's audio. `interrupted` says
    what it does when the caller speaks while it talks: ``clear``, ``stop`` sending, or nothing. It does so after
    `reaction_ms`. It reads the sample rate of `start`, unless it has a `fixed_hz`.
    """

    greeting_ms: int = 1500
    greets_after_ms: int = 300
    hears: bool = True
    answer_ms: int = 2500
    thinks_ms: int = 500
    paced: bool = False
    interrupted: str = "clear"
    reaction_ms: int = 200
    fixed_hz: int = 0
    marks: bool = False
    first_messages: tuple = ()
    _hz: int = field(default=SAMPLE_RATE_HZ, init=False)
    _sid: str = field(default="", init=False)
    _now_ms: float = field(default=0.0, init=False)
    _talks_until_ms: float = field(default=0.0, init=False)
    _queue: deque = field(factory=deque, init=False)
    _due: list = field(factory=list, init=False)  # (time, milliseconds of talk)
    _speech_ms: float = field(default=0.0, init=False)
    _quiet_ms: float = field(default=0.0, init=False)
    _reacted: bool = field(default=False, init=False)
    _voice: object = field(init=False)

    def told(self, told):
        if isinstance(told, Started):
            return self._begin(told)
        if not isinstance(told, Media):
            return []
        length_ms = len(told.pcm) * 500 / self._hz
        self._now_ms += length_ms
        out = self._listen(is_audible(told.pcm), length_ms) if self.hears else []
        for at_ms, talk_ms in [due for due in self._due if due[0] <= self._now_ms]:
            self._due.remove((at_ms, talk_ms))
            out += self._talk(talk_ms)
        if self.paced and self._queue:
            out.append(media_message(self._sid, self._queue.popleft()))
        return out

    def _begin(self, started):
        self._sid = started.stream_sid
        self._hz = self.fixed_hz or int(started.media_format["sample_rate"])
        self._voice = cycle(_at(self._hz))
        if self.greeting_ms:
            self._due.append((self.greets_after_ms, self.greeting_ms))
        return list(self.first_messages)

    def _talk(self, milliseconds):
        pieces = list(islice(self._voice, milliseconds // 20))
        self._talks_until_ms = max(self._now_ms, self._talks_until_ms) + milliseconds
        out = []
        if self.paced:
            self._queue.extend(pieces)
        else:
            out = [media_message(self._sid, b"".join(pieces[at : at + 10])) for at in range(0, len(pieces), 10)]
        return [*out, mark_message(self._sid, "said")] if self.marks else out

    def _listen(self, audible, length_ms):
        self._quiet_ms = 0.0 if audible else self._quiet_ms + length_ms
        self._speech_ms += length_ms if audible else 0
        out = []
        if self._speech_ms > _SPEECH_MS and self._now_ms < self._talks_until_ms and not self._reacted:
            self._react_at_ms = self._now_ms + self.reaction_ms
            self._reacted = True
        if self._reacted and self._now_ms >= self._react_at_ms:
            out, self._react_at_ms = self._give_way(), float("inf")
        if self._quiet_ms >= _PAUSE_MS:
            if self._speech_ms > _SPEECH_MS:
                self._due.append((self._now_ms + self.thinks_ms, self.answer_ms))
            self._speech_ms, self._reacted = 0.0, self._reacted and self._react_at_ms != float("inf")
        return out

    def _give_way(self):
        if self.interrupted == "nothing":
            return []
        self._queue.clear()
        self._talks_until_ms = self._now_ms
        return [clear_message(self._sid)] if self.interrupted == "clear" else []

    _react_at_ms: float = field(default=float("inf"), init=False)


def _at(hz):
    """Give the bot's voice in pieces of 20 ms at a sample rate."""
    if hz == SAMPLE_RATE_HZ:
        return VOICE
    pcm = Resampler(SAMPLE_RATE_HZ, hz).feed(b"".join(VOICE))
    size = FRAME_BYTES * hz // SAMPLE_RATE_HZ
    return [pcm[at : at + size] for at in range(0, len(pcm) - size, size)]


def talker(**traits):
    """Give the behaviour of a bot with these traits."""
    return Behaviour(begin=lambda: Talker(**traits).told)


def certify(behaviour, *only, query="", tell=print, **terms):
    """Run scenarios in virtual time; give the report. `tell` is told what the bot says of its calls."""
    reactor = VirtualReactor()
    if isinstance(behaviour, str):
        behaviour = parse_behaviour(behaviour)
    bot = SimulatedBot(reactor=reactor, behaviour=behaviour, tell=tell)
    bot.startService()
    terms = Terms(url=bot.url + query, **terms)
    scenarios = [one for one in catalogue(terms) if one.name in only or not only]
    return reactor.run(Certification(reactor, terms, Screen(StringIO()), scenarios).run())


def verdicts(report):
    """Give the verdict of each scenario."""
    return {result.name: result.verdict.value for result in report.results}


def lines(report):
    """Give the findings as lines, to show in a failed test."""
    return "\n".join(
        f"{result.name:10} {finding.verdict.value:5} {finding.expected} | {finding.seen} | {finding.advice}"
        for result in report.results
        for finding in result.findings
    )
