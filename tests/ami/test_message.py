import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exoswitch.ami.message import AmiDecoder, AmiLimits, AmiMessage, encode
from exoswitch.errors import LocalProtocolError, RemoteProtocolError

GREETING = b"Asterisk Call Manager/11.0.0\r\n"

text = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\n\0"), max_size=20)
names = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\n\0:"), min_size=1, max_size=12)
messages = st.lists(st.tuples(names, text), min_size=1, max_size=6).map(lambda pairs: AmiMessage(tuple(pairs)))
short = AmiLimits(message_bytes=60, line_bytes=30, headers=3)
noise = st.lists(
    st.sampled_from(
        [b"\r\n", b"\r\n\r\n", b"\r", b"\n", b":", b"Event: ", b"Event: Hangup", b"ActionID: 1", b"x" * 25]
    )
    | st.binary(max_size=5),
    max_size=20,
).map(b"".join)


def decode(data: bytes, *, size: int = 0, **options: object) -> list[AmiMessage] | None:
    """Give the messages; None where the bytes break the protocol."""
    decoder = AmiDecoder(**options)
    chunks = [data] if not size else [data[at : at + size] for at in range(0, len(data), size)]
    try:
        return [message for chunk in chunks for message in decoder.feed(chunk)]
    except RemoteProtocolError:
        return None


@given(st.lists(messages, max_size=4))
@settings(deadline=None, max_examples=60)
def test_encoded_messages_are_decoded_unchanged(sent):
    assert decode(b"".join(map(encode, sent)), greeting=False) == sent


@given(noise, st.booleans())
@settings(deadline=None, max_examples=150)
def test_any_bytes_are_decoded_whole_as_byte_by_byte_or_break_the_protocol(data, filtered):
    wanted = frozenset({"Hangup"}) if filtered else None
    whole = decode(data, greeting=False, limits=short, wanted=wanted)
    assert decode(data, size=1, greeting=False, limits=short, wanted=wanted) == whole


@given(noise)
@settings(deadline=None, max_examples=50)
def test_any_greeting_is_read_whole_as_byte_by_byte(data):
    for beginning in (b"", b"Asterisk Call Manager", GREETING):
        assert decode(beginning + data, size=1, limits=short) == decode(beginning + data, limits=short)


def test_greeting_is_no_message():
    decoder = AmiDecoder()
    assert decoder.feed(GREETING[:10]) == []
    assert decoder.feed(GREETING[10:] + b"Response: Success\r\n\r\n") == [AmiMessage((("Response", "Success"),))]


@pytest.mark.parametrize(
    "data", [b"SSH-2.0-OpenSSH_9.2\r\n", b"HTTP/1.1 400", b"\r\n", b"Asterisk Call Manager/" + b"x" * 300]
)
def test_another_server_is_recognised_by_its_greeting(data):
    with pytest.raises(RemoteProtocolError):
        AmiDecoder().feed(data)


def test_header_names_are_compared_without_case_and_repeated_ones_are_kept():
    (message,) = AmiDecoder(greeting=False).feed(
        b"Response: Success\r\nOutput: one\r\nOutput: \r\noutput: a: b\r\n\r\n"
    )
    assert message.get("OUTPUT") == "one"
    assert message.get_all("Output") == ("one", "", "a: b")
    assert message.get("Absent", "none") == "none"
    assert message.succeeded


def test_blanks_of_a_value_are_kept_except_the_one_after_the_colon():
    (message,) = AmiDecoder(greeting=False).feed(b"Value:   minrtt=0\r\nEmpty:\r\n\r\n")
    assert message.headers == (("Value", "  minrtt=0"), ("Empty", ""))


def test_line_without_a_colon_is_dropped():
    assert decode(b"Event: X\r\nrest of a value\r\nA: b\r\n\r\nnothing\r\n\r\n", greeting=False) == [
        AmiMessage((("Event", "X"), ("A", "b")))
    ]


def test_bytes_that_are_not_utf8_become_replacement_characters():
    (message,) = AmiDecoder(greeting=False).feed(b"CallerIDName: Jos\xe9\r\n\r\n")
    assert message.headers == (("CallerIDName", "Jos\ufffd"),)


def test_unwanted_events_are_skipped_unless_they_answer_an_action():
    decoder = AmiDecoder(wanted=frozenset({"Hangup"}), greeting=False)
    data = b"Event: Newexten\r\nA: b\r\n\r\nEvent: Hangup\r\n\r\nEvent: CoreShowChannel\r\nActionID: 7\r\n\r\n"
    assert [message.event for message in decoder.feed(data)] == ["Hangup", "CoreShowChannel"]


@pytest.mark.parametrize(
    "data",
    [
        b"A: " + b"x" * 29 + b"\r\n\r\n",
        b"A: b\r\n" * 4 + b"\r\n",
        b"A: " + b"x" * 100,
        b"Event: Skipped\r\n" + b"A: b\r\n" * 10 + b"\r\n",
    ],
    ids=["line", "headers", "unfinished", "skipped"],
)
def test_message_beyond_a_limit_breaks_the_protocol(data):
    assert decode(data, greeting=False, limits=short, wanted=frozenset()) is None


@pytest.mark.parametrize(
    "headers",
    [
        (),
        (("Action", "Originate\r\nAction: Command"),),
        (("Action", "x\n"),),
        (("Action", "x\0"),),
        (("Act\rion", "x"),),
        (("Variable:", "x"),),
        (("", "x"),),
        (("Action", "\ud800"),),
        (("Action", "Originate"), ("Variable", "x" * 1100)),
    ],
)
def test_header_that_would_break_a_message_apart_is_refused(headers):
    with pytest.raises(LocalProtocolError):
        encode(AmiMessage(headers))


def test_message_shows_neither_secret_nor_number():
    login = AmiMessage.action("Login", ("Username", "exoswitch"), ("Secret", "opensesame"))
    assert "opensesame" not in repr(login)
    assert "Login" in repr(login)
