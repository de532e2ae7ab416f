"""One call's media: datagrams in, ticks out."""

import random
from itertools import pairwise

import pytest

from exoswitch.audio.frames import FRAME_BYTES, FRAME_SAMPLES, SILENCE_PCM
from exoswitch.audio.g711 import ALAW, ULAW
from exoswitch.audio.samples import samples_of
from exoswitch.rtp.leg import MediaLeg
from exoswitch.rtp.packet import Packetizer, parse
from exoswitch.rtp.session import LegSettings

ASTERISK = ("10.0.1.5", 12000)
ELSEWHERE = ("10.0.1.6", 12000)
TONE = b"\x10\x20" * FRAME_SAMPLES
HEARD = ULAW.decode(ULAW.encode(TONE))


class Driven:
    """A leg with its own clock, and a peer that sends RTP to it."""

    def __init__(self, **settings):
        settings = {"source_host": ASTERISK[0], "silence_timeout_s": 5.0, **settings}
        self.leg = MediaLeg(LegSettings(**settings), random.Random(1))
        self.peer = Packetizer(0, 65_530, 2**32 - 500, 99)
        self.now = 100.0

    def receive(self, payload=None, source=ASTERISK):
        self.leg.datagram(self.peer.encode(payload or ULAW.encode(TONE), marker=False), source, self.now)

    def tick(self, ticks=1):
        for _ in range(ticks):
            self.now += 0.02
            result = self.leg.tick(self.now)
        return result


@pytest.fixture
def driven():
    driven = Driven()
    driven.leg.direct(*ASTERISK)
    driven.leg.attach()
    return driven


def test_a_tick_gives_nothing_before_a_remote_is_known_and_a_stream_is_attached():
    assert Driven().tick() == (None, None, (), None)


def test_received_audio_is_given_in_the_next_tick(driven):
    for _ in range(20):
        driven.receive()
        assert driven.tick().pcm == HEARD
    assert driven.leg.reception.received == 20
    assert driven.leg.jitter.concealed == 0


def test_every_tick_gives_the_bot_one_frame_with_or_without_received_audio(driven):
    frames = [driven.tick().pcm for _ in range(3)]
    driven.receive()
    frames += [driven.tick().pcm for _ in range(8)]
    assert [len(frame) for frame in frames] == [FRAME_BYTES] * 11
    assert frames[:4] == [SILENCE_PCM] * 3 + [HEARD]


def test_a_lost_frame_is_concealed_by_the_previous_frame_faded_to_silence(driven):
    driven.receive()
    driven.tick()
    peaks = [max(abs(value) for value in samples_of(driven.tick().pcm)) for _ in range(5)]
    assert peaks[0] > peaks[1] > peaks[2] > 0
    assert peaks[3:] == [0, 0]


def test_every_tick_sends_one_packet_once_the_remote_is_known(driven):
    packets = [parse(driven.tick().packet) for _ in range(5)]
    assert [packet.payload for packet in packets] == [ULAW.silence * FRAME_SAMPLES] * 5
    assert {(b.sequence - a.sequence) & 0xFFFF for a, b in pairwise(packets)} == {1}
    assert {(b.timestamp - a.timestamp) & 0xFFFFFFFF for a, b in pairwise(packets)} == {160}
    assert len({packet.ssrc for packet in packets}) == 1
    assert driven.leg.sent == 5


def test_the_marker_bit_is_set_where_speech_begins(driven):
    markers = []
    for talking in (False, True, True, False, True):
        if talking:
            driven.leg.playout.play(TONE)
        markers.append(parse(driven.tick().packet).marker)
    assert markers == [False, True, False, False, True]


def test_the_bots_audio_waits_until_the_remote_is_known():
    driven = Driven()
    driven.leg.attach()
    driven.leg.playout.play(TONE)
    assert driven.leg.playout.mark("said") == []
    assert driven.tick(3).packet is None
    driven.leg.direct(*ASTERISK)
    tick = driven.tick()
    assert parse(tick.packet).payload == ULAW.encode(TONE)
    assert tick.marks == ["said"]


def test_before_direct_the_first_address_of_the_source_host_becomes_the_remote():
    driven = Driven()
    driven.receive(source=ELSEWHERE)
    assert driven.leg.remote is None
    driven.receive()
    assert driven.leg.remote == ASTERISK
    driven.receive(source=(ASTERISK[0], 12002))
    assert driven.leg.remote == ASTERISK
    assert driven.leg.foreign == 2
    assert driven.tick().packet is not None


def test_after_direct_no_other_address_is_accepted(driven):
    driven.receive(source=(ASTERISK[0], 12002))
    driven.receive(source=ELSEWHERE)
    assert driven.leg.foreign == 2
    assert driven.leg.reception.received == 0


