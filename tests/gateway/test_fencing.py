from types import SimpleNamespace

import pytest
from attrs import define, field
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from exoswitch.call import events as ev
from exoswitch.fleet.leases import FleetView
from exoswitch.gateway.fencing import PAUSED_S, Fencing

FAILING, OTHER = ev.ChannelRinging("sid1"), ev.ChannelRinging("sid2")


@define(eq=False)
class Fenced:
    """A gateway with one call, after a pause: the fleet has not answered yet whose the call is."""

    clock: Clock = field(factory=Clock)
    answer: Deferred = field(factory=Deferred)
    delivered: list = field(factory=list)
    fencing: Fencing = field(init=False)

    def __attrs_post_init__(self):
        nodes = SimpleNamespace(view=lambda: self.answer)
        environment = SimpleNamespace(clock=self.clock, node="gw1", nodes=nodes, of_fleet=lambda asked: asked)
        self.fencing = Fencing(
            environment,
            [SimpleNamespace(call_sid="sid1", feed=self.moved, inputs=SimpleNamespace(moved=None))],
            self.deliver,
        )
        self.fencing.startService()
        self.clock.rightNow += 2 * PAUSED_S

    def moved(self, _input):
        self.delivered.append("moved")

    def deliver(self, _switch, event):
        if event is FAILING:
            raise LookupError("the call has no stream")
        self.delivered.append(event)


@pytest.fixture
def fenced():
    fenced = Fenced()
    yield fenced
    fenced.fencing.stopService()
    assert fenced.clock.getDelayedCalls() == []


def test_event_that_fails_after_a_pause_keeps_no_event_of_another_call_back(fenced, logged_failures):
    fenced.fencing.switch_event(None, FAILING)
    fenced.fencing.switch_event(None, OTHER)
    assert fenced.delivered == []
    fenced.answer.callback(FleetView(gateways={}, asterisks={}, quotas={}, leases=()))
    assert fenced.delivered[-1] == OTHER
    assert [failure["log_failure"].type for failure in logged_failures] == [LookupError]
    logged_failures.clear()
