import base64
import contextlib
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exoswitch.exotel.stream.messages import LONG_BYTES
from exoswitch.exotel.stream.observer import Side
from exoswitch.exotel.trace import writing
from exoswitch.exotel.trace.reading import read_trace
from exoswitch.exotel.trace.redaction import Redactor
from exoswitch.exotel.trace.trace import (
    Attempted,
    Binary,
    Closed,
    Cut,
    Failed,
    Message,
    Opened,
    TraceError,
    parse_object,
)
from exoswitch.exotel.trace.writing import TraceWriter
from tests.harness.traces_at_hand import bot, closed, gateway, header, mark, media, message

FEW = settings(deadline=None, max_examples=60)


def written(*entries, redactor=None, **words):
    writer = TraceWriter(header(**words), redactor or Redactor())
    return [writer.first_line(), *(writer.line(entry) for entry in entries)]


def shown(*entries, **words):
    """Give the lines of entries, parsed."""
    return [json.loads(line) for line in written(*entries, **words)[1:]]


def there_and_back(*entries, **words):
    return read_trace(b"".join(written(*entries, **words)).splitlines())


# --- the content of a file


def test_the_first_line_describes_the_stream():
    assert json.loads(written()[0]) == {
        "trace": 1,
        "call_sid": "8a2b1d3c4e5f60718293a4b5c6d718bl",
        "stream_sid": "5b4e5fbb46b3f42ed1fce7b3f5c618bl",
        "account": "acme1",
        "direction": "inbound",
        "started_at": "2026-09-21T14:13:20.125+00:00",
        "exoswitch": "0.1.0",
        "media": {
            "sample_rate_hz": 8000,
            "chunk_ms": 20,
            "marks_on_clear": "flush",
            "clear_granularity": "frame",
        },
        "payloads": True,
    }


def test_every_kind_of_entry_has_its_line():
    assert shown(
        Attempted(0.04, "ws://127.0.0.1:5000/ws"),
        Failed(1.0, "3009 no"),
        Opened(31.26),
        gateway(32, {"event": "connected"}),
        bot(33, mark("m")),
        bot(34, b"hello"),
        bot(35, b"\xff\xfe"),
        Binary(36, 50),
        closed(40, Side.GATEWAY),
        Cut(41, "too long"),
    ) == [
        {"at_ms": 0.0, "event": "attempt", "url": "ws://127.0.0.1:5000/ws"},
        {"at_ms": 1.0, "event": "failed", "error": "3009 no"},
        {"at_ms": 31.3, "event": "opened"},
        {"at_ms": 32, "by": "gateway", "message": {"event": "connected"}},
        {"at_ms": 33, "by": "bot", "message": {"event": "mark", "mark": {"name": "m"}}},
        {"at_ms": 34, "by": "bot", "text": "hello"},
        {"at_ms": 35, "by": "bot", "base64": "//4="},
        {"at_ms": 36, "by": "bot", "binary_bytes": 50},
        {"at_ms": 40, "event": "closed", "by": "gateway", "code": 1000, "reason": ""},
        {"at_ms": 41, "event": "cut", "reason": "too long"},
    ]


def test_a_message_of_several_lines_is_one_line():
    data = json.dumps({"event": "mark", "mark": {"name": "a\nb"}}, indent=1).encode().replace(b"\n", b"\r\n")
    assert there_and_back(bot(1, data)).entries[0].parsed() == {"event": "mark", "mark": {"name": "a\nb"}}


def test_omitted_audio_is_replaced_by_its_size():
    entry = bot(1, {"event": "media", "media": {"chunk": "3", "payload": "AAAAAAA", "more": 1}, "stream_sid": "s"})
    assert shown(entry, payloads=False) == [
        {
            "at_ms": 1,
            "by": "bot",
            "payload_bytes": 5,
            "message": {"event": "media", "media": {"chunk": "3", "more": 1}, "stream_sid": "s"},
        }
    ]
    assert there_and_back(entry, payloads=False).entries[0].payload_bytes == 5


@pytest.mark.parametrize("payload", ["%%%", 12, None])
def test_unreadable_audio_has_no_size(payload):
    line = shown(bot(1, message("media", payload=payload, chunk=1)), payloads=False)[0]
    assert "payload_bytes" not in line
    assert "%%%" not in str(line)


def test_a_malformed_message_is_cut_if_audio_is_omitted():
    broken = json.dumps(media(1000)).encode()[:-1]
    line = shown(bot(1, broken), payloads=False)[0]
    assert (len(line["text"]), line["cut_from_bytes"]) == (1000, len(broken))
    assert shown(bot(1, broken))[0] == {"at_ms": 1, "by": "bot", "text": broken.decode()}
    assert shown(bot(1, b"\xff" * 2000), payloads=False)[0]["base64"] == base64.b64encode(b"\xff" * 1000).decode()