def test_after_direct_the_first_packet_of_the_new_address_is_played(driven):
    driven.receive()
    driven.tick()
    driven.leg.direct(*ELSEWHERE)
    driven.peer = Packetizer(0, 5, 777, 100)
    driven.receive(source=ELSEWHERE)
    assert driven.tick().pcm == HEARD


def test_direct_replaces_an_earlier_remote():
    driven = Driven()
    driven.receive(source=(ASTERISK[0], 4444))
    driven.leg.direct(*ASTERISK)
    assert driven.leg.remote == ASTERISK


@pytest.mark.parametrize("data", [b"", b"\x80", b"\x00" * 12, b"GET / HTTP/1.1\r\n"])
def test_malformed_datagrams_are_counted_and_set_no_remote(data):
    driven = Driven()
    driven.leg.datagram(data, ASTERISK, driven.now)
    assert (driven.leg.malformed, driven.leg.remote) == (1, None)


@pytest.mark.parametrize(
    "payload_type", [3, 72, 101]
)  # GSM, RTCP's sender report, a dynamic type that is no key event
def test_other_payload_types_are_counted_and_set_no_remote(payload_type):
    driven = Driven()
    driven.leg.datagram(Packetizer(payload_type, 1, 2, 3).encode(b"x" * 160, marker=False), ASTERISK, driven.now)
    assert (driven.leg.unsupported, driven.leg.remote) == (1, None)


def test_both_laws_are_received_independently_of_the_law_sent(driven):
    driven.peer.payload_type = ALAW.payload_type
    driven.receive(ALAW.encode(TONE))
    assert driven.tick().pcm == ALAW.decode(ALAW.encode(TONE))


def test_packets_are_sent_in_the_configured_law():
    driven = Driven(law=ALAW)
    driven.leg.direct(*ASTERISK)
    driven.leg.playout.play(TONE)
    packet = parse(driven.tick().packet)
    assert (packet.payload_type, packet.payload) == (8, ALAW.encode(TONE))
    assert parse(driven.tick().packet).payload == b"\xd5" * FRAME_SAMPLES


def test_a_duplicate_is_counted_and_not_played_twice(driven):
    twice = driven.peer.encode(ULAW.encode(TONE), marker=False)
    driven.leg.datagram(twice, ASTERISK, driven.now)
    driven.leg.datagram(twice, ASTERISK, driven.now)
    driven.tick()
    assert driven.leg.reception.duplicate == 1
    assert driven.leg.jitter.depth_samples == 0


def test_audio_from_before_the_attach_is_dropped():
    driven = Driven()
    driven.leg.direct(*ASTERISK)
    driven.receive()
    driven.leg.attach()
    assert driven.tick().pcm == SILENCE_PCM


OTHER_TONE = b"\x30\x40" * FRAME_SAMPLES


def test_a_new_source_is_played_from_its_first_packet_once_a_second_in_order_has_confirmed_it(driven):
    driven.receive()
    driven.tick()
    driven.peer = Packetizer(0, 5, 777, 100)
    driven.receive(ULAW.encode(OTHER_TONE))
    assert driven.tick().pcm != HEARD
    driven.receive()
    heard = [driven.tick().pcm for _ in range(2)]
    assert heard == [ULAW.decode(ULAW.encode(OTHER_TONE)), HEARD]


def test_a_stranger_with_many_ssrcs_does_not_disturb_the_source(driven):
    for ssrc in range(200, 300):
        driven.receive()
        stranger = Packetizer(0, 7, 777, ssrc)
        driven.leg.datagram(stranger.encode(ULAW.encode(OTHER_TONE), marker=False), ASTERISK, driven.now)
        assert driven.tick().pcm == HEARD
    assert (driven.leg.counts().statistics().received, driven.leg.counts().statistics().foreign) == (100, 99)


COMFORT_NOISE = 13
KEY_EVENT = 101


