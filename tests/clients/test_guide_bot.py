"""Promises of Exotel's guide that need a bot with access to the raw messages."""

import pytest

from tests.harness.clients.bot_voice import SILENCE, TALK
from tests.harness.clients.phone_call import ACCOUNT

pytestmark = pytest.mark.loopback

SPEECH_CHUNKS = 25  # of 200 ms each
SPEECH_TICKS = 250


async def test_stream_begins_with_connected_and_start(guide_bot, dial):
    call = await dial(guide_bot, "answer")
    assert [told["event"] for told in call.all_told()][:2] == ["connected", "start"]
    assert call.start["media_format"] == {"encoding": "base64", "sample_rate": "8000", "bit_rate": "128kbps"}


async def test_marks_come_back_once_each_and_in_order(guide_bot, dial):
    call = await dial(guide_bot, "answer tone=440")
    await call.told("mark", count=10)
    assert [told["name"] for told in call.all_told("mark")] == [f"chunk-{n + 1}" for n in range(10)]


async def test_marks_of_cleared_audio_come_back_too(guide_bot, dial):
    call = await dial(guide_bot, "answer")
    call.press(TALK + SILENCE)
    await call.told("mark", count=SPEECH_CHUNKS)
    assert call.ticks < SPEECH_TICKS / 2
    names = [told["name"] for told in call.all_told("mark")]
    assert names == [f"chunk-{n + 1}" for n in range(len(names))]


async def test_caller_who_hangs_up_gives_the_bot_stop_and_then_a_normal_close(guide_bot, dial):
    call = await dial(guide_bot, "answer tone=440")
    call.hang_up()
    assert await call.told("closed") == {"event": "closed", "code": 1000}
    stop = {"event": "stop", "call_sid": call.sid, "account_sid": ACCOUNT, "reason": "callended"}
    assert call.all_told()[-2] == stop
