"""The gateway of a call between two phones dies, comes back, or stops: the phones talk on, and all is accounted."""

import pytest
from attrs import evolve
from twisted.internet.defer import Deferred

from exoswitch.call import events as ev
from exoswitch.call.effects import StopReason
from exoswitch.call.session import CallStatus
from exoswitch.call.stream_tap import StreamTap
from exoswitch.errors import BackendUnavailable
from exoswitch.interfaces.calls import CallRequest
from exoswitch.sessions.memory import MemorySessions
from tests.harness.gateways import LEG, OURS, PERSON, Gateways
from tests.harness.recorders import RecordedSwitch

OTHER = "+919812345611"
REQUEST = CallRequest(account="acme1", number=PERSON, second=OTHER, exophone=OURS, max_duration_s=600.0)
LONG_ENOUGH_S = 1.5


@pytest.fixture
def fleet():
    return Gateways()


def first_answered(fleet, name="gw1"):
    """Let the first phone be answered; give the SIDs of both calls."""
    sid = fleet.place(name, REQUEST)
    fleet.happens(ev.ChannelDialled(sid), ev.ChannelRinging(sid), ev.ChannelAnswered(sid))
    fleet.happens(ev.MediaAnnounced(sid, "10.0.1.5", 15000, LEG))
    fleet.advance(0.2)
    return sid, fleet.session(sid).second.call_sid


def two_that_talk(fleet, name="gw1"):
    sid, second = first_answered(fleet, name)
    fleet.happens(ev.ChannelDialled(second), ev.ChannelRinging(second), ev.ChannelAnswered(second))
    return sid, second


def second_hangs_up(fleet, sid, second):
    fleet.happens(ev.ChannelHungUp(second, 16, "", by_peer=True), ev.ChannelHungUp(sid, 16, "", by_peer=False))


def ended(fleet, sid):
    session = fleet.session(sid)
    assert fleet.leases() == {}
    return session


def test_second_phone_is_dialled_at_the_same_asterisk_to_be_joined_with_the_first(fleet):
    gateway = fleet.add("gw1")
    sid, second = first_answered(fleet)
    (_, (_, origination)) = gateway.asked("originate")
    assert (origination.channel_id, origination.joins, origination.media_port) == (second, sid, 0)
    assert gateway.media.legs[0].asked[0] == ("hold",)
    assert len(gateway.media.legs) == 1
    assert set(fleet.leases()) == {sid, second}
    assert fleet.session(second).parent_call_sid == sid


def test_port_is_given_back_when_the_two_are_connected(fleet):
    gateway = fleet.add("gw1")
    sid, second = two_that_talk(fleet)
    assert gateway.media.legs[0].asked[-1] == ("close",)
    second_hangs_up(fleet, sid, second)
    session = ended(fleet, sid)
    assert (session.status, session.second.status) == (CallStatus.COMPLETED, CallStatus.COMPLETED)
    assert session.ending.reason.startswith("the second phone hung up")


def test_phones_talk_on_when_their_gateway_is_killed_and_starts_again(fleet):
    fleet.add("gw1")
    sid, second = two_that_talk(fleet)
    fleet.kill("gw1")
    again = fleet.restart("gw1", frozenset({sid, second}), switch=RecordedSwitch())
    fleet.advance(LONG_ENOUGH_S)
    assert sorted(again.switch.asked) == [("adopt", sid), ("adopt", second)]
    assert again.media.legs == []
    fleet.advance(100.0)
    second_hangs_up(fleet, sid, second)
    session = ended(fleet, sid)
    assert session.second.talked_s == pytest.approx(101.5, abs=0.3)
    assert session.second.charge.billed_s == 120
    assert session.charge.billed_s == 120


def test_phones_that_hung_up_while_their_gateway_was_dead_are_both_ended(fleet):
    fleet.add("gw1")
    sid, second = two_that_talk(fleet)
    fleet.kill("gw1")
    fleet.restart("gw1")
    fleet.advance(LONG_ENOUGH_S)
    session = ended(fleet, sid)
    assert (session.status, fleet.session(second).status) == (CallStatus.COMPLETED, CallStatus.COMPLETED)
    assert session.second == fleet.session(second).as_second()


def test_second_phone_that_rings_is_adopted_and_joined(fleet):
    fleet.add("gw1")
    sid, second = first_answered(fleet)
    fleet.happens(ev.ChannelDialled(second), ev.ChannelRinging(second))
    fleet.kill("gw1")
    again = fleet.restart("gw1", frozenset({sid, second}), switch=RecordedSwitch(is_led=False))
    fleet.advance(LONG_ENOUGH_S)
    assert again.asked("originate") == []
    assert fleet.session(sid).second.answered_at is None
    fleet.happens(ev.ChannelAnswered(second))
    assert fleet.session(sid).second.answered_at is not None
    second_hangs_up(fleet, sid, second)
    assert ended(fleet, sid).second.status is CallStatus.COMPLETED