@pytest.mark.parametrize(
    ("payload_type", "payload"),
    [(COMFORT_NOISE, b"\x40"), (19, b"\x40"), (KEY_EVENT, bytes.fromhex("050a00a0"))],
    ids=["comfort noise", "comfort noise of old devices", "key event"],
)
class TestPacketsWithoutAudio:
    """Comfort noise (RFC 3389) and key events (RFC 4733) use the sequence numbers of the audio."""

    def send(self, driven, payload_type, payload):
        driven.peer.payload_type = payload_type
        driven.receive(payload)
        driven.peer.payload_type = 0

    def test_they_are_a_sign_of_life(self, driven, payload_type, payload):
        told = []
        for _ in range(600):
            self.send(driven, payload_type, payload)
            told.append(driven.tick().silent_s)
        assert set(told) == {None}
        assert (driven.leg.unsupported, driven.leg.malformed) == (0, 0)

    def test_they_do_not_count_as_lost_or_concealed(self, driven, payload_type, payload):
        for _ in range(5):
            driven.receive()
            driven.tick()
        for _ in range(8):
            self.send(driven, payload_type, payload)
            driven.tick()
        driven.peer.timestamp += 8 * FRAME_SAMPLES - 8 * len(payload)
        driven.receive()
        assert driven.tick().pcm == HEARD
        told = driven.leg.counts().statistics()
        assert (told.received, told.lost, told.concealed, told.malformed) == (14, 0, 0, 0)

    def test_they_may_come_between_the_packets_of_speech(self, driven, payload_type, payload):
        for _ in range(20):
            driven.receive()
            timestamp = driven.peer.timestamp
            self.send(driven, payload_type, payload)
            driven.peer.timestamp = timestamp
            assert driven.tick().pcm == HEARD
        assert driven.leg.counts().statistics().lost == 0

    def test_their_timestamps_are_no_jitter(self, driven, payload_type, payload):
        driven.peer.timestamp = 0
        for _ in range(50):
            driven.receive()
            driven.tick()
            self.send(driven, payload_type, payload)
            driven.peer.timestamp += 2 * FRAME_SAMPLES - len(payload)
            driven.tick(2)
        assert driven.leg.counts().statistics().jitter_ms == pytest.approx(0, abs=1e-6)

    def test_they_set_no_remote(self, driven, payload_type, payload):
        driven = Driven()
        self.send(driven, payload_type, payload)
        assert driven.leg.remote is None


@pytest.mark.parametrize("types", [(0, COMFORT_NOISE), (COMFORT_NOISE, 0), (COMFORT_NOISE, COMFORT_NOISE)])
def test_a_new_source_may_begin_with_comfort_noise(driven, types):
    driven.receive()
    driven.tick()
    driven.peer = Packetizer(0, 5, 777, 100)
    for driven.peer.payload_type in types:
        driven.receive(b"\x40" if driven.peer.payload_type else ULAW.encode(OTHER_TONE))
        driven.tick()
    driven.tick(3)
    driven.peer.payload_type, driven.peer.timestamp = 0, 777 + 5 * FRAME_SAMPLES
    driven.receive()
    assert HEARD in [driven.tick().pcm for _ in range(2)]
    assert driven.leg.jitter.depth_samples == 0


def test_detach_drops_the_playout_and_its_marks_and_sends_silence(driven):
    driven.leg.playout.play(TONE * 10)
    driven.leg.playout.mark("never")
    driven.leg.detach()
    tick = driven.tick()
    assert (tick.pcm, tick.marks) == (None, [])
    assert parse(tick.packet).payload == ULAW.silence * FRAME_SAMPLES


def test_lost_media_is_reported_once_and_again_only_after_media_returned(driven):
    told = [driven.tick().silent_s for _ in range(600)]
    assert [silent for silent in told if silent is not None] == [pytest.approx(5.0, abs=0.03)]
    driven.receive()
    told = [driven.tick().silent_s for _ in range(600)]
    assert [silent for silent in told if silent is not None] == [pytest.approx(5.0, abs=0.03)]


def test_the_wait_for_media_begins_at_direct_and_at_attach():
    driven = Driven()
    assert driven.tick(1000).silent_s is None
    driven.leg.direct(*ASTERISK)
    driven.tick(200)
    driven.leg.attach()
    assert {driven.tick().silent_s for _ in range(249)} == {None}


def test_a_pause_of_the_process_does_not_count_as_silence(driven):
    driven.tick(100)
    driven.now += 60.0
    driven.leg.forgive(60.0)
    told = [driven.tick().silent_s for _ in range(200)]
    assert [silent for silent in told if silent is not None] == [pytest.approx(5.0, abs=0.03)]


def test_overflow_is_returned_by_play():
    driven = Driven(playout_max_s=1)
    assert driven.leg.playout.play(TONE * 50) == 0
    assert driven.leg.playout.play(TONE * 2) == 40


def test_missing_media_is_reported_on_hold_too(driven):
    driven.leg.hold()
    told = [driven.tick().silent_s for _ in range(300)]
    assert [silent for silent in told if silent is not None] == [pytest.approx(5.0, abs=0.03)]


def test_the_waiting_sound_begins_with_the_marker_bit():
    driven = Driven(waiting_sound=ULAW.encode(TONE))
    driven.leg.direct(*ASTERISK)
    driven.leg.hold()
    packets = [parse(driven.tick().packet) for _ in range(3)]
    assert [packet.marker for packet in packets] == [True, False, False]
    assert {packet.payload for packet in packets} == {ULAW.encode(TONE)}
