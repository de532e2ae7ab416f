"""The target of a request line."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exoswitch.errors import InvalidRequest
from exoswitch.web.target import Target, read_target


@pytest.mark.parametrize(
    ("target", "path", "query"),
    [
        (b"/a/b?x=1;y=2?z", b"/a/b", b"x=1;y=2?z"),
        (b"/v1/Accounts/acme1//Calls/connect.json", b"/v1/Accounts/acme1/Calls/connect.json", b""),
        (b"http://gw.example.org/a?x=1", b"/a", b"x=1"),
        (b"https://gw.example.org:8080", b"/", b""),
        (b"http://gw.example.org?x=1", b"/", b"x=1"),
        (b"//gw/a", b"/gw/a", b""),
        (b"/%c3%bc", b"/%c3%bc", b""),
        (b"*", b"*", b""),
    ],
)
def test_a_target_is_read_as_its_client_means_it(target, path, query):
    assert read_target(target) == Target(path, query)


@pytest.mark.parametrize("path", [b"/Calls/%00.json", b"/a%0d%0ab", b"/%7f", b"/%ff", b"/\xff", b"http://h/%00"])
def test_control_characters_and_other_encodings_are_refused(path):
    with pytest.raises(InvalidRequest, match="the path"):
        read_target(path)


@given(st.binary(max_size=60))
def test_arbitrary_bytes_give_a_target_or_an_invalid_request(data):
    with contextlib.suppress(InvalidRequest):
        assert b"//" not in read_target(data).path
