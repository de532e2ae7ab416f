"""A call goes on from app to app: the gateway that has it asks the passthru, and follows the answer."""

import pytest
from attrs import evolve
from twisted.logger import capturedLogs, formatEvent

from exoswitch.call import events as ev
from exoswitch.call.passthru import Hop, Passthru
from exoswitch.call.session import CallStatus, DisconnectedBy, StreamStatus
from exoswitch.call.stream_options import StreamOptions
from exoswitch.errors import BackendUnavailable
from exoswitch.outbox.callbacks import callbacks_of
from tests.harness.flows import FIRST, LONG_ENOUGH_S, PASSTHRU, SECOND, alone, close
from tests.harness.gateways import LEG, REQUEST, Gateways, result


@pytest.fixture
def fleet():
    return Gateways()


def test_the_caller_waits_while_the_passthru_is_asked_how_the_stream_ended(fleet):
    gateway, sid = alone(fleet)
    fleet.advance(7.0)
    close(gateway)
    ((asked, _),) = gateway.passthrus.asked
    assert (asked.call_sid, asked.status) == (sid, CallStatus.IN_PROGRESS)
    assert (asked.flow.ended.disconnected_by, asked.flow.ended_s) == (DisconnectedBy.BOT, pytest.approx(7.0))
    assert gateway.media.legs[0].asked[-1] == ("hold",)
    assert gateway.asked("hang_up") == []


def test_the_next_app_has_a_new_stream_of_the_same_call(fleet):
    gateway, sid = alone(fleet)
    close(gateway)
    gateway.passthrus.answer(302)
    first, second = (bot.told for bot in gateway.bots.connections)
    assert (second.call_sid, second.bot, second.is_resumed) == (sid, SECOND, False)
    assert second.stream_sid not in {first.stream_sid, ""}
    gateway.bots.connections[-1].listener.stream_opened()
    assert gateway.media.legs[0].stream is gateway.bots.connections[-1]
    session = fleet.session(sid)
    assert (session.bot, session.stream_sid, session.flow.hops) == (SECOND, second.stream_sid, 1)
    assert gateway.metrics.count("app_hops_total") == 1
    assert gateway.metrics.count("passthru_requests_total", result="302") == 1


def test_an_answer_that_leads_nowhere_ends_the_call_as_its_stream_ended(fleet):
    gateway, sid = alone(fleet)
    close(gateway)
    gateway.passthrus.answer(200)
    assert gateway.asked("hang_up") == [("hang_up", sid, 16)]
    fleet.happens(ev.ChannelHungUp(sid, 16, ""))
    ended = fleet.session(sid)
    assert ended.ending.reason == "the bot closed the stream (1000 bye)"
    assert len(gateway.passthrus.all) == 1
    assert fleet.leases() == {}


@pytest.mark.parametrize("answers", [True, False])
def test_no_answer_takes_the_way_of_no_answer_and_the_caller_waits_no_longer(fleet, answers):
    gateway, sid = alone(fleet, evolve(FIRST, passthru=evolve(PASSTHRU, otherwise=Hop(app="1002"))))
    close(gateway)
    if answers:
        gateway.passthrus.answer(BackendUnavailable("crm.example.org:443 did not answer"))
        assert gateway.metrics.count("passthru_requests_total", result="failed") == 1
    else:
        fleet.advance(4.4)
        assert len(gateway.bots.connections) == 1
        fleet.advance(0.2)
    assert [bot.told.bot.app for bot in gateway.bots.connections] == ["1001", "1002"]
    assert fleet.session(sid).status is CallStatus.IN_PROGRESS


def test_an_answer_that_comes_too_late_is_not_that_of_the_next_passthru(fleet):
    again = evolve(FIRST, passthru=evolve(PASSTHRU, otherwise=Hop(app="1001")))
    gateway, _ = alone(fleet, again, apps=(again, SECOND))
    close(gateway)
    fleet.advance(4.6)
    gateway.bots.connections[-1].listener.stream_opened()
    close(gateway)
    gateway.passthrus.answer(200)
    assert gateway.asked("hang_up") == []
    gateway.passthrus.answer(302)
    assert gateway.bots.connections[-1].told.bot == SECOND


def test_a_handshake_that_is_given_up_is_not_a_failure_of_the_next_bot(fleet):
    first = evolve(FIRST, passthru=evolve(PASSTHRU, is_async=True, on_200=Hop(app="1002"), on_302=Hop()))
    gateway = fleet.add("gw1", apps=(SECOND,))
    sid = fleet.place("gw1", evolve(REQUEST, bot=first))
    fleet.happens(ev.ChannelAnswered(sid))
    fleet.advance(23.0)
    given_up, second = gateway.bots.connections
    assert given_up.asked == [("close", None)]
    given_up.listener.stream_failed("3009 given up before the bot answered")
    assert len(gateway.bots.connections) == 2
    second.listener.stream_opened()
    assert second.asked == [("start",)]


