"""The messages of the control socket."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exoswitch.control.messages import Request, read_answer, read_request, write_answer, write_request
from exoswitch.errors import RemoteProtocolError

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
)


@given(st.text(), st.text())
def test_request_is_one_line_and_is_read_as_it_was_written(command, file):
    line = write_request(Request(command, file))
    assert line.count(b"\n") == 1
    assert read_request(line.removesuffix(b"\n")) == Request(command, file)


@given(st.dictionaries(st.text(), json_values, max_size=3))
def test_answer_is_read_as_it_was_written(answer):
    assert read_answer(write_answer(answer)) == answer


@given(st.binary() | json_values.map(lambda value: str(value).encode()))
def test_other_bytes_are_an_error_of_the_other_side(data):
    for read in (read_request, read_answer):
        with suppress(RemoteProtocolError):
            read(data)


def test_answer_that_is_cut_off_is_an_error():
    with pytest.raises(RemoteProtocolError, match="too early"):
        read_answer(b'{"status": 0}')
