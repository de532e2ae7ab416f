"""A switch on memory transports, with its far side, and a recorder of the events that it tells."""

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from urllib.parse import quote

from attrs import define, field
from twisted.internet.defer import Deferred
from twisted.internet.testing import MemoryReactorClock
from zope.interface import implementer

from exoswitch.ami.switch import AsteriskSwitch
from exoswitch.config.model import AsteriskConfig
from exoswitch.interfaces.switch import ISwitchListener, Origination
from exoswitch.tasks.fair_turns import ASTERISKS_S, FairTurns
from exoswitch.telemetry.memory import MemoryMetrics
from tests.harness.ami_far_side import SECRET, FarSide

RNG = random.Random(7)
CONFIG = AsteriskConfig(name="pbx1", ami="tcp:10.0.1.5:5038", username="exoswitch", secret=SECRET, host="10.0.1.5")
CALL = Origination(
    channel_id="sid1",
    channel="PJSIP/09812345678@lab",
    caller_id="08047491899",
    media_host="10.0.0.5",
    media_port=20000,
    ring_s=45.0,
)


@implementer(ISwitchListener)
@define
class Recorder:
    events: list[object] = field(factory=list)

    def switch_event(self, switch, event):
        self.events.append(event)


@define
class Rig:
    clock: MemoryReactorClock
    far: FarSide
    switch: AsteriskSwitch
    recorder: Recorder
    metrics: MemoryMetrics

    def start(self) -> None:
        self.switch.startService()
        self.far.accept()

    def begin(self, work: Deferred[None]) -> list[object]:
        results: list[object] = []
        work.addCallbacks(results.append, lambda failure: results.append(failure.value))
        self.far.serve()
        return results

    def reconnect(self) -> None:
        self.clock.advance(10)
        self.far.accept()

    def hang_ups(self) -> list[tuple[str, str]]:
        self.far.serve()
        return [(action.get("Channel"), action.get("Cause")) for action in self.far.asked("Hangup")]

    def redirects(self) -> list[tuple[str, str]]:
        return [(action.get("Channel"), action.get("Context")) for action in self.far.asked("Redirect")]

    def claim_answered(self, owner: str) -> None:
        command_id = self.far.asked("AGI")[-1].get("CommandID")
        result = quote(f"200 result=1 ({owner})\n")
        self.far.tell("AsyncAGIExec", ("Uniqueid", "17.1"), ("CommandId", command_id), ("Result", result))


@contextmanager
def switch_rig(far_side: Callable[[MemoryReactorClock], FarSide] = FarSide) -> Iterator[Rig]:
    """Give a switch that is not started yet; at the end it must leave nothing."""
    clock = MemoryReactorClock()
    recorder, metrics = Recorder(), MemoryMetrics()
    switch = AsteriskSwitch(
        CONFIG,
        reactor=clock,
        turns=FairTurns(clock, ASTERISKS_S),
        rng=RNG,
        metrics=metrics,
        node="gw1",
        listener=recorder,
    )
    rig = Rig(clock, far_side(clock), switch, recorder, metrics)
    yield rig
    stopped: list[object] = []
    if switch.running:
        switch.stopService().addBoth(stopped.append)
        clock.advance(0)
        assert stopped == [None]
    assert clock.getDelayedCalls() == []
