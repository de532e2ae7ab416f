import json
from base64 import b64decode, b64encode

import pytest

from exoswitch.errors import InvalidValue
from exoswitch.sim.behaviour import clear_message, mark_message, media_message, parse_behaviour
from exoswitch.sim.conversation import Connected, Media, Started
from exoswitch.sim.sounds import tone

HEARD = Media(b64encode(b"\1\2" * 160).decode(), b"\1\2" * 160, 20)
STARTED = Started(stream_sid="s", call_sid="c", account_sid="a", caller="", callee="", media_format={})


def audio(message):
    return b64decode(json.loads(message)["media"]["payload"])


def test_an_echo_answers_only_media_with_the_same_audio():
    answer = parse_behaviour("echo").begin()
    assert [audio(message) for message in answer(HEARD)] == [HEARD.pcm]
    assert answer(Connected()) == answer(STARTED) == []


def test_a_silent_bot_says_nothing():
    assert parse_behaviour("silent").begin()(HEARD) == parse_behaviour("").begin()(HEARD) == []


def test_a_tone_is_as_long_as_the_heard_audio():
    answer = parse_behaviour("tone=300").begin()
    assert [audio(answer(HEARD)[0]) for _ in range(2)] == [tone(300)[0], tone(300)[1]]


def test_a_flood_is_sent_at_the_start():
    messages = parse_behaviour("flood=60").begin()(STARTED)
    assert sum(len(audio(message)) for message in messages) == 60 * 16000


def test_garbage_has_many_kinds_of_malformed_messages():
    answer = parse_behaviour("garbage").begin()
    assert len({str(answer(HEARD)) for _ in range(40)}) == 17


def test_other_words_set_the_fate_of_the_connection():
    behaviour = parse_behaviour("echo close-after=3 refuse=503 deaf=2")
    assert (behaviour.close_after_s, behaviour.refuse_with, behaviour.deaf_s) == (3.0, 503, 2.0)
    assert parse_behaviour("refuse").refuse_with == 403


@pytest.mark.parametrize("word", ["ecko", "tone=high", "close-after=", "flood=much"])
def test_a_wrong_word_is_named_in_the_error(word):
    with pytest.raises(InvalidValue, match=word.partition("=")[0]):
        parse_behaviour(word)


def test_messages_have_the_format_of_bots():
    assert json.loads(media_message("s", b"\0\0")) == {
        "event": "media",
        "stream_sid": "s",
        "media": {"payload": "AAA="},
    }
    assert json.loads(mark_message("s", 'a "b"'))["mark"] == {"name": 'a "b"'}
    assert json.loads(clear_message("s")) == {"event": "clear", "stream_sid": "s"}