def test_keys_of_a_stream_are_told_and_forgotten_with_the_next_stream(fleet):
    gateway, sid = alone(fleet)
    fleet.happens(*(ev.DigitPressed(sid, digit, 80) for digit in "12#"))
    close(gateway)
    assert gateway.passthrus.answer(302).flow.digits == "12#"
    assert fleet.session(sid).flow.digits == ""


def test_a_person_who_presses_keys_without_end_fills_no_memory(fleet):
    gateway, sid = alone(fleet)
    fleet.happens(*(ev.DigitPressed(sid, "1", 80) for _ in range(1000)))
    close(gateway)
    assert len(gateway.passthrus.answer(200).flow.digits) == 64


def told_at_the_end(fleet, sid):
    """Give the callbacks that the end of a call adds to the outbox."""
    return [(callback.event, callback.receiver) for callback in callbacks_of(fleet.session(sid))]


TOLD = [("passthru", "acme1 crm.example.org:443")]


def test_a_caller_who_hangs_up_first_is_told_of_too(fleet):
    gateway, sid = alone(fleet)
    fleet.advance(3.0)
    fleet.happens(ev.ChannelHungUp(sid, 16, ""))
    assert gateway.passthrus.all == []
    assert told_at_the_end(fleet, sid) == TOLD
    ended = fleet.session(sid).ending
    assert (ended.stream_status, ended.disconnected_by) == (StreamStatus.CANCELLED, DisconnectedBy.USER)


def test_a_stream_that_is_lost_with_its_gateway_is_told_of(fleet):
    _, sid = alone(fleet)
    assert callbacks_of(fleet.session(sid)) == ()
    fleet.kill("gw1")
    fleet.add("gw2", apps=(SECOND,), capacity=0)
    fleet.advance(40.0)
    assert fleet.session(sid).ending.reason.startswith("its gateway was lost")
    assert told_at_the_end(fleet, sid) == TOLD


def test_a_caller_who_hangs_up_while_the_passthru_is_asked_is_told_of_once(fleet):
    gateway, sid = alone(fleet)
    close(gateway)
    fleet.happens(ev.ChannelHungUp(sid, 16, ""))
    gateway.passthrus.answer(302)
    assert len(gateway.passthrus.all) == 1
    assert told_at_the_end(fleet, sid) == []
    ended = fleet.session(sid)
    assert (ended.status, ended.ending.disconnected_by) == (CallStatus.COMPLETED, DisconnectedBy.BOT)


def test_a_call_that_was_never_answered_has_no_stream_to_tell_of(fleet):
    gateway = fleet.add("gw1", apps=(SECOND,))
    sid = fleet.place("gw1", evolve(REQUEST, bot=FIRST))
    fleet.happens(ev.ChannelDialled(sid), ev.ChannelHungUp(sid, 17, "", 486, by_peer=True))
    fleet.happens(ev.OriginateFailed(sid, 5))
    assert fleet.session(sid).status is CallStatus.BUSY
    assert gateway.passthrus.all == told_at_the_end(fleet, sid) == []


def test_an_asynchronous_passthru_is_told_and_the_call_goes_on_at_once(fleet):
    first = evolve(FIRST, passthru=Passthru(url=PASSTHRU.url, is_async=True, on_200=Hop(app="1002")))
    gateway, sid = alone(fleet, first)
    close(gateway)
    assert [bot.told.bot.app for bot in gateway.bots.connections] == ["1001", "1002"]
    told = gateway.passthrus.answer(500)
    assert (told.bot, told.flow.ended.stream_status) == (first, StreamStatus.COMPLETED)
    fleet.happens(ev.ChannelHungUp(sid, 16, ""))
    assert len(gateway.passthrus.all) == 1
    assert told_at_the_end(fleet, sid) == []


def test_an_asynchronous_passthru_that_leads_nowhere_is_told_with_the_end(fleet):
    gateway, sid = alone(fleet, evolve(FIRST, passthru=Passthru(url=PASSTHRU.url, is_async=True)))
    close(gateway)
    assert gateway.asked("hang_up") == [("hang_up", sid, 16)]
    fleet.happens(ev.ChannelHungUp(sid, 16, ""))
    assert gateway.passthrus.all == []
    assert told_at_the_end(fleet, sid) == TOLD
    assert fleet.session(sid).flow.ended.disconnected_by is DisconnectedBy.BOT


def test_each_app_has_its_own_passthru_with_its_own_stream(fleet):
    second = evolve(SECOND, passthru=Passthru(url="https://crm.example.org/second"))
    gateway, sid = alone(fleet, apps=(second,))
    fleet.advance(5.0)
    close(gateway)
    gateway.passthrus.answer(302)
    gateway.bots.connections[-1].listener.stream_opened()
    fleet.advance(2.0)
    close(gateway)
    asked = gateway.passthrus.answer(200)
    assert (asked.bot, asked.stream_sid) == (second, gateway.bots.connections[-1].told.stream_sid)
    assert asked.flow.ended_s - asked.flow.began_s == pytest.approx(2.0)
    fleet.happens(ev.ChannelHungUp(sid, 16, ""))
    assert fleet.session(sid).duration_s == pytest.approx(7.0)


