"""The catalogue of metrics, and what may stand in it."""

import ast
from pathlib import Path

import pytest

from exoswitch.telemetry.catalogue import LABELS, METRICS, SECTIONS, kept
from exoswitch.telemetry.metric import Kind, Label, Metric
from tests.harness.metrics_lint import faults_of_calls, faults_of_rows
from tools import write_metrics

ROOT = Path(__file__).parents[2]
FIXTURES = Path(__file__).parent / "lint"


def test_the_reference_is_written_from_the_catalogue():
    page = write_metrics.PAGE.read_text(encoding="utf-8")
    assert page == write_metrics.page(), "run `python tools/write_metrics.py`"


def test_every_metric_has_a_help_text_and_labels_from_the_allow_list():
    assert faults_of_rows(row for section in SECTIONS.values() for row in section) == []


def test_every_label_of_the_allow_list_is_used():
    assert set(LABELS) == {name for row in METRICS.values() for name in row.label_names}


def test_the_code_names_metrics_of_the_catalogue_with_their_labels():
    faults = {
        str(path.relative_to(ROOT)): found
        for path in (ROOT / "exoswitch").rglob("*.py")
        if (found := faults_of_calls(ast.parse(path.read_text(encoding="utf-8"))))
    }
    assert faults == {}


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        (Metric(name="calls_total", kind=Kind.COUNTER, help=""), "calls_total: no help text"),
        (Metric(name="calls", kind=Kind.COUNTER, help="Calls."), "calls: a counter ends in _total"),
        (Metric(name="calls_total", kind=Kind.GAUGE, help="Calls."), "calls_total: only a counter ends in _total"),
        (Metric(name="Calls_total", kind=Kind.COUNTER, help="Calls."), "Calls_total: not snake_case"),
        (Metric(name="wait_ms", kind=Kind.GAUGE, help="A wait."), "wait_ms: the unit of time is seconds"),
        (
            Metric(name="calls_total", kind=Kind.COUNTER, help="Calls.", labels=(Label("call_sid"),)),
            "calls_total: label call_sid is not on the allow list",
        ),
        (
            Metric(name="calls_total", kind=Kind.COUNTER, help="Calls.", labels=(Label("status"),)),
            "calls_total: the values of label status are not listed",
        ),
        (Metric(name="wait_seconds", kind=Kind.HISTOGRAM, help="A wait."), "wait_seconds: no buckets"),
        (
            Metric(name="wait_seconds", kind=Kind.HISTOGRAM, help="A wait.", buckets=(2.0, 1.0)),
            "wait_seconds: the buckets do not rise",
        ),
    ],
)
def test_a_bad_row_is_found(row, fault):
    assert faults_of_rows([row]) == [fault]


@pytest.mark.parametrize("file", sorted(FIXTURES.glob("clean_*.txt")), ids=lambda file: file.stem)
def test_good_calls_pass_the_lint(file):
    assert faults_of_calls(ast.parse(file.read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize("file", sorted(FIXTURES.glob("violation_*.txt")), ids=lambda file: file.stem)
def test_each_line_of_bad_calls_is_found(file):
    text = file.read_text(encoding="utf-8")
    wanted = [f"line {n}: {line.split('# ')[1]}" for n, line in enumerate(text.splitlines(), 1) if "# " in line]
    assert faults_of_calls(ast.parse(text)) == wanted


def test_a_name_without_a_row_is_refused_with_the_remedy():
    with pytest.raises(LookupError, match=r"no metric 'calls_lost': add its row to .*catalogue.py"):
        kept("calls_lost", Kind.COUNTER)
