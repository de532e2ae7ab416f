"""A call from the trunk to a configured number is answered, and connected to the bot of that number."""

import pytest

from tests.e2e.calls.test_outbound import BOT_HZ, CALLER_HZ, DBM0
from tests.e2e.conftest import UNCLAIMED_S
from tests.harness.e2e.audio import assert_hears_tone, tone
from tests.harness.e2e.bot import Bot
from tests.harness.e2e.network import WHEN_TOLD

pytestmark = pytest.mark.e2e

EXOPHONE = "+918047491899"


@pytest.fixture
def bot(inbound_bot_port):
    with Bot(port=inbound_bot_port) as the_bot:
        yield the_bot


@pytest.mark.parametrize("number", [EXOPHONE, "08047491899"])
def test_caller_and_bot_hear_each_other(gateway, sipp, phone, bot, number):
    phone.play_tone(CALLER_HZ, DBM0)
    call = sipp.call(number, phone)
    call.wait_for("ANSWERED")
    stream = bot.wait_for_stream()
    start = stream.wait_for("start").body["start"]
    assert start["to"] == "08047491899"
    assert start["from"] == "09812345678"
    assert start["custom_parameters"] == {"lang": "hi"}
    assert_hears_tone(stream.listen, CALLER_HZ, DBM0)
    stream.say(tone(BOT_HZ, DBM0, 20.0))
    assert_hears_tone(phone.listen, BOT_HZ, DBM0)
    stream.close()
    call.wait_for("ENDED")
    ended = gateway.wait_for_end(start["call_sid"])
    assert (ended["Status"], ended["Direction"]) == ("completed", "inbound")


def test_caller_who_hangs_up_gives_the_bot_its_stop(gateway, sipp, phone, bot):
    call = sipp.call(EXOPHONE, phone, hang_up_after_s=WHEN_TOLD)
    stream = bot.wait_for_stream()
    stream.wait_for("media")
    call.hang_up()
    stop = stream.wait_for("stop").body
    assert stop["stop"]["reason"] == "callended"
    stream.wait_until_closed()
    assert gateway.wait_for_end(stop["stop"]["call_sid"])["Status"] == "completed"


def test_claimed_call_outlives_the_time_in_which_it_had_to_be_claimed(gateway, sipp, phone, bot):
    call = sipp.call(EXOPHONE, phone)
    stream = bot.wait_for_stream()
    stream.wait_for("media", count=50 * (UNCLAIMED_S + 2))
    stream.close()
    call.wait_for("ENDED")


def test_unknown_number_is_turned_away(gateway, sipp, phone, bot):
    call = sipp.call("+911140000000", phone)
    call.wait_for("REFUSED")
    assert bot.streams == []
