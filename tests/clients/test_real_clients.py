"""Calls with bots on other libraries, on real sockets: the behaviour that every bot relies on."""

import pytest

from tests.harness.clients.bot_voice import HANG_UP, SILENCE, SPEECH_HZ, SPEECH_S, TALK
from tests.harness.clients.phone_call import ACCOUNT, EXOPHONE, NUMBER
from tests.harness.e2e.audio import level_dbm0, sounding_s

PHONE_HZ = 440
DBM0 = -9.1  # both speak with an amplitude of 8000
LONG_MESSAGES = "?chunk_ms=5000"  # when its first audio is heard, the gateway has the whole message
QUIET_DBM0 = -60.0

RATES = {8000: "", 16000: "?sample-rate=16000", 24000: "?sample-rate=24000"}  # with the URL parameters for them
at_each_rate = pytest.mark.parametrize(("rate_hz", "query"), RATES.items(), ids=map(str, RATES))


@at_each_rate
async def test_tone_of_the_caller_comes_back_at_its_pitch_and_level(bot, rate_hz, query, dial):
    call = await dial(bot, f"answer tone={PHONE_HZ}", query)

    def heard():
        return [(told["rate_hz"], round(told["pitch_hz"], -1)) for told in call.all_told("heard")]

    await call.until(lambda: (rate_hz, PHONE_HZ) in heard(), "the bot did not hear the tone")
    await call.hears_tone(PHONE_HZ, DBM0)


@at_each_rate
async def test_speech_of_the_bot_is_heard_at_its_pitch_and_level(bot, rate_hz, query, dial):
    call = await dial(bot, "answer", query)
    await call.told("heard")
    call.press(TALK)
    await call.hears_tone(SPEECH_HZ, DBM0)


async def test_the_bot_gets_both_numbers_and_its_url_parameters(bot, dial):
    call = await dial(bot, "answer", "?lang=hi&plan=gold")
    assert call.start["account_sid"] == ACCOUNT
    assert call.start["custom_parameters"] == {"lang": "hi", "plan": "gold"}
    assert call.sid in call.start.values()
    record = await call.record()
    assert (call.start["from"], call.start["to"]) == (record["From"], record["To"]) == (NUMBER, EXOPHONE)


async def test_keys_reach_the_bot_once_each_and_in_order(bot, dial):
    call = await dial(bot, "answer")
    call.press("470*#")
    await call.told("dtmf", count=5)
    call.press("8")
    await call.told("dtmf", count=6)
    assert [told["digit"] for told in call.all_told("dtmf")] == list("470*#8")


async def test_interruption_silences_the_line_though_seconds_of_audio_are_queued(bot, dial):
    call = await dial(bot, "answer", LONG_MESSAGES)
    await call.until(lambda: call.ticks > 10, "the phone is not answered")
    call.press(TALK)
    while level_dbm0(await call.listen(0.1)) < DBM0 - 1:
        pass
    call.press(SILENCE)
    while level_dbm0(await call.listen(0.1)) > QUIET_DBM0:
        pass
    spoken_s = sum(end - begin for begin, end in sounding_s(call.heard))
    assert spoken_s < SPEECH_S - 1
    assert level_dbm0(await call.listen(1.0)) < QUIET_DBM0
    call.press(TALK)
    await call.hears_tone(SPEECH_HZ, DBM0)


async def test_bot_that_ends_hangs_the_phone_up_at_once(bot, dial):
    call = await dial(bot, "answer tone=440")
    await call.told("heard")
    call.press(HANG_UP)
    await call.told("closed")
    closed = call.ticks
    assert (await call.is_over())["Status"] == "completed"
    # pipecat sends two seconds of silence before it closes. The gateway does not wait for them.
    assert call.ticks - closed < 75


async def test_caller_who_hangs_up_ends_the_call_at_the_bot(bot, dial):
    call = await dial(bot, "answer tone=440")
    await call.told("heard")
    call.hang_up()
    await call.told("closed")
    assert (await call.is_over())["Status"] == "completed"
