"""Whom the engine has told of a call: only of a call that was accepted, and never two different ends."""

import pytest
from attrs import evolve
from twisted.internet.defer import fail
from twisted.trial.unittest import SynchronousTestCase

from exoswitch.call import events as ev
from exoswitch.call.endings import stopped
from exoswitch.call.session import CallStatus
from exoswitch.call.status_callback import StatusCallback
from exoswitch.errors import BackendUnavailable, NoCapacity
from exoswitch.fleet.trunks.status import TrunkLimits
from exoswitch.tasks.holds import HELD_S
from tests.harness.engine_house import REQUEST, House
from tests.harness.gateways import REQUEST as FLEET_REQUEST
from tests.harness.gateways import Gateways

CALLBACK = StatusCallback(url="https://crm.example.org/told", events=("answered", "terminal"))
ASKED = evolve(REQUEST, callback=CALLBACK)

result = SynchronousTestCase()


class ToldHouse(House):
    """A house whose store adds callbacks to `rows`."""

    def __init__(self):
        super().__init__()
        self.rows = []
        self.sessions.add_callbacks = self.rows.extend

    def told(self):
        return [(row.call_sid, row.event) for row in self.rows]


@pytest.fixture
def told_house():
    house = ToldHouse()
    yield house
    house.engine._environment.holds.stop()


def test_end_of_an_accepted_call_is_told(told_house):
    house = told_house
    sid = result.successResultOf(house.place(ASKED)).call_sid
    assert house.session(sid).callback == CALLBACK
    house.happens(ev.ChannelDialled(sid), ev.ChannelRinging(sid), ev.ChannelAnswered(sid))
    house.bots.connections[-1].listener.stream_opened()
    house.happens(ev.ChannelHungUp(sid, 16, "Normal Clearing"))
    assert list(dict.fromkeys(house.told())) == [(sid, "answered"), (sid, "terminal")]


def test_call_that_no_trunk_takes_is_refused_and_not_told(told_house):
    house = told_house
    house.trunks.set_limits({"lab": TrunkLimits(0, 10.0)})
    result.failureResultOf(house.place(ASKED), NoCapacity)
    assert house.told() == []
    assert not house.engine._environment.holds._held


def test_call_that_cannot_be_saved_is_refused_and_not_told(told_house):
    house = told_house
    house.sessions.save = lambda _session: fail(BackendUnavailable("away"))
    result.failureResultOf(house.place(ASKED), BackendUnavailable)
    assert house.told() == []


def test_callbacks_of_a_call_are_held_until_its_reply_is_written(told_house):
    house = told_house
    holds = house.engine._environment.holds
    sid = result.successResultOf(house.place(ASKED)).call_sid
    assert list(holds._held) == [sid]
    house.engine.replied(sid)
    assert not holds._held
    other = result.successResultOf(house.place(REQUEST)).call_sid
    assert other not in holds._held
    assert HELD_S < 15.0


def test_end_that_the_gateway_before_noted_at_the_last_moment_is_shown_also_while_the_call_is_taken_over():
    fleet = Gateways()
    fleet.add("gw1")
    sid = fleet.place("gw1", evolve(FLEET_REQUEST, callback=CALLBACK))
    fleet.happens(ev.ChannelDialled(sid), ev.ChannelRinging(sid), ev.ChannelAnswered(sid))
    before = fleet.session(sid)
    ended = before.ended(stopped("the caller hung up"), 1_700_000_050.0)
    fleet.add("gw2")
    fleet.kill("gw1")
    fleet.advance(2.0)
    (taken,) = [gateway for gateway in fleet.living if gateway.engine._calls.find(sid) is not None]
    fleet.world.sessions._sessions[sid] = ended  # the note of the dead gateway was written last
    shown = result.successResultOf(taken.engine.find("acme1", sid))
    assert shown.status is CallStatus.COMPLETED
    for gateway in fleet.by_name.values():
        gateway.engine._environment.holds.stop()
