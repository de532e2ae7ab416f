import base64
import json

import pytest

from exoswitch.errors import RemoteProtocolError
from exoswitch.exotel.stream.intake import BotIntake
from exoswitch.exotel.stream.messages import Ignored
from tests.harness.recorders import RecordedLeg


def intake(**options):
    leg = RecordedLeg()
    settings = {"sample_rate_hz": 8000, "marks_on_clear": "flush", "clear_granularity": "frame"} | options
    return BotIntake(leg, **settings), leg


def message(event, **body):
    return json.dumps({"event": event, event: body}).encode()


def media(pcm):
    return message("media", payload=base64.b64encode(pcm).decode())


def test_media_marks_and_clears_reach_the_leg_in_order():
    bot, leg = intake()
    for data in (media(b"\1\2"), message("mark", name="m"), b'{"event":"clear"}'):
        bot.feed(data)
    assert leg.asked == [("play", b"\1\2"), ("mark", "m"), ("clear",)]


def test_an_ignored_message_is_returned_and_has_no_effect():
    bot, leg = intake()
    assert bot.feed(b'{"event":"stop"}') == Ignored("stop")
    assert leg.asked == []


def test_data_that_is_no_message_has_no_effect():
    bot, leg = intake()
    with pytest.raises(RemoteProtocolError):
        bot.feed(b"hello")
    assert leg.asked == []


def test_the_options_of_a_clear_reach_the_leg():
    bot, leg = intake(marks_on_clear="drop", clear_granularity="message")
    bot.feed(b'{"event":"clear"}')
    assert leg.asked == [("clear", "finish message", "drop marks")]


def test_audio_of_another_rate_is_resampled_and_its_end_is_played():
    bot, leg = intake(sample_rate_hz=16000)
    bot.feed(media(bytes(1280)))
    bot.finish()
    assert sum(len(pcm) for _, pcm in leg.asked) >= 640


def test_a_clear_drops_the_audio_that_waits_in_the_resampler():
    bot, leg = intake(sample_rate_hz=16000)
    bot.feed(media(b"\0\x40" * 640))
    bot.feed(b'{"event":"clear"}')
    bot.finish()
    assert not any(leg.asked[-1][1])
