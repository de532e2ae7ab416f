"""The place of audio in time, whatever the timestamps say."""

import random
from itertools import cycle

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exoswitch.audio.frames import FRAME_SAMPLES
from exoswitch.audio.g711 import ULAW
from exoswitch.audio.samples import pcm_of
from exoswitch.rtp.leg import MediaLeg
from exoswitch.rtp.packet import Packetizer, RtpPacket
from exoswitch.rtp.session import LegSettings
from exoswitch.rtp.timeline import Timeline

BASE = 2**32 - 800  # so that timestamps wrap after five frames
FRAME = bytes(FRAME_SAMPLES)


def packet(timestamp, payload=FRAME):
    return RtpPacket(0, 0, timestamp & 0xFFFFFFFF, 1, payload)


@pytest.fixture
def timeline():
    timeline = Timeline()
    timeline.restart(packet(BASE))
    assert timeline.following(packet(BASE)) == BASE
    return timeline


def places(timeline, steps, payload=FRAME):
    """Give the distance of each packet from the packet before."""
    timestamp, at, found = BASE, BASE, []
    for step in steps:
        timestamp += step
        place = timeline.following(packet(timestamp, payload))
        found.append((place - at) & 0xFFFFFFFF)
        at = place
    return found


@pytest.mark.parametrize(
    "steps",
    [[160], [152, 168], [159], [161], [20], [0], [319], [1, 319], [-8, 328 - 160]],
    ids=lambda steps: "/".join(str(step) for step in steps),
)
def test_steps_within_a_frame_of_the_right_one_are_continuous_audio(timeline, steps):
    assert set(places(timeline, [step for step, _ in zip(cycle(steps), range(200), strict=False)])) == {160}


def test_a_clock_that_is_set_back_changes_nothing(timeline):
    assert places(timeline, [160, -(10**6), 160]) == [160, 160, 160]


@pytest.mark.parametrize(
    ("step", "place"), [(320, 320), (319 + 160, 480), (160 + 8000, 8160), (8000 + 155, 8160), (168 + 8000, 8160)]
)
def test_a_pause_is_a_whole_number_of_frames(timeline, step, place):
    assert places(timeline, [160, step, 160]) == [160, place, 160]


def test_lost_packets_keep_their_place(timeline):
    assert timeline.following(packet(BASE + 4 * 159), missing=3) == (BASE + 4 * 160) & 0xFFFFFFFF


def test_a_pause_behind_lost_packets_is_kept(timeline):
    assert timeline.following(packet(BASE + 800 + 1600), missing=4) == (BASE + 800 + 1600) & 0xFFFFFFFF


@pytest.mark.parametrize("step", [160, 159, 20, 165])
def test_a_late_packet_is_placed_by_its_number(timeline, step):
    timeline.following(packet(BASE + 3 * step), missing=2)
    assert timeline.earlier(packet(BASE + step), 2) == (BASE + 160) & 0xFFFFFFFF
    assert timeline.earlier(packet(BASE + 2 * step), 1) == (BASE + 320) & 0xFFFFFFFF


def test_a_late_packet_from_before_a_pause_is_placed_before_the_pause(timeline):
    timeline.following(packet(BASE + 320 + 1600), missing=1)
    assert timeline.earlier(packet(BASE + 160), 1) == (BASE + 160) & 0xFFFFFFFF


@pytest.mark.parametrize("samples", [80, 240, 320, 480])
def test_packets_of_other_lengths_are_continuous_too(timeline, samples):
    timeline.following(packet(BASE + 160, bytes(samples)))
    assert places(timeline, [160 + samples - 5, samples + 8, samples - 3], bytes(samples))[1:] == [samples] * 2


# --- with the whole leg: what the bot hears

ASTERISK = ("10.0.1.5", 12000)


NOISE = pcm_of(random.Random(8).randrange(-9000, 9000) for _ in range(9600))
FRAMES = len(NOISE) // 2 // FRAME_SAMPLES


class Caller:
    """A sender whose timestamps are wrong; every sample of its audio is known."""

    sound = ULAW.encode(NOISE)

    def __init__(self, packet_ms):
        self.samples = packet_ms * 8
        self.stream = Packetizer(0, 65_530, BASE, 99)

    def packets(self, steps):
        for start in range(0, len(self.sound) - self.samples + 1, self.samples):
            payload, stamp = self.sound[start : start + self.samples], self.stream.timestamp
            yield self.stream.encode(payload, marker=False)
            self.stream.timestamp = (stamp + next(steps)) & 0xFFFFFFFF


def heard_by_the_bot(caller, steps, lost=()):
    """Send each packet in its time; give the frames of each tick from the first audio on, and the leg."""
    leg = MediaLeg(LegSettings(source_host=ASTERISK[0]), random.Random(1))
    leg.direct(*ASTERISK)
    leg.attach()
    frames, now, sent_ms = [], 50.0, 0.0
    for number, data in enumerate(caller.packets(steps)):
        while sent_ms >= 20 * (len(frames) + 1):
            frames.append(leg.tick(now + len(frames) * 0.02).pcm)
        if number not in lost:
            leg.datagram(data, ASTERISK, now + sent_ms / 1000)
        sent_ms += caller.samples / 8
    while len(frames) * 160 < len(caller.sound):
        frames.append(leg.tick(now + len(frames) * 0.02).pcm)
    return frames, leg


@settings(deadline=None, max_examples=60)
@given(st.lists(st.integers(-159, 159), min_size=1, max_size=60), st.sampled_from([10, 20, 30, 40, 60]))
def test_for_any_steps_within_a_frame_every_sample_is_heard_without_delay(errors, packet_ms):
    caller = Caller(packet_ms)
    steps = (max(0, packet_ms * 8 + error) for error in cycle(errors))
    frames, leg = heard_by_the_bot(caller, steps)
    first = next(at for at, frame in enumerate(frames) if any(frame))
    heard = b"".join(frames[first:])
    assert heard == ULAW.decode(caller.sound)[: len(heard)]
    assert first * 20 <= packet_ms
    assert (leg.jitter.late, leg.jitter.concealed, leg.jitter.skipped, leg.reception.lost) == (0, 0, 0, 0)


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.integers(-159, 22), min_size=1, max_size=60),
    st.sets(st.integers(1, FRAMES - 2).filter(lambda number: number % 7), max_size=20),
)
def test_with_loss_only_the_lost_frames_are_missing(errors, lost):
    """Up to six packets in a row are lost: their errors together are less than a frame."""
    caller = Caller(20)
    frames, leg = heard_by_the_bot(caller, (160 + error for error in cycle(errors)), lost)
    sound = ULAW.decode(caller.sound)
    wrong = {at for at, frame in enumerate(frames) if frame != sound[at * 320 : at * 320 + 320]}
    assert wrong == lost
    assert leg.reception.lost == len(lost)
