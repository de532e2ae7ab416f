"""SIP messages of the carrier of the tests: what is written is read again, and what others write is understood."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.harness.carrier.message import MalformedMessageError, Message, host_of, parameter, tag_of, uri_of, user_of

INVITE = (
    b"INVITE sip:+919812345678@ap.ims.example;user=phone SIP/2.0\r\n"
    b"v: SIP/2.0/UDP 127.0.0.1:5060;rport;branch=z9hG4bK1\r\nFrom: <sip:+918047491899@ap.ims.example>;tag=abc\r\n"
    b"t: <sip:+919812345678@ap.ims.example;user=phone>\r\ni: 1@here\r\nCSeq: 7 INVITE\r\nl: 3\r\n\r\nv=0"
)
NAMES = st.text("abcdefghijklmnopqrstuvwxyzXYZ-", min_size=2, max_size=20)
VALUES = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=60).map(str.strip)


def test_compact_names_become_long_ones():
    message = Message.parse(INVITE)
    assert message.method == "INVITE"
    assert message.branch == "z9hG4bK1"
    assert message.call_id == "1@here"
    assert message.cseq == 7
    assert message.body == b"v=0"


def test_folded_header_is_one_header():
    assert Message.parse(b"OPTIONS sip:a SIP/2.0\r\nSubject: one\r\n  two\r\n\r\n")["Subject"] == "one two"


@given(st.lists(st.tuples(NAMES, VALUES), max_size=8), st.binary(max_size=50))
def test_what_is_written_is_read_again(headers, body):
    message = Message("SIP/2.0 200 OK", [pair for pair in headers if pair[0].lower() != "content-length"], body)
    read = Message.parse(message.encode())
    assert read.headers[:-1] == message.headers
    assert (read.status, read.body) == (200, body)


@given(st.binary(max_size=200))
def test_garbage_is_no_message(data):
    try:
        Message.parse(data)
    except MalformedMessageError:
        return


def test_keep_alive_is_no_message():
    with pytest.raises(MalformedMessageError):
        Message.parse(b"\r\n\r\n")


def test_response_copies_what_names_the_transaction_and_adds_a_tag():
    response = Message.parse(INVITE).response(486, "Busy Here", [("Retry-After", "3")], tag="ours")
    assert [name for name, _ in response.headers] == ["Via", "From", "To", "Call-ID", "CSeq", "Retry-After"]
    assert response.method == "INVITE"
    assert not response.is_request
    assert tag_of(response["To"]) == "ours"
    assert tag_of(response["From"]) == "abc"


def test_parts_of_an_address_are_found():
    value = '"A; <x>" <sip:+9198@ap.ims.example:5070;user=phone;transport=tcp>;tag=t1;expires=60'
    assert user_of(value) == "+9198"
    assert host_of(value) == "ap.ims.example"
    assert parameter(value, "expires") == "60"
    assert uri_of("<sip:a@b;lr>;q=1") == "sip:a@b;lr"
    assert user_of("sip:+9198;npdi@b") == "+9198"
    assert user_of("sip:b") == ""
