import base64
import contextlib
import itertools
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exoswitch.errors import RemoteProtocolError
from exoswitch.exotel.stream.messages import (
    LONG_BYTES,
    BotClear,
    BotMark,
    BotMedia,
    BotMessageReader,
    Ignored,
)


def read(message):
    data = message if isinstance(message, bytes) else json.dumps(message).encode()
    return BotMessageReader().read(data)


@pytest.mark.parametrize(
    "message",
    [
        {"event": "media", "media": {"payload": "AQI="}},
        {"event": "media", "stream_sid": "x", "media": {"payload": "AQI="}},
        {"event": "media", "streamSid": 5, "media": {"payload": "AQI="}},
        {"media": {"track": "outbound", "payload": "AQI=", "chunk": 1, "timestamp": None}, "event": "media"},
        {"event": "media", "sequence_number": 7, "media": {"payload": "AQI=", "sequenceNumber": "7"}},
        {"event": "media", "media": {"payload": "AQI"}},
        {"event": "media", "media": {"payload": " AQ\nI= "}},
        b'{"event":"media","media":{"payload":"BBBB","payload":"AQI="}}',
        b'{"event":"media","media":{"pay\\u006coad":"A\\u0051I="}}',
    ],
)
def test_media_is_read_in_every_form_that_bots_send(message):
    assert read(message) == BotMedia(b"\x01\x02")


def test_both_alphabets_of_base64_are_read():
    assert read({"event": "media", "media": {"payload": "+/+/"}}) == BotMedia(b"\xfb\xff\xbf")
    assert read({"event": "media", "media": {"payload": "-_-_"}}) == BotMedia(b"\xfb\xff\xbf")


def test_the_name_of_a_mark_is_unchanged():
    assert read({"event": "mark", "streamSid": "x", "mark": {"name": "", "timestamp": 5}}) == BotMark("")
    assert read({"event": "mark", "mark": {"name": "ü" * 128}}) == BotMark("ü" * 128)
    assert read({"event": "mark", "mark": {"name": "\ud800"}}) == BotMark("\ud800")


@pytest.mark.parametrize("name", ["m" * 257, "ü" * 129, "\ud800" * 86])
def test_the_name_of_a_mark_has_at_most_256_bytes(name):
    with pytest.raises(RemoteProtocolError, match=r"a mark with a name of 25\d bytes; the longest has 256 bytes"):
        read({"event": "mark", "mark": {"name": name}})


@pytest.mark.parametrize(
    "message",
    [
        {"event": "mark", "mark": {"name": "m"}, "x": "x" * LONG_BYTES},
        {"event": "clear", "payload": "A" * LONG_BYTES},
        {"event": "media", "media": {"payload": "AQI="}, "x": "x" * LONG_BYTES},
        {"event": "media", "media": {"payload": "A" * LONG_BYTES}, "x": "x" * LONG_BYTES},
        {"event": "media", "media": {}, "payload": "A" * LONG_BYTES},
        b'{"event":"media","media":{"payload":"' + b"A" * LONG_BYTES,
        b'{"event":"media","media":{"payload":"' + b"A" * LONG_BYTES + b'"',
        b"[" + b"[]," * LONG_BYTES + b"1]",
    ],
)
def test_a_long_message_that_is_not_media_is_refused_without_parsing_it_whole(message):
    with pytest.raises(RemoteProtocolError, match=r"a message of|not JSON|without the text"):
        read(message)


@pytest.mark.parametrize(
    "message",
    [
        {"event": "media", "stream_sid": "x", "media": {"payload": "%"}},
        {"media": {"track": "outbound", "payload": "%", "chunk": 1, "timestamp": None}, "event": "media"},
    ],
)
@pytest.mark.parametrize("size", [50_000, 50_001, 50_002, 1_000_000])
def test_a_long_media_message_is_read_like_a_short_one(message, size):
    pcm = bytes(range(251)) * (1 + size // 251)
    data = json.dumps(message).replace("%", base64.b64encode(pcm[:size]).decode()).encode()
    assert len(data) > LONG_BYTES
    learned = BotMessageReader()
    learned.read(json.dumps(message).replace("%", "AQI=").encode())
    assert BotMessageReader().read(data) == learned.read(data) == BotMedia(pcm[:size])


def test_the_number_of_arrays_and_objects_of_a_message_is_limited():
    assert read({"event": "stop", "x": [[]] * 500}) == Ignored("stop")
    for nested in ([[]] * 512, [{}] * 512):
        with pytest.raises(RemoteProtocolError, match="more than 512 arrays and objects"):
            read({"event": "stop", "x": nested})


def test_clear_needs_nothing_else():
    assert read({"event": "clear"}) == BotClear()
    assert read({"event": "clear", "stream_sid": "x", "media": {"payload": "AQI="}}) == BotClear()


@pytest.mark.parametrize("event", ["stop", "dtmf", "connected", "Media", "silence", ""])
def test_any_other_event_is_ignored(event):
    assert read({"event": event, "media": {"payload": "AQI="}}) == Ignored(event)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"hello",
        b"[]",
        b"null",
        b"[" * 100_000,
        b'{"event":' + b"9" * 5000 + b"}",
        b"\xff\xfe{}",
        b"{}",
        b'{"event":5}',
        b'{"event":"media"}',
        b'{"event":"media","media":"AQI="}',
        b'{"event":"media","media":{"payload":5}}',
        b'{"event":"media","media":{"payload":"A"}}',
        b'{"event":"media","media":{"payload":"AQI=AQI="}}',
        b'{"event":"media","media":{"payload":"!!!!"}}',
        b'{"event":"media","media":{"payload":"\xc3\xbc"}}',
        b'{"event":"media","media":{"payload":"AQ\nI="}}',
        b'{"event":"mark","mark":{}}',
        b'{"event":"mark","mark":{"name":5}}',
    ],
)
def test_malformed_data_raises_a_remote_protocol_error(data):
    with pytest.raises(RemoteProtocolError):
        BotMessageReader().read(data)


