"""The reactor of a command: how it ends."""

import subprocess
import sys

import pytest

pytestmark = pytest.mark.loopback

PROGRAM = """
import sys
from twisted.internet.defer import fail, succeed
from exoswitch.commands.reactor import run
from exoswitch.errors import BackendUnavailable
try:
    sys.exit(run(lambda reactor: {begun}))
except (BackendUnavailable, OSError, KeyboardInterrupt) as problem:
    sys.exit(f"told: {{problem}}")
"""


def ended(begun):
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(begun=begun)], capture_output=True, text=True, timeout=60, check=False
    )
    return done.returncode, done.stderr


def test_result_of_the_work_is_the_exit_status():
    assert ended("succeed(3)") == (3, "")


def test_problem_of_the_work_is_told_without_a_traceback():
    assert ended("fail(BackendUnavailable('the store is away'))") == (1, "told: the store is away\n")


def test_output_that_nobody_reads_any_more_is_no_error_in_exoswitch():
    assert ended("fail(BrokenPipeError('the output is closed'))") == (1, "told: the output is closed\n")


def test_interrupt_before_the_reactor_runs_is_no_error_in_exoswitch():
    assert ended("fail(KeyboardInterrupt('Ctrl-C'))") == (1, "told: Ctrl-C\n")


def test_error_in_exoswitch_itself_has_its_traceback():
    status, text = ended("fail(LookupError('no such thing'))")
    assert status == 1
    assert "Traceback" in text
    assert "no such thing" in text
