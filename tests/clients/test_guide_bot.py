"""What Exotel's guide promises and only a bot that reads the messages itself can see."""

import pytest

from tests.harness.clients.bot_voice import SILENCE, TALK
from tests.harness.clients.phone_line import ACCOUNT, on_the_line

pytestmark = pytest.mark.loopback

SPEECH_CHUNKS = 25  # of 200 ms each
SPEECH_TICKS = 250


def test_stream_begins_with_connected_and_start(guide_bot):
    async def scenario(line):
        assert [told["event"] for told in line.all_told()][:2] == ["connected", "start"]
        assert line.start["media_format"] == {"encoding": "base64", "sample_rate": "8000", "bit_rate": "128kbps"}

    on_the_line(guide_bot, "answer", scenario)


def test_marks_come_back_once_each_and_in_order(guide_bot):
    async def scenario(line):
        await line.told("mark", count=10)
        assert [told["name"] for told in line.all_told("mark")] == [f"chunk-{n + 1}" for n in range(10)]

    on_the_line(guide_bot, "answer tone=440", scenario)


def test_marks_of_what_was_cleared_come_back_too(guide_bot):
    async def scenario(line):
        line.press(TALK + SILENCE)
        await line.told("mark", count=SPEECH_CHUNKS)
        assert line.ticks < SPEECH_TICKS / 2
        names = [told["name"] for told in line.all_told("mark")]
        assert names == [f"chunk-{n + 1}" for n in range(len(names))]

    on_the_line(guide_bot, "answer", scenario)


def test_caller_who_hangs_up_gives_the_bot_stop_and_then_a_normal_close(guide_bot):
    async def scenario(line):
        line.hang_up()
        assert await line.told("closed") == {"event": "closed", "code": 1000}
        stop = {"event": "stop", "call_sid": line.sid, "account_sid": ACCOUNT, "reason": "callended"}
        assert line.all_told()[-2] == stop

    on_the_line(guide_bot, "answer tone=440", scenario)
