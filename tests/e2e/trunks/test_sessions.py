"""What a carrier does during a call: re-INVITE, session refresh, media from another address, BYE with a reason."""

import pytest

from tests.harness.carrier.behaviours import answers, offers_again
from tests.harness.e2e.audio import assert_hears_tone, tone
from tests.harness.e2e.phone import Phone

pytestmark = pytest.mark.e2e

TALK_S = 1.5
CALLER_HZ, BOT_HZ, DBM0 = 700, 1100, -10.0
ENDED = 'Q.850;cause=16;text="Normal call clearing"'


def test_call_survives_a_reinvite_and_a_session_refresh(gateway, carrier, pairs, bot):
    pair = pairs["sessions"]
    pair.first.behaviour = offers_again(0.1, refresh_s=0.4, talk_s=TALK_S, reason=ENDED)
    number = pair.number()
    ended = gateway.wait_for_end(gateway.place(f"0{number[-10:]}", bot.url))
    assert ended["Status"] == "completed"
    assert carrier.records.tried(number) == [pair.first.name]
    (record,) = [record for record in carrier.records.cdrs if record.number == number]
    assert record.seconds >= TALK_S
    assert record.by_us


def test_audio_is_sent_to_where_it_comes_from_and_not_to_where_sdp_says(gateway, pairs, bot):
    pair = pairs["media"]
    pair.first.behaviour, pair.first.media_host = answers(), pair.second.host
    number = pair.number()
    with Phone(pair.first.host) as phone:
        phone.play_tone(CALLER_HZ, DBM0)
        pair.first.phone = phone
        call_sid = gateway.place(f"0{number[-10:]}", bot.url)
        stream = bot.stream_of(call_sid)
        assert_hears_tone(stream.listen, CALLER_HZ, DBM0)
        stream.say(tone(BOT_HZ, DBM0, 20.0))
        phone.wait_for_packets(50)
        stream.close()
        gateway.wait_for_end(call_sid)
        pair.first.phone = None
