import base64
import json

import pytest

from exoswitch.call.media import MediaEncoding
from exoswitch.rtp.message_encoder import MessageEncoder

TEMPLATE = b'{"number":"%d","chunk":"%d","timestamp":"%d","payload":"%b"}'


def encoder(frames=1, **options):
    return MessageEncoder(MediaEncoding(**{"template": TEMPLATE, "sample_rate_hz": 8000, "frames": frames} | options))


@pytest.mark.parametrize("frames", [1, 5])
def test_a_chunk_is_sent_when_it_is_complete(frames):
    audio = encoder(frames)
    messages = [audio.add(bytes(320)) for _ in range(2 * frames)]
    assert [index for index, message in enumerate(messages, 1) if message] == [frames, 2 * frames]
    assert json.loads(messages[-1])["timestamp"] == str(2 * frames * 20)


def test_messages_are_numbered_from_the_first_number_of_the_encoding():
    audio = encoder(first_number=2)
    assert json.loads(audio.add(bytes(320)))["number"] == "2"
    assert audio.next_number() == 3


def test_held_audio_is_released_in_order_and_then_audio_flows_again():
    audio = encoder()
    audio.hold()
    assert audio.add(b"\x01" * 320) is None
    assert audio.add(b"\x02" * 320) is None
    assert [json.loads(audio.release())["payload"][:4] for _ in range(2)] == ["AQEB", "AgIC"]
    assert audio.add(bytes(320)) is None
    assert json.loads(audio.release())["chunk"] == "3"
    assert audio.release() is None
    assert json.loads(audio.add(bytes(320)))["chunk"] == "4"
    assert audio.take_dropped_ms() == 0


@pytest.mark.parametrize("chunk_ms", [20, 100])
def test_the_oldest_audio_beyond_two_seconds_is_dropped_and_counted(chunk_ms):
    audio = encoder(chunk_ms // 20)
    audio.hold()
    for _ in range(150):
        audio.add(bytes(320))
    assert audio.take_dropped_ms() == 1000
    assert audio.take_dropped_ms() == 0
    first = json.loads(audio.release())
    assert (first["number"], first["chunk"], first["timestamp"]) == ("1", "1", str(1000 + chunk_ms))
    held = 1
    while audio.release():
        held += 1
    assert held * chunk_ms == 2000


def test_sequence_numbers_times_and_chunks_have_separate_counts():
    audio = encoder()
    first = json.loads(audio.add(bytes(320)))
    assert audio.next_number() == 2
    second = json.loads(audio.add(bytes(320)))
    assert (first["number"], first["chunk"], first["timestamp"]) == ("1", "1", "20")
    assert (second["number"], second["chunk"], second["timestamp"]) == ("3", "2", "40")


def test_the_time_of_a_message_is_its_start_if_configured():
    audio = encoder(2, from_zero=True)
    messages = [audio.add(bytes(320)) for _ in range(4)]
    assert [json.loads(message)["timestamp"] for message in messages if message] == ["0", "40"]


@pytest.mark.parametrize("rate_hz", [16000, 24000])
def test_audio_is_resampled_to_messages_of_one_size(rate_hz):
    audio = encoder(sample_rate_hz=rate_hz)
    sizes = {len(base64.b64decode(json.loads(audio.add(bytes(320)))["payload"])) for _ in range(10)}
    assert sizes == {rate_hz // 25}
