import json
from urllib.parse import parse_qsl

import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

from exoswitch.call.bot_address import is_resolver, parse_resolver
from exoswitch.call.session import Direction
from exoswitch.errors import InvalidValue, RemoteProtocolError
from exoswitch.exotel.stream.resolution import call_details, check_status, question, read_answer
from tests.harness.wire import stream_start


def details(direction=Direction.INBOUND, custom_field=None):
    start = stream_start()
    return call_details(evolve(start, call_sid="8a2b", direction=direction, custom_field=custom_field))


def test_a_resolver_receives_the_call_under_all_names_in_use():
    assert details() == {
        "CallSid": "8a2b",
        "CallFrom": "09812345610",
        "CallTo": "08047491899",
        "Direction": "incoming",
        "From": "09812345610",
        "To": "08047491899",
    }


def test_an_outbound_call_has_its_direction_and_custom_field():
    told = details(Direction.OUTBOUND, "order 7")
    assert (told["Direction"], told["CustomField"]) == ("outbound-dial", "order 7")


@pytest.mark.parametrize(
    ("resource", "asked"),
    [
        ("/where", "/where?A=%2B9+1&B=2"),
        ("/a%20b/?x=%2F&voice", "/a%20b/?x=%2F&voice&A=%2B9+1&B=2"),
        ("/?", "/?A=%2B9+1&B=2"),
        ("/?x&", "/?x&A=%2B9+1&B=2"),
    ],
)
def test_details_follow_the_urls_own_query(resource, asked):
    assert question(resource, {"B": "2", "A": "+9 1"}) == asked


@settings(deadline=None, max_examples=50)
@given(st.dictionaries(st.text(min_size=1, max_size=8), st.text(max_size=8), max_size=4))
def test_details_of_any_text_arrive_unchanged(told):
    asked = question("/where?lang=hi", told)
    assert asked.isascii()
    assert parse_qsl(asked.partition("?")[2], keep_blank_values=True) == [("lang", "hi"), *sorted(told.items())]


def test_credentials_and_path_of_a_resolver_are_read_as_those_of_a_bot():
    resolver = parse_resolver("https://user:pass@bot.example.org/where?a=1")
    assert (resolver.secure, str(resolver), resolver.authority) == (True, "bot.example.org:443", "bot.example.org")
    assert (resolver.resource, resolver.authorization) == ("/where?a=1", "Basic dXNlcjpwYXNz")
    assert parse_resolver("HTTP://h:5000").port == 5000


def test_a_bots_url_is_no_resolver_and_a_resolver_is_no_bots_url():
    assert is_resolver("HTTPS://h/")
    assert not is_resolver("wss://h/")
    with pytest.raises(InvalidValue, match="must be written as http://"):
        parse_resolver("ws://h/")


def test_an_answer_gives_the_bots_address_with_its_own_query():
    address = read_answer(b'{"url": "wss://u:p@bot.example.org/ws?lang=hi&sample-rate=16000", "more": 1}')
    assert (str(address), address.resource) == ("bot.example.org:443", "/ws?lang=hi&sample-rate=16000")
    assert (address.custom_parameters(), address.sample_rate_hz) == ({"lang": "hi"}, 16000)
    assert address.authorization == "Basic dTpw"


@pytest.mark.parametrize(
    "body",
    [
        b"wss://u:p@bot.example.org/ws?lang=hi",
        b"\r\n wss://u:p@bot.example.org/ws?lang=hi\n",
        b"\xef\xbb\xbfWSS://u:p@bot.example.org/ws?lang=hi",
    ],
)
def test_the_bare_url_is_an_answer_too(body):
    address = read_answer(body)
    assert (str(address), address.resource) == ("bot.example.org:443", "/ws?lang=hi")
    assert address.authorization == "Basic dTpw"


@pytest.mark.parametrize(
    "body", [b"ws://h/\nws://i/", b"ws://h/ ws://i/", b"ws://", b"wss://h/\xc3\xa9", b"ws://h/\0", b"wss://h/#x"]
)
def test_text_that_is_more_than_a_usable_url_is_refused(body):
    with pytest.raises(RemoteProtocolError, match="cannot be used"):
        read_answer(body)


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"", "is not JSON"),
        (b"<Response/>", "is not JSON"),
        (b"\xff", "is not JSON"),
        (b"[" * 60_000, "is not JSON"),
        (b'"ws://h/"', 'not an object with a "url"'),
        (b"{}", 'not an object with a "url"'),
        (b'{"url": null}', 'not an object with a "url"'),
        (b'{"url": "https://h/"}', "must be written as ws://"),
        (b'{"url": "ws://h/\\u0000"}', "printable ASCII"),
        (b'{"url": "ws://h/?sample-rate=44100"}', "write sample-rate=8000"),
    ],
)
def test_an_answer_without_a_usable_url_is_refused(body, why):
    with pytest.raises(RemoteProtocolError, match=why):
        read_answer(body)


def test_a_refusal_has_no_secrets_and_no_line_breaks():
    for url in ("ws://user:hunter2@h:0x/", "ws://user:hunter2@h/?sample-rate=%0aEvil:", "http://hunter2/"):
        with pytest.raises(RemoteProtocolError) as refusal:
            read_answer(json.dumps({"url": url}).encode())
        assert "hunter2" not in str(refusal.value)
        assert "\n" not in str(refusal.value)


@settings(deadline=None, max_examples=100)
@given(
    st.binary(max_size=60)
    | st.binary(max_size=20).map(b"ws://".__add__)
    | st.text(max_size=30).map(lambda text: json.dumps({"url": "ws://h/" + text}).encode())
)
def test_any_answer_gives_an_address_or_is_refused(body):
    try:
        address = read_answer(body)
    except RemoteProtocolError:
        return
    assert address.host


@pytest.mark.parametrize("code", [204, 302, 404, 500])
def test_only_status_200_is_accepted(code):
    check_status(200)
    with pytest.raises(RemoteProtocolError, match=f"it answered with status {code}"):
        check_status(code)