LONG = {
    "media": json.dumps(media(10_000)).encode(),
    "numbers": b'{"event":"mark","a":[' + b"1," * 100_000 + b"1]}",
    "broken media": json.dumps(media(10_000)).encode()[:-1],
    "blanks": b" " * 200_000,
}


@pytest.mark.parametrize("payloads", [False, True])
@pytest.mark.parametrize("kind", LONG)
def test_little_of_a_long_message_is_parsed_because_the_reactor_waits_meanwhile(kind, payloads, monkeypatch):
    parsed = []
    monkeypatch.setattr(writing, "parse_object", lambda data: parsed.append(len(data)) or parse_object(data))
    line = shown(bot(1, LONG[kind]), payloads=payloads)[0]
    assert max(parsed, default=0) <= LONG_BYTES
    if kind == "media":
        assert line["message"]["event"] == "media"
        assert ("payload" in line["message"]["media"]) == payloads
        assert line.get("payload_bytes") == (None if payloads else 160_000)
    else:
        assert (len(line["text"]), line["cut_from_bytes"]) == (1000, len(LONG[kind]))


# --- redaction

START = {
    "event": "start",
    "start": {
        "from": "09812345610",
        "to": "08047491899",
        "custom_parameters": {"lang": "hi", "key": "hunter2", "agent": "+919812345699", "odd": 7},
    },
}


def test_numbers_and_values_of_custom_parameters_are_not_shown():
    assert shown(gateway(1, START))[0]["message"]["start"] == {
        "from": "098******10",
        "to": "080******99",
        "custom_parameters": {"lang": "***", "key": "***", "agent": "+9198******99", "odd": "***"},
    }


def test_numbers_and_named_parameters_are_shown_if_configured():
    redactor = Redactor(numbers=True, parameters=frozenset({"lang"}))
    start = shown(gateway(1, START), redactor=redactor)[0]["message"]["start"]
    assert start["custom_parameters"] == {"lang": "hi", "key": "***", "agent": "+919812345699", "odd": "***"}
    assert (start["from"], start["to"]) == ("09812345610", "08047491899")


def test_a_custom_field_which_is_a_name_without_a_value_is_not_shown():
    start = {"event": "start", "start": {"custom_parameters": {"Asha, +919812345699": "", "resumption": "true"}}}
    (entry,) = shown(gateway(1, start))
    assert entry["message"]["start"]["custom_parameters"] == {"***": "", "resumption": "true"}


def test_the_resumption_parameter_is_not_hidden():
    assert Redactor().parameter("resumption", "true") == "true"
    assert Redactor().parameter("resumption", "hunter2") == "***"


@pytest.mark.parametrize(
    ("url", "seen"),
    [
        ("wss://user:hunter2@bot.example.org:5000/ws", "wss://bot.example.org:5000/ws"),
        ("wss://bot.example.org/ws?lang=hi&key=hunter2", "wss://bot.example.org/ws?lang=***&key=***"),
        ("https://h/?voice&n=09812345610#hunter2", "https://h/?voice&n=098******10"),
        ("ws://[hunter2", "(a URL that cannot be read)"),
        ("hunter2", "(a URL that cannot be read)"),
    ],
)
def test_a_url_is_shown_without_its_secrets(url, seen):
    assert Redactor().url(url) == seen
    assert shown(Attempted(0, url))[0]["url"] == seen


def test_a_malformed_start_is_written():
    odd = [
        {"event": "start"},
        {"event": "start", "start": 7},
        message("start", **{"from": 1, "custom_parameters": 2}),
    ]
    assert [line["message"] for line in shown(*(gateway(1, words) for words in odd))] == odd


# --- reading


def test_an_incomplete_last_line_is_dropped_and_reported():
    lines = written(bot(1, mark("one")), bot(2, mark("two")))
    read = read_trace([*lines[:2], lines[2][:-5]])
    assert [entry.parsed()["mark"]["name"] for entry in read.entries] == ["one"]
    assert read.is_torn
    assert not read_trace(lines).is_torn


