"""The jitter buffer, with every fault of networks."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exoswitch.audio.frames import FRAME_S, FRAME_SAMPLES
from exoswitch.audio.samples import pcm_of, samples_of
from exoswitch.rtp.jitter import SETTLED_S, JitterBuffer, State
from exoswitch.rtp.serial import add_32

BASE = 2**32 - 800  # so that timestamps wrap after five frames


def sound(number, loud=True):
    """Make a frame that holds its number, loud or quiet."""
    return pcm_of([1000 + number if loud else number % 200]) * FRAME_SAMPLES


def number_of(frame):
    """Give the number in a loud frame; None for no frame."""
    return None if frame is None else samples_of(frame)[0] - 1000


class MediaSession:
    """A buffer whose packets have the sequence numbers of their sending."""

    def __init__(self, max_ms=200):
        self.buffer = JitterBuffer(max_ms * 8)
        self.newest = -1

    def push(self, *numbers, loud=True):
        for number in numbers:
            self.push_packet(number, BASE + number * FRAME_SAMPLES, sound(number, loud))

    def push_packet(self, sequence, timestamp, pcm):
        self.buffer.push(add_32(timestamp, 0), pcm, sequence > self.newest)
        self.newest = max(self.newest, sequence)

    def pop(self, ticks=1):
        return [number_of(self.buffer.pop()) for _ in range(ticks)]

    def play(self, arrivals):
        """Run ticks with these arrivals before each; return the result of each tick."""
        heard = []
        for numbers in arrivals:
            self.push(*numbers)
            heard += self.pop()
        return heard


@pytest.fixture
def line():
    return MediaSession()


def one_by_one(first, last):
    return [[number] for number in range(first, last)]


def test_the_buffer_gives_no_frame_before_the_first_packet(line):
    assert line.pop(3) == [None] * 3
    assert (line.buffer.state, line.buffer.concealed) == (State.FILLING, 0)


def test_a_present_frame_is_given_in_its_tick(line):
    assert line.play(one_by_one(0, 20)) == list(range(20))
    assert line.buffer.state is State.PLAYING
    assert (line.buffer.late, line.buffer.concealed, line.buffer.skipped) == (0, 0, 0)


def test_a_lost_packet_is_one_missing_frame(line):
    assert line.play([[0], [1], [], [3], [4]]) == [0, 1, None, 3, 4]
    assert line.buffer.concealed == 1


def test_packets_of_one_tick_are_put_in_order(line):
    assert line.play([[1, 0], [], [3, 2], [4]]) == [0, 1, 2, 3]


def test_a_packet_that_comes_a_tick_late_is_played_and_the_delay_grows_by_a_frame(line):
    assert line.play([[0], [1], [], [2, 3], [4], [5]]) == [0, 1, None, 2, 3, 4]
    assert (line.buffer.late, line.buffer.concealed) == (1, 1)


def test_packets_that_come_together_after_a_stall_are_not_lost(line):
    assert line.play([[0], [], [], [], [1, 2, 3, 4], [5]]) == [0, None, None, None, 1, 2]
    assert line.pop(3) == [3, 4, 5]


def test_a_packet_that_comes_after_its_successor_was_played_is_dropped_and_the_delay_grows(line):
    heard = line.play([[0], [], [2], [1, 3], [4], [5]])
    assert heard == [0, None, 2, None, 3, 4]
    assert line.buffer.late == 1


def test_after_the_delay_grows_a_second_late_packet_is_in_time(line):
    line.play([[0], [], [2], [1, 3], [4], [5]])
    assert line.play([[7], [6, 8], [9]]) == [5, 6, 7]


def test_late_packets_do_not_make_the_delay_exceed_its_limit():
    line = MediaSession(max_ms=60)
    line.play(one_by_one(0, 5))
    for number in range(5, 60):
        line.play([[], [number - 3, number]] if number % 2 else [[number]])
        assert line.buffer.depth_samples <= 480


@pytest.mark.parametrize("late_at", range(1, 151, 10))
def test_a_frame_of_delay_for_one_late_packet_is_removed_in_the_settling_time(late_at):
    line, settled = MediaSession(), late_at + round(SETTLED_S / FRAME_S)
    line.play([*one_by_one(0, late_at), [], [late_at, late_at + 1]])
    assert line.buffer.depth_samples == FRAME_SAMPLES
    line.play(one_by_one(late_at + 2, settled + 1))
    assert (line.buffer.depth_samples, line.buffer.skipped) == (0, 1)


def test_surplus_delay_is_removed_after_some_seconds_by_one_loud_frame_a_second(line):
    line.play([[0], [], [], [1, 2, 3]])
    assert line.buffer.depth_samples == 2 * FRAME_SAMPLES
    heard = line.play(one_by_one(4, 1000))
    assert line.buffer.depth_samples == 0
    assert line.buffer.skipped == 2
    missing = sorted(set(range(2, 998)) - set(heard))
    assert len(missing) == 2
    assert 49 <= missing[1] - missing[0] <= 52


def test_surplus_delay_is_removed_at_once_in_quiet_audio(line):
    line.play([[0], [], [], [1, 2, 3]])
    line.play(one_by_one(4, 302))
    assert line.buffer.skipped == 0 or line.buffer.depth_samples > 0
    for number in range(302, 310):
        line.push(number, loud=False)
        line.buffer.pop()
    assert (line.buffer.skipped, line.buffer.depth_samples) == (2, 0)


def test_the_delay_that_jitter_requires_is_kept(line):
    """Every packet is up to 45 ms late, so a delay of two or three frames is required."""
    rng = random.Random(4)
    due = sorted((number * 20 + rng.uniform(0, 45), number) for number in range(3000))
    for tick in range(3000):
        while due and due[0][0] <= tick * 20:
            line.push(due.pop(0)[1])
        line.buffer.pop()
    assert line.buffer.concealed < 60
    assert line.buffer.depth_samples <= 4 * FRAME_SAMPLES


@pytest.mark.parametrize("drift", [-0.002, 0.002])
def test_clock_drift_in_either_direction_neither_empties_nor_fills_the_buffer(line, drift):
    """2,000 ppm, forty times the drift of a bad clock; a quiet line."""
    number, depths = 0, []
    for tick in range(15_000):
        while number * 20 * (1 + drift) <= tick * 20:
            line.push(number, loud=False)
            number += 1
        line.buffer.pop()
        depths.append(line.buffer.depth_samples)
    assert max(depths) <= 3 * FRAME_SAMPLES
    assert line.buffer.late + line.buffer.concealed + line.buffer.skipped <= 2 * 15_000 * abs(drift) + 10


def test_a_burst_beyond_the_limit_drops_the_oldest_audio(line):
    heard = line.play([list(range(25)), [25]])
    assert heard[0] == 15
    assert line.buffer.skipped == 15
    assert line.buffer.depth_samples <= 1600


def test_a_jump_of_the_timestamp_forward_is_followed_at_once(line):
    line.play(one_by_one(0, 5))
    line.push_packet(5, BASE + 10**6, sound(5))
    assert line.pop() == [5]


def test_a_jump_of_the_timestamp_back_is_followed_at_once(line):
    line.play(one_by_one(0, 5))
    line.push_packet(5, BASE - 10**6, sound(5))
    line.push_packet(6, BASE - 10**6 + FRAME_SAMPLES, sound(6))
    assert line.pop(2) == [5, 6]


def test_a_pause_of_the_sender_starts_the_buffer_again(line):
    """Silence suppression: the sequence continues, and the timestamp jumps by the length of the pause."""
    line.play(one_by_one(0, 5))
    assert set(line.pop(100)) == {None}
    assert line.buffer.state is State.FILLING
    line.push_packet(5, BASE + 105 * FRAME_SAMPLES, sound(5))
    assert line.pop() == [5]
    assert line.buffer.concealed == 10


def test_nothing_is_concealed_in_a_pause_that_the_sender_told_of(line):
    line.play(one_by_one(0, 5))
    line.buffer.pause()
    assert set(line.pop(100)) == {None}
    assert line.buffer.concealed == 0
    assert line.play([[105], [106], []]) == [105, 106, None]
    assert line.buffer.concealed == 1


def test_the_delay_outlives_a_short_pause_that_the_sender_told_of(line):
    line.play([[0], [], [], [1, 2, 3]])
    line.buffer.pause()
    assert line.pop(7) == [2, 3, *[None] * 5]
    assert line.play(one_by_one(11, 15)) == [None, None, 11, 12]


def test_a_sender_whose_timestamp_stops_in_a_pause_is_played_at_once_afterwards(line):
    line.play(one_by_one(0, 5))
    line.pop(100)
    assert line.play(one_by_one(5, 8)) == [5, 6, 7]


def test_the_fast_path_is_used_after_a_pause_of_a_fraction_of_a_frame(line):
    line.play(one_by_one(0, 5))
    line.pop(3)
    line.push_packet(5, BASE + 8 * FRAME_SAMPLES + 50, sound(5))
    assert line.pop() == [5]
    assert line.buffer._pieces == {}


def test_a_reordered_packet_after_a_long_pause_is_not_a_new_start(line):
    line.play([[0], [1], [3]])
    line.pop(20)
    line.push(2)
    assert line.pop() == [None]
    assert line.buffer.late == 1


@pytest.mark.parametrize("packet_ms", [5, 10, 30, 40, 60])
def test_packets_of_another_length_are_cut_and_joined_into_frames(line, packet_ms):
    samples = list(range(1, 8001))
    pcm = pcm_of(samples)
    step = packet_ms * 8
    sent, heard = 0, []
    for tick in range(40):
        while sent * packet_ms <= tick * 20:
            line.push_packet(sent, BASE + sent * step, pcm[sent * step * 2 : (sent + 1) * step * 2])
            sent += 1
        frame = line.buffer.pop()
        if frame is not None:
            heard += samples_of(frame)
    assert heard == samples[: len(heard)]
    assert len(heard) >= 36 * FRAME_SAMPLES


def test_a_lost_packet_of_10_ms_costs_one_frame(line):
    pcm = pcm_of(range(800))
    for sequence in (0, 1, 2, 4, 5, 6, 7):
        line.push_packet(sequence, BASE + sequence * 80, pcm[sequence * 160 : sequence * 160 + 160])
    heard = [line.buffer.pop() for _ in range(4)]
    assert [frame is None for frame in heard] == [False, True, False, False]


def test_an_incomplete_first_frame_does_not_block_later_frames(line):
    line.push_packet(0, BASE, sound(0)[:160])
    line.push_packet(2, BASE + 160, sound(1))
    assert line.pop() == [1]


def test_an_empty_packet_has_no_effect(line):
    line.push_packet(0, BASE, b"")
    assert line.pop() == [None]


def test_a_restart_drops_all_audio_and_keeps_the_counts(line):
    line.play([[0], [], [2, 3, 4]])
    line.buffer.restart()
    assert (line.buffer.state, line.buffer.depth_samples, line.buffer.concealed) == (State.FILLING, 0, 1)
    assert line.play([[900]]) == [900]


DELAYS = st.lists(st.one_of(st.none(), st.integers(0, 30), st.just(0), st.just(1)), min_size=1, max_size=120)


@settings(deadline=None, max_examples=80)
@given(DELAYS)
def test_for_any_arrivals_frames_are_given_once_in_order_and_within_the_limit(delays):
    """Each number is the delay of a packet in ticks; None is a lost packet."""
    line, heard = MediaSession(), []
    arrivals = sorted((number + delay, number) for number, delay in enumerate(delays) if delay is not None)
    for tick in range(len(delays) + 45):
        while arrivals and arrivals[0][0] <= tick:
            line.push(arrivals.pop(0)[1])
            assert line.buffer.depth_samples <= 1600
            assert len(line.buffer._slots) <= 10
        heard += [number for number in line.pop() if number is not None]
    assert heard == sorted(set(heard))


PACKETS = st.lists(
    st.tuples(st.integers(-4000, 4000), st.integers(0, 700), st.booleans(), st.integers(0, 3)), max_size=60
)


@settings(deadline=None, max_examples=80)
@given(PACKETS)
def test_any_timestamps_and_lengths_raise_no_error_and_keep_the_size_limited(packets):
    buffer, timestamp = JitterBuffer(1600), BASE
    for leap, samples, newest, ticks in packets:
        timestamp = add_32(timestamp, leap)
        buffer.push(timestamp, bytes(2 * samples), newest)
        assert len(buffer._slots) <= 11
        assert len(buffer._pieces) <= 24
        frames = [buffer.pop() for _ in range(ticks)]
        assert {len(frame) for frame in frames if frame is not None} <= {320}
