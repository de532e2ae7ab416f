"""An outbound call, placed over REST: the bot hears the phone, and the phone hears the bot."""

import time
from itertools import pairwise

import pytest

from tests.e2e.calls.conftest import NUMBER
from tests.harness.e2e.audio import assert_hears_tone, level_dbm0, tone
from tests.harness.fleet.fleet import eventually

pytestmark = pytest.mark.e2e

CALLER_HZ, BOT_HZ = 700, 1100
DBM0 = -10.0


def test_bot_hears_the_phone_and_the_phone_hears_the_bot(gateway, sipp, phone, bot):
    phone.play_tone(CALLER_HZ, DBM0)
    call = sipp.answer(phone)
    call_sid = gateway.place(NUMBER, bot.url)
    assert call.wait_for("INVITED").details["number"].endswith("9812345678")

    stream = bot.wait_for_stream()
    start = stream.wait_for("start").body
    assert [message.event for message in stream.messages[:2]] == ["connected", "start"]
    assert start["start"]["call_sid"] == call_sid
    assert start["start"]["from"] == NUMBER
    stream.wait_for("media", count=25)
    assert_hears_tone(stream.listen, CALLER_HZ, DBM0)

    stream.say(tone(BOT_HZ, DBM0, 20.0))
    assert_hears_tone(phone.listen, BOT_HZ, DBM0)

    assert gateway.call(call_sid)["Status"] == "in-progress"
    stream.close()
    call.wait_for("ENDED")
    ended = gateway.wait_for_end(call_sid)
    assert ended["Status"] == "completed"
    assert ended["Direction"] == "outbound-api"


@pytest.mark.parametrize("steps", [(152, 168), (159,), (160, 168, 152, 160)], ids=str)
def test_phone_with_uneven_timestamps_is_heard_whole(gateway, sipp, phone, bot, steps):
    """Asterisk 22.10 passes such timestamps on to the gateway."""
    phone.stamp(*steps)
    phone.play_tone(CALLER_HZ, DBM0)
    sipp.answer(phone)
    gateway.place(NUMBER, bot.url)
    stream = bot.wait_for_stream()
    stream.wait_for("media", count=25)
    assert_hears_tone(stream.listen, CALLER_HZ, DBM0)
    stream.close()


def assert_comes_in_real_time(stream):
    """Wait until 50 messages came in a second, more or less: a busy machine stalls now and then."""

    def is_steady():
        since = time.monotonic()
        stream.listen(1.0)
        media = [message.at for message in stream.messages if message.event == "media" and message.at >= since]
        return media[49] - media[0] == pytest.approx(0.02 * 49, rel=0.2)

    eventually(is_steady, lambda: "no second had 50 messages")


def test_media_comes_every_20_ms_numbered_without_a_gap(gateway, sipp, phone, bot):
    phone.play_tone(CALLER_HZ, DBM0)
    sipp.answer(phone)
    gateway.place(NUMBER, bot.url)
    stream = bot.wait_for_stream()
    stream.wait_for("media", count=100)
    media = [message for message in stream.messages if message.event == "media"][:100]
    assert [int(message.body["media"]["chunk"]) for message in media] == list(range(1, 101))
    numbers = [int(message.body["sequence_number"]) for message in media]
    assert numbers == list(range(2, 102))
    assert {len(message.pcm) for message in media} == {320}
    stamps = [int(message.body["media"]["timestamp"]) for message in media]
    assert {later - earlier for earlier, later in pairwise(stamps)} == {20}
    assert_comes_in_real_time(stream)
    stream.close()


def test_statuses_of_a_call_go_from_ringing_to_in_progress(gateway, sipp, phone, bot):
    call = sipp.answer(phone, ring_s=2.0)
    call_sid = gateway.place(NUMBER, bot.url)
    call.wait_for("INVITED")
    assert gateway.call(call_sid)["Status"] in {"ringing", "queued"}
    bot.wait_for_stream().wait_for("start")
    assert gateway.call(call_sid)["Status"] == "in-progress"
    bot.streams[0].close()


def test_bot_that_answers_at_once_is_heard_from_its_first_word(gateway, sipp, phone, bot):
    """Audio that the bot sends right after `start` is played in full."""
    sipp.answer(phone)
    gateway.place(NUMBER, bot.url)
    stream = bot.wait_for_stream()
    stream.say(tone(BOT_HZ, DBM0, 1.0))
    stream.mark("greeted")
    stream.wait_for("mark")
    eventually(lambda: level_dbm0(phone.heard()[-3200:]) < -60, lambda: "the phone still hears the bot")
    heard = phone.heard()
    loud = sum(level_dbm0(heard[i : i + 320]) > -30 for i in range(0, len(heard) - 319, 320))
    assert loud == pytest.approx(50, abs=2)
    stream.close()