LINE = b'{"at_ms":5,"event":"opened"}'


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ([], "line 1: the file is empty"),
        ([b"", LINE], 'line 2: has no "trace"'),
        ([b"nothing"], "line 1: is not JSON"),
        ([b'{"trace":2}'], "line 1: is of format 2, and this version of exoswitch reads 1"),
        ([b'{"trace":1}'], "line 1: call_sid is missing, not a text"),
        ([..., b"{", LINE], "line 2: is not JSON"),
        ([..., b"\xff", LINE], "line 2: is not JSON"),
        ([..., b"[]"], "line 2: is not a JSON object"),
        ([..., b"{}"], "line 2: at_ms is missing, not a number of milliseconds"),
        ([..., b'{"at_ms":"1"}'], "line 2: at_ms is '1', not a number"),
        ([..., b'{"at_ms":-1}'], "line 2: at_ms is -1"),
        ([..., b'{"at_ms":NaN}'], "line 2: at_ms is nan"),
        ([..., b'{"at_ms":1}'], "line 2: by is missing, not a text"),
        ([..., b'{"at_ms":1,"by":"me"}'], "line 2: 'me' is not a valid Side"),
        ([..., b'{"at_ms":1,"by":"bot"}'], "line 2: has neither event, message, text, base64 nor binary_bytes"),
        ([..., b'{"at_ms":1,"by":"bot","message":[]}'], "line 2: message is of the type list, not an object"),
        ([..., b'{"at_ms":1,"by":"bot","base64":"%"}'], "line 2: "),
        ([..., b'{"at_ms":1,"by":"bot","text":"\\ud800"}'], "line 2: "),
        ([..., b'{"at_ms":1,"by":"bot","binary_bytes":-1}'], "line 2: binary_bytes is -1, a negative size"),
        ([..., b'{"at_ms":1,"by":"bot","binary_bytes":true}'], "line 2: binary_bytes is True, not a whole number"),
        (
            [..., b'{"at_ms":1,"event":"sung"}'],
            "line 2: event is 'sung', and the known events are attempt, closed, cut",
        ),
        ([..., LINE, b'{"at_ms":4,"event":"opened"}'], "line 3: at_ms is 4, less than in the line above"),
        ([..., b'{"at_ms":1,"by":"bot","message":' + b'{"":' * 600 + b"1" + b"}" * 601], ""),
    ],
)
def test_an_error_names_its_line(lines, words):
    lines = [written()[0] if line is ... else line for line in lines]
    if not words:
        assert read_trace(lines).entries
        return
    with pytest.raises(TraceError) as told:
        read_trace(lines)
    assert str(told.value).startswith(words)


# --- any message, any line

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
DATA = st.binary() | st.text().map(str.encode) | JSON.map(lambda words: json.dumps(words).encode())
WORDS = st.sampled_from(["start", "media", "mark", "stop"])
MESSAGES = st.builds(lambda event, body: json.dumps({"event": event, event: body}).encode(), WORDS, JSON)
TEXT = st.text(st.characters(codec="utf-8"))
SIZES = st.integers(0, 1 << 40)
ENTRIES = st.one_of(
    st.builds(Message, st.just(1.0), st.sampled_from(Side), DATA | MESSAGES),
    st.builds(Binary, st.just(1.0), SIZES),
    st.builds(Attempted, st.just(1.0), st.just("ws://h/?a")),
    st.builds(Opened, st.just(1.0)),
    st.builds(Failed, st.just(1.0), TEXT),
    st.builds(Closed, st.just(1.0), st.none() | SIZES, TEXT, st.sampled_from(Side)),
    st.builds(Cut, st.just(1.0), TEXT),
)


@FEW
@given(st.lists(ENTRIES, max_size=8))
def test_any_written_entry_is_read_back(entries):
    read = there_and_back(*entries)
    assert read.header == header()
    assert not read.is_torn
    assert len(read.entries) == len(entries)
    for before, after in zip(entries, read.entries, strict=True):
        if isinstance(before, Message) and (words := parse_object(before.data)) is not None:
            assert (after.side, after.parsed()) == (before.side, Redactor().start(words))
        else:
            assert after == before


@FEW
@given(st.lists(ENTRIES, max_size=8))
def test_a_read_trace_is_written_unchanged(entries):
    for payloads in (True, False):
        once = there_and_back(*entries, payloads=payloads)
        again = there_and_back(*once.entries, payloads=payloads)
        assert again == once


@FEW
@given(st.lists(st.binary() | JSON.map(lambda words: json.dumps(words).encode()), max_size=4), st.booleans())
def test_any_lines_are_a_trace_or_a_clear_error(lines, has_header):
    with contextlib.suppress(TraceError):
        read_trace(written()[:has_header] + lines)


@FEW
@given(st.dictionaries(st.sampled_from(["by", "event", "message", "text", "base64", "code", "url"]), JSON | WORDS))
def test_any_line_with_the_right_names_is_an_entry_or_a_clear_error(words):
    with contextlib.suppress(TraceError):
        read_trace([written()[0], json.dumps({"at_ms": 1} | words).encode(), LINE])
