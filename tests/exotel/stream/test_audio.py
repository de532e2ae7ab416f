import json

import pytest

from exoswitch.exotel.stream.audio import CallerAudio
from exoswitch.exotel.stream.messages import MessageWriter


def caller_audio(chunk_ms):
    return CallerAudio(MessageWriter(stream_sid="s", call_sid="c", account="a"), chunk_ms)


def media(message):
    return json.loads(message)["media"]


@pytest.mark.parametrize(("chunk_ms", "frames"), [(20, 1), (100, 5), (10, 1)])
def test_a_chunk_is_sent_when_it_is_complete(chunk_ms, frames):
    audio = caller_audio(chunk_ms)
    messages = [audio.add(bytes(320)) for _ in range(2 * frames)]
    assert [index for index, message in enumerate(messages, 1) if message] == [frames, 2 * frames]
    assert media(messages[-1])["timestamp"] == str(2 * frames * 20)


def test_held_audio_comes_out_in_order_and_then_flows_again():
    audio = caller_audio(20)
    audio.hold()
    assert audio.add(b"\x01" * 320) is None
    assert audio.add(b"\x02" * 320) is None
    assert [media(audio.release())["payload"][:4] for _ in range(2)] == ["AQEB", "AgIC"]
    assert audio.add(bytes(320)) is None
    assert media(audio.release())["chunk"] == "3"
    assert audio.release() is None
    assert media(audio.add(bytes(320)))["chunk"] == "4"
    assert audio.take_shed_ms() == 0


@pytest.mark.parametrize("chunk_ms", [20, 100])
def test_the_oldest_audio_beyond_two_seconds_is_shed_and_counted(chunk_ms):
    audio = caller_audio(chunk_ms)
    audio.hold()
    for _ in range(150):
        audio.add(bytes(320))
    assert audio.take_shed_ms() == 1000
    assert audio.take_shed_ms() == 0
    first = media(audio.release())
    assert (first["chunk"], first["timestamp"]) == ("1", str(1000 + chunk_ms))
    held = 1
    while audio.release():
        held += 1
    assert held * chunk_ms == 2000
