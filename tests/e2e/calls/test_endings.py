"""Failures: each call ends or continues as at Exotel, with the right status, and leaves nothing behind."""

import time

import pytest

from tests.e2e.calls.conftest import NUMBER
from tests.harness.e2e.audio import assert_hears_tone, level_dbm0, tone
from tests.harness.e2e.bot import Bot, refuse
from tests.harness.e2e.network import contact_status
from tests.harness.fleet.fleet import eventually

pytestmark = pytest.mark.e2e

RING_S = 3.0  # as conftest.py configures it


def test_busy_phone(gateway, sipp, bot):
    sipp.refuse()
    call_sid = gateway.place(NUMBER, bot.url)
    assert gateway.wait_for_end(call_sid)["Status"] == "busy"
    assert bot.streams == []


@pytest.mark.parametrize(("reply", "status"), [("480 Temporarily Unavailable", "no-answer"), ("503 Full", "failed")])
def test_refusals_of_the_trunk(gateway, sipp, bot, reply, status):
    sipp.refuse(reply)
    call_sid = gateway.place(NUMBER, bot.url)
    assert gateway.wait_for_end(call_sid)["Status"] == status


def test_phone_that_nobody_answers_is_given_up_after_the_ring_time(gateway, sipp, bot):
    call = sipp.ring()
    began = time.monotonic()
    call_sid = gateway.place(NUMBER, bot.url)
    ended = gateway.wait_for_end(call_sid)
    assert ended["Status"] == "no-answer"
    assert time.monotonic() - began >= RING_S
    call.wait_for("ENDED")
    assert bot.streams == []


def test_trunk_that_says_nothing_at_all_fails_the_call(gateway, dead_gateway, bot):
    call_sid = dead_gateway.place(NUMBER, bot.url)
    assert dead_gateway.wait_for_end(call_sid)["Status"] == "failed"
    assert bot.streams == []


def test_trunk_that_is_known_to_be_dead_fails_the_call_soon(gateway, dead_gateway, bot, ami):
    ami.ask("PJSIPQualify", Endpoint="dead")
    give_up_at = time.monotonic() + 30
    while contact_status(ami, "dead") != "Unreachable":
        assert time.monotonic() < give_up_at
        time.sleep(0.05)
    began = time.monotonic()
    call_sid = dead_gateway.place(NUMBER, bot.url)
    assert dead_gateway.wait_for_end(call_sid)["Status"] == "failed"
    assert time.monotonic() - began < RING_S


def test_trunk_that_came_back_is_dialled_again_after_one_failed_call(gateway, sipp, phone, bot, ami):
    """By itself, this Asterisk looks only every hour."""
    ami.ask("PJSIPQualify", Endpoint="lab")
    eventually(lambda: contact_status(ami, "lab") == "Unreachable", lambda: "the trunk is not away")
    call = sipp.come_back(phone)
    call_sid = gateway.place(NUMBER, bot.url)
    assert gateway.wait_for_end(call_sid)["Status"] == "failed"
    assert (
        f"trunk lab (127.0.0.1:{sipp.asterisk.trunk_port}) could not be reached; check its address" in gateway.log()
    )
    eventually(lambda: contact_status(ami, "lab") == "Reachable", lambda: "the trunk is still away")
    gateway.place(NUMBER, bot.url)
    call.wait_for("INVITED")
    bot.wait_for_stream().close()
    call.wait_for("ENDED")


def test_bot_that_refuses_the_connection_is_tried_exactly_twice(gateway, sipp, phone):
    call = sipp.answer(phone)
    with Bot(screen=refuse) as bot:
        call_sid = gateway.place(NUMBER, bot.url)
        call.wait_for("ENDED")
        assert gateway.wait_for_end(call_sid)["Status"] == "completed"
        assert len(bot.requests) == 2


