"""The values of the command line: their bounds, and the words of a refusal."""

from argparse import ArgumentTypeError

import pytest

from exoswitch.commands import values


@pytest.mark.parametrize(("text", "read"), [("0", 0), ("65535", 65_535), ("0005038", 5038)])
def test_a_port_is_read_with_both_bounds(text, read):
    assert values.port(text) == read


@pytest.mark.parametrize("text", ["65536", "000001999999", "-1", "+5", "", "٣", "9" * 5000])
def test_a_port_outside_its_bounds_is_refused(text):
    with pytest.raises(ArgumentTypeError, match=r"is no port: write a number from 0 to 65535; 0 takes any free port"):
        values.port(text)


@pytest.mark.parametrize(("text", "read"), [("1", 1), ("10000", 10_000), ("0000020", 20)])
def test_a_count_is_read_with_both_bounds(text, read):
    assert values.count(text) == read


@pytest.mark.parametrize("text", ["0", "10001", "0000050000000", "1.5", ""])
def test_a_count_outside_its_bounds_is_refused(text):
    with pytest.raises(ArgumentTypeError, match=r"is no count: write a number from 1 to 10000"):
        values.count(text)


@pytest.mark.parametrize(("text", "read"), [("0", 0.0), ("86400", 86_400.0)])
def test_a_time_is_read_with_both_bounds(text, read):
    assert values.seconds(text) == read


@pytest.mark.parametrize("text", ["-0.1", "86400.1", "nan", "inf", "soon"])
def test_a_time_outside_its_bounds_is_refused(text):
    with pytest.raises(ArgumentTypeError, match=r"is no time: write seconds, from 0 to 86400"):
        values.seconds(text)
