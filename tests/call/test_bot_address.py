import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

from exoswitch.call.bot_address import parse_address, parse_resolver
from exoswitch.errors import InvalidValue


@pytest.mark.parametrize(
    ("url", "secure", "host", "port", "authority", "resource"),
    [
        ("wss://bot.example.org/ws?lang=hi", True, "bot.example.org", 443, "bot.example.org", "/ws?lang=hi"),
        ("ws://10.0.0.1:5000", False, "10.0.0.1", 5000, "10.0.0.1:5000", "/"),
        ("ws://bot.example.org?voice/1", False, "bot.example.org", 80, "bot.example.org", "/?voice/1"),
        (
            "WS://Bot.example.org/A%20b//c/?x=%2F&y",
            False,
            "bot.example.org",
            80,
            "Bot.example.org",
            "/A%20b//c/?x=%2F&y",
        ),
        ("ws://[::1]:8080/ws", False, "::1", 8080, "[::1]:8080", "/ws"),
    ],
)
def test_path_and_query_are_kept_exactly_as_written(url, secure, host, port, authority, resource):
    address = parse_address(url)
    assert (address.secure, address.host, address.port) == (secure, host, port)
    assert (address.authority, address.resource) == (authority, resource)
    assert address.authorization is None


@pytest.mark.parametrize(
    ("credentials", "header"),
    [
        ("user:pass", "Basic dXNlcjpwYXNz"),
        ("us%40er:p%3Ass%2F", "Basic dXNAZXI6cDpzcy8="),
        ("token", "Basic dG9rZW46"),
        ("a:b@c", "Basic YTpiQGM="),
    ],
)
def test_credentials_move_to_the_authorization_header_percent_decoded(credentials, header):
    address = parse_address(f"wss://{credentials}@bot.example.org:8443/ws")
    assert address.authorization == header
    assert address.authority == "bot.example.org:8443"
    assert address.resource == "/ws"


def test_text_of_an_address_shows_neither_credentials_nor_the_query():
    address = parse_address("wss://user:hunter2@bot.example.org/ws?key=hunter3")
    assert str(address) == "bot.example.org:443"
    assert "hunter" not in repr(address)
    assert "aHVudGVy" not in repr(address)
    assert "dXNlcjp" not in repr(address)


@pytest.mark.parametrize(
    ("query", "parameters"),
    [
        ("", {}),
        ("?lang=hi&name=A%20B+C", {"lang": "hi", "name": "A B C"}),
        ("?voice/1f2e", {"voice/1f2e": ""}),
        ("?sample-rate=8000", {}),
        ("?sample_rate=8000&a=1", {"a": "1"}),
        ("?a=1&a=2", {"a": "1"}),
        ("?a=1&b=2&c=3&d=4", {"a": "1", "b": "2", "c": "3"}),
        ("?a=" + "x" * 300, {"a": "x" * 254}),
        ("?a=%ff", {"a": "\ufffd"}),
    ],
)
def test_custom_parameters_are_read_from_the_query_as_exotel_reads_them(query, parameters):
    assert parse_address("ws://bot.example.org/ws" + query).custom_parameters() == parameters


@pytest.mark.parametrize(
    "url",
    [
        *(
            "",
            "bot.example.org",
            "http://bot.example.org/",
            "ws:///path",
            "ws://h:0x/",
            "ws://h:99999/",
            "ws://[::1/",
            "ws://[::1]x:80/",
            "ws://x[::1]/",
        ),
        *("ws://h/ x", "ws://h/\r\nEvil: 1", "ws://h/#part", "ws://hé/", "wss://user:hunter2@/"),
    ],
)
def test_an_invalid_url_is_refused_without_showing_it(url):
    with pytest.raises(InvalidValue, match="a bot's URL") as refusal:
        parse_address(url)
    assert "hunter2" not in str(refusal.value)
    assert "Evil" not in str(refusal.value)


@settings(deadline=None, max_examples=100)
@given(st.text(max_size=40), st.sampled_from(["", "ws://", "wss://", "ws://h/", "ws://u:p@h:1/?"]))
def test_any_text_is_parsed_or_refused(text, start):
    try:
        address = parse_address(start + text)
    except InvalidValue:
        return
    assert "\n" not in address.resource + address.authority + (address.authorization or "")


def test_the_sample_rate_is_a_custom_parameter_only_if_configured():
    address = parse_address("ws://bot.example.org/ws?lang=hi&sample-rate=16000&a=1&b=2")
    assert address.custom_parameters() == {"lang": "hi", "a": "1", "b": "2"}
    assert address.custom_parameters(sample_rate=True) == {"lang": "hi", "sample-rate": "16000", "a": "1"}


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("", {"{&quot;order&quot;:7}": ""}),
        ("?", {"{&quot;order&quot;:7}": ""}),
        ("?sample-rate=16000", {"{&quot;order&quot;:7}": ""}),
        ("?lang=hi", {"lang": "hi"}),
        ("?voice/1f2e", {"voice/1f2e": ""}),
    ],
)
def test_a_custom_field_is_a_parameter_of_a_url_that_has_none(query, told):
    address = parse_address("ws://bot.example.org/ws" + query)
    assert address.custom_parameters(custom_field='{"order":7}') == told


def test_a_custom_field_comes_before_the_sample_rate_and_the_resumption():
    address = evolve(parse_address("ws://bot.example.org/ws?sample-rate=16000"), is_resumed=True)
    told = address.custom_parameters(sample_rate=True, custom_field="a<b")
    assert list(told) == ["a&lt;b", "sample-rate", "resumption"]


@pytest.mark.parametrize(
    ("query", "rate_hz"),
    [
        ("", 8000),
        ("?sample-rate=8000", 8000),
        ("?a=1&sample_rate=16000", 16000),
        ("?sample-rate=24000&sample_rate=16000", 24000),
    ],
)
def test_both_spellings_of_the_sample_rate_are_read_and_the_first_counts(query, rate_hz):
    assert parse_address("ws://bot.example.org/" + query).sample_rate_hz == rate_hz


@pytest.mark.parametrize("query", ["?sample-rate=44100", "?a=1&sample_rate=8", "?sample-rate="])
def test_any_other_rate_is_refused_with_the_remedy(query):
    with pytest.raises(InvalidValue, match=r"write sample.rate=8000, 16000 or 24000, or leave it out"):
        parse_address("ws://bot.example.org/" + query)


def test_the_query_of_a_resolver_is_not_checked():
    assert parse_resolver("https://bot.example.org/where?sample-rate=44100").sample_rate_hz == 8000
