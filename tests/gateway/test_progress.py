"""The stages of a call: what its log says, and what is measured of it."""

import re

import pytest
from attrs import evolve
from twisted.logger import capturedLogs, formatEvent

from exoswitch.call import events as ev
from exoswitch.call.stream_options import StreamOptions
from exoswitch.errors import BackendUnavailable, NoCapacity, QuotaReached
from tests.harness.engine_house import OURS, REQUEST, House, result
from tests.harness.sim_house import House as WholeHouse


@pytest.fixture
def house():
    return House()


def texts(log, call_sid=""):
    return [text for event in log if call_sid in (text := formatEvent(event))]


def talk(house):
    """Let the phone ring after 2 s and be answered 5 s later; its bot opens after 0.25 s and talks 0.5 s later."""
    sid = result.successResultOf(house.place()).call_sid
    house.happens(ev.ChannelDialled(sid))
    for pause_s, event in ((2, ev.ChannelRinging(sid)), (5, ev.ChannelAnswered(sid))):
        house.clock.advance(pause_s)
        house.happens(event)
    house.clock.advance(0.25)
    house.bots.connections[-1].listener.stream_opened()
    house.clock.advance(0.5)
    house.media.listeners[-1].playout_began()
    return sid


def test_each_stage_of_an_outbound_call_is_logged_once_with_its_time(house):
    with capturedLogs() as log:
        sid = talk(house)
    assert texts(log, sid) == [
        f"call {sid}: the phone was answered after 7.0 s",
        f"call {sid}: the bot is connected, 0.25 s after the answer",
        f"call {sid}: the bot's first audio is played, 0.75 s after the answer",
    ]


def test_an_inbound_call_is_logged_when_it_is_answered_with_its_number_masked(house):
    with capturedLogs() as log:
        house.happens(ev.CallArrived("chan1", "+919812345678", OURS))
        house.clock.advance(0)
    (told,) = texts(log, "is answered")
    assert re.fullmatch(r"call sid\d+ of acme1 from \+9198\*+78 is answered", told)
    assert "98123" not in told


def test_a_bot_that_comes_back_is_logged_as_connected_again(house):
    sid = house.talk(StreamOptions(on_stream_loss="reconnect"))
    house.bots.connections[0].listener.stream_closed(None, "")
    house.clock.advance(1)
    with capturedLogs() as log:
        house.bots.connections[1].listener.stream_opened()
    assert texts(log, sid) == [f"call {sid}: the bot is connected again, 1.00 s after the answer"]


def test_the_stages_of_a_call_are_measured(house):
    sid = talk(house)
    house.clock.advance(60)
    house.happens(ev.ChannelHungUp(sid, 16, ""))
    observed = {series: list(values) for series, values in house.metrics.observed.items()}
    assert observed == {
        "allocation_seconds": [0],
        'trunk_cps_wait_seconds{trunk="lab"}': [0],
        'call_setup_seconds{stage="ringing",trunk="lab"}': [2],
        'call_setup_seconds{stage="answer",trunk="lab"}': [7],
        'stream_connect_seconds{result="opened"}': [0.25],
        'answer_to_start_seconds{scheme="ws"}': [0.25],
        "first_bot_audio_seconds": [0.75],
        'call_duration_seconds{direction="outbound"}': [60.75],
    }
    assert house.metrics.counts == {
        'allocations_total{result="taken"}': 1,
        'calls_total{direction="outbound",ended_by="user",status="completed",trunk="lab"}': 1,
        'hangup_cause_total{cause="16",trunk="lab"}': 1,
        'trunk_attempts_total{result="answered",trunk="lab"}': 1,
    }


def test_a_call_of_a_few_seconds_is_counted_as_short(house):
    sid = talk(house)
    house.happens(ev.ChannelHungUp(sid, 16, ""))
    assert house.metrics.count("short_calls_total", trunk="lab") == 1


def test_a_call_that_is_not_answered_is_counted_with_its_cause_and_has_no_duration(house):
    sid = result.successResultOf(house.place()).call_sid
    house.happens(ev.ChannelDialled(sid), ev.ChannelRinging(sid), ev.ChannelHungUp(sid, 17, ""))
    assert house.metrics.count("calls_total", status="busy", ended_by="user") == 1
    assert house.metrics.count("hangup_cause_total", cause="17") == 1
    assert house.metrics.count("short_calls_total") == 0
    assert not [series for series in house.metrics.observed if series.startswith("call_duration")]


def test_the_calls_of_now_are_read(house):
    talk(house)
    assert house.metrics.read() == {
        'calls_active{direction="inbound",trunk=""}': 0,
        'calls_active{direction="outbound",trunk="lab"}': 1,
        "streams_active": 1,
        'ami_connected{asterisk="pbx1"}': 1,
    }


def test_refused_calls_are_counted_by_their_reason(house):
    for _ in range(2):
        result.successResultOf(house.place())
    result.failureResultOf(house.place(), NoCapacity)
    house.switch.ready = False
    result.failureResultOf(house.place(), BackendUnavailable)
    house.engine.drain(60)
    result.failureResultOf(house.place(), BackendUnavailable)
    house.happens(ev.CallArrived("chan1", "+919812345678", "+910000000000"))
    assert {reason: house.metrics.count("refused_total", reason=reason) for reason in REASONS} == {
        "capacity": 1,
        "unavailable": 1,
        "draining": 1,
        "unknown_number": 1,
        "quota": 0,
    }


REASONS = ("capacity", "unavailable", "draining", "unknown_number", "quota")


def test_a_call_beyond_its_accounts_quota_is_counted(house):
    result.successResultOf(house.place(evolve(REQUEST, account="tiny")))
    result.failureResultOf(house.place(evolve(REQUEST, account="tiny")), QuotaReached)
    assert house.metrics.count("refused_total", reason="quota") == 1


def test_the_log_of_a_whole_call_has_its_stages_and_no_address_of_an_object(monkeypatch):
    house = WholeHouse(monkeypatch, script="answer-after=1 babble=3 hangup")

    async def scenario():
        session = await house.place()
        await house.ending_of(session)
        return session

    with capturedLogs() as log:
        session = house.live(scenario)
    told = [text.partition(": ")[2] for text in texts(log, session.call_sid)]
    assert [re.sub(r"[0-9.]+ s", "N s", text) for text in told[:3]] == [
        "the phone was answered after N s",
        "the bot is connected, N s after the answer",
        "the bot's first audio is played, N s after the answer",
    ]
    assert not [text for event in log if "0x" in (text := formatEvent(event))]
    assert not [text for event in log if "9812345678" in (text := formatEvent(event))]


def test_the_place_of_a_call_is_timed_and_counted_by_its_result(house):
    for _ in range(2):
        result.successResultOf(house.place())
    result.failureResultOf(house.place(), NoCapacity)
    assert house.metrics.count("allocations_total", result="taken") == 2
    assert house.metrics.count("allocations_total", result="full") == 1
    assert list(house.metrics.observed["allocation_seconds"]) == [0, 0, 0]
