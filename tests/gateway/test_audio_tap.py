"""The tap of a call between two phones: what it listens to, from the answer of the first one on."""

import pytest
from attrs import evolve

from exoswitch.call import events as ev
from exoswitch.call.recording import RecordingWish
from exoswitch.call.stream_tap import StreamTap
from exoswitch.gateway.audio_tap import BEGINS_AFTER_S
from tests.gateway.test_two_phones_failover import REQUEST
from tests.harness.gateways import LEG, Gateways

STREAM = evolve(REQUEST, tap=StreamTap(url="ws://bot.example.org/qa"))
RECORDED = evolve(REQUEST, recording=RecordingWish())
LATER = evolve(REQUEST, tap=StreamTap(url="ws://bot.example.org/qa", begins_at="leg2"))


@pytest.fixture
def fleet():
    return Gateways()


def first_answered(fleet, request):
    gateway = fleet.add("gw1")
    sid = fleet.place("gw1", request)
    fleet.happens(ev.ChannelAnswered(sid))
    fleet.advance(0.2)
    return gateway, sid, fleet.session(sid).second.call_sid


@pytest.mark.parametrize(("request_", "kind"), [(STREAM, "tap0"), (RECORDED, "rec0")], ids=["stream", "recording"])
def test_one_port_hears_the_first_phone_and_then_both_at_the_second_one(fleet, request_, kind):
    gateway, sid, second = first_answered(fleet, request_)
    before, after = f"{kind}a-{sid}", f"{kind}b-{sid}"
    assert gateway.asked("tap") == [("tap", before, sid, *LEG, True)]
    fleet.happens(ev.MediaAnnounced(before, "10.0.1.5", 15002, LEG))
    fleet.happens(ev.ChannelAnswered(second))
    assert gateway.asked("tap")[1:] == [("tap", after, second, *LEG, False)]
    fleet.happens(ev.MediaAnnounced(after, "10.0.1.5", 15004, LEG))
    leg = gateway.media.legs[1]
    assert leg.asked[-1] != ("direct", "10.0.1.5", 15004)
    assert ("hang_up", before, 16) not in gateway.asked("hang_up")
    fleet.advance(BEGINS_AFTER_S)
    assert [asked for asked in leg.asked if asked[0] == "direct"][1:] == [("direct", "10.0.1.5", 15004)]
    assert gateway.asked("hang_up")[-1] == ("hang_up", before, 16)


def test_stream_that_begins_with_the_second_phone_hears_both_there_at_once(fleet):
    gateway, sid, second = first_answered(fleet, LATER)
    assert gateway.asked("tap") == []
    fleet.happens(ev.ChannelAnswered(second))
    assert gateway.asked("tap") == [("tap", f"tap0b-{sid}", second, *LEG, False)]
    fleet.happens(ev.MediaAnnounced(f"tap0b-{sid}", "10.0.1.5", 15004, LEG))
    assert ("direct", "10.0.1.5", 15004) in gateway.media.legs[1].asked


def test_tap_that_is_closed_takes_no_other_address(fleet):
    gateway, sid, second = first_answered(fleet, STREAM)
    fleet.happens(ev.MediaAnnounced(f"tap0a-{sid}", "10.0.1.5", 15002, LEG), ev.ChannelAnswered(second))
    fleet.happens(ev.MediaAnnounced(f"tap0b-{sid}", "10.0.1.5", 15004, LEG))
    fleet.happens(ev.ChannelHungUp(second, 16, "", by_peer=True), ev.ChannelHungUp(sid, 16, ""))
    fleet.advance(1.0)
    assert gateway.media.legs[1].asked[-1] == ("close",)
    assert {f"tap0a-{sid}", f"tap0b-{sid}"} <= {request[1] for request in gateway.asked("hang_up")}
