"""Inside a call: digits, marks at playout, clear, and hang-ups from both sides."""

import statistics
import time

import pytest

from tests.e2e.calls.conftest import NUMBER
from tests.harness.e2e.audio import level_dbm0, silence, tone, ulaw_decoded
from tests.harness.e2e.network import WHEN_TOLD
from tests.harness.fleet.fleet import eventually

pytestmark = pytest.mark.e2e

BOT_HZ, DBM0 = 1100, -10.0
DUE_WITHIN_S = 0.04  # the median of five tries: a busy machine stalls now and then


def test_digits_reach_the_bot_once_each_and_in_order(talking, ami):
    call_sid, _, stream = talking
    for number, digit in enumerate("12*#", 1):
        ami.ask("PlayDTMF", Channel=call_sid, Digit=digit, Duration=100, Receive="true")
        stream.wait_for("dtmf", count=number)
    stream.listen(0.3)  # time for a digit that comes twice
    digits = [message.body["dtmf"] for message in stream.messages if message.event == "dtmf"]
    assert [digit["digit"] for digit in digits] == ["1", "2", "*", "#"]
    assert all(int(digit["duration"]) > 0 for digit in digits)
    stream.close()


def test_keys_pressed_on_the_phone_reach_the_bot(talking, phone):
    _, _, stream = talking
    phone.press("5", 0.1)
    assert stream.wait_for("dtmf").body["dtmf"]["digit"] == "5"
    stream.close()


def test_mark_comes_back_when_its_audio_has_been_played(talking, phone):
    _, _, stream = talking
    late_s = []
    for number in range(5):
        stream.say(tone(BOT_HZ, DBM0, 0.5))
        stream.mark(f"said-{number}")
        mark = stream.wait_for("mark", count=number + 1)
        assert mark.body["mark"]["name"] == f"said-{number}"
        time.sleep(0.1)
        late_s.append(mark.at - last_loud_at(phone))
        stream.say(silence(0.1))
        time.sleep(0.2)
    assert abs(statistics.median(late_s)) < DUE_WITHIN_S
    stream.close()


def test_mark_with_nothing_before_it_comes_back_at_once(talking):
    _, _, stream = talking
    took_s = []
    for number in range(5):
        asked = time.monotonic()
        stream.mark(f"empty-{number}")
        took_s.append(stream.wait_for("mark", count=number + 1).at - asked)
    assert statistics.median(took_s) < DUE_WITHIN_S
    stream.close()


def test_clear_silences_the_line_and_answers_the_marks(talking, phone):
    _, _, stream = talking
    quiet_after_s, answered_after_s = [], []
    for number in range(5):
        stream.say(tone(BOT_HZ, DBM0, 5.0))
        stream.mark(f"never-reached-{number}")
        eventually(lambda: level_dbm0(phone.heard()[-3200:]) > -20, lambda: "the phone hears nothing")
        cleared = time.monotonic()
        stream.clear()
        answered_after_s.append(stream.wait_for("mark", count=number + 1).at - cleared)
        time.sleep(0.3)
        quiet_after_s.append(last_loud_at(phone) - cleared)
    assert statistics.median(quiet_after_s) < DUE_WITHIN_S
    assert statistics.median(answered_after_s) < DUE_WITHIN_S
    stream.close()


def test_bot_that_closes_hangs_the_phone_up_with_bye(talking, gateway):
    call_sid, call, stream = talking
    stream.close()
    assert call.wait_for("ENDED").details["by"] == "them"
    assert gateway.wait_for_end(call_sid)["Status"] == "completed"


def test_caller_who_hangs_up_gives_the_bot_stop_then_close(gateway, sipp, phone, bot):
    call = sipp.answer(phone, hang_up_after_s=WHEN_TOLD)
    call_sid = gateway.place(NUMBER, bot.url)
    stream = bot.wait_for_stream()
    stream.wait_for("media")
    call.hang_up()
    stop = stream.wait_for("stop").body
    assert stop["stop"] == {"call_sid": call_sid, "account_sid": "acme1", "reason": "callended"}
    stream.wait_until_closed()
    assert stream.messages[-1].event == "stop"
    assert gateway.wait_for_end(call_sid)["Status"] == "completed"


def last_loud_at(phone):
    """Give the time of the last loud packet; 0 before the first one."""
    loud = (packet.at for packet in reversed(list(phone.packets)) if level_dbm0(ulaw_decoded(packet.payload)) > -30)
    return next(loud, 0.0)
