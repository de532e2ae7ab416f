"""tools/test_results.py: what the end of `make test` says of tests that failed, once or twice."""

import importlib.util
import sys
from pathlib import Path

import pytest

TOOL = Path(__file__).parents[2] / "tools" / "test_results.py"


@pytest.fixture(scope="module")
def results():
    spec = importlib.util.spec_from_file_location("test_results", TOOL)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules[spec.name]


@pytest.fixture
def read(results, tmp_path):
    """Give a function that reads the outcome of a run, which it makes up from the tests' names and their problems."""

    def read(status, classname="tests.e2e.test_calls", **tests):
        cases = "".join(
            f'<testcase classname="{classname}" name="{name}">{problem}</testcase>' for name, problem in tests.items()
        )
        counts = {kind: cases.count(f"<{kind}") for kind in ("failure", "error", "skipped")}
        (tmp_path / "e2e.xml").write_text(
            f'<testsuites><testsuite tests="{len(tests)}" failures="{counts["failure"]}" errors="{counts["error"]}" '
            f'skipped="{counts["skipped"]}">{cases}</testsuite></testsuites>'
        )
        return results.read_outcome("e2e", tmp_path / "e2e.xml", status, 10.0)

    return read


LATE = '<failure message="no audio&#10;the whole story" />'
BROKEN = '<error message="no port is free" />'


def test_the_last_lines_name_each_failed_test_and_the_first_line_of_its_error(results, read):
    words = results.closing_words([read(1, good="", late=LATE, broken=BROKEN)])
    assert words.splitlines() == [
        "  e2e         FAILED  1 passed, 2 failed in 10 s",
        "failed: tests/e2e/test_calls.py::late: no audio",
        "failed: tests/e2e/test_calls.py::broken: no port is free",
        "1 passed, 2 failed",
    ]


def test_a_test_that_passes_alone_counts_as_passed_and_is_named(results, read):
    outcome = read(1, good="", late=LATE).after_second_try(read(0, late=""))
    assert results.closing_words([outcome]).splitlines() == [
        "  e2e         passed  2 passed, 0 failed in 20 s",
        "failed beside others, and passed when run again alone: tests/e2e/test_calls.py::late",
        "2 passed, 0 failed",
    ]


def test_a_test_that_fails_twice_stays_failed(read):
    outcome = read(1, late=LATE, broken=BROKEN).after_second_try(read(1, late="", broken=BROKEN))
    assert (outcome.passed, outcome.failed, outcome.again) == (1, 1, ("tests/e2e/test_calls.py::late",))
    assert outcome.failures == (("tests/e2e/test_calls.py::broken", "no port is free"),)


@pytest.mark.parametrize(
    ("classname", "name", "shown"),
    [
        ("tests.e2e.test_calls", "test_late", "tests/e2e/test_calls.py::test_late"),
        ("tests.e2e.test_switch.TestReal", "test_it[a.b]", "tests/e2e/test_switch.py::TestReal::test_it[a.b]"),
        ("", "tests.e2e.test_broken", "tests.e2e.test_broken"),
    ],
)
def test_a_failed_test_is_named_as_pytest_takes_it(read, classname, name, shown):
    outcome = read(1, classname=classname, **{name: LATE})
    assert outcome.failures == ((shown, "no audio"),)


def test_a_second_try_that_breaks_off_changes_nothing(results, read, tmp_path):
    first = read(1, late=LATE)
    broken = results.read_outcome("e2e", tmp_path / "none.xml", -9, 1.0)
    assert first.after_second_try(broken) == first
    assert first.after_second_try(read(3, late="")) == first


def test_a_command_without_counts_has_its_status(results, tmp_path):
    outcome = results.read_outcome("style", tmp_path / "none.xml", 1, 2.0)
    assert str(outcome) == "  style       FAILED  0 passed, 1 failed in 2 s (ended with status 1)"