def test_second_phone_that_was_not_dialled_yet_is_dialled_by_the_next_process(fleet):
    fleet.add("gw1")
    sid = fleet.place("gw1", REQUEST)
    fleet.happens(ev.ChannelDialled(sid), ev.ChannelRinging(sid))
    fleet.kill("gw1")
    again = fleet.restart("gw1", frozenset({sid}), switch=RecordedSwitch())
    fleet.advance(LONG_ENOUGH_S)
    ((_, origination),) = again.asked("originate")
    assert origination.joins == sid
    second_hangs_up(fleet, sid, origination.channel_id)
    assert ended(fleet, sid).status is CallStatus.COMPLETED


def test_dead_gateways_phones_are_taken_over_by_its_neighbours_wherever_each_lands(fleet):
    fleet.add("gw1")
    sid, second = two_that_talk(fleet)
    neighbours = [fleet.add("gw2"), fleet.add("gw3")]
    fleet.kill("gw1")
    fleet.advance(LONG_ENOUGH_S)
    assert sorted(request for each in neighbours for request in each.switch.asked) == [
        ("adopt", sid),
        ("adopt", second),
    ]
    assert fleet.holder(sid) is not fleet.holder(second)
    second_hangs_up(fleet, sid, second)
    fleet.advance(LONG_ENOUGH_S)
    session = ended(fleet, sid)
    assert session.second == fleet.session(second).as_second()
    assert session.second.status is CallStatus.COMPLETED


def test_phone_at_another_gateway_is_hung_up_when_the_first_one_gives_up(fleet):
    fleet.add("gw1")
    sid, second = first_answered(fleet)
    fleet.happens(ev.ChannelDialled(second), ev.ChannelRinging(second))
    for name in ("gw2", "gw3"):
        fleet.add(name, switch=RecordedSwitch(is_led=False))
    fleet.kill("gw1")
    fleet.advance(LONG_ENOUGH_S)
    first, other = fleet.holder(sid), fleet.holder(second)
    assert first is not other
    fleet.happens(ev.ChannelHungUp(sid, 16, "", by_peer=True))
    fleet.advance(0.1)
    assert ("hang_up_lost", second, 16) in first.switch.asked
    fleet.happens(ev.ChannelHungUp(second, 16, ""), ev.OriginateFailed(second, 0))
    fleet.advance(LONG_ENOUGH_S)
    assert ended(fleet, sid).second.status is not None


def test_gateway_that_stops_hands_both_phones_over_and_lets_go_of_them(fleet):
    first = fleet.add("gw1")
    sid, second = two_that_talk(fleet)
    other = fleet.add("gw2")
    first.engine.drain(60.0, hand_over=True)
    fleet.advance(LONG_ENOUGH_S)
    assert first.engine.live == 0
    assert sorted(other.switch.asked) == [("adopt", sid), ("adopt", second)]
    second_hangs_up(fleet, sid, second)
    assert ended(fleet, sid).second.status is CallStatus.COMPLETED


def test_second_phone_is_not_dialled_when_the_first_one_hangs_up_while_the_session_is_saved(fleet, monkeypatch):
    gateway, saved = fleet.add("gw1"), Deferred()
    sid = fleet.place("gw1", REQUEST)
    monkeypatch.setattr(MemorySessions, "save", lambda _sessions, _session: saved)
    fleet.happens(ev.ChannelDialled(sid), ev.ChannelRinging(sid), ev.ChannelAnswered(sid))
    fleet.advance(0.2)
    fleet.happens(ev.ChannelHungUp(sid, 16, "", by_peer=True))
    saved.callback(None)
    fleet.advance(LONG_ENOUGH_S)
    assert len(gateway.asked("originate")) == 1
    assert ended(fleet, sid).second.status is CallStatus.CANCELED


def test_second_phone_ends_once_when_its_gateway_stops_while_its_session_is_saved(fleet, monkeypatch):
    gateway, saved, ends = fleet.add("gw1"), Deferred(), []
    sid = fleet.place("gw1", REQUEST)
    note = MemorySessions.note
    monkeypatch.setattr(MemorySessions, "save", lambda _sessions, _session: saved)
    monkeypatch.setattr(MemorySessions, "note", lambda sessions, each: (ends.append(each), note(sessions, each)))
    fleet.happens(ev.ChannelDialled(sid), ev.ChannelRinging(sid), ev.ChannelAnswered(sid))
    fleet.advance(0.2)
    gateway.engine.hang_up_all()
    saved.errback(BackendUnavailable("the session store did not answer"))
    fleet.advance(LONG_ENOUGH_S)
    (end,) = [each for each in ends if each.parent_call_sid is not None and each.status.is_final]
    assert end.status is CallStatus.CANCELED


