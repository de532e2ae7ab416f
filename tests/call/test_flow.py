"""What follows a bot's stream while the caller is still there: a passthru is asked, and the call goes on or ends."""

import pytest
from attrs import evolve

from exoswitch.call import machine
from exoswitch.call.effects import (
    AskPassthru,
    CloseStream,
    ConnectStream,
    EnterApp,
    HangUp,
    HoldCaller,
    SendDigit,
    StartStream,
    StartTimer,
    TakeOverCall,
    Timer,
)
from exoswitch.call.passthru import MOST_HOPS, Hop
from exoswitch.call.session import BotTarget, DisconnectedBy, StreamStatus
from tests.harness.call_machine import PASSTHRU, PATHS, TO_CONNECTING, TO_TALKING, Call, ending_in

SECOND = BotTarget(url="ws://bot.example.org/second", app="1002")
TO_SECOND = evolve(PASSTHRU, on_302=Hop(app="1002"))
CLOSED = ("stream_closed", 1000, "bye")
FAILURE = ("stream_failed", "3009 refused")
HUNG_UP = [CloseStream(None), HangUp(16), StartTimer(Timer.HANG_UP, 5.0)]
SECOND_ENTERED = [EnterApp(SECOND), StartTimer(Timer.HANDSHAKE, 22.0), ConnectStream()]


def asking(passthru=TO_SECOND, apps=(SECOND,)):
    """Give a call that waits for the answer of its passthru."""
    call = Call(passthru=passthru, apps=apps)
    call.feed_all(*TO_TALKING, CLOSED)
    return call


ENDS_OF_STREAMS = {
    "the bot closes": (*TO_TALKING, CLOSED),
    "the bot's connection breaks": (*TO_TALKING, ("stream_closed", None, "")),
    "the bot cannot be reached": (*TO_CONNECTING, FAILURE, FAILURE),
    "the bot does not answer": (*TO_CONNECTING, "handshake_timed_out"),
    "the bot does not answer a second time": (*TO_CONNECTING, FAILURE, "handshake_timed_out"),
    "the lost bot does not come back": (*PATHS["reconnecting_3"], FAILURE),
    "the lost bot does not answer": (*PATHS["reconnecting_2"], "handshake_timed_out"),
    "the bot's last words are heard": (*PATHS["draining"], "playout_finished"),
}


@pytest.mark.parametrize("end", ENDS_OF_STREAMS)
def test_while_the_caller_is_there_the_passthru_is_asked_and_the_caller_waits(end):
    call = Call(passthru=PASSTHRU)
    effects = call.feed_all(*ENDS_OF_STREAMS[end])
    *waiting, asked, timer = effects
    assert waiting == [CloseStream(None), HoldCaller()]
    assert asked == AskPassthru(call.core.ending)
    assert timer == StartTimer(Timer.PASSTHRU, 8.5)
    assert machine.owned_timers(call.core) == {Timer.DURATION, Timer.PASSTHRU}


@pytest.mark.parametrize("end", ENDS_OF_STREAMS)
def test_without_a_passthru_the_call_is_hung_up_at_once(end):
    assert Call().feed_all(*ENDS_OF_STREAMS[end]) == HUNG_UP


@pytest.mark.parametrize(
    "happens",
    [("media_lost", 30.0), "duration_reached", ("hang_up", "stop"), ("rejected", "no")],
    ids=str,
)
def test_a_stream_that_ends_with_its_call_is_followed_by_nothing(happens):
    assert HangUp(16) in Call(passthru=PASSTHRU).feed_all(*TO_TALKING, happens)


@pytest.mark.parametrize(
    ("answer", "goes_on"),
    [
        (("passthru_answered", 200), False),
        (("passthru_answered", 302), True),
        (("passthru_answered", 500), False),
        (("passthru_answered", None), False),
        ("passthru_timed_out", False),
    ],
)
def test_the_answer_chooses_the_next_app_or_the_hang_up(answer, goes_on):
    call = asking()
    assert call.feed_all(answer) == (SECOND_ENTERED if goes_on else HUNG_UP)
    assert call.state == ("connecting" if goes_on else "ending")


def test_no_answer_in_time_has_a_way_of_its_own():
    call = asking(evolve(PASSTHRU, otherwise=Hop(app="1002")))
    assert call.feed("passthru_timed_out") == SECOND_ENTERED


