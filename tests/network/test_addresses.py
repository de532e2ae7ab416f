"""Addresses and Twisted's endpoint strings."""

from contextlib import suppress

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from exoswitch.network.addresses import Address, Endpoint


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("0.0.0.0:5060", Address("0.0.0.0", 5060)),
        ("[fd00::1]:5060", Address("fd00::1", 5060)),
        ("pbx.example.org:1", Address("pbx.example.org", 1)),
    ],
)
def test_address_is_read_and_written_in_one_form(text, address):
    assert Address.of(text) == address
    assert str(address) == text


@pytest.mark.parametrize("text", ["", "5060", "a:", ":5060", "a:0", "a:65536", "fd00::1:5060", "a.256:1", "a;b:1"])
def test_text_without_a_host_and_a_port_is_refused(text):
    with pytest.raises(ValueError, match="not a host and a port"):
        Address.of(text)


@pytest.mark.parametrize(
    ("text", "kind", "address"),
    [
        ("tcp:10.0.1.5:5038", "tcp", Address("10.0.1.5", 5038)),
        ("tls:host=pbx:port=5039:timeout=3", "tls", Address("pbx", 5039)),
        ("tcp:host=pbx:5038", "tcp", Address("pbx", 5038)),
        (r"tcp:fd00\:\:5:5038:timeout=3", "tcp", Address("fd00::5", 5038)),
    ],
)
def test_endpoint_has_a_kind_and_an_address(text, kind, address):
    endpoint = Endpoint.of(text)
    assert (endpoint.kind, endpoint.address) == (kind, address)


@given(st.text(max_size=40))
@example("tcp:fe80\\:\\:1%a\nb:1")
@settings(deadline=None, max_examples=100)
def test_arbitrary_text_is_a_printable_address_or_refused(text):
    for read in (Address.of, lambda text: Endpoint.of(text).address):
        with suppress(ValueError):
            assert str(read(text)).isprintable()
