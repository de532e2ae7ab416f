"""The `exoswitch` command whose output cannot be written; Python writes a short one only at its end."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.loopback  # processes of their own

PROGRAM = "import sys; from exoswitch.cli import main; sys.exit(main())"
WRITING = [{}, {"PYTHONUNBUFFERED": "1"}]


def run(command, output, variables):
    environ = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *command],
        stdout=output,
        stderr=subprocess.PIPE,
        text=True,
        timeout=60,
        check=False,
        env=environ | variables | {"PYTHONPATH": str(Path(__file__).parents[1])},
    )
    return done.returncode, done.stderr


@pytest.fixture
def unread():
    """A pipe whose reader has gone, as that of `head`."""
    reading, writing = os.pipe()
    os.close(reading)
    yield writing
    os.close(writing)


@pytest.mark.parametrize("variables", WRITING, ids=["at the end", "at once"])
def test_output_whose_reader_has_gone_ends_a_command_without_words(unread, variables):
    assert run(["certify", "--list"], unread, variables) == (1, "")


def test_help_whose_reader_has_gone_ends_without_words(unread):
    assert run(["--help"], unread, {}) == (0, "")


@pytest.mark.parametrize("variables", WRITING, ids=["at the end", "at once"])
def test_output_on_a_full_disk_is_told(variables):
    with Path("/dev/full").open("w") as full:
        status, told = run(["certify", "--list"], full, variables)
    assert (status, told) == (1, "exoswitch: the output: No space left on device\n")