@settings(deadline=None, max_examples=100)
@given(st.binary(max_size=60))
def test_arbitrary_bytes_raise_nothing_but_remote_protocol_error(data):
    with contextlib.suppress(RemoteProtocolError):
        BotMessageReader().read(data)


def outcome(reader, data):
    try:
        return reader.read(data)
    except RemoteProtocolError as error:
        return str(error)


# Texts that could mislead the fast path, as keys, values and payloads.
TEXTS = st.sampled_from(
    [
        "event",
        "media",
        "mark",
        "clear",
        "payload",
        "name",
        "AQI=",
        "AAAA",
        "",
        '"',
        '","payload":"',
        "A\\",
        "ü",
        "media\n",
    ]
)
TREES = st.recursive(
    TEXTS | st.none() | st.integers(),
    lambda children: st.lists(children, max_size=2) | st.dictionaries(TEXTS, children, max_size=3),
    max_leaves=6,
)
PCM = st.binary(max_size=12).map(lambda pcm: base64.b64encode(pcm).decode())
MEDIA = st.builds(
    lambda extra, inner, payload: {**extra, "event": "media", "media": {**inner, "payload": payload}},
    st.dictionaries(TEXTS, TREES, max_size=2),
    st.dictionaries(TEXTS, TREES, max_size=2),
    PCM | TEXTS,
)


@settings(deadline=None, max_examples=60)
@given(
    MEDIA, st.lists(MEDIA | st.dictionaries(TEXTS, TREES, max_size=3), max_size=3), st.lists(PCM | TEXTS, max_size=4)
)
def test_the_fast_path_reads_every_message_as_the_slow_path_does(first, others, payloads):
    learned = BotMessageReader()
    for message in [first, *others]:
        text = json.dumps(message)
        outcome(learned, text.encode())
        payload = message.get("media", {}).get("payload") if isinstance(message.get("media"), dict) else None
        for replacement in payloads:
            data = text.replace(json.dumps(payload), f'"{replacement}"').encode()
            assert outcome(learned, data) == outcome(BotMessageReader(), data)


@pytest.mark.parametrize(
    "data",
    [
        b'{"event":"media","media":{"payload":"BBBB"},"x":"AAAA"}',
        b'{"event":"media","media":{"payload":"AAAA","payload":"AAAA"}}',
        b'{"event":"media","x":"AAAA","media":{"payload":"AAAA"}}',
        b'{"event":"media","media":{"payload":"AAAA"},"media":{"payload":"BBBB"}}',
        b'{"event":"media","media":{"payload":"AAAA"},"event":"clear"}',
        b'{"event":"media","media":{"payload":""},"x":""}',
    ],
)
def test_doubled_keys_and_values_do_not_mislead_the_fast_path(data):
    others = (b"CCCC", b"AAAA", b"BBBB", b"", b"CC==", b"C", b'","event":"clear', b"C C=")
    for old, other in itertools.product((b"AAAA", b"BBBB", b""), others):
        learned = BotMessageReader()
        outcome(learned, data)
        changed = data.replace(b'"' + old + b'"', b'"' + other + b'"')
        assert outcome(learned, changed) == outcome(BotMessageReader(), changed)


def test_the_second_message_of_the_same_form_takes_the_fast_path(monkeypatch):
    reader = BotMessageReader()
    reader.read(b'{"event":"media","stream_sid":"x","media":{"payload":"AAAA"}}')
    monkeypatch.setattr(json, "loads", None)
    assert reader.read(b'{"event":"media","stream_sid":"x","media":{"payload":"AQIDBAUG"}}') == BotMedia(
        bytes(range(1, 7))
    )
