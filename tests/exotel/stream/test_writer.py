import html
import json

import pytest

from exoswitch.call.effects import StopReason
from exoswitch.exotel.stream.writer import media_encoding
from tests.harness.wire import Messages, stream_start

STREAM_SID = "5b4e5fbb46b3f42ed1fce7b3f5c618bl"
CALL_SID = "8a2b1d3c4e5f60718293a4b5c6d718bl"


@pytest.fixture
def writer():
    return Messages()


@pytest.mark.parametrize(("chunk_ms", "frames"), [(10, 1), (20, 1), (100, 5)])
def test_a_media_message_has_at_least_one_frame(chunk_ms, frames):
    # The configuration refuses less than 20 ms; the header of a replayed trace may have it.
    assert media_encoding(stream_start(chunk_ms=chunk_ms), 8000).frames == frames


def test_connected_has_the_event_only(writer):
    assert writer.connected() == b'{"event":"connected"}'


def test_start_equals_that_of_real_traffic(writer):
    writer.connected()
    assert writer.start().decode() == (
        '{"event":"start","stream_sid":"5b4e5fbb46b3f42ed1fce7b3f5c618bl","sequence_number":"1","start":'
        '{"stream_sid":"5b4e5fbb46b3f42ed1fce7b3f5c618bl","call_sid":"8a2b1d3c4e5f60718293a4b5c6d718bl",'
        '"account_sid":"acme1","from":"09812345610","to":"08047491899",'
        '"media_format":{"encoding":"base64","sample_rate":"8000","bit_rate":"128kbps"}}}'
    )


def test_custom_parameters_come_before_the_media_format():
    writer = Messages("ws://127.0.0.1/?lang=hi&voice/1")
    body = json.loads(writer.start())["start"]
    assert body["custom_parameters"] == {"lang": "hi", "voice/1": ""}
    assert list(body)[-2:] == ["custom_parameters", "media_format"]


def test_a_custom_field_is_the_name_of_an_empty_custom_parameter_unless_the_url_has_some():
    custom_field = '{"name":"Asha & Ravi","id":7}'
    body = json.loads(Messages("ws://127.0.0.1/ws", custom_field=custom_field).start())["start"]
    assert body["custom_parameters"] == {"{&quot;name&quot;:&quot;Asha &amp; Ravi&quot;,&quot;id&quot;:7}": ""}
    assert [html.unescape(name) for name in body["custom_parameters"]] == [custom_field]
    body = json.loads(Messages("ws://127.0.0.1/ws?lang=hi", custom_field=custom_field).start())["start"]
    assert body["custom_parameters"] == {"lang": "hi"}


def test_a_custom_field_is_not_sent_if_so_configured():
    bot = stream_start("ws://127.0.0.1/ws", custom_field=False).bot
    assert "custom_parameters" not in json.loads(Messages(custom_field="order 7", bot=bot).start())["start"]


def test_media_is_compact_with_string_counters(writer):
    writer.start()
    assert writer.media(b"\x01\x02" * 3).decode() == (
        '{"event":"media","stream_sid":"5b4e5fbb46b3f42ed1fce7b3f5c618bl","sequence_number":"2",'
        '"media":{"chunk":"1","timestamp":"0","payload":"AQIBAgEC"}}'
    )


def test_a_media_message_is_as_long_as_in_real_calls(writer):
    writer.start()
    lengths = {int(json.loads(m)["sequence_number"]): len(m) for m in (writer.media(bytes(320)) for _ in range(5001))}
    # Spec §2.1: 572 to 577 bytes, with timestamps of four to six digits.
    assert (lengths[100], lengths[1600], lengths[5001]) == (572, 576, 577)


def test_sequence_numbers_times_and_chunks_have_separate_counts(writer):
    texts = [writer.start(), writer.media(bytes(320)), writer.mark("m"), writer.media(bytes(1600))]
    texts += [writer.dtmf("#", 160), writer.stop(StopReason.CALL_ENDED)]
    messages = [json.loads(text) for text in texts]
    assert [message["sequence_number"] for message in messages] == ["1", "2", "3", "4", "5", "6"]
    assert [(m["media"]["chunk"], m["media"]["timestamp"]) for m in messages if m["event"] == "media"] == [
        ("1", "20"),
        ("2", "120"),
    ]


def test_dtmf_mark_and_stop_have_exotels_form(writer):
    key, mark, stop = writer.dtmf("5", 100), writer.mark('a "b" ü'), writer.stop(StopReason.STOPPED)
    sid = f'"stream_sid":"{STREAM_SID}"'
    assert key.decode() == f'{{"event":"dtmf",{sid},"sequence_number":"2","dtmf":{{"duration":"100","digit":"5"}}}}'
    assert mark.decode() == (f'{{"event":"mark",{sid},"sequence_number":"3","mark":{{"name":"a \\"b\\" \\u00fc"}}}}')
    assert stop.decode() == (
        f'{{"event":"stop",{sid},"sequence_number":"4",'
        f'"stop":{{"call_sid":"{CALL_SID}","account_sid":"acme1","reason":"stopped"}}}}'
    )


def test_a_stream_sid_can_have_a_percent_sign():
    writer = Messages(stream_sid="100%d")
    assert json.loads(writer.media(bytes(320)))["stream_sid"] == "100%d"
