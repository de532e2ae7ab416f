"""The course of a benchmark, with made-up trials."""

import json
from itertools import count

import pytest

from exoswitch.bench.measured import Lateness
from exoswitch.cli import main
from tests.harness.bench_trials import trial

pytest.importorskip("exoswitch.bench._load", reason="needs the compiled load")

MOST = 730


class Noted(list):
    """The trials, and the ticks that they had."""

    def __init__(self):
        super().__init__()
        self.ticks = set()


@pytest.fixture
def trials(monkeypatch):
    """Note each trial: its design, calls and seconds."""
    noted = Noted()

    def run_trial(kind, calls, chunk_ms, settings, _progress):
        noted.append((kind, calls, settings.seconds))
        noted.ticks.add(settings.tick)
        carried = 1.0 if calls <= MOST else 0.5
        return trial(
            kind, calls=calls, chunk_ms=chunk_ms, cpu=calls / 1000, carried=carried, late=Lateness(max_ms=1.0)
        )

    monkeypatch.setattr("exoswitch.commands.bench.run_trial", run_trial)
    return noted


def test_a_search_finds_the_most_calls_and_measures_70_percent_of_them(trials, tmp_path, capsys):
    report, picture = tmp_path / "b.json", tmp_path / "b.svg"
    assert main(["bench", "--json", str(report), "--plot", str(picture)]) == 0
    searched = [("exoswitch", calls, 3.0) for calls in (100, 400, 900, 650, 770, 710)]
    assert trials == [*searched, ("floor", 497, 5.0), ("exoswitch", 497, 5.0)]
    said = capsys.readouterr().out
    assert "looks for the most calls, in trials of 3 s, then measures 70% of them: 3 minutes at most" in said
    assert "770 calls are too many: only 50.0% of the packets and messages came" in said
    assert "900 calls are too many" not in said
    assert f"figures: {report}\npicture: {picture}" in said
    read = json.loads(report.read_text())
    assert read["shares"][0]["calls"] == 497
    assert read["searches"] == [
        {"kind": "exoswitch", "chunk_ms": 20, "most_that_passed": 710, "fewest_that_failed": 770}
    ]


@pytest.mark.parametrize(
    ("tick", "told"),
    [("auto", "a thread of their own"), ("reactor", "the reactor"), ("thread", "a thread of their own")],
)
def test_the_place_of_the_ticks_is_told_before_the_table(trials, tick, told, capsys):
    pytest.importorskip("exoswitch.rtp._plane", reason="needs the compiled plane")
    assert main(["bench", "--calls", "10", "--tick", tick]) == 0
    assert f"loopback; ticks in {told}; 5 s each" in capsys.readouterr().out
    assert trials.ticks == {tick}


def test_a_search_ends_in_time(trials, monkeypatch, capsys):
    clock = count(0.0, 30.0)
    monkeypatch.setattr("exoswitch.commands.bench.time.monotonic", lambda: next(clock))
    assert main(["bench"]) == 0
    assert [calls for _, calls, _ in trials] == [100, 400, 280, 280]
    assert "900 calls are not tried, for lack of time" in capsys.readouterr().out


def test_numbers_of_calls_are_measured_as_they_are_asked_for(trials):
    assert main(["bench", "--calls", "10,2000", "--compare", "plain"]) == 0
    assert trials == [(kind, calls, 5.0) for calls in (10, 2000) for kind in ("floor", "exoswitch", "plain")]
