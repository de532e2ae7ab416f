"""Root: places calls through the gateway's own streams and media plane, with simulated phones in place of sockets."""

import os
import time
from collections.abc import Sequence
from typing import Any

from attrs import define, field
from twisted.internet.defer import Deferred, TimeoutError  # noqa: A004 - Twisted's own
from twisted.logger import Logger

from exoswitch.call.session import BotTarget, Direction
from exoswitch.call.stream_start import StreamStart
from exoswitch.certify.call import Call
from exoswitch.certify.greeting import greeting_due_s
from exoswitch.certify.kept import Kept
from exoswitch.certify.phones import PHONE, SimulatedPhones
from exoswitch.certify.scenario import Plan, Scenario, Terms
from exoswitch.certify.tap import Tap
from exoswitch.certify.tape import Tape
from exoswitch.exotel.sids import new_sid
from exoswitch.exotel.stream.connection import ExotelBots
from exoswitch.exotel.trace.trace import Header
from exoswitch.rtp.bound_leg import BoundLeg
from exoswitch.rtp.plane import Plane
from exoswitch.rtp.session import AnyPlane, Session
from exoswitch.rtp.ticker import Ticker
from exoswitch.telemetry.memory import MemoryMetrics

ACCOUNT = "exoswitch"
_GRACE_S = 5.0  # beyond the caller's time: for the time-outs of the handshake and of the close
_CLOSE_S = 4.0


@define(eq=False)
class ScenarioCalls:
    """Places the calls of scenarios, and ends them at the stop. `tapes` has the tapes by stream SID."""

    _reactor: Any
    _terms: Terms
    tapes: dict[str, Tape] = field(factory=dict, init=False)
    _calls: list[Call] = field(factory=list, init=False)
    _phones: SimulatedPhones = field(factory=SimulatedPhones, init=False)
    _plane: AnyPlane = field(init=False)
    ticker: Ticker = field(init=False)
    _bots: ExotelBots = field(init=False)

    _log = Logger()

    def __attrs_post_init__(self) -> None:
        self._plane = Plane(self._phones, self._media_failed)
        self.ticker = Ticker(self._reactor, self._tick)
        self._bots = ExotelBots(
            self._reactor,
            metrics=MemoryMetrics(),
            handshake_s=self._terms.handshake_s,
            observe=self._observe,
        )

    def start(self) -> None:
        """Start the ticks."""
        self.ticker.start()

    async def stop(self) -> None:
        """Hang up the open calls, wait until they are gone, and stop the ticks."""
        await self._hang_up()
        self.ticker.stop()

    async def carry_out(self, scenario: Scenario) -> list[Tape]:
        """Place the calls of a scenario; give their tapes, in the order of the plans."""
        if scenario.at_once:
            return await self._place(scenario.plans)
        return [tape for plan in scenario.plans for tape in await self._place([plan])]

    async def _place(self, plans: Sequence[Plan]) -> list[Tape]:
        """Place calls at the same time, and wait until all are over."""
        calls = self._calls = [self._dial(plan, number) for number, plan in enumerate(plans)]
        longest_s = self._terms.handshake_s + max(plan.longest_s for plan in plans) + _GRACE_S
        try:
            await self._end_of(calls, longest_s)
        except TimeoutError:
            await self._hang_up()
        self._calls = []
        return [call.tape for call in calls]

    async def _hang_up(self) -> None:
        for call in self._calls:
            call.hung_up()
        try:
            await self._end_of(self._calls, _CLOSE_S)
        except TimeoutError:
            self._log.warn("a connection to the bot did not close within {seconds:g} s", seconds=_CLOSE_S)

    def _end_of(self, calls: Sequence[Call], seconds: float) -> Deferred[None]:
        """Wait until all calls are over, at most so many seconds."""

        async def wait() -> None:
            for call in calls:
                await call.ended()

        return Deferred.fromCoroutine(wait()).addTimeout(seconds, self._reactor)

    def _dial(self, plan: Plan, number: int) -> Call:
        start = self._start_of(plan)
        due_s = greeting_due_s(self.tapes.values())
        tape = Tape(plan.label, start.stream_sid, self._reactor.seconds(), greeting_due_s=due_s)
        self.tapes[start.stream_sid] = tape
        call = Call(tape, self._reactor)
        media = self._phones.open(plan, tape, call, call, seed=self._terms.seed + 2 * number, plane=self._plane)
        call.dial(self._bots, start, BoundLeg(*PHONE, media, call, lambda: self._close(media)))
        return call

    def _observe(self, start: StreamStart, sample_rate_hz: int) -> Tap:
        tape = self.tapes[start.stream_sid]
        if start.bot.options.trace == "audio":
            tape.kept = Kept(Header.of(start, sample_rate_hz, time.time()))
        return Tap(self._reactor.seconds, tape)

    def _start_of(self, plan: Plan) -> StreamStart:
        return StreamStart(
            call_sid=new_sid(time.time(), os.urandom),
            stream_sid=new_sid(time.time(), os.urandom),
            account=ACCOUNT,
            customer=self._terms.caller,
            exophone=self._terms.callee,
            bot=BotTarget(url=plan.target(self._terms.url), options=plan.options),
            direction=Direction.INBOUND,
        )

    def _close(self, media: Session) -> None:
        self._plane.remove(media)
        self._phones.close(media)

    def _tick(self, now: float) -> None:
        self._phones.tick(now)
        self._plane.tick(now)

    def _media_failed(self, media: Session) -> None:
        if media.failures == 1:
            self._log.failure("the media of a call failed")
