"""What every bot may rely on, tried with bots on libraries that are not ours: a call each, on real sockets."""

import pytest

from tests.harness.clients.bot_voice import HANG_UP, SILENCE, SPEECH_HZ, SPEECH_S, TALK
from tests.harness.clients.phone_line import ACCOUNT, EXOPHONE, NUMBER, on_the_line
from tests.harness.e2e.audio import level_dbm0, sounding_s

PHONE_HZ = 440
DBM0 = -9.1  # both speak with an amplitude of 8000
LONG_MESSAGES = "?chunk_ms=5000"  # whoever hears the first of one knows that the gateway has all of it
QUIET_DBM0 = -60.0

RATES = {8000: "", 16000: "?sample-rate=16000", 24000: "?sample-rate=24000"}  # and how a bot's URL asks for them
at_each_rate = pytest.mark.parametrize(("rate_hz", "query"), RATES.items(), ids=map(str, RATES))


@at_each_rate
def test_tone_of_the_caller_comes_back_at_its_pitch_and_level(bot, rate_hz, query):
    async def scenario(line):
        def heard():
            return [(told["rate_hz"], round(told["pitch_hz"], -1)) for told in line.all_told("heard")]

        await line.until(lambda: (rate_hz, PHONE_HZ) in heard(), "the bot did not hear the tone")
        await line.hears_tone(PHONE_HZ, DBM0)

    on_the_line(bot, f"answer tone={PHONE_HZ}", scenario, query)


@at_each_rate
def test_speech_of_the_bot_is_heard_at_its_pitch_and_level(bot, rate_hz, query):
    async def scenario(line):
        await line.told("heard")
        line.press(TALK)
        await line.hears_tone(SPEECH_HZ, DBM0)

    on_the_line(bot, "answer", scenario, query)


def test_bot_is_told_who_calls_whom_and_what_its_url_says(bot):
    async def scenario(line):
        assert line.start["account_sid"] == ACCOUNT
        assert line.start["custom_parameters"] == {"lang": "hi", "plan": "gold"}
        assert line.sid in line.start.values()
        record = await line.record()
        assert (line.start["from"], line.start["to"]) == (record["From"], record["To"]) == (NUMBER, EXOPHONE)

    on_the_line(bot, "answer", scenario, "?lang=hi&plan=gold")


def test_keys_reach_the_bot_once_each_and_in_order(bot):
    async def scenario(line):
        line.press("470*#")
        await line.told("dtmf", count=5)
        line.press("8")
        await line.told("dtmf", count=6)
        assert [told["digit"] for told in line.all_told("dtmf")] == list("470*#8")

    on_the_line(bot, "answer", scenario)


def test_interruption_silences_the_line_though_seconds_of_audio_are_queued(bot):
    async def scenario(line):
        await line.until(lambda: line.ticks > 10, "the phone is not answered")
        line.press(TALK)
        while level_dbm0(await line.listen(0.1)) < DBM0 - 1:
            pass
        line.press(SILENCE)
        while level_dbm0(await line.listen(0.1)) > QUIET_DBM0:
            pass
        spoken_s = sum(end - begin for begin, end in sounding_s(line.heard))
        assert spoken_s < SPEECH_S / 2
        assert level_dbm0(await line.listen(1.0)) < QUIET_DBM0
        line.press(TALK)
        await line.hears_tone(SPEECH_HZ, DBM0)

    on_the_line(bot, "answer", scenario, LONG_MESSAGES)


def test_bot_that_ends_hangs_the_phone_up_at_once(bot):
    async def scenario(line):
        await line.told("heard")
        pressed = line.ticks
        line.press(HANG_UP)
        assert (await line.is_over())["Status"] == "completed"
        await line.told("closed")
        # pipecat sends two seconds of silence before it closes; they are not waited for.
        assert line.ticks - pressed < 75

    on_the_line(bot, "answer tone=440", scenario)


def test_caller_who_hangs_up_ends_the_call_at_the_bot(bot):
    async def scenario(line):
        await line.told("heard")
        line.hang_up()
        await line.told("closed")
        assert (await line.is_over())["Status"] == "completed"

    on_the_line(bot, "answer tone=440", scenario)
