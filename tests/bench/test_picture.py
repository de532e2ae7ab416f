"""The picture of a benchmark."""

import pytest

from exoswitch.bench.measured import Lateness, Limits
from exoswitch.bench.picture import draw
from exoswitch.bench.summary import Results
from exoswitch.errors import BenchmarkFailed
from tests.harness.bench_trials import trial

LIMITS = Limits(delay_ms=40.0, loss=0.001)


def test_only_messages_with_a_trial_of_exoswitch_are_drawn(tmp_path):
    path = tmp_path / "bench.png"
    draw(Results([trial("floor"), trial("floor", chunk_ms=100), trial()]), LIMITS, "a machine", path)
    assert path.read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("trials", [[], [trial("floor")]])
def test_run_without_a_trial_of_exoswitch_says_that_nothing_was_drawn(tmp_path, trials):
    path = tmp_path / "bench.png"
    with pytest.raises(BenchmarkFailed, match="no trial of exoswitch came to its end"):
        draw(Results(trials), LIMITS, "a machine", path)
    assert not path.exists()


def test_the_share_of_the_most_calls_is_in_the_picture(tmp_path):
    path = tmp_path / "bench.svg"
    share = trial(calls=70, late=Lateness(max_ms=3.5))
    draw(Results([trial(), share], {20: share}), LIMITS, "a machine", path)
    assert "70% of the most, 70 calls" in path.read_text()