def test_bot_that_is_not_there_at_all(gateway, sipp, phone):
    call = sipp.answer(phone)
    with Bot() as bot:
        url = bot.url
    call_sid = gateway.place(NUMBER, url)
    call.wait_for("ENDED")
    assert gateway.wait_for_end(call_sid)["Status"] == "completed"


def test_bot_that_takes_too_long_to_shake_hands(gateway, sipp, phone):
    call = sipp.answer(phone)

    def dawdle(connection, request):
        time.sleep(3.0)

    with Bot(screen=dawdle) as bot:
        call_sid = gateway.place(NUMBER, bot.url)
        call.wait_for("ENDED")
        assert gateway.wait_for_end(call_sid)["Status"] == "completed"
        assert bot.streams == [] or all(stream.messages == [] for stream in bot.streams)


def test_bot_that_accepts_and_says_nothing_leaves_the_caller_in_silence(gateway, sipp, phone, bot):
    phone.play_tone(700)
    sipp.answer(phone)
    call_sid = gateway.place(NUMBER, bot.url)
    stream = bot.wait_for_stream()
    stream.wait_for("media", count=150)
    assert level_dbm0(phone.listen(1.0)) < -60
    assert gateway.call(call_sid)["Status"] == "in-progress"
    stream.close()
    assert gateway.wait_for_end(call_sid)["Status"] == "completed"


def test_bot_that_talks_garbage_is_ignored_and_still_heard(gateway, sipp, phone, bot):
    sipp.answer(phone)
    call_sid = gateway.place(NUMBER, bot.url)
    stream = bot.wait_for_stream()
    stream.wait_for("start")
    for garbage in ("{", "[]", "42", '"media"', '{"event": "media"}', '{"event": "dance"}', "\u0000", "x" * 5000):
        stream.send(garbage)
    stream.send('{"event": "media", "media": {"payload": "!!! not base64 !!!"}}')
    stream.connection.send(b"\x00\xff" * 100)
    stream.say(tone(1100, -10.0, 1.0))
    stream.mark("still here")
    stream.wait_for("mark")
    assert max(level_dbm0(phone.heard()[i : i + 3200]) for i in range(0, 48000, 3200)) > -15
    assert gateway.call(call_sid)["Status"] == "in-progress"
    stream.close()
    assert gateway.wait_for_end(call_sid)["Status"] == "completed"


def test_minute_of_audio_at_once_is_played_in_real_time(gateway, sipp, phone, bot):
    sipp.answer(phone)
    call_sid = gateway.place(NUMBER, bot.url)
    stream = bot.wait_for_stream()
    stream.wait_for("media", count=5)
    began = time.monotonic()
    stream.say(tone(1100, -10.0, 2.0) + tone(500, -10.0, 58.0))
    stream.mark("a minute later")
    assert_hears_tone(phone.listen, 500, -10.0)
    assert all(message.event != "mark" for message in stream.messages)
    stream.clear()
    stream.wait_for("mark")
    assert time.monotonic() - began < 30.0
    eventually(lambda: level_dbm0(phone.heard()[-3200:]) < -60, lambda: "the phone still hears the bot")
    stream.close()
    assert gateway.wait_for_end(call_sid)["Status"] == "completed"


def test_gateway_that_stops_hangs_up_first(gateway, other_gateway, sipp, phone, bot):
    call = sipp.answer(phone)
    with other_gateway:
        other_gateway.place(NUMBER, bot.url)
        stream = bot.wait_for_stream()
        stream.wait_for("media", count=5)
    assert stream.wait_for("stop").body["stop"]["reason"] == "stopped"
    call.wait_for("ENDED")


def test_ten_calls_in_a_row_reuse_what_they_had(gateway, sipp, phone, bot):
    sipp.answer(phone)
    for number in range(1, 11):
        call_sid = gateway.place(NUMBER, bot.url)
        stream = bot.wait_for_stream(count=number)
        stream.wait_for("media", count=3)
        stream.close()
        assert gateway.wait_for_end(call_sid)["Status"] == "completed"
