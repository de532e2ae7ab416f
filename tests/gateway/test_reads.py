"""What a gateway's calls answer to readers: lists, counts, sums, and the health of numbers."""

from decimal import Decimal

import pytest
from zope.interface.verify import verifyObject

from exoswitch.call import events as ev
from exoswitch.call.search import CallSearch
from exoswitch.call.session import CallStatus
from exoswitch.interfaces.calls import ICalls, NumberHealth
from tests.harness.engine_house import OURS, House, result

SEARCH = CallSearch(account="acme1")


@pytest.fixture
def house():
    return House()


def listed(house):
    return [(call.call_sid, call.status) for call in result.successResultOf(house.engine.search(SEARCH)).sessions]


def test_it_has_all_that_readers_ask_for(house):
    verifyObject(ICalls, house.engine)


def test_live_call_is_listed_as_it_is_now_and_after_its_end(house):
    sid = house.talk()
    assert listed(house) == [(sid, CallStatus.IN_PROGRESS)]
    assert result.successResultOf(house.engine.live_bots("acme1")) == 1
    assert result.successResultOf(house.engine.costs("acme1", 0.0)) == {}
    house.clock.advance(20)
    house.happens(ev.ChannelHungUp(sid, 16, "Normal Clearing"))
    assert listed(house) == [(sid, CallStatus.COMPLETED)]
    assert result.successResultOf(house.engine.live_bots("acme1")) == 0
    assert result.successResultOf(house.engine.costs("acme1", 0.0)) == {"INR": Decimal("0.200000")}


def test_number_has_an_outage_while_its_trunk_is_down_or_the_link_to_asterisk_is(house):
    well, down = (NumberHealth(incoming=is_up, outgoing=is_up) for is_up in (True, False))
    assert house.engine.number_health(OURS) == well
    house.happens(ev.TrunkCondition("lab", reachable=False))
    assert house.engine.number_health(OURS) == down
    house.happens(ev.TrunkCondition("lab", reachable=True))
    assert house.engine.number_health(OURS) == well
    house.switch.ready = False
    assert house.engine.number_health(OURS) == down