def asking_on_the_first(fleet, first=FIRST):
    alone(fleet, first)
    second = fleet.add("gw2", apps=(SECOND,))
    close(fleet.by_name["gw1"])
    (sid,) = fleet.leases()
    return second, sid


# --- Another gateway ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("on_gateway_loss", ["resume", "hang-up"])
def test_a_gateway_that_takes_over_a_caller_who_waits_asks_again_and_goes_on(fleet, on_gateway_loss):
    options = StreamOptions(on_gateway_loss=on_gateway_loss)
    second, sid = asking_on_the_first(fleet, evolve(FIRST, options=options))
    before = fleet.session(sid).stream_sid
    fleet.kill("gw1")
    fleet.advance(LONG_ENOUGH_S)
    assert second.switch.asked == [("take_over", sid, *LEG, True)]
    assert second.bots.connections == []
    assert second.media.legs[0].asked[-1] == ("hold",)
    asked = second.passthrus.answer(302)
    assert (asked.stream_sid, asked.flow.ended.disconnected_by) == (before, DisconnectedBy.BOT)
    (connection,) = second.bots.connections
    assert (connection.told.bot, connection.told.is_resumed) == (SECOND, False)
    assert fleet.session(sid).flow.hops == 1


def test_a_gateway_that_starts_again_asks_again_for_its_own_caller(fleet):
    fleet.add("gw1", apps=(SECOND,), shares_sessions=False)
    sid = fleet.place("gw1", evolve(REQUEST, bot=FIRST))
    fleet.happens(ev.ChannelAnswered(sid))
    fleet.by_name["gw1"].bots.connections[-1].listener.stream_opened()
    close(fleet.by_name["gw1"])
    fleet.kill("gw1")
    back = fleet.restart("gw1", frozenset([sid]), apps=(SECOND,), shares_sessions=False)
    fleet.advance(LONG_ENOUGH_S)
    back.passthrus.answer(302)
    assert [bot.told.bot for bot in back.bots.connections] == [SECOND]


def test_a_caller_who_waits_moves_when_the_gateway_stops(fleet):
    second, sid = asking_on_the_first(fleet)
    over = []
    fleet.by_name["gw1"].engine.drain(30.0, hand_over=True).addCallback(over.append)
    fleet.advance(LONG_ENOUGH_S)
    fleet.happens(ev.MediaAnnounced(sid, "10.0.1.5", 15000, LEG))
    second.passthrus.answer(200)
    assert second.asked("hang_up") == [("hang_up", sid, 16)]


def test_a_later_app_is_resumed_like_the_first_one(fleet):
    gateway, sid = alone(fleet)
    close(gateway)
    gateway.passthrus.answer(302)
    gateway.bots.connections[-1].listener.stream_opened()
    second = fleet.add("gw2", apps=(SECOND,))
    fleet.kill("gw1")
    fleet.advance(LONG_ENOUGH_S)
    (connection,) = second.bots.connections
    assert (connection.told.bot, connection.told.is_resumed) == (SECOND, True)
    assert second.passthrus.all == []
    assert result.successResultOf(second.engine.find("acme1", sid)).flow.hops == 1


def test_log_of_a_call_names_the_call_of_its_second_phone(fleet):
    gateway, sid = alone(fleet, evolve(FIRST, passthru=evolve(PASSTHRU, on_200=Hop(number="+919812345611"))))
    close(gateway)
    with capturedLogs() as log:
        gateway.passthrus.answer(200)
        fleet.advance(0.2)
    second = fleet.session(sid).second.call_sid
    assert f"call {sid}: its second phone is dialled as call {second}" in [formatEvent(event) for event in log]


def test_person_is_handed_over_to_a_phone_and_bot_and_phone_are_both_told_of(fleet):
    number = "+919812345611"
    to_a_phone = evolve(FIRST, passthru=evolve(PASSTHRU, on_200=Hop(number=number)))
    gateway, sid = alone(fleet, to_a_phone)
    close(gateway)
    gateway.passthrus.answer(200)
    fleet.advance(0.2)
    _, (_, origination) = gateway.asked("originate")
    assert origination.joins == sid
    second = fleet.session(sid).second
    assert (second.number, second.call_sid) == (number, origination.channel_id)
    assert gateway.media.legs[0].asked[-1] == ("hold",)
    fleet.happens(ev.ChannelAnswered(second.call_sid))
    fleet.advance(30.0)
    fleet.happens(ev.ChannelHungUp(sid, 16, "", by_peer=True), ev.ChannelHungUp(second.call_sid, 16, ""))
    ended = fleet.session(sid)
    assert (ended.second.status, ended.second.talked_s) == (CallStatus.COMPLETED, pytest.approx(30.0, abs=0.2))
    assert ended.ending.reason.startswith("the first phone hung up")
    assert (ended.ending.stream_status, ended.ending.disconnected_by) == (StreamStatus.COMPLETED, DisconnectedBy.BOT)
    assert fleet.leases() == {}