def test_second_phone_is_dialled_on_when_the_first_one_goes_to_another_gateway_meanwhile(fleet, monkeypatch):
    first, saved = fleet.add("gw1"), Deferred()
    sid = fleet.place("gw1", REQUEST)
    save = MemorySessions.save
    monkeypatch.setattr(MemorySessions, "save", lambda _sessions, _session: saved)
    fleet.happens(ev.ChannelDialled(sid), ev.ChannelRinging(sid), ev.ChannelAnswered(sid))
    fleet.advance(0.2)
    monkeypatch.setattr(MemorySessions, "save", save)
    other = fleet.add("gw2")
    first.engine.drain(60.0, hand_over=True)
    fleet.advance(LONG_ENOUGH_S)
    saved.callback(None)
    fleet.advance(LONG_ENOUGH_S)
    second = fleet.session(sid).second
    dialled = [each[1].channel_id for gateway in (first, other) for each in gateway.asked("originate")]
    assert dialled == [sid, second.call_sid]
    assert fleet.session(second.call_sid).ending is None
    assert fleet.holder(sid) is other


def test_phones_that_were_connected_while_the_link_was_down_talk_on(fleet):
    fleet.add("gw1")
    sid, second = first_answered(fleet)
    fleet.happens(ev.ChannelDialled(second), ev.ChannelRinging(second))
    fleet.happens(
        ev.SwitchLost("pulled"), ev.SwitchReady(frozenset({sid, second}), answered=frozenset({sid, second}))
    )
    assert fleet.session(sid).second.answered_at is not None
    fleet.advance(100.0)
    second_hangs_up(fleet, sid, second)
    assert ended(fleet, sid).second.talked_s == pytest.approx(100.0, abs=0.3)


def test_first_phone_that_was_answered_while_the_link_was_down_waits_for_the_second_one(fleet):
    gateway = fleet.add("gw1")
    sid = fleet.place("gw1", REQUEST)
    fleet.happens(ev.ChannelDialled(sid), ev.ChannelRinging(sid))
    fleet.happens(ev.SwitchLost("pulled"), ev.SwitchReady(frozenset({sid}), {sid: LEG}, frozenset({sid})))
    fleet.advance(0.5)
    assert gateway.asked("originate")[-1][1].joins == sid


def test_full_asterisk_ends_the_call_without_dialling_the_second_phone(fleet):
    gateway = fleet.add("gw1", capacity=1)
    sid, second = first_answered(fleet)
    assert len(gateway.asked("originate")) == 1
    assert gateway.asked("hang_up") == [("hang_up", sid, 16)]
    fleet.happens(ev.ChannelHungUp(sid, 16, ""))
    session = ended(fleet, sid)
    assert session.second.status is CallStatus.FAILED
    assert fleet.session(second).status is CallStatus.FAILED


def test_one_way_stream_goes_on_at_the_next_gateway_with_a_tap_of_its_own(fleet):
    first = fleet.add("gw1")
    sid = fleet.place("gw1", evolve(REQUEST, tap=StreamTap(url="ws://bot.example.org/qa")))
    fleet.happens(ev.ChannelAnswered(sid))
    fleet.advance(0.2)
    assert first.asked("tap") == [("tap", f"tap0a-{sid}", sid, *LEG, True)]
    fleet.happens(ev.MediaAnnounced(f"tap0a-{sid}", "10.0.1.5", 15002, LEG))
    assert first.media.legs[1].asked == [("direct", "10.0.1.5", 15002)]
    second = fleet.session(sid).second.call_sid
    fleet.happens(ev.ChannelAnswered(second))
    fleet.kill("gw1")
    again = fleet.restart("gw1", frozenset({sid, second}), switch=RecordedSwitch())
    fleet.advance(LONG_ENOUGH_S)
    assert again.asked("tap") == [("tap", f"tap1b-{sid}", second, *LEG, False)]
    assert {request[1] for request in again.asked("hang_up_lost")} >= {f"tap0a-{sid}", f"tap0b-{sid}"}
    (bot,) = again.bots.connections
    assert (bot.told.call_sid, bot.told.is_resumed) == (sid, True)
    bot.listener.stream_opened()
    second_hangs_up(fleet, sid, second)
    assert bot.asked == [("start",), ("close", StopReason.CALL_ENDED)]
    assert again.asked("hang_up")[-1] == ("hang_up", f"tap1b-{sid}", 16)
    assert ended(fleet, sid).status is CallStatus.COMPLETED
