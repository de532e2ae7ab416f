"""Calls with both their ends: the audio on the phone's line, and each connection to the bot."""

import time
from collections.abc import Iterable, Sequence
from itertools import count

from attrs import define, field, frozen

from exoswitch.telephony.numbers import national
from tests.harness.e2e.audio import assert_hears_tone, tone
from tests.harness.e2e.bot import Bot, Stream
from tests.harness.e2e.network import Network
from tests.harness.e2e.pair import EXOPHONE
from tests.harness.e2e.phone import Address, Phone
from tests.harness.e2e.sipp import SippCall
from tests.harness.fleet.fleet import eventually
from tests.harness.fleet.gateway import Gateway

BOT_HZ, CALLER_HZ, DBM0 = 1100, 700, -10.0
VOICE = tone(BOT_HZ, DBM0, 1.0)
GLITCH_S = 0.2  # the longest silence of an undisturbed call on a busy machine


@frozen
class Talk:
    """A call between a phone and a bot that talks."""

    call_sid: str
    is_outbound: bool
    line: Address
    phone: Phone = field(repr=False)
    bot: Bot = field(repr=False)

    def streams(self) -> list[Stream]:
        """Give the connections of this call, oldest first."""
        return [stream for stream in list(self.bot.streams) if stream.start.get("call_sid") == self.call_sid]

    def wait_until_heard(self, *, since: float = 0.0) -> None:
        """Wait until the bot is heard at the phone."""
        eventually(
            lambda: any(packet.is_voice for packet in self.phone.came_on(self.line, since=since)),
            lambda: f"{self.call_sid} hears nothing",
        )

    def longest_silence_s(self, since: float) -> float:
        """Give the longest silence at the phone since a moment."""
        return self.phone.longest_silence_s(self.line, since)

    def assert_is_clean(self) -> None:
        """Check that the phone hears the bot's tone, and nothing else."""
        assert_hears_tone(lambda seconds: self.phone.listen(seconds, line=self.line), BOT_HZ, DBM0)

    def assert_bot_hears_phone(self) -> None:
        """Check that the bot hears the phone's tone, and nothing else, on the last of its connections."""
        assert_hears_tone(self.streams()[-1].listen, CALLER_HZ, DBM0)

    def assert_resumed(self, times: int = 1) -> None:
        """Check that the bot was connected again so many times for the same call, and that each `start` says so."""
        eventually(lambda: len(self.streams()) > times, lambda: f"{len(self.streams())} connections")
        first, *others = [stream.start for stream in self.streams()]
        assert len(others) == times
        assert "custom_parameters" not in first
        for start in others:
            assert start["custom_parameters"] == {"resumption": "true"}
            assert start["from"] == first["from"]
            assert start["stream_sid"] != first["stream_sid"]


@define(eq=False)
class Talks:
    """Makes calls, each with its own numbers. The phones hang up after `hang_up_after_s`, if it is given.

    `slowest_s` is the longest time that a call has taken until its bot was heard: the measure of a slow machine.
    """

    sipp: Network
    phone: Phone
    bot: Bot
    _numbers: "count[int]" = field(factory=lambda: count(1001), init=False)
    _answering: SippCall | None = field(default=None, init=False)
    _callers: list[SippCall] = field(factory=list, init=False)
    _dialled: int = field(default=0, init=False)
    calls: list[Talk] = field(factory=list, init=False)
    slowest_s: float = field(default=0.0, init=False)

    def dial(self, gateway: Gateway, *, hang_up_after_s: float | None = None) -> Talk:
        """Place a call over REST, and wait until the bot is heard."""
        if self._answering is None:
            self._answering = self.sipp.answer(self.phone, hang_up_after_s=hang_up_after_s)
        began = time.monotonic()
        call_sid = gateway.place(f"0981234{next(self._numbers)}", self.bot.url).call_sid
        self._dialled += 1
        details = self._answering.wait_for("INVITED", count=self._dialled).details
        return self._up(began, call_sid, _line(details), is_outbound=True)

    def ring(self, *, hang_up_after_s: float | None = None) -> Talk:
        """Call the ExoPhone, and wait until the bot is heard."""
        began = time.monotonic()
        caller = f"+91981234{next(self._numbers)}"
        details = self.call(caller, hang_up_after_s=hang_up_after_s).wait_for("ANSWERED").details
        call_sid = self._wait_for_caller(national(caller))
        return self._up(began, call_sid, _line(details), is_outbound=False)

    def call(self, caller: str, *, hang_up_after_s: float | None = None) -> SippCall:
        """Call the ExoPhone, and do not wait for the bot."""
        call = self.sipp.call(EXOPHONE, self.phone, caller=caller, hang_up_after_s=hang_up_after_s)
        self._callers.append(call)
        return call

    def hang_up(self) -> None:
        """Have all phones hang up whose `hang_up_after_s` is WHEN_TOLD."""
        for each in (*self._callers, *([self._answering] if self._answering else [])):
            each.hang_up()

    def _wait_for_caller(self, number: str) -> str:
        def starts() -> list[str]:
            return [each.start["call_sid"] for each in list(self.bot.streams) if each.start.get("from") == number]

        eventually(starts, lambda: "the bot was not told of the caller")
        return starts()[0]

    def _up(self, began: float, call_sid: str, line: Address, *, is_outbound: bool) -> Talk:
        talk = Talk(call_sid, is_outbound, line, self.phone, self.bot)
        talk.wait_until_heard()
        self.slowest_s = max(self.slowest_s, time.monotonic() - began)
        self.calls.append(talk)
        return talk


def _line(details: dict[str, str]) -> Address:
    return details["host"], int(details["port"])


def silences_s(talks: Iterable[Talk], since: float) -> list[float]:
    """Give the longest silence of each of these calls since a moment, in ascending order."""
    return sorted(talk.longest_silence_s(since) for talk in talks)


def assert_undisturbed(talks: Sequence[Talk], since: float) -> None:
    """Check that none of these calls was silent for longer than a glitch, or than the machine stood still."""
    stalled_s = talks[0].phone.stalled_s(since)
    assert silences_s(talks, since)[-1] < GLITCH_S + 2 * stalled_s, (
        f"the phone itself stood still for {stalled_s:.2f} s"
    )


def wait_until_heard_again(talks: Iterable[Talk], since: float) -> None:
    """Wait until each of these calls is connected to the bot again, and hears it."""
    for talk in talks:
        talk.assert_resumed()
        began = talk.streams()[-1].messages[0].at
        talk.wait_until_heard(since=max(began, since))
