"""What a trunk may answer in place of a call, at a real Asterisk: no redirection of it places a call."""

import pytest

from exoswitch.call.events import CallArrived, ChannelAnswered, ChannelHungUp
from tests.contract.switch_suite import EXOPHONE, Stage
from tests.e2e.test_switch import RealTelephones

pytestmark = pytest.mark.e2e

REDIRECTED = 23  # ITU-T Q.850


@pytest.fixture
def stage(asterisk, ami, sipp, phone, reactor, serve):
    ami.wait_until_idle()
    return serve(Stage(reactor, RealTelephones(asterisk, sipp, phone)))


@pytest.mark.parametrize("target", [EXOPHONE, "00882160000000", "s"])
async def test_redirection_ends_the_call_and_places_none(stage, sipp, ami, target):
    sipp.refuse(f"302 Moved Temporarily\n      Contact: <sip:{target}@127.0.0.1>")
    gateway = await stage.gateway()
    await gateway.dial("sid1")
    await gateway.until(lambda: [event for event in gateway.of(ChannelHungUp) if event.channel_id == "sid1"])
    await gateway.settle()
    assert [event.cause for event in gateway.of(ChannelHungUp) if event.channel_id == "sid1"] == [REDIRECTED]
    assert not gateway.of(CallArrived)
    assert not gateway.of(ChannelAnswered)
    assert not ami.channels()
