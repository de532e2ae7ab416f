import pytest

from exoswitch.bench.measured import Delays, Limits, Way
from tests.harness.bench_trials import SOUND, trial

LIMITS = Limits(delay_ms=40.0, loss=0.001)


def test_delays_of_several_loads_are_one_distribution():
    delays = Delays.of([[(100, 50), (200, 49)], [(4000, 1)]])
    assert delays == Delays(p50_ms=10.0, p90_ms=20.0, p99_ms=20.0, p999_ms=400.0, max_ms=400.0)


def test_without_audio_there_is_no_delay():
    assert Delays.of([[], []]) == Delays()


def test_frames_that_did_not_arrive_are_lost():
    one = {"sent": 150, "arrived": 150, "joined": 0, "delays": []}
    other = {"sent": 50, "arrived": 48, "joined": 0, "delays": []}
    assert Way.of([one, other]).lost == pytest.approx(0.01)


def test_frames_that_were_joined_to_shorten_the_delay_are_not_lost():
    one = {"sent": 100, "arrived": 94, "joined": 4, "delays": []}
    other = {"sent": 100, "arrived": 96, "joined": 4, "delays": []}
    way = Way.of([one, other])
    assert way.lost == pytest.approx(0.01)
    assert way.left_out == pytest.approx(0.02), "of two frames, the time of one is left out"


def test_the_cost_is_that_of_one_second_of_one_call():
    assert (trial().cost_ms, trial().calls_a_core) == (pytest.approx(1.0), pytest.approx(1000))


def test_sound_audio_breaks_no_limit():
    assert not LIMITS.broken(trial())


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"to_bot": Way(sent=1000, arrived=990, delays=SOUND.delays)}, "1.00% of the audio was lost"),
        ({"to_phone": Way(sent=9, arrived=9, delays=Delays(p99_ms=55.0))}, "p99 of the delay was 55.0 ms"),
        ({"carried": 0.5}, "only 50.0% of the packets and messages came"),
    ],
)
def test_lost_and_late_audio_break_a_limit(change, words):
    assert LIMITS.broken(trial(**change)) == words
