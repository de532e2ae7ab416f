"""Calls that the engine refuses, or lets wait for their trunk."""

import pytest
from attrs import evolve

from exoswitch.call import events as ev
from exoswitch.call.recording import RecordingWish
from exoswitch.call.session import CallStatus
from exoswitch.call.status_callback import StatusCallback
from exoswitch.errors import BackendUnavailable, CallNotFound, InvalidValue, NoCapacity, TrunkError
from exoswitch.interfaces.calls import CallRequest
from tests.harness.engine_house import (
    BOT,
    OURS,
    PERSON,
    REQUEST,
    House,
    Slow,
    result,
)
from tests.harness.recorders import Unanswered


@pytest.fixture
def house():
    return House()


# --- What is refused --------------------------------------------------------------------------------------------


def test_call_is_refused_while_no_asterisk_is_ready(house):
    house.switch.ready = False
    assert not house.engine.ready
    result.failureResultOf(house.place(), BackendUnavailable)
    house.assert_nothing_is_left()


def test_call_beyond_the_asterisks_capacity_is_refused_and_leaves_no_session(house):
    house.place()
    house.place()
    house.clock.advance(1)
    failure = result.failureResultOf(house.place(), NoCapacity)
    assert "pbx1" in failure.getErrorMessage() or "any reachable Asterisk" in failure.getErrorMessage()
    result.failureResultOf(house.engine.find("acme1", "sid5"), CallNotFound)
    assert house.engine.live == 2


def test_account_gets_no_more_calls_at_once_than_its_concurrency(house):
    tiny = CallRequest(account="tiny", number=PERSON, exophone=OURS, bot=BOT)
    result.successResultOf(house.place(tiny))
    refusal = result.failureResultOf(house.place(tiny), NoCapacity)
    assert refusal.getErrorMessage() == "account tiny has reached its limit of 1 concurrent calls"


def test_call_without_an_rtp_port_is_refused_and_leaves_nothing(house):
    house.media.is_full = True
    result.failureResultOf(house.place(), NoCapacity)
    house.assert_nothing_is_left()


def test_invalid_number_is_refused_before_a_trunk_is_taken(house):
    bad = CallRequest(account="acme1", number="call me", exophone=OURS, bot=BOT)
    result.failureResultOf(house.place(bad), InvalidValue)
    house.assert_nothing_is_left()


def test_asterisk_that_refuses_to_dial_fails_the_call(house):
    house.switch.answer = TrunkError("Extension does not exist")
    sid = result.successResultOf(house.place()).call_sid
    assert "Extension does not exist" in house.session(sid).ending.reason
    house.assert_nothing_is_left()


def test_wishes_of_the_dialer_are_kept_with_the_call(house):
    callback = StatusCallback(url="http://crm.example.org/done", events=("terminal",), content="json")
    wish = RecordingWish(channels="dual")
    sid = result.successResultOf(house.place(evolve(REQUEST, callback=callback, recording=wish))).call_sid
    assert (house.session(sid).callback, house.session(sid).recording) == (callback, wish)


def test_call_whose_session_cannot_be_saved_is_not_placed_and_its_dialer_not_called_back(house):
    object.__setattr__(house.engine._environment, "sessions", store := Slow())
    placed = house.place(evolve(REQUEST, callback=StatusCallback(url="http://crm.example.org/done")))
    house.clock.advance(5)
    result.failureResultOf(placed, BackendUnavailable)
    assert house.switch.asked == []
    assert [(noted.status, noted.ending.reason) for noted in store.noted] == [
        (CallStatus.FAILED, "its session could not be saved, so it was not placed")
    ]
    assert [noted.callback for noted in store.noted] == [None]
    house.assert_nothing_is_left()


def test_call_whose_place_is_found_after_the_stop_began_is_refused(house):
    allocate, found = house.nodes.allocate, Unanswered()
    house.nodes.allocate = found
    placed = house.place()
    house.engine.drain(60)
    allocate("sid1").addCallback(found.waiting[0].callback)
    assert "is stopping" in result.failureResultOf(placed, BackendUnavailable).getErrorMessage()
    house.assert_nothing_is_left()


def test_call_that_is_stopped_while_it_is_saved_is_never_dialled(house):
    object.__setattr__(house.engine._environment, "sessions", store := Slow())
    placed = house.place()
    result.successResultOf(house.engine.stopService())
    store.save.waiting[0].callback(None)
    assert result.successResultOf(placed).ending.reason == "the gateway stopped"
    assert house.switch.asked == []
    house.assert_nothing_is_left()


def test_no_call_is_placed_while_the_session_store_is_away(house):
    object.__setattr__(house.engine._environment, "sessions", store := Slow(ready=False))
    assert not house.engine.ready
    assert (
        "the session store cannot be reached"
        in result.failureResultOf(house.place(), BackendUnavailable).getErrorMessage()
    )
    assert store.noted == []
    house.assert_nothing_is_left()


def test_second_call_waits_for_the_trunks_next_turn(house):
    house.place()
    house.place()
    assert house.switch.verbs() == ["originate"]
    house.clock.advance(0.11)
    assert house.switch.verbs() == ["originate", "originate"]


def test_call_that_ends_while_it_waits_for_its_turn_is_never_dialled(house):
    house.place()
    house.place()
    stopped = house.engine.stopService()
    house.clock.advance(0.11)
    assert house.switch.verbs().count("originate") == 1
    house.clock.advance(5)
    result.successResultOf(stopped)


def test_turn_that_comes_after_the_end_of_a_call_changes_nothing(house, logged_failures):
    house.place()
    sid = result.successResultOf(house.place()).call_sid
    call = house.engine._calls.find(sid)
    call.feed(call.inputs.hang_up, "by request")
    call.feed(call._turn_came)
    assert (house.switch.verbs(), logged_failures) == (["originate"], [])


def test_unknown_call_is_not_found(house):
    result.failureResultOf(house.engine.find("acme1", "nothing"), CallNotFound)
    sid = result.successResultOf(house.place()).call_sid
    result.failureResultOf(house.engine.find("tiny", sid), CallNotFound)


# --- The link to Asterisk, and the end --------------------------------------------------------------------------


def test_each_reason_for_which_no_call_can_be_placed_is_named(house):
    assert house.engine.missing == ()
    house.switch.ready = False
    object.__setattr__(house.engine._environment, "sessions", Slow(ready=False))
    house.engine.drain(60)
    stopping, asterisk, store = house.engine.missing
    assert stopping == "this gateway is stopping"
    assert asterisk.startswith("no Asterisk is ready (pbx1): ")
    assert store == "the session store cannot be reached: see the log"


def test_calls_that_wait_are_bounded(house, monkeypatch):
    monkeypatch.setattr("exoswitch.gateway.inbound.MOST_WAITING", 0)
    house.happens(ev.CallArrived("1700.1", PERSON, OURS))
    assert house.engine.live == 0
    house.assert_nothing_is_left()
