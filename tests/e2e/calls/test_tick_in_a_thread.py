"""A call whose media has a thread of its own, as by default: a reactor that is blocked is not heard."""

import time
from itertools import pairwise

import pytest

from tests.e2e.calls.conftest import NUMBER
from tests.harness.e2e.audio import level_dbm0, tone
from tests.harness.e2e.network import WHEN_TOLD
from tests.harness.e2e.watched_twistd import BLOCKED_S
from tests.harness.fleet.fleet import eventually
from tests.harness.rtp_nodes import NEEDS_COMPILED

pytestmark = [pytest.mark.e2e, NEEDS_COMPILED]

BOT_HZ, PHONE_HZ, DBM0 = 1100, 700, -10.0
UNHEARD_S = BLOCKED_S / 2  # a gap, at most: all of it is 20 ms on a quiet machine


def longest_gap_s(moments):
    return max(after - before for before, after in pairwise(moments))


def test_a_reactor_that_is_blocked_is_heard_neither_by_the_phone_nor_by_the_bot(talking, gateway, phone):
    assert "media plane: compiled, in a thread of its own" in gateway.log()
    call_sid, _, stream = talking
    phone.play_tone(PHONE_HZ, DBM0)
    stream.say(tone(BOT_HZ, DBM0, 10.0))
    eventually(lambda: level_dbm0(phone.heard()[-3200:]) > -20, lambda: "the phone hears nothing")
    blocked_at = gateway.block()
    time.sleep(0.05)
    gateway.call(call_sid)  # a request is answered behind the block
    assert time.monotonic() - blocked_at >= BLOCKED_S, "the reactor was not blocked"
    phone.wait_for_packets(5)
    to_phone = [packet.at for packet in phone.came_on(None, since=blocked_at) if packet.is_voice]
    to_bot = [message.at for message in stream.messages if message.event == "media" and message.at >= blocked_at]
    assert longest_gap_s([blocked_at, *to_phone]) - phone.stalled_s(blocked_at) < UNHEARD_S
    assert longest_gap_s([blocked_at, *to_bot]) - phone.stalled_s(blocked_at) < UNHEARD_S
    stream.close()
    assert gateway.wait_for_end(call_sid)["Status"] == "completed"


def test_a_caller_who_hangs_up_gives_the_bot_stop(gateway, sipp, phone, bot):
    call = sipp.answer(phone, hang_up_after_s=WHEN_TOLD)
    call_sid = gateway.place(NUMBER, bot.url)
    stream = bot.wait_for_stream()
    stream.wait_for("media")
    call.hang_up()
    assert stream.wait_for("stop").body["stop"]["call_sid"] == call_sid
    assert gateway.wait_for_end(call_sid)["Status"] == "completed"