def test_the_next_bot_is_connected_as_the_first_one_with_a_second_handshake():
    call = asking()
    call.feed("passthru_answered", 302)
    assert call.feed(*FAILURE) == [ConnectStream()]
    assert call.feed("stream_opened") == [StartStream()]
    assert call.feed("digit_pressed", "5", 120) == [SendDigit("5", 120)]
    assert machine.owned_timers(call.core) == {Timer.DURATION}


def test_the_next_app_has_its_own_passthru_or_none():
    call = asking()
    call.feed_all(("passthru_answered", 302), "stream_opened")
    assert call.feed("stream_closed", 1000, "done") == HUNG_UP
    ending = ending_in(call.feed("channel_hung_up", 16))
    assert ending.reason == "the bot closed the stream (1000 done)"


def test_a_caller_who_hangs_up_while_the_passthru_is_asked_ends_the_call_as_its_stream_ended():
    ending = ending_in(asking().feed("channel_hung_up", 16))
    assert (ending.stream_status, ending.disconnected_by) == (StreamStatus.COMPLETED, DisconnectedBy.BOT)


@pytest.mark.parametrize(
    "happens", [("media_lost", 30.0), "duration_reached", ("hang_up", "stop"), ("rejected", "no")], ids=str
)
def test_a_call_that_ends_while_it_waits_ends_as_its_stream_did(happens):
    call = asking()
    assert call.feed_all(happens) == HUNG_UP
    assert call.feed("passthru_answered", 302) == []
    assert ending_in(call.feed("channel_hung_up", 16)).reason == "the bot closed the stream (1000 bye)"


def test_keys_and_a_late_failure_of_the_stream_change_nothing_while_the_caller_waits():
    call = asking()
    assert call.feed_all(("digit_pressed", "1", 100), FAILURE) == []
    assert call.state == "asking_passthru"


def test_nobody_waits_for_an_asynchronous_passthru():
    call = Call(passthru=evolve(PASSTHRU, is_async=True, on_200=Hop(app="1002")), apps=[SECOND])
    assert call.feed_all(*TO_TALKING, CLOSED) == [CloseStream(None), HoldCaller(), *SECOND_ENTERED]


def test_an_asynchronous_passthru_that_leads_nowhere_ends_the_call():
    call = Call(passthru=evolve(PASSTHRU, is_async=True))
    assert call.feed_all(*TO_TALKING, CLOSED) == HUNG_UP


def test_an_app_that_a_reload_has_removed_ends_the_call_and_is_named():
    call = asking(apps=())
    assert call.feed("passthru_answered", 302) == HUNG_UP
    ending = ending_in(call.feed("channel_hung_up", 16))
    assert ending.reason == "the bot closed the stream (1000 bye); its next app, 1002, is no longer configured"


def test_two_apps_that_lead_to_each_other_are_no_endless_call():
    again = BotTarget(url="ws://bot.example.org/ws", app="1001", passthru=evolve(PASSTHRU, on_200=Hop(app="1001")))
    call = Call(passthru=again.passthru, apps=[again])
    call.feed_all(*TO_TALKING)
    for _ in range(MOST_HOPS):
        call.feed_all(CLOSED, ("passthru_answered", 200), "stream_opened")
    assert call.state == "talking"
    assert call.feed_all(CLOSED, ("passthru_answered", 200)) == HUNG_UP
    assert "it may go on to 10 apps, and no further" in ending_in(call.feed("channel_hung_up", 16)).reason


def test_a_gateway_that_takes_the_call_over_asks_again():
    call, before = Call(passthru=TO_SECOND, apps=[SECOND]), asking()
    call.core.ending, call.core.hops = before.core.ending, 3
    assert call.feed("resume_flow") == [
        TakeOverCall(),
        StartTimer(Timer.DURATION, 3600.0),
        CloseStream(None),
        HoldCaller(),
        AskPassthru(before.core.ending),
        StartTimer(Timer.PASSTHRU, 8.5),
    ]
    call.feed_all("channel_answered", ("media_announced", "10.0.1.5", 12000), ("passthru_answered", 302))
    assert (call.state, call.core.hops) == ("connecting", 4)


def test_a_call_that_cannot_be_taken_over_loses_the_name_of_the_lost_gateway():
    call = Call(passthru=PASSTHRU)
    call.core.ending = asking().core.ending
    call.feed("resume_flow")
    assert HangUp(16, is_lost=True) in call.feed("rejected", "no")


def test_a_call_that_waits_can_move_to_another_gateway():
    call = asking()
    call.feed("moved")
    assert call.state == "over"
