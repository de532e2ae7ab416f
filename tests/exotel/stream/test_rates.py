"""Streams at 16 and 24 kHz: no audio is lost, and message borders are not audible."""

import base64
from math import log10, pi, sin, sqrt

import pytest

from exoswitch.audio.samples import pcm_of, samples_of
from tests.harness.wire import Wire, frame, stream_start

RATES = pytest.mark.parametrize("rate_hz", [16000, 24000])


def tone(rate_hz, seconds, hz=1000):
    step = 2 * pi * hz / rate_hz
    return pcm_of(round(10_000 * sin(step * at)) for at in range(round(rate_hz * seconds)))


def snr_db(pcm, rate_hz, hz=1000):
    """Give the power of a tone over that of the rest, by a best fit of sine and cosine."""
    samples = samples_of(pcm)
    angles = [2 * pi * hz * at / rate_hz for at in range(len(samples))]
    cosine = [sin(angle + pi / 2) for angle in angles]
    sine = [sin(angle) for angle in angles]
    a, b = (2 / len(samples) * sum(x * y for x, y in zip(samples, wave, strict=True)) for wave in (sine, cosine))
    rest = [x - a * s - b * c for x, s, c in zip(samples, sine, cosine, strict=True)]
    assert sqrt(a * a + b * b) == pytest.approx(10_000, rel=0.01)
    return 10 * log10((a * a + b * b) / 2 / (sum(x * x for x in rest) / len(rest)))


def wire_at(rate_hz, **options):
    wire = Wire(stream_start(f"ws://127.0.0.1/ws?sample-rate={rate_hz}", **options))
    return wire, wire.messages()[1]


def media(pcm):
    return frame({"event": "media", "media": {"payload": base64.b64encode(pcm).decode()}})


def played(wire):
    return b"".join(what for verb, *(what,) in wire.leg.asked if verb == "play")


@RATES
def test_start_has_the_sample_rate_and_its_bit_rate(rate_hz):
    _, start = wire_at(rate_hz)
    assert start["start"]["media_format"] == {
        "encoding": "base64",
        "sample_rate": str(rate_hz),
        "bit_rate": f"{rate_hz * 16 // 1000}kbps",
    }


@RATES
@pytest.mark.parametrize("chunk_ms", [20, 100])
def test_the_callers_audio_is_sent_at_the_bots_rate_in_messages_of_one_size(rate_hz, chunk_ms):
    wire, _ = wire_at(rate_hz, chunk_ms=chunk_ms)
    pcm = tone(8000, 0.6)
    for at in range(0, len(pcm), 320):
        wire.leg.hear(pcm[at : at + 320])
    messages = wire.messages()
    payloads = [base64.b64decode(message["media"]["payload"]) for message in messages]
    assert {len(payload) for payload in payloads} == {rate_hz * chunk_ms // 500}
    assert [int(message["media"]["timestamp"]) for message in messages] == list(range(chunk_ms, 601, chunk_ms))
    assert snr_db(b"".join(payloads)[rate_hz // 5 :], rate_hz) > 50


@RATES
@pytest.mark.parametrize("size", [640, 1001, 32_000])
def test_the_bots_audio_is_played_at_8000_hz_from_messages_of_any_size(rate_hz, size):
    wire, _ = wire_at(rate_hz)
    pcm = tone(rate_hz, 0.5)
    for at in range(0, len(pcm), size):
        wire.send(media(pcm[at : at + size]))
    heard = played(wire)
    assert len(heard) == pytest.approx(8000, abs=2)
    assert snr_db(heard[1600:-800], 8000) > 50


@RATES
def test_each_20_ms_message_gives_20_ms_of_audio(rate_hz):
    wire, _ = wire_at(rate_hz)
    for _ in range(3):
        wire.send(media(bytes(rate_hz // 25)))
    assert [len(pcm) for _, pcm in wire.leg.asked] == [320, 320, 320]


def test_a_mark_within_a_word_does_not_interrupt_its_audio():
    wire, _ = wire_at(16000)
    pcm = tone(16000, 0.5)
    for at in range(0, len(pcm), 640):
        wire.send(media(pcm[at : at + 640]) + frame({"event": "mark", "mark": {"name": str(at)}}))
    wire.leg.asked = [asked for asked in wire.leg.asked if asked[0] == "play"]
    assert snr_db(played(wire)[1600:-800], 8000) > 50


def test_cleared_audio_is_not_played():
    wire, _ = wire_at(16000)
    wire.send(media(tone(16000, 0.1)) + frame({"event": "clear"}) + media(bytes(6400)))
    (_, _), (clear,), (_, after) = wire.leg.asked
    assert clear == "clear"
    assert after == bytes(3200)


def test_the_end_of_the_bots_audio_is_played_when_the_bot_closes():
    wire, _ = wire_at(16000)
    wire.send(media(tone(16000, 0.1)))
    before = len(played(wire))
    wire.send(frame(b"\x03\xe8", 8))
    assert len(played(wire)) == before + 22
    wire.end()
