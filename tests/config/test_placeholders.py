"""Values from the environment and from files."""

import os

import pytest

from exoswitch.config.kinds import Unreadable
from exoswitch.config.placeholders import MAX_BYTES, Surroundings


@pytest.fixture
def surroundings(tmp_path):
    (tmp_path / "token").write_text("t0ken\n")
    (tmp_path / "dos").write_bytes(b"t0ken\r\n")
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    (tmp_path / "large").write_bytes(b"x" * (MAX_BYTES + 1))
    os.mkfifo(tmp_path / "fifo")
    return Surroundings({"NAME": "value", "PASS": "${NAME}"}, tmp_path)


@pytest.mark.parametrize(
    ("text", "filled_in"),
    [
        ("plain", "plain"),
        ("${NAME}", "value"),
        ("a-${NAME}-${NAME}", "a-value-value"),
        ("${PASS}", "${NAME}"),
        ("${file:token}", "t0ken"),
        ("${file:dos}", "t0ken"),
        ("$${NAME}", "${NAME}"),
        ("pa$$word$", "pa$$word$"),
    ],
)
def test_placeholders_are_filled_in_once(surroundings, text, filled_in):
    assert surroundings.fill_in(text) == filled_in


def test_file_may_have_an_absolute_path(surroundings, tmp_path):
    assert surroundings.fill_in(f"${{file:{tmp_path / 'token'}}}") == "t0ken"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("${MISSING}", "the environment variable MISSING is not set; set it"),
        ("${file:missing}", "missing cannot be read: No such file or directory"),
        ("${file:}", "cannot be read: Is a directory"),
        ("${file:binary}", "is not UTF-8 text"),
        ("${file:fifo}", "fifo is not a regular file"),
        ("${file:/dev/zero}", "/dev/zero is not a regular file"),
        ("${file:large}", "large is larger than 64 KiB"),
        ("${", "malformed placeholder"),
        ("${}", "malformed placeholder"),
        ("${NAME", "malformed placeholder"),
        ("${NA ME}", "malformed placeholder"),
    ],
)
def test_placeholder_without_a_value_is_refused_with_its_name(surroundings, text, message):
    with pytest.raises(Unreadable) as caught:
        surroundings.fill_in(text)
    assert message in str(caught.value)


def test_missing_variable_is_a_problem_of_the_value_that_needs_it(problems, good):
    found = problems(good.replace("t0ken-of-acme-10", '"${ACME_TOKEN}"'))
    assert found == {"accounts.acme1.api_token": "the environment variable ACME_TOKEN is not set; set it"}
